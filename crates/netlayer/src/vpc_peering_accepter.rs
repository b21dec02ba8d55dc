//! VPC peering, accepted: the consent of the other side, after which routes may use the connection.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, DistinctFrom, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::vpc_peering_connection::VpcPeeringConnection;

/// Desired settings of the acceptance, in `P`, of a request that comes from `R`.
///
/// AWS knows no way back from accepted to requested: deleting the resource removes its tags from this end of the
/// connection, which itself ends with its request.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AcceptVpcPeeringConnection.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct VpcPeeringAccepter<P: DistinctFrom<R>, R: Region> {
    /// Request to accept, made in another region. A change replaces the acceptance.
    #[builder(into)]
    pub peering_connection: Ref<VpcPeeringConnection<R, P>>,
}

/// What AWS reports of an accepted VPC peering connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcPeeringAccepterAttributes {
    /// Id of the connection: `pcx-…`.
    pub id: String,
}

impl<P: DistinctFrom<R>, R: Region> Resource for VpcPeeringAccepter<P, R> {
    type At = P;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("peering_connection").reach(Reach::OtherRegion)],
    attributes: &[Reported::stable("id", "{field.peering_connection}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["peering_connection"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["ec2:DescribeVpcPeeringConnections", "ec2:AcceptVpcPeeringConnection", "ec2:CreateTags"],
        read: &["ec2:DescribeVpcPeeringConnections"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DescribeVpcPeeringConnections", "ec2:DeleteTags"],
    },
    timing: "aws_vpc_peering_connection_accepter",
    ..Kind::of::<VpcPeeringAccepter<AnyRegion, AnyRegion>>("ec2.vpc_peering_accepter")
};

/// An accepted peering connection, as seen from its end in `R`: what routes and DNS settings of either side take.
///
/// ```compile_fail,E0277
/// # use landfall_core::{Handle, London, Mumbai};
/// # use landfall_netlayer::{AcceptedPeering, VpcPeeringConnection};
/// fn too_early(request: Handle<VpcPeeringConnection<Mumbai, London>>) -> AcceptedPeering<Mumbai> {
///     AcceptedPeering::of_requester(request) // nobody accepted it
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "", transparent)]
pub struct AcceptedPeering<R: Region> {
    accepter: Ref<VpcPeeringAccepter<AnyRegion, AnyRegion>>,
    #[serde(skip)]
    end: PhantomData<R>,
}

impl<R: Region> AcceptedPeering<R> {
    /// From the side that accepted, where the acceptance itself lives.
    pub fn of_accepter<Q: Region>(accepter: impl Into<Ref<VpcPeeringAccepter<R, Q>>>) -> Self
    where
        R: DistinctFrom<Q>,
    {
        Self { accepter: accepter.into().cast(), end: PhantomData }
    }

    /// From the side that asked, in another region than the acceptance.
    pub fn of_requester<P: DistinctFrom<R>>(accepter: impl Into<Ref<VpcPeeringAccepter<P, R>>>) -> Self {
        Self { accepter: accepter.into().cast(), end: PhantomData }
    }

    /// Something that exists already, by its id `pcx-…`.
    pub fn existing(id: impl Into<String>) -> Self {
        Self { accepter: Ref::existing(id), end: PhantomData }
    }

    /// The connection's id, as a provider reads it.
    #[cfg(feature = "aws")]
    pub(crate) fn id(&self) -> &str {
        self.accepter.id()
    }
}
