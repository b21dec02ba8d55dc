//! Bucket policies on Amazon S3.

use async_trait::async_trait;
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Ref, Tags, TypedProvider};
use landfall_security::PolicyDocument;

use super::S3;
use crate::bucket_policy::{BucketPolicy, BucketPolicyAttributes};

pub(super) struct Provider(pub(super) S3);

type LivePolicy = Live<BucketPolicy<AnyRegion>, BucketPolicyAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = BucketPolicy<AnyRegion>;
    type Attributes = BucketPolicyAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LivePolicy>, Fault> {
        let reply = self.0.of(cx).get_bucket_policy().bucket(id).send().await;
        let Some(text) = found("s3:GetBucketPolicy", reply)?.and_then(|reply| reply.policy) else { return Ok(None) };
        let policy: PolicyDocument =
            text.parse().map_err(|_| Fault::incomplete("s3:GetBucketPolicy", "policy document"))?;
        Ok(Some(Live {
            resource: BucketPolicy { bucket: Ref::existing(id), policy },
            attributes: BucketPolicyAttributes { id: id.to_owned() },
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, want: &BucketPolicy<AnyRegion>) -> Result<Option<LivePolicy>, Fault> {
        self.read(cx, want.bucket.id()).await
    }

    async fn create(&self, cx: &Context, want: &BucketPolicy<AnyRegion>) -> Result<BucketPolicyAttributes, Fault> {
        let call = self.0.of(cx).put_bucket_policy().bucket(want.bucket.id()).policy(want.policy.to_json());
        call.send().await.map_err(fault("s3:PutBucketPolicy"))?;
        Ok(BucketPolicyAttributes { id: want.bucket.id().to_owned() })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &BucketPolicy<AnyRegion>,
        have: &LivePolicy,
    ) -> Result<BucketPolicyAttributes, Fault> {
        if want.policy == have.resource.policy { Ok(have.attributes.clone()) } else { self.create(cx, want).await }
    }

    async fn delete(&self, cx: &Context, have: &LivePolicy) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_bucket_policy().bucket(&have.attributes.id).send().await;
        absent_is_done("s3:DeleteBucketPolicy", reply)
    }
}
