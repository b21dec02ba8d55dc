//! Secrets on Secrets Manager.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_secretsmanager::{
    Client,
    operation::describe_secret::DescribeSecretOutput as Reply,
    types::{ReplicaRegionType, StatusType, Tag},
};
use landfall_aws::{Regional, absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, PlaceCode, Tags, TypedProvider, Wait};
use uuid::Uuid;

use super::secret_value::Plaintext;
use crate::secret::{GenerateSecretString, ReplicaRegion, Secret, SecretAttributes};

/// Longest name of a secret that leaves AWS room for its own six characters.
const NAME_MAX: usize = 128;

/// Label of the version that readers get.
const CURRENT: &str = "AWSCURRENT";

/// The key of AWS that encrypts where no other is named.
const DEFAULT_KEY: &str = "alias/aws/secretsmanager";

pub(super) struct Provider(pub(super) Regional<Client>);

type LiveSecret = Live<Secret<AnyRegion>, SecretAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Secret<AnyRegion>;
    type Attributes = SecretAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveSecret>, Fault> {
        describe(&self.0.of(cx), id).await?.map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &Secret<AnyRegion>) -> Result<Option<LiveSecret>, Fault> {
        let live = self.read(cx, &cx.physical_name(NAME_MAX)).await?;
        Ok(live.filter(|live| cx.owns(&live.tags)))
    }

    async fn create(&self, cx: &Context, want: &Secret<AnyRegion>) -> Result<SecretAttributes, Fault> {
        let client = self.0.of(cx);
        let name = cx.physical_name(NAME_MAX);
        let value = generate(&client, &want.generate_secret_string).await?;
        let replicas = want.replica_regions.iter().map(replica_request).collect::<Vec<_>>();
        let request = client
            .create_secret()
            .name(&name)
            .client_request_token(version_id(cx, &want.generate_secret_string))
            .secret_string(value.expose())
            .set_description(want.description.clone())
            .set_kms_key_id(want.kms_key.as_ref().map(|key| key.id().to_owned()))
            .set_add_replica_regions((!replicas.is_empty()).then_some(replicas))
            .set_tags(Some(to_tags(cx.all_tags())));
        let reply = request.send().await.map_err(fault("secretsmanager:CreateSecret"))?;
        let missing = |what| Fault::incomplete("secretsmanager:CreateSecret", what);
        let arn = reply.arn.ok_or_else(|| missing("ARN"))?;
        replicated(&client, cx, &arn, want).await?;
        let version_id = reply.version_id.ok_or_else(|| missing("VersionId"))?;
        Ok(SecretAttributes { id: arn.clone(), arn, name, version_id })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Secret<AnyRegion>,
        have: &LiveSecret,
    ) -> Result<SecretAttributes, Fault> {
        let client = self.0.of(cx);
        let (arn, was) = (&have.attributes.arn, &have.resource);
        if want.description != was.description || want.kms_key != was.kms_key {
            let key = want.kms_key.as_ref().map_or(DEFAULT_KEY, |key| key.id());
            let request = client.update_secret().secret_id(arn).kms_key_id(key);
            let reply = request.description(want.description.clone().unwrap_or_default()).send().await;
            reply.map_err(fault("secretsmanager:UpdateSecret"))?;
        }
        let mut attributes = have.attributes.clone();
        if want.generate_secret_string != was.generate_secret_string {
            attributes.version_id = rotate(&client, cx, arn, &want.generate_secret_string).await?;
        }
        if !(want.replica_regions.is_empty() && was.replica_regions.is_empty()) {
            update_replicas(&client, cx, arn, want).await?;
        }
        let changes = cx.tag_changes(&have.tags);
        if !changes.remove.is_empty() {
            let request = client.untag_resource().secret_id(arn).set_tag_keys(Some(changes.remove));
            request.send().await.map_err(fault("secretsmanager:UntagResource"))?;
        }
        if !changes.set.is_empty() {
            let request = client.tag_resource().secret_id(arn).set_tags(Some(to_tags(changes.set)));
            request.send().await.map_err(fault("secretsmanager:TagResource"))?;
        }
        Ok(attributes)
    }

    async fn delete(&self, cx: &Context, have: &LiveSecret) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let arn = &have.attributes.arn;
        let Some(secret) = describe(&client, arn).await? else { return Ok(()) };
        // AWS deletes a secret only without its replicas.
        remove_replicas(&client, cx, arn, regions(&secret)).await?;
        let request = client.delete_secret().secret_id(arn);
        let request = match have.resource.recovery_window_in_days {
            0 => request.force_delete_without_recovery(true),
            days => request.recovery_window_in_days(i64::from(days)),
        };
        match absent_is_done("secretsmanager:DeleteSecret", request.send().await) {
            // The answer to an earlier attempt of the same request was lost.
            Err(_) if describe(&client, arn).await.is_ok_and(|secret| secret.is_none()) => Ok(()),
            deleted => deleted,
        }
    }
}

/// What Secrets Manager knows of a secret, by ARN or name; `None` when there is none, or when it only waits for its
/// deletion.
async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_secret().secret_id(id).send().await;
    Ok(found("secretsmanager:DescribeSecret", reply)?.filter(|secret| secret.deleted_date.is_none()))
}

/// The id of the version that a way to generate makes in this secret: always the same, so that a repeated request
/// makes no second one.
fn version_id(cx: &Context, generate: &GenerateSecretString) -> String {
    let spec = serde_json::json!([cx.token.to_string(), generate]);
    Uuid::new_v5(&Uuid::NAMESPACE_OID, spec.to_string().as_bytes()).to_string()
}

async fn generate(client: &Client, how: &GenerateSecretString) -> Result<Plaintext, Fault> {
    let request = client
        .get_random_password()
        .password_length(i64::from(how.password_length))
        .set_exclude_characters((!how.exclude_characters.is_empty()).then(|| how.exclude_characters.clone()))
        .exclude_punctuation(how.exclude_punctuation);
    let reply = request.send().await.map_err(fault("secretsmanager:GetRandomPassword"))?;
    let password = reply.random_password;
    let password = password.ok_or_else(|| Fault::incomplete("secretsmanager:GetRandomPassword", "RandomPassword"))?;
    Ok(secret_string(how, password))
}

fn secret_string(how: &GenerateSecretString, password: String) -> Plaintext {
    if how.secret_string_template.is_empty() {
        return Plaintext::new(password);
    }
    let mut members: BTreeMap<&str, &str> =
        how.secret_string_template.iter().map(|(name, value)| (name.as_str(), value.value().as_str())).collect();
    members.insert(&how.generate_string_key, &password);
    Plaintext::new(serde_json::json!(members).to_string())
}

/// Generates a new value and returns the id of its version.
async fn rotate(client: &Client, cx: &Context, arn: &str, how: &GenerateSecretString) -> Result<String, Fault> {
    let version = version_id(cx, how);
    let known = describe(client, arn).await?.and_then(|secret| secret.version_ids_to_stages).unwrap_or_default();
    match known.get(&version) {
        Some(stages) if stages.iter().any(|stage| stage == CURRENT) => return Ok(version),
        Some(_) => {
            return Err(Fault::new(
                FaultKind::Invalid,
                "secretsmanager:PutSecretValue",
                format!("generation {} of the value was in use before: count `generation` further up", how.generation),
            ));
        }
        None => {}
    }
    let value = generate(client, how).await?;
    let request = client.put_secret_value().secret_id(arn).client_request_token(&version);
    request.secret_string(value.expose()).send().await.map_err(fault("secretsmanager:PutSecretValue"))?;
    Ok(version)
}

fn replica_request(replica: &ReplicaRegion) -> ReplicaRegionType {
    ReplicaRegionType::builder()
        .region(replica.region.as_str())
        .set_kms_key_id(replica.kms_key.as_ref().map(|key| key.id().to_owned()))
        .build()
}

/// Removes the replicas that are no longer wanted and adds those that are missing; one that failed, or whose key
/// changes, is made anew. What another run began is waited for.
async fn update_replicas(client: &Client, cx: &Context, arn: &str, want: &Secret<AnyRegion>) -> Result<(), Fault> {
    let Some(secret) = describe(client, arn).await? else {
        return Err(Fault::not_yet("secretsmanager:DescribeSecret", format!("{arn} is not there")));
    };
    let sound = replicas(&secret)?;
    let keeps =
        |region: &String| want.replica_regions.iter().any(|it| it.region.as_str() == region && sound.contains(it));
    let gone = regions(&secret).into_iter().filter(|region| !keeps(region)).collect();
    remove_replicas(client, cx, arn, gone).await?;
    let new = want.replica_regions.iter().filter(|replica| !sound.contains(replica));
    let new = new.map(replica_request).collect::<Vec<_>>();
    if !new.is_empty() {
        let request = client.replicate_secret_to_regions().secret_id(arn).set_add_replica_regions(Some(new));
        request.send().await.map_err(fault("secretsmanager:ReplicateSecretToRegions"))?;
    }
    replicated(client, cx, arn, want).await
}

/// The replicas that have the value, or will have it, by region. One that failed is as good as none: no waiting mends it.
fn replicas(secret: &Reply) -> Result<Vec<ReplicaRegion>, Fault> {
    let mut replicas = Vec::new();
    for replica in secret.replication_status().iter().filter(|replica| replica.status != Some(StatusType::Failed)) {
        let region = replica.region().and_then(|region| region.parse::<PlaceCode>().ok());
        let region = region.ok_or_else(|| Fault::incomplete("secretsmanager:DescribeSecret", "Region"))?;
        replicas.push(ReplicaRegion { region, kms_key: key(replica.kms_key_id.clone()) });
    }
    replicas.sort_by_key(|replica| replica.region);
    Ok(replicas)
}

async fn remove_replicas(client: &Client, cx: &Context, arn: &str, gone: BTreeSet<String>) -> Result<(), Fault> {
    if gone.is_empty() {
        return Ok(());
    }
    let request = client.remove_regions_from_replication().secret_id(arn);
    let request = request.set_remove_replica_regions(Some(gone.iter().cloned().collect()));
    absent_is_done("secretsmanager:RemoveRegionsFromReplication", request.send().await)?;
    cx.wait("replicas of the secret to go", Wait::MINUTES, || async {
        let left = describe(client, arn).await?.as_ref().map(regions).unwrap_or_default();
        Ok(left.is_disjoint(&gone).then_some(()))
    })
    .await
}

fn regions(secret: &Reply) -> BTreeSet<String> {
    secret.replication_status().iter().filter_map(|replica| replica.region.clone()).collect()
}

/// Waits until every replica has the value.
async fn replicated(client: &Client, cx: &Context, arn: &str, want: &Secret<AnyRegion>) -> Result<(), Fault> {
    if want.replica_regions.is_empty() {
        return Ok(());
    }
    cx.wait("replicas of the secret", Wait::MINUTES, || async {
        let Some(secret) = describe(client, arn).await? else { return Ok(None) };
        let failed = secret.replication_status().iter().find(|replica| replica.status == Some(StatusType::Failed));
        if let Some(failed) = failed {
            let region = failed.region().unwrap_or_default();
            let why = failed.status_message().unwrap_or_default();
            return Err(Fault::new(
                FaultKind::Invalid,
                "secretsmanager:ReplicateSecretToRegions",
                format!("the replica in {region} failed: {why}"),
            ));
        }
        let synced = |wanted: &ReplicaRegion| {
            secret.replication_status().iter().any(|replica| {
                replica.region() == Some(wanted.region.as_str()) && replica.status == Some(StatusType::InSync)
            })
        };
        Ok(want.replica_regions.iter().all(synced).then_some(()))
    })
    .await
}

fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// A key as the declaration names it: none where it is AWS's own.
fn key(id: Option<String>) -> Option<ArnRef<crate::Key<AnyRegion>>> {
    id.filter(|id| !id.ends_with(DEFAULT_KEY)).map(ArnRef::existing)
}

fn live(secret: Reply) -> Result<LiveSecret, Fault> {
    let missing = |what| Fault::incomplete("secretsmanager:DescribeSecret", what);
    let tag = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
    let replica_regions = replicas(&secret)?;
    let versions = secret.version_ids_to_stages.unwrap_or_default();
    let current = versions.into_iter().find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
    let mut resource = Secret::builder()
        .maybe_description(secret.description.filter(|text| !text.is_empty()))
        .maybe_kms_key(key(secret.kms_key_id))
        .build();
    resource.replica_regions = replica_regions;
    let arn = secret.arn.ok_or_else(|| missing("ARN"))?;
    Ok(Live {
        resource,
        attributes: SecretAttributes {
            id: arn.clone(),
            arn,
            name: secret.name.ok_or_else(|| missing("Name"))?,
            // Nobody has put a value into it yet.
            version_id: current.map(|(id, _)| id).unwrap_or_default(),
        },
        tags: secret.tags.unwrap_or_default().into_iter().filter_map(tag).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_password_stands_alone_or_in_its_template() {
        let check = |how: GenerateSecretString, expected: &str| {
            assert_eq!(secret_string(&how, "p\"1".to_owned()).expose(), expected);
        };
        check(GenerateSecretString::auth_token(), "p\"1");
        check(GenerateSecretString::database("app"), r#"{"password":"p\"1","username":"app"}"#);
        let mut keyed = GenerateSecretString::database("app");
        keyed.generate_string_key = "pass".to_owned();
        check(keyed, r#"{"pass":"p\"1","username":"app"}"#);
    }

    #[test]
    fn replicas_are_asked_for_and_read_with_their_keys() {
        use aws_sdk_secretsmanager::types::ReplicationStatusType;
        let arn = "arn:aws:kms:eu-west-2:1:key/k";
        let wanted = [
            ReplicaRegion { region: "eu-west-2".parse().unwrap(), kms_key: Some(ArnRef::existing(arn)) },
            ReplicaRegion { region: "us-east-1".parse().unwrap(), kms_key: None },
        ];
        let asked: Vec<_> = wanted.iter().map(replica_request).collect();
        assert_eq!((asked[0].region(), asked[0].kms_key_id()), (Some("eu-west-2"), Some(arn)));
        assert_eq!((asked[1].region(), asked[1].kms_key_id()), (Some("us-east-1"), None));
        let told = |asked: &ReplicaRegionType| {
            let key = asked.kms_key_id().unwrap_or(DEFAULT_KEY);
            ReplicationStatusType::builder().set_region(asked.region.clone()).kms_key_id(key).build()
        };
        let answer = Reply::builder()
            .arn("arn:aws:secretsmanager:ap-south-1:1:secret:s-abcdef")
            .name("s")
            .replication_status(told(&asked[1]))
            .replication_status(told(&asked[0]))
            .replication_status(ReplicationStatusType::builder().region("eu-west-1").status(StatusType::Failed).build())
            .version_ids_to_stages("v1", vec!["AWSPREVIOUS".to_owned()])
            .version_ids_to_stages("v2", vec![CURRENT.to_owned()])
            .build();
        let live = live(answer).unwrap();
        assert_eq!(live.resource.replica_regions, wanted, "one that failed is none");
        assert_eq!(live.attributes.version_id, "v2");
    }

    #[test]
    fn aws_own_key_counts_as_none() {
        let check = |id: Option<&str>, expected: Option<&str>| {
            assert_eq!(key(id.map(str::to_owned)).as_ref().map(ArnRef::id), expected);
        };
        check(None, None);
        check(Some("alias/aws/secretsmanager"), None);
        check(Some("arn:aws:kms:eu-west-2:1:alias/aws/secretsmanager"), None);
        check(Some("arn:aws:kms:eu-west-2:1:key/k"), Some("arn:aws:kms:eu-west-2:1:key/k"));
    }
}
