//! A whole global database: primary and secondaries with their keys, groups, credentials and instances.

use std::collections::BTreeMap;

use landfall_core::{Attribute, DistinctFrom, Global, Handle, Input, Options, Ref, Region, SameJurisdiction, Scope};
use landfall_netlayer::{SecurityGroup, Subnet};
use landfall_security::{GenerateSecretString, Key, ReplicaRegion, Secret, SecretValue};

use crate::{
    cluster::{AuroraCluster, AuroraClusterBuilder, ClusterRole, MasterUser, Primary, Secondary},
    cluster_parameter_group::ClusterParameterGroup,
    db_subnet_group::DbSubnetGroup,
    engine::AuroraEngine,
    global_cluster::GlobalCluster,
    instance::AuroraInstance,
    instance_class::DbInstanceClass,
};

/// An Aurora global database, ready for a platform in several regions.
///
/// In each region it is encrypted by a key of that region, takes connections over TLS alone and keeps backups; its
/// credentials are generated into Secrets Manager. Writes go to the primary; a secondary passes on those that it
/// gets. Unless told otherwise, no plan deletes it.
///
/// ```
/// # use landfall_core::{Environment, Handle, London, Mumbai, Topology};
/// # use landfall_datalayer::GlobalDatabase;
/// # use landfall_netlayer::{Network, SecurityGroup};
/// # let topology = Topology::new("docs", Environment::new("dev"));
/// # let (india, london) = (topology.region::<Mumbai>(), topology.region::<London>());
/// # let net = |cidr: &str| Network::builder().cidr_block(cidr.parse().expect("a range")).build();
/// # let (net_a, net_b) = (net("10.10.0.0/16").add_to(&india), net("10.20.0.0/16").add_to(&london));
/// # let group_a = india.add("db", SecurityGroup::builder().vpc(net_a.vpc).description("Database").build());
/// # let group_b = london.add("db", SecurityGroup::builder().vpc(net_b.vpc).description("Database").build());
/// let database = GlobalDatabase::builder()
///     .engine_version("16.6")
///     .database_name("shop")
///     .instance_class("db.r7g.large".parse()?)
///     .build();
/// let primary = database.add_primary(&topology.global(), &india, &net_a.data_subnets, [group_a]);
/// let reason = "customers in London read near them";
/// let reader = database.add_cross_border_secondary(&primary, &london, &net_b.data_subnets, [group_b], reason);
/// let (in_india, in_london) = (primary.region.write_endpoint(), reader.write_endpoint());
/// assert!(topology.lower().is_ok());
/// # Ok::<(), landfall_datalayer::InvalidDbInstanceClass>(())
/// ```
#[derive(Debug, Clone, bon::Builder)]
pub struct GlobalDatabase {
    /// Regions that get a copy of the credentials; set with `copy_credentials_to`.
    #[builder(field)]
    pub credential_copies: Vec<ReplicaRegion>,
    /// Why copies of the credentials may lie under another law; set with `copy_credentials_to`.
    #[builder(field)]
    pub credential_copies_reason: Option<String>,
    /// Parameters of the engine besides the one that demands TLS; set with `parameter`.
    #[builder(field)]
    pub parameters: BTreeMap<String, String>,
    /// Those that the engine reads only when it starts; set with `static_parameter`.
    #[builder(field)]
    pub static_parameters: BTreeMap<String, String>,
    /// Engine; default PostgreSQL.
    #[builder(default = AuroraEngine::AuroraPostgresql)]
    pub engine: AuroraEngine,
    /// Full version: `16.6`.
    #[builder(into)]
    pub engine_version: String,
    /// Name of the database that is made with the primary.
    #[builder(into)]
    pub database_name: Option<String>,
    /// Name of the master user; default `app`.
    #[builder(default = "app".to_owned(), into)]
    pub master_username: String,
    /// Class of all instances.
    pub instance_class: DbInstanceClass,
    /// Instances of the primary, at least 1; default 2, so that a reader stands by in another zone.
    #[builder(default = 2)]
    pub primary_instances: usize,
    /// Instances of each secondary; default 1.
    #[builder(default = 1)]
    pub secondary_instances: usize,
    /// Whether secondaries take writes and pass them on; default true.
    #[builder(default = true)]
    pub write_forwarding: bool,
    /// Days for which AWS can restore any moment, 1 to 35; default 7.
    #[builder(default = 7)]
    pub backup_retention_period_days: i32,
    /// Logs that go to CloudWatch; default none. Their log groups stay when the database goes.
    #[builder(default, with = |logs: impl IntoIterator<Item = impl Into<String>>| logs.into_iter().map(Into::into).collect())]
    pub enable_cloudwatch_logs_exports: Vec<String>,
    /// Whether it is kept: no plan deletes it, AWS refuses to as well, and a last snapshot is made all the same;
    /// default true. To let go of it, apply false first.
    #[builder(default = true)]
    pub protect: bool,
}

impl<S: global_database_builder::State> GlobalDatabaseBuilder<S> {
    /// Keeps a copy of the credentials in another region, so that the loss of the primary's leaves them, and says why
    /// they may lie there; the copy is encrypted by AWS's own key.
    pub fn copy_credentials_to<D: Region>(mut self, reason: impl Into<String>) -> Self {
        self.credential_copies.push(ReplicaRegion::of::<D>());
        self.credential_copies_reason = Some(reason.into());
        self
    }

    /// Sets a parameter of the engine that takes effect at once, in every region.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Sets a parameter that the engine reads only when it starts, in every region: AWS refuses it as one that takes
    /// effect at once, and a later change waits for a restart of the instances.
    pub fn static_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.static_parameters.insert(name.into(), value.into());
        self
    }
}

/// What [`GlobalDatabase::add_primary`] declared.
#[derive(Debug, Clone)]
pub struct GlobalDatabaseHandles<P: Region> {
    /// What all regions have in common.
    pub global_cluster: Handle<GlobalCluster>,
    /// Credentials, as the JSON object `{"username": …, "password": …}`.
    pub secret: Handle<Secret<P>>,
    /// The primary.
    pub region: RegionalDatabase<P, Primary>,
    /// The instance that takes writes.
    pub writer: Handle<AuroraInstance<P, Primary>>,
}

/// A region's part of a [`GlobalDatabase`].
#[derive(Debug, Clone)]
pub struct RegionalDatabase<R: Region, M: ClusterRole> {
    /// Key that encrypts storage, backups and insights; in the primary's region the credentials too.
    pub key: Handle<Key<R>>,
    /// Subnets.
    pub subnet_group: Handle<DbSubnetGroup<R>>,
    /// Settings of the engine.
    pub parameter_group: Handle<ClusterParameterGroup<R>>,
    /// The cluster.
    pub cluster: Handle<AuroraCluster<R, M>>,
    /// Its instances.
    pub instances: Vec<Handle<AuroraInstance<R, M>>>,
}

impl<R: Region, M: ClusterRole> RegionalDatabase<R, M> {
    /// DNS name by which the region's programs write: the primary's writer, or a secondary's readers, which pass writes
    /// on if [`write_forwarding`](GlobalDatabase::write_forwarding) is on.
    pub fn write_endpoint(&self) -> Input<String> {
        self.cluster.get(Attribute::new(M::WRITES_THROUGH))
    }

    /// DNS name by which the region's programs read.
    pub fn read_endpoint(&self) -> Input<String> {
        self.cluster.get(AuroraCluster::READER_ENDPOINT)
    }
}

impl GlobalDatabase {
    /// Declares the global cluster with its primary, in data subnets of a region; everything is named `db`.
    pub fn add_primary<P: Region>(
        &self,
        global: &Scope<'_, Global>,
        scope: &Scope<'_, P>,
        subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<P>>>>,
        security_groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<P>>>>,
    ) -> GlobalDatabaseHandles<P> {
        let global_cluster = GlobalCluster::builder()
            .engine(self.engine)
            .engine_version(&self.engine_version)
            .maybe_database_name(self.database_name.clone())
            .deletion_protection(self.protect)
            .build();
        let global_cluster = global.add_with("db", self.options(), global_cluster);
        let around = self.surroundings(scope, subnets);
        let secret = self.credentials(scope, around.key);
        let password = SecretValue::of(secret).json_key("password");
        let cluster = AuroraCluster::primary(global_cluster, MasterUser::new(&self.master_username, password))
            .db_subnet_group(around.subnet_group)
            .vpc_security_groups(security_groups)
            .db_cluster_parameter_group(around.parameter_group)
            .kms_key(around.key)
            .backup_retention_period_days(self.backup_retention_period_days)
            .enable_cloudwatch_logs_exports(&self.enable_cloudwatch_logs_exports)
            .deletion_protection(self.protect)
            .skip_final_snapshot(!self.protect)
            .build();
        let cluster = scope.add_with("db", self.options(), cluster);
        let region = around.region(self, scope, cluster, self.primary_instances.max(1));
        GlobalDatabaseHandles { global_cluster, secret, writer: region.instances[0], region }
    }

    /// Declares a secondary, in data subnets of another region than the primary's under the same law; everything is
    /// named `db`.
    pub fn add_secondary<P: Region, R: DistinctFrom<P> + SameJurisdiction<P>>(
        &self,
        primary: &GlobalDatabaseHandles<P>,
        scope: &Scope<'_, R>,
        subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>,
        security_groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>,
    ) -> RegionalDatabase<R, Secondary> {
        let cluster = AuroraCluster::secondary(primary.global_cluster, primary.writer);
        self.follow(cluster, scope, subnets, security_groups)
    }

    /// Declares a secondary in another region under whatever law, and says why the data may lie there; everything is
    /// named `db`.
    pub fn add_cross_border_secondary<P: Region, R: DistinctFrom<P>>(
        &self,
        primary: &GlobalDatabaseHandles<P>,
        scope: &Scope<'_, R>,
        subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>,
        security_groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>,
        reason: impl Into<String>,
    ) -> RegionalDatabase<R, Secondary> {
        let cluster = AuroraCluster::cross_border_secondary(primary.global_cluster, primary.writer, reason);
        self.follow(cluster, scope, subnets, security_groups)
    }

    fn follow<R: Region>(
        &self,
        cluster: AuroraClusterBuilder<R, Secondary>,
        scope: &Scope<'_, R>,
        subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>,
        security_groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>,
    ) -> RegionalDatabase<R, Secondary> {
        let around = self.surroundings(scope, subnets);
        let cluster = cluster
            .db_subnet_group(around.subnet_group)
            .vpc_security_groups(security_groups)
            .db_cluster_parameter_group(around.parameter_group)
            .kms_key(around.key)
            .backup_retention_period_days(self.backup_retention_period_days)
            .enable_cloudwatch_logs_exports(&self.enable_cloudwatch_logs_exports)
            .enable_global_write_forwarding(self.write_forwarding)
            .deletion_protection(self.protect)
            .skip_final_snapshot(!self.protect)
            .build();
        let cluster = scope.add_with("db", self.options(), cluster);
        around.region(self, scope, cluster, self.secondary_instances)
    }

    fn options(&self) -> Options {
        if self.protect { Options::new().protect() } else { Options::new() }
    }

    fn credentials<P: Region>(&self, scope: &Scope<'_, P>, key: Handle<Key<P>>) -> Handle<Secret<P>> {
        let mut secret = Secret::builder()
            .description("Credentials of the database's master user")
            .kms_key(key)
            .generate_secret_string(GenerateSecretString::database(self.master_username.clone()))
            .recovery_window_in_days(if self.protect { 30 } else { 0 });
        for copy in &self.credential_copies {
            secret = secret.any_replica(copy.clone(), self.credential_copies_reason.clone());
        }
        scope.add_with("db", self.options(), secret.build())
    }

    fn surroundings<R: Region>(
        &self,
        scope: &Scope<'_, R>,
        subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>,
    ) -> Surroundings<R> {
        let key = Key::builder()
            .description("Encrypts the database, its backups and its credentials")
            .deletion_window_in_days(if self.protect { 30 } else { 7 });
        let (name, value) = match self.engine {
            AuroraEngine::AuroraPostgresql => ("rds.force_ssl", "1"),
            AuroraEngine::AuroraMysql => ("require_secure_transport", "ON"),
        };
        let mut parameters = ClusterParameterGroup::builder().parameter(name, value);
        for (name, value) in &self.parameters {
            parameters = parameters.parameter(name, value);
        }
        for (name, value) in &self.static_parameters {
            parameters = parameters.static_parameter(name, value);
        }
        let family = self.engine.parameter_group_family(&self.engine_version);
        Surroundings {
            key: scope.add_with("db", self.options(), key.build()),
            subnet_group: scope.add("db", DbSubnetGroup::builder().subnets(subnets).build()),
            parameter_group: scope.add("db", parameters.family(family).build()),
        }
    }
}

/// What a region's cluster needs around it.
struct Surroundings<R: Region> {
    key: Handle<Key<R>>,
    subnet_group: Handle<DbSubnetGroup<R>>,
    parameter_group: Handle<ClusterParameterGroup<R>>,
}

impl<R: Region> Surroundings<R> {
    /// The region with as many instances: the first is the first choice of a failover.
    fn region<M: ClusterRole>(
        self,
        database: &GlobalDatabase,
        scope: &Scope<'_, R>,
        cluster: Handle<AuroraCluster<R, M>>,
        instances: usize,
    ) -> RegionalDatabase<R, M> {
        let Self { key, subnet_group, parameter_group } = self;
        let instance = |tier: i32| {
            AuroraInstance::builder()
                .cluster(cluster)
                .instance_class(database.instance_class.clone())
                .promotion_tier(tier)
                .enable_performance_insights(true)
                .performance_insights_kms_key(key)
                .build()
        };
        let instances = (0..15)
            .take(instances)
            .map(|tier| scope.add_with(&format!("db-{}", tier + 1), database.options(), instance(tier)));
        RegionalDatabase { instances: instances.collect(), key, subnet_group, parameter_group, cluster }
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, London, Mumbai, Topology};
    use landfall_netlayer::Network;

    use super::*;

    fn declared(protect: bool) -> (Topology, GlobalDatabaseHandles<Mumbai>, RegionalDatabase<London, Secondary>) {
        let topology = Topology::new("twin", Environment::new("test"));
        let (india, london) = (topology.region::<Mumbai>().child("data"), topology.region::<London>().child("data"));
        let network = |cidr: &str| Network::builder().cidr_block(cidr.parse().unwrap()).build();
        let (a, b) = (network("10.10.0.0/16").add_to(&india), network("10.20.0.0/16").add_to(&london));
        let database = GlobalDatabase::builder()
            .copy_credentials_to::<London>("London's servers log in too")
            .parameter("work_mem", "65536")
            .static_parameter("shared_preload_libraries", "auto_explain")
            .engine_version("16.6")
            .database_name("shop")
            .instance_class("db.r7g.large".parse().unwrap())
            .protect(protect)
            .build();
        let groups: [Ref<SecurityGroup<Mumbai>>; 1] = [Ref::existing("sg-1")];
        let primary = database.add_primary(&topology.global(), &india, &a.data_subnets, groups);
        let groups: [Ref<SecurityGroup<London>>; 1] = [Ref::existing("sg-2")];
        let secondary = database.add_cross_border_secondary(&primary, &london, &b.data_subnets, groups, "near readers");
        (topology, primary, secondary)
    }

    fn of_rds(topology: &Topology) -> Vec<String> {
        let lowered = topology.lower().expect("a sound topology");
        let addresses = lowered.declarations.iter().map(|declaration| declaration.address.to_string());
        addresses.filter(|address| ["rds.", "kms.", "secretsmanager."].iter().any(|s| address.contains(s))).collect()
    }

    #[test]
    fn both_regions_are_complete() {
        assert_eq!(
            of_rds(&declared(false).0),
            [
                "global/rds.global_cluster:db",
                "ap-south-1/data/kms.key:db",
                "ap-south-1/data/rds.subnet_group:db",
                "ap-south-1/data/rds.cluster_parameter_group:db",
                "ap-south-1/data/secretsmanager.secret:db",
                "ap-south-1/data/rds.cluster:db",
                "ap-south-1/data/rds.cluster_instance:db-1",
                "ap-south-1/data/rds.cluster_instance:db-2",
                "eu-west-2/data/kms.key:db",
                "eu-west-2/data/rds.subnet_group:db",
                "eu-west-2/data/rds.cluster_parameter_group:db",
                "eu-west-2/data/rds.cluster:db",
                "eu-west-2/data/rds.cluster_instance:db-1",
            ]
        );
    }

    #[test]
    fn the_secondary_waits_for_the_writer() {
        let lowered = declared(false).0.lower().unwrap();
        let secondary = lowered.get(&"eu-west-2/data/rds.cluster:db".parse().unwrap()).unwrap();
        let writer = "ap-south-1/data/rds.cluster_instance:db-1".parse().unwrap();
        assert!(secondary.dependencies().contains(&&writer));
    }

    #[test]
    fn parameters_are_the_same_everywhere() {
        let lowered = declared(false).0.lower().unwrap();
        for region in ["ap-south-1", "eu-west-2"] {
            let group = lowered.get(&format!("{region}/data/rds.cluster_parameter_group:db").parse().unwrap()).unwrap();
            let names = |field: &str| group.fields[field].known().unwrap();
            let parameters = names("parameters");
            let expected = ["rds.force_ssl", "shared_preload_libraries", "work_mem"];
            assert_eq!(parameters.as_object().unwrap().keys().collect::<Vec<_>>(), expected);
            assert_eq!(names("static_parameters"), serde_json::json!(["shared_preload_libraries"]));
        }
    }

    #[test]
    fn each_region_writes_through_its_own_cluster() {
        let (_, primary, secondary) = declared(false);
        let attribute =
            |endpoint: Input<String>| serde_json::to_value(endpoint).unwrap()["$landfall"]["attribute"]["name"].clone();
        assert_eq!(attribute(primary.region.write_endpoint()), "endpoint");
        assert_eq!(attribute(secondary.write_endpoint()), "reader_endpoint");
        assert_eq!(attribute(primary.region.read_endpoint()), "reader_endpoint");
    }

    #[test]
    fn protection_holds_in_the_plan_and_in_aws() {
        for protect in [true, false] {
            let lowered = declared(protect).0.lower().unwrap();
            for declaration in lowered.declarations.iter().filter(|it| it.address.to_string().contains("rds.cluster:"))
            {
                assert_eq!(declaration.lifecycle.keep.protect, protect);
                let field = |name: &str| declaration.fields[name].known().unwrap();
                assert_eq!(
                    (field("deletion_protection"), field("skip_final_snapshot")),
                    (protect.into(), (!protect).into())
                );
            }
        }
    }
}
