//! The caller's identity on STS.

use async_trait::async_trait;
use aws_sdk_sts::Client;
use landfall_aws::{Regional, fault};
use landfall_core::{Context, Fault, FaultKind, Live, Tags, TypedProvider};

use crate::caller_identity::{CallerIdentity, CallerIdentityAttributes};

pub(super) struct Provider(pub(super) Regional<Client>);

type LiveIdentity = Live<CallerIdentity, CallerIdentityAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = CallerIdentity;
    type Attributes = CallerIdentityAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveIdentity>, Fault> {
        if id != CallerIdentity::SELF {
            return Ok(None);
        }
        let reply = self.0.of(cx).get_caller_identity().send().await.map_err(fault("sts:GetCallerIdentity"))?;
        let missing = |what| Fault::incomplete("sts:GetCallerIdentity", what);
        let arn = reply.arn.ok_or_else(|| missing("Arn"))?;
        Ok(Some(Live {
            resource: CallerIdentity {},
            attributes: CallerIdentityAttributes {
                id: CallerIdentity::SELF.to_owned(),
                partition: arn.split(':').nth(1).ok_or_else(|| missing("partition in Arn"))?.to_owned(),
                account_id: reply.account.ok_or_else(|| missing("Account"))?,
                user_id: reply.user_id.ok_or_else(|| missing("UserId"))?,
                arn,
            },
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, _want: &CallerIdentity) -> Result<Option<LiveIdentity>, Fault> {
        self.read(cx, CallerIdentity::SELF).await
    }

    async fn create(&self, _cx: &Context, _want: &CallerIdentity) -> Result<CallerIdentityAttributes, Fault> {
        Err(Fault::new(FaultKind::Invalid, "sts:GetCallerIdentity", "the identity of the caller can only be looked up"))
    }

    async fn update(
        &self,
        _cx: &Context,
        _want: &CallerIdentity,
        have: &LiveIdentity,
    ) -> Result<CallerIdentityAttributes, Fault> {
        Ok(have.attributes.clone())
    }

    async fn delete(&self, _cx: &Context, _have: &LiveIdentity) -> Result<(), Fault> {
        Ok(())
    }
}
