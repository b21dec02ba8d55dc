//! Operations of AWS's REST services, whose requests don't name them.

/// The operation that a request calls: `PutBucketVersioning`; `None` for one that is not in the tables.
pub(crate) fn operation(service: &str, method: &str, host: &str, path: &str, query: &str) -> Option<String> {
    let segments: Vec<_> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    if service == "s3" {
        return s3(method, host, &segments, query);
    }
    let (_version, segments) = segments.split_first()?;
    let route = ROUTES.iter().find(|route| {
        let pattern: Vec<_> = route.2.split('/').collect();
        route.0 == service
            && route.1 == method
            && pattern.len() == segments.len()
            && pattern.iter().zip(segments).all(|(pattern, segment)| *pattern == "*" || pattern == segment)
            && (route.3.is_empty() || query.split('&').any(|part| part == route.3))
    });
    route.map(|route| route.4.to_owned())
}

/// Service, method, path after the version, a part of the query, operation; the first that fits counts.
const ROUTES: &[(&str, &str, &str, &str, &str)] = &[
    ("cloudfront", "POST", "distribution", "WithTags", "CreateDistributionWithTags"),
    ("cloudfront", "POST", "distribution", "", "CreateDistribution"),
    ("cloudfront", "GET", "distribution", "", "ListDistributions"),
    ("cloudfront", "GET", "distribution/*", "", "GetDistribution"),
    ("cloudfront", "GET", "distribution/*/config", "", "GetDistributionConfig"),
    ("cloudfront", "PUT", "distribution/*/config", "", "UpdateDistribution"),
    ("cloudfront", "DELETE", "distribution/*", "", "DeleteDistribution"),
    ("cloudfront", "POST", "origin-access-control", "", "CreateOriginAccessControl"),
    ("cloudfront", "GET", "origin-access-control", "", "ListOriginAccessControls"),
    ("cloudfront", "GET", "origin-access-control/*", "", "GetOriginAccessControl"),
    ("cloudfront", "GET", "origin-access-control/*/config", "", "GetOriginAccessControlConfig"),
    ("cloudfront", "PUT", "origin-access-control/*/config", "", "UpdateOriginAccessControl"),
    ("cloudfront", "DELETE", "origin-access-control/*", "", "DeleteOriginAccessControl"),
    ("cloudfront", "POST", "cache-policy", "", "CreateCachePolicy"),
    ("cloudfront", "GET", "cache-policy", "", "ListCachePolicies"),
    ("cloudfront", "GET", "cache-policy/*", "", "GetCachePolicy"),
    ("cloudfront", "PUT", "cache-policy/*", "", "UpdateCachePolicy"),
    ("cloudfront", "DELETE", "cache-policy/*", "", "DeleteCachePolicy"),
    ("cloudfront", "POST", "origin-request-policy", "", "CreateOriginRequestPolicy"),
    ("cloudfront", "GET", "origin-request-policy", "", "ListOriginRequestPolicies"),
    ("cloudfront", "GET", "origin-request-policy/*", "", "GetOriginRequestPolicy"),
    ("cloudfront", "PUT", "origin-request-policy/*", "", "UpdateOriginRequestPolicy"),
    ("cloudfront", "DELETE", "origin-request-policy/*", "", "DeleteOriginRequestPolicy"),
    ("cloudfront", "POST", "response-headers-policy", "", "CreateResponseHeadersPolicy"),
    ("cloudfront", "GET", "response-headers-policy", "", "ListResponseHeadersPolicies"),
    ("cloudfront", "GET", "response-headers-policy/*", "", "GetResponseHeadersPolicy"),
    ("cloudfront", "PUT", "response-headers-policy/*", "", "UpdateResponseHeadersPolicy"),
    ("cloudfront", "DELETE", "response-headers-policy/*", "", "DeleteResponseHeadersPolicy"),
    ("cloudfront", "POST", "function", "", "CreateFunction"),
    ("cloudfront", "GET", "function", "", "ListFunctions"),
    ("cloudfront", "GET", "function/*", "", "GetFunction"),
    ("cloudfront", "GET", "function/*/describe", "", "DescribeFunction"),
    ("cloudfront", "POST", "function/*/publish", "", "PublishFunction"),
    ("cloudfront", "PUT", "function/*", "", "UpdateFunction"),
    ("cloudfront", "DELETE", "function/*", "", "DeleteFunction"),
    ("cloudfront", "POST", "tagging", "Operation=Tag", "TagResource"),
    ("cloudfront", "POST", "tagging", "Operation=Untag", "UntagResource"),
    ("cloudfront", "GET", "tagging", "", "ListTagsForResource"),
    ("route53", "POST", "hostedzone", "", "CreateHostedZone"),
    ("route53", "GET", "hostedzone", "", "ListHostedZones"),
    ("route53", "GET", "hostedzonesbyname", "", "ListHostedZonesByName"),
    ("route53", "GET", "hostedzonesbyvpc", "", "ListHostedZonesByVPC"),
    ("route53", "GET", "hostedzone/*", "", "GetHostedZone"),
    ("route53", "POST", "hostedzone/*", "", "UpdateHostedZoneComment"),
    ("route53", "DELETE", "hostedzone/*", "", "DeleteHostedZone"),
    ("route53", "GET", "hostedzone/*/rrset", "", "ListResourceRecordSets"),
    ("route53", "POST", "hostedzone/*/rrset", "", "ChangeResourceRecordSets"),
    ("route53", "POST", "hostedzone/*/associatevpc", "", "AssociateVPCWithHostedZone"),
    ("route53", "POST", "hostedzone/*/disassociatevpc", "", "DisassociateVPCFromHostedZone"),
    ("route53", "GET", "change/*", "", "GetChange"),
    ("route53", "POST", "healthcheck", "", "CreateHealthCheck"),
    ("route53", "GET", "healthcheck", "", "ListHealthChecks"),
    ("route53", "GET", "healthcheck/*", "", "GetHealthCheck"),
    ("route53", "POST", "healthcheck/*", "", "UpdateHealthCheck"),
    ("route53", "DELETE", "healthcheck/*", "", "DeleteHealthCheck"),
    ("route53", "POST", "tags/*/*", "", "ChangeTagsForResource"),
    ("route53", "GET", "tags/*/*", "", "ListTagsForResource"),
    ("route53", "POST", "tags/*", "", "ListTagsForResources"),
];

/// Settings of a bucket by the part of the query that names them, and whether the name is the same for all methods.
const SETTINGS: &[(&str, &str)] = &[
    ("accelerate", "BucketAccelerateConfiguration"),
    ("acl", "BucketAcl"),
    ("cors", "BucketCors"),
    ("encryption", "BucketEncryption"),
    ("lifecycle", "BucketLifecycleConfiguration"),
    ("location", "BucketLocation"),
    ("logging", "BucketLogging"),
    ("notification", "BucketNotificationConfiguration"),
    ("object-lock", "ObjectLockConfiguration"),
    ("ownershipControls", "BucketOwnershipControls"),
    ("policy", "BucketPolicy"),
    ("policyStatus", "BucketPolicyStatus"),
    ("publicAccessBlock", "PublicAccessBlock"),
    ("replication", "BucketReplication"),
    ("requestPayment", "BucketRequestPayment"),
    ("tagging", "BucketTagging"),
    ("versioning", "BucketVersioning"),
    ("website", "BucketWebsite"),
];

fn s3(method: &str, host: &str, segments: &[&str], query: &str) -> Option<String> {
    // Either the host names the bucket, or the path does.
    let depth = segments.len() + usize::from(host.contains(".s3.") || host.contains(".s3-"));
    let has = |name: &str| query.split('&').any(|part| part.split('=').next() == Some(name));
    let named = match (depth, method) {
        (0, "GET") => "ListBuckets",
        (1, "GET") if has("versions") => "ListObjectVersions",
        (1, "GET") if has("list-type") => "ListObjectsV2",
        (1, "POST") if has("delete") => "DeleteObjects",
        (1, "DELETE") if has("lifecycle") => "DeleteBucketLifecycle",
        (1, _) => match SETTINGS.iter().find(|(name, _)| has(name)) {
            Some((_, setting)) => return verb(method).map(|verb| format!("{verb}{setting}")),
            None => match method {
                "HEAD" => "HeadBucket",
                "PUT" => "CreateBucket",
                "DELETE" => "DeleteBucket",
                "GET" => "ListObjects",
                _ => return None,
            },
        },
        (_, _) if has("tagging") => return verb(method).map(|verb| format!("{verb}ObjectTagging")),
        (_, "HEAD") => "HeadObject",
        (_, _) if query.is_empty() || has("versionId") => return verb(method).map(|verb| format!("{verb}Object")),
        _ => return None,
    };
    Some(named.to_owned())
}

fn verb(method: &str) -> Option<&'static str> {
    match method {
        "GET" => Some("Get"),
        "PUT" => Some("Put"),
        "DELETE" => Some("Delete"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_rest_services_get_their_names() {
        let check = |service, request: &str, expected: Option<&str>| {
            let (method, uri) = request.split_once(' ').expect("a method and a URI");
            let (host, rest) = uri.split_once('/').expect("a host and a path");
            let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
            let found = operation(service, method, host, &format!("/{path}"), query);
            assert_eq!(found.as_deref(), expected, "{request}");
        };
        check("s3", "GET 127.0.0.1:5000/", Some("ListBuckets"));
        check("s3", "PUT 127.0.0.1:5000/assets", Some("CreateBucket"));
        check("s3", "PUT 127.0.0.1:5000/assets/", Some("CreateBucket"));
        check("s3", "HEAD assets.s3.eu-west-2.amazonaws.com/", Some("HeadBucket"));
        check("s3", "DELETE 127.0.0.1:5000/assets", Some("DeleteBucket"));
        check("s3", "PUT 127.0.0.1:5000/assets?versioning", Some("PutBucketVersioning"));
        check("s3", "GET assets.s3.eu-west-2.amazonaws.com/?policy", Some("GetBucketPolicy"));
        check("s3", "DELETE 127.0.0.1:5000/assets?lifecycle", Some("DeleteBucketLifecycle"));
        check("s3", "PUT 127.0.0.1:5000/assets?lifecycle", Some("PutBucketLifecycleConfiguration"));
        check("s3", "GET 127.0.0.1:5000/assets?publicAccessBlock", Some("GetPublicAccessBlock"));
        check("s3", "GET 127.0.0.1:5000/assets?list-type=2&prefix=a", Some("ListObjectsV2"));
        check("s3", "GET 127.0.0.1:5000/assets?versions", Some("ListObjectVersions"));
        check("s3", "POST 127.0.0.1:5000/assets?delete", Some("DeleteObjects"));
        check("s3", "PUT 127.0.0.1:5000/assets/a/b.html", Some("PutObject"));
        check("s3", "GET assets.s3.eu-west-2.amazonaws.com/a?tagging", Some("GetObjectTagging"));
        check("s3", "POST 127.0.0.1:5000/assets/a?uploads", None);
        check("cloudfront", "POST x/2020-05-31/distribution?WithTags", Some("CreateDistributionWithTags"));
        check("cloudfront", "POST x/2020-05-31/distribution", Some("CreateDistribution"));
        check("cloudfront", "PUT x/2020-05-31/distribution/E1/config", Some("UpdateDistribution"));
        check("cloudfront", "GET x/2020-05-31/distribution/E1", Some("GetDistribution"));
        check("cloudfront", "POST x/2020-05-31/tagging?Operation=Untag&Resource=arn", Some("UntagResource"));
        check("cloudfront", "GET x/2020-05-31/tagging?Resource=arn", Some("ListTagsForResource"));
        check("cloudfront", "POST x/2020-05-31/streaming-distribution", None);
        check("route53", "POST x/2013-04-01/hostedzone", Some("CreateHostedZone"));
        check("route53", "POST x/2013-04-01/hostedzone/Z1/rrset", Some("ChangeResourceRecordSets"));
        check("route53", "POST x/2013-04-01/hostedzone/Z1/rrset/", Some("ChangeResourceRecordSets"));
        check("route53", "GET x/2013-04-01/hostedzone/Z1/rrset?name=a", Some("ListResourceRecordSets"));
        check("route53", "POST x/2013-04-01/tags/healthcheck/1", Some("ChangeTagsForResource"));
        check("route53", "GET x/", None);
    }
}
