//! ElastiCache subnet group: the subnets in which a region's cache nodes may live.

use landfall_core::{
    AnyRegion, Attribute, Kind, Ref, Region, Resource,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::Subnet;
use serde::{Deserialize, Serialize};

use crate::wiring;

/// Desired settings of a subnet group for caches; its name is derived.
///
/// API: <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateCacheSubnetGroup.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct CacheSubnetGroup<R: Region> {
    /// Subnets of one VPC in at least two availability zones; data subnets, without a way out. A change updates the
    /// group.
    #[builder(with = |subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>| subnets.into_iter().map(Into::into).collect())]
    pub subnets: Vec<Ref<Subnet<R>>>,
}

/// What AWS reports of a subnet group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheSubnetGroupAttributes {
    /// Its name.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// VPC of its subnets.
    pub vpc_id: String,
}

impl<R: Region> CacheSubnetGroup<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// VPC of its subnets.
    pub const VPC_ID: Attribute<Self> = Attribute::new("vpc_id");
}

impl<R: Region> Resource for CacheSubnetGroup<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("subnets").set()],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:elasticache:{region}:{account}:subnetgroup:{attribute.id}"),
        Reported::stable("vpc_id", "vpc-{hex:17}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["elasticache:CreateCacheSubnetGroup", "elasticache:AddTagsToResource"],
        read: &["elasticache:DescribeCacheSubnetGroups", "elasticache:ListTagsForResource"],
        update: &[
            "elasticache:ModifyCacheSubnetGroup",
            "elasticache:AddTagsToResource",
            "elasticache:RemoveTagsFromResource",
        ],
        delete: &["elasticache:DeleteCacheSubnetGroup"],
    },
    timing: "aws_elasticache_subnet_group",
    check: wiring::zones_of_subnets,
    ..Kind::of::<CacheSubnetGroup<AnyRegion>>("elasticache.subnet_group")
};

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};
    use landfall_netlayer::Vpc;

    use super::*;

    #[test]
    fn one_zone_or_two_networks_are_not_enough() {
        let topology = Topology::new("twin", Environment::new("test"));
        let india = topology.region::<ApSouth1>();
        let vpc = |name: &str, range: &str| india.add(name, Vpc::builder().cidr_block(range.parse().unwrap()).build());
        let (one, other) = (vpc("one", "10.0.0.0/16"), vpc("other", "10.1.0.0/16"));
        let subnet = |name: &str, vpc, range: &str, zone: &str| {
            let subnet = Subnet::builder().vpc(vpc).cidr_block(range.parse().unwrap()).availability_zone(zone);
            india.add(name, subnet.build())
        };
        let (a, b) = (subnet("a", one, "10.0.0.0/20", "ap-south-1a"), subnet("b", one, "10.0.16.0/20", "ap-south-1b"));
        let (alike, foreign) =
            (subnet("c", one, "10.0.32.0/20", "ap-south-1a"), subnet("d", other, "10.1.0.0/20", "ap-south-1c"));
        india.add("good", CacheSubnetGroup::builder().subnets([a, b]).build());
        india.add("looked-up", CacheSubnetGroup::builder().subnets([Ref::existing("subnet-1")]).build());
        assert!(topology.lower().is_ok());
        india.add("zone", CacheSubnetGroup::builder().subnets([a, alike]).build());
        india.add("networks", CacheSubnetGroup::builder().subnets([a, foreign]).build());
        let problems: Vec<_> = topology.lower().expect_err("two groups").iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "ap-south-1/elasticache.subnet_group:networks: `subnets` are of several VPCs: ap-south-1/ec2.subnet:d \
                 is in another than ap-south-1/ec2.subnet:a",
                "ap-south-1/elasticache.subnet_group:zone: `subnets` are all in ap-south-1a: name subnets in two \
                 availability zones at least",
            ]
        );
    }
}
