//! What a listener or a rule does with a request.

use landfall_core::{Handle, Ref, Region, expr::Expr};
use serde::{Deserialize, Serialize};

use crate::{
    check::{items, part},
    target_group::TargetGroup,
};

/// What a load balancer does with a request.
///
/// API: <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum Action<R: Region> {
    /// Passes it to a target.
    Forward(Forward<R>),
    /// Sends the client elsewhere.
    Redirect(Redirect),
    /// Answers by itself.
    FixedResponse(FixedResponse),
}

/// The target groups that share requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Forward<R: Region> {
    /// One to five target groups with their shares.
    pub target_groups: Vec<WeightedTargetGroup<R>>,
    /// Seconds for which a client stays with the target group that served it first, 1 to 604800; `None`: not.
    pub stickiness_seconds: Option<u32>,
}

/// A target group and its share of the requests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct WeightedTargetGroup<R: Region> {
    /// The target group.
    pub target_group: Ref<TargetGroup<R>>,
    /// Its share in relation to the others', 0 to 999.
    pub weight: u32,
}

/// Where a client is sent. Each part may hold AWS's placeholders `#{protocol}`, `#{host}`, `#{port}`, `#{path}`,
/// `#{query}`, which stand for those of the request and are the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct Redirect {
    /// `HTTP`, `HTTPS` or `#{protocol}`.
    #[builder(into, default = "#{protocol}".to_owned())]
    pub protocol: String,
    /// Host name.
    #[builder(into, default = "#{host}".to_owned())]
    pub host: String,
    /// Port, as text.
    #[builder(into, default = "#{port}".to_owned())]
    pub port: String,
    /// Path, with its leading slash.
    #[builder(into, default = "/#{path}".to_owned())]
    pub path: String,
    /// Query, without its question mark.
    #[builder(into, default = "#{query}".to_owned())]
    pub query: String,
    /// Whether clients may remember it; default permanent.
    #[builder(default)]
    pub status: RedirectStatus,
}

/// Whether clients may remember a redirect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectStatus {
    /// 301.
    #[default]
    Permanent,
    /// 302.
    Temporary,
}

/// An answer that the load balancer gives by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixedResponse {
    /// Status code, 2xx, 4xx or 5xx.
    pub status_code: u16,
    /// `text/plain`, `text/css`, `text/html`, `application/javascript` or `application/json`.
    pub content_type: String,
    /// Text of the answer, at most 1024 characters; may be empty.
    pub message_body: String,
}

impl<R: Region> Action<R> {
    /// Passes every request to one target group.
    pub fn forward(target_group: impl Into<Ref<TargetGroup<R>>>) -> Self {
        Self::forward_weighted([(target_group, 1)])
    }

    /// Spreads requests over target groups by weight: for blue/green and canary releases.
    pub fn forward_weighted<T: Into<Ref<TargetGroup<R>>>>(shares: impl IntoIterator<Item = (T, u32)>) -> Self {
        let share =
            |(target_group, weight): (T, u32)| WeightedTargetGroup { target_group: target_group.into(), weight };
        Self::Forward(Forward { target_groups: shares.into_iter().map(share).collect(), stickiness_seconds: None })
    }

    /// Sends clients to the same address over HTTPS on port 443, for good.
    pub fn redirect_to_https() -> Self {
        Self::Redirect(Redirect::builder().protocol("HTTPS").port("443").build())
    }

    /// Answers with a status and a short text.
    pub fn fixed_response(status_code: u16, message_body: impl Into<String>) -> Self {
        Self::FixedResponse(FixedResponse {
            status_code,
            content_type: "text/plain".to_owned(),
            message_body: message_body.into(),
        })
    }
}

impl<R: Region> From<Handle<TargetGroup<R>>> for Action<R> {
    fn from(target_group: Handle<TargetGroup<R>>) -> Self {
        Self::forward(target_group)
    }
}

impl<R: Region> From<Redirect> for Action<R> {
    fn from(redirect: Redirect) -> Self {
        Self::Redirect(redirect)
    }
}

/// What AWS refuses in an action, for the checks of listeners and rules.
pub(crate) fn problems(field: &str, action: Option<&Expr>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(groups) = items(action, &["forward", "target_groups"]) {
        if !(1..=5).contains(&groups.len()) {
            problems.push(format!("`{field}` forwards to {} target groups; AWS takes one to five", groups.len()));
        }
        let weights: Vec<u64> =
            groups.iter().filter_map(|group| part(Some(group), &["weight"])).filter_map(|w| w.as_u64()).collect();
        if weights.iter().any(|weight| *weight > 999) {
            problems.push(format!("`{field}` has a weight of more than 999"));
        }
    }
    let seconds = part(action, &["forward", "stickiness_seconds"]).and_then(|seconds| seconds.as_u64());
    if seconds.is_some_and(|seconds| !(1..=604_800).contains(&seconds)) {
        problems.push(format!("`{field}` keeps clients for less than a second or more than a week (604800 s)"));
    }
    let status = part(action, &["fixed_response", "status_code"]).and_then(|status| status.as_u64());
    if let Some(status) = status
        && !matches!(status, 200..=299 | 400..=599)
    {
        problems.push(format!("`{field}` answers {status}: a fixed response is 2xx, 4xx or 5xx"));
    }
    if let Some(redirect) = part(action, &["redirect"])
        && redirect["protocol"] == "#{protocol}"
        && redirect["host"] == "#{host}"
        && redirect["port"] == "#{port}"
        && redirect["path"] == "/#{path}"
    {
        problems.push(format!(
            "`{field}` redirects to where the request came from, for ever; change protocol, host, port or path"
        ));
    }
    problems
}
