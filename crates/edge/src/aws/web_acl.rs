//! Web ACLs on AWS WAF.

mod live;
mod request;

use std::marker::PhantomData;

use async_trait::async_trait;
use aws_sdk_wafv2::{
    Client,
    operation::get_web_acl::GetWebAclOutput,
    types::{LoggingConfiguration, Scope, Tag},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Input, Live, Tags, TypedProvider};

use super::{Waf, wire::built};
use crate::web_acl::{AclScope, ScopedWebAcl, WebAclAttributes};

/// The provider of web ACLs of one scope.
pub(super) struct Provider<S> {
    waf: Waf,
    scope: PhantomData<S>,
}

type Acl<S> = ScopedWebAcl<AnyRegion, S>;
type LiveAcl<S> = Live<Acl<S>, WebAclAttributes>;

const NAME_LENGTH: usize = 128;

impl<S: AclScope<AnyRegion>> Provider<S> {
    pub(super) fn new(waf: Waf) -> Self {
        Self { waf, scope: PhantomData }
    }

    fn scope() -> Scope {
        Scope::from(S::NAME)
    }

    async fn live(&self, client: &Client, reply: GetWebAclOutput) -> Result<LiveAcl<S>, Fault> {
        let acl = reply.web_acl.ok_or_else(|| Fault::incomplete("wafv2:GetWebACL", "WebACL"))?;
        let tags = tags(client, &acl.arn).await?;
        let log_destination = log_destination(client, &acl.arn).await?;
        Ok(Live {
            attributes: WebAclAttributes { id: acl.arn.clone(), arn: acl.arn.clone(), name: acl.name.clone() },
            resource: live::resource(acl, log_destination.map(Input::from))?,
            tags,
        })
    }
}

#[async_trait]
impl<S: AclScope<AnyRegion>> TypedProvider for Provider<S> {
    type Resource = Acl<S>;
    type Attributes = WebAclAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAcl<S>>, Fault> {
        let client = self.waf.of(cx);
        match get(&client, &Self::scope(), id).await? {
            Some(reply) => self.live(&client, reply).await.map(Some),
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &Acl<S>) -> Result<Option<LiveAcl<S>>, Fault> {
        let (client, wanted) = (self.waf.of(cx), cx.physical_name(NAME_LENGTH));
        let mut marker = None;
        loop {
            let page = client.list_web_acls().scope(Self::scope()).set_next_marker(marker).send().await;
            let page = page.map_err(fault("wafv2:ListWebACLs"))?;
            let named = page.web_acls().iter().find(|acl| acl.name() == Some(&wanted));
            if let Some(arn) = named.and_then(|acl| acl.arn()) {
                return self.read(cx, arn).await;
            }
            marker = page.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &Acl<S>) -> Result<WebAclAttributes, Fault> {
        let (client, name) = (self.waf.of(cx), cx.physical_name(NAME_LENGTH));
        let tags = cx.all_tags().iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        let reply = client
            .create_web_acl()
            .name(&name)
            .scope(Self::scope())
            .default_action(request::default_action(want.default_action))
            .set_description(Some(want.description.clone()).filter(|text| !text.is_empty()))
            .set_rules(Some(request::rules(want)?))
            .visibility_config(request::visibility(want, &name)?)
            .set_tags(Some(tags))
            .send()
            .await
            .map_err(fault("wafv2:CreateWebACL"))?;
        let arn = reply.summary.and_then(|summary| summary.arn);
        let arn = arn.ok_or_else(|| Fault::incomplete("wafv2:CreateWebACL", "ARN"))?;
        if let Some(destination) = &want.log_destination {
            put_logging(&client, &arn, destination.value(), None).await?;
        }
        Ok(WebAclAttributes { id: arn.clone(), arn, name })
    }

    async fn update(&self, cx: &Context, want: &Acl<S>, have: &LiveAcl<S>) -> Result<WebAclAttributes, Fault> {
        let (client, arn) = (self.waf.of(cx), &have.attributes.arn);
        if (Acl { log_destination: have.resource.log_destination.clone(), ..want.clone() }) != have.resource {
            let current = get(&client, &Self::scope(), arn).await?;
            let current = current.ok_or_else(|| gone("wafv2:UpdateWebACL", arn))?;
            self.put(&client, want, current).await?;
        }
        let destination = |acl: &Acl<S>| acl.log_destination.as_ref().map(|destination| destination.value().clone());
        match destination(want) {
            wanted if wanted == destination(&have.resource) => {}
            Some(wanted) => put_logging(&client, arn, &wanted, logging(&client, arn).await?).await?,
            None => stop_logging(&client, arn).await?,
        }
        update_tags(&client, cx, have).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveAcl<S>) -> Result<(), Fault> {
        let (client, arn) = (self.waf.of(cx), &have.attributes.arn);
        let Some(current) = get(&client, &Self::scope(), arn).await? else { return Ok(()) };
        if have.resource.log_destination.is_some() {
            stop_logging(&client, arn).await?;
        }
        let (name, id) = name_and_id(arn)?;
        let call = client.delete_web_acl().name(name).id(id).scope(Self::scope()).set_lock_token(current.lock_token);
        absent_is_done("wafv2:DeleteWebACL", call.send().await)
    }
}

impl<S: AclScope<AnyRegion>> Provider<S> {
    /// Writes what is wanted over the version that was just read, and keeps what the resource does not speak of.
    async fn put(&self, client: &Client, want: &Acl<S>, current: GetWebAclOutput) -> Result<(), Fault> {
        let acl = current.web_acl.ok_or_else(|| Fault::incomplete("wafv2:GetWebACL", "WebACL"))?;
        client
            .update_web_acl()
            .name(&acl.name)
            .id(&acl.id)
            .scope(Self::scope())
            .default_action(request::default_action(want.default_action))
            .set_description(Some(want.description.clone()).filter(|text| !text.is_empty()))
            .set_rules(Some(request::rules(want)?))
            .visibility_config(request::visibility(want, &acl.name)?)
            .set_custom_response_bodies(acl.custom_response_bodies)
            .set_captcha_config(acl.captcha_config)
            .set_challenge_config(acl.challenge_config)
            .set_token_domains(acl.token_domains)
            .set_association_config(acl.association_config)
            .set_data_protection_config(acl.data_protection_config)
            .set_on_source_d_do_s_protection_config(acl.on_source_d_do_s_protection_config)
            .set_lock_token(current.lock_token)
            .send()
            .await
            .map(drop)
            .map_err(fault("wafv2:UpdateWebACL"))
    }
}

/// The web ACL with the token that a write has to name, `None` when it does not exist.
async fn get(client: &Client, scope: &Scope, arn: &str) -> Result<Option<GetWebAclOutput>, Fault> {
    let (name, id) = name_and_id(arn)?;
    let reply = client.get_web_acl().name(name).id(id).scope(scope.clone()).send().await;
    found("wafv2:GetWebACL", reply)
}

/// The last two parts of an ARN: `…:regional/webacl/NAME/ID`.
fn name_and_id(arn: &str) -> Result<(&str, &str), Fault> {
    let mut parts = arn.rsplit('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(id), Some(name), Some("webacl")) => Ok((name, id)),
        _ => Err(Fault::new(FaultKind::Invalid, "wafv2:GetWebACL", format!("`{arn}` is no ARN of a web ACL"))),
    }
}

fn gone(operation: &str, arn: &str) -> Fault {
    Fault::new(FaultKind::Fatal, operation, format!("{arn} was deleted meanwhile"))
}

async fn logging(client: &Client, arn: &str) -> Result<Option<LoggingConfiguration>, Fault> {
    let reply = client.get_logging_configuration().resource_arn(arn).send().await;
    Ok(found("wafv2:GetLoggingConfiguration", reply)?.and_then(|reply| reply.logging_configuration))
}

async fn log_destination(client: &Client, arn: &str) -> Result<Option<String>, Fault> {
    let reply = logging(client, arn).await?;
    // ARNs of log groups come back with `:*` at the end, which they don't have elsewhere.
    let destination = reply.and_then(|logging| logging.log_destination_configs.into_iter().next());
    Ok(destination.map(|arn| arn.strip_suffix(":*").map_or(arn.clone(), str::to_owned)))
}

/// Sends the logs to a destination. AWS replaces the whole configuration, so that what the resource does not speak of
/// is written again: fields that are kept out of the logs, and filters.
async fn put_logging(
    client: &Client,
    arn: &str,
    destination: &str,
    current: Option<LoggingConfiguration>,
) -> Result<(), Fault> {
    let destination = destination.strip_suffix(":*").unwrap_or(destination);
    let (redacted, filter) =
        current.map(|logging| (logging.redacted_fields, logging.logging_filter)).unwrap_or_default();
    let logging = LoggingConfiguration::builder().resource_arn(arn).log_destination_configs(destination);
    let logging = logging.set_redacted_fields(redacted).set_logging_filter(filter);
    let call = client.put_logging_configuration().logging_configuration(built(logging.build())?);
    call.send().await.map(drop).map_err(fault("wafv2:PutLoggingConfiguration"))
}

async fn stop_logging(client: &Client, arn: &str) -> Result<(), Fault> {
    let reply = client.delete_logging_configuration().resource_arn(arn).send().await;
    absent_is_done("wafv2:DeleteLoggingConfiguration", reply)
}

fn tag((key, value): (&String, &String)) -> Result<Tag, Fault> {
    built(Tag::builder().key(key).value(value).build())
}

async fn tags(client: &Client, arn: &str) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    let mut marker = None;
    loop {
        let page = client.list_tags_for_resource().resource_arn(arn).set_next_marker(marker).send().await;
        let page = page.map_err(fault("wafv2:ListTagsForResource"))?;
        let list = page.tag_info_for_resource.and_then(|info| info.tag_list).unwrap_or_default();
        tags.extend(list.into_iter().map(|tag| (tag.key, tag.value)));
        marker = page.next_marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(tags);
        }
    }
}

async fn update_tags<R>(client: &Client, cx: &Context, have: &Live<R, WebAclAttributes>) -> Result<(), Fault> {
    let (arn, changes) = (&have.attributes.arn, cx.tag_changes(&have.tags));
    if !changes.remove.is_empty() {
        let reply = client.untag_resource().resource_arn(arn).set_tag_keys(Some(changes.remove)).send().await;
        reply.map_err(fault("wafv2:UntagResource"))?;
    }
    if !changes.set.is_empty() {
        let tags = changes.set.iter().map(tag).collect::<Result<Vec<_>, _>>()?;
        let reply = client.tag_resource().resource_arn(arn).set_tags(Some(tags)).send().await;
        reply.map_err(fault("wafv2:TagResource"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_names_the_web_acl() {
        let check = |arn: &str, expected: Option<(&str, &str)>| assert_eq!(name_and_id(arn).ok(), expected);
        check("arn:aws:wafv2:us-east-1:123456789012:global/webacl/twin-edge/4f-1", Some(("twin-edge", "4f-1")));
        check("arn:aws:wafv2:ap-south-1:123456789012:regional/webacl/twin/4f", Some(("twin", "4f")));
        check("arn:aws:wafv2:ap-south-1:123456789012:regional/ipset/twin/4f", None);
        check("twin", None);
    }
}
