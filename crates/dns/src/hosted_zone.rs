//! Amazon Route 53 hosted zone: the records of a domain, served to the world.

use landfall_core::{
    Attribute, Global, Handle, Input, Kind, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::DomainName;
use serde::{Deserialize, Serialize};

/// Desired settings of a public hosted zone.
///
/// A zone that exists already is looked up by its id: `global.lookup::<HostedZone>("site", "Z…")`.
///
/// API: <https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct HostedZone {
    /// Domain whose records it holds. A change replaces the zone, which gets other name servers.
    pub name: DomainName,
    /// What it is for, at most 256 characters; default empty. A change updates the zone.
    #[builder(default, into)]
    pub comment: String,
}

/// What AWS reports of a hosted zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedZoneAttributes {
    /// `Z…`.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// First of the four name servers that the domain is delegated to.
    pub name_server_1: String,
    /// Second name server.
    pub name_server_2: String,
    /// Third name server.
    pub name_server_3: String,
    /// Fourth name server.
    pub name_server_4: String,
}

impl HostedZone {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");

    const NAME_SERVERS: [Attribute<Self>; 4] = [
        Attribute::new("name_server_1"),
        Attribute::new("name_server_2"),
        Attribute::new("name_server_3"),
        Attribute::new("name_server_4"),
    ];

    /// The four name servers to which the parent domain delegates: what the registrar wants, or the values of an
    /// `NS` record in a zone above.
    pub fn name_servers(zone: Handle<Self>) -> [Input<String>; 4] {
        Self::NAME_SERVERS.map(|name_server| zone.get(name_server))
    }
}

impl Resource for HostedZone {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("name"), Field::updates("comment")],
    attributes: &[
        Reported::stable("id", "Z{upper:20}"),
        Reported::stable("arn", "arn:aws:route53:::hostedzone/{attribute.id}"),
        Reported::stable("name_server_1", "ns-{digits:3}.awsdns-{digits:2}.org"),
        Reported::stable("name_server_2", "ns-{digits:3}.awsdns-{digits:2}.co.uk"),
        Reported::stable("name_server_3", "ns-{digits:3}.awsdns-{digits:2}.com"),
        Reported::stable("name_server_4", "ns-{digits:3}.awsdns-{digits:2}.net"),
    ],
    identity: Identity::CallerReference,
    exclusive: &[Exclusive { fields: &["name"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "route53:CreateHostedZone",
            "route53:GetChange",
            "route53:ChangeTagsForResource",
            "route53:ListHostedZones",
            "route53:GetHostedZone",
            "route53:ListTagsForResource",
        ],
        read: &["route53:GetHostedZone", "route53:ListTagsForResource"],
        update: &["route53:UpdateHostedZoneComment", "route53:ChangeTagsForResource"],
        delete: &["route53:DeleteHostedZone", "route53:GetChange"],
    },
    timing: "aws_route53_zone",
    check: |site| crate::tags::too_many(site).into_iter().collect(),
    ..Kind::of::<HostedZone>("route53.hosted_zone")
};
