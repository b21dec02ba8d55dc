//! Tags and attributes of Elastic Load Balancing objects.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::{Client, types::Tag};
use landfall_aws::{fault, found};
use landfall_core::{Context, Fault, Tags};

/// Attributes of a load balancer or a target group, as AWS names them.
pub(super) type Attributes = BTreeMap<String, String>;

/// The tags of a create request: the user's and Landfall's own.
pub(super) fn tags_on_create(cx: &Context) -> Vec<Tag> {
    to_tags(cx.all_tags())
}

pub(super) fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// All tags of an object; `None` when the object is gone.
pub(super) async fn read_tags(client: &Client, arn: &str) -> Result<Option<Tags>, Fault> {
    let reply = client.describe_tags().resource_arns(arn).send().await;
    let Some(reply) = found("elasticloadbalancing:DescribeTags", reply)? else { return Ok(None) };
    let tags = reply.tag_descriptions.unwrap_or_default().into_iter().flat_map(|one| one.tags.unwrap_or_default());
    Ok(Some(tags.filter_map(|tag| Some((tag.key?, tag.value.unwrap_or_default()))).collect()))
}

/// Changes the tags of an object to those declared.
pub(super) async fn update_tags(client: &Client, cx: &Context, arn: &str, have: &Tags) -> Result<(), Fault> {
    let changes = cx.tag_changes(have);
    remove_tags(client, arn, changes.remove).await?;
    add_tags(client, arn, changes.set).await
}

/// Writes tags of an object.
pub(super) async fn add_tags(client: &Client, arn: &str, tags: Tags) -> Result<(), Fault> {
    if tags.is_empty() {
        return Ok(());
    }
    let added = client.add_tags().resource_arns(arn).set_tags(Some(to_tags(tags))).send().await;
    added.map(drop).map_err(fault("elasticloadbalancing:AddTags"))
}

/// Removes tags of an object.
pub(super) async fn remove_tags(client: &Client, arn: &str, keys: Vec<String>) -> Result<(), Fault> {
    if keys.is_empty() {
        return Ok(());
    }
    let removed = client.remove_tags().resource_arns(arn).set_tag_keys(Some(keys)).send().await;
    removed.map(drop).map_err(fault("elasticloadbalancing:RemoveTags"))
}

/// What differs from `have`, key by key.
pub(super) fn differing(want: Attributes, have: &Attributes) -> Attributes {
    want.into_iter().filter(|(key, value)| have.get(key) != Some(value)).collect()
}

/// Reads an attribute, AWS's default where the answer leaves it out.
pub(super) fn attribute<'a>(attributes: &'a Attributes, key: &str, default: &'a str) -> &'a str {
    attributes.get(key).map_or(default, String::as_str)
}

/// Reads a number among the attributes.
pub(super) fn number(attributes: &Attributes, key: &str, default: u32) -> u32 {
    attributes.get(key).and_then(|value| value.parse().ok()).unwrap_or(default)
}

/// The end of an ARN by which CloudWatch names the object: `app/web/50dc6c495c0c9188`.
pub(super) fn suffix(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    resource.strip_prefix("loadbalancer/").unwrap_or(resource).to_owned()
}

/// A number as the SDK takes it.
pub(super) fn to_i32(number: impl TryInto<i32>) -> i32 {
    number.try_into().unwrap_or(i32::MAX)
}

/// A number of an answer, `None` where it is absent or negative.
pub(super) fn to_u32(number: Option<i32>) -> Option<u32> {
    number.and_then(|number| number.try_into().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_what_cloudwatch_takes() {
        let check = |arn, expected| assert_eq!(suffix(arn), expected);
        check(
            "arn:aws:elasticloadbalancing:ap-south-1:1:loadbalancer/app/web-1a/50dc6c495c0c9188",
            "app/web-1a/50dc6c495c0c9188",
        );
        check(
            "arn:aws:elasticloadbalancing:ap-south-1:1:targetgroup/web-1a/943f017f100becff",
            "targetgroup/web-1a/943f017f100becff",
        );
    }

    #[test]
    fn only_what_differs_is_sent() {
        let map = |pairs: &[(&str, &str)]| -> Attributes {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let have = map(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(differing(map(&[("a", "1"), ("b", "3"), ("d", "4")]), &have), map(&[("b", "3"), ("d", "4")]));
    }
}
