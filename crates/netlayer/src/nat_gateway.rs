//! NAT gateway: how instances without public addresses reach out.

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource, Value,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{elastic_ip::ElasticIp, subnet::Subnet, wiring};

/// Desired settings of a NAT gateway.
///
/// A public one works only once an internet gateway is attached to its VPC, so it is declared with
/// [`Options::after`](landfall_core::Options::after) that gateway. Built by [`public`](Self::public) or
/// [`private`](Self::private).
///
/// ```compile_fail,E0277
/// # use landfall_core::{Handle, Mumbai};
/// # use landfall_netlayer::{NatGateway, Subnet};
/// fn nameless(subnet: Handle<Subnet<Mumbai>>) -> NatGateway<Mumbai> {
///     NatGateway::public().subnet(subnet).build() // a public gateway has an address
/// }
/// ```
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNatGateway.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct NatGateway<R: Region> {
    /// Subnet in which the gateway has its interface. A change replaces the gateway.
    pub subnet: Ref<Subnet<R>>,
    /// Address that the world sees, which no other gateway has at the same time; `None` for a gateway to other VPCs
    /// and networks on premises. A change replaces the gateway.
    pub elastic_ip: Option<Ref<ElasticIp<R>>>,
}

/// What AWS reports of a NAT gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGatewayAttributes {
    /// `nat-…`.
    pub id: String,
    /// Its public address, where it has one.
    pub public_ip: Option<String>,
    /// Its address in the subnet.
    pub private_ip: Option<String>,
}

#[bon::bon]
impl<R: Region> NatGateway<R> {
    /// Its public address; for public gateways.
    pub const PUBLIC_IP: Attribute<Self> = Attribute::new("public_ip");
    /// Its address in the subnet.
    pub const PRIVATE_IP: Attribute<Self> = Attribute::new("private_ip");

    /// A gateway to the internet, in a public subnet.
    #[builder(finish_fn = build)]
    pub fn public(
        /// Public subnet in which the gateway has its interface. A change replaces the gateway.
        #[builder(into)]
        subnet: Ref<Subnet<R>>,
        /// Address that the world sees. A change replaces the gateway.
        #[builder(into)]
        elastic_ip: Ref<ElasticIp<R>>,
    ) -> Self {
        Self { subnet, elastic_ip: Some(elastic_ip) }
    }

    /// A gateway to other VPCs and networks on premises.
    #[builder(finish_fn = build)]
    pub fn private(
        /// Subnet in which the gateway has its interface. A change replaces the gateway.
        #[builder(into)]
        subnet: Ref<Subnet<R>>,
    ) -> Self {
        Self { subnet, elastic_ip: None }
    }
}

impl<R: Region> Resource for NatGateway<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("subnet"), Field::replaces("elastic_ip")],
    attributes: &[
        Reported::stable("id", "nat-{hex:17}"),
        Reported::stable("public_ip", "3.1{digits:1}.1{digits:2}.1{digits:2}"),
        Reported::stable("private_ip", "10.1{digits:1}.1{digits:2}.1{digits:2}"),
    ],
    identity: Identity::ClientToken,
    exclusive: &[Exclusive { fields: &["elastic_ip"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateNatGateway", "ec2:CreateTags", "ec2:DescribeNatGateways"],
        read: &["ec2:DescribeNatGateways"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteNatGateway", "ec2:DescribeNatGateways"],
    },
    timing: "aws_nat_gateway",
    check,
    ..Kind::of::<NatGateway<AnyRegion>>("ec2.nat_gateway")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let is_public = site.own.fields.get("elastic_ip").is_some_and(|address| address.known() != Some(Value::Null));
    let in_new_vpc = site.target("subnet").is_some_and(|subnet| wiring::vpc_of(site, subnet).is_some());
    if is_public && in_new_vpc && !wiring::waits_for(site, "ec2.internet_gateway") {
        return vec![
            "a public NAT gateway fails unless an internet gateway is attached to its VPC before; \
             declare it with `Options::new().after(internet_gateway)`"
                .to_owned(),
        ];
    }
    Vec::new()
}
