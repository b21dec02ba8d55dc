//! Wire tap: what goes between the SDK and the network, recorded and disturbed on demand.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_smithy_async::rt::sleep::AsyncSleep;
use aws_smithy_runtime_api::{
    client::{
        http::{
            HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
            SharedHttpConnector,
        },
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
        runtime_components::RuntimeComponents,
    },
    http::StatusCode,
};
use aws_smithy_types::{DateTime, body::SdkBody, date_time::Format};
use tokio::time::Instant;

use crate::wire::Protocol;
pub use crate::wire::{Access, Asked};

/// A wire tap under the SDK's HTTP client, for tests against any target; cheap to clone.
///
/// It logs every call and disturbs those that a [`Rule`] picks. It has no time and no chance of its own: the same
/// calls in the same order are disturbed alike.
///
/// Where several rules meet a call, their effects come in the order in which they were added; the first that answers
/// or breaks the call ends them.
///
/// ```
/// use std::sync::Arc;
/// use landfall_aws::tap::{Access, Effect, Rule, Tap};
///
/// let tap = Tap::new();
/// // The process ends when the tenth change was performed, before anybody hears of it:
/// tap.add(Rule::new(Effect::After(Arc::new(|_| std::process::abort()))).access(Access::Change).after(9));
/// // EC2 in London refuses the third, fourth and fifth call:
/// tap.add(Rule::new(Effect::throttle()).service("ec2").region("eu-west-2").after(2).times(3));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tap {
    body: Arc<Mutex<Body>>,
}

#[derive(Debug, Default)]
struct Body {
    started: Option<Instant>,
    calls: Vec<Call>,
    rules: Vec<Active>,
}

#[derive(Debug)]
struct Active {
    rule: Rule,
    met: usize,
}

/// One call that the SDK sent, every attempt counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its number on this tap, from 0.
    pub number: usize,
    /// What it asks for.
    pub asked: Asked,
    /// HTTP method.
    pub method: String,
    /// Path and query, without the host.
    pub path: String,
    /// Body of the request, empty when it is streamed or not text. Holds whatever was sent, secrets too.
    pub body: String,
    /// Time since the tap's first call.
    pub started: Duration,
    /// Time since the tap's first call at which the outcome was known.
    pub ended: Option<Duration>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Still under way, or abandoned by the caller.
    UnderWay,
    /// Answered, with this HTTP status.
    Answered(u16),
    /// The network failed.
    Failed,
    /// Answered by the tap, with this HTTP status; never sent.
    Injected(u16),
    /// Broken off by the tap; never sent.
    Reset,
    /// Answered with this HTTP status, and the answer dropped by the tap.
    Lost(u16),
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Asked { service, operation, region, .. } = &self.asked;
        write!(f, "{service}:{operation} in {region}: {:?}", self.outcome)
    }
}

/// Which calls are disturbed, and how. Without conditions it meets every call.
#[derive(Debug, Clone)]
pub struct Rule {
    effect: Effect,
    service: Option<String>,
    operation: Option<String>,
    region: Option<String>,
    access: Option<Access>,
    skip: usize,
    times: usize,
}

/// How a call is disturbed.
#[derive(Clone)]
#[non_exhaustive]
pub enum Effect {
    /// Waits, in the runtime's time, before the call is sent.
    Delay(Duration),
    /// Answers in the call's place with an error of AWS, in the protocol of the service.
    Error {
        /// HTTP status: 400, 503.
        status: u16,
        /// AWS's error code: `RequestLimitExceeded`.
        code: String,
        /// What AWS says besides.
        message: String,
    },
    /// Answers in the call's place with these bytes.
    Answer {
        /// HTTP status.
        status: u16,
        /// Value of the header `content-type`.
        content_type: String,
        /// Body.
        body: String,
    },
    /// Breaks the connection before the call is sent.
    Reset,
    /// Sends the call and drops the answer: the service did it, and nobody knows.
    LoseResponse,
    /// Adds to the date that the answer names, as if the service's clock had gone on: leases expire.
    Later(Duration),
    /// Runs a function before the call is sent; it may end the process.
    Before(Hook),
    /// Runs a function after the call was answered, before the SDK sees it; it may end the process.
    After(Hook),
}

/// A function of a test that sees a call.
pub type Hook = Arc<dyn Fn(&Call) + Send + Sync>;

impl Effect {
    /// Refuses the call as a service does that has too many.
    pub fn throttle() -> Self {
        Self::Error { status: 400, code: "Throttling".into(), message: "Rate exceeded".into() }
    }

    /// Refuses the call as a service does that fails.
    pub fn unavailable() -> Self {
        Self::Error { status: 503, code: "ServiceUnavailable".into(), message: "Try again later".into() }
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(delay) => write!(f, "Delay({delay:?})"),
            Self::Error { status, code, .. } => write!(f, "Error({status} {code})"),
            Self::Answer { status, .. } => write!(f, "Answer({status})"),
            Self::Reset => f.write_str("Reset"),
            Self::LoseResponse => f.write_str("LoseResponse"),
            Self::Later(more) => write!(f, "Later({more:?})"),
            Self::Before(_) => f.write_str("Before"),
            Self::After(_) => f.write_str("After"),
        }
    }
}

impl Rule {
    /// Disturbs every call; the methods say which only.
    pub fn new(effect: Effect) -> Self {
        Self { effect, service: None, operation: None, region: None, access: None, skip: 0, times: usize::MAX }
    }

    /// Only calls of a service, by its IAM prefix: `ec2`.
    #[must_use]
    pub fn service(mut self, service: impl Into<String>) -> Self {
        self.service = Some(service.into());
        self
    }

    /// Only calls of an operation, as [`Asked::operation`] has it; where that is a method and a path, the start is
    /// enough: `POST /2020-05-31/key-group`.
    #[must_use]
    pub fn operation(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only calls signed for a region.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Only calls that read, or only calls that may change something.
    #[must_use]
    pub fn access(mut self, access: Access) -> Self {
        self.access = Some(access);
        self
    }

    /// Lets the first `count` calls pass.
    #[must_use]
    pub fn after(mut self, count: usize) -> Self {
        self.skip = count;
        self
    }

    /// Disturbs at most `count` calls.
    #[must_use]
    pub fn times(mut self, count: usize) -> Self {
        self.times = count;
        self
    }

    fn meets(&self, asked: &Asked) -> bool {
        let same = |want: &Option<String>, have: &str| want.as_ref().is_none_or(|want| want == have);
        let operation = |want: &String| {
            *want == asked.operation || (want.contains(' ') && asked.operation.starts_with(want.as_str()))
        };
        same(&self.service, &asked.service)
            && same(&self.region, &asked.region)
            && self.operation.as_ref().is_none_or(operation)
            && self.access.is_none_or(|access| access == asked.access)
    }
}

impl Tap {
    /// A tap that disturbs nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule; it counts the calls from here on.
    pub fn add(&self, rule: Rule) {
        self.body().rules.push(Active { rule, met: 0 });
    }

    /// Removes all rules.
    pub fn clear_rules(&self) {
        self.body().rules.clear();
    }

    /// The calls so far, in the order in which they were sent.
    pub fn calls(&self) -> Vec<Call> {
        self.body().calls.clone()
    }

    /// The calls so far that may have changed something.
    pub fn changes(&self) -> Vec<Call> {
        self.calls().into_iter().filter(|call| call.asked.access == Access::Change).collect()
    }

    /// Forgets the calls so far; numbers start at 0 again.
    pub fn clear_calls(&self) {
        let mut body = self.body();
        body.calls.clear();
        body.started = None;
    }

    fn body(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn over(self, inner: SharedHttpClient) -> impl HttpClient + 'static {
        Tapped { tap: self, inner }
    }

    /// Logs a call that begins; returns it with the effects of the rules that it meets.
    fn begin(&self, request: &HttpRequest) -> (Call, Vec<Effect>) {
        let asked = Asked::of(request);
        let mut body = self.body();
        let effects = body.rules.iter_mut().filter(|active| active.rule.meets(&asked)).filter_map(|active| {
            active.met += 1;
            let turn = active.met.checked_sub(active.rule.skip + 1)?;
            (turn < active.rule.times).then(|| active.rule.effect.clone())
        });
        let effects = effects.collect();
        let now = Instant::now();
        let first = *body.started.get_or_insert(now);
        let uri = request.uri();
        let rest = uri.split_once("://").map_or(uri, |(_, rest)| rest);
        let call = Call {
            number: body.calls.len(),
            asked,
            method: request.method().to_owned(),
            path: rest.find('/').map_or("/", |at| &rest[at..]).to_owned(),
            body: request.body().bytes().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or("").to_owned(),
            started: now - first,
            ended: None,
            outcome: Outcome::UnderWay,
        };
        body.calls.push(call.clone());
        (call, effects)
    }

    fn end(&self, call: &mut Call, outcome: Outcome) {
        let mut body = self.body();
        call.outcome = outcome;
        call.ended = body.started.map(|first| Instant::now() - first);
        // The log may have been cleared meanwhile: then the call is no longer in it.
        if let Some(logged) = body.calls.get_mut(call.number).filter(|logged| logged.started == call.started) {
            *logged = call.clone();
        }
    }
}

#[derive(Debug)]
struct Tapped<T> {
    tap: Tap,
    inner: T,
}

impl HttpClient for Tapped<SharedHttpClient> {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector {
            tap: self.tap.clone(),
            inner: self.inner.http_connector(settings, components),
            sleep: components.sleep_impl(),
        })
    }
}

#[derive(Debug)]
struct Connector {
    tap: Tap,
    inner: SharedHttpConnector,
    sleep: Option<aws_smithy_async::rt::sleep::SharedAsyncSleep>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (tap, inner, sleep) = (self.tap.clone(), self.inner.clone(), self.sleep.clone());
        HttpConnectorFuture::new(async move {
            let (mut call, effects) = tap.begin(&request);
            for effect in &effects {
                match effect {
                    Effect::Delay(delay) => {
                        if let Some(sleep) = &sleep {
                            sleep.sleep(*delay).await;
                        }
                    }
                    Effect::Before(hook) => hook(&call),
                    Effect::Error { status, code, message } => {
                        tap.end(&mut call, Outcome::Injected(*status));
                        return error(*status, code, message, call.asked.protocol);
                    }
                    Effect::Answer { status, content_type, body } => {
                        tap.end(&mut call, Outcome::Injected(*status));
                        return answer(*status, content_type, body.clone().into_bytes());
                    }
                    Effect::Reset => {
                        tap.end(&mut call, Outcome::Reset);
                        return Err(ConnectorError::io("the tap broke the connection".into()));
                    }
                    Effect::LoseResponse | Effect::Later(_) | Effect::After(_) => {}
                }
            }
            let answer = inner.call(request).await.map(|response| dated(response, &effects));
            let status = answer.as_ref().map(|response| response.status().as_u16());
            tap.end(&mut call, status.map_or(Outcome::Failed, Outcome::Answered));
            for effect in &effects {
                match (effect, status) {
                    (Effect::After(hook), _) => hook(&call),
                    (Effect::LoseResponse, Ok(status)) => {
                        tap.end(&mut call, Outcome::Lost(status));
                        return Err(ConnectorError::io("the tap dropped the answer".into()));
                    }
                    _ => {}
                }
            }
            answer
        })
    }
}

/// The answer with the date that the effects make of its own; unchanged where it names none.
fn dated(mut response: HttpResponse, effects: &[Effect]) -> HttpResponse {
    let more = effects.iter().map(|effect| if let Effect::Later(more) = effect { more.as_secs() } else { 0 });
    let more = i64::try_from(more.sum::<u64>()).unwrap_or_default();
    let date = response.headers().get("date").and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
    let date = date.filter(|_| more > 0).map(|date| DateTime::from_secs(date.secs() + more));
    if let Some(date) = date.and_then(|date| date.fmt(Format::HttpDate).ok()) {
        response.headers_mut().insert("date", date);
    }
    response
}

fn answer(status: u16, content_type: &str, body: Vec<u8>) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(status).map_err(|error| ConnectorError::user(error.into()))?;
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    response.headers_mut().insert("content-type", content_type.to_owned());
    response.headers_mut().insert("x-amzn-requestid", "tap");
    if content_type == CBOR {
        response.headers_mut().insert("smithy-protocol", "rpc-v2-cbor");
    }
    Ok(response)
}

const CBOR: &str = "application/cbor";

/// An error as the protocol writes it.
fn error(status: u16, code: &str, message: &str, protocol: Protocol) -> Result<HttpResponse, ConnectorError> {
    let xml = |body: String| answer(status, "text/xml", body.into_bytes());
    let inner = format!("<Code>{code}</Code><Message>{message}</Message>");
    match protocol {
        Protocol::Ec2 => {
            xml(format!("<Response><Errors><Error>{inner}</Error></Errors><RequestID>tap</RequestID></Response>"))
        }
        Protocol::Query | Protocol::RestXml => xml(format!(
            "<ErrorResponse><Error><Type>Sender</Type>{inner}</Error><RequestId>tap</RequestId></ErrorResponse>"
        )),
        Protocol::S3 => xml(format!("<Error>{inner}<RequestId>tap</RequestId></Error>")),
        Protocol::Json => {
            let body = format!(r#"{{"__type":"{code}","message":"{message}"}}"#);
            answer(status, "application/x-amz-json-1.1", body.into_bytes())
        }
        Protocol::Cbor => {
            let mut body = vec![0xbf];
            for text in ["__type", code, "message", message] {
                // Text of up to 65,535 bytes: the head says the length in the two bytes that follow.
                body.push(0x79);
                body.extend(u16::try_from(text.len()).unwrap_or_default().to_be_bytes());
                body.extend(text.as_bytes());
            }
            body.push(0xff);
            answer(status, CBOR, body)
        }
    }
}
