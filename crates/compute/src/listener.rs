//! Listener: a port of a load balancer, and what happens to requests that no rule claims.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::IssuedCertificate;
use serde::{Deserialize, Serialize};

use crate::{
    action::{self, Action},
    check::{members, number, one_vpc, part, targets_of},
    load_balancer::LoadBalancer,
};

/// Desired settings of a listener. HTTPS cannot be had without an issued certificate of the same region.
///
/// API: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Listener<R: Region> {
    /// The load balancer. A change replaces the listener.
    #[builder(into)]
    pub load_balancer: Ref<LoadBalancer<R>>,
    /// Port, 1 to 65535, each once per load balancer. A change updates the listener.
    pub port: u16,
    /// HTTP, or HTTPS with its certificate. A change updates the listener.
    pub protocol: ListenerProtocol<R>,
    /// What happens to requests that no rule claims. A change updates the listener.
    #[builder(into)]
    pub default_action: Action<R>,
}

/// Protocol of a listener.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum ListenerProtocol<R: Region> {
    /// Plain HTTP: for redirects to HTTPS.
    Http,
    /// HTTPS.
    Https(Tls<R>),
}

/// How a listener speaks TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Tls<R: Region> {
    /// Certificate shown to clients that ask for no name, or for one that no other certificate covers.
    pub certificate: ArnRef<IssuedCertificate<R>>,
    /// AWS's name of the set of protocols and ciphers; [`DEFAULT_SSL_POLICY`] unless said.
    pub ssl_policy: String,
}

/// TLS 1.3 and 1.2 with forward secrecy, AWS's recommendation for HTTPS listeners.
pub const DEFAULT_SSL_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-2021-06";

impl<R: Region> ListenerProtocol<R> {
    /// HTTPS with a certificate and [`DEFAULT_SSL_POLICY`].
    pub fn https(certificate: impl Into<ArnRef<IssuedCertificate<R>>>) -> Self {
        Self::Https(Tls { certificate: certificate.into(), ssl_policy: DEFAULT_SSL_POLICY.to_owned() })
    }
}

impl<R: Region> Listener<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");

    /// HTTP on port 80.
    pub fn http(load_balancer: impl Into<Ref<LoadBalancer<R>>>, default_action: impl Into<Action<R>>) -> Self {
        Self::builder()
            .load_balancer(load_balancer)
            .port(80)
            .protocol(ListenerProtocol::Http)
            .default_action(default_action)
            .build()
    }

    /// HTTP on port 80 that sends every client to HTTPS.
    pub fn redirect_to_https(load_balancer: impl Into<Ref<LoadBalancer<R>>>) -> Self {
        Self::http(load_balancer, Action::redirect_to_https())
    }

    /// HTTPS on port 443, TLS 1.2 or newer.
    pub fn https(
        load_balancer: impl Into<Ref<LoadBalancer<R>>>,
        certificate: impl Into<ArnRef<IssuedCertificate<R>>>,
        default_action: impl Into<Action<R>>,
    ) -> Self {
        Self::builder()
            .load_balancer(load_balancer)
            .port(443)
            .protocol(ListenerProtocol::https(certificate))
            .default_action(default_action)
            .build()
    }
}

/// What AWS reports of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerAttributes {
    /// Its ARN, by which the API names it.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Resource for Listener<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("load_balancer"),
        Field::updates("port"),
        Field::updates("protocol"),
        Field::updates("default_action"),
    ],
    attributes: &[
        Reported::stable(
            "id",
            "arn:aws:elasticloadbalancing:{region}:{account}:listener/app/{name:32}/{hex:16}/{hex:16}",
        ),
        Reported::stable("arn", "{attribute.id}"),
    ],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["load_balancer", "port"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["elasticloadbalancing:CreateListener", "elasticloadbalancing:AddTags"],
        read: &["elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeTags"],
        update: &[
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:RemoveTags",
        ],
        delete: &["elasticloadbalancing:DeleteListener"],
    },
    timing: "aws_lb_listener",
    check,
    ..Kind::of::<Listener<AnyRegion>>("elasticloadbalancing.listener")
};

/// Policies that still allow TLS 1.0 or 1.1, by AWS's table of policies.
fn allows_old_tls(policy: &str) -> bool {
    !policy.contains("TLS13-1-2")
        && !policy.contains("TLS13-1-3")
        && !policy.contains("TLS-1-2")
        && !policy.contains("FS-1-2")
}

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = action::problems("default_action", site.own.fields.get("default_action"));
    let subnets = site.target("load_balancer").map(|it| targets_of(site, it, "subnets")).unwrap_or_default();
    let subnets: Vec<_> = subnets.into_iter().map(|subnet| ("load_balancer", subnet)).collect();
    problems.extend(one_vpc(&[subnets, members(site, "default_action")].concat()));
    if number(site, "port") == Some(0) {
        problems.push("`port` is 0; use 1 to 65535".to_owned());
    }
    if let Some(policy) = part(site.own.fields.get("protocol"), &["https", "ssl_policy"])
        && let Some(policy) = policy.as_str()
        && allows_old_tls(policy)
    {
        problems.push(format!("`protocol` uses {policy}, which lets TLS 1.0 or 1.1 in; use {DEFAULT_SSL_POLICY}"));
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_policies_from_tls_1_2_on_pass() {
        for (policy, old) in [
            (DEFAULT_SSL_POLICY, false),
            ("ELBSecurityPolicy-TLS13-1-3-2021-06", false),
            ("ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09", false),
            ("ELBSecurityPolicy-FS-1-2-Res-2020-10", false),
            ("ELBSecurityPolicy-TLS-1-2-Ext-2018-06", false),
            ("ELBSecurityPolicy-2016-08", true),
            ("ELBSecurityPolicy-TLS13-1-0-2021-06", true),
            ("ELBSecurityPolicy-TLS-1-1-2017-01", true),
            ("ELBSecurityPolicy-FS-2018-06", true),
        ] {
            assert_eq!(allows_old_tls(policy), old, "{policy}");
        }
    }
}
