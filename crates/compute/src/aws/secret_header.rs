//! Secret headers of listener rules: read from Secrets Manager, and recognised in a rule by a digest.

use std::fmt::Write as _;

use aws_sdk_secretsmanager::{Client, operation::get_secret_value::GetSecretValueOutput};
use landfall_aws::{fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, PlaceCode, Tags};
use landfall_security::SecretValue;
use sha2::{Digest, Sha256};

use super::SecretsManager;
use crate::listener_rule::{Condition, SecretHeader};

/// Tags of a rule that say which of its headers is secret.
const NAME: &str = "landfall:secret-header";
const SECRET: &str = "landfall:secret";
const VERSION: &str = "landfall:secret-version";
const JSON_KEY: &str = "landfall:secret-key";
const DIGEST: &str = "landfall:secret-digest";

/// Whether a tag is one of these.
pub(super) fn is_tag(key: &str) -> bool {
    [NAME, SECRET, VERSION, JSON_KEY, DIGEST].contains(&key)
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
    match tags.get_mut(NAME) {
        Some(name) if !name.eq_ignore_ascii_case(&earlier.name) => *name = format!("{name} {}", earlier.name),
        _ => {}
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
    let mut tags = Tags::from([
        (NAME.to_owned(), header.name.clone()),
        (SECRET.to_owned(), header.value.secret.id().to_owned()),
        (VERSION.to_owned(), header.value.version.value().clone()),
        (DIGEST.to_owned(), digest(cx, values)),
    ]);
    tags.extend(header.value.json_key.clone().map(|key| (JSON_KEY.to_owned(), key)));
    tags
}

/// The secret header that a condition on `name` with `values` is, by the tags of its rule; `None` for a header that
/// anybody may know.
pub(super) fn known(cx: &Context, tags: &Tags, name: &str, values: &[String]) -> Option<SecretHeader> {
    let secret = tags.get(SECRET)?;
    tags.get(NAME)?.split(' ').find(|own| own.eq_ignore_ascii_case(name))?;
    let mut values = values.to_vec();
    values.sort();
    let version = match tags.get(DIGEST) {
        Some(written) if *written == digest(cx, &values) => tags.get(VERSION).cloned().unwrap_or_default(),
        _ => CHANGED.to_owned(),
    };
    let value = SecretValue {
        secret: ArnRef::existing(secret),
        version: version.into(),
        json_key: tags.get(JSON_KEY).cloned(),
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
