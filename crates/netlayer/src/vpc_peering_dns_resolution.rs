//! DNS across a VPC peering connection: names of one side resolve to private addresses on the other.

use landfall_core::{
    AnyRegion, Kind, Region, Resource,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{vpc_peering_accepter::AcceptedPeering, wiring};

/// DNS resolution for one end of an accepted peering connection.
///
/// While it exists, the public names of instances on this side resolve to their private addresses when they are
/// asked for from the other side. Each side has its own. Both VPCs need DNS support and DNS host names.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcPeeringConnectionOptions.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct VpcPeeringDnsResolution<R: Region> {
    /// Connection, as seen from this side. A change replaces the setting.
    pub peering: AcceptedPeering<R>,
}

/// What AWS reports of DNS resolution across a peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcPeeringDnsResolutionAttributes {
    /// The connection's id, as a key: `pcx-…|dns`.
    pub id: String,
}

impl<R: Region> VpcPeeringDnsResolution<R> {
    /// For this end of a connection.
    pub fn new(peering: AcceptedPeering<R>) -> Self {
        Self { peering }
    }
}

impl<R: Region> Resource for VpcPeeringDnsResolution<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("peering").reach(Reach::Anywhere)],
    attributes: &[Reported::stable("id", "{field.peering}|dns")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["peering"], within: Within::Place }],
    actions: Actions {
        create: &["ec2:DescribeVpcPeeringConnections", "ec2:ModifyVpcPeeringConnectionOptions"],
        read: &["ec2:DescribeVpcPeeringConnections"],
        update: &[],
        delete: &["ec2:DescribeVpcPeeringConnections", "ec2:ModifyVpcPeeringConnectionOptions"],
    },
    check: |site: &Site<'_>| {
        let accepter = site.target("peering");
        accepter.and_then(|accepter| wiring::foreign_peering(site, "peering", accepter)).into_iter().collect()
    },
    ..Kind::of::<VpcPeeringDnsResolution<AnyRegion>>("ec2.vpc_peering_dns_resolution")
};

/// The key of the setting.
#[cfg(feature = "aws")]
pub(crate) fn key(peering: &str) -> String {
    format!("{peering}|dns")
}

/// The connection that a key names.
#[cfg(feature = "aws")]
pub(crate) fn peering_of(key: &str) -> &str {
    key.strip_suffix("|dns").unwrap_or(key)
}
