//! Requests as their bytes tell them: which service, which operation, read or change.

use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use crate::rest;

/// What one request asks for, as far as its bytes tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The service by its prefix in IAM actions: `ec2`, `elasticloadbalancing`; empty for unsigned requests.
    pub service: String,
    /// The operation, `CreateVpc`; of a REST service one that the tap does not know by name has the method and the
    /// path, `POST /2020-05-31/key-group`.
    pub operation: String,
    /// The region that the request is signed for.
    pub region: String,
    /// Whether it can change anything.
    pub access: Access,
    pub(crate) protocol: Protocol,
}

/// Whether a request can change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads.
    Read,
    /// It may change something: every request that is not known to be a read.
    Change,
}

/// How a service writes its requests and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Ec2,
    Query,
    Json,
    Cbor,
    RestXml,
    S3,
}

impl Asked {
    /// Reads a request as it is about to be sent, signed.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        let headers = request.headers();
        let (region, service) = scope(headers.get("authorization").unwrap_or_default());
        let (host, path, query) = parts(request.uri());
        let named = |operation: &str, protocol| {
            let access = if reads(operation) { Access::Read } else { Access::Change };
            (operation.to_owned(), access, protocol)
        };
        let (operation, access, protocol) = if let Some(target) = headers.get("x-amz-target") {
            named(target.rsplit('.').next().unwrap_or(target), Protocol::Json)
        } else if let Some((_, operation)) = path.split_once("/operation/") {
            named(operation, Protocol::Cbor)
        } else if let Some(action) = action(request.body().bytes().unwrap_or_default()) {
            named(action, if service == "ec2" { Protocol::Ec2 } else { Protocol::Query })
        } else {
            let access = if matches!(request.method(), "GET" | "HEAD") { Access::Read } else { Access::Change };
            let protocol = if service == "s3" { Protocol::S3 } else { Protocol::RestXml };
            let query = query.split('&').filter(|part| !part.is_empty() && !part.starts_with("x-id="));
            let query = query.collect::<Vec<_>>().join("&");
            let known = rest::operation(service, request.method(), host, path, &query);
            let mark = if query.is_empty() { "" } else { "?" };
            (known.unwrap_or_else(|| format!("{} {path}{mark}{query}", request.method())), access, protocol)
        };
        Self { service: iam_prefix(service).to_owned(), operation, region: region.to_owned(), access, protocol }
    }
}

/// Region and service of the scope that the signature names.
fn scope(authorization: &str) -> (&str, &str) {
    let credential = authorization.split_once("Credential=").map_or("", |(_, rest)| rest);
    let credential = credential.split([',', ' ']).next().unwrap_or_default();
    let mut parts = credential.rsplit('/');
    let (_terminator, service, region) = (parts.next(), parts.next(), parts.next());
    (region.unwrap_or_default(), service.unwrap_or_default())
}

/// IAM's prefix where a service signs by another name.
fn iam_prefix(signing_name: &str) -> &str {
    match signing_name {
        "monitoring" => "cloudwatch",
        "email" => "ses",
        other => other,
    }
}

/// Host, path and query.
fn parts(uri: &str) -> (&str, &str, &str) {
    let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    (host, path, query)
}

/// The `Action` of a form, as the query protocols send it.
fn action(body: &[u8]) -> Option<&str> {
    let body = std::str::from_utf8(body).ok()?;
    body.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

fn reads(operation: &str) -> bool {
    const READS: [&str; 14] = [
        "Describe",
        "Get",
        "List",
        "Head",
        "BatchGet",
        "Search",
        "Lookup",
        "Query",
        "Scan",
        "Simulate",
        "Validate",
        "Check",
        "AssumeRole",
        "Decode",
    ];
    READS.iter().any(|verb| operation.starts_with(verb))
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::body::SdkBody;

    use super::*;

    fn request(method: &str, uri: &str, headers: &[(&'static str, &'static str)], body: &'static str) -> HttpRequest {
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_method(method).expect("a method");
        request.set_uri(uri.to_owned()).expect("a URI");
        for (name, value) in headers {
            request.headers_mut().insert(*name, *value);
        }
        request
    }

    #[test]
    fn requests_of_every_protocol_are_told() {
        let signed = |service| match service {
            "ec2" => ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/ec2/aws4_request, Signed"),
            "rds" => ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/rds/aws4_request, Signed"),
            "s3" => ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/s3/aws4_request, Signed"),
            "kms" => ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/kms/aws4_request, Signed"),
            "route53" => ("authorization", "Credential=AKID/20260101/us-east-1/route53/aws4_request"),
            _ => ("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/monitoring/aws4_request"),
        };
        let check = |service,
                     method,
                     uri,
                     more: Option<(&'static str, &'static str)>,
                     body,
                     expected: (&str, &str, Access, Protocol)| {
            let mut headers = vec![signed(service)];
            headers.extend(more);
            let asked = Asked::of(&request(method, uri, &headers, body));
            let (service, operation, access, protocol) = expected;
            assert_eq!((asked.service.as_str(), asked.operation.as_str()), (service, operation));
            assert_eq!((asked.access, asked.protocol), (access, protocol), "{operation}");
        };
        let base = "http://127.0.0.1:5000/";
        check(
            "ec2",
            "POST",
            base,
            None,
            "Action=CreateVpc&Version=2016-11-15",
            ("ec2", "CreateVpc", Access::Change, Protocol::Ec2),
        );
        check("ec2", "POST", base, None, "Action=DescribeVpcs", ("ec2", "DescribeVpcs", Access::Read, Protocol::Ec2));
        check(
            "rds",
            "POST",
            base,
            None,
            "Action=CreateDBCluster",
            ("rds", "CreateDBCluster", Access::Change, Protocol::Query),
        );
        check(
            "kms",
            "POST",
            base,
            Some(("x-amz-target", "TrentService.CreateKey")),
            "{}",
            ("kms", "CreateKey", Access::Change, Protocol::Json),
        );
        let cbor = "http://127.0.0.1:5000/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
        check("monitoring", "POST", cbor, None, "", ("cloudwatch", "DescribeAlarms", Access::Read, Protocol::Cbor));
        let bucket = "http://127.0.0.1:5000/bucket?versioning&x-id=PutBucketVersioning";
        check("s3", "PUT", bucket, None, "<x/>", ("s3", "PutBucketVersioning", Access::Change, Protocol::S3));
        check("s3", "GET", bucket, None, "", ("s3", "GetBucketVersioning", Access::Read, Protocol::S3));
        let zone = "https://route53.amazonaws.com/2013-04-01/hostedzone";
        check("route53", "POST", zone, None, "", ("route53", "CreateHostedZone", Access::Change, Protocol::RestXml));
    }

    #[test]
    fn the_region_is_the_one_signed_for() {
        let headers =
            [("authorization", "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-2/ec2/aws4_request, Signed")];
        assert_eq!(Asked::of(&request("POST", "http://127.0.0.1/", &headers, "Action=X")).region, "eu-west-2");
        assert_eq!(Asked::of(&request("POST", "http://127.0.0.1/", &[], "Action=X")).region, "");
    }
}
