//! A create whose answer was lost, repeated before AWS's reads show what it made, answers the same object again.
//!
//! The engine looks for such objects first, but not for long where the same name or key can't be made twice.

#![cfg(feature = "aws")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use ipnet::Ipv4Net;
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    Attributes, Context, Declaration, Environment, Fault, London, Mumbai, Pace, Providers, Tags, Topology,
    provider::Desired, state::Token,
};
use landfall_netlayer::{Network, Peering, SecurityGroup};

/// Time passes at once.
struct AtOnce;

#[async_trait]
impl Pace for AtOnce {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

const REPEATABLE: [&str; 6] = [
    "ec2.default_security_group",
    "ec2.route",
    "ec2.route_table_association",
    "ec2.security_group",
    "ec2.vpc_peering_accepter",
    "ec2.vpc_peering_dns_resolution",
];

#[test]
fn what_can_be_made_once_is_made_once() {
    let topology = Topology::new("repeated", Environment::new("test"));
    let (mumbai, london) = (topology.region::<Mumbai>(), topology.region::<London>());
    let range = |text: &str| text.parse::<Ipv4Net>().expect("a range");
    let here = Network::builder().cidr_block(range("10.10.0.0/16")).build().add_to(&mumbai.child("net"));
    let there = Network::builder().cidr_block(range("10.20.0.0/16")).build().add_to(&london.child("net"));
    Peering::between(&here, &there).add_to(&mumbai.child("peering"), &london.child("peering"));
    mumbai.add("web", SecurityGroup::builder().vpc(here.vpc).description("Web servers").build());
    let lowered = topology.lower().expect("free of problems");
    block_on(async {
        let providers = Cloud::on(Wire::Moto).await.providers(&[landfall_netlayer::aws::register]);
        let mut made = BTreeMap::new();
        for (position, declaration) in lowered.declarations.iter().enumerate() {
            let again = REPEATABLE.contains(&declaration.kind.name);
            let attributes = create(&providers, declaration, position, &made, again).await;
            made.insert(declaration.address.clone(), attributes);
        }
    });
}

/// Creates an object, and where `again` says so a second time under the same token.
async fn create(
    providers: &Providers,
    declaration: &Declaration,
    position: usize,
    made: &BTreeMap<landfall_core::Address, Attributes>,
    again: bool,
) -> Attributes {
    let resolve = |expr: &landfall_core::expr::Expr| {
        expr.resolve(&|address, attribute| made.get(address)?.get(attribute).cloned()).known().expect("resolved")
    };
    let fields = declaration.fields.iter().map(|(name, expr)| (name.clone(), resolve(expr))).collect();
    let want = Desired { fields, references: Vec::new() };
    let mut token = [7; 16];
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
    let provider = providers.provider(declaration.kind.name).expect("a provider");
    let failed = |fault: Fault| panic!("{}: {fault}", declaration.address);
    let first = provider.reconcile(&cx, &want, None).await.unwrap_or_else(failed);
    if again {
        let second = provider.reconcile(&cx, &want, None).await.unwrap_or_else(failed);
        assert_eq!(second, first, "{}", declaration.address);
    }
    first
}
