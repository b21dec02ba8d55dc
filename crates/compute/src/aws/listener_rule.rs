//! Listener rules on Elastic Load Balancing.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_elasticloadbalancingv2::{
    Client,
    types::{
        HostHeaderConditionConfig, HttpHeaderConditionConfig, HttpRequestMethodConditionConfig,
        PathPatternConditionConfig, QueryStringConditionConfig, QueryStringKeyValuePair, Rule as Reply, RuleCondition,
        RulePriorityPair, SourceIpConditionConfig,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::{Elb, SecretsManager, action, elb, passing::passing, secret_header};
use crate::listener_rule::{Condition, HttpHeader, ListenerRule, ListenerRuleAttributes, QueryPair};

pub(super) struct Provider {
    pub(super) elb: Elb,
    pub(super) secrets: SecretsManager,
}

type LiveRule = Live<ListenerRule<AnyRegion>, ListenerRuleAttributes>;

const DESCRIBE: &str = "elasticloadbalancing:DescribeRules";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ListenerRule<AnyRegion>;
    type Attributes = ListenerRuleAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveRule>, Fault> {
        let client = self.elb.of(cx);
        let reply = found(DESCRIBE, client.describe_rules().rule_arns(id).send().await)?;
        match reply.and_then(|reply| reply.rules.unwrap_or_default().into_iter().next()) {
            Some(reply) => live(&client, cx, reply).await,
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, want: &ListenerRule<AnyRegion>) -> Result<Option<LiveRule>, Fault> {
        let client = self.elb.of(cx);
        let mut pages = client.describe_rules().listener_arn(want.listener.id()).into_paginator().send();
        while let Some(page) = pages.next().await {
            let Some(page) = found(DESCRIBE, page)? else { return Ok(None) };
            let here = |reply: &Reply| reply.priority() == Some(want.priority.to_string().as_str());
            if let Some(reply) = page.rules.unwrap_or_default().into_iter().find(here) {
                return Ok(live(&client, cx, reply).await?.filter(|found| cx.owns(&found.tags)));
            }
        }
        Ok(None)
    }

    async fn create(&self, cx: &Context, want: &ListenerRule<AnyRegion>) -> Result<ListenerRuleAttributes, Fault> {
        let client = self.elb.of(cx);
        let (conditions, secret_tags) = self.conditions(cx, want).await?;
        let mut tags = cx.all_tags();
        tags.extend(secret_tags);
        let reply = client
            .create_rule()
            .listener_arn(want.listener.id())
            .priority(i32::from(want.priority))
            .set_conditions(Some(conditions))
            .actions(action::to_wire(&want.action))
            .set_tags(Some(elb::to_tags(tags)))
            .send()
            .await
            .map_err(fault("elasticloadbalancing:CreateRule"))
            .map_err(passing(PRIORITY_MOVES))?;
        let reply = reply.rules.unwrap_or_default().into_iter().next();
        attributes(&reply.ok_or_else(|| Fault::incomplete("elasticloadbalancing:CreateRule", "rule"))?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &ListenerRule<AnyRegion>,
        have: &LiveRule,
    ) -> Result<ListenerRuleAttributes, Fault> {
        let client = self.elb.of(cx);
        let (arn, now) = (&have.attributes.arn, &have.resource);
        if want.priority != now.priority {
            let pair = RulePriorityPair::builder().rule_arn(arn).priority(i32::from(want.priority)).build();
            let reply = client.set_rule_priorities().rule_priorities(pair).send().await;
            let reply = reply.map_err(fault("elasticloadbalancing:SetRulePriorities"));
            reply.map_err(passing(PRIORITY_MOVES))?;
        }
        if !same(&want.conditions, &now.conditions) {
            let (conditions, secret_tags) = self.conditions(cx, want).await?;
            // The tags go first, with the old name beside the new: whatever a stop in between leaves behind is read
            // back as a secret header that changed, never as one that anybody may know.
            let old = now.conditions.iter().find_map(secret_header::of);
            let both = old.map_or_else(|| secret_tags.clone(), |old| secret_header::naming_also(&secret_tags, old));
            elb::add_tags(&client, arn, both.clone()).await?;
            let call = client.modify_rule().rule_arn(arn).set_conditions(Some(conditions));
            call.send().await.map_err(fault("elasticloadbalancing:ModifyRule"))?;
            if both != secret_tags && !secret_tags.is_empty() {
                elb::add_tags(&client, arn, secret_tags.clone()).await?;
            }
            let stale = have.tags.keys().filter(|key| secret_header::is_tag(key) && !secret_tags.contains_key(*key));
            elb::remove_tags(&client, arn, stale.cloned().collect()).await?;
        }
        if want.action != now.action {
            let call = client.modify_rule().rule_arn(arn).actions(action::to_wire(&want.action));
            call.send().await.map_err(fault("elasticloadbalancing:ModifyRule"))?;
        }
        elb::update_tags(&client, cx, arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveRule) -> Result<(), Fault> {
        let reply = self.elb.of(cx).delete_rule().rule_arn(&have.attributes.arn).send().await;
        absent_is_done("elasticloadbalancing:DeleteRule", reply)
    }
}

impl Provider {
    /// The conditions with the values of secrets filled in, and the tags by which they are known again.
    async fn conditions(
        &self,
        cx: &Context,
        want: &ListenerRule<AnyRegion>,
    ) -> Result<(Vec<RuleCondition>, Tags), Fault> {
        let mut conditions = Vec::new();
        let mut tags = Tags::new();
        for condition in &want.conditions {
            if let Condition::SecretHeader(header) = condition {
                let values = secret_header::values(&self.secrets, cx, &header.value).await?;
                tags = secret_header::tags(cx, header, &values);
                conditions.push(header_to_wire(&header.name, values));
            } else {
                conditions.extend(to_wire(condition));
            }
        }
        Ok((conditions, tags))
    }
}

/// Another rule that is about to move or to go may still have the priority.
const PRIORITY_MOVES: &[&str] = &["PriorityInUse"];

fn same(a: &[Condition], b: &[Condition]) -> bool {
    a.len() == b.len() && a.iter().all(|condition| b.contains(condition))
}

/// A condition as a request holds it; `None` for a secret header, whose value is not in the condition.
fn to_wire(condition: &Condition) -> Option<RuleCondition> {
    let list = |texts: &BTreeSet<String>| Some(texts.iter().cloned().collect());
    let wire = RuleCondition::builder();
    Some(match condition {
        Condition::PathPattern(patterns) => {
            let config = PathPatternConditionConfig::builder().set_values(list(patterns)).build();
            wire.field("path-pattern").path_pattern_config(config).build()
        }
        Condition::HostHeader(patterns) => {
            let config = HostHeaderConditionConfig::builder().set_values(list(patterns)).build();
            wire.field("host-header").host_header_config(config).build()
        }
        Condition::HttpHeader(header) => header_to_wire(&header.name, header.values.iter().cloned().collect()),
        Condition::SecretHeader(_) => return None,
        Condition::QueryString(pairs) => {
            let pairs = pairs
                .iter()
                .map(|pair| QueryStringKeyValuePair::builder().set_key(pair.key.clone()).value(&pair.value).build());
            let config = QueryStringConditionConfig::builder().set_values(Some(pairs.collect())).build();
            wire.field("query-string").query_string_config(config).build()
        }
        Condition::HttpRequestMethod(methods) => {
            let config = HttpRequestMethodConditionConfig::builder().set_values(list(methods)).build();
            wire.field("http-request-method").http_request_method_config(config).build()
        }
        Condition::SourceIp(ranges) => {
            let ranges = ranges.iter().map(ToString::to_string).collect();
            let config = SourceIpConditionConfig::builder().set_values(Some(ranges)).build();
            wire.field("source-ip").source_ip_config(config).build()
        }
    })
}

fn header_to_wire(name: &str, values: Vec<String>) -> RuleCondition {
    let config = HttpHeaderConditionConfig::builder().http_header_name(name).set_values(Some(values)).build();
    RuleCondition::builder().field("http-header").http_header_config(config).build()
}

/// The condition that an answer holds.
///
/// # Errors
/// When it is none that this layer declares: somebody wrote it by hand.
fn from_wire(cx: &Context, tags: &Tags, wire: RuleCondition) -> Result<Condition, Fault> {
    let set = |values: Option<Vec<String>>| values.unwrap_or_default().into_iter().collect::<BTreeSet<_>>();
    let field = wire.field.unwrap_or_default();
    let missing = || Fault::incomplete(DESCRIBE, "values of a condition");
    Ok(match field.as_str() {
        "path-pattern" => {
            Condition::PathPattern(set(wire.path_pattern_config.and_then(|config| config.values).or(wire.values)))
        }
        "host-header" => {
            Condition::HostHeader(set(wire.host_header_config.and_then(|config| config.values).or(wire.values)))
        }
        "http-header" => {
            let config = wire.http_header_config.ok_or_else(missing)?;
            let (name, values) = (config.http_header_name.unwrap_or_default(), config.values.unwrap_or_default());
            match secret_header::known(cx, tags, &name, &values) {
                Some(header) => Condition::SecretHeader(header),
                None => Condition::HttpHeader(HttpHeader { name, values: values.into_iter().collect() }),
            }
        }
        "query-string" => {
            let pairs = wire.query_string_config.and_then(|config| config.values).unwrap_or_default().into_iter();
            let pairs = pairs.map(|pair| QueryPair { key: pair.key, value: pair.value.unwrap_or_default() });
            Condition::QueryString(pairs.collect())
        }
        "http-request-method" => {
            Condition::HttpRequestMethod(set(wire.http_request_method_config.and_then(|config| config.values)))
        }
        "source-ip" => {
            let ranges = wire.source_ip_config.and_then(|config| config.values).unwrap_or_default();
            Condition::SourceIp(ranges.iter().filter_map(|range| range.parse().ok()).collect())
        }
        other => {
            let why = format!("it has a condition on `{other}`, which is not known here");
            return Err(Fault::new(FaultKind::Fatal, DESCRIBE, why));
        }
    })
}

/// The rule with its tags; `None` when it went in between.
async fn live(client: &Client, cx: &Context, reply: Reply) -> Result<Option<LiveRule>, Fault> {
    let attributes = attributes(&reply)?;
    let Some(tags) = elb::read_tags(client, &attributes.arn).await? else { return Ok(None) };
    let conditions = reply.conditions.unwrap_or_default().into_iter();
    let resource = ListenerRule {
        listener: Ref::existing(listener_of(&attributes.arn)),
        priority: reply
            .priority
            .and_then(|priority| priority.parse().ok())
            .ok_or_else(|| Fault::incomplete(DESCRIBE, "Priority"))?,
        conditions: conditions.map(|condition| from_wire(cx, &tags, condition)).collect::<Result<_, _>>()?,
        action: action::from_wire(DESCRIBE, reply.actions.unwrap_or_default())?,
    };
    Ok(Some(Live { resource, attributes, tags }))
}

/// The ARN of a rule is that of its listener with one part more.
fn listener_of(rule_arn: &str) -> String {
    let listener = rule_arn.rsplit_once('/').map_or(rule_arn, |(listener, _)| listener);
    listener.replacen(":listener-rule/", ":listener/", 1)
}

fn attributes(reply: &Reply) -> Result<ListenerRuleAttributes, Fault> {
    let arn = reply.rule_arn().ok_or_else(|| Fault::incomplete(DESCRIBE, "RuleArn"))?;
    Ok(ListenerRuleAttributes { id: arn.to_owned(), arn: arn.to_owned() })
}
