//! Parameters on Systems Manager.

use async_trait::async_trait;
use aws_sdk_ssm::{
    Client,
    types::{ParameterType, ResourceTypeForTagging, Tag},
};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, Context, Fault, Live, Tags, TypedProvider};

use super::Ssm;
use crate::parameter::{Parameter, ParameterAttributes};

pub(super) struct Provider(pub(super) Ssm);

type LiveParameter = Live<Parameter<AnyRegion>, ParameterAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Parameter<AnyRegion>;
    type Attributes = ParameterAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveParameter>, Fault> {
        let client = self.0.of(cx);
        let Some(attributes) = describe(&client, id).await? else { return Ok(None) };
        // AWS's public parameters have no tags to read.
        let tags = if id.starts_with("/aws/") { Some(Tags::new()) } else { read_tags(&client, id).await? };
        tags.map(|tags| live(attributes, tags)).transpose()
    }

    async fn find(&self, cx: &Context, want: &Parameter<AnyRegion>) -> Result<Option<LiveParameter>, Fault> {
        Ok(self.read(cx, want.name.as_str()).await?.filter(|found| cx.owns(&found.tags)))
    }

    async fn create(&self, cx: &Context, want: &Parameter<AnyRegion>) -> Result<ParameterAttributes, Fault> {
        let client = self.0.of(cx);
        client
            .put_parameter()
            .name(want.name.as_str())
            .value(want.value.value())
            .r#type(ParameterType::String)
            .set_tags(Some(to_tags(cx.all_tags())))
            .send()
            .await
            .map_err(fault("ssm:PutParameter"))?;
        let attributes = describe(&client, want.name.as_str()).await?;
        attributes.ok_or_else(|| Fault::not_yet("ssm:GetParameter", "the parameter is not visible yet"))
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Parameter<AnyRegion>,
        have: &LiveParameter,
    ) -> Result<ParameterAttributes, Fault> {
        let client = self.0.of(cx);
        let mut attributes = have.attributes.clone();
        if want.value != have.resource.value {
            let call = client.put_parameter().name(want.name.as_str()).value(want.value.value());
            let call = call.r#type(ParameterType::String).overwrite(true);
            call.send().await.map_err(fault("ssm:PutParameter"))?;
            attributes.value.clone_from(want.value.value());
        }
        let changes = cx.tag_changes(&have.tags);
        let kind = ResourceTypeForTagging::Parameter;
        if !changes.remove.is_empty() {
            let call = client.remove_tags_from_resource().resource_type(kind.clone()).resource_id(&attributes.id);
            let reply = call.set_tag_keys(Some(changes.remove)).send().await;
            reply.map_err(fault("ssm:RemoveTagsFromResource"))?;
        }
        if !changes.set.is_empty() {
            let call = client.add_tags_to_resource().resource_type(kind).resource_id(&attributes.id);
            let reply = call.set_tags(Some(to_tags(changes.set))).send().await;
            reply.map_err(fault("ssm:AddTagsToResource"))?;
        }
        Ok(attributes)
    }

    async fn delete(&self, cx: &Context, have: &LiveParameter) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_parameter().name(&have.attributes.id).send().await;
        absent_is_done("ssm:DeleteParameter", reply)
    }
}

fn to_tags(tags: Tags) -> Vec<Tag> {
    // `key` and `value` are required by the SDK's builder and always set here.
    tags.into_iter().filter_map(|(key, value)| Tag::builder().key(key).value(value).build().ok()).collect()
}

async fn describe(client: &Client, name: &str) -> Result<Option<ParameterAttributes>, Fault> {
    let reply = found("ssm:GetParameter", client.get_parameter().name(name).send().await)?;
    let Some(parameter) = reply.and_then(|reply| reply.parameter) else { return Ok(None) };
    let missing = |what| Fault::incomplete("ssm:GetParameter", what);
    Ok(Some(ParameterAttributes {
        id: parameter.name.ok_or_else(|| missing("Name"))?,
        arn: parameter.arn.ok_or_else(|| missing("ARN"))?,
        value: parameter.value.ok_or_else(|| missing("Value"))?,
    }))
}

async fn read_tags(client: &Client, name: &str) -> Result<Option<Tags>, Fault> {
    let call = client.list_tags_for_resource().resource_type(ResourceTypeForTagging::Parameter).resource_id(name);
    let reply = call.send().await;
    if let Err(error) = &reply
        && is_code(error, &["InvalidResourceId"])
    {
        return Ok(None);
    }
    let tags = reply.map_err(fault("ssm:ListTagsForResource"))?.tag_list.unwrap_or_default();
    Ok(Some(tags.into_iter().map(|tag| (tag.key, tag.value)).collect()))
}

fn live(attributes: ParameterAttributes, tags: Tags) -> Result<LiveParameter, Fault> {
    let name = attributes.id.parse().map_err(|_| Fault::incomplete("ssm:GetParameter", "name of a parameter"))?;
    Ok(Live { resource: Parameter::builder().name(name).value(attributes.value.clone()).build(), attributes, tags })
}
