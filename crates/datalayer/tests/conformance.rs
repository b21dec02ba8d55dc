//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{Handle, Kind, London, Mumbai, Options, Region, Scope, Topology};
use landfall_datalayer::{
    AccessLogging, AuroraCluster, AuroraEngine, AuroraInstance, BillingMode, Bucket, BucketPolicy, CacheEngine,
    CacheSubnetGroup, ClusterParameterGroup, DbSubnetGroup, Encryption, GlobalCluster, KeyAttribute, LifecycleRule,
    MasterUser, ObjectOwnership, Primary, PublicAccessBlock, Replication, ReplicationGroup, ReplicationRule,
    ServerlessV2Scaling, StorageClass, Table, TableEncryption, Transition, statements,
};
use landfall_netlayer::{SecurityGroup, Subnet, Vpc};
use landfall_security::{GenerateSecretString, Key, PolicyDocument, Role, Secret, SecretValue, Statement};

const KEPT: (&str, &str) = ("deletion_protection", "what is protected can't be deleted again");

const CASES: &[Case] = &[
    Case::new("rds.global_cluster", Wire::Moto, global_cluster).untested(&[KEPT]),
    Case::new("rds.cluster_parameter_group", Wire::Moto, cluster_parameter_group),
    Case::new("rds.subnet_group", Wire::Moto, db_subnet_group),
    Case::new("rds.cluster", Wire::Moto, primary_cluster).untested(&[
        KEPT,
        ("writer", "a primary has none"),
        ("cross_border", "a primary crosses no border"),
        ("enable_global_write_forwarding", "a primary does not forward"),
    ]),
    Case::new("rds.cluster", Wire::Moto, secondary_cluster).untested(&[
        KEPT,
        ("master_username", "a secondary has none"),
        ("master_user_password", "a secondary has none"),
        ("writer", "it counts at the creation alone"),
    ]),
    Case::new("rds.cluster_instance", Wire::Moto, cluster_instance),
    Case::new("elasticache.subnet_group", Wire::Moto, cache_subnet_group),
    Case::new("elasticache.replication_group", Wire::Moto, replication_group)
        .untested(&[("log_delivery", "moto drops it; requests and answers are tested beside the provider")]),
    Case::new("dynamodb.table", Wire::Moto, table).untested(&[KEPT]),
    Case::new("s3.bucket", Wire::Moto, bucket),
    Case::new("s3.bucket_policy", Wire::Moto, bucket_policy),
    Case::new("s3.bucket_replication", Wire::Moto, bucket_replication)
        .untested(&[("destination", "the other region has one bucket; the provider's tests change it")]),
];

fn team(variant: Variant) -> Options {
    Options::new().tag("team", variant.pick("data", "platform"))
}

fn key<R: Region>(scope: &Scope<'_, R>) -> Handle<Key<R>> {
    scope.add("data", Key::builder().deletion_window_in_days(7).build())
}

struct Net<R: Region> {
    subnets: Vec<Handle<Subnet<R>>>,
    groups: [Handle<SecurityGroup<R>>; 2],
}

/// Three subnets in three zones, and two security groups.
fn net<R: Region>(scope: &Scope<'_, R>) -> Net<R> {
    let vpc = scope.add("data", Vpc::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build());
    let subnet = |(number, letter): (usize, char)| {
        let subnet = Subnet::builder()
            .vpc(vpc)
            .cidr_block(format!("10.10.{number}.0/24").parse().expect("a range"))
            .availability_zone(format!("{}{letter}", scope.place()));
        scope.add(&format!("data-{letter}"), subnet.build())
    };
    let group = |name: &str| scope.add(name, SecurityGroup::builder().vpc(vpc).description("Data").build());
    Net { subnets: ['a', 'b', 'c'].into_iter().enumerate().map(subnet).collect(), groups: [group("one"), group("two")] }
}

fn global_cluster(topology: &Topology, variant: Variant) {
    let cluster = GlobalCluster::builder()
        .engine(AuroraEngine::AuroraPostgresql)
        .engine_version(variant.pick("16.6", "16.8"))
        .database_name("shop")
        .storage_encrypted(true)
        .deletion_protection(false);
    topology.global().add_with("db", team(variant), cluster.build());
}

fn cluster_parameter_group(topology: &Topology, variant: Variant) {
    let group = ClusterParameterGroup::builder()
        .family("aurora-postgresql16")
        .parameter("rds.force_ssl", variant.pick("0", "1"))
        .parameter(variant.pick("work_mem", "log_statement"), variant.pick("65536", "ddl"))
        .static_parameter(
            variant.pick("shared_preload_libraries", "rds.logical_replication"),
            variant.pick("auto_explain", "1"),
        );
    topology.region::<Mumbai>().add_with("db", team(variant), group.build());
}

fn db_subnet_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let subnets = net(&scope).subnets;
    let group = DbSubnetGroup::builder().subnets(variant.pick(&subnets[..2], &subnets[1..]));
    scope.add_with("db", team(variant), group.build());
}

fn a_global_cluster(topology: &Topology) -> Handle<GlobalCluster> {
    let cluster = GlobalCluster::builder().engine(AuroraEngine::AuroraPostgresql).engine_version("16.6");
    topology.global().add("db", cluster.database_name("shop").deletion_protection(false).build())
}

fn a_parameter_group<R: Region>(scope: &Scope<'_, R>, name: &str) -> Handle<ClusterParameterGroup<R>> {
    scope.add(name, ClusterParameterGroup::builder().family("aurora-postgresql16").build())
}

fn a_password(scope: &Scope<'_, Mumbai>, name: &str) -> SecretValue<Mumbai> {
    let generate = GenerateSecretString::database("app");
    let secret = Secret::builder().generate_secret_string(generate).recovery_window_in_days(0).build();
    SecretValue::of(scope.add(name, secret)).json_key("password")
}

fn primary_cluster(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let (net, global) = (net(&scope), a_global_cluster(topology));
    let (one, two) = (a_parameter_group(&scope, "one"), a_parameter_group(&scope, "two"));
    let (first, second) = (a_password(&scope, "one"), a_password(&scope, "two"));
    let user = MasterUser::new("app", variant.pick(first, second));
    let cluster = AuroraCluster::primary(global, user)
        .db_subnet_group(scope.add("db", DbSubnetGroup::builder().subnets(&net.subnets).build()))
        .vpc_security_groups(variant.pick(&net.groups[..], &net.groups[1..]))
        .db_cluster_parameter_group(variant.pick(one, two))
        .kms_key(key(&scope))
        .backup_retention_period_days(variant.pick(7, 14))
        .preferred_backup_window(variant.pick("01:00-02:00", "02:00-03:00"))
        .preferred_maintenance_window(variant.pick("sun:04:00-sun:05:00", "mon:04:00-mon:05:00"))
        .enable_cloudwatch_logs_exports(variant.pick(&["postgresql"][..], &["postgresql", "instance"]).iter().copied())
        .enable_iam_database_authentication(variant.pick(false, true))
        .serverless_v2_scaling(ServerlessV2Scaling { min_capacity: 0.5, max_capacity: variant.pick(4.0, 8.0) })
        .copy_tags_to_snapshot(variant.pick(true, false))
        .deletion_protection(false)
        .skip_final_snapshot(variant.pick(false, true));
    scope.add_with("db", team(variant), cluster.build());
}

fn a_primary(topology: &Topology) -> (Handle<GlobalCluster>, Handle<AuroraCluster<Mumbai, Primary>>) {
    let scope = topology.region::<Mumbai>();
    let (net, global) = (net(&scope), a_global_cluster(topology));
    let cluster = AuroraCluster::primary(global, MasterUser::new("app", a_password(&scope, "db")))
        .db_subnet_group(scope.add("db", DbSubnetGroup::builder().subnets(&net.subnets).build()))
        .deletion_protection(false)
        .skip_final_snapshot(true);
    (global, scope.add("db", cluster.build()))
}

fn secondary_cluster(topology: &Topology, variant: Variant) {
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let (global, primary) = a_primary(topology);
    let instance = AuroraInstance::builder().cluster(primary).instance_class("db.r7g.large".parse().expect("a class"));
    let writer = mumbai.add("db", instance.build());
    let net = net(&london);
    let (one, two) = (a_parameter_group(&london, "one"), a_parameter_group(&london, "two"));
    let cluster = AuroraCluster::cross_border_secondary(global, writer, variant.pick("readers", "readers near it"))
        .db_subnet_group(london.add("db", DbSubnetGroup::builder().subnets(&net.subnets).build()))
        .vpc_security_groups(variant.pick(&net.groups[..], &net.groups[1..]))
        .db_cluster_parameter_group(variant.pick(one, two))
        .kms_key(key(&london))
        .backup_retention_period_days(variant.pick(7, 14))
        .preferred_backup_window(variant.pick("01:00-02:00", "02:00-03:00"))
        .preferred_maintenance_window(variant.pick("sun:04:00-sun:05:00", "mon:04:00-mon:05:00"))
        .enable_cloudwatch_logs_exports(variant.pick(&["postgresql"][..], &["postgresql", "instance"]).iter().copied())
        .enable_iam_database_authentication(variant.pick(false, true))
        .enable_global_write_forwarding(variant.pick(true, false))
        .serverless_v2_scaling(ServerlessV2Scaling { min_capacity: 0.5, max_capacity: variant.pick(4.0, 8.0) })
        .copy_tags_to_snapshot(variant.pick(true, false))
        .deletion_protection(false)
        .skip_final_snapshot(variant.pick(false, true));
    london.add_with("db", team(variant), cluster.build());
}

fn cluster_instance(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let (_, primary) = a_primary(topology);
    let trust = PolicyDocument::trust("monitoring.rds.amazonaws.com");
    let role = |name: &str| {
        let role = Role::builder().assume_role_policy_document(trust.clone()).build();
        topology.global().add(name, role)
    };
    let (one, two) = (role("one"), role("two"));
    let instance = AuroraInstance::builder()
        .cluster(primary)
        .instance_class(variant.pick("db.r7g.large", "db.r7g.xlarge").parse().expect("a class"))
        .promotion_tier(variant.pick(1, 2))
        .availability_zone("ap-south-1a")
        .enable_performance_insights(variant.pick(true, false))
        .performance_insights_kms_key(key(&scope))
        .maybe_performance_insights_retention_period_days(variant.pick(Some(31), None))
        .monitoring_interval_seconds(variant.pick(60, 30))
        .monitoring_role(variant.pick(one, two))
        .preferred_maintenance_window(variant.pick("sun:04:00-sun:05:00", "mon:04:00-mon:05:00"))
        .auto_minor_version_upgrade(variant.pick(false, true))
        .publicly_accessible(variant.pick(false, true));
    scope.add_with("db", team(variant), instance.build());
}

fn cache_subnet_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let subnets = net(&scope).subnets;
    let group = CacheSubnetGroup::builder().subnets(variant.pick(&subnets[..2], &subnets[1..]));
    scope.add_with("cache", team(variant), group.build());
}

fn replication_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let token = |name: &str| {
        let generate = GenerateSecretString::auth_token();
        scope.add(name, Secret::builder().generate_secret_string(generate).recovery_window_in_days(0).build())
    };
    let (one, two) = (token("one"), token("two"));
    let group = ReplicationGroup::builder()
        .engine(variant.pick(CacheEngine::Redis, CacheEngine::Valkey))
        .engine_version(variant.pick("7.1", "8.0"))
        .cache_node_type(variant.pick("cache.r7g.large", "cache.r7g.xlarge").parse().expect("a type"))
        .num_cache_clusters(variant.pick(2, 3))
        .automatic_failover_enabled(variant.pick(true, false))
        .multi_az_enabled(variant.pick(true, false))
        .cache_subnet_group(scope.add("cache", CacheSubnetGroup::builder().subnets(&net.subnets).build()))
        .security_groups(variant.pick(&net.groups[..], &net.groups[1..]))
        .kms_key(key(&scope))
        .auth_token(variant.pick(one, two))
        .cache_parameter_group_name(variant.pick("default.redis7", "default.valkey8"))
        .snapshot_retention_limit_days(variant.pick(1, 7))
        .snapshot_window(variant.pick("01:00-02:00", "02:00-03:00"))
        .preferred_maintenance_window(variant.pick("sun:04:00-sun:05:00", "mon:04:00-mon:05:00"))
        .auto_minor_version_upgrade(variant.pick(false, true));
    scope.add_with("cache", team(variant), group.build());
}

fn a_bucket<R: Region>(scope: &Scope<'_, R>, name: &str) -> Handle<Bucket<R>> {
    let bucket = Bucket::builder().bucket(name.parse().expect("a name")).versioning(true);
    scope.add(name, bucket.object_ownership(ObjectOwnership::BucketOwnerPreferred).force_destroy(true).build())
}

fn table(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let provisioned = BillingMode::Provisioned { read_capacity_units: 5, write_capacity_units: 2 };
    let table = Table::builder()
        .table_name("landfall-orders".parse().expect("a name"))
        .hash_key(KeyAttribute::string("id"))
        .range_key(KeyAttribute::number("at"))
        .billing_mode(variant.pick(BillingMode::PayPerRequest, provisioned))
        .encryption(variant.pick(TableEncryption::kms(key(&scope)), TableEncryption::Owned))
        .point_in_time_recovery(variant.pick(false, true))
        .deletion_protection(false);
    scope.add_with("orders", team(variant), table.build());
}

fn bucket(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let logs = a_bucket(&scope, "landfall-logs");
    let statements = statements::server_access_logs(logs, "", "123456789012", "arn:aws:s3:::landfall-assets");
    let policy = BucketPolicy::builder().bucket(logs).policy(PolicyDocument::new(statements)).build();
    let let_in = scope.add("landfall-logs", policy);
    let rules = vec![
        LifecycleRule::builder()
            .id("cool")
            .prefix("archive/")
            .transitions(vec![Transition { days: 30, storage_class: StorageClass::StandardIa }])
            .expiration_days(365)
            .build(),
        LifecycleRule::builder()
            .id("tidy")
            .noncurrent_version_expiration_days(90)
            .abort_incomplete_multipart_upload_days(7)
            .build(),
    ];
    let bucket = Bucket::builder()
        .bucket("landfall-assets".parse().expect("a name"))
        .object_ownership(variant.pick(ObjectOwnership::BucketOwnerEnforced, ObjectOwnership::ObjectWriter))
        .versioning(variant.pick(true, false))
        .encryption(variant.pick(Encryption::kms(key(&scope)), Encryption::SseS3))
        .public_access_block(variant.pick(PublicAccessBlock::ALL, PublicAccessBlock::NONE))
        .lifecycle_rules(variant.pick(rules, Vec::new()))
        .logging(AccessLogging::new(logs, variant.pick("assets/", "")))
        .force_destroy(variant.pick(true, false));
    scope.add_with("landfall-assets", team(variant).after(let_in), bucket.build());
}

fn bucket_policy(topology: &Topology, variant: Variant) {
    let bucket = a_bucket(&topology.region::<Mumbai>(), "landfall-readers");
    let read = Statement::allow()
        .sid("Read")
        .account("123456789012")
        .actions(variant.pick(&["s3:GetObject"][..], &["s3:GetObject", "s3:GetObjectVersion"]).iter().copied())
        .resource(landfall_core::join![bucket.get(Bucket::ARN), "/*"]);
    let policy = variant.pick(vec![], statements::tls_only(bucket).to_vec()).into_iter().chain([read]).collect();
    let policy = BucketPolicy::builder().bucket(bucket).policy(policy).build();
    topology.region::<Mumbai>().add("landfall-readers", policy);
}

fn bucket_replication(topology: &Topology, variant: Variant) {
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let (source, copy) = (a_bucket(&mumbai, "landfall-mumbai"), a_bucket(&london, "landfall-london"));
    let trust = PolicyDocument::trust("s3.amazonaws.com");
    let role = |name: &str| {
        let role = Role::builder().assume_role_policy_document(trust.clone()).build();
        topology.global().add(name, role)
    };
    let (one, two) = (role("one"), role("two"));
    let pictures = ReplicationRule::builder()
        .id("pictures")
        .prefix("img/")
        .priority(2)
        .delete_marker_replication(variant.pick(true, false))
        .replica_modifications(variant.pick(false, true))
        .replication_time_control(variant.pick(false, true))
        .build();
    let key = key(&london);
    let replication = Replication::cross_border(source, copy, variant.pick("public", "public pictures"))
        .role(variant.pick(one, two))
        .maybe_replica_kms_key(variant.pick(Some(key), None))
        .rule(ReplicationRule::builder().id("rest").priority(1).build())
        .rule(pictures);
    mumbai.add("landfall-mumbai", replication.build());
}

fn kinds() -> Vec<&'static Kind> {
    let below = landfall_netlayer::kinds().into_iter().chain(landfall_security::kinds());
    below.chain(landfall_datalayer::kinds()).collect()
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_datalayer::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    in_the_sandbox(&kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    let layers =
        [landfall_netlayer::aws::register, landfall_security::aws::register, landfall_datalayer::aws::register];
    on_the_wire(&layers, CASES);
}
