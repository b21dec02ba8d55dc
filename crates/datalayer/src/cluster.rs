//! Aurora cluster: one region's part of a global database, its primary or a secondary.

use std::{fmt, marker::PhantomData};

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Declaration, DistinctFrom, Kind, Ref, Region, Resource, SameJurisdiction,
    check::Site,
    expr::Expr,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use landfall_netlayer::SecurityGroup;
use landfall_security::{Key, SecretValue};
use serde::{Deserialize, Serialize};

use crate::{
    cluster_parameter_group::ClusterParameterGroup, db_subnet_group::DbSubnetGroup, engine::AuroraEngine,
    global_cluster::GlobalCluster, instance::AuroraInstance, wiring,
};

/// Desired settings of a region's cluster in a global database; its name is derived.
///
/// `M` says which part it plays when it is made: the [`Primary`] that takes writes and has the master user, or a
/// [`Secondary`] that follows it from another region. A failover or switchover changes the parts in AWS, and Landfall
/// leaves that as it is: no plan brings the old writer back.
///
/// Engine, version and database name are those of the [`GlobalCluster`].
///
/// ```
/// # use landfall_core::{ApSouth1, Environment, EuWest2, Handle, Ref, Topology};
/// # use landfall_datalayer::{AuroraCluster, AuroraEngine, AuroraInstance, DbSubnetGroup, GlobalCluster, MasterUser};
/// # use landfall_security::{GenerateSecretString, Key, Secret, SecretValue};
/// # let topology = Topology::new("docs", Environment::new("dev"));
/// # let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
/// # let generate = GenerateSecretString::database("app");
/// # let secret = india.add("db", Secret::builder().generate_secret_string(generate).build());
/// # let (india_key, london_key) = (india.add("db", Key::builder().build()), london.add("db", Key::builder().build()));
/// let engine = GlobalCluster::builder().engine(AuroraEngine::AuroraPostgresql).engine_version("16.6");
/// let global = topology.global().add("db", engine.build());
/// let user = MasterUser::new("app", SecretValue::of(secret).json_key("password"));
/// let primary = india.add(
///     "db",
///     AuroraCluster::primary(global, user)
///         .db_subnet_group(Ref::existing("data"))
///         .kms_key(india_key)
///         .build(),
/// );
/// let class = "db.r7g.large".parse()?;
/// let writer = india.add("db", AuroraInstance::builder().cluster(primary).instance_class(class).build());
/// london.add(
///     "db",
///     AuroraCluster::cross_border_secondary(global, writer, "readers in London need the catalogue near them")
///         .db_subnet_group(Ref::existing("data"))
///         .kms_key(london_key)
///         .enable_global_write_forwarding(true)
///         .build(),
/// );
/// assert!(topology.lower().is_ok());
/// # Ok::<(), landfall_datalayer::InvalidDbInstanceClass>(())
/// ```
///
/// API: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[expect(clippy::struct_excessive_bools, reason = "the switches are AWS's, each independent of the others")]
#[builder(start_fn(name = start, vis = "pub(crate)"))]
#[serde(bound = "")]
pub struct AuroraCluster<R: Region, M: ClusterRole> {
    /// Global database that the cluster belongs to. A change replaces the cluster.
    #[builder(start_fn)]
    pub global_cluster: Ref<GlobalCluster>,
    /// Of a secondary: an instance of the primary, which AWS wants ready before it copies the storage. Counts at the
    /// creation alone: a change calls nothing.
    #[builder(start_fn)]
    #[serde(default)]
    pub writer: Option<ArnRef<AuroraInstance<AnyRegion, Primary>>>,
    /// Of a secondary: why the database may lie under another law than the primary's; needed where the regions'
    /// jurisdictions differ. Known to Landfall alone, which shows it in plans and keeps it in the state: a change calls
    /// nothing.
    #[builder(start_fn)]
    #[serde(default)]
    pub cross_border: Option<String>,
    /// Of a primary: name of the master user. A change replaces the cluster.
    #[builder(start_fn)]
    pub master_username: Option<String>,
    /// Of a primary: where the master user's password is kept. A change, of the secret's version too, updates the
    /// cluster.
    #[builder(start_fn)]
    #[serde(default)]
    pub master_user_password: Option<SecretValue<R>>,
    /// Subnets for the cluster's instances. A change replaces the cluster.
    #[builder(into)]
    pub db_subnet_group: Ref<DbSubnetGroup<R>>,
    /// Security groups of the instances; the VPC's default group unless said. A change updates the cluster.
    #[builder(with = |groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>| groups.into_iter().map(Into::into).collect())]
    pub vpc_security_groups: Option<Vec<Ref<SecurityGroup<R>>>>,
    /// Settings of the engine; AWS's defaults unless said. A change updates the cluster.
    #[builder(into)]
    pub db_cluster_parameter_group: Option<Ref<ClusterParameterGroup<R>>>,
    /// Whether storage, backups and snapshots are encrypted; default true, and as the global cluster says. A change
    /// replaces the cluster.
    #[builder(default = true)]
    pub storage_encrypted: bool,
    /// Key of the cluster's own region that encrypts them; AWS's own `aws/rds` unless said, which a secondary may not
    /// use. A change replaces the cluster.
    #[builder(into)]
    pub kms_key: Option<ArnRef<Key<R>>>,
    /// Days for which AWS can restore any moment, 1 to 35; default 7. A change updates the cluster.
    #[builder(default = 7)]
    pub backup_retention_period_days: i32,
    /// Daily window for backups, in UTC: `03:00-04:00`; AWS chooses unless said. A change updates the cluster.
    #[builder(into)]
    pub preferred_backup_window: Option<String>,
    /// Weekly window for maintenance, in UTC: `sun:04:00-sun:05:00`; AWS chooses unless said. A change updates the
    /// cluster.
    #[builder(into)]
    pub preferred_maintenance_window: Option<String>,
    /// Logs that go to CloudWatch, see [`AuroraEngine::log_exports`]; default none. A change updates the cluster.
    #[builder(default, with = |logs: impl IntoIterator<Item = impl Into<String>>| logs.into_iter().map(Into::into).collect())]
    pub enable_cloudwatch_logs_exports: Vec<String>,
    /// Whether IAM users and roles may log in; default false. A change updates the cluster.
    #[builder(default)]
    pub enable_iam_database_authentication: bool,
    /// Of a secondary: whether its readers take writes and pass them on to the primary; default false. A change
    /// updates the cluster.
    #[builder(default, setters(name = forward_writes, vis = "pub(crate)"))]
    pub enable_global_write_forwarding: bool,
    /// Bounds within which instances of class `db.serverless` scale. A change updates the cluster.
    pub serverless_v2_scaling: Option<ServerlessV2Scaling>,
    /// Whether snapshots carry the cluster's tags; default true. A change updates the cluster.
    #[builder(default = true)]
    pub copy_tags_to_snapshot: bool,
    /// Whether AWS refuses to delete it; default true, so that a destroy needs an apply with false before. A change
    /// updates the cluster.
    #[builder(default = true)]
    pub deletion_protection: bool,
    /// Whether a delete leaves no snapshot behind; default false, and then the snapshot's name is the cluster's with
    /// `-final`. Known to Landfall alone: a change calls nothing.
    #[builder(default)]
    #[serde(default)]
    pub skip_final_snapshot: bool,
    #[serde(skip)]
    #[builder(skip)]
    role: PhantomData<M>,
}

/// Which part a cluster plays in its global database when it is made.
pub trait ClusterRole: fmt::Debug + Clone + Copy + Send + Sync + 'static {
    /// The endpoint by which a program in the cluster's region writes, as an attribute: a secondary's readers pass
    /// writes on.
    const WRITES_THROUGH: &'static str;
}

/// The cluster that takes writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Primary;

/// A cluster that follows the primary from another region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Secondary;

/// A part known only at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnyRole;

impl ClusterRole for Primary {
    const WRITES_THROUGH: &'static str = "endpoint";
}

impl ClusterRole for Secondary {
    const WRITES_THROUGH: &'static str = "reader_endpoint";
}

impl ClusterRole for AnyRole {
    const WRITES_THROUGH: &'static str = "endpoint";
}

/// The first user of a database, who may do everything in it.
#[derive(Debug, Clone, PartialEq)]
pub struct MasterUser<R: Region> {
    username: String,
    password: SecretValue<R>,
}

impl<R: Region> MasterUser<R> {
    /// A user whose password a secret keeps.
    pub fn new(username: impl Into<String>, password: impl Into<SecretValue<R>>) -> Self {
        Self { username: username.into(), password: password.into() }
    }
}

/// Bounds of Aurora Serverless v2.
///
/// API: <https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html>
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ServerlessV2Scaling {
    /// Least capacity units, in steps of one half; 0 lets an idle instance pause, which a global database refuses.
    pub min_capacity: f64,
    /// Most capacity units, up to 256.
    pub max_capacity: f64,
}

impl<R: Region> AuroraCluster<R, Primary> {
    /// The first cluster of a global database, with its master user.
    pub fn primary(
        global_cluster: impl Into<Ref<GlobalCluster>>,
        master_user: MasterUser<R>,
    ) -> AuroraClusterBuilder<R, Primary> {
        let MasterUser { username, password } = master_user;
        Self::start(global_cluster.into(), None, None, Some(username), Some(password))
    }
}

impl<R: Region> AuroraCluster<R, Secondary> {
    /// A further cluster in another region than the primary's under the same law, whose data and users it has.
    ///
    /// `writer` is an instance of the primary: AWS can't copy from a cluster without one.
    pub fn secondary<P: Region>(
        global_cluster: impl Into<Ref<GlobalCluster>>,
        writer: impl Into<ArnRef<AuroraInstance<P, Primary>>>,
    ) -> AuroraClusterBuilder<R, Secondary>
    where
        R: DistinctFrom<P> + SameJurisdiction<P>,
    {
        Self::start(global_cluster.into(), Some(writer.into().cast()), None, None, None)
    }

    /// A further cluster in another region than the primary's under whatever law, and why the data may lie there.
    pub fn cross_border_secondary<P: Region>(
        global_cluster: impl Into<Ref<GlobalCluster>>,
        writer: impl Into<ArnRef<AuroraInstance<P, Primary>>>,
        reason: impl Into<String>,
    ) -> AuroraClusterBuilder<R, Secondary>
    where
        R: DistinctFrom<P>,
    {
        Self::start(global_cluster.into(), Some(writer.into().cast()), Some(reason.into()), None, None)
    }
}

impl<R: Region, S: aurora_cluster_builder::State> AuroraClusterBuilder<R, Secondary, S> {
    /// Whether readers take writes and pass them on to the primary; default false. A change updates the cluster.
    pub fn enable_global_write_forwarding(
        self,
        enable: bool,
    ) -> AuroraClusterBuilder<R, Secondary, aurora_cluster_builder::SetEnableGlobalWriteForwarding<S>>
    where
        S::EnableGlobalWriteForwarding: aurora_cluster_builder::IsUnset,
    {
        self.forward_writes(enable)
    }
}

/// What AWS reports of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuroraClusterAttributes {
    /// Its identifier.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// DNS name of its writer; sleeps in a secondary until a failover makes it the primary.
    pub endpoint: String,
    /// DNS name that spreads connections over its readers.
    pub reader_endpoint: String,
    /// Id that never changes, which policies for IAM logins name: `cluster-…`.
    pub cluster_resource_id: String,
    /// Hosted zone of the endpoints, for alias records.
    pub hosted_zone_id: String,
    /// Port of the endpoints, as text.
    pub port: String,
}

impl<R: Region, M: ClusterRole> AuroraCluster<R, M> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// DNS name of its writer; sleeps in a secondary until a failover makes it the primary.
    pub const ENDPOINT: Attribute<Self> = Attribute::new("endpoint");
    /// DNS name that spreads connections over its readers.
    pub const READER_ENDPOINT: Attribute<Self> = Attribute::new("reader_endpoint");
    /// Id that never changes, which policies for IAM logins name: `cluster-…`.
    pub const CLUSTER_RESOURCE_ID: Attribute<Self> = Attribute::new("cluster_resource_id");
    /// Hosted zone of the endpoints, for alias records.
    pub const HOSTED_ZONE_ID: Attribute<Self> = Attribute::new("hosted_zone_id");
    /// Port of the endpoints, as text.
    pub const PORT: Attribute<Self> = Attribute::new("port");
}

impl<R: Region, M: ClusterRole> Resource for AuroraCluster<R, M> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("global_cluster"),
        Field::updates("writer").reach(Reach::OtherRegion).write_only(),
        Field::updates("cross_border").write_only(),
        Field::replaces("master_username"),
        Field::updates("master_user_password").write_only(),
        Field::replaces("db_subnet_group"),
        Field::updates("vpc_security_groups").set(),
        Field::updates("db_cluster_parameter_group"),
        Field::replaces("storage_encrypted"),
        Field::replaces("kms_key"),
        Field::updates("backup_retention_period_days"),
        Field::updates("preferred_backup_window"),
        Field::updates("preferred_maintenance_window"),
        Field::updates("enable_cloudwatch_logs_exports").set(),
        Field::updates("enable_iam_database_authentication"),
        Field::updates("enable_global_write_forwarding"),
        Field::updates("serverless_v2_scaling"),
        Field::updates("copy_tags_to_snapshot"),
        Field::updates("deletion_protection"),
        Field::updates("skip_final_snapshot").write_only(),
    ],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:rds:{region}:{account}:cluster:{attribute.id}"),
        Reported::stable("endpoint", "{attribute.id}.cluster-{hex:12}.{region}.rds.amazonaws.com"),
        Reported::stable("reader_endpoint", "{attribute.id}.cluster-ro-{hex:12}.{region}.rds.amazonaws.com"),
        Reported::stable("cluster_resource_id", "cluster-{upper:26}"),
        Reported::stable("hosted_zone_id", "Z{upper:13}"),
        Reported::stable("port", "5432"),
    ],
    identity: Identity::DerivedName,
    exclusive: &[Exclusive { fields: &["global_cluster"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "rds:DescribeGlobalClusters",
            "rds:CreateDBCluster",
            "rds:AddTagsToResource",
            "rds:DescribeDBClusters",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:CreateGrant",
            // The first database of an account makes RDS's service-linked role.
            "iam:CreateServiceLinkedRole",
        ],
        read: &["rds:DescribeDBClusters", "rds:DescribeGlobalClusters"],
        update: &[
            "rds:ModifyDBCluster",
            "rds:DescribeDBClusters",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
        ],
        delete: &[
            "rds:DescribeDBClusters",
            "rds:DescribeGlobalClusters",
            "rds:RemoveFromGlobalCluster",
            "rds:DeleteDBCluster",
            "rds:CreateDBClusterSnapshot",
        ],
    },
    timing: "aws_rds_cluster",
    check,
    ..Kind::of::<AuroraCluster<AnyRegion, AnyRole>>("rds.cluster")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(days) = site.known("backup_retention_period_days").and_then(|days| days.as_i64())
        && !(1..=35).contains(&days)
    {
        problems.push(format!("`backup_retention_period_days` {days} is out of range: AWS takes 1 to 35"));
    }
    problems.extend(wiring::daily_window(site, "preferred_backup_window", 30));
    problems.extend(wiring::weekly_window(site, "preferred_maintenance_window", 30));
    problems.extend(wiring::empty_groups(site, "vpc_security_groups"));
    problems.extend(scaling_problems(site));
    problems.extend(primary_problem(site));
    problems.extend(secondary_problems(site));
    let way = (wiring::place_of(site, "writer"), Some(site.own.place));
    problems.extend(wiring::border_problem(site, "the database", way, "AuroraCluster::cross_border_secondary"));
    problems.extend(engine_problems(site));
    problems
}

fn scaling_problems(site: &Site<'_>) -> Option<String> {
    let scaling: ServerlessV2Scaling = serde_json::from_value(site.known("serverless_v2_scaling")?).ok()?;
    let ServerlessV2Scaling { min_capacity, max_capacity } = scaling;
    let in_steps = |units: f64| (0.5..=256.0).contains(&units) && (units * 2.0).fract() == 0.0;
    let sound = in_steps(min_capacity) && in_steps(max_capacity) && max_capacity >= 1.0 && min_capacity <= max_capacity;
    (!sound).then(|| {
        format!(
            "`serverless_v2_scaling` from {min_capacity} to {max_capacity} is out of range: AWS takes steps of 0.5 from \
             0.5 to 256 here, and at least 1 as the most"
        )
    })
}

/// A global database has one primary; of two in one region the kind's uniqueness tells.
fn primary_problem(site: &Site<'_>) -> Option<String> {
    let is_primary = |cluster: &Declaration| wiring::known(cluster, "writer") == Some(serde_json::Value::Null);
    let global = site.own.fields.get("global_cluster").filter(|_| is_primary(site.own))?;
    let first = site
        .earlier_elsewhere()
        .find(|other| is_primary(other) && other.fields.get("global_cluster") == Some(global))?;
    Some(format!(
        "its global cluster has a primary already, {}: make one of them a secondary of the other",
        first.address
    ))
}

fn secondary_problems(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let is_secondary =
        site.own.fields.get("writer").is_some_and(|writer| writer.known() != Some(serde_json::Value::Null));
    let is_encrypted = site.known("storage_encrypted") == Some(true.into());
    if is_secondary && is_encrypted && site.known("kms_key").is_some_and(|key| key.is_null()) {
        problems.push("an encrypted secondary can't use AWS's own key: name a `kms_key` of its region".to_owned());
    }
    let cluster_of = |instance: &Declaration| match instance.fields.get("cluster")? {
        Expr::Attribute { of, .. } => site.declaration(of),
        _ => None,
    };
    if let Some(primary) = site.target("writer").and_then(cluster_of).filter(|cluster| cluster.lookup.is_none()) {
        if wiring::known(primary, "writer") != Some(serde_json::Value::Null) {
            problems.push(format!(
                "`writer` is an instance of {}, which is a secondary too: name one of the primary",
                primary.address
            ));
        }
        if primary.fields.get("global_cluster") != site.own.fields.get("global_cluster") {
            problems.push(format!(
                "`writer` is an instance of {}, which belongs to another global cluster",
                primary.address
            ));
        }
    }
    problems
}

/// What does not fit the engine of the global cluster.
fn engine_problems(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(global) = site.target("global_cluster").filter(|global| global.lookup.is_none()) else { return problems };
    let encrypted = wiring::known(global, "storage_encrypted");
    if encrypted.is_some() && encrypted != site.known("storage_encrypted") {
        problems.push(format!("`storage_encrypted` differs from that of {}: AWS wants both alike", global.address));
    }
    let engine = wiring::known(global, "engine").and_then(|engine| serde_json::from_value::<AuroraEngine>(engine).ok());
    let Some(engine) = engine else { return problems };
    for log in site.known("enable_cloudwatch_logs_exports").iter().filter_map(|logs| logs.as_array()).flatten() {
        if let Some(log) = log.as_str().filter(|log| !engine.log_exports().contains(log)) {
            let known = engine.log_exports().join(", ");
            problems
                .push(format!("`enable_cloudwatch_logs_exports` names {log}, which {engine} does not have: {known}"));
        }
    }
    if let Some(user) = wiring::text(site, "master_username").filter(|user| is_reserved(engine, user)) {
        problems.push(format!("`master_username` {user} is reserved by {engine}: choose another"));
    }
    let family = site.target("db_cluster_parameter_group").and_then(|group| wiring::known(group, "family"));
    let version = wiring::known(global, "engine_version");
    if let (Some(family), Some(version)) = (&family, &version)
        && let (Some(family), Some(version)) = (family.as_str(), version.as_str())
        && family != engine.parameter_group_family(version)
    {
        problems.push(format!(
            "`db_cluster_parameter_group` is of family {family}, but {} needs {}",
            global.address,
            engine.parameter_group_family(version)
        ));
    }
    problems
}

fn is_reserved(engine: AuroraEngine, user: &str) -> bool {
    let mut reserved = vec!["rdsadmin"];
    if engine == AuroraEngine::AuroraPostgresql {
        reserved.extend(["admin", "rds_superuser", "rdsrepladmin", "rds_replication"]);
    }
    reserved.contains(&user)
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, EuWest2, Handle, Topology};
    use serde_json::json;

    use super::*;

    fn topology() -> (Topology, Handle<GlobalCluster>) {
        let topology = Topology::new("twin", Environment::new("test"));
        let global = GlobalCluster::builder().engine(AuroraEngine::AuroraPostgresql).engine_version("16.6").build();
        let global = topology.global().add("db", global);
        (topology, global)
    }

    fn user<R: Region>() -> MasterUser<R> {
        MasterUser::new("app", SecretValue::existing("arn:aws:secretsmanager:ap-south-1:123456789012:secret:db"))
    }

    fn problems(topology: &Topology) -> Vec<String> {
        topology.lower().expect_err("problems").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_field_is_listed() {
        let (_topology, global) = topology();
        let cluster =
            AuroraCluster::<ApSouth1, _>::primary(global, user()).db_subnet_group(Ref::existing("data")).build();
        let written = serde_json::to_value(cluster).unwrap();
        let mut listed: Vec<_> = KIND.fields.iter().map(|field| field.name).collect();
        listed.sort_unstable();
        assert_eq!(written.as_object().unwrap().keys().collect::<Vec<_>>(), listed);
    }

    #[test]
    fn fields_without_what_aws_never_tells_are_still_a_cluster() {
        let (topology, global) = topology();
        let cluster =
            AuroraCluster::<ApSouth1, _>::primary(global, user()).db_subnet_group(Ref::existing("data")).build();
        topology.region::<ApSouth1>().add("db", cluster);
        let fields = topology.lower().unwrap().declarations[1].fields.clone();
        let told = fields.into_iter().filter(|(name, _)| KIND.field(name).is_some_and(|field| !field.write_only));
        let known = told.map(|(name, field)| {
            let resolved = field.resolve(&|_, _| Some(json!("id")));
            (name, resolved.known().unwrap())
        });
        assert_eq!((KIND.parse)(&known.collect::<serde_json::Map<_, _>>().into()), Ok(()));
    }

    #[test]
    fn what_does_not_fit_the_global_database_is_said() {
        let (topology, global) = topology();
        let india = topology.region::<ApSouth1>();
        let group = ClusterParameterGroup::builder().family("aurora-mysql8.0").build();
        let group = india.add("db", group);
        let admin = MasterUser::new("admin", SecretValue::existing("arn"));
        let cluster = AuroraCluster::primary(global, admin)
            .db_subnet_group(Ref::existing("data"))
            .db_cluster_parameter_group(group)
            .storage_encrypted(false)
            .backup_retention_period_days(0)
            .preferred_backup_window("3:00-4:00")
            .preferred_maintenance_window("sun:04:00-sun:04:10")
            .enable_cloudwatch_logs_exports(["slowquery"])
            .serverless_v2_scaling(ServerlessV2Scaling { min_capacity: 4.0, max_capacity: 2.25 });
        india.add("db", cluster.build());
        let at = "ap-south-1/rds.cluster:db: ";
        let expected = [
            "`backup_retention_period_days` 0 is out of range: AWS takes 1 to 35",
            "`db_cluster_parameter_group` is of family aurora-mysql8.0, but global/rds.global_cluster:db needs \
             aurora-postgresql16",
            "`enable_cloudwatch_logs_exports` names slowquery, which aurora-postgresql does not have: instance, \
             postgresql, iam-db-auth-error",
            "`master_username` admin is reserved by aurora-postgresql: choose another",
            "`preferred_backup_window` 3:00-4:00 is no daily window: write `03:00-04:00`, in UTC, 30 minutes or more",
            "`preferred_maintenance_window` sun:04:00-sun:04:10 is no weekly window: write `sun:04:00-sun:05:00`, in \
             UTC, 30 minutes or more",
            "`serverless_v2_scaling` from 4 to 2.25 is out of range: AWS takes steps of 0.5 from 0.5 to 256 here, and \
             at least 1 as the most",
            "`storage_encrypted` differs from that of global/rds.global_cluster:db: AWS wants both alike",
        ];
        assert_eq!(problems(&topology), expected.map(|problem| format!("{at}{problem}")));
    }

    #[test]
    fn a_region_has_one_cluster_of_a_global_database() {
        let (topology, global) = topology();
        let india = topology.region::<ApSouth1>();
        let cluster = || AuroraCluster::primary(global, user()).db_subnet_group(Ref::existing("data")).build();
        india.add("a", cluster());
        india.add("b", cluster());
        assert!(problems(&topology)[0].contains("it has the same `global_cluster` as ap-south-1/rds.cluster:a"));
    }

    #[test]
    fn a_global_database_has_one_primary() {
        let (topology, global) = topology();
        let (india, london) = (topology.region::<ApSouth1>(), topology.region::<EuWest2>());
        let other = GlobalCluster::builder().engine(AuroraEngine::AuroraPostgresql).engine_version("16.6").build();
        let other = topology.global().add("other", other);
        india.add("db", AuroraCluster::primary(global, user()).db_subnet_group(Ref::existing("data")).build());
        london.add("other", AuroraCluster::primary(other, user()).db_subnet_group(Ref::existing("data")).build());
        assert!(topology.lower().is_ok());
        london.add("db", AuroraCluster::primary(global, user()).db_subnet_group(Ref::existing("data")).build());
        assert_eq!(
            problems(&topology),
            [
                "eu-west-2/rds.cluster:db: its global cluster has a primary already, ap-south-1/rds.cluster:db: make one \
              of them a secondary of the other"
            ]
        );
    }

    #[test]
    fn a_database_crosses_a_border_with_a_reason() {
        let check = |reason: &str, expected: Option<&str>| {
            let (topology, global) = topology();
            let writer = ArnRef::<AuroraInstance<ApSouth1, Primary>>::existing("arn:aws:rds:ap-south-1:1:db:writer");
            let secondary = AuroraCluster::cross_border_secondary(global, writer, reason)
                .db_subnet_group(Ref::existing("data"))
                .kms_key(ArnRef::existing("key"));
            let secondary =
                AuroraCluster { cross_border: Some(reason.to_owned()).filter(|it| it != "-"), ..secondary.build() };
            topology.region::<EuWest2>().add("db", secondary);
            let found = topology.lower().err().map(|problems| problems.iter().map(|it| it.cause.clone()).collect());
            assert_eq!(found, expected.map(|problem| vec![problem.to_owned()]));
        };
        check("readers are near it", None);
        check(" ", Some("`cross_border` is empty: say why the database may lie under another law"));
        check(
            "-",
            Some(
                "the database would cross from India to United Kingdom: say why that may be, with \
                 `AuroraCluster::cross_border_secondary`",
            ),
        );
    }

    #[test]
    fn a_secondary_lives_elsewhere_and_has_its_own_key() {
        let (topology, global) = topology();
        let any = |code: &str| topology.any_region(code.parse().unwrap());
        let (india, london) = (any("ap-south-1"), any("eu-west-2"));
        let primary = AuroraCluster::primary(global, user()).db_subnet_group(Ref::existing("data")).build();
        let primary = india.add("db", primary);
        let instance = AuroraInstance::builder().cluster(primary).instance_class("db.r7g.large".parse().unwrap());
        let writer = india.add("db", instance.build());
        let secondary = || AuroraCluster::secondary(global, writer).db_subnet_group(Ref::existing("data"));
        india.add("second", secondary().kms_key(ArnRef::existing("key")).build());
        london.add("second", secondary().build());
        assert_eq!(
            problems(&topology),
            [
                "ap-south-1/rds.cluster:second: `writer` refers to ap-south-1/rds.cluster_instance:db, which lives in \
                 ap-south-1; refer to one outside ap-south-1",
                "ap-south-1/rds.cluster:second: it has the same `global_cluster` as ap-south-1/rds.cluster:db; AWS \
                 allows each only once: change one of them",
                "eu-west-2/rds.cluster:second: an encrypted secondary can't use AWS's own key: name a `kms_key` of its \
                 region",
                "eu-west-2/rds.cluster:second: the database would cross from India to United Kingdom: say why that may \
                 be, with `AuroraCluster::cross_border_secondary`",
            ]
        );
        let _: Handle<AuroraCluster<EuWest2, Secondary>> = topology.region::<EuWest2>().lookup("existing", "db-london");
    }
}
