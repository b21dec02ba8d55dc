//! Gateway endpoint: the private way from a VPC to S3 or DynamoDB, through its route tables.

use landfall_core::{
    AnyRegion, Input, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::{policy, route_table::RouteTable, vpc::Vpc, wiring};

/// Desired settings of a gateway endpoint.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcEndpoint.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct VpcEndpoint<R: Region> {
    /// VPC that reaches the service. A change replaces the endpoint.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
    /// Service of the region that the endpoint leads to. A change replaces the endpoint.
    pub service: GatewayService,
    /// Tables whose subnets take this way; AWS writes the route into each. A change updates the endpoint.
    #[builder(with = |tables: impl IntoIterator<Item = impl Into<Ref<RouteTable<R>>>>| tables.into_iter().map(Into::into).collect())]
    pub route_tables: Vec<Ref<RouteTable<R>>>,
    /// What may be done through the endpoint, as a policy document; AWS's default is everything. A change updates
    /// the endpoint.
    #[builder(with = |document: impl Into<Input<String>>| policy::declared(document.into()))]
    pub policy: Option<Input<String>>,
}

/// A service that has gateway endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GatewayService {
    /// Amazon S3.
    S3,
    /// Amazon DynamoDB.
    DynamoDb,
}

impl GatewayService {
    /// Both.
    pub const ALL: [Self; 2] = [Self::S3, Self::DynamoDb];

    /// Its part of the service's name: `com.amazonaws.ap-south-1.s3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::DynamoDb => "dynamodb",
        }
    }
}

/// What AWS reports of a gateway endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpointAttributes {
    /// `vpce-…`.
    pub id: String,
}

impl<R: Region> Resource for VpcEndpoint<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("vpc"),
        Field::replaces("service"),
        Field::updates("route_tables").set(),
        Field::updates("policy"),
    ],
    attributes: &[Reported::stable("id", "vpce-{hex:17}")],
    identity: Identity::ClientToken,
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateVpcEndpoint", "ec2:CreateTags", "ec2:DescribeVpcEndpoints"],
        read: &["ec2:DescribeVpcEndpoints"],
        update: &["ec2:ModifyVpcEndpoint", "ec2:DescribeVpcEndpoints", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteVpcEndpoints", "ec2:DescribeVpcEndpoints"],
    },
    timing: "aws_vpc_endpoint:gateway",
    check,
    ..Kind::of::<VpcEndpoint<AnyRegion>>("ec2.vpc_endpoint")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(document) = site.known("policy").as_ref().and_then(serde_json::Value::as_str) {
        problems.extend(policy::problem("policy", document));
    }
    let tables = site.targets("route_tables");
    for table in &tables {
        problems.extend(wiring::one_vpc(site, site.own, table, "a gateway endpoint serves tables of its own VPC"));
    }
    for other in site.earlier_siblings().filter(|other| other.fields.get("service") == site.own.fields.get("service")) {
        let mut theirs = Vec::new();
        if let Some(field) = other.fields.get("route_tables") {
            field.references(&mut |address, _| theirs.push(address));
        }
        if let Some(shared) = tables.iter().find(|table| theirs.contains(&&table.address)) {
            problems.push(format!(
                "{} leads to the same service from {} already; AWS allows one endpoint per service and table",
                other.address, shared.address
            ));
        }
    }
    problems
}
