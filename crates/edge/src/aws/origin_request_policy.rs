//! Origin request policies on Amazon CloudFront.

use async_trait::async_trait;
use aws_sdk_cloudfront::{
    Client,
    types::{
        OriginRequestPolicy as Reply, OriginRequestPolicyConfig, OriginRequestPolicyCookieBehavior,
        OriginRequestPolicyCookiesConfig, OriginRequestPolicyHeaderBehavior, OriginRequestPolicyHeadersConfig,
        OriginRequestPolicyQueryStringBehavior, OriginRequestPolicyQueryStringsConfig, OriginRequestPolicyType,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, Tags, TypedProvider};

use super::{CloudFrontClient, selection, wire::built};
use crate::origin_request_policy::{HeaderSelection, OriginRequestPolicy, OriginRequestPolicyAttributes};

pub(super) struct Provider(pub(super) CloudFrontClient);

type LivePolicy = Live<OriginRequestPolicy, OriginRequestPolicyAttributes>;

const NAME_LENGTH: usize = 128;
const READ: &str = "cloudfront:GetOriginRequestPolicy";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = OriginRequestPolicy;
    type Attributes = OriginRequestPolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let reply = self.0.of(cx).get_origin_request_policy().id(id).send().await;
        let reply = found("cloudfront:GetOriginRequestPolicy", reply)?;
        reply.and_then(|reply| reply.origin_request_policy).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &OriginRequestPolicy) -> Result<Option<LivePolicy>, Fault> {
        let (client, wanted) = (self.0.of(cx), cx.physical_name(NAME_LENGTH));
        let mut marker = None;
        loop {
            let page = client
                .list_origin_request_policies()
                .r#type(OriginRequestPolicyType::Custom)
                .set_marker(marker)
                .send()
                .await;
            let page = page.map_err(fault("cloudfront:ListOriginRequestPolicies"))?;
            let Some(list) = page.origin_request_policy_list else { return Ok(None) };
            let policies = list.items.unwrap_or_default().into_iter().filter_map(|item| item.origin_request_policy);
            let named =
                |policy: &Reply| policy.origin_request_policy_config().is_some_and(|config| config.name == wanted);
            if let Some(policy) = policies.into_iter().find(named) {
                return live(policy).map(Some);
            }
            marker = list.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &OriginRequestPolicy) -> Result<OriginRequestPolicyAttributes, Fault> {
        let config = config(want, &cx.physical_name(NAME_LENGTH))?;
        let reply = self.0.of(cx).create_origin_request_policy().origin_request_policy_config(config).send().await;
        let reply = reply.map_err(fault("cloudfront:CreateOriginRequestPolicy"))?;
        let missing = || Fault::incomplete("cloudfront:CreateOriginRequestPolicy", "OriginRequestPolicy");
        live(reply.origin_request_policy.ok_or_else(missing)?).map(|live| live.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &OriginRequestPolicy,
        have: &LivePolicy,
    ) -> Result<OriginRequestPolicyAttributes, Fault> {
        if *want == have.resource {
            return Ok(have.attributes.clone());
        }
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let config = config(want, &have.attributes.name)?;
        let call = client.update_origin_request_policy().id(id).origin_request_policy_config(config);
        let call = call.set_if_match(etag(&client, id).await?);
        call.send().await.map_err(fault("cloudfront:UpdateOriginRequestPolicy"))?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let Some(etag) = etag(&client, id).await? else { return Ok(()) };
        let reply = client.delete_origin_request_policy().id(id).if_match(etag).send().await;
        absent_is_done("cloudfront:DeleteOriginRequestPolicy", reply)
    }
}

/// Version of the policy right now, `None` when it does not exist: a write has to name it.
async fn etag(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    let reply = client.get_origin_request_policy().id(id).send().await;
    Ok(found("cloudfront:GetOriginRequestPolicy", reply)?.and_then(|reply| reply.e_tag))
}

fn config(want: &OriginRequestPolicy, physical_name: &str) -> Result<OriginRequestPolicyConfig, Fault> {
    built(
        OriginRequestPolicyConfig::builder()
            .name(physical_name)
            .comment(&want.comment)
            .headers_config(headers(&want.headers)?)
            .cookies_config(cookies(want)?)
            .query_strings_config(query_strings(want)?)
            .build(),
    )
}

fn headers(selection: &HeaderSelection) -> Result<OriginRequestPolicyHeadersConfig, Fault> {
    use OriginRequestPolicyHeaderBehavior as Behavior;
    let (behavior, names) = match selection {
        HeaderSelection::None => (Behavior::None, None),
        HeaderSelection::Only(names) => (Behavior::Whitelist, Some(names)),
        HeaderSelection::AllViewer => (Behavior::AllViewer, None),
        HeaderSelection::AllViewerExcept(names) => (Behavior::AllExcept, Some(names)),
        HeaderSelection::AllViewerAndCloudFront(names) => (Behavior::AllViewerAndWhitelistCloudFront, Some(names)),
    };
    let names = names.map(selection::headers).transpose()?;
    built(OriginRequestPolicyHeadersConfig::builder().header_behavior(behavior).set_headers(names).build())
}

fn read_headers(config: OriginRequestPolicyHeadersConfig) -> Result<HeaderSelection, Fault> {
    use OriginRequestPolicyHeaderBehavior as Behavior;
    let names = config.headers.and_then(|headers| headers.items).unwrap_or_default().into_iter().collect();
    Ok(match config.header_behavior {
        Behavior::None => HeaderSelection::None,
        Behavior::Whitelist => HeaderSelection::Only(names),
        Behavior::AllViewer => HeaderSelection::AllViewer,
        Behavior::AllExcept => HeaderSelection::AllViewerExcept(names),
        Behavior::AllViewerAndWhitelistCloudFront => HeaderSelection::AllViewerAndCloudFront(names),
        other => return Err(Fault::incomplete(READ, &format!("known header behaviour but `{}`", other.as_str()))),
    })
}

fn cookies(want: &OriginRequestPolicy) -> Result<OriginRequestPolicyCookiesConfig, Fault> {
    let (behavior, names) = selection::behavior(&want.cookies);
    let names = names.map(selection::cookies).transpose()?;
    let behavior = OriginRequestPolicyCookieBehavior::from(behavior);
    built(OriginRequestPolicyCookiesConfig::builder().cookie_behavior(behavior).set_cookies(names).build())
}

fn query_strings(want: &OriginRequestPolicy) -> Result<OriginRequestPolicyQueryStringsConfig, Fault> {
    let (behavior, names) = selection::behavior(&want.query_strings);
    let names = names.map(selection::query_strings).transpose()?;
    let behavior = OriginRequestPolicyQueryStringBehavior::from(behavior);
    let config = OriginRequestPolicyQueryStringsConfig::builder().query_string_behavior(behavior);
    built(config.set_query_strings(names).build())
}

fn live(reply: Reply) -> Result<LivePolicy, Fault> {
    let missing = |what| Fault::incomplete(READ, what);
    let config = reply.origin_request_policy_config.ok_or_else(|| missing("OriginRequestPolicyConfig"))?;
    let headers = config.headers_config.ok_or_else(|| missing("HeadersConfig"))?;
    let cookies = config.cookies_config.ok_or_else(|| missing("CookiesConfig"))?;
    let query_strings = config.query_strings_config.ok_or_else(|| missing("QueryStringsConfig"))?;
    let cookie_names = cookies.cookies.and_then(|names| names.items);
    let query_names = query_strings.query_strings.and_then(|names| names.items);
    Ok(Live {
        resource: OriginRequestPolicy {
            comment: config.comment.unwrap_or_default(),
            headers: read_headers(headers)?,
            cookies: selection::read(READ, cookies.cookie_behavior.as_str(), cookie_names)?,
            query_strings: selection::read(READ, query_strings.query_string_behavior.as_str(), query_names)?,
        },
        attributes: OriginRequestPolicyAttributes { id: reply.id, name: config.name },
        tags: Tags::new(),
    })
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudfront::primitives::DateTime;

    use super::*;
    use crate::Selection;

    #[test]
    fn a_policy_is_read_back_as_declared() {
        let names = || ["Host".to_owned()].into();
        for headers in [
            HeaderSelection::None,
            HeaderSelection::AllViewer,
            HeaderSelection::Only(names()),
            HeaderSelection::AllViewerExcept(names()),
            HeaderSelection::AllViewerAndCloudFront(["CloudFront-Viewer-Country".to_owned()].into()),
        ] {
            let want = OriginRequestPolicy::builder()
                .comment("all but host")
                .headers(headers)
                .cookies(Selection::All)
                .query_strings(Selection::only(["v"]))
                .build();
            let reply = Reply::builder()
                .id("p")
                .last_modified_time(DateTime::from_secs(0))
                .origin_request_policy_config(config(&want, "named").unwrap());
            let read = live(reply.build().unwrap()).unwrap();
            assert_eq!(read.resource, want);
            assert_eq!(read.attributes.name, "named");
        }
    }
}
