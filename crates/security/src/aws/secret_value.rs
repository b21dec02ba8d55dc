//! Values of secrets, read at the moment they are needed.

use std::fmt;

use aws_sdk_secretsmanager::Client;
use landfall_aws::{Aws, Regional, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, PlaceCode};

use crate::secret_value::SecretValue;

/// Reads the values that [`SecretValue`]s refer to, for providers whose API calls need them; cheap to clone.
///
/// The IAM actions are `secretsmanager:GetSecretValue`, and `kms:Decrypt` for a secret with a key of one's own: a
/// kind whose provider reads a value lists them among its actions.
#[derive(Debug, Clone)]
pub struct SecretReader(Regional<Client>);

/// A secret in clear; its debug form doesn't show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext(String);

impl Plaintext {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself, for the request that needs it and nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(…)")
    }
}

impl SecretReader {
    /// A reader over a connection.
    pub fn new(aws: &Aws) -> Self {
        Self(Regional::new(aws, Client::new))
    }

    /// Reads a value in the region of its secret, in the version that the reference names.
    ///
    /// # Errors
    /// [`FaultKind::NotYet`] when the secret or its version does not exist, which may be because it is new;
    /// [`FaultKind::Invalid`] when the value lacks the member asked for. No fault shows any of the value.
    pub async fn read(&self, cx: &Context, value: &SecretValue<AnyRegion>) -> Result<Plaintext, Fault> {
        const OPERATION: &str = "secretsmanager:GetSecretValue";
        let arn = value.secret.id();
        let version = Some(value.version.value().clone()).filter(|version| !version.is_empty());
        let request = self.0.at(region(arn, cx)).get_secret_value().secret_id(arn).set_version_id(version);
        let reply = found(OPERATION, request.send().await)?;
        let reply = reply.ok_or_else(|| Fault::not_yet(OPERATION, format!("{arn} has no such value")))?;
        let text = reply.secret_string.ok_or_else(|| Fault::incomplete(OPERATION, "SecretString"))?;
        member(text, value.json_key.as_deref())
            .ok_or_else(|| Fault::new(FaultKind::Invalid, OPERATION, no_member(arn, value.json_key.as_deref())))
    }
}

fn no_member(arn: &str, key: Option<&str>) -> String {
    format!("the value of {arn} is no JSON object with a text `{}`", key.unwrap_or_default())
}

/// The region in an ARN; the operation's own for a secret given by name.
fn region(arn: &str, cx: &Context) -> &'static str {
    arn.split(':').nth(3).and_then(|code| code.parse::<PlaceCode>().ok()).map_or(cx.region(), PlaceCode::as_str)
}

fn member(text: String, key: Option<&str>) -> Option<Plaintext> {
    let Some(key) = key else { return Some(Plaintext(text)) };
    let object: serde_json::Value = serde_json::from_str(&text).ok()?;
    object.get(key)?.as_str().map(|member| Plaintext(member.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_read_out_of_the_object() {
        let check = |text: &str, key: Option<&str>, expected: Option<&str>| {
            assert_eq!(member(text.to_owned(), key).as_ref().map(Plaintext::expose), expected);
        };
        check("plain", None, Some("plain"));
        check(r#"{"username":"app","password":"p"}"#, Some("password"), Some("p"));
        check(r#"{"username":"app"}"#, Some("password"), None);
        check("plain", Some("password"), None);
    }

    #[test]
    fn debug_output_hides_the_value() {
        assert_eq!(format!("{:?}", Plaintext::new("p".to_owned())), "Plaintext(…)");
    }
}
