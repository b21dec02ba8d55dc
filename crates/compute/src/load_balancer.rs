//! Application Load Balancer: spreads HTTP and HTTPS requests of a region over target groups.

use landfall_core::{
    AnyRegion, Attribute, Input, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use landfall_netlayer::{SecurityGroup, Subnet};
use serde::{Deserialize, Serialize};

use crate::check::{items, members, number, one_vpc, part};

/// Desired settings of an Application Load Balancer. AWS knows it by a name derived from its address.
///
/// API: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct LoadBalancer<R: Region> {
    /// Who can reach it; default internet-facing. A change replaces the load balancer.
    #[builder(default)]
    pub scheme: Scheme,
    /// One subnet in each of at least two availability zones. A change updates the load balancer.
    #[builder(with = |subnets: impl IntoIterator<Item = impl Into<Ref<Subnet<R>>>>| {
        subnets.into_iter().map(Into::into).collect()
    })]
    pub subnets: Vec<Ref<Subnet<R>>>,
    /// Security groups of its network interfaces, one to five. A change updates the load balancer.
    #[builder(with = |groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>| {
        groups.into_iter().map(Into::into).collect()
    })]
    pub security_groups: Vec<Ref<SecurityGroup<R>>>,
    /// Address families of its nodes; default IPv4. A change updates the load balancer.
    #[builder(default)]
    pub ip_address_type: IpAddressType,
    /// Whether AWS refuses to delete it; default false. A change updates the load balancer.
    ///
    /// Landfall's own `protect` refuses such a plan before anything is called; this one also stops others.
    #[builder(default)]
    pub deletion_protection: bool,
    /// Seconds after which a connection without traffic is closed, 1 to 4000; default 60. A change updates the
    /// load balancer.
    #[builder(default = 60)]
    pub idle_timeout_seconds: u32,
    /// Whether headers that are not valid HTTP are removed instead of passed on; default true (AWS: false). A
    /// change updates the load balancer.
    #[builder(default = true)]
    pub drop_invalid_header_fields: bool,
    /// Whether clients may speak HTTP/2; default true. A change updates the load balancer.
    #[builder(default = true)]
    pub http2: bool,
    /// How requests are treated that a proxy and a server could read differently; default defensive. A change
    /// updates the load balancer.
    #[builder(default)]
    pub desync_mitigation_mode: DesyncMitigationMode,
    /// Where every request is recorded; default nowhere. A change updates the load balancer.
    #[builder(default)]
    pub access_logs: AccessLogs,
}

/// Who can reach a load balancer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// Its nodes have public addresses: its subnets need a route to an internet gateway.
    #[default]
    InternetFacing,
    /// Its nodes have private addresses only.
    Internal,
}

/// Address families of a load balancer's nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IpAddressType {
    /// IPv4.
    #[default]
    Ipv4,
    /// IPv4 and IPv6: its subnets need IPv6 ranges.
    Dualstack,
}

/// How a load balancer treats requests that a proxy and a server could read differently.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DesyncMitigationMode {
    /// Passes everything on and only classifies it.
    Monitor,
    /// Passes on what is safe or widely used.
    #[default]
    Defensive,
    /// Passes on only what follows RFC 7230.
    Strictest,
}

/// Where a load balancer records every request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessLogs {
    /// Nowhere.
    #[default]
    Off,
    /// In a bucket of the same region.
    To(AccessLogBucket),
}

/// The bucket of access logs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessLogBucket {
    /// Name of the bucket. Its policy must let Elastic Load Balancing write, and it must be encrypted with S3's
    /// own keys: AWS supports no KMS key here.
    pub bucket: Input<String>,
    /// Start of the objects' keys, without slash at either end; empty for none.
    pub prefix: String,
}

impl AccessLogs {
    /// Records every request in a bucket of the same region, under a prefix.
    pub fn to(bucket: impl Into<Input<String>>, prefix: impl Into<String>) -> Self {
        Self::To(AccessLogBucket { bucket: bucket.into(), prefix: prefix.into() })
    }
}

/// What AWS reports of a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancerAttributes {
    /// Its ARN, by which the API names it.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Name derived from the address, at most 32 characters.
    pub name: String,
    /// The end of the ARN, by which CloudWatch and scaling policies name it: `app/web-1a2b/50dc6c495c0c9188`.
    pub arn_suffix: String,
    /// Host name that resolves to its nodes.
    pub dns_name: String,
    /// Hosted zone of that host name, for alias records.
    pub canonical_hosted_zone_id: String,
}

impl<R: Region> LoadBalancer<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Name that AWS knows it by.
    pub const NAME: Attribute<Self> = Attribute::new("name");
    /// The end of the ARN: dimension `LoadBalancer` of its CloudWatch metrics.
    pub const ARN_SUFFIX: Attribute<Self> = Attribute::new("arn_suffix");
    /// Host name that resolves to its nodes.
    pub const DNS_NAME: Attribute<Self> = Attribute::new("dns_name");
    /// Hosted zone of that host name, for alias records.
    pub const CANONICAL_HOSTED_ZONE_ID: Attribute<Self> = Attribute::new("canonical_hosted_zone_id");
}

impl<R: Region> Resource for LoadBalancer<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("scheme"),
        Field::updates("subnets").set(),
        Field::updates("security_groups").set(),
        Field::updates("ip_address_type"),
        Field::updates("deletion_protection"),
        Field::updates("idle_timeout_seconds"),
        Field::updates("drop_invalid_header_fields"),
        Field::updates("http2"),
        Field::updates("desync_mitigation_mode"),
        Field::updates("access_logs"),
    ],
    attributes: &[
        Reported::stable("id", "arn:aws:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name:32}/{hex:16}"),
        Reported::stable("arn", "{attribute.id}"),
        Reported::stable("name", "{name:32}"),
        Reported::stable("arn_suffix", "app/{name:32}/{hex:16}"),
        Reported::stable("dns_name", "{name:32}-{digits:10}.{region}.elb.amazonaws.com"),
        Reported::stable("canonical_hosted_zone_id", "Z{upper:13}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &[
            "elasticloadbalancing:CreateLoadBalancer",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "iam:CreateServiceLinkedRole",
        ],
        read: &[
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeTags",
        ],
        update: &[
            "elasticloadbalancing:SetSubnets",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:RemoveTags",
        ],
        delete: &["elasticloadbalancing:DeleteLoadBalancer", "ec2:DescribeNetworkInterfaces"],
    },
    timing: "aws_lb",
    check,
    ..Kind::of::<LoadBalancer<AnyRegion>>("elasticloadbalancing.load_balancer")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let count = |field: &str| items(site.own.fields.get(field), &[]).map(<[_]>::len);
    if count("subnets").is_some_and(|count| count < 2) {
        problems.push("`subnets` has fewer than two; AWS wants subnets in two availability zones".to_owned());
    }
    if !count("security_groups").is_none_or(|count| (1..=5).contains(&count)) {
        problems.push("`security_groups` has none or more than five; name one to five".to_owned());
    }
    problems.extend(one_vpc(&[members(site, "subnets"), members(site, "security_groups")].concat()));
    let mut zones: Vec<String> = Vec::new();
    for subnet in site.targets("subnets") {
        let zone = part(subnet.fields.get("availability_zone"), &[]).and_then(|zone| Some(zone.as_str()?.to_owned()));
        let Some(zone) = zone else { continue };
        if zones.contains(&zone) {
            problems.push(format!("two of `subnets` are in {zone}; AWS takes one subnet of each availability zone"));
        }
        zones.push(zone);
    }
    if number(site, "idle_timeout_seconds").is_some_and(|seconds| !(1..=4000).contains(&seconds)) {
        problems.push("`idle_timeout_seconds` is outside 1 to 4000".to_owned());
    }
    if let Some(prefix) = part(site.own.fields.get("access_logs"), &["to", "prefix"])
        && let Some(prefix) = prefix.as_str()
        && (prefix.starts_with('/') || prefix.ends_with('/') || prefix.contains("AWSLogs"))
    {
        problems.push(format!(
            "`access_logs` has the prefix `{prefix}`; AWS refuses slashes at its ends and the word `AWSLogs` in it"
        ));
    }
    problems
}
