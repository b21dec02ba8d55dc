//! AWS WAF association: puts a web ACL in front of a load balancer.

use landfall_compute::LoadBalancer;
use landfall_core::{
    AnyRegion, ArnRef, Kind, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use serde::{Deserialize, Serialize};

use crate::web_acl::WebAcl;

/// Desired settings of an association. A load balancer has at most one web ACL.
///
/// API: <https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct WebAclAssociation<R: Region> {
    /// What is protected. A change replaces the association.
    #[builder(into)]
    pub resource: ArnRef<LoadBalancer<R>>,
    /// What protects it. A change updates the association without a gap.
    #[builder(into)]
    pub web_acl: ArnRef<WebAcl<R>>,
}

/// What AWS reports of an association.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebAclAssociationAttributes {
    /// ARN of what is protected.
    pub id: String,
}

impl<R: Region> Resource for WebAclAssociation<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("resource"), Field::updates("web_acl")],
    attributes: &[Reported::stable("id", "{field.resource}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["resource"], within: Within::Place }],
    actions: Actions {
        create: &[
            "wafv2:GetWebACLForResource",
            "wafv2:GetWebACL",
            "wafv2:AssociateWebACL",
            "elasticloadbalancing:SetWebACL",
        ],
        read: &["wafv2:GetWebACLForResource", "wafv2:GetWebACL"],
        update: &["wafv2:AssociateWebACL", "elasticloadbalancing:SetWebACL"],
        delete: &["wafv2:DisassociateWebACL", "elasticloadbalancing:SetWebACL"],
    },
    ..Kind::of::<WebAclAssociation<AnyRegion>>("wafv2.web_acl_association")
};
