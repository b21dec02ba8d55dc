//! AWS WAF web ACL: the firewall in front of a load balancer or a distribution.

mod rule;
mod statement;

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, Attribute, Input, Kind, Region, Resource, UsEast1,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

pub use rule::{Action, AwsManagedRules, ManagedRuleGroup, OverrideAction, Rule, RuleBody};
pub use statement::{
    AggregateKey, ByteMatch, FallbackBehavior, FieldToMatch, PositionalConstraint, Statement, TextTransformation,
};

use crate::walk::{entries, items, number, part, text};

/// A web ACL for load balancers and other resources of its own region.
pub type WebAcl<R> = ScopedWebAcl<R, Regional>;

/// A web ACL for distributions. It lives in `us-east-1`, as AWS demands.
pub type CloudFrontWebAcl = ScopedWebAcl<UsEast1, CloudFront>;

/// Desired settings of a web ACL: [`WebAcl`] for a region, [`CloudFrontWebAcl`] for distributions. Its name is derived
/// from the declaration.
///
/// API: <https://docs.aws.amazon.com/waf/latest/APIReference/API_CreateWebACL.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct ScopedWebAcl<R: Region, S: AclScope<R>> {
    /// What happens to requests that no rule decides; default they pass. A change updates the web ACL.
    #[builder(default)]
    pub default_action: DefaultAction,
    /// Rules, tried in this order; the first that allows or blocks decides. A change updates the web ACL.
    #[builder(default, with = |rules: impl IntoIterator<Item = Rule>| rules.into_iter().collect())]
    pub rules: Vec<Rule>,
    /// What it is for: 3 to 256 letters, digits, spaces and `_+=:#@/-,.`; default empty. A change updates the web ACL.
    #[builder(default, into)]
    pub description: String,
    /// Whether CloudWatch counts what each rule does; default true. A change updates the web ACL.
    #[builder(default = true)]
    pub cloud_watch_metrics_enabled: bool,
    /// Whether AWS keeps samples of requests that match, for three hours; default true. A change updates the web ACL.
    #[builder(default = true)]
    pub sampled_requests_enabled: bool,
    /// ARN of a log group, bucket or delivery stream, whose name starts with `aws-waf-logs-`, that gets a record of
    /// every request; default none. A change updates the web ACL.
    #[builder(into)]
    pub log_destination: Option<Input<String>>,
    #[serde(skip)]
    #[builder(skip)]
    pub(crate) scope: PhantomData<(R, S)>,
}

/// What a web ACL protects, as a type. Each implementation says in which regions such a web ACL can live.
#[diagnostic::on_unimplemented(
    message = "a web ACL of scope `{Self}` can't live in `{R}`",
    note = "web ACLs for CloudFront live in `UsEast1`; those of other regions protect load balancers there"
)]
pub trait AclScope<R: Region>: std::fmt::Debug + Clone + Copy + PartialEq + Send + Sync + 'static {
    /// AWS's name of the scope.
    const NAME: &'static str;

    /// The kind of web ACLs of this scope.
    fn kind() -> &'static Kind;
}

/// Scope of web ACLs for load balancers and other resources of a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Regional;

/// Scope of web ACLs for distributions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloudFront;

impl<R: Region> AclScope<R> for Regional {
    const NAME: &'static str = "REGIONAL";

    fn kind() -> &'static Kind {
        &REGIONAL
    }
}

impl AclScope<UsEast1> for CloudFront {
    const NAME: &'static str = "CLOUDFRONT";

    fn kind() -> &'static Kind {
        &CLOUDFRONT
    }
}

impl AclScope<AnyRegion> for CloudFront {
    const NAME: &'static str = "CLOUDFRONT";

    fn kind() -> &'static Kind {
        &CLOUDFRONT
    }
}

/// What happens to requests that no rule decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultAction {
    /// They pass.
    #[default]
    Allow,
    /// They are refused with 403.
    Block,
}

/// What AWS reports of a web ACL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebAclAttributes {
    /// The ARN.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Name, derived from the declaration; also the dimension `WebACL` of its metrics.
    pub name: String,
}

impl<R: Region, S: AclScope<R>> ScopedWebAcl<R, S> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Name, also the dimension `WebACL` of its metrics.
    pub const NAME: Attribute<Self> = Attribute::new("name");
}

impl<R: Region, S: AclScope<R>> Resource for ScopedWebAcl<R, S> {
    type At = R;

    fn kind() -> &'static Kind {
        S::kind()
    }
}

const FIELDS: &[Field] = &[
    Field::updates("default_action"),
    Field::updates("rules"),
    Field::updates("description"),
    Field::updates("cloud_watch_metrics_enabled"),
    Field::updates("sampled_requests_enabled"),
    Field::updates("log_destination"),
];

const ACTIONS: Actions = Actions {
    create: &[
        "wafv2:CreateWebACL",
        "wafv2:TagResource",
        "wafv2:ListWebACLs",
        "wafv2:GetWebACL",
        "wafv2:ListTagsForResource",
        "wafv2:PutLoggingConfiguration",
        "wafv2:GetLoggingConfiguration",
        "iam:CreateServiceLinkedRole",
        "logs:CreateLogDelivery",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "firehose:ListDeliveryStreams",
    ],
    read: &["wafv2:GetWebACL", "wafv2:ListTagsForResource", "wafv2:GetLoggingConfiguration"],
    update: &[
        "wafv2:GetWebACL",
        "wafv2:UpdateWebACL",
        "wafv2:TagResource",
        "wafv2:UntagResource",
        "wafv2:GetLoggingConfiguration",
        "wafv2:PutLoggingConfiguration",
        "wafv2:DeleteLoggingConfiguration",
        "iam:CreateServiceLinkedRole",
        "logs:CreateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
        "s3:GetBucketPolicy",
        "s3:PutBucketPolicy",
        "firehose:ListDeliveryStreams",
    ],
    delete: &["wafv2:GetWebACL", "wafv2:DeleteWebACL", "wafv2:DeleteLoggingConfiguration", "logs:DeleteLogDelivery"],
};

pub(crate) static REGIONAL: Kind = Kind {
    fields: FIELDS,
    attributes: &[
        Reported::stable(
            "id",
            "arn:aws:wafv2:{region}:{account}:regional/webacl/{name}/{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}",
        ),
        Reported::stable("arn", "{attribute.id}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: ACTIONS,
    timing: "aws_wafv2_web_acl",
    check,
    ..Kind::of::<WebAcl<AnyRegion>>("wafv2.web_acl")
};

pub(crate) static CLOUDFRONT: Kind = Kind {
    fields: FIELDS,
    attributes: &[
        Reported::stable(
            "id",
            "arn:aws:wafv2:us-east-1:{account}:global/webacl/{name}/{hex:8}-{hex:4}-4{hex:3}-a{hex:3}-{hex:12}",
        ),
        Reported::stable("arn", "{attribute.id}"),
        Reported::stable("name", "{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: ACTIONS,
    timing: "aws_wafv2_web_acl",
    check: |site| {
        let mut problems = check(site);
        if site.own.place.as_str() != "us-east-1" {
            problems.push(format!(
                "web ACLs for CloudFront live in us-east-1, not in {}: declare it there, or use `WebAcl` for a load balancer",
                site.own.place
            ));
        }
        problems
    },
    ..Kind::of::<ScopedWebAcl<AnyRegion, CloudFront>>("wafv2.cloudfront_web_acl")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut names = Vec::new();
    for rule in items(site.own.fields.get("rules")) {
        let Some(name) = text(Some(rule), &["name"]) else { continue };
        if !is_name(&name) {
            problems.push(format!("`{name}` can't name a rule: use 1 to 128 letters, digits, `-` and `_`"));
        }
        if names.contains(&name) {
            problems.push(format!("two rules are named `{name}`: rename one"));
        }
        if let Some(found) = part(Some(rule), &["match", "statement"]) {
            problems.extend(statement_problems(&name, found, true));
        }
        names.push(name);
    }
    let description = text(site.own.fields.get("description"), &[]).unwrap_or_default();
    if !description.is_empty() && !is_description(&description) {
        problems.push(
            "`description` is none that AWS takes: 3 to 256 letters, digits, `_+=:#@/-,.` and spaces inside".to_owned(),
        );
    }
    let destination = text(site.own.fields.get("log_destination"), &[]);
    if destination.is_some_and(|arn| !arn.contains("aws-waf-logs-")) {
        problems.push("`log_destination` must be named `aws-waf-logs-…`, or AWS refuses it".to_owned());
    }
    problems
}

fn is_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn is_description(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=:#@/-,. ".contains(c);
    (3..=256).contains(&text.len()) && text.chars().all(fits) && text.trim() == text
}

fn statement_problems(rule: &str, statement: &landfall_core::expr::Expr, outermost: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (kind, inner) in entries(Some(statement)) {
        match kind.as_str() {
            "rate_based" => {
                if number(Some(inner), &["limit"]).is_some_and(|limit| !(10..=2_000_000_000).contains(&limit)) {
                    problems.push(format!("the limit of rule `{rule}` is out of range: AWS takes 10 to 2000000000"));
                }
                let window = number(Some(inner), &["evaluation_window_seconds"]);
                if window.is_some_and(|window| ![60, 120, 300, 600].contains(&window)) {
                    problems.push(format!("the window of rule `{rule}` is none that AWS takes: 60, 120, 300, 600"));
                }
                if !outermost {
                    problems.push(format!("rule `{rule}` has a rate inside another statement, which AWS refuses"));
                }
                if let Some(scope) = part(Some(inner), &["scope_down"]) {
                    problems.extend(statement_problems(rule, scope, false));
                }
            }
            "not" => problems.extend(statement_problems(rule, inner, false)),
            "and" | "or" => {
                if items(Some(inner)).len() < 2 {
                    problems.push(format!("rule `{rule}` combines fewer than two statements with `{kind}`"));
                }
                problems.extend(items(Some(inner)).iter().flat_map(|part| statement_problems(rule, part, false)));
            }
            "byte_match" => {
                let header = text(Some(inner), &["field_to_match", "single_header"]);
                if header.is_some_and(|name| name.chars().any(|c| c.is_ascii_uppercase())) {
                    problems.push(format!("rule `{rule}` names a header with capitals, which AWS keeps in lower case"));
                }
            }
            "unmodelled" => problems.push(format!("rule `{rule}` has a statement that only reads produce")),
            _ => {}
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};

    use super::*;

    #[test]
    fn scopes_are_kinds_of_their_own() {
        let topology = Topology::new("twin", Environment::new("test"));
        let rules = || [Rule::managed(AwsManagedRules::Common), Rule::rate_limit("rate", 2000)];
        topology.region::<ApSouth1>().add("edge", WebAcl::builder().rules(rules()).build());
        topology.region::<UsEast1>().add("edge", CloudFrontWebAcl::builder().rules(rules()).build());
        let lowered = topology.lower().expect("both are right");
        let kinds: Vec<_> = lowered.declarations.iter().map(|declaration| declaration.kind.name).collect();
        assert_eq!(kinds, ["wafv2.web_acl", "wafv2.cloudfront_web_acl"]);
    }

    #[test]
    fn what_aws_would_refuse_is_named() {
        let check = |rules: Vec<Rule>, expected: &str| {
            let topology = Topology::new("twin", Environment::new("test"));
            topology.region::<UsEast1>().add("edge", CloudFrontWebAcl::builder().rules(rules).build());
            let problems = topology.lower().expect_err(expected).to_string();
            assert!(problems.contains(expected), "{expected}: {problems}");
        };
        check(vec![Rule::rate_limit("a b", 2000)], "`a b` can't name a rule");
        check(vec![Rule::rate_limit("a", 2000), Rule::rate_limit("a", 9)], "two rules are named `a`");
        check(vec![Rule::rate_limit("a", 9)], "the limit of rule `a` is out of range");
        let nested = Statement::Not(Box::new(Statement::rate(2000)));
        check(vec![Rule::block("a", nested)], "a rate inside another statement");
        check(vec![Rule::block("a", Statement::Or(vec![]))], "fewer than two statements");
        check(vec![Rule::block("a", Statement::Unmodelled("regex".into()))], "only reads produce");
        let agent = Statement::ByteMatch(ByteMatch {
            field_to_match: FieldToMatch::SingleHeader("User-Agent".to_owned()),
            positional_constraint: PositionalConstraint::Contains,
            search_string: "curl".to_owned(),
            text_transformations: vec![TextTransformation::None],
        });
        check(vec![Rule::block("a", agent)], "names a header with capitals");
    }

    #[test]
    fn descriptions_keep_to_what_aws_takes() {
        let check = |text: &str, expected: bool| assert_eq!(is_description(text), expected, "{text}");
        check("load balancers of India, both zones", true);
        check("edge/site: #1 @ 100.5", true);
        check("Firewall (prod)", false);
        check("India & London", false);
        check("it", false);
        check(" edge", false);
    }

    #[test]
    fn a_region_chosen_at_run_time_is_checked_with_the_topology() {
        let topology = Topology::new("twin", Environment::new("test"));
        let scope = topology.any_region("ap-south-1".parse().unwrap());
        scope.add("edge", ScopedWebAcl::<AnyRegion, CloudFront>::builder().build());
        let problems = topology.lower().expect_err("it is not us-east-1").to_string();
        assert!(problems.contains("web ACLs for CloudFront live in us-east-1, not in ap-south-1"), "{problems}");
    }
}
