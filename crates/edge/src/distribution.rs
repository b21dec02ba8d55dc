//! Amazon CloudFront distribution: a site at every edge location, in front of its origins.

mod behavior;
mod check;
mod origin;

use std::collections::{BTreeMap, BTreeSet};

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Global, Handle, Input, Kind, Region, Resource, UsEast1,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use landfall_datalayer::Bucket;
use landfall_security::{DomainName, IssuedCertificate, SecretValue};
use serde::{Deserialize, Serialize};

pub use behavior::{
    AllowedMethods, CacheBehavior, CacheBehaviorBuilder, EventType, FunctionAssociation, PathBehavior, ReadMethods,
    Target, ViewerProtocolPolicy,
};
pub use origin::{
    CustomOrigin, NoOriginShield, Origin, OriginBuilder, OriginGroup, OriginProtocolPolicy, OriginShieldRegion,
    OriginSource, SslProtocol,
};

use crate::web_acl::CloudFrontWebAcl;

/// Desired settings of a distribution. Nothing replaces it: its domain name stays as long as it is declared.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionConfig.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct Distribution {
    #[builder(field)]
    /// Where content comes from, by an id of one's own; at least one, added by
    /// [`origin`](DistributionBuilder::origin). A change updates the distribution.
    pub origins: BTreeMap<String, Origin>,
    #[builder(field)]
    /// Pairs of origins of which the second stands in for the first, by an id of one's own, added by
    /// [`origin_group`](DistributionBuilder::origin_group). A change updates the distribution.
    pub origin_groups: BTreeMap<String, OriginGroup>,
    #[builder(field)]
    /// What is done with the requests of certain paths; the first that matches counts. Added by
    /// [`behavior`](DistributionBuilder::behavior). A change updates the distribution.
    pub cache_behaviors: Vec<PathBehavior>,
    #[builder(field)]
    /// What viewers get instead of an origin's error, by status code, added by
    /// [`custom_error_response`](DistributionBuilder::custom_error_response). A change updates the distribution.
    pub custom_error_responses: BTreeMap<u16, CustomErrorResponse>,
    /// What is done with all other requests. A change updates the distribution.
    pub default_cache_behavior: CacheBehavior,
    /// Names under which the site is reached; default only the distribution's own. All of AWS has each name once,
    /// and the certificate covers them. A change updates the distribution.
    #[builder(default, with = |names: impl IntoIterator<Item = DomainName>| names.into_iter().collect())]
    pub aliases: BTreeSet<DomainName>,
    /// Certificate for the aliases, issued and in `us-east-1`; default CloudFront's own. A change updates the
    /// distribution.
    #[builder(into)]
    pub certificate: Option<ArnRef<IssuedCertificate<UsEast1>>>,
    /// Oldest TLS version and ciphers that viewers may use; default `TLSv1.2_2021`. Only with a certificate. A
    /// change updates the distribution.
    #[builder(default)]
    pub minimum_protocol_version: MinimumProtocolVersion,
    /// Firewall in front of the distribution; default none. A change updates the distribution.
    #[builder(into)]
    pub web_acl: Option<ArnRef<CloudFrontWebAcl>>,
    /// Secret whose content the header [`ORIGIN_SECRET_HEADER`](crate::ORIGIN_SECRET_HEADER) carries to every origin
    /// that is [`verified`](CustomOrigin::verified): `SecretValue::of(secret).any_region()`. Read from Secrets
    /// Manager whenever the distribution is written, and never part of a plan or a state. A change updates the
    /// distribution, and so does a rotation.
    pub origin_secret: Option<SecretValue<AnyRegion>>,
    /// Edge locations that serve the site; default all. A change updates the distribution.
    #[builder(default)]
    pub price_class: PriceClass,
    /// HTTP versions that viewers may use; default up to HTTP/3. A change updates the distribution.
    #[builder(default)]
    pub http_version: HttpVersion,
    /// Whether viewers reach it over IPv6 too; default true. A change updates the distribution.
    #[builder(default = true)]
    pub is_ipv6_enabled: bool,
    /// Object served for `/`: `index.html`; default none. A change updates the distribution.
    #[builder(default, into)]
    pub default_root_object: String,
    /// What it is for, at most 128 characters; default empty. A change updates the distribution.
    #[builder(default, into)]
    pub comment: String,
    /// Countries that are served; default all. A change updates the distribution.
    #[builder(default)]
    pub geo_restriction: GeoRestriction,
    /// Where access logs go; default nowhere. A change updates the distribution.
    pub logging: Option<Logging>,
    /// Whether it answers viewers; default true. A change updates the distribution.
    #[builder(default = true)]
    pub enabled: bool,
}

impl<S: distribution_builder::State> DistributionBuilder<S> {
    /// Adds an origin under an id of one's own; one of the same id takes its place.
    pub fn origin(mut self, id: impl Into<String>, origin: Origin) -> Self {
        self.origins.insert(id.into(), origin);
        self
    }

    /// Adds a pair of origins under an id of one's own; one of the same id takes its place.
    pub fn origin_group(mut self, id: impl Into<String>, group: OriginGroup) -> Self {
        self.origin_groups.insert(id.into(), group);
        self
    }

    /// Adds what is done with the requests of a path, after the paths added before.
    pub fn behavior(mut self, path_pattern: impl Into<String>, behavior: CacheBehavior) -> Self {
        self.cache_behaviors.push(PathBehavior { path_pattern: path_pattern.into(), behavior });
        self
    }

    /// Adds what viewers get instead of an origin's error.
    pub fn custom_error_response(mut self, error_code: u16, response: CustomErrorResponse) -> Self {
        self.custom_error_responses.insert(error_code, response);
        self
    }
}

/// Oldest TLS version and ciphers that viewers may use.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/secure-connections-supported-viewer-protocols-ciphers.html>
#[expect(missing_docs, reason = "each is AWS's name of a security policy")]
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum MinimumProtocolVersion {
    #[serde(rename = "SSLv3")]
    Ssl3,
    #[serde(rename = "TLSv1")]
    Tls1,
    #[serde(rename = "TLSv1_2016")]
    Tls1_2016,
    #[serde(rename = "TLSv1.1_2016")]
    Tls1_1_2016,
    #[serde(rename = "TLSv1.2_2018")]
    Tls1_2_2018,
    #[serde(rename = "TLSv1.2_2019")]
    Tls1_2_2019,
    #[default]
    #[serde(rename = "TLSv1.2_2021")]
    Tls1_2_2021,
    #[serde(rename = "TLSv1.2_2025")]
    Tls1_2_2025,
    #[serde(rename = "TLSv1.3_2025")]
    Tls1_3_2025,
}

/// Edge locations that serve a site: fewer cost less, and viewers elsewhere wait longer.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/PriceClass.html>
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PriceClass {
    /// North America, Europe and Israel: none in India.
    #[serde(rename = "PriceClass_100")]
    NorthAmericaAndEurope,
    /// Those, and India, Japan, South Korea, South-East Asia, the Middle East and Africa: not South America,
    /// Australia and New Zealand.
    #[serde(rename = "PriceClass_200")]
    WithAsiaAndAfrica,
    /// All.
    #[default]
    #[serde(rename = "PriceClass_All")]
    All,
}

/// HTTP versions that viewers may use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum HttpVersion {
    /// HTTP/1.1 alone.
    #[serde(rename = "http1.1")]
    Http11,
    /// Up to HTTP/2.
    #[serde(rename = "http2")]
    Http2,
    /// HTTP/1.1 and HTTP/3.
    #[serde(rename = "http3")]
    Http3,
    /// Up to HTTP/3.
    #[default]
    #[serde(rename = "http2and3")]
    Http2And3,
}

/// What viewers get instead of an origin's error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomErrorResponse {
    /// How long the error is cached; default ten seconds, as AWS has it.
    pub error_caching_min_ttl_seconds: Option<u64>,
    /// What is answered instead; default the error itself.
    pub page: Option<ErrorPage>,
}

/// A page that stands in for an error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorPage {
    /// Path of the page: `/errors/404.html`.
    pub response_page_path: String,
    /// Status code that the viewer gets with it.
    pub response_code: u16,
}

/// Countries that are served.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GeoRestriction {
    /// All of them.
    #[default]
    None,
    /// These alone, by ISO 3166-1 alpha-2 code.
    Whitelist(BTreeSet<String>),
    /// All but these.
    Blacklist(BTreeSet<String>),
}

/// Where access logs go: CloudFront's standard logs, into a bucket whose access control list it may write to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct Logging {
    /// Domain name of the bucket: `logs.s3.amazonaws.com`. Its lists have to be on
    /// ([`BucketOwnerPreferred`](landfall_datalayer::ObjectOwnership::BucketOwnerPreferred)): CloudFront adds itself.
    #[builder(into)]
    pub bucket: Input<String>,
    /// What the logs' names begin with; default empty.
    #[builder(default, into)]
    pub prefix: String,
    /// Whether they hold cookies; default false.
    #[builder(default)]
    pub include_cookies: bool,
}

impl Logging {
    /// Logs into a bucket, under names that begin with `prefix`.
    pub fn to<R: Region>(bucket: Handle<Bucket<R>>, prefix: impl Into<String>) -> Self {
        Self::builder().bucket(bucket.get(Bucket::BUCKET_REGIONAL_DOMAIN_NAME)).prefix(prefix).build()
    }
}

/// What AWS reports of a distribution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DistributionAttributes {
    /// `E…`.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// `d….cloudfront.net`.
    pub domain_name: String,
    /// Zone of the names under `cloudfront.net`, for alias records; the same for every distribution.
    pub hosted_zone_id: String,
    /// Version of the settings.
    pub etag: String,
}

impl Distribution {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// `d….cloudfront.net`.
    pub const DOMAIN_NAME: Attribute<Self> = Attribute::new("domain_name");
    /// Zone of the names under `cloudfront.net`, for alias records.
    pub const HOSTED_ZONE_ID: Attribute<Self> = Attribute::new("hosted_zone_id");

    /// The zone of all names under `cloudfront.net`: what alias records of any distribution name.
    pub const CLOUDFRONT_HOSTED_ZONE_ID: &'static str = "Z2FDTNDATAQYW2";
}

impl Resource for Distribution {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("origins"),
        Field::updates("origin_groups"),
        Field::updates("cache_behaviors"),
        Field::updates("custom_error_responses"),
        Field::updates("default_cache_behavior"),
        Field::updates("aliases").set(),
        Field::updates("certificate").reach(Reach::Region("us-east-1")),
        Field::updates("minimum_protocol_version"),
        Field::updates("web_acl").reach(Reach::Region("us-east-1")),
        Field::updates("origin_secret").reach(Reach::Anywhere).write_only(),
        Field::updates("price_class"),
        Field::updates("http_version"),
        Field::updates("is_ipv6_enabled"),
        Field::updates("default_root_object"),
        Field::updates("comment"),
        Field::updates("geo_restriction"),
        Field::updates("logging"),
        Field::updates("enabled"),
    ],
    attributes: &[
        Reported::stable("id", "E{upper:13}"),
        Reported::stable("arn", "arn:aws:cloudfront::{account}:distribution/{attribute.id}"),
        Reported::stable("domain_name", "d{hex:13}.cloudfront.net"),
        Reported::stable("hosted_zone_id", Distribution::CLOUDFRONT_HOSTED_ZONE_ID),
        Reported::changing("etag", "E{upper:13}"),
    ],
    identity: Identity::CallerReference,
    taggable: true,
    actions: Actions {
        create: &[
            "cloudfront:CreateDistribution",
            "cloudfront:TagResource",
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:ListDistributions",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "wafv2:GetWebACL",
            "s3:GetBucketAcl",
            "s3:PutBucketAcl",
        ],
        read: &["cloudfront:GetDistribution", "cloudfront:ListTagsForResource"],
        update: &[
            "cloudfront:UpdateDistribution",
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:TagResource",
            "cloudfront:UntagResource",
            "secretsmanager:GetSecretValue",
            "kms:Decrypt",
            "wafv2:GetWebACL",
            "s3:GetBucketAcl",
            "s3:PutBucketAcl",
        ],
        delete: &[
            "cloudfront:GetDistribution",
            "cloudfront:GetDistributionConfig",
            "cloudfront:UpdateDistribution",
            "cloudfront:DeleteDistribution",
        ],
    },
    timing: "aws_cloudfront_distribution",
    check: check::check,
    ..Kind::of::<Distribution>("cloudfront.distribution")
};
