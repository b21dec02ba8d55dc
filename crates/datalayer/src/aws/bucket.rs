//! Buckets on Amazon S3.

use async_trait::async_trait;
use aws_sdk_s3::{
    Client,
    error::ProvideErrorMetadata,
    types::{
        BucketLifecycleConfiguration, BucketLocationConstraint, BucketLoggingStatus, BucketVersioningStatus,
        CreateBucketConfiguration, LoggingEnabled, ObjectOwnership as WireOwnership, OwnershipControls,
        OwnershipControlsRule, PublicAccessBlockConfiguration, ServerSideEncryption, ServerSideEncryptionByDefault,
        ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Tag, Tagging, VersioningConfiguration,
    },
};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, FaultKind, Live, Tags, TypedProvider, Wait};

use super::{S3, emptying, lifecycle};
use crate::bucket::{AccessLogging, Bucket, BucketAttributes, Encryption, ObjectOwnership, PublicAccessBlock};

pub(super) struct Provider(pub(super) S3);

/// The key of AWS by which S3 encrypts with KMS where no other is named.
const AWS_KEY: &str = "alias/aws/s3";

type LiveBucket = Live<Bucket<AnyRegion>, BucketAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Bucket<AnyRegion>;
    type Attributes = BucketAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveBucket>, Fault> {
        let client = self.0.of(cx);
        if !exists(&client, id).await? {
            return Ok(None);
        }
        let resource = Bucket {
            bucket: id.parse().map_err(|_| Fault::incomplete("s3:ListBucket", "valid name"))?,
            object_ownership: ownership(&client, id).await?,
            versioning: versioning(&client, id).await?,
            encryption: encryption(&client, id).await?,
            public_access_block: public_access_block(&client, id).await?,
            lifecycle_rules: lifecycle_rules(&client, id).await?,
            logging: logging(&client, id).await?,
            force_destroy: false,
        };
        Ok(Some(Live { resource, attributes: attributes(cx, id), tags: tags(&client, id).await? }))
    }

    async fn find(&self, cx: &Context, want: &Bucket<AnyRegion>) -> Result<Option<LiveBucket>, Fault> {
        let client = self.0.of(cx);
        let name = want.bucket.as_str();
        if is_ours(&client, name).await? && cx.owns(&tags(&client, name).await?) {
            return self.read(cx, name).await;
        }
        Ok(None)
    }

    async fn create(&self, cx: &Context, want: &Bucket<AnyRegion>) -> Result<BucketAttributes, Fault> {
        let client = self.0.of(cx);
        let name = want.bucket.as_str();
        // Only us-east-1 answers a second create of one's own bucket with success, so that it has to be looked for.
        if cx.region() == "us-east-1" && is_ours(&client, name).await? {
            return Err(Fault::new(FaultKind::Taken, "s3:CreateBucket", format!("the account has a bucket {name}")));
        }
        let constraint = (cx.region() != "us-east-1").then(|| BucketLocationConstraint::from(cx.region()));
        let configuration = CreateBucketConfiguration::builder()
            .set_location_constraint(constraint)
            .set_tags(Some(wire_tags(cx.all_tags())?))
            .build();
        let call = client
            .create_bucket()
            .bucket(name)
            .object_ownership(wire_ownership(want.object_ownership))
            .create_bucket_configuration(configuration);
        // After a bucket of that name is deleted, and most of all one of another region, S3 keeps the name for minutes.
        cx.wait("name of the bucket to become free", Wait::MINUTES, || async {
            match call.clone().send().await {
                Err(error) if is_code(&error, &["OperationAborted"]) => Ok(None),
                reply => reply.map(Some).map_err(fault("s3:CreateBucket")),
            }
        })
        .await?;
        cx.wait("bucket to become visible", Wait::SECONDS, || async { Ok(exists(&client, name).await?.then_some(())) })
            .await?;
        put(&client, want, None).await?;
        Ok(attributes(cx, name))
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Bucket<AnyRegion>,
        have: &LiveBucket,
    ) -> Result<BucketAttributes, Fault> {
        let client = self.0.of(cx);
        put(&client, want, Some(&have.resource)).await?;
        if !cx.tag_changes(&have.tags).is_empty() {
            let tagging = Tagging::builder().set_tag_set(Some(wire_tags(cx.all_tags())?)).build();
            let tagging = tagging.map_err(|error| broken("s3:PutBucketTagging", &error))?;
            let reply = client.put_bucket_tagging().bucket(want.bucket.as_str()).tagging(tagging).send().await;
            reply.map_err(fault("s3:PutBucketTagging"))?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveBucket) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let name = &have.attributes.id;
        let force = have.resource.force_destroy;
        if force {
            emptying::empty(&client, name).await?;
        }
        match client.delete_bucket().bucket(name).send().await {
            Err(error) if error.code() == Some("BucketNotEmpty") && force => {
                Err(Fault::new(FaultKind::Blocked, "s3:DeleteBucket", "objects arrived while the bucket was emptied"))
            }
            Err(error) if error.code() == Some("BucketNotEmpty") => Err(Fault::new(
                FaultKind::Invalid,
                "s3:DeleteBucket",
                "the bucket holds objects; empty it, or apply `force_destroy` first",
            )),
            reply => absent_is_done("s3:DeleteBucket", reply),
        }
    }
}

/// Puts what differs from `have`, or from a bucket as S3 creates it.
async fn put(client: &Client, want: &Bucket<AnyRegion>, have: Option<&Bucket<AnyRegion>>) -> Result<(), Fault> {
    let name = want.bucket.as_str();
    if have.is_none_or(|have| have.public_access_block != want.public_access_block) {
        let reply = client
            .put_public_access_block()
            .bucket(name)
            .public_access_block_configuration(wire_block(want.public_access_block));
        reply.send().await.map_err(fault("s3:PutBucketPublicAccessBlock"))?;
    }
    if have.is_some_and(|have| have.object_ownership != want.object_ownership) {
        put_ownership(client, name, want.object_ownership).await?;
    }
    if have.map_or(Encryption::SseS3, |have| have.encryption.clone()) != want.encryption {
        put_encryption(client, name, &want.encryption).await?;
    }
    if have.is_some_and(|have| have.versioning) != want.versioning {
        let status = if want.versioning { BucketVersioningStatus::Enabled } else { BucketVersioningStatus::Suspended };
        let configuration = VersioningConfiguration::builder().status(status).build();
        let reply = client.put_bucket_versioning().bucket(name).versioning_configuration(configuration).send().await;
        reply.map_err(fault("s3:PutBucketVersioning"))?;
    }
    if have.map_or(&[][..], |have| &have.lifecycle_rules) != want.lifecycle_rules {
        put_lifecycle(client, want).await?;
    }
    if have.and_then(|have| have.logging.as_ref()) != want.logging.as_ref() {
        put_logging(client, name, want.logging.as_ref()).await?;
    }
    Ok(())
}

async fn put_ownership(client: &Client, name: &str, ownership: ObjectOwnership) -> Result<(), Fault> {
    let operation = "s3:PutBucketOwnershipControls";
    let rule = OwnershipControlsRule::builder().object_ownership(wire_ownership(ownership)).build();
    let controls = OwnershipControls::builder().rules(rule.map_err(|error| broken(operation, &error))?).build();
    let controls = controls.map_err(|error| broken(operation, &error))?;
    let reply = client.put_bucket_ownership_controls().bucket(name).ownership_controls(controls).send().await;
    reply.map(drop).map_err(fault(operation))
}

async fn put_encryption(client: &Client, name: &str, encryption: &Encryption<AnyRegion>) -> Result<(), Fault> {
    let operation = "s3:PutEncryptionConfiguration";
    let (algorithm, key, bucket_key) = match encryption {
        Encryption::SseS3 => (ServerSideEncryption::Aes256, None, false),
        Encryption::Kms { key, bucket_key } => (ServerSideEncryption::AwsKms, Some(key.id().to_owned()), *bucket_key),
    };
    let default = ServerSideEncryptionByDefault::builder().sse_algorithm(algorithm).set_kms_master_key_id(key).build();
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default.map_err(|error| broken(operation, &error))?)
        .bucket_key_enabled(bucket_key)
        .build();
    let configuration = ServerSideEncryptionConfiguration::builder().rules(rule).build();
    let configuration = configuration.map_err(|error| broken(operation, &error))?;
    let call = client.put_bucket_encryption().bucket(name).server_side_encryption_configuration(configuration);
    call.send().await.map(drop).map_err(fault(operation))
}

async fn put_lifecycle(client: &Client, want: &Bucket<AnyRegion>) -> Result<(), Fault> {
    let operation = "s3:PutLifecycleConfiguration";
    let name = want.bucket.as_str();
    if want.lifecycle_rules.is_empty() {
        let reply = client.delete_bucket_lifecycle().bucket(name).send().await;
        return absent_is_done(operation, reply);
    }
    let rules = want.lifecycle_rules.iter().map(lifecycle::wire).collect::<Result<_, _>>()?;
    let configuration = BucketLifecycleConfiguration::builder().set_rules(Some(rules)).build();
    let configuration = configuration.map_err(|error| broken(operation, &error))?;
    let call = client.put_bucket_lifecycle_configuration().bucket(name).lifecycle_configuration(configuration);
    call.send().await.map(drop).map_err(fault(operation))
}

async fn put_logging(client: &Client, name: &str, logging: Option<&AccessLogging<AnyRegion>>) -> Result<(), Fault> {
    let operation = "s3:PutBucketLogging";
    let enabled = logging
        .map(|logging| {
            let AccessLogging { target_bucket, target_prefix } = logging;
            LoggingEnabled::builder().target_bucket(target_bucket.id()).target_prefix(target_prefix).build()
        })
        .transpose()
        .map_err(|error| broken(operation, &error))?;
    let status = BucketLoggingStatus::builder().set_logging_enabled(enabled).build();
    let reply = client.put_bucket_logging().bucket(name).bucket_logging_status(status).send().await;
    reply.map(drop).map_err(fault(operation))
}

/// Whether there is such a bucket in the client's region: S3 answers a redirect for one of another region.
async fn exists(client: &Client, name: &str) -> Result<bool, Fault> {
    match client.head_bucket().bucket(name).send().await {
        Err(error) if error.raw_response().is_some_and(|raw| raw.status().as_u16() == 301) => Ok(false),
        reply => found("s3:ListBucket", reply).map(|reply| reply.is_some()),
    }
}

/// Whether the account has such a bucket here: one of another account is a denial.
async fn is_ours(client: &Client, name: &str) -> Result<bool, Fault> {
    match exists(client, name).await {
        Err(fault) if fault.kind == FaultKind::Denied => Ok(false),
        told => told,
    }
}

async fn ownership(client: &Client, name: &str) -> Result<ObjectOwnership, Fault> {
    let reply = client.get_bucket_ownership_controls().bucket(name).send().await;
    let reply = found("s3:GetBucketOwnershipControls", reply)?;
    let rule = reply.and_then(|reply| reply.ownership_controls?.rules.into_iter().next());
    Ok(match rule.map(|rule| rule.object_ownership) {
        Some(WireOwnership::BucketOwnerEnforced) => ObjectOwnership::BucketOwnerEnforced,
        Some(WireOwnership::BucketOwnerPreferred) => ObjectOwnership::BucketOwnerPreferred,
        // Without controls it is as it was before S3 had them.
        _ => ObjectOwnership::ObjectWriter,
    })
}

async fn versioning(client: &Client, name: &str) -> Result<bool, Fault> {
    let reply = client.get_bucket_versioning().bucket(name).send().await.map_err(fault("s3:GetBucketVersioning"))?;
    Ok(reply.status() == Some(&BucketVersioningStatus::Enabled))
}

/// S3 encrypts with its own keys where nothing else is said, so that no configuration is that one.
async fn encryption(client: &Client, name: &str) -> Result<Encryption<AnyRegion>, Fault> {
    let reply = client.get_bucket_encryption().bucket(name).send().await;
    let reply = found("s3:GetEncryptionConfiguration", reply)?;
    let rule = reply.and_then(|reply| reply.server_side_encryption_configuration?.rules.into_iter().next());
    let Some(rule) = rule else { return Ok(Encryption::SseS3) };
    let bucket_key = rule.bucket_key_enabled.unwrap_or_default();
    let default = rule.apply_server_side_encryption_by_default;
    let default = default.filter(|default| default.sse_algorithm != ServerSideEncryption::Aes256);
    // Without a key of one's own, KMS encrypts with the one that AWS keeps for S3.
    let key = default.map(|default| default.kms_master_key_id.unwrap_or_else(|| AWS_KEY.to_owned()));
    Ok(key.map_or(Encryption::SseS3, |key| Encryption::Kms { key: ArnRef::existing(key), bucket_key }))
}

async fn public_access_block(client: &Client, name: &str) -> Result<PublicAccessBlock, Fault> {
    let reply = client.get_public_access_block().bucket(name).send().await;
    let block = found("s3:GetBucketPublicAccessBlock", reply)?.and_then(|r| r.public_access_block_configuration);
    Ok(block.map_or(PublicAccessBlock::NONE, |block| PublicAccessBlock {
        block_public_acls: block.block_public_acls.unwrap_or_default(),
        ignore_public_acls: block.ignore_public_acls.unwrap_or_default(),
        block_public_policy: block.block_public_policy.unwrap_or_default(),
        restrict_public_buckets: block.restrict_public_buckets.unwrap_or_default(),
    }))
}

async fn lifecycle_rules(client: &Client, name: &str) -> Result<Vec<crate::LifecycleRule>, Fault> {
    let reply = client.get_bucket_lifecycle_configuration().bucket(name).send().await;
    let reply = found("s3:GetLifecycleConfiguration", reply)?;
    Ok(reply
        .iter()
        .flat_map(
            aws_sdk_s3::operation::get_bucket_lifecycle_configuration::GetBucketLifecycleConfigurationOutput::rules,
        )
        .filter_map(lifecycle::read)
        .collect())
}

async fn logging(client: &Client, name: &str) -> Result<Option<AccessLogging<AnyRegion>>, Fault> {
    let reply = client.get_bucket_logging().bucket(name).send().await.map_err(fault("s3:GetBucketLogging"))?;
    Ok(reply.logging_enabled.map(|on| AccessLogging {
        target_bucket: landfall_core::Ref::existing(on.target_bucket),
        target_prefix: on.target_prefix,
    }))
}

async fn tags(client: &Client, name: &str) -> Result<Tags, Fault> {
    let reply = found("s3:GetBucketTagging", client.get_bucket_tagging().bucket(name).send().await)?;
    Ok(reply.into_iter().flat_map(|reply| reply.tag_set).map(|tag| (tag.key, tag.value)).collect())
}

fn wire_tags(tags: Tags) -> Result<Vec<Tag>, Fault> {
    let wire = tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
    wire.collect::<Result<_, _>>().map_err(|error| broken("s3:TagResource", &error))
}

fn wire_ownership(ownership: ObjectOwnership) -> WireOwnership {
    match ownership {
        ObjectOwnership::BucketOwnerEnforced => WireOwnership::BucketOwnerEnforced,
        ObjectOwnership::BucketOwnerPreferred => WireOwnership::BucketOwnerPreferred,
        ObjectOwnership::ObjectWriter => WireOwnership::ObjectWriter,
    }
}

fn wire_block(block: PublicAccessBlock) -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(block.block_public_acls)
        .ignore_public_acls(block.ignore_public_acls)
        .block_public_policy(block.block_public_policy)
        .restrict_public_buckets(block.restrict_public_buckets)
        .build()
}

fn attributes(cx: &Context, name: &str) -> BucketAttributes {
    BucketAttributes {
        id: name.to_owned(),
        arn: format!("arn:aws:s3:::{name}"),
        bucket_regional_domain_name: format!("{name}.s3.{}.amazonaws.com", cx.region()),
    }
}

/// The fault of a request that the SDK's own types refuse.
fn broken(operation: &'static str, error: &aws_sdk_s3::error::BuildError) -> Fault {
    Fault::new(FaultKind::Fatal, operation, error.to_string())
}
