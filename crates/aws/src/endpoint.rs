//! Endpoints: what is accepted as the URL of a server.

use http::Uri;

use crate::connection::ConnectError;

/// Whether the SDK can send calls there.
pub(crate) fn check(url: &str) -> Result<(), ConnectError> {
    match wrong(url) {
        Some(why) => Err(ConnectError::Endpoint { url: url.to_owned(), why }),
        None => Ok(()),
    }
}

fn wrong(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<Uri>() else { return Some("it is no URL") };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Some("it does not start with `http://` or `https://`");
    }
    if uri.host().is_none_or(str::is_empty) {
        return Some("it names no host");
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Some("it holds a user name, which would be logged");
    }
    if uri.query().is_some() {
        return Some("it has a query");
    }
    let (host, authority) =
        (uri.host().unwrap_or_default(), uri.authority().map_or("", |authority| authority.as_str()));
    let port = authority.strip_prefix(host).and_then(|rest| rest.strip_prefix(':'));
    let bad = port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0));
    bad.then_some("its port is not one of 1 to 65535")
}

/// Whether the endpoint is one of AWS's own, which takes no dummy credentials.
pub(crate) fn is_of_aws(url: &str) -> bool {
    let uri = url.parse::<Uri>().unwrap_or_default();
    let host = uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu", "api.aws"]
        .iter()
        .any(|domain| host == *domain || host.ends_with(&format!(".{domain}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_urls_of_servers() {
        for (url, expected) in [
            ("http://127.0.0.1:5000", None),
            ("https://emulator.example.com/base", None),
            ("http://[::1]:4566", None),
            ("127.0.0.1:5000", Some("it does not start with `http://` or `https://`")),
            ("localhost", Some("it does not start with `http://` or `https://`")),
            ("ftp://127.0.0.1", Some("it does not start with `http://` or `https://`")),
            ("http://", Some("it is no URL")),
            ("", Some("it is no URL")),
            ("http://me:secret@127.0.0.1:5000", Some("it holds a user name, which would be logged")),
            ("http://127.0.0.1:5000?x=1", Some("it has a query")),
            ("http://127.0.0.1:99999", Some("its port is not one of 1 to 65535")),
            ("http://127.0.0.1:0", Some("its port is not one of 1 to 65535")),
            ("http://127.0.0.1:", Some("its port is not one of 1 to 65535")),
            ("http://two words", Some("it is no URL")),
        ] {
            assert_eq!(wrong(url), expected, "{url}");
        }
    }

    #[test]
    fn endpoints_of_aws_are_told_from_others() {
        for (url, expected) in [
            ("https://ec2.eu-west-2.amazonaws.com", true),
            ("https://vpce-1.ec2.eu-west-2.vpce.amazonaws.com", true),
            ("https://s3.cn-north-1.amazonaws.com.cn", true),
            ("https://amazonaws.com.example.com", false),
            ("http://127.0.0.1:5000", false),
        ] {
            assert_eq!(is_of_aws(url), expected, "{url}");
        }
    }
}
