//! Assets in two regions: a bucket in each, replicated both ways.

use landfall_core::{ArnRef, DistinctFrom, Global, Handle, Input, PlaceCode, Region, SameJurisdiction, Scope, join};
use landfall_security::{Key, PolicyDocument, Role, Statement};

use crate::{
    bucket::{Bucket, Encryption},
    bucket_name::BucketName,
    bucket_policy::BucketPolicy,
    lifecycle::LifecycleRule,
    replication::{Replication, ReplicationRule},
    statements,
};

/// A private, versioned, encrypted bucket in each of two regions, replicated both ways, each by a role that can do
/// nothing else.
///
/// The policies come last, because they name who reads: [`served_by`](ReplicatedAssetsHandles::served_by) or
/// [`without_readers`](ReplicatedAssetsHandles::without_readers); both let nobody in without TLS.
///
/// ```
/// # use landfall_core::{Environment, London, Mumbai, Topology};
/// # use landfall_datalayer::{InvalidBucketName, ReplicatedAssets};
/// # let topology = Topology::new("docs", Environment::new("dev"));
/// # let (india, london) = (topology.region::<Mumbai>(), topology.region::<London>());
/// let reason = "pictures and scripts that everyone may see";
/// let assets = ReplicatedAssets::cross_border("shop-mumbai".parse()?, "shop-london".parse()?, reason)
///     .build()
///     .add_to(&topology.global(), &india, &london);
/// assets.served_by(&india, &london, "arn:aws:cloudfront::123456789012:distribution/EDFDVBD6EXAMPLE");
/// assert!(topology.lower().is_ok());
/// # Ok::<(), InvalidBucketName>(())
/// ```
#[derive(Debug, Clone, bon::Builder)]
#[builder(start_fn(name = start, vis = ""))]
pub struct ReplicatedAssets<A: Region, B: Region> {
    /// Name of the first bucket.
    #[builder(start_fn)]
    pub first: BucketName,
    /// Name of the second bucket.
    #[builder(start_fn)]
    pub second: BucketName,
    /// Why assets may lie under another law.
    #[builder(start_fn)]
    pub cross_border: Option<String>,
    /// Keys that encrypt, one of each region; S3's own keys unless said. A distribution reads what a KMS key encrypts
    /// only if the key's policy lets it.
    #[builder(with = |first: Handle<Key<A>>, second: Handle<Key<B>>| (first, second))]
    pub kms_keys: Option<AssetKeys<A, B>>,
    /// Whether S3 commits to copy within 15 minutes, at a price; default false.
    #[builder(default)]
    pub replication_time_control: bool,
    /// Days for which versions that are no longer current are kept; default 90.
    #[builder(default = 90)]
    pub noncurrent_version_expiration_days: i32,
    /// Whether a destroy empties the buckets; default false.
    #[builder(default)]
    pub force_destroy: bool,
}

/// Keys of the two regions.
pub type AssetKeys<A, B> = (Handle<Key<A>>, Handle<Key<B>>);

impl<A: Region, B: Region> ReplicatedAssets<A, B> {
    /// Assets in two regions under one law.
    pub fn within_jurisdiction(first: BucketName, second: BucketName) -> ReplicatedAssetsBuilder<A, B>
    where
        A: DistinctFrom<B> + SameJurisdiction<B>,
    {
        Self::start(first, second, None)
    }

    /// Assets in two regions under whatever laws, and why they may lie there.
    pub fn cross_border(
        first: BucketName,
        second: BucketName,
        reason: impl Into<String>,
    ) -> ReplicatedAssetsBuilder<A, B>
    where
        A: DistinctFrom<B>,
    {
        Self::start(first, second, Some(reason.into()))
    }

    /// Declares buckets, roles and replications; all are named `assets`, the roles `assets-` and their region.
    pub fn add_to(
        &self,
        global: &Scope<'_, Global>,
        first: &Scope<'_, A>,
        second: &Scope<'_, B>,
    ) -> ReplicatedAssetsHandles<A, B> {
        let (first_key, second_key) = self.kms_keys.unzip();
        let first_end = End { bucket: self.bucket(first, &self.first, first_key), key: first_key, scope: first };
        let second_end = End { bucket: self.bucket(second, &self.second, second_key), key: second_key, scope: second };
        ReplicatedAssetsHandles {
            to_second: self.replicate(global, &first_end, &second_end),
            to_first: self.replicate(global, &second_end, &first_end),
            first: first_end.bucket,
            second: second_end.bucket,
        }
    }

    fn bucket<R: Region>(
        &self,
        scope: &Scope<'_, R>,
        name: &BucketName,
        key: Option<Handle<Key<R>>>,
    ) -> Handle<Bucket<R>> {
        let tidy = LifecycleRule::builder()
            .id("tidy")
            .noncurrent_version_expiration_days(self.noncurrent_version_expiration_days)
            .abort_incomplete_multipart_upload_days(7)
            .build();
        let bucket = Bucket::builder()
            .bucket(name.clone())
            .versioning(true)
            .encryption(key.map_or(Encryption::SseS3, Encryption::kms))
            .lifecycle_rules(vec![tidy])
            .force_destroy(self.force_destroy);
        scope.add("assets", bucket.build())
    }

    fn replicate<From: Region, To: Region>(
        &self,
        global: &Scope<'_, Global>,
        from: &End<'_, From>,
        to: &End<'_, To>,
    ) -> Handle<Replication<From, To>> {
        let role = Role::builder()
            .inline_policy("replicate", may_replicate(from, to))
            .assume_role_policy_document(PolicyDocument::trust("s3.amazonaws.com"))
            .description(format!("Copies assets from {} to {}", from.scope.place(), to.scope.place()))
            .build();
        let role = global.add(&format!("assets-{}", from.scope.place()), role);
        let everything = ReplicationRule::builder()
            .id("all")
            .replica_modifications(true)
            .replication_time_control(self.replication_time_control)
            .build();
        // The public constructors have seen that the regions differ, and under which law they are.
        let replication = Replication::start(from.bucket.into(), to.bucket.into(), self.cross_border.clone())
            .rule(everything)
            .role(role)
            .maybe_replica_kms_key(to.key.map(ArnRef::from));
        from.scope.add("assets", replication.build())
    }
}

struct End<'s, R: Region> {
    scope: &'s Scope<'s, R>,
    bucket: Handle<Bucket<R>>,
    key: Option<Handle<Key<R>>>,
}

/// What S3 needs to copy from one bucket to another, and nothing else.
///
/// Reference: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html>
fn may_replicate<A: Region, B: Region>(from: &End<'_, A>, to: &End<'_, B>) -> PolicyDocument {
    let objects = |arn: Input<String>| join![arn, "/*"];
    let (source, copy) = (from.bucket.get(Bucket::ARN), to.bucket.get(Bucket::ARN));
    let mut policy = PolicyDocument::new([
        Statement::allow()
            .sid("ReadSource")
            .actions(["s3:GetReplicationConfiguration", "s3:ListBucket"])
            .resource(&source),
        Statement::allow()
            .sid("ReadVersions")
            .actions(["s3:GetObjectVersionForReplication", "s3:GetObjectVersionAcl", "s3:GetObjectVersionTagging"])
            .resource(objects(source)),
        Statement::allow()
            .sid("WriteCopies")
            .actions(["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"])
            .resource(objects(copy)),
    ]);
    let through_s3 = |statement: Statement, place: PlaceCode| {
        statement.condition("StringEquals", "kms:ViaService", format!("s3.{place}.amazonaws.com"))
    };
    if let Some(key) = from.key {
        let decrypt = Statement::allow().sid("DecryptSource").action("kms:Decrypt").resource(key.get(Key::ARN));
        policy = policy.with(through_s3(decrypt, from.scope.place()));
    }
    if let Some(key) = to.key {
        let encrypt = Statement::allow().sid("EncryptCopies").actions(["kms:Encrypt", "kms:GenerateDataKey"]);
        policy = policy.with(through_s3(encrypt.resource(key.get(Key::ARN)), to.scope.place()));
    }
    policy
}

/// What [`ReplicatedAssets::add_to`] declared.
#[derive(Debug, Clone)]
pub struct ReplicatedAssetsHandles<A: Region, B: Region> {
    /// The first bucket.
    pub first: Handle<Bucket<A>>,
    /// The second bucket.
    pub second: Handle<Bucket<B>>,
    /// Replication from the first to the second.
    pub to_second: Handle<Replication<A, B>>,
    /// Replication from the second to the first.
    pub to_first: Handle<Replication<B, A>>,
}

/// The policies of the two buckets.
pub type AssetPolicies<A, B> = (Handle<BucketPolicy<A>>, Handle<BucketPolicy<B>>);

impl<A: Region, B: Region> ReplicatedAssetsHandles<A, B> {
    /// Declares both buckets' policies: nobody comes in without TLS, and one distribution of CloudFront reads.
    pub fn served_by(
        &self,
        first: &Scope<'_, A>,
        second: &Scope<'_, B>,
        distribution_arn: impl Into<Input<String>>,
    ) -> AssetPolicies<A, B> {
        let arn = distribution_arn.into();
        (
            policy(first, self.first, statements::distribution_reads(self.first, &arn)),
            policy(second, self.second, statements::distribution_reads(self.second, &arn)),
        )
    }

    /// Declares both buckets' policies: nobody comes in without TLS.
    pub fn without_readers(&self, first: &Scope<'_, A>, second: &Scope<'_, B>) -> AssetPolicies<A, B> {
        (policy(first, self.first, []), policy(second, self.second, []))
    }
}

fn policy<R: Region>(
    scope: &Scope<'_, R>,
    bucket: Handle<Bucket<R>>,
    statements: impl IntoIterator<Item = Statement>,
) -> Handle<BucketPolicy<R>> {
    let policy = statements::tls_only(bucket).into_iter().chain(statements).collect();
    scope.add("assets", BucketPolicy::builder().bucket(bucket).policy(policy).build())
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Hyderabad, London, Mumbai, Topology, expr::Expr};

    use super::*;

    fn name(text: &str) -> BucketName {
        text.parse().unwrap()
    }

    #[test]
    fn both_ends_are_alike_and_copy_to_each_other() {
        let topology = Topology::new("twin", Environment::new("test"));
        let (india, london) = (topology.region::<Mumbai>(), topology.region::<London>());
        let assets = ReplicatedAssets::cross_border(name("mumbai"), name("london"), "public").build();
        assets.add_to(&topology.global(), &india, &london).without_readers(&india, &london);
        let lowered = topology.lower().expect("a sound topology");
        let addresses: Vec<_> = lowered.declarations.iter().map(|it| it.address.to_string()).collect();
        assert_eq!(
            addresses,
            [
                "ap-south-1/s3.bucket:assets",
                "eu-west-2/s3.bucket:assets",
                "global/iam.role:assets-ap-south-1",
                "ap-south-1/s3.bucket_replication:assets",
                "global/iam.role:assets-eu-west-2",
                "eu-west-2/s3.bucket_replication:assets",
                "ap-south-1/s3.bucket_policy:assets",
                "eu-west-2/s3.bucket_policy:assets",
            ]
        );
    }

    /// What the role of a direction may do, with every ARN filled in by the region that it is of.
    fn role_of(topology: &Topology, address: &str) -> Vec<(Vec<String>, String)> {
        let lowered = topology.lower().expect("a sound topology");
        let role = lowered.get(&address.parse().unwrap()).expect("the role");
        let Expr::Map(policies) = &role.fields["inline_policies"] else { panic!("policies by name") };
        let policy = policies["replicate"].resolve(&|of, _| Some(format!("{}:{}", of.kind(), of.place()).into()));
        let statements = policy.known().expect("known")["Statement"].clone();
        let texts = |value: &serde_json::Value| -> Vec<String> { serde_json::from_value(value.clone()).unwrap() };
        let statements = statements.as_array().unwrap().iter();
        statements.map(|statement| (texts(&statement["Action"]), texts(&statement["Resource"])[0].clone())).collect()
    }

    #[test]
    fn a_role_reads_one_bucket_and_writes_the_other() {
        let topology = Topology::new("twin", Environment::new("test"));
        let (mumbai, hyderabad) = (topology.region::<Mumbai>(), topology.region::<Hyderabad>());
        let keys = (mumbai.add("assets", Key::builder().build()), hyderabad.add("assets", Key::builder().build()));
        let assets = ReplicatedAssets::within_jurisdiction(name("one"), name("two")).kms_keys(keys.0, keys.1).build();
        assets.add_to(&topology.global(), &mumbai, &hyderabad);
        let rights: Vec<_> = role_of(&topology, "global/iam.role:assets-ap-south-1")
            .into_iter()
            .map(|(actions, resource)| format!("{} on {resource}", actions.join(" ")))
            .collect();
        assert_eq!(
            rights,
            [
                "s3:GetReplicationConfiguration s3:ListBucket on s3.bucket:ap-south-1",
                "s3:GetObjectVersionForReplication s3:GetObjectVersionAcl s3:GetObjectVersionTagging on \
                 s3.bucket:ap-south-1/*",
                "s3:ReplicateObject s3:ReplicateDelete s3:ReplicateTags on s3.bucket:ap-south-2/*",
                "kms:Decrypt on kms.key:ap-south-1",
                "kms:Encrypt kms:GenerateDataKey on kms.key:ap-south-2",
            ]
        );
    }
}
