//! Associations on AWS WAF.

use async_trait::async_trait;
use aws_sdk_wafv2::Client;
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::Waf;
use crate::web_acl_association::{WebAclAssociation, WebAclAssociationAttributes};

pub(super) struct Provider(pub(super) Waf);

type LiveAssociation = Live<WebAclAssociation<AnyRegion>, WebAclAssociationAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = WebAclAssociation<AnyRegion>;
    type Attributes = WebAclAssociationAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAssociation>, Fault> {
        let Some(web_acl) = web_acl_of(&self.0.of(cx), id).await? else { return Ok(None) };
        Ok(Some(Live {
            resource: WebAclAssociation { resource: Ref::existing(id), web_acl: Ref::existing(web_acl) },
            attributes: attributes(id),
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, want: &WebAclAssociation<AnyRegion>) -> Result<Option<LiveAssociation>, Fault> {
        let found = self.read(cx, want.resource.id()).await?;
        Ok(found.filter(|found| found.resource == *want))
    }

    async fn create(
        &self,
        cx: &Context,
        want: &WebAclAssociation<AnyRegion>,
    ) -> Result<WebAclAssociationAttributes, Fault> {
        let client = self.0.of(cx);
        // AWS would put ours silently in the place of another.
        let other = web_acl_of(&client, want.resource.id()).await?.filter(|other| other != want.web_acl.id());
        if let Some(other) = other {
            let message = format!("{} is protected by {other}", want.resource.id());
            return Err(Fault::new(FaultKind::Taken, "wafv2:AssociateWebACL", message));
        }
        associate(&client, want).await
    }

    async fn update(
        &self,
        cx: &Context,
        want: &WebAclAssociation<AnyRegion>,
        have: &LiveAssociation,
    ) -> Result<WebAclAssociationAttributes, Fault> {
        if *want == have.resource {
            return Ok(have.attributes.clone());
        }
        associate(&self.0.of(cx), want).await
    }

    async fn delete(&self, cx: &Context, have: &LiveAssociation) -> Result<(), Fault> {
        let reply = self.0.of(cx).disassociate_web_acl().resource_arn(&have.attributes.id).send().await;
        absent_is_done("wafv2:DisassociateWebACL", reply)
    }
}

fn attributes(id: &str) -> WebAclAssociationAttributes {
    WebAclAssociationAttributes { id: id.to_owned() }
}

async fn associate(client: &Client, want: &WebAclAssociation<AnyRegion>) -> Result<WebAclAssociationAttributes, Fault> {
    let call = client.associate_web_acl().web_acl_arn(want.web_acl.id()).resource_arn(want.resource.id());
    call.send().await.map_err(fault("wafv2:AssociateWebACL"))?;
    Ok(attributes(want.resource.id()))
}

/// ARN of the web ACL in front of a resource; `None` when there is none, or no such resource.
async fn web_acl_of(client: &Client, resource: &str) -> Result<Option<String>, Fault> {
    let reply = client.get_web_acl_for_resource().resource_arn(resource).send().await;
    Ok(found("wafv2:GetWebACLForResource", reply)?.and_then(|reply| reply.web_acl).map(|acl| acl.arn))
}
