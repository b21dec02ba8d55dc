//! Amazon VPC internet gateway: the door between a VPC and the internet.

use landfall_core::{
    AnyRegion, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::vpc::Vpc;

/// Desired settings of an internet gateway, attached to its VPC.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateInternetGateway.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct InternetGateway<R: Region> {
    /// VPC that the gateway is attached to; AWS allows one gateway each. A change replaces the gateway.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
}

/// What AWS reports of an internet gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGatewayAttributes {
    /// `igw-…`.
    pub id: String,
}

impl<R: Region> Resource for InternetGateway<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("vpc")],
    attributes: &[Reported::stable("id", "igw-{hex:17}")],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["vpc"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "ec2:CreateInternetGateway",
            "ec2:CreateTags",
            "ec2:AttachInternetGateway",
            "ec2:DescribeInternetGateways",
        ],
        read: &["ec2:DescribeInternetGateways"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"],
    },
    timing: "aws_internet_gateway",
    ..Kind::of::<InternetGateway<AnyRegion>>("ec2.internet_gateway")
};
