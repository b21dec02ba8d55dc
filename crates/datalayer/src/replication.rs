//! S3 replication: new objects of a bucket are copied to a bucket in another region.

use std::collections::BTreeSet;

use landfall_core::{
    AnyRegion, ArnRef, DistinctFrom, Kind, Ref, Region, Resource, SameJurisdiction,
    check::Site,
    expr::Expr,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use landfall_security::{Key, Role};
use serde::{Deserialize, Serialize};

use crate::{bucket::Bucket, wiring};

/// Desired replication from a bucket in `A` to one in `B`; a bucket has one.
///
/// Both buckets keep versions. Made by [`within_jurisdiction`](Self::within_jurisdiction) where both regions are
/// under the same law, by [`cross_border`](Self::cross_border) otherwise.
///
/// ```
/// # use landfall_core::{ApSouth1, Environment, EuWest2, Topology};
/// # use landfall_datalayer::{Bucket, Replication, ReplicationRule};
/// # use landfall_security::{PolicyDocument, Role};
/// # let topology = Topology::new("docs", Environment::new("dev"));
/// # let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
/// # let role = topology.global().add(
/// #     "replication",
/// #     Role::builder().assume_role_policy_document(PolicyDocument::trust("s3.amazonaws.com")).build(),
/// # );
/// let mumbai = india.add("assets", Bucket::builder().bucket("assets-mumbai".parse()?).versioning(true).build());
/// let copy = london.add("assets", Bucket::builder().bucket("assets-london".parse()?).versioning(true).build());
/// india.add(
///     "assets",
///     Replication::cross_border(mumbai, copy, "public pictures, no personal data")
///         .role(role)
///         .rule(ReplicationRule::builder().id("all").build())
///         .build(),
/// );
/// assert!(topology.lower().is_ok());
/// # Ok::<(), landfall_datalayer::InvalidBucketName>(())
/// ```
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketReplication.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[builder(start_fn(name = start, vis = "pub(crate)"))]
#[serde(bound = "")]
pub struct Replication<A: Region, B: Region> {
    /// Bucket whose objects are copied. A change replaces the replication.
    #[builder(start_fn)]
    pub source: Ref<Bucket<A>>,
    /// Bucket that takes the copies, in another region. A change updates the replication.
    #[builder(start_fn)]
    pub destination: ArnRef<Bucket<B>>,
    /// Why objects may lie under another law; needed where the regions' jurisdictions differ. Known to Landfall
    /// alone, which shows it in plans and keeps it in the state: a change calls nothing.
    #[builder(start_fn)]
    #[serde(default)]
    pub cross_border: Option<String>,
    /// Rules: which objects are copied, and how; set with `rule`. A change updates the replication.
    #[builder(field)]
    pub rules: Vec<ReplicationRule>,
    /// Role that S3 takes on to read here and write there. A change updates the replication.
    #[builder(into)]
    pub role: ArnRef<Role>,
    /// Key of the destination's region that encrypts the copies. With it objects encrypted by KMS are copied too,
    /// without it S3 passes them over. A change updates the replication.
    #[builder(into)]
    pub replica_kms_key: Option<ArnRef<Key<B>>>,
}

impl<A: Region, B: Region> Replication<A, B> {
    /// Replication under one law.
    pub fn within_jurisdiction(
        source: impl Into<Ref<Bucket<A>>>,
        destination: impl Into<ArnRef<Bucket<B>>>,
    ) -> ReplicationBuilder<A, B>
    where
        A: DistinctFrom<B> + SameJurisdiction<B>,
    {
        Self::start(source.into(), destination.into(), None)
    }

    /// Replication to a region under whatever law, and why the objects may lie there.
    pub fn cross_border(
        source: impl Into<Ref<Bucket<A>>>,
        destination: impl Into<ArnRef<Bucket<B>>>,
        reason: impl Into<String>,
    ) -> ReplicationBuilder<A, B>
    where
        A: DistinctFrom<B>,
    {
        Self::start(source.into(), destination.into(), Some(reason.into()))
    }
}

impl<A: Region, B: Region, S: replication_builder::State> ReplicationBuilder<A, B, S> {
    /// Adds a rule.
    pub fn rule(mut self, rule: ReplicationRule) -> Self {
        self.rules.push(rule);
        self
    }
}

/// Which objects are copied, and how.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ReplicationRule.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct ReplicationRule {
    /// Name of the rule, unique in its bucket, at most 255 characters. CloudWatch's metrics carry it.
    #[builder(into)]
    pub id: String,
    /// Which rule wins where several match: the highest; default 0. Unique in its bucket.
    #[builder(default)]
    pub priority: i32,
    /// Beginning of the keys that the rule is about; default all keys.
    #[builder(default, into)]
    pub prefix: String,
    /// Whether delete markers are copied, so that what is deleted here is deleted there; default true. Deletions of
    /// single versions and by lifecycle rules never are.
    #[builder(default = true)]
    pub delete_marker_replication: bool,
    /// Whether tags and lock settings that change on a copy are copied back, for replication both ways; default
    /// false.
    #[builder(default)]
    pub replica_modifications: bool,
    /// Whether S3 commits to copy 99.99 % of objects within 15 minutes and reports metrics, at a price; default
    /// false.
    #[builder(default)]
    pub replication_time_control: bool,
}

/// What AWS reports of a replication.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicationAttributes {
    /// Name of the source bucket.
    pub id: String,
}

impl<A: Region, B: Region> Resource for Replication<A, B> {
    type At = A;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("source"),
        Field::updates("destination").reach(Reach::OtherRegion),
        Field::updates("cross_border").write_only(),
        Field::updates("rules").set(),
        Field::updates("role"),
        Field::updates("replica_kms_key").reach(Reach::OtherRegion),
    ],
    attributes: &[Reported::stable("id", "{field.source}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["source"], within: Within::Place }],
    actions: Actions {
        create: &["s3:PutReplicationConfiguration", "iam:PassRole"],
        read: &["s3:GetReplicationConfiguration"],
        update: &["s3:PutReplicationConfiguration", "iam:PassRole"],
        delete: &["s3:PutReplicationConfiguration"],
    },
    timing: "",
    check,
    ..Kind::of::<Replication<AnyRegion, AnyRegion>>("s3.bucket_replication")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = rule_problems(site);
    let way = (Some(site.own.place), wiring::place_of(site, "destination"));
    problems.extend(wiring::border_problem(site, "objects", way, "Replication::cross_border"));
    let ends = [("source", "its objects"), ("destination", "the copies")];
    for (end, what) in ends {
        if let Some(bucket) = site.target(end).filter(|bucket| bucket.lookup.is_none())
            && bucket.fields.get("versioning").and_then(Expr::known) == Some(false.into())
        {
            problems.push(format!("`{end}` {} keeps no versions of {what}: set `versioning` on it", bucket.address));
        }
    }
    if let Some(source) = site.target("source")
        && matches!(source.fields.get("encryption"), Some(Expr::Map(_)))
        && site.known("replica_kms_key").is_some_and(|key| key.is_null())
    {
        problems.push(format!(
            "`source` {} is encrypted by KMS, and without a `replica_kms_key` S3 would copy nothing: name a key of the \
             destination's region",
            source.address
        ));
    }
    problems
}

fn rule_problems(site: &Site<'_>) -> Vec<String> {
    let rules = site.known("rules").and_then(|rules| serde_json::from_value::<Vec<ReplicationRule>>(rules).ok());
    let Some(rules) = rules else { return Vec::new() };
    let mut problems = Vec::new();
    if rules.is_empty() {
        problems.push("`rules` is empty, so that nothing is copied: add a rule".to_owned());
    }
    let (mut ids, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for ReplicationRule { id, priority, .. } in &rules {
        if id.is_empty() || id.len() > 255 {
            problems.push("a replication rule has an `id` of 1 to 255 characters".to_owned());
        }
        if !ids.insert(id) {
            problems.push(format!("two replication rules have the `id` {id}: give one of them another"));
        }
        if !priorities.insert(priority) {
            problems.push(format!("two replication rules have the `priority` {priority}: give one of them another"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, ApSouth2, Environment, EuWest2, Handle, Scope, Topology};
    use landfall_security::PolicyDocument;

    use super::*;
    use crate::bucket::Encryption;

    fn topology() -> Topology {
        Topology::new("twin", Environment::new("test"))
    }

    fn role(topology: &Topology) -> Handle<Role> {
        let trust = PolicyDocument::trust("s3.amazonaws.com");
        topology.global().add("replication", Role::builder().assume_role_policy_document(trust).build())
    }

    fn bucket<R: Region>(scope: &Scope<'_, R>, name: &str, versioning: bool) -> Handle<Bucket<R>> {
        scope.add(name, Bucket::builder().bucket(name.parse().unwrap()).versioning(versioning).build())
    }

    fn rule(id: &str) -> ReplicationRule {
        ReplicationRule::builder().id(id).build()
    }

    fn problems(topology: &Topology) -> Vec<String> {
        topology.lower().expect_err("problems").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn buckets_that_keep_no_versions_are_refused() {
        let topology = topology();
        let (india, other) = (topology.region::<ApSouth1>(), topology.region::<ApSouth2>());
        let (a, b) = (bucket(&india, "aaa", false), bucket(&other, "bbb", false));
        let replication = Replication::within_jurisdiction(a, b).role(role(&topology)).rule(rule("all"));
        india.add("r", replication.build());
        assert_eq!(
            problems(&topology),
            [
                "ap-south-1/s3.bucket_replication:r: `destination` ap-south-2/s3.bucket:bbb keeps no versions of the \
                 copies: set `versioning` on it",
                "ap-south-1/s3.bucket_replication:r: `source` ap-south-1/s3.bucket:aaa keeps no versions of its \
                 objects: set `versioning` on it",
            ]
        );
    }

    #[test]
    fn regions_chosen_at_run_time_obey_the_same_rules() {
        let topology = topology();
        let any = |code: &str| topology.any_region(code.parse().unwrap());
        let (india, london) = (any("ap-south-1"), any("eu-west-2"));
        let (a, b, c) = (bucket(&india, "aaa", true), bucket(&london, "bbb", true), bucket(&india, "ccc", true));
        let role = role(&topology);
        let start = |from, to| Replication::within_jurisdiction(from, to).role(role).rule(rule("all"));
        india.add("abroad", start(a, b).build());
        india.add("home", start(c, a).build());
        assert_eq!(
            problems(&topology),
            [
                "ap-south-1/s3.bucket_replication:abroad: objects would cross from India to United Kingdom: say why \
                 that may be, with `Replication::cross_border`",
                "ap-south-1/s3.bucket_replication:home: `destination` refers to ap-south-1/s3.bucket:aaa, which lives \
                 in ap-south-1; refer to one outside ap-south-1",
            ]
        );
    }

    #[test]
    fn rules_that_s3_refuses_or_that_copy_nothing_are_said() {
        let topology = topology();
        let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
        let key = india.add("key", Key::builder().build());
        let a = Bucket::builder().bucket("aaa".parse().unwrap()).versioning(true).encryption(Encryption::kms(key));
        let (a, b) = (india.add("aaa", a.build()), bucket(&london, "bbb", true));
        let start = Replication::cross_border(a, b, " ").role(role(&topology));
        india.add("r", start.rule(rule("x")).rule(rule("x")).build());
        let text = problems(&topology).join("\n");
        for expected in [
            "two replication rules have the `id` x",
            "two replication rules have the `priority` 0",
            "`cross_border` is empty",
            "without a `replica_kms_key` S3 would copy nothing",
        ] {
            assert!(text.contains(expected), "{text}");
        }
    }
}
