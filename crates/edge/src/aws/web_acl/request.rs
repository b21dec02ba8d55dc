//! A web ACL as AWS wants it.

use aws_sdk_wafv2::types::{
    AllowAction, AndStatement, BlockAction, ByteMatchStatement, CaptchaAction, ChallengeAction, CountAction,
    CountryCode, DefaultAction as Default, FallbackBehavior, FieldToMatch as Field, ForwardedIpConfig,
    GeoMatchStatement, IpSetReferenceStatement, LabelMatchScope, LabelMatchStatement, ManagedRuleGroupStatement,
    Method, NoneAction, NotStatement, OrStatement, OverrideAction as Override, PositionalConstraint, QueryString,
    RateBasedStatement, RateBasedStatementAggregateKeyType, Rule as RuleRequest, RuleAction, RuleActionOverride,
    SingleHeader, Statement as StatementRequest, TextTransformation, TextTransformationType, UriPath, VisibilityConfig,
};
use aws_smithy_types::Blob;
use landfall_core::{AnyRegion, Fault, FaultKind};

use crate::{
    aws::wire::{built, name},
    web_acl::{
        AclScope, Action, AggregateKey, ByteMatch, DefaultAction, FieldToMatch, ManagedRuleGroup, OverrideAction, Rule,
        RuleBody, ScopedWebAcl, Statement,
    },
};

pub(super) fn default_action(want: DefaultAction) -> Default {
    match want {
        DefaultAction::Allow => Default::builder().allow(AllowAction::builder().build()).build(),
        DefaultAction::Block => Default::builder().block(BlockAction::builder().build()).build(),
    }
}

/// What CloudWatch counts, under the name of the web ACL or the rule.
pub(super) fn visibility<S: AclScope<AnyRegion>>(
    want: &ScopedWebAcl<AnyRegion, S>,
    metric_name: &str,
) -> Result<VisibilityConfig, Fault> {
    built(
        VisibilityConfig::builder()
            .sampled_requests_enabled(want.sampled_requests_enabled)
            .cloud_watch_metrics_enabled(want.cloud_watch_metrics_enabled)
            .metric_name(metric_name)
            .build(),
    )
}

/// The rules, their place in the list as their priority.
pub(super) fn rules<S: AclScope<AnyRegion>>(want: &ScopedWebAcl<AnyRegion, S>) -> Result<Vec<RuleRequest>, Fault> {
    want.rules
        .iter()
        .zip(0..)
        .map(|(wanted, priority)| rule(wanted, priority, visibility(want, &wanted.name)?))
        .collect()
}

fn rule(want: &Rule, priority: i32, visibility: VisibilityConfig) -> Result<RuleRequest, Fault> {
    let rule = RuleRequest::builder().name(&want.name).priority(priority).visibility_config(visibility);
    built(match &want.body {
        RuleBody::ManagedRuleGroup(group) => rule
            .statement(StatementRequest::builder().managed_rule_group_statement(managed(group)?).build())
            .override_action(match group.override_action {
                OverrideAction::None => Override::builder().none(NoneAction::builder().build()).build(),
                OverrideAction::Count => Override::builder().count(CountAction::builder().build()).build(),
            })
            .build(),
        RuleBody::Match { statement: wanted, action: what } => {
            rule.statement(statement(wanted)?).action(action(*what)).build()
        }
    })
}

fn action(want: Action) -> RuleAction {
    let action = RuleAction::builder();
    match want {
        Action::Allow => action.allow(AllowAction::builder().build()),
        Action::Block => action.block(BlockAction::builder().build()),
        Action::Count => action.count(CountAction::builder().build()),
        Action::Captcha => action.captcha(CaptchaAction::builder().build()),
        Action::Challenge => action.challenge(ChallengeAction::builder().build()),
    }
    .build()
}

fn managed(want: &ManagedRuleGroup) -> Result<ManagedRuleGroupStatement, Fault> {
    let overridden = |(rule, what): (&String, &Action)| {
        built(RuleActionOverride::builder().name(rule).action_to_use(action(*what)).build())
    };
    let overrides = want.rule_action_overrides.iter().map(overridden).collect::<Result<Vec<_>, _>>()?;
    let scope = want.scope_down.as_ref().map(statement).transpose()?;
    built(
        ManagedRuleGroupStatement::builder()
            .vendor_name(&want.vendor_name)
            .name(&want.name)
            .set_version(want.version.clone())
            .set_rule_action_overrides((!overrides.is_empty()).then_some(overrides))
            .set_scope_down_statement(scope.map(Box::new))
            .build(),
    )
}

pub(super) fn statement(want: &Statement) -> Result<StatementRequest, Fault> {
    let part = StatementRequest::builder();
    let all = |parts: &[Statement]| parts.iter().map(statement).collect::<Result<Vec<_>, _>>();
    Ok(match want {
        Statement::RateBased { limit, evaluation_window_seconds, aggregate_key, scope_down } => {
            part.rate_based_statement(rate(*limit, *evaluation_window_seconds, aggregate_key, scope_down.as_deref())?)
        }
        Statement::GeoMatch { country_codes } => {
            let codes = country_codes.iter().map(|code| CountryCode::from(code.as_str())).collect();
            part.geo_match_statement(GeoMatchStatement::builder().set_country_codes(Some(codes)).build())
        }
        Statement::IpSetReference { arn } => {
            part.ip_set_reference_statement(built(IpSetReferenceStatement::builder().arn(arn.value()).build())?)
        }
        Statement::ByteMatch(wanted) => part.byte_match_statement(byte_match(wanted)?),
        Statement::LabelMatch { key } => part.label_match_statement(built(
            LabelMatchStatement::builder().scope(LabelMatchScope::Label).key(key).build(),
        )?),
        Statement::Not(inner) => {
            part.not_statement(NotStatement::builder().statement(Box::new(statement(inner)?)).build())
        }
        Statement::And(parts) => {
            part.and_statement(built(AndStatement::builder().set_statements(Some(all(parts)?)).build())?)
        }
        Statement::Or(parts) => {
            part.or_statement(built(OrStatement::builder().set_statements(Some(all(parts)?)).build())?)
        }
        Statement::Unmodelled(kind) => {
            let message = format!("a statement of kind `{kind}` can't be written");
            return Err(Fault::new(FaultKind::Invalid, "wafv2:UpdateWebACL", message));
        }
    }
    .build())
}

fn rate(
    limit: u32,
    window: u32,
    key: &AggregateKey,
    scope_down: Option<&Statement>,
) -> Result<RateBasedStatement, Fault> {
    let scope = scope_down.map(statement).transpose()?.map(Box::new);
    let rate = RateBasedStatement::builder()
        .limit(i64::from(limit))
        .evaluation_window_sec(i64::from(window))
        .set_scope_down_statement(scope);
    built(match key {
        AggregateKey::Ip => rate.aggregate_key_type(RateBasedStatementAggregateKeyType::Ip).build(),
        AggregateKey::ForwardedIp { header_name, fallback_behavior } => {
            let fallback = FallbackBehavior::from(name(fallback_behavior).as_str());
            let config = ForwardedIpConfig::builder().header_name(header_name).fallback_behavior(fallback);
            rate.aggregate_key_type(RateBasedStatementAggregateKeyType::ForwardedIp)
                .forwarded_ip_config(built(config.build())?)
                .build()
        }
    })
}

fn byte_match(want: &ByteMatch) -> Result<ByteMatchStatement, Fault> {
    let field = Field::builder();
    let field = match &want.field_to_match {
        FieldToMatch::UriPath => field.uri_path(UriPath::builder().build()),
        FieldToMatch::QueryString => field.query_string(QueryString::builder().build()),
        FieldToMatch::Method => field.method(Method::builder().build()),
        FieldToMatch::SingleHeader(header) => field.single_header(built(SingleHeader::builder().name(header).build())?),
    };
    let transformation = |(wanted, priority): (&crate::web_acl::TextTransformation, i32)| {
        let kind = TextTransformationType::from(name(wanted).as_str());
        built(TextTransformation::builder().priority(priority).r#type(kind).build())
    };
    let transformations = want.text_transformations.iter().zip(0..).map(transformation);
    built(
        ByteMatchStatement::builder()
            .search_string(Blob::new(want.search_string.as_bytes()))
            .field_to_match(field.build())
            .positional_constraint(PositionalConstraint::from(name(&want.positional_constraint).as_str()))
            .set_text_transformations(Some(transformations.collect::<Result<Vec<_>, _>>()?))
            .build(),
    )
}
