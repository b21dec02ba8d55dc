//! What the lifecycle does not reach, on moto: protection, failovers, upgrades, buckets that hold something.

#![cfg(feature = "aws")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_aws::tap::{Effect, Rule};
use landfall_conformance::{Cloud, Register, Wire, block_on};
use landfall_core::{
    Address, Attributes, Context, Environment, Fault, FaultKind, Fields, Handle, Locator, London, Lowered, Mumbai,
    NorthVirginia, Observed, Pace, Providers, Region, Scope, Tags, Topology, plan::merge, provider::Desired,
    state::Token,
};
use landfall_datalayer::{
    AuroraCluster, AuroraEngine, AuroraInstance, Bucket, CacheSubnetGroup, ClusterParameterGroup, DbSubnetGroup,
    GlobalCluster, MasterUser, Primary, ReplicationGroup,
};
use landfall_netlayer::{Subnet, Vpc};
use landfall_security::{GenerateSecretString, Key, Secret, SecretValue};

const LAYERS: [Register; 3] =
    [landfall_netlayer::aws::register, landfall_security::aws::register, landfall_datalayer::aws::register];

/// A pause that is over at once: moto is never long in between.
struct NoPause;

#[async_trait]
impl Pace for NoPause {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

/// What a test made in the cloud.
struct Made {
    cloud: Cloud,
    providers: Providers,
    tokens: BTreeMap<Address, Token>,
    attributes: BTreeMap<Address, Attributes>,
}

impl Made {
    async fn nothing() -> Self {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&LAYERS);
        Self { cloud, providers, tokens: BTreeMap::new(), attributes: BTreeMap::new() }
    }

    fn context(&mut self, lowered: &Lowered, address: &Address) -> Context {
        let fresh = u8::try_from(self.tokens.len()).expect("few objects");
        // Tests share moto, so that their names differ.
        let random: [u8; 16] = std::array::from_fn(|i| lowered.topology.as_bytes()[i % lowered.topology.len()] ^ fresh);
        Context {
            topology: lowered.topology.clone(),
            environment: lowered.environment.clone(),
            address: address.clone(),
            place: address.place(),
            token: self.tokens.entry(address.clone()).or_insert_with(|| Token::from_random(random)).clone(),
            tags: Tags::new(),
            timeout: Duration::from_hours(1),
            pace: Arc::new(NoPause),
        }
    }

    fn fields(&self, lowered: &Lowered, address: &Address) -> Fields {
        let lookup = |of: &Address, name: &str| self.attributes.get(of)?.get(name).cloned();
        let declaration = lowered.get(address).expect("declared");
        let known = |(name, expr): (&String, &landfall_core::expr::Expr)| {
            (name.clone(), expr.resolve(&lookup).known().expect("what it refers to exists"))
        };
        declaration.fields.iter().map(known).collect()
    }

    async fn make(&mut self, lowered: &Lowered) {
        for declaration in &lowered.declarations {
            let address = &declaration.address;
            let (cx, fields) = (self.context(lowered, address), self.fields(lowered, address));
            let provider = Arc::clone(self.providers.provider(address.kind()).expect("a provider"));
            let want = Desired { fields, references: Vec::new() };
            let made = provider.reconcile(&cx, &want, None).await;
            self.attributes.insert(address.clone(), made.unwrap_or_else(|fault| panic!("{address}: {fault}")));
        }
    }

    async fn have(&mut self, lowered: &Lowered, address: &Address) -> (Context, Observed) {
        let (cx, fields) = (self.context(lowered, address), self.fields(lowered, address));
        let provider = Arc::clone(self.providers.provider(address.kind()).expect("a provider"));
        let id = self.attributes[address]["id"].as_str().expect("an id").to_owned();
        let observed = provider.observe(&cx, Locator::Id(&id)).await.expect("a read").expect("it is there");
        (cx, Observed { fields: merge(&fields, &observed.fields), attributes: observed.attributes })
    }

    async fn update(&mut self, lowered: &Lowered, to: &Lowered, address: &Address) -> Result<(), Fault> {
        let (cx, have) = self.have(lowered, address).await;
        let want = Desired { fields: self.fields(to, address), references: Vec::new() };
        let provider = self.providers.provider(address.kind()).expect("a provider");
        provider.reconcile(&cx, &want, Some(&have)).await.map(drop)
    }

    async fn delete(&mut self, lowered: &Lowered, address: &Address) -> Result<(), Fault> {
        let (cx, have) = self.have(lowered, address).await;
        self.providers.provider(address.kind()).expect("a provider").delete(&cx, &have).await
    }

    async fn is_there(&mut self, lowered: &Lowered, address: &Address) -> bool {
        let cx = self.context(lowered, address);
        let id = self.attributes[address]["id"].as_str().expect("an id").to_owned();
        let provider = self.providers.provider(address.kind()).expect("a provider");
        provider.observe(&cx, Locator::Id(&id)).await.expect("a read").is_some()
    }
}

fn at(address: &str) -> Address {
    address.parse().expect("an address")
}

fn lowered(name: &str, declare: impl FnOnce(&Topology)) -> Lowered {
    let topology = Topology::new(name, Environment::new("test"));
    declare(&topology);
    topology.lower().expect("a sound topology")
}

fn subnets<R: Region>(scope: &Scope<'_, R>) -> Handle<DbSubnetGroup<R>> {
    let vpc = scope.add("db", Vpc::builder().cidr_block("10.20.0.0/16".parse().expect("a range")).build());
    let subnet = |letter: char, range: &str| {
        let zone = format!("{}{letter}", scope.place());
        let subnet = Subnet::builder().vpc(vpc).cidr_block(range.parse().expect("a range")).availability_zone(zone);
        scope.add(&format!("db-{letter}"), subnet.build())
    };
    let subnets = [subnet('a', "10.20.1.0/24"), subnet('b', "10.20.2.0/24")];
    scope.add("db", DbSubnetGroup::builder().subnets(subnets).build())
}

fn primary(
    topology: &Topology,
    version: &str,
    protect: bool,
) -> (Handle<GlobalCluster>, Handle<AuroraCluster<Mumbai, Primary>>) {
    let scope = topology.region::<Mumbai>();
    let global = GlobalCluster::builder().engine(AuroraEngine::AuroraPostgresql).engine_version(version);
    let global = topology.global().add("db", global.deletion_protection(protect).build());
    let secret = Secret::builder().generate_secret_string(GenerateSecretString::database("app")).build();
    let password = SecretValue::of(scope.add("db", secret)).json_key("password");
    let cluster = AuroraCluster::primary(global, MasterUser::new("app", password))
        .db_subnet_group(subnets(&scope))
        .deletion_protection(protect)
        .skip_final_snapshot(true);
    (global, scope.add("db", cluster.build()))
}

/// A global database in two regions, with an instance in the first.
fn two_regions(topology: &Topology, version: &str) {
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let (global, cluster) = primary(topology, version, false);
    let instance = AuroraInstance::builder().cluster(cluster).instance_class("db.r7g.large".parse().expect("a class"));
    let writer = mumbai.add("db", instance.build());
    let key = london.add("db", Key::builder().build());
    let secondary = AuroraCluster::cross_border_secondary(global, writer, "readers are near it")
        .db_subnet_group(subnets(&london))
        .kms_key(key)
        .deletion_protection(false)
        .skip_final_snapshot(true);
    london.add("db", secondary.build());
}

#[test]
fn what_aws_protects_stays_in_its_global_database() {
    block_on(async {
        let declared = |protect| {
            lowered("protected", |topology| {
                primary(topology, "16.6", protect);
            })
        };
        let (protected, free) = (declared(true), declared(false));
        let (global, cluster) = (at("global/rds.global_cluster:db"), at("ap-south-1/rds.cluster:db"));
        let mut made = Made::nothing().await;
        made.make(&protected).await;
        for address in [&cluster, &global] {
            let fault = made.delete(&protected, address).await.expect_err("it is protected");
            assert_eq!(fault.kind, FaultKind::Invalid);
            assert!(fault.message.contains("apply `deletion_protection` false first"), "{fault}");
        }
        let (_, have) = made.have(&protected, &cluster).await;
        assert_eq!(have.fields["global_cluster"], made.attributes[&global]["id"], "it was not taken out");

        for address in [&global, &cluster] {
            made.update(&protected, &free, address).await.expect("no longer protected");
        }
        for address in [&cluster, &global] {
            made.delete(&free, address).await.expect("deleted");
            assert!(!made.is_there(&free, address).await);
        }
    });
}

#[test]
fn after_a_switchover_the_writer_is_not_deleted_before_the_others() {
    block_on(async {
        let both = lowered("switched", |topology| two_regions(topology, "16.6"));
        let (mumbai, london) = (at("ap-south-1/rds.cluster:db"), at("eu-west-2/rds.cluster:db"));
        let global = at("global/rds.global_cluster:db");
        let mut made = Made::nothing().await;
        made.make(&both).await;

        let rds = aws_sdk_rds::Client::new(&made.cloud.aws.config("eu-west-2"));
        let call = rds.switchover_global_cluster().global_cluster_identifier(text(&made, &global, "id"));
        call.target_db_cluster_identifier(text(&made, &london, "arn")).send().await.expect("a switchover");

        let (_, have) = made.have(&both, &mumbai).await;
        assert_eq!(have.fields["writer"], made.fields(&both, &mumbai)["writer"], "no plan brings the old writer back");
        let fault = made.delete(&both, &london).await.expect_err("it takes the writes now");
        assert_eq!(fault.kind, FaultKind::Invalid);
        assert!(fault.message.contains("declare the roles as they are now"), "{fault}");

        made.delete(&both, &at("ap-south-1/rds.cluster_instance:db")).await.expect("deleted");
        for address in [&mumbai, &london, &global] {
            made.delete(&both, address).await.expect("deleted");
        }
    });
}

fn changes(made: &Made) -> Vec<String> {
    let changes = made.cloud.tap.changes().into_iter();
    changes.map(|call| format!("{} {}", call.asked.region, call.asked.operation)).collect()
}

fn text(made: &Made, address: &Address, attribute: &str) -> String {
    made.attributes[address][attribute].as_str().expect("a text").to_owned()
}

#[test]
fn a_minor_version_comes_to_the_primary_last() {
    block_on(async {
        let before = lowered("upgraded", |topology| two_regions(topology, "16.6"));
        let after = lowered("upgraded", |topology| two_regions(topology, "16.8"));
        let global = at("global/rds.global_cluster:db");
        let mut made = Made::nothing().await;
        made.make(&before).await;
        made.cloud.tap.clear_calls();
        made.update(&before, &after, &global).await.expect("an upgrade");
        assert_eq!(changes(&made), ["eu-west-2 ModifyDBCluster", "ap-south-1 ModifyDBCluster"]);
        let (_, have) = made.have(&after, &global).await;
        assert_eq!(have.fields["engine_version"], "16.8");
        for address in ["eu-west-2/rds.cluster:db", "ap-south-1/rds.cluster_instance:db", "ap-south-1/rds.cluster:db"] {
            made.delete(&after, &at(address)).await.expect("deleted");
        }
        made.delete(&after, &global).await.expect("deleted");
    });
}

#[test]
fn a_major_version_goes_through_the_global_cluster() {
    block_on(async {
        let before = lowered("major", |topology| two_regions(topology, "16.6"));
        let after = lowered("major", |topology| two_regions(topology, "17.4"));
        let global = at("global/rds.global_cluster:db");
        let mut made = Made::nothing().await;
        made.make(&before).await;
        made.cloud.tap.clear_calls();
        made.update(&before, &after, &global).await.expect("an upgrade");
        assert_eq!(changes(&made), ["us-east-1 ModifyGlobalCluster"]);
        let (_, have) = made.have(&after, &global).await;
        assert_eq!(have.fields["engine_version"], "17.4");
    });
}

fn cache_subnets(scope: &Scope<'_, Mumbai>) -> Handle<CacheSubnetGroup<Mumbai>> {
    let vpc = scope.add("cache", Vpc::builder().cidr_block("10.30.0.0/16".parse().expect("a range")).build());
    let subnet = |letter: char, range: &str| {
        let subnet = Subnet::builder().vpc(vpc).cidr_block(range.parse().expect("a range"));
        let subnet = subnet.availability_zone(format!("ap-south-1{letter}"));
        scope.add(&format!("cache-{letter}"), subnet.build())
    };
    let subnets = [subnet('a', "10.30.1.0/24"), subnet('b', "10.30.2.0/24")];
    scope.add("cache", CacheSubnetGroup::builder().subnets(subnets).build())
}

#[test]
fn a_create_whose_answer_was_lost_answers_what_it_made() {
    block_on(async {
        let both = lowered("repeated", |topology| {
            two_regions(topology, "16.6");
            let mumbai = topology.region::<Mumbai>();
            mumbai.add(
                "db",
                ClusterParameterGroup::builder().parameter("work_mem", "65536").family("aurora-postgresql16").build(),
            );
            let cache = ReplicationGroup::builder().engine_version("8.0").cache_subnet_group(cache_subnets(&mumbai));
            mumbai.add("cache", cache.cache_node_type("cache.r7g.large".parse().expect("a type")).build());
            let bucket = Bucket::builder().bucket("landfall-repeated".parse().expect("a name")).versioning(true);
            mumbai.add("b", bucket.build());
        });
        let mut made = Made::nothing().await;
        made.make(&both).await;
        let first = made.attributes.clone();
        for declaration in both.declarations.iter().filter(|it| !it.kind.name.starts_with("ec2.")) {
            let address = &declaration.address;
            let (cx, fields) = (made.context(&both, address), made.fields(&both, address));
            let provider = Arc::clone(made.providers.provider(address.kind()).expect("a provider"));
            if ["kms.key", "secretsmanager.secret"].contains(&address.kind()) {
                continue;
            }
            let want = Desired { fields, references: Vec::new() };
            let second = provider.reconcile(&cx, &want, None).await;
            assert_eq!(second.as_ref(), Ok(&first[address]), "{address}");
        }
    });
}

/// An error of AWS that a call of the operation is answered with, `times` times.
fn refused(made: &Made, operation: &str, (status, code): (u16, &str), times: usize) {
    let effect = Effect::Error { status, code: code.into(), message: String::new() };
    made.cloud.tap.add(Rule::new(effect).operation(operation).times(times));
}

fn answered(made: &Made, operation: &str, status: u16, body: &str) {
    let effect = Effect::Answer { status, content_type: "text/xml".into(), body: body.into() };
    made.cloud.tap.add(Rule::new(effect).operation(operation).times(1));
}

#[test]
fn a_name_that_s3_still_keeps_is_waited_for() {
    block_on(async {
        let (bucket, address) = (bucket("landfall-kept", false), at("ap-south-1/s3.bucket:b"));
        let mut made = Made::nothing().await;
        refused(&made, "CreateBucket", (409, "OperationAborted"), 3);
        made.make(&bucket).await;
        assert_eq!(changes(&made)[..4], ["ap-south-1 CreateBucket"; 4]);
        made.delete(&bucket, &address).await.expect("deleted");
    });
}

#[test]
fn a_bucket_of_another_region_or_account_is_not_ours() {
    block_on(async {
        let lowered = lowered("elsewhere", |topology| {
            let bucket = Bucket::builder().bucket("landfall-elsewhere".parse().expect("a name")).build();
            topology.region::<NorthVirginia>().add("b", bucket);
        });
        let address = at("us-east-1/s3.bucket:b");
        let mut made = Made::nothing().await;
        let (cx, fields) = (made.context(&lowered, &address), made.fields(&lowered, &address));
        let want = Desired { fields, references: Vec::new() };
        let provider = Arc::clone(made.providers.provider("s3.bucket").expect("a provider"));
        for status in [301, 403] {
            answered(&made, "HeadBucket", status, "");
            assert_eq!(provider.observe(&cx, Locator::Token(&want)).await, Ok(None), "{status}");
            made.cloud.tap.clear_rules();
        }
        answered(&made, "HeadBucket", 403, "");
        refused(&made, "CreateBucket", (409, "BucketAlreadyExists"), 1);
        let fault = provider.reconcile(&cx, &want, None).await.expect_err("somebody has it");
        assert_eq!((fault.kind, fault.operation.as_str()), (FaultKind::Taken, "s3:CreateBucket"));
    });
}

#[test]
fn parameters_with_the_value_of_the_engine_are_read_back() {
    block_on(async {
        let group = lowered("defaults", |topology| {
            let group = ClusterParameterGroup::builder().parameter("rds.force_ssl", "1").family("aurora-postgresql16");
            topology.region::<Mumbai>().add("db", group.build());
        });
        let address = at("ap-south-1/rds.cluster_parameter_group:db");
        let none = "<DescribeDBClusterParametersResponse xmlns=\"http://rds.amazonaws.com/doc/2014-10-31/\">\
                    <DescribeDBClusterParametersResult><Parameters/></DescribeDBClusterParametersResult>\
                    </DescribeDBClusterParametersResponse>";
        let mut made = Made::nothing().await;
        // AWS does not count what has the engine's value among the parameters of the group's own.
        answered(&made, "DescribeDBClusterParameters", 200, none);
        made.make(&group).await;
        answered(&made, "DescribeDBClusterParameters", 200, none);
        let (cx, have) = made.have(&group, &address).await;
        assert_eq!(have.fields["parameters"], made.fields(&group, &address)["parameters"]);
        let provider = made.providers.provider(address.kind()).expect("a provider");
        provider.delete(&cx, &have).await.expect("deleted");
    });
}

#[test]
fn a_busy_cache_is_waited_for_and_takes_its_new_password_in_two_steps() {
    block_on(async {
        let declared = |password: &str| {
            lowered("busy", |topology| {
                let scope = topology.region::<Mumbai>();
                let secret = |name: &str| {
                    let secret = Secret::builder().generate_secret_string(GenerateSecretString::auth_token());
                    scope.add(name, secret.build())
                };
                let (old, new) = (secret("old"), secret("new"));
                let cache = ReplicationGroup::builder()
                    .engine_version("8.0")
                    .cache_node_type("cache.r7g.large".parse().expect("a type"))
                    .cache_subnet_group(cache_subnets(&scope))
                    .auth_token(if password == "old" { old } else { new });
                scope.add("cache", cache.build());
            })
        };
        let (before, after) = (declared("old"), declared("new"));
        let address = at("ap-south-1/elasticache.replication_group:cache");
        let mut made = Made::nothing().await;
        made.make(&before).await;
        made.cloud.tap.clear_calls();
        refused(&made, "ListTagsForResource", (400, "InvalidReplicationGroupState"), 2);
        // It seems available before the first step has begun, and refuses the second.
        let busy = Effect::Error {
            status: 400,
            code: "InvalidReplicationGroupState".into(),
            message: "Replication group must be in available state to modify.".into(),
        };
        made.cloud.tap.add(Rule::new(busy).operation("ModifyReplicationGroup").after(1).times(2));
        made.update(&before, &after, &address).await.expect("another password");
        let calls = made.cloud.tap.calls().into_iter().filter(|call| call.asked.operation == "ModifyReplicationGroup");
        let steps: Vec<_> = calls
            .map(|call| if call.body.contains("AuthTokenUpdateStrategy=ROTATE") { "rotate" } else { "set" })
            .collect();
        assert_eq!(steps, ["rotate", "set", "set", "set"]);
    });
}

fn bucket(name: &str, force_destroy: bool) -> Lowered {
    lowered("holding", |topology| {
        let bucket = Bucket::builder().bucket(name.parse().expect("a name")).versioning(true);
        topology.region::<Mumbai>().add("b", bucket.force_destroy(force_destroy).build());
    })
}

#[test]
fn a_bucket_is_emptied_only_when_told() {
    block_on(async {
        let (keep, force) = (bucket("landfall-holding", false), bucket("landfall-holding", true));
        let address = at("ap-south-1/s3.bucket:b");
        let mut made = Made::nothing().await;
        made.make(&keep).await;
        let s3 = aws_sdk_s3::Client::new(&made.cloud.aws.config("ap-south-1"));
        for number in 0..5 {
            for body in ["old", "new"] {
                let call = s3.put_object().bucket("landfall-holding").key(format!("{number}.txt"));
                call.body(body.as_bytes().to_vec().into()).send().await.expect("a version");
            }
        }
        s3.delete_object().bucket("landfall-holding").key("0.txt").send().await.expect("a delete marker");

        let fault = made.delete(&keep, &address).await.expect_err("it holds objects");
        assert_eq!((fault.kind, fault.operation.as_str()), (FaultKind::Invalid, "s3:DeleteBucket"));
        assert!(fault.message.contains("apply `force_destroy` first"), "{fault}");
        made.delete(&force, &address).await.expect("emptied and deleted");
        assert!(!made.is_there(&force, &address).await);
    });
}

#[test]
fn a_bucket_of_somebody_else_is_left_alone() {
    fn declare<R: Region>(name: &str) -> Lowered {
        lowered("taken", |topology| {
            let bucket = Bucket::builder().bucket(name.parse().expect("a name")).build();
            topology.region::<R>().add("b", bucket);
        })
    }
    block_on(async {
        let mut made = Made::nothing().await;
        for (place, name, lowered) in [
            ("us-east-1", "landfall-taken-us", declare::<NorthVirginia>("landfall-taken-us")),
            ("ap-south-1", "landfall-taken-in", declare::<Mumbai>("landfall-taken-in")),
        ] {
            let (address, place) = (lowered.declarations[0].address.clone(), place.parse().expect("a place"));
            let s3 = aws_sdk_s3::Client::new(&made.cloud.aws.config(landfall_core::PlaceCode::as_str(place)));
            let elsewhere = aws_sdk_s3::types::CreateBucketConfiguration::builder()
                .location_constraint(aws_sdk_s3::types::BucketLocationConstraint::from(place.as_str()))
                .build();
            let call = s3.create_bucket().bucket(name);
            let call = if place.as_str() == "us-east-1" { call } else { call.create_bucket_configuration(elsewhere) };
            call.send().await.expect("somebody's bucket");

            let (cx, fields) = (made.context(&lowered, &address), made.fields(&lowered, &address));
            let want = Desired { fields, references: Vec::new() };
            let provider = Arc::clone(made.providers.provider("s3.bucket").expect("a provider"));
            let found = provider.observe(&cx, Locator::Token(&want)).await.expect("a read");
            assert_eq!(found, None, "it is not ours");
            let fault = provider.reconcile(&cx, &want, None).await.expect_err("the name is taken");
            assert_eq!(fault.kind, FaultKind::Taken, "{fault}");
        }
    });
}
