//! Listener certificate: one more certificate of an HTTPS listener, chosen by the name that a client asks for.

use landfall_core::{
    AnyRegion, ArnRef, Kind, Ref, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::IssuedCertificate;
use serde::{Deserialize, Serialize};

use crate::listener::Listener;

/// Desired settings of one more certificate of an HTTPS listener, at most 25 per load balancer.
///
/// API: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct ListenerCertificate<R: Region> {
    /// The listener. A change replaces the attachment.
    #[builder(into)]
    pub listener: Ref<Listener<R>>,
    /// The certificate, of the same region. A change replaces the attachment.
    #[builder(into)]
    pub certificate: ArnRef<IssuedCertificate<R>>,
}

/// What names the attachment of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerCertificateAttributes {
    /// ARNs of the listener and the certificate, joined by `|`.
    pub id: String,
}

impl<R: Region> Resource for ListenerCertificate<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("listener"), Field::replaces("certificate")],
    attributes: &[Reported::stable("id", "{field.listener}|{field.certificate}")],
    identity: Identity::NaturalKey,
    exclusive: &[Exclusive { fields: &["listener", "certificate"], within: Within::Place }],
    actions: Actions {
        create: &["elasticloadbalancing:AddListenerCertificates"],
        read: &["elasticloadbalancing:DescribeListenerCertificates"],
        update: &[],
        delete: &["elasticloadbalancing:RemoveListenerCertificates"],
    },
    ..Kind::of::<ListenerCertificate<AnyRegion>>("elasticloadbalancing.listener_certificate")
};
