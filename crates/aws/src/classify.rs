//! What an error code of AWS means for the engine: one function, one table of tests.

use landfall_core::FaultKind;

/// What a service answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer<'a> {
    /// The operation by its IAM action: `ec2:CreateSubnet`.
    pub(crate) operation: &'a str,
    /// HTTP status.
    pub(crate) status: u16,
    /// AWS's error code, empty when the answer holds none.
    pub(crate) code: &'a str,
    /// What AWS says besides.
    pub(crate) message: &'a str,
}

/// What the engine does about it.
pub(crate) fn classify(answer: Answer<'_>) -> FaultKind {
    let code = answer.code.strip_prefix("Client.").unwrap_or(answer.code);
    let spoken = SPOKEN.iter().find(|rule| rule.0.contains(&code) && answer.message.contains(rule.1));
    let named = || NAMED.iter().find(|(_, codes)| codes.contains(&code)).map(|(kind, _)| *kind);
    let kind = spoken.map(|rule| rule.2).or_else(named).or_else(|| by_form(code));
    match kind.unwrap_or_else(|| by_status(answer)) {
        // The same code says of a delete that others are in the way, of anything else that it comes too early.
        FaultKind::Blocked | FaultKind::NotYet if is_state(code) => {
            if deletes(answer.operation) {
                FaultKind::Blocked
            } else {
                FaultKind::NotYet
            }
        }
        kind => kind,
    }
}

/// What the user can do about it, where it is not plain from the message.
pub(crate) fn mend(code: &str) -> &'static str {
    if EXPIRED.contains(&code) {
        return "sign in again";
    }
    if NOT_A_CALLER.contains(&code) {
        return "check the credentials and that the region is enabled for the account";
    }
    match code {
        "RequestTimeTooSkewed" | "RequestExpired" => "set this machine's clock",
        "SignatureDoesNotMatch" | "InvalidSignatureException" => "check the secret key and this machine's clock",
        "OptInRequired" | "SubscriptionRequiredException" | "RegionDisabledException" => {
            "enable the service or the region for the account"
        }
        "BucketNotEmpty" => "empty the bucket first",
        _ if is_quota(code) => "raise the quota in Service Quotas, or declare fewer",
        _ => "",
    }
}

const EXPIRED: &[&str] = &["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"];

const NOT_A_CALLER: &[&str] = &[
    "AuthFailure",
    "InvalidClientTokenId",
    "InvalidAccessKeyId",
    "UnrecognizedClientException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidToken",
];

/// Codes whose meaning AWS gives in the message only: codes, a part of the message, what it means.
const SPOKEN: &[(&[&str], &str, FaultKind)] = &[
    // IAM becomes visible to other services seconds after its own API tells of it.
    (
        &["MalformedPolicyDocument", "MalformedPolicyDocumentException", "MalformedPolicy"],
        "rincipal",
        FaultKind::NotYet,
    ),
    (&["InvalidParameter", "InvalidParameterException"], "PrincipalNotFound", FaultKind::NotYet),
    (&["InvalidParameterValue", "ValidationError"], "Instance Profile", FaultKind::NotYet),
    (&["InvalidParameterValue", "ValidationError"], "nstanceProfile", FaultKind::NotYet),
    (&["InvalidParameterValue", "InvalidParameterValueException"], "IAM role", FaultKind::NotYet),
    (&["InvalidParameterValue", "InvalidParameterValueException"], "cannot be assumed", FaultKind::NotYet),
    (&["InvalidParameter", "InvalidParameterValue"], "Unable to assume", FaultKind::NotYet),
    (&["ValidationError", "AccessDenied"], "AWSServiceRoleFor", FaultKind::NotYet),
    (&["InvalidRequest"], "Role", FaultKind::NotYet),
    // No waiting takes a protection away.
    (
        &["OperationNotPermitted", "InvalidDBClusterStateFault", "InvalidGlobalClusterStateFault"],
        "protect",
        FaultKind::Invalid,
    ),
    (&["OperationNotPermitted"], "disableApiTermination", FaultKind::Invalid),
    // Auto Scaling has one code for everything.
    (&["ValidationError"], "not found", FaultKind::NotYet),
    (&["ValidationError"], "does not exist", FaultKind::NotYet),
    (&["ValidationError"], "already exists", FaultKind::Taken),
    (&["ValidationError"], "pending delete", FaultKind::NotYet),
    // Route 53 has one code for every change it refuses.
    (&["InvalidChangeBatch"], "but it already exists", FaultKind::Taken),
    (&["InvalidChangeBatch"], "but it was not found", FaultKind::NotYet),
    (&["InvalidRequestException"], "scheduled for deletion", FaultKind::Taken),
    (&["KMSInvalidStateException"], "pending deletion", FaultKind::Invalid),
    (&["InvalidRequest"], "being created", FaultKind::NotYet),
];

/// Codes that no form tells, or whose form tells something else.
const NAMED: &[(FaultKind, &[&str])] = &[
    (
        FaultKind::Throttled,
        &[
            "Throttling",
            "ThrottlingException",
            "ThrottledException",
            "Throttled",
            "KMSThrottling",
            "KMSThrottlingException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "BandwidthLimitExceeded",
            "TooManyRequestsException",
            "TooManyUpdates",
            "SlowDown",
            "PriorRequestNotComplete",
            "EC2ThrottledException",
            "TransactionInProgressException",
            "ProvisionedThroughputExceededException",
            "APICallRateForCustomerExceeded",
        ],
    ),
    (
        FaultKind::Denied,
        &[
            "AccessDenied",
            "AccessDeniedException",
            "AccessDeniedFault",
            "UnauthorizedOperation",
            "UnauthorizedAccess",
            "AuthorizationError",
            "AuthorizationErrorException",
            "NotAuthorized",
            "NotAuthorizedException",
            "AllAccessDisabled",
            "KMSAccessDenied",
            "KMSAccessDeniedException",
        ],
    ),
    (
        FaultKind::Unavailable,
        &[
            "InternalError",
            "InternalFailure",
            "InternalFailureException",
            "InternalServerError",
            "InternalServerException",
            "InternalServiceError",
            "InternalServiceFault",
            "InternalServiceErrorException",
            "KMSInternalException",
            "KeyUnavailableException",
            "DependencyTimeoutException",
            "RequestTimeout",
            "RequestTimeoutException",
            "ServiceFailure",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "Unavailable",
            "WAFInternalErrorException",
            "WAFTagOperationInternalErrorException",
        ],
    ),
    (
        FaultKind::Unsupported,
        &[
            "NotImplemented",
            "NotImplementedError",
            "NotImplementedException",
            "InvalidAction",
            "UnknownOperation",
            "UnknownOperationException",
            "UnknownAction",
        ],
    ),
    (
        FaultKind::Fatal,
        &[
            "ExpiredToken",
            "ExpiredTokenException",
            "TokenRefreshRequired",
            "AuthFailure",
            "InvalidClientTokenId",
            "InvalidAccessKeyId",
            "UnrecognizedClientException",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "InvalidToken",
            "SignatureDoesNotMatch",
            "InvalidSecurity",
            "InvalidSignatureException",
            "RequestTimeTooSkewed",
            "RequestExpired",
        ],
    ),
    (
        FaultKind::Blocked,
        &[
            "DependencyViolation",
            "DeleteConflict",
            "HostedZoneNotEmpty",
            "WAFAssociatedItemException",
            "CannotDeleteEntityWhileInUse",
            "ResourceNotDisabled",
            "DistributionNotDisabled",
            "OperationNotPermitted",
            "LastVPCAssociation",
        ],
    ),
    (
        FaultKind::NotYet,
        &[
            "ConcurrentAccess",
            "ConcurrentAccessException",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "ConflictException",
            "CapacityReservationPending",
            "DBInstanceNotReady",
            "EntityTemporarilyUnmodifiable",
            "IdempotentCallInProgress",
            "InstanceRefreshInProgress",
            "InsufficientAddressCapacity",
            "InsufficientCacheClusterCapacity",
            "InsufficientCapacity",
            "InsufficientDBClusterCapacityFault",
            "InsufficientDBInstanceCapacity",
            "InsufficientInstanceCapacity",
            "InsufficientStorageClusterCapacity",
            "InvalidCloudWatchLogsLogGroupArnException",
            "InvalidCloudWatchLogsRoleArnException",
            "InvalidIfMatchVersion",
            "InvalidViewerCertificate",
            "InvalidWebACLId",
            "OperationAborted",
            "OperationAbortedException",
            "PreconditionFailed",
            "RequestInProgressException",
            "ResourceContention",
            "ScalingActivityInProgress",
            "StaleTagException",
            "TrustStoreNotReady",
            "WAFNonexistentItemException",
            "WAFOptimisticLockException",
            "WAFServiceLinkedRoleErrorException",
            "WAFUnavailableEntityException",
        ],
    ),
    (
        FaultKind::Taken,
        &[
            "BucketAlreadyOwnedByYou",
            "CNAMEAlreadyExists",
            "InvalidPermission.Duplicate",
            "PriorityInUse",
            "ResourceExistsException",
            "WAFDuplicateItemException",
        ],
    ),
    (
        FaultKind::Invalid,
        &[
            "BucketNotEmpty",
            "DuplicateTagKeys",
            "IdempotentParameterMismatch",
            "InvalidDBClusterCapacityFault",
            "InvalidSubnet.Conflict",
            "InvalidVpcPeeringConnectionState.Conflict",
            "OptInRequired",
            "RegionDisabledException",
            "SubscriptionRequiredException",
        ],
    ),
];

/// What the form of the code tells; AWS's services keep to few forms.
fn by_form(code: &str) -> Option<FaultKind> {
    let stem = stem(code);
    if is_quota(code) {
        return Some(FaultKind::Invalid);
    }
    if is_state(code) || stem.ends_with("InUse") {
        return Some(FaultKind::Blocked);
    }
    if stem.contains("AlreadyExist") || stem.starts_with("Duplicate") || stem.ends_with(".Duplicate") {
        return Some(FaultKind::Taken);
    }
    if stem.contains("NotFound") || stem.contains("DoesNotExist") || stem.starts_with("NoSuch") {
        return Some(FaultKind::NotYet);
    }
    None
}

fn by_status(answer: Answer<'_>) -> FaultKind {
    match answer.status {
        404 | 405 if answer.code.is_empty() => FaultKind::Unsupported,
        501 => FaultKind::Unsupported,
        429 => FaultKind::Throttled,
        401 | 403 => FaultKind::Denied,
        412 => FaultKind::NotYet,
        500.. => FaultKind::Unavailable,
        400.. => FaultKind::Invalid,
        _ => FaultKind::Fatal,
    }
}

/// The code without the word that some services add to say that it is one.
fn stem(code: &str) -> &str {
    ["Exception", "Fault", "Error"].iter().find_map(|suffix| code.strip_suffix(suffix)).unwrap_or(code)
}

/// Whether the code says that the object is in a state that does not allow the operation.
fn is_state(code: &str) -> bool {
    let stem = stem(code);
    let named = ["IncorrectState", "IncorrectInstanceState", "InvalidStateTransition", "KMSInvalidState"];
    named.contains(&stem) || (stem.starts_with("Invalid") && stem.ends_with("State"))
}

fn is_quota(code: &str) -> bool {
    let stem = stem(code);
    (stem.starts_with("TooMany") && stem != "TooManyRequests" && stem != "TooManyUpdates")
        || stem.starts_with("QuotaExceeded")
        || ["LimitExceeded", "LimitsExceeded", "QuotaExceeded", "CustomerExceeded", "LimitReached", "ResourceExceeded"]
            .iter()
            .any(|form| stem.ends_with(form) && stem != "RequestLimitExceeded" && stem != "BandwidthLimitExceeded")
}

fn deletes(operation: &str) -> bool {
    let call = operation.split_once(':').map_or(operation, |(_, call)| call);
    ["Delete", "Remove", "Release", "Detach", "Disassociate", "Terminate", "Deregister", "ScheduleKeyDeletion"]
        .iter()
        .any(|verb| call.starts_with(verb))
}

/// Whether the code says that what the operation names does not exist.
pub(crate) fn says_absent(code: &str, message: &str) -> bool {
    let code = code.strip_prefix("Client.").unwrap_or(code);
    let stem = stem(code);
    match stem {
        "WAFNonexistentItem" => true,
        "InvalidChangeBatch" => message.contains("but it was not found"),
        "Validation" => message.contains("not found") || message.contains("No such policy"),
        // What is missing is something else that the operation needs.
        _ if stem.starts_with("KMS") || stem.starts_with("Kms") || stem.starts_with("ServiceLinkedRole") => false,
        _ => stem.contains("NotFound") || stem.contains("DoesNotExist") || stem.starts_with("NoSuch"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, classify, mend, says_absent};
    use landfall_core::FaultKind::{
        Blocked, Denied, Fatal, Invalid, NotYet, Taken, Throttled, Unavailable, Unsupported,
    };

    /// Status, operation, code and message of an answer.
    type Row = (u16, &'static str, &'static str, &'static str);

    const THROTTLED: &[Row] = &[
        (503, "ec2:CreateVpc", "RequestLimitExceeded", "Request limit exceeded."),
        (400, "elasticloadbalancing:CreateRule", "Throttling", "Rate exceeded"),
        (400, "kms:CreateKey", "ThrottlingException", "Rate exceeded"),
        (400, "route53:ChangeResourceRecordSets", "Throttling", "Rate exceeded"),
        (400, "route53:ChangeResourceRecordSets", "PriorRequestNotComplete", "The request was rejected"),
        (503, "s3:PutBucketPolicy", "SlowDown", "Please reduce your request rate."),
        (429, "sns:Publish", "Throttled", ""),
        (429, "apigateway:POST", "", ""),
        (400, "ssm:PutParameter", "TooManyUpdates", ""),
        (400, "elasticache:CreateReplicationGroup", "APICallRateForCustomerExceeded", ""),
    ];

    const DENIED: &[Row] = &[
        (403, "ec2:CreateVpc", "UnauthorizedOperation", "You are not authorized to perform this operation."),
        (403, "iam:CreateRole", "AccessDenied", "User: x is not authorized to perform: iam:CreateRole"),
        (400, "kms:CreateKey", "AccessDeniedException", "User: x is not authorized"),
        (403, "sns:CreateTopic", "AuthorizationError", "User: x is not authorized"),
        (403, "s3:CreateBucket", "", ""),
        (400, "acm:RequestCertificate", "AccessDeniedException", ""),
        (401, "route53:CreateHostedZone", "NotAuthorizedException", ""),
    ];

    const NO_CALLER: &[Row] = &[
        (403, "sts:GetCallerIdentity", "ExpiredToken", "The security token included in the request is expired"),
        (400, "kms:DescribeKey", "UnrecognizedClientException", "The security token is invalid"),
        (403, "iam:GetRole", "InvalidClientTokenId", "The security token is invalid"),
        (401, "ec2:DescribeVpcs", "AuthFailure", "AWS was not able to validate the credentials"),
        (403, "s3:HeadBucket", "InvalidAccessKeyId", ""),
        (403, "s3:ListBuckets", "SignatureDoesNotMatch", ""),
        (403, "s3:ListBuckets", "RequestTimeTooSkewed", ""),
    ];

    const IN_THE_WAY: &[Row] = &[
        (400, "ec2:DeleteVpc", "DependencyViolation", "The vpc has dependencies and cannot be deleted."),
        (400, "ec2:DeleteSecurityGroup", "InvalidGroup.InUse", ""),
        (400, "ec2:ReleaseAddress", "InvalidIPAddress.InUse", ""),
        (400, "ec2:DeleteInternetGateway", "Client.DependencyViolation", ""),
        (409, "iam:DeleteRole", "DeleteConflict", "Cannot delete entity, must detach all policies first."),
        (400, "elasticloadbalancing:DeleteTargetGroup", "ResourceInUse", ""),
        (400, "elasticloadbalancing:DeleteLoadBalancer", "OperationNotPermitted", ""),
        (400, "autoscaling:DeleteAutoScalingGroup", "ResourceInUse", ""),
        (400, "rds:DeleteDBSubnetGroup", "InvalidDBSubnetGroupStateFault", ""),
        (400, "rds:DeleteGlobalCluster", "InvalidGlobalClusterStateFault", ""),
        (400, "rds:DeleteDBCluster", "InvalidDBClusterStateFault", ""),
        (400, "rds:RemoveFromGlobalCluster", "InvalidDBClusterStateFault", ""),
        (400, "elasticache:DeleteCacheSubnetGroup", "CacheSubnetGroupInUse", ""),
        (400, "elasticache:DeleteReplicationGroup", "InvalidReplicationGroupState", ""),
        (400, "acm:DeleteCertificate", "ResourceInUseException", ""),
        (409, "cloudfront:DeleteDistribution", "DistributionNotDisabled", ""),
        (409, "cloudfront:DeleteOriginAccessControl", "OriginAccessControlInUse", ""),
        (409, "cloudfront:DeleteCachePolicy", "CachePolicyInUse", ""),
        (400, "wafv2:DeleteWebACL", "WAFAssociatedItemException", ""),
        (400, "route53:DeleteHealthCheck", "HealthCheckInUse", ""),
        (400, "route53:DeleteHostedZone", "HostedZoneNotEmpty", ""),
    ];

    const TOO_EARLY: &[Row] = &[
        (400, "ec2:CreateSubnet", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
        (400, "ec2:CreateNatGateway", "InvalidSubnetID.NotFound", ""),
        (400, "ec2:CreateRoute", "InvalidNatGatewayID.NotFound", ""),
        (400, "ec2:CreateRoute", "NatGatewayNotFound", ""),
        (400, "ec2:AcceptVpcPeeringConnection", "InvalidVpcPeeringConnectionID.NotFound", ""),
        (400, "ec2:AcceptVpcPeeringConnection", "InvalidStateTransition", ""),
        (400, "ec2:ModifyVpcEndpoint", "IncorrectState", ""),
        (400, "ec2:CreateFlowLogs", "InvalidParameter", "Unable to assume given IAM role"),
        (
            400,
            "ec2:RunInstances",
            "InvalidParameterValue",
            "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            400,
            "autoscaling:CreateAutoScalingGroup",
            "ValidationError",
            "You must use a valid fully-formed launch template. Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
        ),
        (
            400,
            "autoscaling:CreateAutoScalingGroup",
            "ValidationError",
            "Access denied when attempting to assume role arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
        ),
        (400, "autoscaling:PutScalingPolicy", "ValidationError", "Group web not found"),
        (400, "autoscaling:UpdateAutoScalingGroup", "ScalingActivityInProgress", ""),
        (500, "autoscaling:UpdateAutoScalingGroup", "ResourceContention", ""),
        (400, "autoscaling:StartInstanceRefresh", "InstanceRefreshInProgress", ""),
        (404, "iam:AttachRolePolicy", "NoSuchEntity", "The role with name x cannot be found."),
        (409, "iam:PutRolePolicy", "ConcurrentModification", ""),
        (409, "iam:UpdateLoginProfile", "EntityTemporarilyUnmodifiable", ""),
        (
            400,
            "iam:CreateRole",
            "MalformedPolicyDocument",
            "Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:role/x\"",
        ),
        (
            400,
            "kms:CreateKey",
            "MalformedPolicyDocumentException",
            "Policy contains a statement with one or more invalid principals.",
        ),
        (400, "s3:PutBucketPolicy", "MalformedPolicy", "Invalid principal in policy"),
        (400, "sns:SetTopicAttributes", "InvalidParameter", "Invalid parameter: Policy Error: PrincipalNotFound"),
        (400, "kms:ReplicateKey", "KMSInvalidStateException", "arn:x is creating."),
        (400, "elasticloadbalancing:CreateListener", "CertificateNotFound", ""),
        (400, "elasticloadbalancing:CreateListener", "TargetGroupNotFound", ""),
        (404, "cloudfront:CreateDistribution", "NoSuchOriginRequestPolicy", ""),
        (400, "cloudfront:CreateDistribution", "InvalidViewerCertificate", ""),
        (400, "cloudfront:CreateDistribution", "InvalidWebACLId", ""),
        (412, "cloudfront:UpdateDistribution", "PreconditionFailed", ""),
        (400, "cloudfront:UpdateDistribution", "InvalidIfMatchVersion", ""),
        (400, "wafv2:AssociateWebACL", "WAFUnavailableEntityException", ""),
        (400, "wafv2:AssociateWebACL", "WAFNonexistentItemException", ""),
        (400, "wafv2:UpdateWebACL", "WAFOptimisticLockException", ""),
        (400, "wafv2:PutLoggingConfiguration", "WAFServiceLinkedRoleErrorException", ""),
        (400, "rds:CreateDBInstance", "InvalidDBClusterStateFault", ""),
        (404, "rds:CreateDBCluster", "GlobalClusterNotFoundFault", ""),
        (404, "rds:CreateDBCluster", "DBSubnetGroupNotFoundFault", ""),
        (400, "rds:CreateDBInstance", "InsufficientDBInstanceCapacity", ""),
        (400, "elasticache:ModifyReplicationGroup", "InvalidReplicationGroupState", ""),
        (409, "s3:PutBucketVersioning", "OperationAborted", "A conflicting conditional operation is in progress"),
        (404, "s3:PutBucketReplication", "NoSuchBucket", ""),
        (400, "route53:ChangeResourceRecordSets", "NoSuchHealthCheck", ""),
        (400, "acm:AddTagsToCertificate", "ResourceNotFoundException", ""),
        (400, "acm:DeleteCertificate", "ConflictException", ""),
        (409, "sns:CreateTopic", "ConcurrentAccess", ""),
        (404, "sns:Subscribe", "NotFound", "Topic does not exist"),
        (400, "logs:PutRetentionPolicy", "OperationAbortedException", ""),
        (400, "logs:PutRetentionPolicy", "ResourceNotFoundException", ""),
        (
            400,
            "cloudtrail:CreateTrail",
            "InvalidCloudWatchLogsRoleArnException",
            "Access denied. Check the trust relationships",
        ),
        (500, "ec2:RunInstances", "InsufficientInstanceCapacity", ""),
    ];

    const TAKEN: &[Row] = &[
        (409, "iam:CreateRole", "EntityAlreadyExists", ""),
        (400, "ec2:CreateSecurityGroup", "InvalidGroup.Duplicate", ""),
        (400, "ec2:CreateRoute", "RouteAlreadyExists", ""),
        (400, "ec2:AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate", ""),
        (400, "ec2:CreateLaunchTemplate", "InvalidLaunchTemplateName.AlreadyExistsException", ""),
        (400, "elasticloadbalancing:CreateLoadBalancer", "DuplicateLoadBalancerName", ""),
        (400, "elasticloadbalancing:CreateListener", "DuplicateListener", ""),
        (400, "elasticloadbalancing:CreateRule", "PriorityInUse", ""),
        (400, "autoscaling:CreateAutoScalingGroup", "AlreadyExists", ""),
        (400, "rds:CreateDBCluster", "DBClusterAlreadyExistsFault", ""),
        (400, "rds:CreateDBInstance", "DBInstanceAlreadyExists", ""),
        (409, "s3:CreateBucket", "BucketAlreadyExists", ""),
        (409, "s3:CreateBucket", "BucketAlreadyOwnedByYou", ""),
        (409, "cloudfront:CreateDistribution", "CNAMEAlreadyExists", ""),
        (409, "cloudfront:CreateOriginAccessControl", "OriginAccessControlAlreadyExists", ""),
        (400, "wafv2:CreateWebACL", "WAFDuplicateItemException", ""),
        (409, "route53:CreateHostedZone", "HostedZoneAlreadyExists", ""),
        (
            400,
            "route53:ChangeResourceRecordSets",
            "InvalidChangeBatch",
            "Tried to create resource record set [name='x', type='A'] but it already exists",
        ),
        (400, "secretsmanager:CreateSecret", "ResourceExistsException", ""),
        (
            400,
            "secretsmanager:CreateSecret",
            "InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
        ),
        (400, "kms:CreateAlias", "AlreadyExistsException", ""),
        (400, "logs:CreateLogGroup", "ResourceAlreadyExistsException", ""),
        (400, "cloudtrail:CreateTrail", "TrailAlreadyExistsException", ""),
    ];

    const UNKNOWN: &[Row] = &[
        (500, "ec2:CreateVpc", "InternalError", ""),
        (599, "ec2:CreateVpc", "InternalError", ""),
        (503, "ec2:CreateVpc", "Unavailable", ""),
        (500, "kms:CreateKey", "KMSInternalException", ""),
        (503, "s3:PutBucketPolicy", "ServiceUnavailable", ""),
        (400, "s3:PutObject", "RequestTimeout", ""),
        (500, "iam:CreateRole", "ServiceFailure", ""),
        (502, "ec2:DescribeVpcs", "", ""),
        (504, "ec2:DescribeVpcs", "", ""),
    ];

    const NOT_SERVED: &[Row] = &[
        (501, "dax:CreateSubnetGroup", "", ""),
        (404, "cloudwatch:PutMetricAlarm", "", ""),
        (400, "autoscaling:StartInstanceRefresh", "InvalidAction", ""),
        (400, "wafv2:ListResourcesForWebACL", "UnknownOperationException", ""),
        (501, "s3:PutBucketLogging", "NotImplemented", ""),
    ];

    const REFUSED: &[Row] = &[
        (400, "ec2:CreateVpc", "InvalidParameterValue", "Value (10.0.0.0/33) for parameter cidrBlock is invalid."),
        (400, "ec2:CreateVpc", "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
        (400, "ec2:AllocateAddress", "AddressLimitExceeded", ""),
        (400, "ec2:CreateSubnet", "InvalidSubnet.Conflict", ""),
        (400, "ec2:DescribeVpcs", "InvalidVpcID.Malformed", ""),
        (403, "ec2:DescribeVpcs", "OptInRequired", ""),
        (409, "iam:CreateRole", "LimitExceeded", ""),
        (400, "iam:CreateRole", "MalformedPolicyDocument", "Syntax errors in policy."),
        (400, "kms:CreateKey", "LimitExceededException", ""),
        (400, "kms:EnableKeyRotation", "KMSInvalidStateException", "arn:x is pending deletion."),
        (400, "elasticloadbalancing:CreateLoadBalancer", "TooManyLoadBalancers", ""),
        (400, "elasticloadbalancing:CreateLoadBalancer", "InvalidSubnet", ""),
        (400, "rds:CreateDBCluster", "DBClusterQuotaExceededFault", ""),
        (400, "rds:CreateDBCluster", "InvalidParameterCombination", ""),
        (400, "elasticache:CreateReplicationGroup", "NodeQuotaForCustomerExceeded", ""),
        (400, "elasticache:AddTagsToResource", "TagQuotaPerResourceExceeded", ""),
        (400, "cloudfront:CreateDistribution", "TooManyDistributions", ""),
        (400, "cloudfront:CreateDistribution", "EntityLimitExceeded", ""),
        (400, "cloudfront:CreateDistribution", "InvalidArgument", ""),
        (400, "wafv2:CreateWebACL", "WAFLimitsExceededException", ""),
        (400, "wafv2:CreateWebACL", "WAFInvalidParameterException", ""),
        (400, "route53:CreateHostedZone", "TooManyHostedZones", ""),
        (
            400,
            "route53:ChangeResourceRecordSets",
            "InvalidChangeBatch",
            "RRSet with DNS name x. is not permitted in zone y.",
        ),
        (409, "s3:DeleteBucket", "BucketNotEmpty", ""),
        (
            400,
            "elasticloadbalancing:DeleteLoadBalancer",
            "OperationNotPermitted",
            "Load balancer 'arn:x' cannot be deleted because deletion protection is enabled",
        ),
        (400, "iam:UpdateRole", "UnmodifiableEntity", ""),
        (400, "s3:CreateBucket", "TooManyBuckets", ""),
        (400, "s3:PutBucketReplication", "InvalidRequest", "Versioning must be 'Enabled' on the bucket"),
        (400, "secretsmanager:CreateSecret", "InvalidParameterException", ""),
        (400, "logs:PutRetentionPolicy", "InvalidParameterException", ""),
        (400, "cloudtrail:CreateTrail", "InsufficientS3BucketPolicyException", ""),
        (400, "cloudtrail:CreateTrail", "MaximumNumberOfTrailsExceededException", ""),
        (400, "acm:RequestCertificate", "ValidationException", ""),
        (400, "cloudwatch:PutDashboard", "InvalidParameterInput", ""),
        (400, "autoscaling:CreateAutoScalingGroup", "ValidationError", "Max bound must be at least the min bound"),
    ];

    #[test]
    fn every_error_has_its_meaning() {
        let table = [
            (Throttled, THROTTLED),
            (Denied, DENIED),
            (Fatal, NO_CALLER),
            (Blocked, IN_THE_WAY),
            (NotYet, TOO_EARLY),
            (Taken, TAKEN),
            (Unavailable, UNKNOWN),
            (Unsupported, NOT_SERVED),
            (Invalid, REFUSED),
        ];
        let rows = table.iter().flat_map(|(kind, rows)| rows.iter().map(move |row| (*kind, *row)));
        let wrong = rows.filter_map(|(expected, (status, operation, code, message))| {
            let kind = classify(Answer { operation, status, code, message });
            (kind != expected).then(|| format!("{operation} {status} {code} {message}: {kind:?}, not {expected:?}"))
        });
        let wrong: Vec<_> = wrong.collect();
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    }

    #[test]
    fn what_users_can_mend_says_how() {
        for (code, expected) in [
            ("ExpiredToken", "sign in again"),
            ("AuthFailure", "check the credentials and that the region is enabled for the account"),
            ("VpcLimitExceeded", "raise the quota in Service Quotas, or declare fewer"),
            ("TooManyLoadBalancers", "raise the quota in Service Quotas, or declare fewer"),
            ("OptInRequired", "enable the service or the region for the account"),
            ("RequestTimeTooSkewed", "set this machine's clock"),
            ("RequestLimitExceeded", ""),
            ("InvalidParameterValue", ""),
        ] {
            assert_eq!(mend(code), expected, "{code}");
        }
    }

    #[test]
    fn absent_is_what_the_operation_names() {
        for (code, message, expected) in [
            ("InvalidVpcID.NotFound", "", true),
            ("InvalidLaunchTemplateName.NotFoundException", "", true),
            ("NatGatewayNotFound", "", true),
            ("InvalidPermission.NotFound", "", true),
            ("LoadBalancerNotFound", "", true),
            ("DBClusterNotFoundFault", "", true),
            ("DBInstanceNotFound", "", true),
            ("ReplicationGroupNotFoundFault", "", true),
            ("CacheSubnetGroupNotFoundFault", "", true),
            ("NoSuchEntity", "", true),
            ("NotFoundException", "", true),
            ("ResourceNotFoundException", "", true),
            ("NoSuchDistribution", "", true),
            ("NoSuchOriginAccessControl", "", true),
            ("EntityNotFound", "", true),
            ("WAFNonexistentItemException", "", true),
            ("NoSuchHostedZone", "", true),
            ("NoSuchHealthCheck", "", true),
            ("NotFound", "", true),
            ("ResourceNotFound", "", true),
            ("TrailNotFoundException", "", true),
            ("ParameterNotFound", "", true),
            ("NoSuchBucket", "", true),
            ("NoSuchBucketPolicy", "", true),
            ("NoSuchPublicAccessBlockConfiguration", "", true),
            ("ReplicationConfigurationNotFoundError", "", true),
            ("ServerSideEncryptionConfigurationNotFoundError", "", true),
            ("ValidationError", "AutoScalingGroup name not found - AutoScalingGroup web not found", true),
            ("ValidationError", "Group web not found", true),
            ("ValidationError", "Max bound must be at least the min bound", false),
            ("InvalidChangeBatch", "Tried to delete resource record set [name='x'] but it was not found", true),
            ("InvalidChangeBatch", "RRSet is not permitted in zone", false),
            ("KMSNotFound", "", false),
            ("KmsKeyNotFoundException", "", false),
            ("ServiceLinkedRoleNotFoundFault", "", false),
            ("DependencyViolation", "", false),
            ("InvalidVpcID.Malformed", "", false),
            ("", "", false),
        ] {
            assert_eq!(says_absent(code, message), expected, "{code} {message}");
        }
    }
}
