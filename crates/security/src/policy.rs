//! IAM policy documents: who may do what with which resources, as a typed value.

use std::{collections::BTreeMap, fmt, str::FromStr};

use landfall_core::{Input, Value, expr::Expr, join};
use serde::{Deserialize, Deserializer, Serialize};

/// An IAM policy document, for roles, buckets, keys, queues, topics and endpoints.
///
/// Serializes to the JSON that AWS documents, always with lists where AWS also takes a single text. Two documents
/// are equal when they mean the same: the order of statements, actions, resources and principals doesn't matter.
///
/// Reference: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyDocument {
    /// Version of the policy language: `2012-10-17`.
    #[serde(rename = "Version", default = "version")]
    pub version: String,
    /// The statements; one that denies outweighs all that allow.
    #[serde(rename = "Statement", deserialize_with = "one_or_many")]
    pub statements: Vec<Statement>,
}

/// One statement of a policy: an effect on principals, actions and resources, under conditions.
///
/// Made by [`allow`](Self::allow), [`deny`](Self::deny) or [`trust`](Self::trust) and the methods that follow.
/// Texts are [`Input`]s wherever an ARN of a declared resource may stand.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Statement {
    /// Name of the statement, letters and digits; unique in its document.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "filled")]
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// Whom it concerns; none in a policy of a role, because that is about the role.
    #[serde(rename = "Principal", default, skip_serializing_if = "Principals::is_empty")]
    pub principals: Principals,
    /// Everyone but these; instead of `principals`.
    #[serde(rename = "NotPrincipal", default, skip_serializing_if = "Principals::is_empty")]
    pub not_principals: Principals,
    /// The actions: `s3:GetObject`, with `*` and `?` as wildcards.
    #[serde(rename = "Action", default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub actions: Vec<Input<String>>,
    /// Every action but these; instead of `actions`.
    #[serde(rename = "NotAction", default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub not_actions: Vec<Input<String>>,
    /// ARNs of the resources, with `*` and `?` as wildcards; none in a trust policy.
    #[serde(rename = "Resource", default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub resources: Vec<Input<String>>,
    /// Every resource but these; instead of `resources`.
    #[serde(rename = "NotResource", default, skip_serializing_if = "Vec::is_empty", deserialize_with = "one_or_many")]
    pub not_resources: Vec<Input<String>>,
    /// Values by operator and key: `StringEquals`, `aws:SourceAccount`, account ids. All have to hold.
    #[serde(rename = "Condition", default, skip_serializing_if = "BTreeMap::is_empty", with = "conditions")]
    pub conditions: Conditions,
}

/// Condition values by operator and by key.
pub type Conditions = BTreeMap<String, BTreeMap<String, Vec<Input<String>>>>;

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Effect {
    /// It allows what no other statement denies.
    Allow,
    /// It denies, whatever others allow.
    Deny,
}

/// Whom a statement concerns.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Principals(pub BTreeMap<PrincipalType, Vec<Input<String>>>);

/// What kind of caller a principal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum PrincipalType {
    /// Accounts, roles and users by ARN; `*` for everyone.
    #[serde(rename = "AWS")]
    Aws,
    /// AWS services: `ec2.amazonaws.com`.
    Service,
    /// Identity providers, by ARN or domain.
    Federated,
    /// Canonical user ids of Amazon S3.
    CanonicalUser,
}

/// A text that is no policy document.
#[derive(Debug, thiserror::Error)]
#[error("not an IAM policy document")]
pub struct InvalidPolicy(#[from] serde_json::Error);

/// What a policy is attached to, which decides what its statements must and must not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyUse {
    /// To a role: its statements name resources and no principals.
    Identity,
    /// As the trust policy of a role: its statements name principals and no resources.
    Trust,
    /// To a resource: its statements name principals and resources.
    Resource,
}

fn version() -> String {
    "2012-10-17".to_owned()
}

impl PolicyDocument {
    /// A document of these statements.
    pub fn new(statements: impl IntoIterator<Item = Statement>) -> Self {
        Self { version: version(), statements: statements.into_iter().collect() }
    }

    /// The trust policy by which a service takes on a role: `ec2.amazonaws.com`.
    pub fn trust(service: &str) -> Self {
        Self::new([Statement::trust(service)])
    }

    /// Adds a statement.
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// The document as AWS's APIs take it.
    ///
    /// Meant for providers, whose documents are resolved. While declaring, `landfall_core::json(&document)` is the
    /// same text as an input.
    ///
    /// # Panics
    /// Never: strings, lists and maps always serialize to JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("strings, lists and maps serialize to JSON")
    }

    /// The meaning of the document: its JSON with every list sorted and without repetitions.
    fn meaning(&self) -> Value {
        sorted(serde_json::to_value(self).expect("strings, lists and maps serialize to JSON"))
    }

    /// What is wrong with a declared document for its use, as fragments for a kind's check; values that are unknown
    /// yet are passed over.
    pub fn problems(field: &str, document: &Expr, used: PolicyUse) -> Vec<String> {
        let Expr::Map(document) = document else { return Vec::new() };
        let Some(Expr::List(statements)) = document.get("Statement") else { return Vec::new() };
        let mut found = Vec::new();
        if statements.is_empty() {
            found.push(format!("`{field}` has no statements: add one, or leave the policy out"));
        }
        for (position, statement) in statements.iter().enumerate() {
            let Expr::Map(statement) = statement else { continue };
            let sid = statement.get("Sid").and_then(Expr::known);
            let name = sid.as_ref().and_then(Value::as_str).map_or_else(|| position.to_string(), str::to_owned);
            let has =
                |element: &str| statement.contains_key(element) || statement.contains_key(&format!("Not{element}"));
            let mut say = |what: &str| found.push(format!("`{field}`: statement {name} {what}"));
            if !has("Action") {
                say("has no actions: name those it is about");
            }
            let (principals, resources) = match used {
                PolicyUse::Identity => (false, true),
                PolicyUse::Trust => (true, false),
                PolicyUse::Resource => (true, true),
            };
            match (has("Principal"), principals) {
                (true, false) => say("names principals, but is about the role itself: remove them"),
                (false, true) => say("has no principals: name who it is about"),
                _ => {}
            }
            match (has("Resource"), resources) {
                (true, false) => say("names resources, but is about the role itself: remove them"),
                (false, true) => say("has no resources: name their ARNs"),
                _ => {}
            }
        }
        found
    }
}

impl PartialEq for PolicyDocument {
    fn eq(&self, other: &Self) -> bool {
        self.meaning() == other.meaning()
    }
}

impl FromIterator<Statement> for PolicyDocument {
    fn from_iter<I: IntoIterator<Item = Statement>>(statements: I) -> Self {
        Self::new(statements)
    }
}

impl FromStr for PolicyDocument {
    type Err = InvalidPolicy;

    fn from_str(text: &str) -> Result<Self, InvalidPolicy> {
        Ok(serde_json::from_str(text)?)
    }
}

impl fmt::Display for PolicyDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.into_iter().map(sorted).collect();
            items.sort_by_cached_key(Value::to_string);
            items.dedup();
            Value::Array(items)
        }
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, sorted(value))).collect()),
        scalar => scalar,
    }
}

impl Statement {
    fn new(effect: Effect) -> Self {
        Self {
            sid: None,
            effect,
            principals: Principals::default(),
            not_principals: Principals::default(),
            actions: Vec::new(),
            not_actions: Vec::new(),
            resources: Vec::new(),
            not_resources: Vec::new(),
            conditions: Conditions::new(),
        }
    }

    /// A statement that allows.
    pub fn allow() -> Self {
        Self::new(Effect::Allow)
    }

    /// A statement that denies.
    pub fn deny() -> Self {
        Self::new(Effect::Deny)
    }

    /// The statement of a trust policy by which a service takes on the role. Bind it to the own account with
    /// [`source_account`](Self::source_account) where the service acts for several.
    pub fn trust(service: &str) -> Self {
        Self::allow().service(service).action("sts:AssumeRole")
    }

    /// Denies `actions` on `resources` to everyone who doesn't come over TLS, as buckets, queues and topics need it.
    pub fn tls_only(actions: &str, resources: impl IntoIterator<Item = impl Into<Input<String>>>) -> Self {
        let statement = Self::deny().sid("TlsOnly").everyone().action(actions).resources(resources);
        statement.condition("Bool", "aws:SecureTransport", "false")
    }

    /// Names the statement.
    #[must_use]
    pub fn sid(mut self, sid: impl Into<String>) -> Self {
        self.sid = Some(sid.into());
        self
    }

    /// Adds a principal.
    #[must_use]
    pub fn principal(mut self, of: PrincipalType, principal: impl Into<Input<String>>) -> Self {
        self.principals.0.entry(of).or_default().push(principal.into());
        self
    }

    /// Adds an AWS service: `delivery.logs.amazonaws.com`.
    #[must_use]
    pub fn service(self, service: impl Into<Input<String>>) -> Self {
        self.principal(PrincipalType::Service, service)
    }

    /// Adds an account, role or user by ARN; for an account id see [`account`](Self::account).
    #[must_use]
    pub fn aws(self, arn: impl Into<Input<String>>) -> Self {
        self.principal(PrincipalType::Aws, arn)
    }

    /// Adds an account by its 12 digits: everyone whom the account itself permits.
    #[must_use]
    pub fn account(self, account_id: impl Into<Input<String>>) -> Self {
        let account_id = account_id.into();
        match account_id.known() {
            Some(id) => self.aws(format!("arn:aws:iam::{id}:root")),
            None => self.aws(join!["arn:aws:iam::", account_id, ":root"]),
        }
    }

    /// Concerns everyone; meant for denials, and for what conditions narrow down.
    #[must_use]
    pub fn everyone(self) -> Self {
        self.aws("*")
    }

    /// Adds an identity provider.
    #[must_use]
    pub fn federated(self, provider: impl Into<Input<String>>) -> Self {
        self.principal(PrincipalType::Federated, provider)
    }

    /// Concerns everyone but this principal.
    #[must_use]
    pub fn not_principal(mut self, of: PrincipalType, principal: impl Into<Input<String>>) -> Self {
        self.not_principals.0.entry(of).or_default().push(principal.into());
        self
    }

    /// Adds an action.
    #[must_use]
    pub fn action(self, action: impl Into<Input<String>>) -> Self {
        self.actions([action])
    }

    /// Adds actions.
    #[must_use]
    pub fn actions(mut self, actions: impl IntoIterator<Item = impl Into<Input<String>>>) -> Self {
        self.actions.extend(actions.into_iter().map(Into::into));
        self
    }

    /// Concerns every action but these.
    #[must_use]
    pub fn not_actions(mut self, actions: impl IntoIterator<Item = impl Into<Input<String>>>) -> Self {
        self.not_actions.extend(actions.into_iter().map(Into::into));
        self
    }

    /// Adds a resource, by ARN.
    #[must_use]
    pub fn resource(self, arn: impl Into<Input<String>>) -> Self {
        self.resources([arn])
    }

    /// Adds resources, by ARN.
    #[must_use]
    pub fn resources(mut self, arns: impl IntoIterator<Item = impl Into<Input<String>>>) -> Self {
        self.resources.extend(arns.into_iter().map(Into::into));
        self
    }

    /// Concerns every resource but these.
    #[must_use]
    pub fn not_resources(mut self, arns: impl IntoIterator<Item = impl Into<Input<String>>>) -> Self {
        self.not_resources.extend(arns.into_iter().map(Into::into));
        self
    }

    /// Adds a value that a key may have: `("ArnLike", "aws:SourceArn", arn)`. Values of one key are alternatives.
    #[must_use]
    pub fn condition(
        mut self,
        operator: impl Into<String>,
        key: impl Into<String>,
        value: impl Into<Input<String>>,
    ) -> Self {
        let keys = self.conditions.entry(operator.into()).or_default();
        keys.entry(key.into()).or_default().push(value.into());
        self
    }

    /// Holds only for what a service does on behalf of this account: the guard against the confused deputy.
    #[must_use]
    pub fn source_account(self, account_id: impl Into<Input<String>>) -> Self {
        self.condition("StringEquals", "aws:SourceAccount", account_id)
    }

    /// Holds only for what a service does on behalf of resources with such an ARN; `*` and `?` are wildcards.
    #[must_use]
    pub fn source_arn(self, arn: impl Into<Input<String>>) -> Self {
        self.condition("ArnLike", "aws:SourceArn", arn)
    }
}

impl PartialEq for Statement {
    fn eq(&self, other: &Self) -> bool {
        PolicyDocument::new([self.clone()]) == PolicyDocument::new([other.clone()])
    }
}

impl Principals {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Principals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Everyone(String),
            Some(BTreeMap<PrincipalType, OneOrMany<String>>),
        }
        let by_type = match Form::deserialize(deserializer)? {
            Form::Everyone(star) => BTreeMap::from([(PrincipalType::Aws, vec![star])]),
            Form::Some(by_type) => by_type.into_iter().map(|(of, list)| (of, list.into_vec())).collect(),
        };
        let input = |of: PrincipalType, text: String| match of {
            PrincipalType::Aws if is_account(&text) => Input::from(format!("arn:aws:iam::{text}:root")),
            _ => Input::from(text),
        };
        Ok(Self(
            by_type
                .into_iter()
                .map(|(of, list)| (of, list.into_iter().map(|text| input(of, text)).collect()))
                .collect(),
        ))
    }
}

/// Whether a principal is written as an account's number, for which AWS answers its root ARN.
fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

fn one_or_many<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    OneOrMany::deserialize(deserializer).map(OneOrMany::into_vec)
}

/// AWS answers an empty text for a statement without a name here and there.
fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|sid| sid.filter(|sid| !sid.is_empty()))
}

/// Conditions hold texts; documents written elsewhere also have booleans and numbers there, which mean the same.
mod conditions {
    use super::{BTreeMap, Conditions, Deserialize, Deserializer, Input, OneOrMany, Serialize};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Scalar {
        Text(String),
        Bool(bool),
        Number(serde_json::Number),
    }

    impl From<Scalar> for Input<String> {
        fn from(scalar: Scalar) -> Self {
            match scalar {
                Scalar::Text(text) => Self::from(text),
                Scalar::Bool(on) => Self::from(on.to_string()),
                Scalar::Number(number) => Self::from(number.to_string()),
            }
        }
    }

    pub(super) fn serialize<S: serde::Serializer>(conditions: &Conditions, serializer: S) -> Result<S::Ok, S::Error> {
        conditions.serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Conditions, D::Error> {
        let read = BTreeMap::<String, BTreeMap<String, OneOrMany<Scalar>>>::deserialize(deserializer)?;
        let values = |list: OneOrMany<Scalar>| list.into_vec().into_iter().map(Input::from).collect();
        Ok(read
            .into_iter()
            .map(|(operator, keys)| (operator, keys.into_iter().map(|(key, list)| (key, values(list))).collect()))
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> PolicyDocument {
        value.to_string().parse().expect("a policy")
    }

    #[test]
    fn a_document_serializes_as_aws_documents_it() {
        let document = PolicyDocument::new([
            Statement::trust("ec2.amazonaws.com").source_account("111122223333"),
            Statement::deny()
                .sid("NoPlain")
                .everyone()
                .actions(["s3:*"])
                .resources(["arn:aws:s3:::a", "arn:aws:s3:::a/*"]),
        ]);
        let expected = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": ["sts:AssumeRole"],
             "Condition": {"StringEquals": {"aws:SourceAccount": ["111122223333"]}}},
            {"Sid": "NoPlain", "Effect": "Deny", "Principal": {"AWS": ["*"]}, "Action": ["s3:*"],
             "Resource": ["arn:aws:s3:::a", "arn:aws:s3:::a/*"]},
        ]});
        assert_eq!(serde_json::from_str::<Value>(&document.to_json()).unwrap(), expected);
    }

    #[test]
    fn equality_is_about_meaning() {
        let same = |a: Value, b: Value| assert_eq!(read(&a), read(&b));
        let statement = |element: &str, value: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"});
            statement[element] = value;
            json!({"Statement": statement, "Version": "2012-10-17"})
        };
        same(statement("Action", json!("a:B")), statement("Action", json!(["a:B"])));
        same(statement("Action", json!(["a:B", "a:C"])), statement("Action", json!(["a:C", "a:B", "a:B"])));
        same(statement("Principal", json!("*")), statement("Principal", json!({"AWS": "*"})));
        same(
            statement("Principal", json!({"AWS": "111122223333"})),
            statement("Principal", json!({"AWS": ["arn:aws:iam::111122223333:root"]})),
        );
        same(
            statement("Condition", json!({"Bool": {"aws:SecureTransport": false}})),
            statement("Condition", json!({"Bool": {"aws:SecureTransport": ["false"]}})),
        );
        same(statement("Sid", json!("")), statement("Effect", json!("Allow")));
        assert_ne!(read(&statement("Action", json!("a:B"))), read(&statement("Action", json!("a:C"))));
        assert_ne!(read(&statement("NotAction", json!("a:B"))), read(&statement("Effect", json!("Allow"))));
        assert_ne!(read(&statement("Effect", json!("Deny"))), read(&statement("Effect", json!("Allow"))));
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "[]", r#"{"Statement": [{"Action": "a:B"}]}"#, r#"{"Statement": [{"Effect": "Maybe"}]}"#] {
            assert!(text.parse::<PolicyDocument>().is_err(), "{text}");
        }
    }

    #[test]
    fn statements_fit_what_they_are_attached_to() {
        let check = |statement: Statement, used: PolicyUse, expected: &[&str]| {
            let document = serde_json::to_value(PolicyDocument::new([statement])).unwrap();
            assert_eq!(PolicyDocument::problems("policy", &Expr::from(document), used), expected);
        };
        check(Statement::trust("ec2.amazonaws.com"), PolicyUse::Trust, &[]);
        check(Statement::allow().action("a:B").resource("*"), PolicyUse::Identity, &[]);
        check(Statement::deny().everyone().action("a:B").resource("*"), PolicyUse::Resource, &[]);
        check(
            Statement::trust("ec2.amazonaws.com").sid("X"),
            PolicyUse::Identity,
            &[
                "`policy`: statement X names principals, but is about the role itself: remove them",
                "`policy`: statement X has no resources: name their ARNs",
            ],
        );
        check(
            Statement::allow().resource("*"),
            PolicyUse::Trust,
            &[
                "`policy`: statement 0 has no actions: name those it is about",
                "`policy`: statement 0 has no principals: name who it is about",
                "`policy`: statement 0 names resources, but is about the role itself: remove them",
            ],
        );
    }

    fn texts() -> impl Strategy<Value = Vec<String>> {
        proptest::collection::vec("[a-z]{1,4}:[A-Z][a-z]{1,4}", 1..4)
    }

    prop_compose! {
        fn statements()(actions in texts(), resources in texts(), services in texts(), value in "[a-z]{1,5}", deny: bool)
            -> Statement {
            let statement = if deny { Statement::deny() } else { Statement::allow() };
            let statement = services.into_iter().fold(statement, Statement::service);
            statement.actions(actions).resources(resources).condition("StringEquals", "aws:PrincipalTag/team", value)
        }
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(all in proptest::collection::vec(statements(), 1..4)) {
            let document = PolicyDocument::new(all);
            let parsed: PolicyDocument = document.to_json().parse().unwrap();
            prop_assert_eq!(parsed.to_json(), document.to_json());
        }

        #[test]
        fn order_does_not_matter(all in proptest::collection::vec(statements(), 1..4)) {
            let document = PolicyDocument::new(all.clone());
            let mut reversed = PolicyDocument::new(all.into_iter().rev());
            for statement in &mut reversed.statements {
                statement.actions.reverse();
                statement.resources.reverse();
            }
            prop_assert_eq!(document, reversed);
        }
    }
}
