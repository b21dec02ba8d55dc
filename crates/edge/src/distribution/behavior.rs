//! Cache behaviours: what a distribution does with the requests of a path.

use landfall_core::{Input, Ref};
use serde::{Deserialize, Serialize};

use crate::{
    cache_policy::CachePolicy, origin_request_policy::OriginRequestPolicy,
    response_headers_policy::ResponseHeadersPolicy,
};

/// What a distribution does with requests.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DefaultCacheBehavior.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct CacheBehavior {
    /// Where they go, and with which methods.
    #[builder(start_fn)]
    pub target: Target,
    /// What is cached, and by which key: a policy of one's own or a [managed one](crate::ManagedCachePolicy).
    #[builder(into)]
    pub cache_policy: Ref<CachePolicy>,
    /// What reaches the origin besides the cache key; default nothing.
    #[builder(into)]
    pub origin_request_policy: Option<Ref<OriginRequestPolicy>>,
    /// Headers of the answers; default none.
    #[builder(into)]
    pub response_headers_policy: Option<Ref<ResponseHeadersPolicy>>,
    /// What happens to plain HTTP; default a redirect to HTTPS.
    #[builder(default)]
    pub viewer_protocol_policy: ViewerProtocolPolicy,
    /// Methods whose answers are cached; default `GET` and `HEAD`.
    #[builder(default)]
    pub cached_methods: ReadMethods,
    /// Whether CloudFront compresses what viewers accept compressed; default true.
    #[builder(default = true)]
    pub compress: bool,
    /// Functions that run at the edge; default none.
    #[builder(default)]
    pub function_associations: Vec<FunctionAssociation>,
}

/// Where requests go, and with which methods. An origin group does not fail over what writes, so it takes
/// only methods that read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One origin.
    Origin {
        /// Its id in the distribution.
        id: String,
        /// Methods that are let through.
        allowed_methods: AllowedMethods,
    },
    /// Two origins, of which the second stands in for the first.
    OriginGroup {
        /// Id of the group in the distribution.
        id: String,
        /// Methods that are let through.
        allowed_methods: ReadMethods,
    },
}

impl Target {
    /// One origin, with the methods that are let through.
    pub fn origin(id: impl Into<String>, allowed_methods: AllowedMethods) -> Self {
        Self::Origin { id: id.into(), allowed_methods }
    }

    /// Two origins, of which the second stands in for the first, for methods that read.
    pub fn origin_group(id: impl Into<String>, allowed_methods: ReadMethods) -> Self {
        Self::OriginGroup { id: id.into(), allowed_methods }
    }

    /// Id of the origin or the group.
    pub fn id(&self) -> &str {
        match self {
            Self::Origin { id, .. } | Self::OriginGroup { id, .. } => id,
        }
    }
}

/// Methods that an origin may get.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AllowedMethods {
    /// `GET` and `HEAD`.
    GetHead,
    /// `GET`, `HEAD` and `OPTIONS`.
    GetHeadOptions,
    /// All of HTTP's, those that write too.
    All,
}

/// Methods that read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadMethods {
    /// `GET` and `HEAD`.
    #[default]
    GetHead,
    /// `GET`, `HEAD` and `OPTIONS`.
    GetHeadOptions,
}

impl From<ReadMethods> for AllowedMethods {
    fn from(methods: ReadMethods) -> Self {
        match methods {
            ReadMethods::GetHead => Self::GetHead,
            ReadMethods::GetHeadOptions => Self::GetHeadOptions,
        }
    }
}

impl AllowedMethods {
    /// The methods by name, in AWS's order.
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::GetHead => &["HEAD", "GET"],
            Self::GetHeadOptions => &["HEAD", "GET", "OPTIONS"],
            Self::All => &["HEAD", "DELETE", "POST", "GET", "OPTIONS", "PUT", "PATCH"],
        }
    }
}

/// What happens to plain HTTP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ViewerProtocolPolicy {
    /// It is redirected to HTTPS.
    #[default]
    RedirectToHttps,
    /// It is refused with 403.
    HttpsOnly,
    /// It is served.
    AllowAll,
}

/// A function that runs at the edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FunctionAssociation {
    /// When it runs.
    pub event_type: EventType,
    /// ARN of a published CloudFront function.
    pub function_arn: Input<String>,
}

/// When a CloudFront function runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventType {
    /// Before the cache is asked.
    ViewerRequest,
    /// Before the answer leaves.
    ViewerResponse,
}

/// What a distribution does with the requests of one path.
///
/// API: <https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CacheBehavior.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathBehavior {
    /// Path, with `*` for any text and `?` for any character: `/static/*`.
    pub path_pattern: String,
    /// What is done with them.
    #[serde(flatten)]
    pub behavior: CacheBehavior,
}
