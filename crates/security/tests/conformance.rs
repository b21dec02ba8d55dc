//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{ApSouth1, ApSouth2, EuWest2, Handle, Options, Topology, UsEast1};
use landfall_security::{
    Alias, CallerIdentity, Certificate, DomainName, GenerateSecretString, InstanceProfile, IssuedCertificate, Key,
    ManagedPolicy, PolicyDocument, ReplicaKey, Role, Secret, Statement,
};

const CASES: &[Case] = &[
    Case::new("iam.role", Wire::Moto, role),
    Case::new("iam.instance_profile", Wire::Moto, instance_profile),
    Case::new("iam.policy", Wire::Moto, managed_policy),
    Case::new("kms.key", Wire::Moto, key),
    Case::new("kms.replica_key", Wire::Moto, replica_key),
    Case::new("kms.alias", Wire::Moto, alias),
    Case::new("secretsmanager.secret", Wire::Moto, secret),
    Case::new("acm.certificate", Wire::Moto, certificate),
    Case::new("acm.issued_certificate", Wire::Moto, issued_certificate),
    Case::new("sts.caller_identity", Wire::Moto, caller_identity),
];

const SSM_CORE: &str = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore";
const CLOUDWATCH_AGENT: &str = "arn:aws:iam::aws:policy/CloudWatchAgentServerPolicy";

fn tagged(variant: Variant) -> Options {
    Options::new().tag("team", variant.pick("platform", "security")).tag(variant.pick("old", "new"), "1")
}

/// Permissions whose texts AWS may well answer in another order.
fn reads(bucket: &str) -> PolicyDocument {
    let arn = format!("arn:aws:s3:::{bucket}");
    PolicyDocument::new([
        Statement::allow()
            .sid("Objects")
            .actions(["s3:GetObject", "s3:GetObjectVersion", "s3:*Tagging"])
            .resources([format!("{arn}/*"), format!("{arn}-too/*")])
            .condition("StringEquals", "aws:ResourceAccount", "123456789012"),
        Statement::deny().not_actions(["s3:List*"]).resource(arn).condition("Bool", "aws:SecureTransport", "false"),
    ])
}

fn role(topology: &Topology, variant: Variant) {
    let global = topology.global();
    let me = global.lookup::<CallerIdentity>("me", CallerIdentity::SELF);
    let boundary = global.add("boundary", ManagedPolicy::builder().policy_document(reads("bounded")).build());
    let account = me.get(CallerIdentity::ACCOUNT_ID);
    let trust = match variant {
        Variant::First => Statement::trust("ec2.amazonaws.com").source_account(&account),
        Variant::Updated => Statement::trust("ec2.amazonaws.com").service("ssm.amazonaws.com").sid("Services"),
    };
    let trust = PolicyDocument::new([trust]).with(Statement::allow().account(account).action("sts:AssumeRole"));
    let role = Role::builder().inline_policy("assets", reads(variant.pick("assets", "archive")));
    let role = match variant {
        Variant::First => role.inline_policy("logs", reads("logs")),
        Variant::Updated => role.inline_policy("traces", reads("traces")),
    };
    global.add_with(
        "web",
        tagged(variant),
        role.assume_role_policy_document(trust)
            .managed_policy_arns(variant.pick(vec![SSM_CORE], vec![CLOUDWATCH_AGENT]))
            .description(variant.pick("Web servers", "Web servers, new"))
            .max_session_duration_seconds(variant.pick(3600, 7200))
            .path("/landfall/")
            .maybe_permissions_boundary(variant.pick(None, Some(boundary.get(ManagedPolicy::ARN))))
            .build(),
    );
}

fn server_role(topology: &Topology, name: &str) -> Handle<Role> {
    let trust = PolicyDocument::trust("ec2.amazonaws.com");
    topology.global().add(name, Role::builder().assume_role_policy_document(trust).build())
}

fn instance_profile(topology: &Topology, variant: Variant) {
    let (first, second) = (server_role(topology, "first"), server_role(topology, "second"));
    let profile = InstanceProfile::builder().role(variant.pick(first, second)).path("/landfall/").build();
    topology.global().add_with("web", tagged(variant), profile);
}

fn managed_policy(topology: &Topology, variant: Variant) {
    let policy = ManagedPolicy::builder()
        .policy_document(reads(variant.pick("assets", "archive")))
        .description("Reads assets")
        .path("/landfall/");
    topology.global().add_with("assets", tagged(variant), policy.build());
}

/// The policy that KMS gives a key of its own accord, and one more right.
fn key_policy(topology: &Topology, name: &str) -> PolicyDocument {
    let me = topology.global().lookup::<CallerIdentity>(name, CallerIdentity::SELF);
    PolicyDocument::new([
        Statement::allow().sid("Account").account(me.get(CallerIdentity::ACCOUNT_ID)).action("kms:*").resource("*"),
        Statement::allow()
            .sid("Logs")
            .service("logs.amazonaws.com")
            .actions(["kms:Encrypt*", "kms:Decrypt*", "kms:GenerateDataKey*"])
            .resource("*")
            .source_account(me.get(CallerIdentity::ACCOUNT_ID)),
    ])
}

fn key(topology: &Topology, variant: Variant) {
    let policy = key_policy(topology, "me");
    topology.region::<ApSouth1>().add_with(
        "data",
        tagged(variant),
        Key::builder()
            .description(variant.pick("Data", "All data"))
            .enable_key_rotation(variant.pick(false, true))
            .maybe_rotation_period_in_days(variant.pick(None, Some(180)))
            .maybe_policy(variant.pick(None, Some(policy)))
            .deletion_window_in_days(variant.pick(30, 7))
            .build(),
    );
}

fn replica_key(topology: &Topology, variant: Variant) {
    let primary = Key::builder().multi_region(true).rotation_period_in_days(180).build();
    let primary = topology.region::<ApSouth1>().add("data", primary);
    let policy = key_policy(topology, "me");
    topology.region::<EuWest2>().add_with(
        "data",
        tagged(variant),
        ReplicaKey::builder()
            .primary(primary)
            .description(variant.pick("Data", "All data"))
            .deletion_window_in_days(variant.pick(30, 7))
            .maybe_policy(variant.pick(None, Some(policy)))
            .build(),
    );
}

fn alias(topology: &Topology, variant: Variant) {
    let region = topology.region::<ApSouth1>();
    let old = region.add("old", Key::builder().enable_key_rotation(false).build());
    let new = region.add("new", Key::builder().enable_key_rotation(false).build());
    let name = "alias/landfall/data".parse().expect("a name");
    region.add("data", Alias::builder().alias_name(name).target_key(variant.pick(old, new)).build());
}

fn secret(topology: &Topology, variant: Variant) {
    let region = topology.region::<ApSouth1>();
    let key = region.add("secrets", Key::builder().build());
    let there = topology.region::<ApSouth2>().add("secrets", Key::builder().build());
    let secret = match variant {
        Variant::First => Secret::builder().replica::<ApSouth2>(),
        Variant::Updated => Secret::builder()
            .encrypted_replica::<ApSouth2>(there)
            .cross_border_replica::<UsEast1>("it opens nothing but the database"),
    };
    region.add_with(
        "database",
        tagged(variant),
        secret
            .generate_secret_string(GenerateSecretString::database("app").generation(variant.pick(1, 2)))
            .description(variant.pick("Database", "The database"))
            .maybe_kms_key(variant.pick(None, Some(key)))
            .recovery_window_in_days(variant.pick(30, 0))
            .build(),
    );
}

fn site_certificate() -> Certificate<UsEast1> {
    let name = |text: &str| text.parse::<DomainName>().expect("a name");
    Certificate::builder()
        .domain_name(name("example.com"))
        .subject_alternative_names([name("www.example.com"), name("*.example.com")])
        .build()
}

fn certificate(topology: &Topology, variant: Variant) {
    topology.region::<UsEast1>().add_with("site", tagged(variant), site_certificate());
}

fn issued_certificate(topology: &Topology, _variant: Variant) {
    let region = topology.region::<UsEast1>();
    let certificate = region.add("site", site_certificate());
    region.add("site", IssuedCertificate::of(certificate));
}

fn caller_identity(topology: &Topology, _variant: Variant) {
    topology.global().lookup::<CallerIdentity>("me", CallerIdentity::SELF);
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_security::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    on_the_wire(&[landfall_security::aws::register], CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    in_the_sandbox(&landfall_security::kinds(), CASES);
}
