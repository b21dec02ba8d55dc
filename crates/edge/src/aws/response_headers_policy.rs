//! Response headers policies on Amazon CloudFront.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_cloudfront::{
    Client,
    types::{
        FrameOptionsList, ReferrerPolicyList, ResponseHeadersPolicy as Reply,
        ResponseHeadersPolicyAccessControlAllowHeaders as AllowHeaders,
        ResponseHeadersPolicyAccessControlAllowMethods as AllowMethods,
        ResponseHeadersPolicyAccessControlAllowMethodsValues as AllowMethod,
        ResponseHeadersPolicyAccessControlAllowOrigins as AllowOrigins,
        ResponseHeadersPolicyAccessControlExposeHeaders as ExposeHeaders, ResponseHeadersPolicyConfig,
        ResponseHeadersPolicyContentSecurityPolicy, ResponseHeadersPolicyContentTypeOptions,
        ResponseHeadersPolicyCorsConfig, ResponseHeadersPolicyCustomHeader, ResponseHeadersPolicyCustomHeadersConfig,
        ResponseHeadersPolicyFrameOptions, ResponseHeadersPolicyReferrerPolicy, ResponseHeadersPolicyRemoveHeader,
        ResponseHeadersPolicyRemoveHeadersConfig, ResponseHeadersPolicySecurityHeadersConfig,
        ResponseHeadersPolicyStrictTransportSecurity, ResponseHeadersPolicyType,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, Tags, TypedProvider};

use super::{
    CloudFrontClient,
    wire::{built, name, named, quantity},
};
use crate::response_headers_policy::{
    ContentSecurityPolicy, Cors, CustomHeader, FrameOptions, ReferrerPolicy, ResponseHeadersPolicy,
    ResponseHeadersPolicyAttributes, StrictTransportSecurity,
};

pub(super) struct Provider(pub(super) CloudFrontClient);

type LivePolicy = Live<ResponseHeadersPolicy, ResponseHeadersPolicyAttributes>;

const NAME_LENGTH: usize = 128;
const READ: &str = "cloudfront:GetResponseHeadersPolicy";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ResponseHeadersPolicy;
    type Attributes = ResponseHeadersPolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let reply = found(READ, self.0.of(cx).get_response_headers_policy().id(id).send().await)?;
        reply.and_then(|reply| reply.response_headers_policy).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &ResponseHeadersPolicy) -> Result<Option<LivePolicy>, Fault> {
        let (client, wanted) = (self.0.of(cx), cx.physical_name(NAME_LENGTH));
        let mut marker = None;
        loop {
            let custom = ResponseHeadersPolicyType::Custom;
            let page = client.list_response_headers_policies().r#type(custom).set_marker(marker).send().await;
            let page = page.map_err(fault("cloudfront:ListResponseHeadersPolicies"))?;
            let Some(list) = page.response_headers_policy_list else { return Ok(None) };
            let policies = list.items.unwrap_or_default().into_iter().filter_map(|item| item.response_headers_policy);
            let named =
                |policy: &Reply| policy.response_headers_policy_config().is_some_and(|config| config.name == wanted);
            if let Some(policy) = policies.into_iter().find(named) {
                return live(policy).map(Some);
            }
            marker = list.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(
        &self,
        cx: &Context,
        want: &ResponseHeadersPolicy,
    ) -> Result<ResponseHeadersPolicyAttributes, Fault> {
        let config = config(want, &cx.physical_name(NAME_LENGTH))?;
        let call = self.0.of(cx).create_response_headers_policy().response_headers_policy_config(config);
        let reply = call.send().await.map_err(fault("cloudfront:CreateResponseHeadersPolicy"))?;
        let missing = || Fault::incomplete("cloudfront:CreateResponseHeadersPolicy", "ResponseHeadersPolicy");
        live(reply.response_headers_policy.ok_or_else(missing)?).map(|live| live.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &ResponseHeadersPolicy,
        have: &LivePolicy,
    ) -> Result<ResponseHeadersPolicyAttributes, Fault> {
        if *want == have.resource {
            return Ok(have.attributes.clone());
        }
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let config = config(want, &have.attributes.name)?;
        let call = client.update_response_headers_policy().id(id).response_headers_policy_config(config);
        let call = call.set_if_match(etag(&client, id).await?);
        call.send().await.map_err(fault("cloudfront:UpdateResponseHeadersPolicy"))?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let Some(etag) = etag(&client, id).await? else { return Ok(()) };
        let reply = client.delete_response_headers_policy().id(id).if_match(etag).send().await;
        absent_is_done("cloudfront:DeleteResponseHeadersPolicy", reply)
    }
}

/// Version of the policy right now, `None` when it does not exist: a write has to name it.
async fn etag(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    let reply = client.get_response_headers_policy().id(id).send().await;
    Ok(found(READ, reply)?.and_then(|reply| reply.e_tag))
}

fn config(want: &ResponseHeadersPolicy, physical_name: &str) -> Result<ResponseHeadersPolicyConfig, Fault> {
    let mut config = ResponseHeadersPolicyConfig::builder().name(physical_name).comment(&want.comment);
    config = config.set_security_headers_config(security_headers(want)?);
    config = config.set_cors_config(want.cors.as_ref().map(cors).transpose()?);
    if !want.custom_headers.is_empty() {
        config = config.custom_headers_config(custom_headers(&want.custom_headers)?);
    }
    if !want.remove_headers.is_empty() {
        config = config.remove_headers_config(remove_headers(&want.remove_headers)?);
    }
    built(config.build())
}

fn security_headers(want: &ResponseHeadersPolicy) -> Result<Option<ResponseHeadersPolicySecurityHeadersConfig>, Fault> {
    let mut config = ResponseHeadersPolicySecurityHeadersConfig::builder();
    if let Some(hsts) = &want.strict_transport_security {
        let header = ResponseHeadersPolicyStrictTransportSecurity::builder()
            .r#override(hsts.override_origin)
            .access_control_max_age_sec(seconds(hsts.max_age_seconds))
            .include_subdomains(hsts.include_subdomains)
            .preload(hsts.preload);
        config = config.strict_transport_security(built(header.build())?);
    }
    if let Some(csp) = &want.content_security_policy {
        let header = ResponseHeadersPolicyContentSecurityPolicy::builder()
            .r#override(csp.override_origin)
            .content_security_policy(&csp.policy);
        config = config.content_security_policy(built(header.build())?);
    }
    if let Some(frame) = &want.frame_options {
        let header = ResponseHeadersPolicyFrameOptions::builder()
            .r#override(frame.override_origin)
            .frame_option(FrameOptionsList::from(name(&frame.option).as_str()));
        config = config.frame_options(built(header.build())?);
    }
    if let Some(referrer) = &want.referrer_policy {
        let header = ResponseHeadersPolicyReferrerPolicy::builder()
            .r#override(referrer.override_origin)
            .referrer_policy(ReferrerPolicyList::from(name(&referrer.policy).as_str()));
        config = config.referrer_policy(built(header.build())?);
    }
    if want.content_type_options {
        let header = ResponseHeadersPolicyContentTypeOptions::builder().r#override(true);
        config = config.content_type_options(built(header.build())?);
    }
    let config = config.build();
    Ok((config != ResponseHeadersPolicySecurityHeadersConfig::builder().build()).then_some(config))
}

fn cors(want: &Cors) -> Result<ResponseHeadersPolicyCorsConfig, Fault> {
    let list = |names: &BTreeSet<String>| -> Vec<String> { names.iter().cloned().collect() };
    let (origins, headers) = (list(&want.allow_origins), list(&want.allow_headers));
    let methods: Vec<_> = want.allow_methods.iter().map(|method| AllowMethod::from(all_for_star(method))).collect();
    let exposed = list(&want.expose_headers);
    let mut config = ResponseHeadersPolicyCorsConfig::builder()
        .access_control_allow_origins(built(
            AllowOrigins::builder().quantity(quantity(&origins)).set_items(Some(origins)).build(),
        )?)
        .access_control_allow_headers(built(
            AllowHeaders::builder().quantity(quantity(&headers)).set_items(Some(headers)).build(),
        )?)
        .access_control_allow_methods(built(
            AllowMethods::builder().quantity(quantity(&methods)).set_items(Some(methods)).build(),
        )?)
        .access_control_allow_credentials(want.allow_credentials)
        .access_control_max_age_sec(seconds(want.max_age_seconds))
        .origin_override(want.override_origin);
    if !exposed.is_empty() {
        config = config.access_control_expose_headers(built(
            ExposeHeaders::builder().quantity(quantity(&exposed)).set_items(Some(exposed)).build(),
        )?);
    }
    built(config.build())
}

/// AWS writes `ALL` where the header says `*`.
fn all_for_star(method: &str) -> &str {
    if method == "*" { "ALL" } else { method }
}

fn custom_headers(want: &[CustomHeader]) -> Result<ResponseHeadersPolicyCustomHeadersConfig, Fault> {
    let header = |header: &CustomHeader| {
        let part = ResponseHeadersPolicyCustomHeader::builder().header(&header.header).value(&header.value);
        built(part.r#override(header.override_origin).build())
    };
    let items = want.iter().map(header).collect::<Result<Vec<_>, _>>()?;
    let config = ResponseHeadersPolicyCustomHeadersConfig::builder().quantity(quantity(&items));
    built(config.set_items(Some(items)).build())
}

fn remove_headers(want: &BTreeSet<String>) -> Result<ResponseHeadersPolicyRemoveHeadersConfig, Fault> {
    let header = |header: &String| built(ResponseHeadersPolicyRemoveHeader::builder().header(header).build());
    let items = want.iter().map(header).collect::<Result<Vec<_>, _>>()?;
    let config = ResponseHeadersPolicyRemoveHeadersConfig::builder().quantity(quantity(&items));
    built(config.set_items(Some(items)).build())
}

fn seconds(seconds: u32) -> i32 {
    i32::try_from(seconds).unwrap_or(i32::MAX)
}

fn live(reply: Reply) -> Result<LivePolicy, Fault> {
    let missing = || Fault::incomplete(READ, "ResponseHeadersPolicyConfig");
    let config = reply.response_headers_policy_config.ok_or_else(missing)?;
    let custom = config.custom_headers_config.and_then(|config| config.items).unwrap_or_default();
    let removed = config.remove_headers_config.and_then(|config| config.items).unwrap_or_default();
    let mut resource = ResponseHeadersPolicy {
        comment: config.comment.unwrap_or_default(),
        strict_transport_security: None,
        content_security_policy: None,
        frame_options: None,
        referrer_policy: None,
        content_type_options: false,
        cors: config.cors_config.map(read_cors),
        custom_headers: custom
            .into_iter()
            .map(|item| CustomHeader { header: item.header, value: item.value, override_origin: item.r#override })
            .collect(),
        remove_headers: removed.into_iter().map(|item| item.header).collect(),
    };
    if let Some(security) = config.security_headers_config {
        read_security_headers(&mut resource, security)?;
    }
    let attributes = ResponseHeadersPolicyAttributes { id: reply.id, name: config.name };
    Ok(Live { resource, attributes, tags: Tags::new() })
}

fn read_security_headers(
    resource: &mut ResponseHeadersPolicy,
    config: ResponseHeadersPolicySecurityHeadersConfig,
) -> Result<(), Fault> {
    resource.strict_transport_security = config.strict_transport_security.map(|hsts| StrictTransportSecurity {
        max_age_seconds: u32::try_from(hsts.access_control_max_age_sec).unwrap_or_default(),
        include_subdomains: hsts.include_subdomains.unwrap_or_default(),
        preload: hsts.preload.unwrap_or_default(),
        override_origin: hsts.r#override,
    });
    resource.content_security_policy = config
        .content_security_policy
        .map(|csp| ContentSecurityPolicy { policy: csp.content_security_policy, override_origin: csp.r#override });
    if let Some(frame) = config.frame_options {
        let option = named(READ, frame.frame_option.as_str())?;
        resource.frame_options = Some(FrameOptions { option, override_origin: frame.r#override });
    }
    if let Some(referrer) = config.referrer_policy {
        let policy = named(READ, referrer.referrer_policy.as_str())?;
        resource.referrer_policy = Some(ReferrerPolicy { policy, override_origin: referrer.r#override });
    }
    resource.content_type_options = config.content_type_options.is_some_and(|options| options.r#override);
    Ok(())
}

fn read_cors(config: ResponseHeadersPolicyCorsConfig) -> Cors {
    let methods = config.access_control_allow_methods.map(|methods| methods.items).unwrap_or_default();
    let method = |method: AllowMethod| if method == AllowMethod::All { "*".to_owned() } else { method.to_string() };
    let exposed = config.access_control_expose_headers.and_then(|headers| headers.items).unwrap_or_default();
    let max_age = config.access_control_max_age_sec.and_then(|seconds| u32::try_from(seconds).ok());
    Cors {
        allow_origins: config
            .access_control_allow_origins
            .map(|list| list.items.into_iter().collect())
            .unwrap_or_default(),
        allow_methods: methods.into_iter().map(method).collect(),
        allow_headers: config
            .access_control_allow_headers
            .map(|list| list.items.into_iter().collect())
            .unwrap_or_default(),
        expose_headers: exposed.into_iter().collect(),
        allow_credentials: config.access_control_allow_credentials,
        max_age_seconds: max_age.unwrap_or_default(),
        override_origin: config.origin_override,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudfront::primitives::DateTime;

    use super::*;
    use crate::{FrameOption, ReferrerPolicyValue};

    #[test]
    fn a_policy_is_read_back_as_declared() {
        let referrer =
            ReferrerPolicy { policy: ReferrerPolicyValue::StrictOriginWhenCrossOrigin, override_origin: false };
        let strict = ResponseHeadersPolicy::builder()
            .comment("strict")
            .strict_transport_security(StrictTransportSecurity::builder().preload(true).build())
            .content_security_policy(ContentSecurityPolicy::builder().policy("default-src 'self'").build())
            .frame_options(FrameOptions::builder().option(FrameOption::SameOrigin).build())
            .referrer_policy(referrer)
            .content_type_options(true)
            .build();
        let open = ResponseHeadersPolicy::builder()
            .cors(
                Cors::builder()
                    .allow_origins(["https://example.com"])
                    .allow_methods(["*"])
                    .expose_headers(["ETag"])
                    .build(),
            )
            .custom_headers(vec![CustomHeader::builder().header("X-Site").value("twin").build()])
            .remove_headers(["Server", "X-Powered-By"])
            .build();
        for want in [ResponseHeadersPolicy::builder().build(), strict, open] {
            let reply = Reply::builder()
                .id("p")
                .last_modified_time(DateTime::from_secs(0))
                .response_headers_policy_config(config(&want, "named").unwrap());
            let read = live(reply.build().unwrap()).unwrap();
            assert_eq!(read.resource, want);
        }
    }
}
