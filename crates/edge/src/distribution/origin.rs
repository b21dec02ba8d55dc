//! Origins: where a distribution gets what it doesn't have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use landfall_core::{Handle, Input, PlaceCode, Ref, Region};
use landfall_datalayer::Bucket;
use serde::{Deserialize, Serialize};

use crate::origin_access_control::OriginAccessControl;

/// An origin: a private bucket, or a web server.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_Origin.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct Origin {
    /// What kind of origin it is.
    #[builder(start_fn, into)]
    pub source: OriginSource,
    /// Name under which CloudFront reaches it: a bucket's regional domain name, a server's host name.
    #[builder(start_fn, into)]
    pub domain_name: Input<String>,
    /// Path put before that of each request: `/v2`; default empty.
    #[builder(default, into)]
    pub origin_path: String,
    /// Headers that CloudFront adds to each request, by name; default none. No place for secrets: see
    /// [`CustomOrigin::verified`].
    #[builder(default)]
    pub custom_headers: BTreeMap<String, String>,
    /// Region of the cache through which all other caches reach the origin; default none.
    pub origin_shield: Option<OriginShieldRegion>,
    /// How often CloudFront tries to connect before it fails over or gives up, 1 to 3; default 3.
    #[builder(default = 3)]
    pub connection_attempts: u8,
    /// How long each try waits, 1 to 10; default 10.
    #[builder(default = 10)]
    pub connection_timeout_seconds: u8,
}

/// What kind of origin it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OriginSource {
    /// A bucket that only the distribution may read.
    S3 {
        /// How CloudFront signs its requests; the bucket's policy lets the distribution in.
        origin_access_control: Ref<OriginAccessControl>,
    },
    /// A web server.
    Custom(CustomOrigin),
}

impl From<CustomOrigin> for OriginSource {
    fn from(custom: CustomOrigin) -> Self {
        Self::Custom(custom)
    }
}

/// A web server as an origin, reached over HTTPS with TLS 1.2 alone unless said. Its certificate must cover the
/// origin's domain name, or the `Host` header when a policy forwards that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct CustomOrigin {
    /// How CloudFront reaches it; default over HTTPS alone.
    #[builder(default)]
    pub origin_protocol_policy: OriginProtocolPolicy,
    /// TLS versions that CloudFront may use; default 1.2 alone, the newest that AWS has here.
    #[builder(default = [SslProtocol::Tls1_2].into())]
    pub origin_ssl_protocols: BTreeSet<SslProtocol>,
    /// Port for HTTP; default 80.
    #[builder(default = 80)]
    pub http_port: u16,
    /// Port for HTTPS; default 443.
    #[builder(default = 443)]
    pub https_port: u16,
    /// How long CloudFront waits for an answer, and for each next packet, 1 to 120; default 30.
    #[builder(default = 30)]
    pub read_timeout_seconds: u16,
    /// How long an idle connection is kept, 1 to 120; default 5.
    #[builder(default = 5)]
    pub keepalive_timeout_seconds: u16,
    /// Whether requests carry the header [`ORIGIN_SECRET_HEADER`](crate::ORIGIN_SECRET_HEADER) with the content of
    /// the distribution's `origin_secret`, so that the origin can refuse all others; default false.
    #[builder(default)]
    pub verified: bool,
}

/// How CloudFront reaches a web server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OriginProtocolPolicy {
    /// Over HTTPS.
    #[default]
    HttpsOnly,
    /// As the viewer reached CloudFront.
    MatchViewer,
    /// In the clear.
    HttpOnly,
}

/// A TLS version between CloudFront and a web server.
#[expect(missing_docs, reason = "each is AWS's name of a version")]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SslProtocol {
    #[serde(rename = "SSLv3")]
    Ssl3,
    #[serde(rename = "TLSv1")]
    Tls1,
    #[serde(rename = "TLSv1.1")]
    Tls1_1,
    #[serde(rename = "TLSv1.2")]
    Tls1_2,
}

impl Default for CustomOrigin {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl Origin {
    /// A bucket, reached in its own region.
    pub fn s3<R: Region>(
        bucket: Handle<Bucket<R>>,
        origin_access_control: impl Into<Ref<OriginAccessControl>>,
    ) -> OriginBuilder {
        let source = OriginSource::S3 { origin_access_control: origin_access_control.into() };
        Self::builder(source, bucket.get(Bucket::BUCKET_REGIONAL_DOMAIN_NAME))
    }

    /// A web server by its host name, with the settings that CloudFront takes by default.
    pub fn https(domain_name: impl Into<Input<String>>) -> OriginBuilder {
        Self::builder(CustomOrigin::default(), domain_name)
    }
}

/// Two origins, of which the second answers `GET`, `HEAD` and `OPTIONS` when the first fails.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginGroup.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OriginGroup {
    /// Origin that is asked first, by its id in the distribution.
    pub primary: String,
    /// Origin that is asked when the first can't be reached or answers with one of the codes.
    pub secondary: String,
    /// Answers of the first origin that count as failures: of 400, 403, 404, 416, 429, 500, 502, 503, 504.
    pub status_codes: BTreeSet<u16>,
}

impl OriginGroup {
    /// Fails over when the first origin can't be reached or answers 500, 502, 503 or 504.
    pub fn new(primary: impl Into<String>, secondary: impl Into<String>) -> Self {
        Self { primary: primary.into(), secondary: secondary.into(), status_codes: [500, 502, 503, 504].into() }
    }

    /// Fails over on one more answer: 404 where the second bucket may hold what the first does not yet; 403,
    /// by which S3 says the same to who may not list.
    #[must_use]
    pub fn also_on(mut self, status_code: u16) -> Self {
        self.status_codes.insert(status_code);
        self
    }
}

/// Answers that an origin group can take for failures.
pub(crate) const FAILOVER_CODES: [u16; 9] = [400, 403, 404, 416, 429, 500, 502, 503, 504];

/// A region in which CloudFront offers Origin Shield.
///
/// Source: <https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/origin-shield.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PlaceCode")]
pub struct OriginShieldRegion(PlaceCode);

/// A region without Origin Shield.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("CloudFront offers no Origin Shield in {place}; the nearest is in {}", OriginShieldRegion::nearest(*.place))]
pub struct NoOriginShield {
    /// The region.
    pub place: PlaceCode,
}

impl OriginShieldRegion {
    /// The one with the lowest latency to an origin in `place`: its own region, where there is one, else the one
    /// that AWS's table names, else the nearest on the map.
    pub fn nearest(place: PlaceCode) -> Self {
        let code = match place.as_str() {
            own if OFFERED.contains(&own) => own,
            // AWS's table, with the regions that it does not name beside their neighbours.
            "us-west-1" | "ca-west-1" => "us-west-2",
            "eu-south-1" | "eu-central-2" | "il-central-1" => "eu-central-1",
            "eu-west-3" | "eu-north-1" => "eu-west-2",
            "me-south-1" | "me-central-1" | "ap-south-2" => "ap-south-1",
            "ap-northeast-3" | "ap-east-2" => "ap-northeast-1",
            "ap-southeast-4" | "ap-southeast-6" => "ap-southeast-2",
            code if code.starts_with("ap-") => "ap-southeast-1",
            code if code.starts_with("eu-") || code.starts_with("af-") => "eu-west-1",
            _ => "us-east-1",
        };
        Self(code.parse().expect("the codes above are regions"))
    }

    /// The one with the lowest latency to an origin in `R`.
    ///
    /// # Panics
    /// For [`AnyRegion`](landfall_core::AnyRegion), whose code only [`nearest`](Self::nearest) can take.
    pub fn of<R: Region>() -> Self {
        let code = R::CODE.expect("`AnyRegion` has no code of its own: use `nearest(scope.place())`");
        Self::nearest(code.parse().expect("region types carry known codes"))
    }

    /// Code of the region: `ap-south-1`.
    pub fn as_str(self) -> &'static str {
        self.0.as_str()
    }
}

const OFFERED: [&str; 12] = [
    "us-east-1",
    "us-east-2",
    "us-west-2",
    "ap-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-central-1",
    "eu-west-1",
    "eu-west-2",
    "sa-east-1",
];

impl TryFrom<PlaceCode> for OriginShieldRegion {
    type Error = NoOriginShield;

    fn try_from(place: PlaceCode) -> Result<Self, NoOriginShield> {
        if OFFERED.contains(&place.as_str()) { Ok(Self(place)) } else { Err(NoOriginShield { place }) }
    }
}

impl FromStr for OriginShieldRegion {
    type Err = Box<dyn std::error::Error + Send + Sync>;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Ok(Self::try_from(code.parse::<PlaceCode>()?)?)
    }
}

impl fmt::Display for OriginShieldRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, EuWest3, REGIONS};

    use super::*;

    #[test]
    fn every_region_has_a_shield_and_those_that_offer_one_have_their_own() {
        for region in REGIONS {
            let nearest = OriginShieldRegion::nearest(region.code.parse().unwrap());
            assert!(OFFERED.contains(&nearest.as_str()), "{}", region.code);
            assert_eq!(OFFERED.contains(&region.code), nearest.as_str() == region.code, "{}", region.code);
        }
        assert_eq!(OriginShieldRegion::of::<ApSouth1>().as_str(), "ap-south-1");
        assert_eq!(OriginShieldRegion::of::<EuWest3>().as_str(), "eu-west-2");
    }

    #[test]
    fn a_region_without_a_shield_says_where_the_nearest_is() {
        let error = "me-south-1".parse::<OriginShieldRegion>().unwrap_err().to_string();
        assert_eq!(error, "CloudFront offers no Origin Shield in me-south-1; the nearest is in ap-south-1");
        let stored = serde_json::from_str::<OriginShieldRegion>("\"eu-west-3\"").unwrap_err().to_string();
        assert!(stored.contains("no Origin Shield in eu-west-3"), "{stored}");
    }
}
