//! What the lifecycle does not show: the order of calls that AWS demands, and where a secret goes.

#![cfg(feature = "aws")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use aws_sdk_wafv2::types::{FieldToMatch, LoggingConfiguration, SingleHeader};
use landfall_aws::{
    Aws,
    tap::{Call, Effect, Rule, Tap},
};
use landfall_conformance::{Cloud, Wire, block_on};
use landfall_core::{
    Address, Attributes, Context, Declaration, Environment, Fault, Locator, Lowered, Mumbai, Observed, Pace, Provider,
    Providers, TAGS, Topology, provider::Desired, state::Token,
};
use landfall_edge::{
    AllowedMethods, CacheBehavior, CustomOrigin, Distribution, ManagedCachePolicy, ORIGIN_SECRET_HEADER, Origin,
    Target, WebAcl,
};
use landfall_security::{GenerateSecretString, Secret, SecretValue};

const CLOUDFRONT: Wire = Wire::Split { ministack: &["CloudFront"] };

/// A distribution as the list and single reads show it while edge locations still get its settings.
const IN_PROGRESS: &str = "<Distribution><Id>E1</Id><ARN>arn</ARN><Status>InProgress</Status>\
    <LastModifiedTime>2026-01-01T00:00:00Z</LastModifiedTime>\
    <InProgressInvalidationBatches>0</InProgressInvalidationBatches>\
    <DomainName>d1.cloudfront.net</DomainName></Distribution>";

struct AtOnce;

#[async_trait]
impl Pace for AtOnce {
    async fn pause(&self, _duration: Duration) -> Result<(), Fault> {
        Ok(())
    }

    fn waiting(&self, _what: &str) {}
}

/// Operations on the objects of a topology, one by one.
struct Session {
    providers: Providers,
    aws: Aws,
    tap: Tap,
    lowered: Lowered,
    made: BTreeMap<Address, Attributes>,
}

/// One object under operation.
struct Subject {
    provider: Arc<dyn Provider>,
    cx: Context,
    want: Desired,
}

impl Session {
    async fn of(topology: &Topology) -> Self {
        let cloud = Cloud::on(CLOUDFRONT).await;
        let providers = cloud.providers(&[landfall_edge::aws::register, landfall_security::aws::register]);
        let lowered = topology.lower().expect("free of problems");
        Self { providers, aws: cloud.aws.clone(), tap: cloud.tap, lowered, made: BTreeMap::new() }
    }

    fn subject(&self, declaration: &Declaration) -> Subject {
        let lookup = |address: &Address, attribute: &str| self.made.get(address)?.get(attribute).cloned();
        let known = |(name, field): (&String, &landfall_core::expr::Expr)| {
            (name.clone(), field.resolve(&lookup).known().expect("made before"))
        };
        let fields: BTreeMap<_, _> = declaration.fields.iter().map(known).collect();
        let tags = fields.get(TAGS).map(|tags| serde_json::from_value(tags.clone()).expect("a map"));
        Subject {
            provider: Arc::clone(self.providers.provider(declaration.kind.name).expect("registered")),
            cx: Context {
                topology: self.lowered.topology.clone(),
                environment: self.lowered.environment.clone(),
                address: declaration.address.clone(),
                place: declaration.place,
                token: Token::from_random(*b"0123456789abcdef"),
                tags: tags.unwrap_or_default(),
                timeout: Duration::from_hours(1),
                pace: Arc::new(AtOnce),
            },
            want: Desired { fields, references: Vec::new() },
        }
    }

    /// Creates everything; returns the last object as it is read then.
    async fn create(&mut self) -> (Subject, Observed) {
        let mut last = None;
        for declaration in &self.lowered.declarations {
            let subject = self.subject(declaration);
            let made = subject.provider.reconcile(&subject.cx, &subject.want, None).await.expect("created");
            let id = made["id"].as_str().expect("an id").to_owned();
            let read = subject.provider.observe(&subject.cx, Locator::Id(&id)).await.expect("read").expect("there");
            self.made.insert(declaration.address.clone(), made);
            last = Some((subject, read));
        }
        last.expect("something is declared")
    }
}

fn site(origin: CustomOrigin, secret: Option<SecretValue<landfall_core::AnyRegion>>) -> Distribution {
    let behavior = CacheBehavior::builder(Target::origin("app", AllowedMethods::All))
        .cache_policy(ManagedCachePolicy::CachingDisabled)
        .build();
    Distribution::builder()
        .origin("app", Origin::builder(origin, "origin.example.com").build())
        .default_cache_behavior(behavior)
        .maybe_origin_secret(secret)
        .build()
}

fn in_progress() -> Effect {
    Effect::Answer { status: 200, content_type: "text/xml".to_owned(), body: IN_PROGRESS.to_owned() }
}

fn operations(calls: &[Call]) -> Vec<&str> {
    let cloudfront = calls.iter().filter(|call| call.asked.service == "cloudfront");
    cloudfront.map(|call| call.asked.operation.as_str()).collect()
}

#[test]
fn a_distribution_is_created_and_deleted_in_the_order_that_aws_demands() {
    block_on(async {
        let topology = Topology::new("wire", Environment::new("order"));
        topology.global().add("site", site(CustomOrigin::default(), None));
        let mut session = Session::of(&topology).await;

        // Dependents may use it once it is deployed.
        session.tap.add(Rule::new(in_progress()).operation("GetDistribution").times(2));
        let (subject, have) = session.create().await;
        let calls = session.tap.calls();
        assert_eq!(
            operations(&calls)[..4],
            ["CreateDistributionWithTags", "GetDistribution", "GetDistribution", "GetDistribution"]
        );

        // AWS deletes what is off everywhere: read the version, switch off, wait, delete.
        session.tap.clear_rules();
        session.tap.clear_calls();
        session.tap.add(Rule::new(in_progress()).operation("GetDistribution").times(2));
        subject.provider.delete(&subject.cx, &have).await.expect("deleted");
        let calls = session.tap.calls();
        let waited = ["GetDistribution"; 3];
        assert_eq!(operations(&calls)[..2], ["GetDistributionConfig", "UpdateDistribution"]);
        assert_eq!(operations(&calls)[2..5], waited);
        assert_eq!(operations(&calls)[5..], ["DeleteDistribution"]);
        assert!(calls[1].body.contains("<Enabled>false</Enabled>"), "{}", calls[1].body);
    });
}

#[test]
fn the_secret_of_the_origin_reaches_cloudfront_and_nothing_else() {
    block_on(async {
        let topology = Topology::new("wire", Environment::new("secret"));
        let secret = Secret::builder().generate_secret_string(GenerateSecretString::auth_token());
        let secret = topology.region::<Mumbai>().add("origin", secret.recovery_window_in_days(0).build());
        let verified = CustomOrigin::builder().verified(true).build();
        topology.global().add("site", site(verified, Some(SecretValue::of(secret).any_region())));
        let mut session = Session::of(&topology).await;
        let (subject, have) = session.create().await;

        let calls = session.tap.calls();
        let posted = calls.iter().find(|call| call.asked.service == "cloudfront").expect("a create").body.clone();
        let (_, header) = posted.split_once(ORIGIN_SECRET_HEADER).expect("the header is sent");
        let (_, value) = header.split_once("<HeaderValue>").expect("with a value");
        let (value, _) = value.split_once("</HeaderValue>").expect("with a value");
        assert_eq!(value.len(), 64, "what Secrets Manager generated");
        let kept =
            serde_json::to_string(&have).expect("JSON") + &serde_json::to_string(&subject.want.fields).expect("JSON");
        assert!(!kept.contains(value), "a plan or a state would hold the secret");

        // The header alone tells a rotation that happened elsewhere.
        session.tap.clear_calls();
        subject.provider.reconcile(&subject.cx, &subject.want, Some(&have)).await.expect("updated");
        assert!(session.tap.changes().is_empty(), "{:?}", session.tap.changes());
        subject.provider.delete(&subject.cx, &have).await.expect("deleted");
    });
}

#[test]
fn what_is_kept_out_of_the_logs_stays_out_when_they_go_elsewhere() {
    block_on(async {
        let log_group = |name: &str| format!("arn:aws:logs:ap-south-1:123456789012:log-group:aws-waf-logs-{name}");
        let topology = Topology::new("wire", Environment::new("logs"));
        topology.region::<Mumbai>().add("edge", WebAcl::builder().log_destination(log_group("one")).build());
        let mut session = Session::of(&topology).await;
        let (mut subject, have) = session.create().await;

        let client = aws_sdk_wafv2::Client::new(&session.aws.config("ap-south-1"));
        let cookie = SingleHeader::builder().name("cookie").build().expect("complete");
        let logging = LoggingConfiguration::builder()
            .resource_arn(have.id())
            .log_destination_configs(log_group("one"))
            .redacted_fields(FieldToMatch::builder().single_header(cookie).build())
            .build()
            .expect("complete");
        client.put_logging_configuration().logging_configuration(logging).send().await.expect("redacted by hand");

        subject.want.fields.insert("log_destination".to_owned(), log_group("two").into());
        session.tap.clear_calls();
        subject.provider.reconcile(&subject.cx, &subject.want, Some(&have)).await.expect("updated");
        let changes = session.tap.changes();
        let [put] = &changes[..] else { panic!("{changes:?}") };
        assert!(put.body.contains("aws-waf-logs-two") && put.body.contains("cookie"), "{}", put.body);
        subject.provider.delete(&subject.cx, &have).await.expect("deleted");
    });
}
