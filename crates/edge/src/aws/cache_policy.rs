//! Cache policies on Amazon CloudFront.

use async_trait::async_trait;
use aws_sdk_cloudfront::{
    Client,
    types::{
        CachePolicy as Reply, CachePolicyConfig, CachePolicyCookieBehavior, CachePolicyCookiesConfig,
        CachePolicyHeaderBehavior, CachePolicyHeadersConfig, CachePolicyQueryStringBehavior,
        CachePolicyQueryStringsConfig, CachePolicyType, ParametersInCacheKeyAndForwardedToOrigin,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, Tags, TypedProvider};

use super::{CloudFrontClient, selection, wire::built};
use crate::cache_policy::{CachePolicy, CachePolicyAttributes};

pub(super) struct Provider(pub(super) CloudFrontClient);

type LivePolicy = Live<CachePolicy, CachePolicyAttributes>;

const NAME_LENGTH: usize = 128;
const READ: &str = "cloudfront:GetCachePolicy";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = CachePolicy;
    type Attributes = CachePolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let reply = self.0.of(cx).get_cache_policy().id(id).send().await;
        let reply = found("cloudfront:GetCachePolicy", reply)?;
        reply.and_then(|reply| reply.cache_policy).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &CachePolicy) -> Result<Option<LivePolicy>, Fault> {
        let (client, wanted) = (self.0.of(cx), cx.physical_name(NAME_LENGTH));
        let mut marker = None;
        loop {
            let page = client.list_cache_policies().r#type(CachePolicyType::Custom).set_marker(marker).send().await;
            let page = page.map_err(fault("cloudfront:ListCachePolicies"))?;
            let Some(list) = page.cache_policy_list else { return Ok(None) };
            let policies = list.items.unwrap_or_default().into_iter().filter_map(|item| item.cache_policy);
            let named = |policy: &Reply| policy.cache_policy_config().is_some_and(|config| config.name == wanted);
            if let Some(policy) = policies.into_iter().find(named) {
                return live(policy).map(Some);
            }
            marker = list.next_marker.filter(|marker| !marker.is_empty());
            if marker.is_none() {
                return Ok(None);
            }
        }
    }

    async fn create(&self, cx: &Context, want: &CachePolicy) -> Result<CachePolicyAttributes, Fault> {
        let config = config(want, &cx.physical_name(NAME_LENGTH))?;
        let reply = self.0.of(cx).create_cache_policy().cache_policy_config(config).send().await;
        let reply = reply.map_err(fault("cloudfront:CreateCachePolicy"))?;
        let missing = || Fault::incomplete("cloudfront:CreateCachePolicy", "CachePolicy");
        live(reply.cache_policy.ok_or_else(missing)?).map(|live| live.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &CachePolicy,
        have: &LivePolicy,
    ) -> Result<CachePolicyAttributes, Fault> {
        if *want == have.resource {
            return Ok(have.attributes.clone());
        }
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let config = config(want, &have.attributes.name)?;
        let call = client.update_cache_policy().id(id).cache_policy_config(config);
        let call = call.set_if_match(etag(&client, id).await?);
        call.send().await.map_err(fault("cloudfront:UpdateCachePolicy"))?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let (client, id) = (self.0.of(cx), &have.attributes.id);
        let Some(etag) = etag(&client, id).await? else { return Ok(()) };
        let reply = client.delete_cache_policy().id(id).if_match(etag).send().await;
        absent_is_done("cloudfront:DeleteCachePolicy", reply)
    }
}

/// Version of the policy right now, `None` when it does not exist: a write has to name it.
async fn etag(client: &Client, id: &str) -> Result<Option<String>, Fault> {
    let reply = client.get_cache_policy().id(id).send().await;
    Ok(found("cloudfront:GetCachePolicy", reply)?.and_then(|reply| reply.e_tag))
}

fn config(want: &CachePolicy, physical_name: &str) -> Result<CachePolicyConfig, Fault> {
    let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    let parameters = ParametersInCacheKeyAndForwardedToOrigin::builder()
        .enable_accept_encoding_gzip(want.enable_accept_encoding_gzip)
        .enable_accept_encoding_brotli(want.enable_accept_encoding_brotli)
        .headers_config(headers(want)?)
        .cookies_config(cookies(want)?)
        .query_strings_config(query_strings(want)?)
        .build();
    built(
        CachePolicyConfig::builder()
            .name(physical_name)
            .comment(&want.comment)
            .default_ttl(seconds(want.default_ttl_seconds))
            .max_ttl(seconds(want.max_ttl_seconds))
            .min_ttl(seconds(want.min_ttl_seconds))
            .parameters_in_cache_key_and_forwarded_to_origin(built(parameters)?)
            .build(),
    )
}

fn headers(want: &CachePolicy) -> Result<CachePolicyHeadersConfig, Fault> {
    let config = CachePolicyHeadersConfig::builder();
    built(if want.headers.is_empty() {
        config.header_behavior(CachePolicyHeaderBehavior::None).build()
    } else {
        let names = selection::headers(&want.headers)?;
        config.header_behavior(CachePolicyHeaderBehavior::Whitelist).headers(names).build()
    })
}

fn cookies(want: &CachePolicy) -> Result<CachePolicyCookiesConfig, Fault> {
    let (behavior, names) = selection::behavior(&want.cookies);
    let names = names.map(selection::cookies).transpose()?;
    let behavior = CachePolicyCookieBehavior::from(behavior);
    built(CachePolicyCookiesConfig::builder().cookie_behavior(behavior).set_cookies(names).build())
}

fn query_strings(want: &CachePolicy) -> Result<CachePolicyQueryStringsConfig, Fault> {
    let (behavior, names) = selection::behavior(&want.query_strings);
    let names = names.map(selection::query_strings).transpose()?;
    let behavior = CachePolicyQueryStringBehavior::from(behavior);
    built(CachePolicyQueryStringsConfig::builder().query_string_behavior(behavior).set_query_strings(names).build())
}

fn live(reply: Reply) -> Result<LivePolicy, Fault> {
    let missing = |what| Fault::incomplete(READ, what);
    let config = reply.cache_policy_config.ok_or_else(|| missing("CachePolicyConfig"))?;
    let parameters = config.parameters_in_cache_key_and_forwarded_to_origin;
    let parameters = parameters.ok_or_else(|| missing("ParametersInCacheKeyAndForwardedToOrigin"))?;
    let cookies = parameters.cookies_config.ok_or_else(|| missing("CookiesConfig"))?;
    let query_strings = parameters.query_strings_config.ok_or_else(|| missing("QueryStringsConfig"))?;
    let headers = parameters.headers_config.and_then(|config| config.headers);
    let cookie_names = cookies.cookies.and_then(|names| names.items);
    let query_names = query_strings.query_strings.and_then(|names| names.items);
    let seconds = |seconds: i64| u64::try_from(seconds).unwrap_or_default();
    Ok(Live {
        resource: CachePolicy {
            comment: config.comment.unwrap_or_default(),
            default_ttl_seconds: seconds(config.default_ttl.ok_or_else(|| missing("DefaultTTL"))?),
            max_ttl_seconds: seconds(config.max_ttl.ok_or_else(|| missing("MaxTTL"))?),
            min_ttl_seconds: seconds(config.min_ttl),
            enable_accept_encoding_gzip: parameters.enable_accept_encoding_gzip,
            enable_accept_encoding_brotli: parameters.enable_accept_encoding_brotli.unwrap_or_default(),
            headers: headers.and_then(|headers| headers.items).unwrap_or_default().into_iter().collect(),
            cookies: selection::read(READ, cookies.cookie_behavior.as_str(), cookie_names)?,
            query_strings: selection::read(READ, query_strings.query_string_behavior.as_str(), query_names)?,
        },
        attributes: CachePolicyAttributes { id: reply.id, name: config.name },
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
        for want in [
            CachePolicy::builder().build(),
            CachePolicy::builder()
                .comment("by language")
                .default_ttl_seconds(60)
                .max_ttl_seconds(600)
                .min_ttl_seconds(1)
                .enable_accept_encoding_brotli(false)
                .headers(["Origin", "Accept-Language"])
                .cookies(Selection::all_except(["session"]))
                .query_strings(Selection::only(["v", "lang"]))
                .build(),
        ] {
            let reply = Reply::builder()
                .id("p")
                .last_modified_time(DateTime::from_secs(0))
                .cache_policy_config(config(&want, "named").unwrap());
            let read = live(reply.build().unwrap()).unwrap();
            assert_eq!(read.resource, want);
            assert_eq!(read.attributes.name, "named");
        }
    }
}
