//! Every kind of the observability layer through the lifecycle, on emulators and in the sandbox.

#![cfg(feature = "aws")]

use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{ApSouth1, Handle, Kind, Options, Scope, Topology, join};
use landfall_datalayer::{Bucket, BucketPolicy, statements};
use landfall_netlayer::Vpc;
use landfall_observe::{
    AggregationInterval, Alarm, Comparison, Dashboard, FlowLog, LogGroup, Metric, MissingData, Protocol, Retention,
    Row, Statistic, Subscription, Topic, TopicPolicy, TrafficType, Trail, Widget,
};
use landfall_security::{CallerIdentity, Key, PolicyDocument, Role, Statement};

/// moto answers this SDK's CloudWatch protocol (CBOR) with 404; ministack speaks it.
const CLOUDWATCH: Wire = Wire::Split { ministack: &["CloudWatch"] };

const CASES: &[Case] = &[
    Case::new("cloudtrail.trail", Wire::Moto, trail)
        .untested(&[("bucket", "a second bucket takes a policy of its own, and the same call changes the prefix")]),
    Case::new("cloudwatch.alarm", CLOUDWATCH, alarm),
    Case::new("cloudwatch.dashboard", CLOUDWATCH, dashboard),
    Case::new("ec2.flow_log", Wire::Moto, flow_log),
    Case::new("logs.log_group", Wire::Moto, log_group)
        .untested(&[("kms_key", "moto takes a key only at the create: it has no AssociateKmsKey")]),
    Case::new("sns.subscription", Wire::Moto, subscription),
    Case::new("sns.topic", Wire::Moto, topic),
    Case::new("sns.topic_policy", Wire::Moto, topic_policy),
];

fn tagged(variant: Variant) -> Options {
    Options::new().tag("team", variant.pick("web", "data"))
}

fn key(scope: &Scope<'_, ApSouth1>) -> Handle<Key<ApSouth1>> {
    scope.add("own", Key::builder().description("test").build())
}

fn trail(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let me = topology.global().lookup::<CallerIdentity>("me", CallerIdentity::SELF);
    let account = me.get(CallerIdentity::ACCOUNT_ID);
    let bucket = Bucket::builder().bucket("landfall-conformance-trail".parse().expect("a name")).force_destroy(true);
    let bucket = scope.add("audit", bucket.build());
    let arn = join!["arn:aws:cloudtrail:ap-south-1:", &account, ":trail/conformance"];
    let policy = statements::trail_logs(bucket, "", &account, arn).into_iter().collect();
    let policy = scope.add("audit", BucketPolicy::builder().bucket(bucket).policy(policy).build());
    let trail = Trail::builder()
        .name("conformance".parse().expect("a name"))
        .bucket(bucket)
        .prefix(variant.pick("a", "b"))
        .multi_region(variant.pick(true, false))
        .include_global_service_events(variant.pick(true, false))
        .log_file_validation(variant.pick(true, false))
        .enable_logging(variant.pick(true, false))
        .maybe_kms_key(variant.pick(None, Some(key(&scope))))
        .build();
    scope.add_with("audit", tagged(variant).after(policy), trail);
}

fn alarm(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let topic = scope.add("alerts", Topic::builder().build());
    let statistic = variant.pick(Statistic::Sum, Statistic::Percentile(999));
    let metric = Metric::new("AWS/ApplicationELB", "RequestCount", statistic)
        .dimension("LoadBalancer", variant.pick("app/a/1", "app/b/2"))
        .period_seconds(variant.pick(60, 300));
    let alarm = Alarm::builder()
        .description(variant.pick("requests", "other requests"))
        .metric(metric)
        .comparison(variant.pick(Comparison::GreaterThanThreshold, Comparison::LessThanOrEqualToThreshold))
        .threshold(variant.pick(1.0, 2.5))
        .evaluation_periods(variant.pick(3, 5))
        .datapoints_to_alarm(variant.pick(2, 4))
        .treat_missing_data(variant.pick(MissingData::NotBreaching, MissingData::Breaching))
        .alarm_actions(variant.pick(vec![topic], vec![]))
        .ok_actions(variant.pick(vec![], vec![topic]))
        .build();
    scope.add_with("requests", tagged(variant), alarm);
}

fn dashboard(topology: &Topology, variant: Variant) {
    let name = variant.pick("RequestCount", "HTTPCode_ELB_5XX_Count");
    let graph = Widget::graph(
        variant.pick("Requests", "Errors"),
        "eu-west-2".parse().expect("a region"),
        [Metric::new("AWS/ApplicationELB", name, Statistic::Sum)],
    );
    let rows = vec![Row::heading("# London"), Row::graphs([graph])];
    topology.global().add_with("twin", tagged(variant), Dashboard::builder().rows(rows).build());
}

fn flow_log(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let vpc = scope.add("main", Vpc::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build());
    let group = scope.add("flow-logs", LogGroup::builder().name("/conformance/flow".parse().expect("a name")).build());
    let trust = PolicyDocument::trust("vpc-flow-logs.amazonaws.com");
    let role = topology.global().add("flow-logs", Role::builder().assume_role_policy_document(trust).build());
    let flow_log = FlowLog::builder()
        .vpc(vpc)
        .log_group(group)
        .role(role)
        .traffic_type(TrafficType::Reject)
        .max_aggregation_interval(AggregationInterval::OneMinute)
        .build();
    scope.add_with("main", tagged(variant), flow_log);
}

fn log_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let key = key(&scope);
    let group = LogGroup::builder()
        .name("/conformance/group".parse().expect("a name"))
        .retention(variant.pick(Retention::days(30), Retention::days(90)))
        .kms_key(key)
        .build();
    scope.add_with("main", tagged(variant), group);
}

fn subscription(topology: &Topology, _variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let topic = scope.add("alerts", Topic::builder().build());
    let subscription = Subscription::builder().topic(topic).protocol(Protocol::Email).endpoint("oncall@example.com");
    scope.add("oncall", subscription.build());
}

fn topic(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let key = key(&scope);
    let topic = Topic::builder()
        .display_name(variant.pick("Alerts", "Alarms"))
        .maybe_kms_key(variant.pick(None, Some(key)))
        .build();
    scope.add_with("alerts", tagged(variant), topic);
}

fn topic_policy(topology: &Topology, variant: Variant) {
    let scope = topology.region::<ApSouth1>();
    let topic = scope.add("alerts", Topic::builder().build());
    let publish = Statement::allow()
        .sid("Publish")
        .service(variant.pick("cloudwatch.amazonaws.com", "events.amazonaws.com"))
        .action("sns:Publish")
        .resource(topic.get(Topic::ARN));
    let policy = PolicyDocument::new([publish]);
    scope.add("alerts", TopicPolicy::builder().topic(topic).policy(policy).build());
}

fn kinds() -> Vec<&'static Kind> {
    let layers = [landfall_netlayer::kinds(), landfall_security::kinds(), landfall_datalayer::kinds()];
    layers.into_iter().flatten().chain(landfall_observe::kinds()).collect()
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_observe::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    let layers = [
        landfall_netlayer::aws::register,
        landfall_security::aws::register,
        landfall_datalayer::aws::register,
        landfall_observe::aws::register,
    ];
    on_the_wire(&layers, CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    in_the_sandbox(&kinds(), CASES);
}
