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
            "InvalidSecurity",
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
            "CacheSubnetGroupInUseByReplicationGroup",
            "ConcurrentAccess",
            "ConcurrentAccessException",
            "ConcurrentModification",
            "ConcurrentModificationException",
            "ConflictException",
            "CapacityReservationPending",
            "DBInstanceNotReady",
            "DoesNotExistException",
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
            "OperationAborted",
            "OperationAbortedException",
            "PreconditionFailed",
            "RequestInProgressException",
            "ResourceContention",
            "ScalingActivityInProgress",
            "StaleTagException",
            "StatusUnchanged",
            "TrustStoreNotReady",
            "UnmodifiableEntity",
            "WAFNonexistentItemException",
            "WAFOptimisticLockException",
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
        "Validation" => message.contains("name not found") || message.contains("No such policy"),
        // What is missing is something else that the operation needs.
        _ if stem.starts_with("KMS") || stem.starts_with("Kms") || stem.starts_with("ServiceLinkedRole") => false,
        _ => stem.contains("NotFound") || stem.contains("DoesNotExist") || stem.starts_with("NoSuch"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, classify, mend, says_absent};
    use landfall_core::FaultKind::{self, *};

    #[test]
    fn every_error_has_its_meaning() {
        let rows: &[(FaultKind, u16, &str, &str, &str)] = &[
            // too many calls
            (Throttled, 503, "ec2:CreateVpc", "RequestLimitExceeded", "Request limit exceeded."),
            (Throttled, 400, "elasticloadbalancing:CreateRule", "Throttling", "Rate exceeded"),
            (Throttled, 400, "kms:CreateKey", "ThrottlingException", "Rate exceeded"),
            (Throttled, 400, "route53:ChangeResourceRecordSets", "Throttling", "Rate exceeded"),
            (Throttled, 400, "route53:ChangeResourceRecordSets", "PriorRequestNotComplete", "The request was rejected"),
            (Throttled, 503, "s3:PutBucketPolicy", "SlowDown", "Please reduce your request rate."),
            (Throttled, 429, "sns:Publish", "Throttled", ""),
            (Throttled, 429, "apigateway:POST", "", ""),
            (Throttled, 400, "ssm:PutParameter", "TooManyUpdates", ""),
            (Throttled, 400, "elasticache:CreateReplicationGroup", "APICallRateForCustomerExceeded", ""),
            // not allowed
            (
                Denied,
                403,
                "ec2:CreateVpc",
                "UnauthorizedOperation",
                "You are not authorized to perform this operation.",
            ),
            (Denied, 403, "iam:CreateRole", "AccessDenied", "User: x is not authorized to perform: iam:CreateRole"),
            (Denied, 400, "kms:CreateKey", "AccessDeniedException", "User: x is not authorized"),
            (Denied, 403, "sns:CreateTopic", "AuthorizationError", "User: x is not authorized"),
            (Denied, 403, "s3:CreateBucket", "", ""),
            (Denied, 400, "acm:RequestCertificate", "AccessDeniedException", ""),
            (Denied, 401, "route53:CreateHostedZone", "NotAuthorizedException", ""),
            // no caller
            (
                Fatal,
                403,
                "sts:GetCallerIdentity",
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
            (Fatal, 400, "kms:DescribeKey", "UnrecognizedClientException", "The security token is invalid"),
            (Fatal, 403, "iam:GetRole", "InvalidClientTokenId", "The security token is invalid"),
            (Fatal, 401, "ec2:DescribeVpcs", "AuthFailure", "AWS was not able to validate the credentials"),
            (Fatal, 403, "s3:HeadBucket", "InvalidAccessKeyId", ""),
            (Fatal, 403, "s3:ListBuckets", "SignatureDoesNotMatch", ""),
            (Fatal, 403, "s3:ListBuckets", "RequestTimeTooSkewed", ""),
            // in the way of a delete
            (Blocked, 400, "ec2:DeleteVpc", "DependencyViolation", "The vpc has dependencies and cannot be deleted."),
            (Blocked, 400, "ec2:DeleteSecurityGroup", "InvalidGroup.InUse", ""),
            (Blocked, 400, "ec2:ReleaseAddress", "InvalidIPAddress.InUse", ""),
            (Blocked, 400, "ec2:DeleteInternetGateway", "Client.DependencyViolation", ""),
            (Blocked, 409, "iam:DeleteRole", "DeleteConflict", "Cannot delete entity, must detach all policies first."),
            (Blocked, 400, "elasticloadbalancing:DeleteTargetGroup", "ResourceInUse", ""),
            (Blocked, 400, "elasticloadbalancing:DeleteLoadBalancer", "OperationNotPermitted", ""),
            (Blocked, 400, "autoscaling:DeleteAutoScalingGroup", "ResourceInUse", ""),
            (Blocked, 400, "rds:DeleteDBSubnetGroup", "InvalidDBSubnetGroupStateFault", ""),
            (Blocked, 400, "rds:DeleteGlobalCluster", "InvalidGlobalClusterStateFault", ""),
            (Blocked, 400, "rds:DeleteDBCluster", "InvalidDBClusterStateFault", ""),
            (Blocked, 400, "rds:RemoveFromGlobalCluster", "InvalidDBClusterStateFault", ""),
            (Blocked, 400, "elasticache:DeleteCacheSubnetGroup", "CacheSubnetGroupInUse", ""),
            (Blocked, 400, "elasticache:DeleteReplicationGroup", "InvalidReplicationGroupState", ""),
            (Blocked, 400, "acm:DeleteCertificate", "ResourceInUseException", ""),
            (Blocked, 409, "cloudfront:DeleteDistribution", "DistributionNotDisabled", ""),
            (Blocked, 409, "cloudfront:DeleteOriginAccessControl", "OriginAccessControlInUse", ""),
            (Blocked, 409, "cloudfront:DeleteCachePolicy", "CachePolicyInUse", ""),
            (Blocked, 400, "wafv2:DeleteWebACL", "WAFAssociatedItemException", ""),
            (Blocked, 400, "route53:DeleteHealthCheck", "HealthCheckInUse", ""),
            (Blocked, 400, "route53:DeleteHostedZone", "HostedZoneNotEmpty", ""),
            // too early
            (NotYet, 400, "ec2:CreateSubnet", "InvalidVpcID.NotFound", "The vpc ID 'vpc-1' does not exist"),
            (NotYet, 400, "ec2:CreateNatGateway", "InvalidSubnetID.NotFound", ""),
            (NotYet, 400, "ec2:CreateRoute", "InvalidNatGatewayID.NotFound", ""),
            (NotYet, 400, "ec2:CreateRoute", "NatGatewayNotFound", ""),
            (NotYet, 400, "ec2:AcceptVpcPeeringConnection", "InvalidVpcPeeringConnectionID.NotFound", ""),
            (NotYet, 400, "ec2:AcceptVpcPeeringConnection", "InvalidStateTransition", ""),
            (NotYet, 400, "ec2:ModifyVpcEndpoint", "IncorrectState", ""),
            (NotYet, 400, "ec2:CreateFlowLogs", "InvalidParameter", "Unable to assume given IAM role"),
            (
                NotYet,
                400,
                "ec2:RunInstances",
                "InvalidParameterValue",
                "Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
            ),
            (
                NotYet,
                400,
                "autoscaling:CreateAutoScalingGroup",
                "ValidationError",
                "You must use a valid fully-formed launch template. Value (x) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name",
            ),
            (
                NotYet,
                400,
                "autoscaling:CreateAutoScalingGroup",
                "ValidationError",
                "Access denied when attempting to assume role arn:aws:iam::1:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
            ),
            (NotYet, 400, "autoscaling:PutScalingPolicy", "ValidationError", "Group web not found"),
            (NotYet, 400, "autoscaling:UpdateAutoScalingGroup", "ScalingActivityInProgress", ""),
            (NotYet, 500, "autoscaling:UpdateAutoScalingGroup", "ResourceContention", ""),
            (NotYet, 400, "autoscaling:StartInstanceRefresh", "InstanceRefreshInProgress", ""),
            (NotYet, 404, "iam:AttachRolePolicy", "NoSuchEntity", "The role with name x cannot be found."),
            (NotYet, 409, "iam:PutRolePolicy", "ConcurrentModification", ""),
            (NotYet, 409, "iam:UpdateLoginProfile", "EntityTemporarilyUnmodifiable", ""),
            (
                NotYet,
                400,
                "iam:CreateRole",
                "MalformedPolicyDocument",
                "Invalid principal in policy: \"AWS\":\"arn:aws:iam::1:role/x\"",
            ),
            (
                NotYet,
                400,
                "kms:CreateKey",
                "MalformedPolicyDocumentException",
                "Policy contains a statement with one or more invalid principals.",
            ),
            (NotYet, 400, "s3:PutBucketPolicy", "MalformedPolicy", "Invalid principal in policy"),
            (
                NotYet,
                400,
                "sns:SetTopicAttributes",
                "InvalidParameter",
                "Invalid parameter: Policy Error: PrincipalNotFound",
            ),
            (NotYet, 400, "kms:ReplicateKey", "KMSInvalidStateException", "arn:x is creating."),
            (NotYet, 400, "elasticloadbalancing:CreateListener", "CertificateNotFound", ""),
            (NotYet, 400, "elasticloadbalancing:CreateListener", "TargetGroupNotFound", ""),
            (NotYet, 404, "cloudfront:CreateDistribution", "NoSuchOriginRequestPolicy", ""),
            (NotYet, 400, "cloudfront:CreateDistribution", "InvalidViewerCertificate", ""),
            (NotYet, 412, "cloudfront:UpdateDistribution", "PreconditionFailed", ""),
            (NotYet, 400, "cloudfront:UpdateDistribution", "InvalidIfMatchVersion", ""),
            (NotYet, 400, "wafv2:AssociateWebACL", "WAFUnavailableEntityException", ""),
            (NotYet, 400, "wafv2:AssociateWebACL", "WAFNonexistentItemException", ""),
            (NotYet, 400, "wafv2:UpdateWebACL", "WAFOptimisticLockException", ""),
            (NotYet, 400, "rds:CreateDBInstance", "InvalidDBClusterStateFault", ""),
            (NotYet, 404, "rds:CreateDBCluster", "GlobalClusterNotFoundFault", ""),
            (NotYet, 404, "rds:CreateDBCluster", "DBSubnetGroupNotFoundFault", ""),
            (NotYet, 400, "rds:CreateDBInstance", "InsufficientDBInstanceCapacity", ""),
            (NotYet, 400, "elasticache:ModifyReplicationGroup", "InvalidReplicationGroupState", ""),
            (
                NotYet,
                409,
                "s3:PutBucketVersioning",
                "OperationAborted",
                "A conflicting conditional operation is in progress",
            ),
            (NotYet, 404, "s3:PutBucketReplication", "NoSuchBucket", ""),
            (NotYet, 400, "route53:ChangeResourceRecordSets", "NoSuchHealthCheck", ""),
            (NotYet, 400, "acm:AddTagsToCertificate", "ResourceNotFoundException", ""),
            (NotYet, 400, "acm:DeleteCertificate", "ConflictException", ""),
            (NotYet, 409, "sns:CreateTopic", "ConcurrentAccess", ""),
            (NotYet, 404, "sns:Subscribe", "NotFound", "Topic does not exist"),
            (NotYet, 400, "logs:PutRetentionPolicy", "OperationAbortedException", ""),
            (NotYet, 400, "logs:PutRetentionPolicy", "ResourceNotFoundException", ""),
            (
                NotYet,
                400,
                "cloudtrail:CreateTrail",
                "InvalidCloudWatchLogsRoleArnException",
                "Access denied. Check the trust relationships",
            ),
            (NotYet, 500, "ec2:RunInstances", "InsufficientInstanceCapacity", ""),
            // exists and is not ours
            (Taken, 409, "iam:CreateRole", "EntityAlreadyExists", ""),
            (Taken, 400, "ec2:CreateSecurityGroup", "InvalidGroup.Duplicate", ""),
            (Taken, 400, "ec2:CreateRoute", "RouteAlreadyExists", ""),
            (Taken, 400, "ec2:AuthorizeSecurityGroupIngress", "InvalidPermission.Duplicate", ""),
            (Taken, 400, "ec2:CreateLaunchTemplate", "InvalidLaunchTemplateName.AlreadyExistsException", ""),
            (Taken, 400, "elasticloadbalancing:CreateLoadBalancer", "DuplicateLoadBalancerName", ""),
            (Taken, 400, "elasticloadbalancing:CreateListener", "DuplicateListener", ""),
            (Taken, 400, "elasticloadbalancing:CreateRule", "PriorityInUse", ""),
            (Taken, 400, "autoscaling:CreateAutoScalingGroup", "AlreadyExists", ""),
            (Taken, 400, "rds:CreateDBCluster", "DBClusterAlreadyExistsFault", ""),
            (Taken, 400, "rds:CreateDBInstance", "DBInstanceAlreadyExists", ""),
            (Taken, 409, "s3:CreateBucket", "BucketAlreadyExists", ""),
            (Taken, 409, "s3:CreateBucket", "BucketAlreadyOwnedByYou", ""),
            (Taken, 409, "cloudfront:CreateDistribution", "CNAMEAlreadyExists", ""),
            (Taken, 409, "cloudfront:CreateOriginAccessControl", "OriginAccessControlAlreadyExists", ""),
            (Taken, 400, "wafv2:CreateWebACL", "WAFDuplicateItemException", ""),
            (Taken, 409, "route53:CreateHostedZone", "HostedZoneAlreadyExists", ""),
            (
                Taken,
                400,
                "route53:ChangeResourceRecordSets",
                "InvalidChangeBatch",
                "Tried to create resource record set [name='x', type='A'] but it already exists",
            ),
            (Taken, 400, "secretsmanager:CreateSecret", "ResourceExistsException", ""),
            (
                Taken,
                400,
                "secretsmanager:CreateSecret",
                "InvalidRequestException",
                "You can't create this secret because a secret with this name is already scheduled for deletion.",
            ),
            (Taken, 400, "kms:CreateAlias", "AlreadyExistsException", ""),
            (Taken, 400, "logs:CreateLogGroup", "ResourceAlreadyExistsException", ""),
            (Taken, 400, "cloudtrail:CreateTrail", "TrailAlreadyExistsException", ""),
            // nobody knows whether it happened
            (Unavailable, 500, "ec2:CreateVpc", "InternalError", ""),
            (Unavailable, 599, "ec2:CreateVpc", "InternalError", ""),
            (Unavailable, 503, "ec2:CreateVpc", "Unavailable", ""),
            (Unavailable, 500, "kms:CreateKey", "KMSInternalException", ""),
            (Unavailable, 503, "s3:PutBucketPolicy", "ServiceUnavailable", ""),
            (Unavailable, 400, "s3:PutObject", "RequestTimeout", ""),
            (Unavailable, 500, "iam:CreateRole", "ServiceFailure", ""),
            (Unavailable, 502, "ec2:DescribeVpcs", "", ""),
            (Unavailable, 504, "ec2:DescribeVpcs", "", ""),
            // not served by this endpoint
            (Unsupported, 501, "dax:CreateSubnetGroup", "", ""),
            (Unsupported, 404, "cloudwatch:PutMetricAlarm", "", ""),
            (Unsupported, 400, "autoscaling:StartInstanceRefresh", "InvalidAction", ""),
            (Unsupported, 400, "wafv2:ListResourcesForWebACL", "UnknownOperationException", ""),
            (Unsupported, 501, "s3:PutBucketLogging", "NotImplemented", ""),
            // refused as it stands
            (
                Invalid,
                400,
                "ec2:CreateVpc",
                "InvalidParameterValue",
                "Value (10.0.0.0/33) for parameter cidrBlock is invalid.",
            ),
            (Invalid, 400, "ec2:CreateVpc", "VpcLimitExceeded", "The maximum number of VPCs has been reached."),
            (Invalid, 400, "ec2:AllocateAddress", "AddressLimitExceeded", ""),
            (Invalid, 400, "ec2:CreateSubnet", "InvalidSubnet.Conflict", ""),
            (Invalid, 400, "ec2:DescribeVpcs", "InvalidVpcID.Malformed", ""),
            (Invalid, 403, "ec2:DescribeVpcs", "OptInRequired", ""),
            (Invalid, 409, "iam:CreateRole", "LimitExceeded", ""),
            (Invalid, 400, "iam:CreateRole", "MalformedPolicyDocument", "Syntax errors in policy."),
            (Invalid, 400, "kms:CreateKey", "LimitExceededException", ""),
            (Invalid, 400, "kms:EnableKeyRotation", "KMSInvalidStateException", "arn:x is pending deletion."),
            (Invalid, 400, "elasticloadbalancing:CreateLoadBalancer", "TooManyLoadBalancers", ""),
            (Invalid, 400, "elasticloadbalancing:CreateLoadBalancer", "InvalidSubnet", ""),
            (Invalid, 400, "rds:CreateDBCluster", "DBClusterQuotaExceededFault", ""),
            (Invalid, 400, "rds:CreateDBCluster", "InvalidParameterCombination", ""),
            (Invalid, 400, "elasticache:CreateReplicationGroup", "NodeQuotaForCustomerExceeded", ""),
            (Invalid, 400, "elasticache:AddTagsToResource", "TagQuotaPerResourceExceeded", ""),
            (Invalid, 400, "cloudfront:CreateDistribution", "TooManyDistributions", ""),
            (Invalid, 400, "cloudfront:CreateDistribution", "EntityLimitExceeded", ""),
            (Invalid, 400, "cloudfront:CreateDistribution", "InvalidArgument", ""),
            (Invalid, 400, "wafv2:CreateWebACL", "WAFLimitsExceededException", ""),
            (Invalid, 400, "wafv2:CreateWebACL", "WAFInvalidParameterException", ""),
            (Invalid, 400, "route53:CreateHostedZone", "TooManyHostedZones", ""),
            (
                Invalid,
                400,
                "route53:ChangeResourceRecordSets",
                "InvalidChangeBatch",
                "RRSet with DNS name x. is not permitted in zone y.",
            ),
            (Invalid, 409, "s3:DeleteBucket", "BucketNotEmpty", ""),
            (Invalid, 400, "s3:CreateBucket", "TooManyBuckets", ""),
            (Invalid, 400, "s3:PutBucketReplication", "InvalidRequest", "Versioning must be 'Enabled' on the bucket"),
            (Invalid, 400, "secretsmanager:CreateSecret", "InvalidParameterException", ""),
            (Invalid, 400, "logs:PutRetentionPolicy", "InvalidParameterException", ""),
            (Invalid, 400, "cloudtrail:CreateTrail", "InsufficientS3BucketPolicyException", ""),
            (Invalid, 400, "cloudtrail:CreateTrail", "MaximumNumberOfTrailsExceededException", ""),
            (Invalid, 400, "acm:RequestCertificate", "ValidationException", ""),
            (Invalid, 400, "cloudwatch:PutDashboard", "InvalidParameterInput", ""),
            (
                Invalid,
                400,
                "autoscaling:CreateAutoScalingGroup",
                "ValidationError",
                "Max bound must be at least the min bound",
            ),
        ];
        let wrong: Vec<_> = rows
            .iter()
            .filter_map(|&(expected, status, operation, code, message)| {
                let kind = classify(Answer { operation, status, code, message });
                (kind != expected).then(|| format!("{operation} {status} {code} {message}: {kind:?}, not {expected:?}"))
            })
            .collect();
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
