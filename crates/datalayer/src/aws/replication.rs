//! Replication on Amazon S3.

use async_trait::async_trait;
use aws_sdk_s3::{
    error::{BuildError, ProvideErrorMetadata},
    types::{
        DeleteMarkerReplication, DeleteMarkerReplicationStatus, Destination, EncryptionConfiguration, Metrics,
        MetricsStatus, ReplicaModifications, ReplicaModificationsStatus, ReplicationConfiguration,
        ReplicationRule as Wire, ReplicationRuleFilter, ReplicationRuleStatus, ReplicationTime, ReplicationTimeStatus,
        ReplicationTimeValue, SourceSelectionCriteria, SseKmsEncryptedObjects, SseKmsEncryptedObjectsStatus,
    },
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Ref, Tags, TypedProvider};

use super::S3;
use crate::replication::{Replication, ReplicationAttributes, ReplicationRule};

pub(super) struct Provider(pub(super) S3);

type Desired = Replication<AnyRegion, AnyRegion>;
type LiveReplication = Live<Desired, ReplicationAttributes>;

const PUT: &str = "s3:PutReplicationConfiguration";
const GET: &str = "s3:GetReplicationConfiguration";

/// What replication time control commits to; S3 takes no other figure.
const MINUTES: i32 = 15;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = ReplicationAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveReplication>, Fault> {
        let reply = found(GET, self.0.of(cx).get_bucket_replication().bucket(id).send().await)?;
        let Some(configuration) = reply.and_then(|reply| reply.replication_configuration) else { return Ok(None) };
        Ok(Some(Live {
            resource: resource(id, configuration)?,
            attributes: ReplicationAttributes { id: id.to_owned() },
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, want: &Desired) -> Result<Option<LiveReplication>, Fault> {
        self.read(cx, want.source.id()).await
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<ReplicationAttributes, Fault> {
        let configuration = wire(want).map_err(|error| Fault::new(FaultKind::Fatal, PUT, error.to_string()))?;
        let call = self.0.of(cx).put_bucket_replication().bucket(want.source.id());
        call.replication_configuration(configuration).send().await.map_err(|error| {
            // Versioning that was switched on a moment ago, here or at the destination.
            let early = error.code() == Some("InvalidRequest")
                && error.message().is_some_and(|message| message.to_ascii_lowercase().contains("versioning"));
            let refused = fault(PUT)(error);
            if early { Fault { kind: FaultKind::NotYet, ..refused } } else { refused }
        })?;
        Ok(ReplicationAttributes { id: want.source.id().to_owned() })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Desired,
        have: &LiveReplication,
    ) -> Result<ReplicationAttributes, Fault> {
        let told = |replication: &Desired| Desired { cross_border: None, ..replication.clone() };
        let same = serde_json::to_value(told(want)).ok() == serde_json::to_value(told(&have.resource)).ok();
        if same { Ok(have.attributes.clone()) } else { self.create(cx, want).await }
    }

    async fn delete(&self, cx: &Context, have: &LiveReplication) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_bucket_replication().bucket(&have.attributes.id).send().await;
        absent_is_done(PUT, reply)
    }
}

fn wire(want: &Desired) -> Result<ReplicationConfiguration, BuildError> {
    let rules = want.rules.iter().map(|rule| wire_rule(want, rule)).collect::<Result<_, _>>()?;
    ReplicationConfiguration::builder().role(want.role.id()).set_rules(Some(rules)).build()
}

fn wire_rule(want: &Desired, rule: &ReplicationRule) -> Result<Wire, BuildError> {
    let mut destination = Destination::builder().bucket(want.destination.id());
    if let Some(key) = &want.replica_kms_key {
        let encryption = EncryptionConfiguration::builder().replica_kms_key_id(key.id()).build();
        destination = destination.encryption_configuration(encryption);
    }
    if rule.replication_time_control {
        let within = ReplicationTimeValue::builder().minutes(MINUTES).build();
        let time = ReplicationTime::builder().status(ReplicationTimeStatus::Enabled).time(within.clone()).build()?;
        let metrics = Metrics::builder().status(MetricsStatus::Enabled).event_threshold(within).build()?;
        destination = destination.replication_time(time).metrics(metrics);
    }
    let markers = if rule.delete_marker_replication {
        DeleteMarkerReplicationStatus::Enabled
    } else {
        DeleteMarkerReplicationStatus::Disabled
    };
    Wire::builder()
        .id(&rule.id)
        .priority(rule.priority)
        .filter(ReplicationRuleFilter::builder().prefix(&rule.prefix).build())
        .status(ReplicationRuleStatus::Enabled)
        .delete_marker_replication(DeleteMarkerReplication::builder().status(markers).build())
        .set_source_selection_criteria(selection(want.replica_kms_key.is_some(), rule.replica_modifications)?)
        .destination(destination.build()?)
        .build()
}

fn selection(encrypted: bool, modifications: bool) -> Result<Option<SourceSelectionCriteria>, BuildError> {
    if !encrypted && !modifications {
        return Ok(None);
    }
    let mut criteria = SourceSelectionCriteria::builder();
    if encrypted {
        let status = SseKmsEncryptedObjectsStatus::Enabled;
        criteria = criteria.sse_kms_encrypted_objects(SseKmsEncryptedObjects::builder().status(status).build()?);
    }
    if modifications {
        let status = ReplicaModificationsStatus::Enabled;
        criteria = criteria.replica_modifications(ReplicaModifications::builder().status(status).build()?);
    }
    Ok(Some(criteria.build()))
}

/// The replication of a bucket as S3 tells it. A rule to another destination than the first one's is not ours: its
/// id says where it goes, so that it shows as drift.
fn resource(id: &str, configuration: ReplicationConfiguration) -> Result<Desired, Fault> {
    let rules: Vec<Wire> =
        configuration.rules.into_iter().filter(|rule| rule.status == ReplicationRuleStatus::Enabled).collect();
    let first = rules.first().and_then(|rule| rule.destination.clone());
    let first = first.ok_or_else(|| Fault::incomplete(GET, "rule that is on"))?;
    let replica_kms_key = first.encryption_configuration.and_then(|encryption| encryption.replica_kms_key_id);
    Ok(Replication {
        source: Ref::existing(id),
        rules: rules.into_iter().map(|rule| read_rule(rule, &first.bucket)).collect(),
        destination: ArnRef::existing(first.bucket),
        cross_border: None,
        role: ArnRef::existing(configuration.role),
        replica_kms_key: replica_kms_key.map(ArnRef::existing),
    })
}

fn read_rule(rule: Wire, expected: &str) -> ReplicationRule {
    let id = rule.id.unwrap_or_default();
    let destination = rule.destination;
    let elsewhere = destination.as_ref().map(|to| to.bucket.clone()).filter(|bucket| bucket != expected);
    let modifications = rule.source_selection_criteria.and_then(|criteria| criteria.replica_modifications);
    let prefix = rule.filter.and_then(|filter| filter.prefix.or_else(|| filter.and?.prefix));
    let markers = rule.delete_marker_replication.and_then(|markers| markers.status);
    ReplicationRule {
        id: elsewhere.map_or(id.clone(), |bucket| format!("{id} to {bucket}")),
        priority: rule.priority.unwrap_or_default(),
        prefix: prefix.unwrap_or_default(),
        delete_marker_replication: markers == Some(DeleteMarkerReplicationStatus::Enabled),
        replica_modifications: modifications.is_some_and(|it| it.status == ReplicaModificationsStatus::Enabled),
        replication_time_control: destination
            .and_then(|to| to.replication_time)
            .is_some_and(|time| time.status == ReplicationTimeStatus::Enabled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desired(rules: Vec<ReplicationRule>, key: Option<&str>) -> Desired {
        Replication {
            source: Ref::existing("from"),
            destination: ArnRef::existing("arn:aws:s3:::to"),
            cross_border: None,
            rules,
            role: ArnRef::existing("arn:aws:iam::123456789012:role/replication"),
            replica_kms_key: key.map(ArnRef::existing),
        }
    }

    fn text(replication: &Desired) -> String {
        serde_json::to_string(replication).unwrap()
    }

    #[test]
    fn a_configuration_comes_back_as_it_went() {
        let rule = || ReplicationRule::builder().id("all");
        for want in [
            desired(vec![rule().build()], None),
            desired(vec![rule().delete_marker_replication(false).replica_modifications(true).build()], None),
            desired(
                vec![
                    rule().prefix("img/").priority(2).replication_time_control(true).build(),
                    ReplicationRule::builder().id("rest").priority(1).build(),
                ],
                Some("arn:aws:kms:eu-west-2:123456789012:key/k"),
            ),
        ] {
            assert_eq!(text(&resource("from", wire(&want).unwrap()).unwrap()), text(&want));
        }
    }

    #[test]
    fn a_rule_to_somewhere_else_shows() {
        let ours = wire(&desired(vec![ReplicationRule::builder().id("all").build()], None)).unwrap();
        let mut foreign = ours.rules[0].clone();
        foreign.destination = Some(Destination::builder().bucket("arn:aws:s3:::leak").build().unwrap());
        let both = ReplicationConfiguration::builder().role("r").rules(ours.rules[0].clone()).rules(foreign);
        let read = resource("from", both.build().unwrap()).unwrap();
        assert_eq!(read.rules[1].id, "all to arn:aws:s3:::leak");
    }
}
