//! A create whose answer was lost, repeated before AWS's reads show what it made, answers the same object again.

#![cfg(feature = "aws")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    Address, ApSouth1, Attributes, Context, Environment, EuWest2, Fault, Pace, Tags, Topology, provider::Desired,
    state::Token,
};
use landfall_security::{
    Alias, InstanceProfile, Key, ManagedPolicy, PolicyDocument, ReplicaKey, Role, Secret, Statement,
};

/// Time passes at once.
struct AtOnce;

#[async_trait]
impl Pace for AtOnce {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

/// Kinds of which AWS makes no second object under the same name or id.
const REPEATABLE: [&str; 5] = ["iam.role", "iam.instance_profile", "iam.policy", "kms.alias", "kms.replica_key"];

#[test]
fn what_can_be_made_once_is_made_once() {
    let topology = Topology::new("repeated", Environment::new("test"));
    let (global, india, london) = (topology.global(), topology.region::<ApSouth1>(), topology.region::<EuWest2>());
    let read = || PolicyDocument::new([Statement::allow().action("s3:GetObject").resource("arn:aws:s3:::a/*")]);
    let policy = global.add("web", ManagedPolicy::builder().policy_document(read()).build());
    let role = Role::builder()
        .inline_policy("read", read())
        .assume_role_policy_document(PolicyDocument::trust("ec2.amazonaws.com"))
        .managed_policy_arns([policy.get(ManagedPolicy::ARN)]);
    let role = global.add("web", role.build());
    global.add("web", InstanceProfile::builder().role(role).build());
    let key = india.add("data", Key::builder().multi_region(true).build());
    let name = "alias/repeated".parse().expect("a name");
    india.add("data", Alias::builder().alias_name(name).target_key(key).build());
    london.add("data", ReplicaKey::builder().primary(key).build());
    india.add("db", Secret::builder().build());
    let lowered = topology.lower().expect("free of problems");
    block_on(async {
        let providers = Cloud::on(Wire::Moto).await.providers(&[landfall_security::aws::register]);
        let mut made: BTreeMap<Address, Attributes> = BTreeMap::new();
        for (position, declaration) in lowered.declarations.iter().enumerate() {
            let lookup = |address: &Address, attribute: &str| made.get(address)?.get(attribute).cloned();
            let resolve = |expr: &landfall_core::expr::Expr| expr.resolve(&lookup).known().expect("resolved");
            let fields = declaration.fields.iter().map(|(name, expr)| (name.clone(), resolve(expr))).collect();
            let want = Desired { fields, references: Vec::new() };
            let mut token = [5; 16];
            token[..8].copy_from_slice(&(position as u64).to_be_bytes());
            let cx = Context {
                topology: "repeated".into(),
                environment: "test".into(),
                address: declaration.address.clone(),
                place: declaration.place,
                token: Token::from_random(token),
                tags: Tags::new(),
                timeout: Duration::from_mins(5),
                pace: Arc::new(AtOnce),
            };
            let kind = declaration.kind.name;
            let provider = providers.provider(kind).expect("a provider");
            let failed = |fault: Fault| panic!("{}: {fault}", declaration.address);
            let first = provider.reconcile(&cx, &want, None).await.unwrap_or_else(failed);
            if REPEATABLE.contains(&kind) {
                let second = provider.reconcile(&cx, &want, None).await.unwrap_or_else(failed);
                assert_eq!(second, first, "{}", declaration.address);
            }
            made.insert(declaration.address.clone(), first);
        }
    });
}
