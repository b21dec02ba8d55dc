//! A web ACL as AWS tells it.

use std::marker::PhantomData;

use aws_sdk_wafv2::types::{
    ByteMatchStatement, FieldToMatch as Field, LabelMatchScope, ManagedRuleGroupStatement, RateBasedStatement,
    RateBasedStatementAggregateKeyType, Rule as RuleReply, RuleAction, Statement as StatementReply, VisibilityConfig,
    WebAcl as Reply,
};
use landfall_core::{AnyRegion, Fault, Input};

use crate::{
    aws::wire::named,
    web_acl::{
        AclScope, Action, AggregateKey, ByteMatch, DefaultAction, FieldToMatch, ManagedRuleGroup, OverrideAction, Rule,
        RuleBody, ScopedWebAcl, Statement,
    },
};

const READ: &str = "wafv2:GetWebACL";

pub(super) fn resource<S: AclScope<AnyRegion>>(
    reply: Reply,
    log_destination: Option<Input<String>>,
) -> Result<ScopedWebAcl<AnyRegion, S>, Fault> {
    let blocks = reply.default_action.is_some_and(|action| action.block.is_some());
    let mut rules = reply.rules.unwrap_or_default();
    rules.sort_by_key(|rule| rule.priority);
    let visibility = rules.iter().map(|rule| rule.visibility_config.as_ref());
    let visibility: Vec<_> = visibility.chain([reply.visibility_config.as_ref()]).flatten().cloned().collect();
    let everywhere = |on: fn(&VisibilityConfig) -> bool| visibility.iter().all(on);
    Ok(ScopedWebAcl {
        default_action: if blocks { DefaultAction::Block } else { DefaultAction::Allow },
        rules: rules.into_iter().map(rule).collect::<Result<_, _>>()?,
        description: reply.description.unwrap_or_default(),
        cloud_watch_metrics_enabled: everywhere(|config| config.cloud_watch_metrics_enabled),
        sampled_requests_enabled: everywhere(|config| config.sampled_requests_enabled),
        log_destination,
        scope: PhantomData,
    })
}

fn rule(reply: RuleReply) -> Result<Rule, Fault> {
    let mut statement_reply = reply.statement.ok_or_else(|| Fault::incomplete(READ, "Statement"))?;
    let counted = reply.override_action.is_some_and(|action| action.count.is_some());
    let body = match statement_reply.managed_rule_group_statement.take() {
        Some(group) => RuleBody::ManagedRuleGroup(managed(group, counted)?),
        None => RuleBody::Match { statement: statement(statement_reply)?, action: action(reply.action.as_ref())? },
    };
    Ok(Rule { name: reply.name, body })
}

fn action(reply: Option<&RuleAction>) -> Result<Action, Fault> {
    match reply {
        Some(RuleAction { allow: Some(_), .. }) => Ok(Action::Allow),
        Some(RuleAction { block: Some(_), .. }) => Ok(Action::Block),
        Some(RuleAction { count: Some(_), .. }) => Ok(Action::Count),
        Some(RuleAction { captcha: Some(_), .. }) => Ok(Action::Captcha),
        Some(RuleAction { challenge: Some(_), .. }) => Ok(Action::Challenge),
        _ => Err(Fault::incomplete(READ, "Action that is known")),
    }
}

fn managed(reply: ManagedRuleGroupStatement, counted: bool) -> Result<ManagedRuleGroup, Fault> {
    let overrides = reply.rule_action_overrides.unwrap_or_default();
    let overridden = |reply: aws_sdk_wafv2::types::RuleActionOverride| {
        let what = action(reply.action_to_use.as_ref())?;
        Ok((reply.name, what))
    };
    Ok(ManagedRuleGroup {
        vendor_name: reply.vendor_name,
        name: reply.name,
        version: reply.version,
        rule_action_overrides: overrides.into_iter().map(overridden).collect::<Result<_, Fault>>()?,
        scope_down: reply.scope_down_statement.map(|inner| statement(*inner)).transpose()?,
        override_action: if counted { OverrideAction::Count } else { OverrideAction::None },
    })
}

fn statement(reply: StatementReply) -> Result<Statement, Fault> {
    let all = |parts: Vec<StatementReply>| parts.into_iter().map(statement).collect::<Result<_, _>>();
    Ok(match reply {
        StatementReply { rate_based_statement: Some(reply), .. } => rate(reply)?,
        StatementReply { geo_match_statement: Some(reply), .. } => {
            let codes = reply.country_codes.unwrap_or_default();
            Statement::GeoMatch { country_codes: codes.iter().map(|code| code.as_str().to_owned()).collect() }
        }
        StatementReply { ip_set_reference_statement: Some(reply), .. } => {
            Statement::IpSetReference { arn: Input::from(reply.arn) }
        }
        StatementReply { byte_match_statement: Some(reply), .. } => byte_match(reply)?,
        StatementReply { label_match_statement: Some(reply), .. } if reply.scope == LabelMatchScope::Label => {
            Statement::LabelMatch { key: reply.key }
        }
        StatementReply { not_statement: Some(reply), .. } => {
            let inner = reply.statement.ok_or_else(|| Fault::incomplete(READ, "Statement in a NotStatement"))?;
            Statement::Not(Box::new(statement(*inner)?))
        }
        StatementReply { and_statement: Some(reply), .. } => Statement::And(all(reply.statements)?),
        StatementReply { or_statement: Some(reply), .. } => Statement::Or(all(reply.statements)?),
        other => Statement::Unmodelled(kind_of(&other).to_owned()),
    })
}

fn kind_of(reply: &StatementReply) -> &'static str {
    match reply {
        StatementReply { sqli_match_statement: Some(_), .. } => "SqliMatchStatement",
        StatementReply { xss_match_statement: Some(_), .. } => "XssMatchStatement",
        StatementReply { size_constraint_statement: Some(_), .. } => "SizeConstraintStatement",
        StatementReply { rule_group_reference_statement: Some(_), .. } => "RuleGroupReferenceStatement",
        StatementReply { regex_pattern_set_reference_statement: Some(_), .. } => "RegexPatternSetReferenceStatement",
        StatementReply { regex_match_statement: Some(_), .. } => "RegexMatchStatement",
        StatementReply { asn_match_statement: Some(_), .. } => "AsnMatchStatement",
        StatementReply { label_match_statement: Some(_), .. } => "LabelMatchStatement of a namespace",
        _ => "another statement",
    }
}

fn rate(reply: RateBasedStatement) -> Result<Statement, Fault> {
    let aggregate_key = match (reply.aggregate_key_type, reply.forwarded_ip_config) {
        (RateBasedStatementAggregateKeyType::Ip, _) => AggregateKey::Ip,
        (RateBasedStatementAggregateKeyType::ForwardedIp, Some(config)) => AggregateKey::ForwardedIp {
            header_name: config.header_name,
            fallback_behavior: named(READ, config.fallback_behavior.as_str())?,
        },
        (other, _) => return Ok(Statement::Unmodelled(format!("RateBasedStatement by {}", other.as_str()))),
    };
    // AWS tells no window where it is the usual one.
    let window = u32::try_from(reply.evaluation_window_sec).unwrap_or_default();
    Ok(Statement::RateBased {
        limit: u32::try_from(reply.limit).unwrap_or_default(),
        evaluation_window_seconds: if window == 0 { 300 } else { window },
        aggregate_key,
        scope_down: reply.scope_down_statement.map(|inner| statement(*inner)).transpose()?.map(Box::new),
    })
}

fn byte_match(reply: ByteMatchStatement) -> Result<Statement, Fault> {
    let Some(field_to_match) = reply.field_to_match.and_then(field) else {
        return Ok(Statement::Unmodelled("ByteMatchStatement of another field".to_owned()));
    };
    let mut transformations = reply.text_transformations;
    transformations.sort_by_key(|transformation| transformation.priority);
    let transformations = transformations.iter().map(|transformation| named(READ, transformation.r#type.as_str()));
    Ok(match transformations.collect::<Result<_, _>>() {
        Ok(text_transformations) => Statement::ByteMatch(ByteMatch {
            field_to_match,
            positional_constraint: named(READ, reply.positional_constraint.as_str())?,
            search_string: String::from_utf8_lossy(reply.search_string.as_ref()).into_owned(),
            text_transformations,
        }),
        Err(_) => Statement::Unmodelled("ByteMatchStatement with another transformation".to_owned()),
    })
}

fn field(reply: Field) -> Option<FieldToMatch> {
    match reply {
        Field { uri_path: Some(_), .. } => Some(FieldToMatch::UriPath),
        Field { query_string: Some(_), .. } => Some(FieldToMatch::QueryString),
        Field { method: Some(_), .. } => Some(FieldToMatch::Method),
        Field { single_header: Some(header), .. } => Some(FieldToMatch::SingleHeader(header.name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_wafv2::types::RegexMatchStatement;

    use super::*;
    use crate::{
        AwsManagedRules, CloudFront, FallbackBehavior, PositionalConstraint, TextTransformation, aws::web_acl::request,
    };

    type Acl = ScopedWebAcl<AnyRegion, CloudFront>;

    fn answer(want: &Acl) -> Reply {
        let mut rules = request::rules(want).unwrap();
        rules.reverse();
        Reply::builder()
            .name("twin")
            .id("1")
            .arn("arn:aws:wafv2:us-east-1:123456789012:global/webacl/twin/1")
            .default_action(request::default_action(want.default_action))
            .description(&want.description)
            .set_rules(Some(rules))
            .visibility_config(request::visibility(want, "twin").unwrap())
            .build()
            .unwrap()
    }

    #[test]
    fn a_web_acl_is_read_back_as_declared() {
        let header = Statement::ByteMatch(ByteMatch {
            field_to_match: FieldToMatch::SingleHeader("user-agent".to_owned()),
            positional_constraint: PositionalConstraint::Contains,
            search_string: "curl".to_owned(),
            text_transformations: vec![TextTransformation::CompressWhiteSpace, TextTransformation::Lowercase],
        });
        let common = ManagedRuleGroup::from(AwsManagedRules::Common)
            .rule("SizeRestrictions_BODY", Action::Count)
            .version("Version_1.18")
            .only_for(Statement::path_starts_with("/api/").negate());
        let viewers = Statement::RateBased {
            limit: 100,
            evaluation_window_seconds: 60,
            aggregate_key: AggregateKey::ForwardedIp {
                header_name: "X-Forwarded-For".to_owned(),
                fallback_behavior: FallbackBehavior::Match,
            },
            scope_down: Some(Box::new(Statement::path_starts_with("/login"))),
        };
        let rules = vec![
            Rule::managed(common),
            Rule::managed(ManagedRuleGroup::from(AwsManagedRules::SqlInjection).counting()),
            Rule::rate_limit("rate", 2000),
            Rule::on("login", viewers, Action::Captcha),
            Rule::block("behind", Statement::forwarded_rate(50)),
            Rule::block_countries("away", ["KP"]),
            Rule::on("office", Statement::IpSetReference { arn: Input::from("arn:ipset") }, Action::Allow),
            Rule::block("robots", Statement::Or(vec![header.clone(), Statement::And(vec![header.clone(), header])])),
            Rule::on("seen", Statement::LabelMatch { key: "awswaf:seen".to_owned() }, Action::Challenge),
        ];
        let want = Acl::builder()
            .default_action(DefaultAction::Block)
            .rules(rules)
            .description("both regions")
            .sampled_requests_enabled(false)
            .build();
        assert_eq!(resource::<CloudFront>(answer(&want), None).unwrap(), want);
        let plain = Acl::builder().build();
        assert_eq!(resource::<CloudFront>(answer(&plain), None).unwrap(), plain);
    }

    #[test]
    fn what_others_put_in_shows_instead_of_failing_the_read() {
        let mut reply = answer(&Acl::builder().rules([Rule::rate_limit("rate", 2000)]).build());
        let regex = RegexMatchStatement::builder().regex_string(".*").text_transformations(
            aws_sdk_wafv2::types::TextTransformation::builder()
                .priority(0)
                .r#type(aws_sdk_wafv2::types::TextTransformationType::None)
                .build()
                .unwrap(),
        );
        let other = StatementReply::builder().regex_match_statement(regex.build().unwrap()).build();
        reply.rules.as_mut().unwrap()[0].statement = Some(other);
        let read = resource::<CloudFront>(reply, None).unwrap();
        let expected = Rule::block("rate", Statement::Unmodelled("RegexMatchStatement".to_owned()));
        assert_eq!(read.rules, [expected]);
    }

    #[test]
    fn metrics_count_as_on_only_where_every_rule_has_them() {
        let mut reply = answer(&Acl::builder().rules(Rule::baseline()).build());
        reply.rules.as_mut().unwrap()[2].visibility_config.as_mut().unwrap().cloud_watch_metrics_enabled = false;
        assert!(!resource::<CloudFront>(reply, None).unwrap().cloud_watch_metrics_enabled);
    }
}
