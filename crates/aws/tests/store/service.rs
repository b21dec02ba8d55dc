//! S3 and DynamoDB within the test, as far as the store uses them: performed in any order, late, lost or refused.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

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
use landfall_aws::Aws;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// Numbers that look random and are the same for a seed.
#[derive(Debug, Clone)]
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
    pub(super) fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weather {
    Fair,
    Foul,
}

/// One S3 and one DynamoDB; clones share them.
#[derive(Debug, Clone)]
pub(super) struct Service(Arc<Mutex<World>>);

#[derive(Debug)]
struct World {
    draw: Draw,
    weather: Weather,
    /// Whether conditions of puts in S3 are honoured.
    conditions: bool,
    begun: Instant,
    objects: BTreeMap<String, (Vec<u8>, u64)>,
    items: BTreeMap<String, Value>,
    writes: u64,
}

/// What becomes of a call.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Answered,
    /// Performed, and the answer is lost.
    Lost,
    /// Performed, and answered with a failure.
    Failed,
    /// Not performed.
    Refused,
    /// Given up by the caller, and performed later.
    Late(Duration),
}

impl Service {
    pub(super) fn new(seed: u64) -> Self {
        let world = World {
            draw: Draw::new(seed),
            weather: Weather::Fair,
            conditions: true,
            begun: Instant::now(),
            objects: BTreeMap::new(),
            items: BTreeMap::new(),
            writes: 0,
        };
        Self(Arc::new(Mutex::new(world)))
    }

    pub(super) fn weather(&self, weather: Weather) {
        self.world().weather = weather;
    }

    pub(super) fn ignore_conditions(&self) {
        self.world().conditions = false;
    }

    /// A connection of a process.
    pub(super) async fn connect(&self) -> Aws {
        let retry = aws_config::retry::RetryConfig::standard().with_use_static_exponential_base(true);
        let config = aws_config::defaults(aws_config::BehaviorVersion::v2026_01_12())
            .http_client(self.clone())
            .retry_config(retry)
            .endpoint_url("http://127.0.0.1:9")
            .region("eu-west-2")
            .credentials_provider(aws_credential_types::Credentials::new("a", "b", None, None, "test"));
        Aws::new(config.load().await)
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap()
    }
}

impl HttpClient for Service {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl From<Service> for SharedHttpClient {
    fn from(service: Service) -> Self {
        Self::new(service)
    }
}

impl HttpConnector for Service {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let service = self.clone();
        HttpConnectorFuture::new(async move {
            let (before, after, fate) = service.world().fate();
            sleep(before).await;
            let broken = || Err(ConnectorError::io("the network broke".into()));
            match fate {
                Fate::Refused => {
                    return Ok(service.world().refuse(503, "ServiceUnavailable"));
                }
                Fate::Late(later) => {
                    tokio::spawn(async move {
                        sleep(later).await;
                        let _ = service.world().perform(&request);
                    });
                    return broken();
                }
                Fate::Answered | Fate::Lost | Fate::Failed => {}
            }
            let answer = service.world().perform(&request);
            sleep(after).await;
            match fate {
                Fate::Lost => broken(),
                Fate::Failed => Ok(service.world().refuse(500, "InternalError")),
                _ => Ok(answer),
            }
        })
    }
}

impl World {
    fn fate(&mut self) -> (Duration, Duration, Fate) {
        let draw = &mut self.draw;
        if self.weather == Weather::Fair {
            return (draw.millis(20), draw.millis(20), Fate::Answered);
        }
        let long = |draw: &mut Draw| if draw.below(40) == 0 { draw.millis(80_000) } else { draw.millis(400) };
        let fate = match draw.below(100) {
            0..6 => Fate::Lost,
            6..9 => Fate::Failed,
            9..13 => Fate::Refused,
            13..17 => Fate::Late(draw.millis(120_000)),
            _ => Fate::Answered,
        };
        (long(draw), long(draw), fate)
    }

    fn answer(&mut self, status: u16, body: Vec<u8>, etag: Option<u64>) -> HttpResponse {
        let mut response = HttpResponse::new(StatusCode::try_from(status).unwrap(), SdkBody::from(body));
        // Two seconds of difference between the service's own clocks.
        let skew = i64::try_from(self.draw.below(3)).unwrap();
        let seconds = 1_800_000_000 + i64::try_from(self.begun.elapsed().as_secs()).unwrap() - skew;
        let date = DateTime::from_secs(seconds).fmt(Format::HttpDate).unwrap();
        response.headers_mut().insert("date", date);
        if let Some(etag) = etag {
            response.headers_mut().insert("etag", format!("\"{etag}\""));
        }
        response
    }

    fn refuse(&mut self, status: u16, code: &str) -> HttpResponse {
        self.answer(status, format!("<Error><Code>{code}</Code></Error>").into_bytes(), None)
    }

    fn perform(&mut self, request: &HttpRequest) -> HttpResponse {
        let body = request.body().bytes().unwrap_or_default().to_vec();
        if let Some(target) = request.headers().get("x-amz-target") {
            let body: Value = serde_json::from_slice(&body).unwrap();
            return self.table(target.rsplit('.').next().unwrap(), &body);
        }
        let uri = request.uri().strip_prefix("http://127.0.0.1:9/").unwrap();
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let key = path.split_once('/').map_or("", |(_, key)| key).to_owned();
        match request.method() {
            "GET" if query.contains("list-type=2") => self.list(query),
            "GET" => match self.objects.get(&key).cloned() {
                Some((bytes, etag)) => self.answer(200, bytes, Some(etag)),
                None => self.refuse(404, "NoSuchKey"),
            },
            "PUT" => {
                let found = self.objects.get(&key).map(|(_, etag)| format!("\"{etag}\""));
                let (absent, same) = (request.headers().get("if-none-match"), request.headers().get("if-match"));
                if self.conditions && absent.is_some() && found.is_some() {
                    return self.refuse(412, "PreconditionFailed");
                }
                if self.conditions && same.is_some() && found.as_deref() != same {
                    let (status, code) = if found.is_some() { (412, "PreconditionFailed") } else { (404, "NoSuchKey") };
                    return self.refuse(status, code);
                }
                self.writes += 1;
                self.objects.insert(key, (body, self.writes));
                self.answer(200, Vec::new(), Some(self.writes))
            }
            method => panic!("{method} {uri}"),
        }
    }

    /// Pages of seven.
    fn list(&mut self, query: &str) -> HttpResponse {
        let value = |name: &str| {
            let found = query.split('&').find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
            found.map(|value| value.replace("%2F", "/").replace("%7E", "~"))
        };
        let prefix = value("prefix").unwrap();
        let after = value("continuation-token").or_else(|| value("start-after")).unwrap();
        let keys: Vec<_> =
            self.objects.keys().filter(|key| key.starts_with(&prefix) && **key > after).take(8).cloned().collect();
        let more = keys.len() > 7;
        let contents = keys.iter().take(7).map(|key| format!("<Contents><Key>{key}</Key></Contents>"));
        let contents = contents.collect::<Vec<_>>().concat();
        let next = keys
            .get(6)
            .filter(|_| more)
            .map_or_else(String::new, |key| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
        let xml = format!("<ListBucketResult>{contents}<IsTruncated>{more}</IsTruncated>{next}</ListBucketResult>");
        self.answer(200, xml.into_bytes(), None)
    }

    fn table(&mut self, operation: &str, body: &Value) -> HttpResponse {
        let id = |item: &Value| item["LockID"]["S"].as_str().unwrap().to_owned();
        let reply = match operation {
            "GetItem" => match self.items.get(&id(&body["Key"])) {
                Some(item) => json!({ "Item": item }),
                None => json!({}),
            },
            // Three at a time.
            "BatchGetItem" => {
                let (table, wanted) = body["RequestItems"].as_object().unwrap().iter().next().unwrap();
                let keys = wanted["Keys"].as_array().unwrap();
                let found: Vec<_> = keys.iter().take(3).filter_map(|key| self.items.get(&id(key))).collect();
                let left: Vec<_> = keys.iter().skip(3).collect();
                let unprocessed = if left.is_empty() { json!({}) } else { json!({ table: { "Keys": left } }) };
                json!({ "Responses": { table: found }, "UnprocessedKeys": unprocessed })
            }
            "PutItem" => {
                let item = body["Item"].clone();
                let found = self.items.get(&id(&item));
                let holds = match body["ConditionExpression"].as_str().unwrap() {
                    "attribute_not_exists(LockID)" => found.is_none(),
                    "Version = :read" => {
                        found.is_some_and(|found| found["Version"] == body["ExpressionAttributeValues"][":read"])
                    }
                    other => panic!("{other}"),
                };
                if !holds {
                    let error = json!({ "__type": "ConditionalCheckFailedException" });
                    return self.answer(400, error.to_string().into_bytes(), None);
                }
                self.items.insert(id(&item), item);
                json!({})
            }
            other => panic!("{other}"),
        };
        self.answer(200, reply.to_string().into_bytes(), None)
    }
}
