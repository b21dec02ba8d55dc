//! VPC peering connection: the request of one VPC to reach another in another region.

use landfall_core::{
    AnyRegion, ArnRef, DistinctFrom, Kind, Ref, Region, Resource,
    check::Site,
    expr::Expr,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::{vpc::Vpc, wiring};

/// Desired settings of the request of a VPC in `R` to peer with a VPC in `P`.
///
/// It carries nothing until the other side accepts it: routes take the accepted connection, see
/// [`VpcPeeringAccepter`](crate::VpcPeeringAccepter).
///
/// ```compile_fail,E0277
/// # use landfall_core::{Environment, Mumbai, Topology};
/// # use landfall_netlayer::{Vpc, VpcPeeringConnection};
/// # let topology = Topology::new("twin", Environment::new("prod"));
/// let india = topology.region::<Mumbai>();
/// let one = india.add("one", Vpc::builder().cidr_block("10.10.0.0/16".parse().unwrap()).build());
/// let other = india.add("other", Vpc::builder().cidr_block("10.20.0.0/16".parse().unwrap()).build());
/// india.add("link", VpcPeeringConnection::builder().vpc(one).peer_vpc(other).build()); // two regions are needed
/// ```
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcPeeringConnection.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct VpcPeeringConnection<R: Region, P: DistinctFrom<R>> {
    /// VPC that asks, in the resource's own region. A change replaces the connection.
    #[builder(into)]
    pub vpc: Ref<Vpc<R>>,
    /// VPC that is asked, in another region and with other addresses; it is named by its ARN, which says region and
    /// account. A change replaces the connection.
    #[builder(into)]
    pub peer_vpc: ArnRef<Vpc<P>>,
}

/// What AWS reports of a VPC peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcPeeringConnectionAttributes {
    /// `pcx-…`.
    pub id: String,
}

impl<R: Region, P: DistinctFrom<R>> Resource for VpcPeeringConnection<R, P> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("vpc"), Field::replaces("peer_vpc").reach(Reach::OtherRegion)],
    attributes: &[Reported::stable("id", "pcx-{hex:17}")],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["vpc", "peer_vpc"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateVpcPeeringConnection", "ec2:CreateTags", "ec2:DescribeVpcPeeringConnections"],
        read: &["ec2:DescribeVpcPeeringConnections"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteVpcPeeringConnection", "ec2:DescribeVpcPeeringConnections"],
    },
    timing: "aws_vpc_peering_connection",
    check,
    ..Kind::of::<VpcPeeringConnection<AnyRegion, AnyRegion>>("ec2.vpc_peering_connection")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(arn) = site.own.fields.get("peer_vpc").and_then(Expr::known)
        && let Some(arn) = arn.as_str()
    {
        match VpcArn::parse(arn) {
            None => problems.push(format!(
                "`peer_vpc` {arn:?} is no ARN of a VPC; write `arn:aws:ec2:eu-west-2:123456789012:vpc/vpc-…`"
            )),
            Some(peer) if peer.region == site.own.place.as_str() => {
                problems.push(format!("`peer_vpc` is in {}, as `vpc` is; peer with another region", peer.region));
            }
            Some(_) => {}
        }
    }
    if let (Some(vpc), Some(peer)) = (site.target("vpc"), site.target("peer_vpc"))
        && let (Some(own), Some(theirs)) = (wiring::range(vpc, "cidr_block"), wiring::range(peer, "cidr_block"))
        && wiring::overlap(own, theirs)
    {
        problems.push(format!(
            "{own}, the range of {}, overlaps {theirs}, the range of {}; peered networks need addresses of their own",
            vpc.address, peer.address
        ));
    }
    problems
}

/// The parts of a VPC's ARN.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VpcArn<'a> {
    pub(crate) region: &'a str,
    pub(crate) account: &'a str,
    pub(crate) id: &'a str,
}

impl<'a> VpcArn<'a> {
    pub(crate) fn parse(arn: &'a str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let ["arn", _partition, "ec2", region, account, resource] = parts[..] else { return None };
        Some(Self { region, account, id: resource.strip_prefix("vpc/")? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_region_account_and_id() {
        let arn = VpcArn::parse("arn:aws:ec2:eu-west-2:123456789012:vpc/vpc-1").unwrap();
        assert_eq!(arn, VpcArn { region: "eu-west-2", account: "123456789012", id: "vpc-1" });
        for text in ["vpc-1", "arn:aws:ec2:eu-west-2:123456789012:subnet/subnet-1", "arn:aws:s3:::vpc"] {
            assert_eq!(VpcArn::parse(text), None, "{text}");
        }
    }
}
