//! Elastic IP address: a public IPv4 address that stays the account's until it is released.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, Attribute, Kind, Region, Resource,
    kind::{Actions, Identity, Reported},
};
use serde::{Deserialize, Serialize};

/// Desired settings of an Elastic IP address: there are none besides its tags.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AllocateAddress.html>
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ElasticIp<R: Region> {
    #[serde(skip)]
    region: PhantomData<R>,
}

/// What AWS reports of an Elastic IP address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ElasticIpAttributes {
    /// Id of the allocation: `eipalloc-…`.
    pub id: String,
    /// The address: `13.233.177.1`.
    pub public_ip: String,
}

impl<R: Region> ElasticIp<R> {
    /// The address: `13.233.177.1`.
    pub const PUBLIC_IP: Attribute<Self> = Attribute::new("public_ip");

    /// An address from Amazon's pool, for use in VPCs.
    pub fn new() -> Self {
        Self { region: PhantomData }
    }
}

impl<R: Region> Resource for ElasticIp<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    attributes: &[
        Reported::stable("id", "eipalloc-{hex:17}"),
        Reported::stable("public_ip", "13.2{digits:1}.1{digits:2}.1{digits:2}"),
    ],
    identity: Identity::TagOnCreate,
    taggable: true,
    actions: Actions {
        create: &["ec2:AllocateAddress", "ec2:CreateTags", "ec2:DescribeAddresses"],
        read: &["ec2:DescribeAddresses"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:ReleaseAddress"],
    },
    timing: "aws_eip",
    ..Kind::of::<ElasticIp<AnyRegion>>("ec2.elastic_ip")
};
