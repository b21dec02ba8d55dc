//! Secret headers of listener rules: read from Secrets Manager, and recognised in a rule by a digest.

use std::fmt::Write as _;

use aws_sdk_secretsmanager::{Client, operation::get_secret_value::GetSecretValueOutput};
use landfall_aws::{fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, PlaceCode, Tags};
use landfall_security::SecretValue;
use sha2::{Digest, Sha256};

use super::SecretsManager;
use crate::listener_rule::{Condition, SecretHeader};

/// Tag of a rule: name of its secret header, and a digest of the values written.
const HEADER: &str = "landfall:secret-header";
/// Tag of a rule: ARN of the secret, id of the version (`-` for the current one), member of its JSON object.
const SECRET: &str = "landfall:secret";

/// Whether a tag is one of these.
pub(super) fn is_tag(key: &str) -> bool {
    [HEADER, SECRET].contains(&key)
}

/// The secret header among a rule's conditions.
pub(super) fn of(condition: &Condition) -> Option<&SecretHeader> {
    match condition {
        Condition::SecretHeader(header) => Some(header),
        _ => None,
    }
}

/// The tags with the name of an earlier secret header beside the new one's.
pub(super) fn naming_also(tags: &Tags, earlier: &SecretHeader) -> Tags {
    let mut tags = tags.clone();
    if let Some(header) = tags.get_mut(HEADER) {
        *header = format!("{header} {}", earlier.name);
    }
    tags
}

/// Version of a header whose value is not the one that was written.
const CHANGED: &str = "changed outside";

const OPERATION: &str = "secretsmanager:GetSecretValue";

/// The values of a secret header: the current one, and the one before the last rotation.
pub(super) async fn values(
    secrets: &SecretsManager,
    cx: &Context,
    value: &SecretValue<AnyRegion>,
) -> Result<Vec<String>, Fault> {
    let client = secrets.at(region(value.secret.id()).unwrap_or(cx.region()));
    let version = Some(value.version.value()).filter(|version| !version.is_empty());
    let current = client.get_secret_value().secret_id(value.secret.id()).set_version_id(version.cloned());
    let current = current.send().await.map_err(fault(OPERATION))?;
    let mut values = vec![text(current, value.json_key.as_deref())?];
    if let Some(previous) = previous(&client, value).await? {
        values.extend(text(previous, value.json_key.as_deref()).ok());
    }
    values.sort();
    values.dedup();
    if values.iter().any(|value| value.is_empty() || value.len() > 128 || value.contains(['*', '?'])) {
        let why = "the secret can't be a header: 1 to 128 characters without `*` and `?`";
        return Err(Fault::new(FaultKind::Invalid, OPERATION, why));
    }
    Ok(values)
}

async fn previous(client: &Client, value: &SecretValue<AnyRegion>) -> Result<Option<GetSecretValueOutput>, Fault> {
    let call = client.get_secret_value().secret_id(value.secret.id()).version_stage("AWSPREVIOUS");
    found(OPERATION, call.send().await)
}

fn text(reply: GetSecretValueOutput, json_key: Option<&str>) -> Result<String, Fault> {
    let text = reply.secret_string.ok_or_else(|| Fault::incomplete(OPERATION, "SecretString"))?;
    let Some(key) = json_key else { return Ok(text) };
    let object: landfall_core::Value = serde_json::from_str(&text).unwrap_or_default();
    let member = object.get(key).and_then(|member| member.as_str());
    member.map(str::to_owned).ok_or_else(|| Fault::incomplete(OPERATION, "member of that name in the secret's JSON"))
}

/// The region in the ARN of a secret.
fn region(arn: &str) -> Option<&'static str> {
    arn.split(':').nth(3)?.parse::<PlaceCode>().ok().map(PlaceCode::api_region)
}

/// The tags by which a rule's secret header is known again.
pub(super) fn tags(cx: &Context, header: &SecretHeader, values: &[String]) -> Tags {
    let SecretValue { secret, version, json_key } = &header.value;
    let version = Some(version.value()).filter(|version| !version.is_empty()).map_or("-", String::as_str);
    let secret = [Some(secret.id()), Some(version), json_key.as_deref()];
    Tags::from([
        (HEADER.to_owned(), format!("{} {}", header.name, digest(cx, values))),
        (SECRET.to_owned(), secret.into_iter().flatten().collect::<Vec<_>>().join(" ")),
    ])
}

/// The secret header that a condition on `name` with `values` is, by the tags of its rule; `None` for a header that
/// anybody may know.
pub(super) fn known(cx: &Context, tags: &Tags, name: &str, values: &[String]) -> Option<SecretHeader> {
    let header: Vec<_> = tags.get(HEADER)?.split(' ').collect();
    let secret: Vec<_> = tags.get(SECRET)?.splitn(3, ' ').collect();
    header.iter().find(|word| word.eq_ignore_ascii_case(name))?;
    let mut values = values.to_vec();
    values.sort();
    let as_written = header.get(1).is_some_and(|written| *written == digest(cx, &values));
    let version = match secret.get(1) {
        _ if !as_written => CHANGED,
        None | Some(&"-") => "",
        Some(version) => version,
    };
    let value = SecretValue {
        secret: ArnRef::existing(*secret.first()?),
        version: version.into(),
        json_key: secret.get(2).map(|key| (*key).to_owned()),
    };
    Some(SecretHeader { name: name.to_owned(), value })
}

/// Half of a SHA-256 over the values, different for each rule. Who may read tags may read the rule itself as well,
/// so the digest tells nobody more than the rule does.
fn digest(cx: &Context, values: &[String]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(cx.token.to_string());
    for value in values {
        hasher.update([0]);
        hasher.update(value);
    }
    hasher.finalize()[..16].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use landfall_core::{Pace, state::Token};

    use super::*;

    struct Still;

    #[async_trait::async_trait]
    impl Pace for Still {
        async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
            Ok(())
        }

        fn waiting(&self, _what: &str) {}
    }

    fn context(token: u8) -> Context {
        Context {
            topology: "twin".to_owned(),
            environment: "prod".to_owned(),
            address: "ap-south-1/elasticloadbalancing.listener_rule:web".parse().expect("an address"),
            place: "ap-south-1".parse().expect("a region"),
            token: Token::from_random([token; 16]),
            tags: Tags::new(),
            timeout: Duration::from_mins(1),
            pace: Arc::new(Still),
        }
    }

    fn header(name: &str, version: &str, json_key: Option<&str>) -> SecretHeader {
        let secret = ArnRef::existing("arn:aws:secretsmanager:eu-west-2:1:secret:origin-AbCdEf");
        let value = SecretValue { secret, version: version.into(), json_key: json_key.map(str::to_owned) };
        SecretHeader { name: name.to_owned(), value }
    }

    #[test]
    fn what_was_written_is_known_again_without_its_value() {
        let cx = context(1);
        for header in
            [header("x-verify", "v1", None), header("x-verify", "", None), header("x-a", "v2", Some("pass word"))]
        {
            let values = ["hunter2".to_owned(), "older".to_owned()];
            let tags = tags(&cx, &header, &values);
            let turned = [values[1].clone(), values[0].clone()];
            assert_eq!(known(&cx, &tags, &header.name, &turned), Some(header.clone()));
            assert!(!format!("{tags:?}").contains("hunter2"), "{tags:?}");
        }
    }

    #[test]
    fn a_value_changed_by_hand_is_drift() {
        let header = header("x-verify", "v1", None);
        let written = tags(&context(1), &header, &["hunter2".to_owned()]);
        let version = |cx: &Context, values: &[&str]| {
            let values: Vec<_> = values.iter().map(|value| (*value).to_owned()).collect();
            known(cx, &written, "X-Verify", &values).map(|header| header.value.version.value().clone())
        };
        assert_eq!(version(&context(1), &["hunter2"]).as_deref(), Some("v1"));
        assert_eq!(version(&context(1), &["*"]).as_deref(), Some(CHANGED));
        assert_eq!(version(&context(1), &["hunter2", "mine"]).as_deref(), Some(CHANGED));
        assert_eq!(version(&context(2), &["hunter2"]).as_deref(), Some(CHANGED));
        assert_eq!(known(&context(1), &written, "x-other", &["hunter2".to_owned()]), None);
    }

    #[test]
    fn no_value_shows_while_one_header_follows_another() {
        let cx = context(1);
        let (old, new) = (header("x-old", "v1", None), header("x-new", "v1", None));
        let between = naming_also(&tags(&cx, &new, &["hunter2".to_owned()]), &old);
        for name in ["x-old", "x-new"] {
            let found = known(&cx, &between, name, &["hunter2".to_owned()]);
            assert!(found.is_some_and(|found| !format!("{found:?}").contains("hunter2")), "{name}");
        }
    }

    #[test]
    fn the_region_of_a_secret_is_in_its_arn() {
        assert_eq!(region("arn:aws:secretsmanager:eu-west-2:1:secret:origin-AbCdEf"), Some("eu-west-2"));
        assert_eq!(region("origin"), None);
    }
}
