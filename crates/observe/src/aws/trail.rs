//! Trails on AWS CloudTrail.

use async_trait::async_trait;
use aws_sdk_cloudtrail::{
    Client,
    types::{ResourceTag, Tag, Trail as Reply},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::CloudTrail;
use crate::trail::{Trail, TrailAttributes};

pub(super) struct Provider(pub(super) CloudTrail);

type LiveTrail = Live<Trail<AnyRegion>, TrailAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Trail<AnyRegion>;
    type Attributes = TrailAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveTrail>, Fault> {
        let client = self.0.of(cx);
        let reply = found("cloudtrail:GetTrail", client.get_trail().name(id).send().await)?;
        let Some(trail) = reply.and_then(|reply| reply.trail) else { return Ok(None) };
        let arn = trail.trail_arn().ok_or_else(|| Fault::incomplete("cloudtrail:GetTrail", "TrailARN"))?;
        let tags = tags(&client, arn).await?;
        let status = found("cloudtrail:GetTrailStatus", client.get_trail_status().name(id).send().await)?;
        let is_logging = status.and_then(|status| status.is_logging).unwrap_or_default();
        live(trail, is_logging, tags).map(Some)
    }

    async fn find(&self, cx: &Context, want: &Trail<AnyRegion>) -> Result<Option<LiveTrail>, Fault> {
        Ok(self.read(cx, want.name.as_str()).await?.filter(|live| cx.owns(&live.tags)))
    }

    async fn create(&self, cx: &Context, want: &Trail<AnyRegion>) -> Result<TrailAttributes, Fault> {
        let client = self.0.of(cx);
        let name = want.name.as_str();
        let reply = client
            .create_trail()
            .name(name)
            .s3_bucket_name(want.bucket.id())
            .set_s3_key_prefix(want.prefix.clone())
            .is_multi_region_trail(want.multi_region)
            .include_global_service_events(want.include_global_service_events)
            .enable_log_file_validation(want.log_file_validation)
            .set_kms_key_id(want.kms_key.as_ref().map(|key| key.id().to_owned()))
            .set_tags_list(Some(sdk_tags(cx.all_tags())?))
            .send()
            .await
            .map_err(fault("cloudtrail:CreateTrail"))
            .map_err(policy_lags)?;
        if want.enable_logging {
            set_logging(&client, name, true).await?;
        }
        let arn = reply.trail_arn().ok_or_else(|| Fault::incomplete("cloudtrail:CreateTrail", "TrailARN"))?;
        Ok(TrailAttributes { id: name.to_owned(), arn: arn.to_owned() })
    }

    async fn update(&self, cx: &Context, want: &Trail<AnyRegion>, have: &LiveTrail) -> Result<TrailAttributes, Fault> {
        let client = self.0.of(cx);
        let settings = Trail { enable_logging: have.resource.enable_logging, ..want.clone() };
        if settings != have.resource {
            let call = client
                .update_trail()
                .name(&have.attributes.id)
                .s3_bucket_name(want.bucket.id())
                .s3_key_prefix(want.prefix.as_deref().unwrap_or_default())
                .is_multi_region_trail(want.multi_region)
                .include_global_service_events(want.include_global_service_events)
                .enable_log_file_validation(want.log_file_validation)
                .kms_key_id(want.kms_key.as_ref().map(Ref::id).unwrap_or_default());
            let reply = call.send().await.map_err(fault("cloudtrail:UpdateTrail"));
            reply.map_err(policy_lags)?;
        }
        if want.enable_logging != have.resource.enable_logging {
            set_logging(&client, &have.attributes.id, want.enable_logging).await?;
        }
        update_tags(&client, cx, have).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveTrail) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_trail().name(&have.attributes.id).send().await;
        absent_is_done("cloudtrail:DeleteTrail", reply)
    }
}

/// CloudTrail looks at the policies of bucket and key before they count everywhere: a refusal right after they were
/// written is worth another try.
fn policy_lags(fault: Fault) -> Fault {
    let codes = ["InsufficientS3BucketPolicyException", "InsufficientEncryptionPolicyException"];
    if codes.iter().any(|code| fault.message.contains(code)) {
        Fault { kind: FaultKind::NotYet, ..fault }
    } else {
        fault
    }
}

async fn set_logging(client: &Client, name: &str, on: bool) -> Result<(), Fault> {
    if on {
        client.start_logging().name(name).send().await.map(drop).map_err(fault("cloudtrail:StartLogging"))
    } else {
        client.stop_logging().name(name).send().await.map(drop).map_err(fault("cloudtrail:StopLogging"))
    }
}

async fn tags(client: &Client, arn: &str) -> Result<Tags, Fault> {
    let reply = client.list_tags().resource_id_list(arn).send().await.map_err(fault("cloudtrail:ListTags"))?;
    let tags = reply.resource_tag_list().iter().flat_map(ResourceTag::tags_list);
    Ok(tags.map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect())
}

fn sdk_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let tags = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(|_| Fault::incomplete("cloudtrail:AddTags", "key of a tag"))
}

async fn update_tags(client: &Client, cx: &Context, have: &LiveTrail) -> Result<(), Fault> {
    let changes = cx.tag_changes(&have.tags);
    let arn = &have.attributes.arn;
    if !changes.remove.is_empty() {
        let keys = changes.remove.into_iter().map(|key| (key, String::new())).collect();
        let call = client.remove_tags().resource_id(arn).set_tags_list(Some(sdk_tags(keys)?));
        call.send().await.map_err(fault("cloudtrail:RemoveTags"))?;
    }
    if !changes.set.is_empty() {
        let call = client.add_tags().resource_id(arn).set_tags_list(Some(sdk_tags(changes.set)?));
        call.send().await.map_err(fault("cloudtrail:AddTags"))?;
    }
    Ok(())
}

fn live(trail: Reply, is_logging: bool, tags: Tags) -> Result<LiveTrail, Fault> {
    let missing = |what| Fault::incomplete("cloudtrail:GetTrail", what);
    let name = trail.name.ok_or_else(|| missing("Name"))?;
    Ok(Live {
        resource: Trail {
            name: name.parse().map_err(|_| missing("valid Name"))?,
            bucket: Ref::existing(trail.s3_bucket_name.ok_or_else(|| missing("S3BucketName"))?),
            prefix: trail.s3_key_prefix.filter(|prefix| !prefix.is_empty()),
            multi_region: trail.is_multi_region_trail.unwrap_or_default(),
            include_global_service_events: trail.include_global_service_events.unwrap_or_default(),
            enable_logging: is_logging,
            log_file_validation: trail.log_file_validation_enabled.unwrap_or_default(),
            kms_key: trail.kms_key_id.filter(|key| !key.is_empty()).map(ArnRef::existing),
        },
        attributes: TrailAttributes { id: name, arn: trail.trail_arn.ok_or_else(|| missing("TrailARN"))? },
        tags,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_that_does_not_count_yet_is_worth_another_try() {
        let check = |message: &str, expected| {
            let fault = policy_lags(Fault::new(FaultKind::Invalid, "cloudtrail:CreateTrail", message));
            assert_eq!(fault.kind, expected, "{message}");
        };
        check("InsufficientS3BucketPolicyException: Incorrect S3 bucket policy", FaultKind::NotYet);
        check("InsufficientEncryptionPolicyException: Insufficient permissions to access the key", FaultKind::NotYet);
        check("InvalidTrailNameException: Trail name too short", FaultKind::Invalid);
    }
}
