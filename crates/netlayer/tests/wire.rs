//! What the lifecycle does not show: IPv6, late lists, pages, and addresses that are not free yet.

#![cfg(feature = "aws")]

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_ec2::{Client, types::Filter};
use landfall_aws::tap::{Effect, Rule};
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    Address, Context, Environment, Fault, FaultKind, Locator, Mumbai, Pace, Provider, Providers, Ref, Scope, Tags,
    Topology, provider::Desired, state::Token,
};
use landfall_netlayer::{DefaultSecurityGroup, ElasticIp, SecurityGroup, Vpc};

/// Time passes at once.
struct AtOnce;

#[async_trait]
impl Pace for AtOnce {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

/// The only declaration of a topology, with its provider.
struct Subject {
    provider: Arc<dyn Provider>,
    cx: Context,
    want: Desired,
}

fn subject(providers: &Providers, token: u8, declare: impl FnOnce(&Scope<'_, Mumbai>)) -> Subject {
    let topology = Topology::new("wire", Environment::new("test"));
    declare(&topology.region::<Mumbai>());
    let lowered = topology.lower().expect("free of problems");
    let declaration = &lowered.declarations[0];
    let known = declaration.fields.iter().map(|(name, field)| (name.clone(), field.known().expect("known")));
    let address: Address = declaration.address.clone();
    Subject {
        provider: Arc::clone(providers.provider(declaration.kind.name).expect("registered")),
        cx: Context {
            topology: "wire".to_owned(),
            environment: "test".to_owned(),
            place: address.place(),
            address,
            token: Token::from_random([token; 16]),
            tags: Tags::new(),
            timeout: Duration::from_hours(1),
            pace: Arc::new(AtOnce),
        },
        want: Desired { fields: known.collect(), references: Vec::new() },
    }
}

impl Subject {
    async fn create(&self) -> String {
        let made = self.provider.reconcile(&self.cx, &self.want, None).await.expect("created");
        made["id"].as_str().expect("an id").to_owned()
    }

    async fn delete(&self, id: &str) -> Result<(), Fault> {
        let have = self.provider.observe(&self.cx, Locator::Id(id)).await.expect("read").expect("there");
        self.provider.delete(&self.cx, &have).await
    }
}

async fn vpc_with_ipv6(client: &Client) -> String {
    let request = client.create_vpc().cidr_block("10.10.0.0/16").amazon_provided_ipv6_cidr_block(true);
    let vpc = request.send().await.expect("created").vpc.expect("a VPC");
    vpc.vpc_id.expect("an id")
}

async fn rules(client: &Client, group: &str) -> usize {
    let filter = Filter::builder().name("group-id").values(group).build();
    let reply = client.describe_security_group_rules().filters(filter).send().await.expect("read");
    reply.security_group_rules().len()
}

#[test]
fn a_group_of_a_vpc_with_ipv6_lets_nothing_out_either() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_netlayer::aws::register]);
        let client = Client::new(&cloud.aws.config("ap-south-1"));
        let vpc = vpc_with_ipv6(&client).await;
        let group = subject(&providers, 1, |scope| {
            let group = SecurityGroup::builder().vpc(Ref::existing(&vpc)).description("Web servers");
            scope.add("web", group.build());
        });
        let id = group.create().await;
        assert_eq!(rules(&client, &id).await, 0);
        let revoked = cloud.tap.changes();
        for range in ["0.0.0.0%2F0", "%3A%3A%2F0"] {
            assert!(revoked.iter().any(|call| call.body.contains(range)), "{range}: {revoked:?}");
        }
        group.delete(&id).await.expect("deleted");
        client.delete_vpc().vpc_id(&vpc).send().await.expect("deleted");
    });
}

#[test]
fn a_default_group_is_closed_though_its_rules_show_late() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_netlayer::aws::register]);
        let client = Client::new(&cloud.aws.config("ap-south-1"));
        let vpc = vpc_with_ipv6(&client).await;
        let none = "<DescribeSecurityGroupRulesResponse><securityGroupRuleSet/></DescribeSecurityGroupRulesResponse>";
        let none = Effect::Answer { status: 200, content_type: "text/xml".to_owned(), body: none.to_owned() };
        cloud.tap.add(Rule::new(none).operation("DescribeSecurityGroupRules").times(2));
        let group = subject(&providers, 2, |scope| {
            scope.add("main", DefaultSecurityGroup::closed(Ref::existing(&vpc)));
        });
        let id = group.create().await;
        cloud.tap.clear_rules();
        assert_eq!(rules(&client, &id).await, 0);
        group.delete(&id).await.expect("given back");
        client.delete_vpc().vpc_id(&vpc).send().await.expect("deleted");
    });
}

#[test]
fn a_search_goes_on_behind_an_empty_page() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_netlayer::aws::register]);
        let vpc = subject(&providers, 3, |scope| {
            scope.add("main", Vpc::builder().cidr_block("10.11.0.0/16".parse().expect("a range")).build());
        });
        let id = vpc.create().await;
        let page = "<DescribeVpcsResponse><vpcSet/><nextToken>more</nextToken></DescribeVpcsResponse>";
        let page = Effect::Answer { status: 200, content_type: "text/xml".to_owned(), body: page.to_owned() };
        cloud.tap.add(Rule::new(page).operation("DescribeVpcs").times(1));
        let found = vpc.provider.observe(&vpc.cx, Locator::Token(&vpc.want)).await.expect("read").expect("found");
        assert_eq!(found.id(), id);
        vpc.delete(&id).await.expect("deleted");
    });
}

#[test]
fn an_address_that_a_deleted_gateway_still_holds_is_released_later() {
    block_on(async {
        let cloud = Cloud::on(Wire::Moto).await;
        let providers = cloud.providers(&[landfall_netlayer::aws::register]);
        let address = subject(&providers, 4, |scope| {
            scope.add("nat", ElasticIp::new());
        });
        let id = address.create().await;
        let held = Effect::Error {
            status: 400,
            code: "AuthFailure".to_owned(),
            message: "You do not have permission to access the specified resource.".to_owned(),
        };
        cloud.tap.add(Rule::new(held).operation("ReleaseAddress").times(1));
        let fault = address.delete(&id).await.expect_err("it is held");
        assert_eq!(fault.kind, FaultKind::Blocked, "{fault}");
        address.delete(&id).await.expect("released");
    });
}
