//! India and London: a fast site for users in both, that survives the loss of either region.
//!
//! ```text
//!  users ── CloudFront + WAF ──┬── /static/*: bucket in Mumbai, or its replica in London
//!                              └── the rest: origin.<domain>, by latency and health
//!                                    ├── Mumbai: load balancer ── instances ── cache, Aurora (writer + reader)
//!                                    └── London: load balancer ── instances ── cache, Aurora (reader, forwards writes)
//! ```
//!
//! `cargo run --example india_london` shows it in the sandbox; with `-- apply --target aws --domain …` it is real.

use std::{error::Error, process::ExitCode};

use landfall::{
    Environment, Global, Handle, Input, London, Mumbai, NorthVirginia, Region, Scope, Topology,
    compute::{AccessLogs, Ingress, TargetProtocol, WebTier, WebTierHandles},
    datalayer::{
        ClusterRole, GlobalDatabase, LogBucket, LogBucketHandles, RegionalCache, RegionalCacheHandles,
        RegionalDatabase, ReplicatedAssets, ReplicationGroup,
    },
    dns::{HostedZone, LatencyRouting, ValidatedCertificates, site_aliases},
    edge::{Cdn, Logging, PriceClass},
    join,
    netlayer::{Network, NetworkHandles, Protocol, SecurityGroup, let_through},
    observe::{Alarms, AlertTopic, AuditTrail, Dashboard, EdgeAlarms, FlowLogs, Topic},
    security::{CallerIdentity, Certificate, DomainName, GenerateSecretString, Key, Secret, SecretValue, Statement},
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[derive(clap::Args)]
pub(crate) struct Own {
    /// Domain of the site; its hosted zone is made, and certificates wait until the domain is delegated to it
    #[arg(long, default_value = "example.com")]
    domain: DomainName,
    /// Who is told of alarms, by e-mail
    #[arg(long, default_value = "oncall@example.com")]
    alerts: String,
    /// Environment, part of every name
    #[arg(long, default_value = "prod")]
    environment: String,
    /// Protect database, buckets and keys: no plan deletes them, and `destroy` leaves them
    #[arg(long)]
    keep_data: bool,
}

struct Platform<'t> {
    own: &'t Own,
    global: Scope<'t, Global>,
    account: Input<String>,
    origin: DomainName, // by which CloudFront reaches a region
    origin_secret: SecretValue<landfall::AnyRegion>,
}

/// A region before its servers: network, firewalls, cache, logs.
struct Ground<R: Region> {
    network: NetworkHandles<R>,
    database_group: Handle<SecurityGroup<R>>,
    cache_group: Handle<SecurityGroup<R>>,
    cache: RegionalCacheHandles<R>,
    logs: LogBucketHandles<R>,
    topic: Handle<Topic<R>>,
}

fn main() -> ExitCode {
    landfall::cli::run_with(topology)
}

pub(crate) fn topology(own: &Own) -> Result<Topology> {
    let topology = Topology::new("twin", Environment::new(&own.environment));
    topology.tag("environment", &own.environment);
    topology.tag("cost-center", "web");
    let (india, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let (virginia, global) = (topology.region::<NorthVirginia>(), topology.global());
    let account = global.lookup::<CallerIdentity>("me", CallerIdentity::SELF).get(CallerIdentity::ACCOUNT_ID);
    let zone = global.add("site", HostedZone::builder().name(own.domain.clone()).build());
    let secret = Secret::builder().generate_secret_string(GenerateSecretString::auth_token());
    let secret = india.add("origin", secret.recovery_window_in_days(0).build());
    let platform = Platform {
        own,
        account,
        origin: own.domain.child("origin")?,
        origin_secret: SecretValue::of(secret).any_region(),
        global: global.clone(),
    };

    // The same ground in both regions, and a database over them: written in Mumbai, read in both.
    let (here, there) = (platform.ground(&india, "10.10.0.0/16")?, platform.ground(&london, "10.20.0.0/16")?);
    let database = GlobalDatabase::builder()
        .copy_credentials_to::<London>("the application in London logs in with them")
        .engine_version("16.6")
        .database_name("twin")
        .instance_class("db.r7g.large".parse()?)
        .protect(own.keep_data)
        .build();
    let (data_in, data_uk) = (india.child("data"), london.child("data"));
    let primary = database.add_primary(&global, &data_in, &here.network.data_subnets, [here.database_group]);
    let (subnets, why) = (&there.network.data_subnets, "the application in London reads near its users");
    let secondary = database.add_cross_border_secondary(&primary, &data_uk, subnets, [there.database_group], why);
    let credentials = primary.secret.get(Secret::NAME);

    let mut certificates = ValidatedCertificates::new(&global.child("certificates"), zone);
    let web_in = platform.web(&india, &here, &primary.region, &credentials, &mut certificates)?;
    let web_uk = platform.web(&london, &there, &secondary, &credentials, &mut certificates)?;

    // Static files in both regions, and CloudFront in front of everything.
    let bucket = |what: &str| platform.bucket_name(what).parse();
    let assets = ReplicatedAssets::cross_border(bucket("assets-mumbai")?, bucket("assets-london")?, "public files")
        .force_destroy(!own.keep_data)
        .build()
        .add_to(&global, &india, &london);
    let www = own.domain.child("www")?;
    let site = Certificate::builder().domain_name(own.domain.clone()).subject_alternative_names([www.clone()]);
    let cdn = Cdn::builder()
        .static_origin(assets.first)
        .static_origin(assets.second)
        .aliases([own.domain.clone(), www.clone()])
        .certificate(certificates.add(&virginia, "site", site.build()))
        .dynamic_origin(platform.origin.as_str())
        .origin_secret(platform.origin_secret.clone())
        .price_class(PriceClass::WithAsiaAndAfrica)
        .logging(Logging::builder().bucket(join![here.logs.bucket.id(), ".s3.amazonaws.com"]).prefix("cdn/").build())
        .build()
        .add_to(&global, &virginia);
    assets.served_by(&india, &london, cdn.distribution.get(landfall::edge::Distribution::ARN));

    // Names: the site at the edge, the origin by latency between healthy regions.
    site_aliases(&global, zone, cdn.distribution, [own.domain.clone(), www]);
    let routing = LatencyRouting::builder()
        .load_balancer(web_in.load_balancer)
        .load_balancer(web_uk.load_balancer)
        .zone(zone)
        .name(platform.origin.clone())
        .health_check_path("/health")
        .ipv6(false)
        .build()
        .add_to(&global.child("origin"));

    // Who watches, and what stays on record.
    let (watch_in, watch_uk) = (here.alarms(&web_in, &primary.region), there.alarms(&web_uk, &secondary));
    watch_in.add_to(&india.child("alarms"));
    watch_uk.add_to(&london.child("alarms"));
    let rows = [watch_in.rows(&india), watch_uk.rows(&london)].concat();
    global.add("twin", Dashboard::builder().rows(rows).build());
    let topic = platform.alerts(&virginia);
    let checks = routing.regions.iter().map(|region| (region.place.as_str(), region.health_check));
    EdgeAlarms::builder().topic(topic).health_checks(checks).distribution(cdn.distribution).build().add_to(&virginia);
    AuditTrail::builder()
        .name(format!("twin-{}", own.environment).parse()?)
        .bucket(bucket("audit")?)
        .account_id(&platform.account)
        .force_destroy(!own.keep_data)
        .build()
        .add_to(&india);
    Ok(topology)
}

impl Platform<'_> {
    /// Names of buckets are unique in all of AWS, so they begin with the domain.
    fn bucket_name(&self, what: &str) -> String {
        format!("{}-{}-{what}", self.own.domain.as_str().replace('.', "-"), self.own.environment)
    }

    fn ground<R: Region>(&self, scope: &Scope<'_, R>, cidr_block: &str) -> Result<Ground<R>> {
        let network = Network::builder().cidr_block(cidr_block.parse()?).build().add_to(&scope.child("net"));
        FlowLogs::builder()
            .log_group(format!("/twin/{}/flow-logs", self.own.environment).parse()?)
            .account_id(&self.account)
            .build()
            .add_to(&scope.child("net"), &self.global, "flow-logs", network.vpc);
        let data = scope.child("data");
        let group = |name: &str, what: &str| {
            data.add(name, SecurityGroup::builder().vpc(network.vpc).description(what).build())
        };
        let database_group = group("db", "Database: connections of the instances");
        let cache_group = group("cache", "Cache: connections of the instances");
        let cache = RegionalCache::builder().cache_node_type("cache.r7g.large".parse()?).build();
        let cache = cache.add_to(&data, &network.data_subnets, [cache_group]);
        let logs = LogBucket::builder()
            .bucket(self.bucket_name(&format!("logs-{}", scope.place())).parse()?)
            .account_id(&self.account)
            .force_destroy(!self.own.keep_data)
            .build()
            .add_to(scope);
        Ok(Ground { network, database_group, cache_group, cache, logs, topic: self.alerts(scope) })
    }

    fn web<R: Region, M: ClusterRole>(
        &self,
        scope: &Scope<'_, R>,
        ground: &Ground<R>,
        database: &RegionalDatabase<R, M>,
        credentials: &Input<String>,
        certificates: &mut ValidatedCertificates<'_>,
    ) -> Result<WebTierHandles<R>> {
        let regional = self.origin.child("*")?;
        let certificate = Certificate::builder().domain_name(self.origin.clone()).subject_alternative_names([regional]);
        let (region, cache) = (scope.place().as_str(), &ground.cache);
        let database_lines = join!["DB=", database.write_endpoint(), "\nDB_READER=", database.read_endpoint()];
        let cache_line = join!["CACHE=", cache.replication_group.get(ReplicationGroup::PRIMARY_ENDPOINT)];
        let logins = join!["CREDENTIALS=", credentials, "\nCACHE_CREDENTIALS=", cache.secret.get(Secret::NAME)];
        let lines = join!["REGION=", region, "\n", database_lines, "\n", cache_line, "\n", logins];
        let login = join!["arn:aws:secretsmanager:", region, ":", &self.account, ":secret:", credentials, "-??????"];
        let read = Statement::allow().action("secretsmanager:GetSecretValue");
        let keys = [database.key, cache.key].map(|key| key.get(Key::ARN));
        let decrypt = Statement::allow().action("kms:Decrypt").resources(keys);
        let web = WebTier::builder()
            .network(&ground.network)
            .certificate(certificates.add(scope, "origin", certificate.build()))
            .origin_secret(self.origin_secret.clone())
            .ingress(Ingress::World)
            .instance_type("m7g.large".parse()?)
            .protocol(TargetProtocol::Https)
            .user_data(join!["#!/bin/sh\ncat > /etc/twin.env <<END\n", lines, "\nEND\n", include_str!("site/start.sh")])
            .statements([
                read.resources([login, cache.secret.get(Secret::ARN)]),
                decrypt.condition("StringEquals", "kms:ViaService", format!("secretsmanager.{region}.amazonaws.com")),
            ])
            .access_logs(AccessLogs::to(ground.logs.policy.id(), "web"))
            .min_size(3)
            .max_size(12)
            .build()
            .add_to(&scope.child("web"));
        let (data, servers) = (scope.child("data"), web.instance_security_group);
        let_through(&data, "database", Protocol::tcp(5432), servers, ground.database_group);
        let_through(&data, "cache", Protocol::tcp(6379), servers, ground.cache_group);
        Ok(web)
    }

    fn alerts<R: Region>(&self, scope: &Scope<'_, R>) -> Handle<Topic<R>> {
        let topic = AlertTopic::builder().account_id(&self.account).emails([&self.own.alerts]).build();
        topic.add_to(scope, "alerts").topic
    }
}

impl<R: Region> Ground<R> {
    fn alarms<M: ClusterRole>(&self, web: &WebTierHandles<R>, database: &RegionalDatabase<R, M>) -> Alarms<R, M> {
        let cache = self.cache.replication_group;
        Alarms::builder()
            .topic(self.topic)
            .load_balancer(web.load_balancer)
            .target_group(web.target_group)
            .auto_scaling_group(web.auto_scaling_group)
            .database(database.cluster)
            .database_between::<Mumbai, London>()
            .cache_nodes([join![cache.id(), "-001"], join![cache.id(), "-002"]])
            .build()
    }
}
