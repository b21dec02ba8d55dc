//! Listener rule: what a listener does with the requests that fit its conditions.

use std::collections::BTreeSet;

use ipnet::IpNet;
use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource, Value,
    check::Site,
    expr::Expr,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use landfall_security::SecretValue;
use serde::{Deserialize, Serialize};

use crate::{
    action::{self, Action},
    check::{items, number, part},
    listener::Listener,
};

/// Desired settings of a rule of a listener.
///
/// API: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct ListenerRule<R: Region> {
    /// The listener. A change replaces the rule.
    #[builder(into)]
    pub listener: Ref<Listener<R>>,
    /// Place among the listener's rules, lowest first, 1 to 50000, each once. A change updates the rule; two
    /// rules can't swap theirs in one run.
    pub priority: u16,
    /// What a request must fit, all of it; at most five values in all. A change updates the rule.
    #[builder(with = FromIterator::from_iter)]
    pub conditions: Vec<Condition>,
    /// What happens to such requests. A change updates the rule.
    #[builder(into)]
    pub action: Action<R>,
}

/// Header in which the secret travels by which a load balancer knows requests that came through CloudFront.
pub const ORIGIN_SECRET_HEADER: &str = "x-origin-verify";

/// What a request must fit: one of the values.
///
/// `*` stands for any characters and `?` for one in paths, hosts, header values and query strings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// Path, without query; upper and lower case differ: `/api/*`.
    PathPattern(BTreeSet<String>),
    /// Host name: `*.example.com`.
    HostHeader(BTreeSet<String>),
    /// A header that anybody may know.
    HttpHeader(HttpHeader),
    /// A header whose value is a secret between this load balancer and those who may reach it.
    SecretHeader(SecretHeader),
    /// Parts of the query string.
    QueryString(BTreeSet<QueryPair>),
    /// Method, in upper case: `GET`.
    HttpRequestMethod(BTreeSet<String>),
    /// Address that the connection comes from; behind CloudFront that is CloudFront's.
    SourceIp(BTreeSet<IpNet>),
}

/// A header and the values that fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpHeader {
    /// Name of the header, upper and lower case alike; not `Host`.
    pub name: String,
    /// Values that fit.
    pub values: BTreeSet<String>,
}

/// A header whose value is a secret: how a load balancer knows that a request came through CloudFront and its
/// firewall.
///
/// The value is read from Secrets Manager whenever the rule is written, and is never part of a plan or a state. The
/// value before the last rotation fits too, so that senders have time to learn the new one. What the rule holds is
/// compared by a digest that its tags keep, so that a value changed by hand shows as drift.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecretHeader {
    /// Name of the header.
    pub name: String,
    /// The secret, in any region: at most 128 characters, without `*` and `?`.
    pub value: SecretValue<AnyRegion>,
}

/// A part of a query string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct QueryPair {
    /// Key; `None` fits any.
    pub key: Option<String>,
    /// Value.
    pub value: String,
}

impl Condition {
    /// Paths: `Condition::paths(["/api/*"])`.
    pub fn paths(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::PathPattern(texts(patterns))
    }

    /// Host names: `Condition::hosts(["api.example.com"])`.
    pub fn hosts(patterns: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::HostHeader(texts(patterns))
    }

    /// Methods: `Condition::methods(["GET", "HEAD"])`.
    pub fn methods(methods: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::HttpRequestMethod(texts(methods))
    }

    /// A header with one of some values.
    pub fn header(name: impl Into<String>, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::HttpHeader(HttpHeader { name: name.into(), values: texts(values) })
    }

    /// A header whose value is that of a secret: `Condition::secret_header(ORIGIN_SECRET_HEADER, secret)`.
    pub fn secret_header<R: Region>(name: impl Into<String>, value: impl Into<SecretValue<R>>) -> Self {
        Self::SecretHeader(SecretHeader { name: name.into(), value: value.into().any_region() })
    }

    /// Parts of the query string, key and value: `Condition::query([("version", "2")])`.
    pub fn query(pairs: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>) -> Self {
        let pair = |(key, value): (_, _)| QueryPair { key: Some(Into::into(key)), value: Into::into(value) };
        Self::QueryString(pairs.into_iter().map(pair).collect())
    }

    /// Addresses that the connection comes from.
    pub fn source_ips(ranges: impl IntoIterator<Item = IpNet>) -> Self {
        Self::SourceIp(ranges.into_iter().collect())
    }
}

fn texts(texts: impl IntoIterator<Item = impl Into<String>>) -> BTreeSet<String> {
    texts.into_iter().map(Into::into).collect()
}

/// What AWS reports of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerRuleAttributes {
    /// Its ARN, by which the API names it.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> ListenerRule<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for ListenerRule<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("listener"),
        Field::updates("priority"),
        Field::updates("conditions").set().reach(Reach::Anywhere),
        Field::updates("action"),
    ],
    attributes: &[
        Reported::stable(
            "id",
            "arn:aws:elasticloadbalancing:{region}:{account}:listener-rule/app/{name:32}/{hex:16}/{hex:16}/{hex:16}",
        ),
        Reported::stable("arn", "{attribute.id}"),
    ],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["listener", "priority"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:AddTags",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
        ],
        read: &["elasticloadbalancing:DescribeRules", "elasticloadbalancing:DescribeTags"],
        update: &[
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:SetRulePriorities",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:RemoveTags",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
        ],
        delete: &["elasticloadbalancing:DeleteRule"],
    },
    timing: "aws_lb_listener_rule",
    check,
    ..Kind::of::<ListenerRule<AnyRegion>>("elasticloadbalancing.listener_rule")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = action::problems("action", site.own.fields.get("action"));
    if number(site, "priority").is_some_and(|priority| !(1..=50_000).contains(&priority)) {
        problems.push("`priority` is outside 1 to 50000".to_owned());
    }
    if let Some(conditions) = items(site.own.fields.get("conditions"), &[]) {
        problems.extend(condition_problems(conditions));
    }
    for secret in site.targets("conditions") {
        let how = |name: &str| part(secret.fields.get("generate_secret_string"), &[name]);
        let excluded = how("exclude_characters").and_then(|characters| Some(characters.as_str()?.to_owned()));
        let safe = how("exclude_punctuation") == Some(true.into())
            || excluded.is_none_or(|excluded| excluded.contains('*') && excluded.contains('?'));
        if !safe && secret.kind.name == "secretsmanager.secret" {
            problems.push(format!(
                "`conditions` takes a header from {}, which may hold `*` and `?`; generate it with `exclude_punctuation`",
                secret.address
            ));
        }
    }
    problems
}

fn condition_problems(conditions: &[Expr]) -> Vec<String> {
    let mut problems = Vec::new();
    if conditions.is_empty() {
        problems.push("`conditions` is empty; what fits every request is the listener's default action".to_owned());
    }
    let values: usize = conditions.iter().map(value_count).sum();
    if values > 5 {
        problems.push(format!("`conditions` has {values} values; AWS takes five per rule; make two rules of it"));
    }
    for once in ["path_pattern", "host_header", "http_request_method", "source_ip", "secret_header"] {
        if conditions.iter().filter(|condition| has(condition, once)).count() > 1 {
            problems.push(format!("`conditions` has `{once}` twice; put all values into one"));
        }
    }
    for condition in conditions {
        let texts = [&["path_pattern"][..], &["host_header"], &["http_header", "values"]];
        for text in texts.iter().filter_map(|path| part(Some(condition), path)).flat_map(strings) {
            if text.is_empty() || text.len() > 128 {
                problems.push(format!("`conditions` has the value `{text}`; use 1 to 128 characters"));
            }
        }
        for name in [&["http_header", "name"], &["secret_header", "name"]] {
            let name = part(Some(condition), name);
            let name = name.as_ref().and_then(Value::as_str);
            if name.is_some_and(|name| name.is_empty() || name.len() > 40 || name.eq_ignore_ascii_case("host")) {
                problems
                    .push("`conditions` names no header; use 1 to 40 characters, and `hosts` for `Host`".to_owned());
            }
        }
    }
    problems
}

fn has(condition: &Expr, variant: &str) -> bool {
    matches!(condition, Expr::Map(fields) if fields.contains_key(variant))
}

fn value_count(condition: &Expr) -> usize {
    let Expr::Map(fields) = condition else { return 0 };
    fields.iter().fold(0, |count, (variant, value)| {
        count
            + match variant.as_str() {
                "http_header" => items(Some(value), &["values"]).map_or(1, <[Expr]>::len),
                // The value before the last rotation passes too.
                "secret_header" => 2,
                _ => items(Some(value), &[]).map_or(1, <[Expr]>::len),
            }
    })
}

fn strings(value: Value) -> Vec<String> {
    serde_json::from_value(value).unwrap_or_default()
}
