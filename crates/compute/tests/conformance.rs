//! Every kind of the layer passes the lifecycle; the table says where its wire is proved.

#![cfg(feature = "aws")]

use landfall_compute::{
    AccessLogs, Action, AdjustmentType, Architecture, AutoScalingGroup, BlockDevice, Condition, DesyncMitigationMode,
    HealthCheckPort, HealthCheckType, HttpTokens, Image, InstanceRefresh, IpAddressType, LaunchTemplate,
    LaunchTemplateVersion, Listener, ListenerCertificate, ListenerProtocol, ListenerRule, LoadBalancer,
    LoadBalancingAlgorithm, MetadataOptions, MetricAggregationType, ORIGIN_SECRET_HEADER, Parameter, Redirect,
    RedirectStatus, RefreshPreferences, ScalingPolicy, Scheme, StepAdjustment, StepScaling, Stickiness, TargetGroup,
    TargetHealthCheck, TargetTracking, TerminationPolicy, WebTier,
};
use landfall_conformance::{Case, Variant, Wire, complete, in_the_sandbox, on_the_wire};
use landfall_core::{Handle, Kind, Mumbai, Options, Scope, Topology};
use landfall_netlayer::{InternetGateway, Network, SecurityGroup, Subnet, Vpc};
use landfall_security::{
    Certificate, GenerateSecretString, InstanceProfile, IssuedCertificate, Key, PolicyDocument, Role, Secret,
    SecretValue, Statement,
};

const CASES: &[Case] = &[
    Case::new("ssm.parameter", Wire::Moto, parameter),
    Case::new("ec2.launch_template", Wire::Moto, launch_template),
    Case::new("elasticloadbalancing.load_balancer", Wire::Moto, load_balancer)
        .untested(&[("deletion_protection", "what it protects the lifecycle can't delete")]),
    Case::new("elasticloadbalancing.target_group", Wire::Moto, target_group),
    Case::new("elasticloadbalancing.listener", Wire::Moto, listener_from_http_to_https),
    Case::new("elasticloadbalancing.listener", Wire::Moto, listener_with_fixed_answers),
    Case::new("elasticloadbalancing.listener_certificate", Wire::Moto, listener_certificate),
    Case::new("elasticloadbalancing.listener_rule", Wire::Moto, listener_rule),
    Case::new("elasticloadbalancing.listener_rule", Wire::Moto, listener_rule_with_a_secret),
    Case::new("autoscaling.group", Wire::Moto, auto_scaling_group),
    Case::new("autoscaling.policy", Wire::Moto, tracking_policy),
    Case::new("autoscaling.policy", Wire::Moto, step_policy),
    Case::new("autoscaling.policy", Wire::Moto, web_tier)
        .untested(&[("estimated_instance_warmup_seconds", "a tier leaves it to its group")]),
];

type Region<'t> = Scope<'t, Mumbai>;

fn team(variant: Variant) -> Options {
    Options::new().tag("team", variant.pick("web", "platform"))
}

/// A VPC with a way to the internet and subnets in three zones.
struct Net {
    vpc: Handle<Vpc<Mumbai>>,
    subnets: [Handle<Subnet<Mumbai>>; 3],
    internet: Handle<InternetGateway<Mumbai>>,
}

fn net(scope: &Region<'_>) -> Net {
    let vpc = scope.add("main", Vpc::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build());
    let subnet = |(letter, cidr): (&str, &str)| {
        let cidr = cidr.parse().expect("a range");
        let subnet = Subnet::builder().vpc(vpc).cidr_block(cidr).availability_zone(format!("ap-south-1{letter}"));
        scope.add(letter, subnet.build())
    };
    let subnets = [("a", "10.10.0.0/20"), ("b", "10.10.16.0/20"), ("c", "10.10.32.0/20")].map(subnet);
    Net { vpc, subnets, internet: scope.add("main", InternetGateway::builder().vpc(vpc).build()) }
}

fn group(scope: &Region<'_>, net: &Net, name: &str) -> Handle<SecurityGroup<Mumbai>> {
    scope.add(name, SecurityGroup::builder().vpc(net.vpc).description("Under test").build())
}

fn a_load_balancer(scope: &Region<'_>, net: &Net) -> Handle<LoadBalancer<Mumbai>> {
    let groups = [group(scope, net, "load-balancer")];
    let load_balancer = LoadBalancer::builder().subnets(&net.subnets[..2]).security_groups(groups);
    scope.add_with("main", Options::new().after(net.internet), load_balancer.build())
}

fn a_target_group(scope: &Region<'_>, net: &Net, name: &str) -> Handle<TargetGroup<Mumbai>> {
    scope.add(name, TargetGroup::builder().vpc(net.vpc).port(8080).build())
}

fn issued(scope: &Region<'_>, name: &str) -> Handle<IssuedCertificate<Mumbai>> {
    let domain = format!("{name}.example.com").parse().expect("a domain");
    let certificate = scope.add(name, Certificate::builder().domain_name(domain).build());
    scope.add(name, IssuedCertificate::of(certificate))
}

fn a_template(scope: &Region<'_>, net: &Net, variant: Variant) -> Handle<LaunchTemplate<Mumbai>> {
    let template = LaunchTemplate::builder()
        .image(Image::amazon_linux_2023(Architecture::X86_64))
        .instance_type(variant.pick("t3.micro", "t3.small").parse().expect("a type"))
        .security_groups([group(scope, net, "instances")])
        .user_data("#!/bin/sh\nexit 0\n");
    scope.add("main", template.build())
}

fn parameter(topology: &Topology, variant: Variant) {
    let parameter = Parameter::builder().name("/web/release".parse().expect("a name")).value(variant.pick("1", "2"));
    topology.region::<Mumbai>().add_with("release", team(variant), parameter.build());
}

fn launch_template(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let groups = [group(&scope, &net, "one"), group(&scope, &net, "two")];
    let role = Role::builder().assume_role_policy_document(PolicyDocument::trust("ec2.amazonaws.com")).build();
    let role = topology.global().add("instances", role);
    let profile = |name: &str| topology.global().add(name, InstanceProfile::builder().role(role).build());
    let profiles = [profile("one"), profile("two")];
    let key = scope.add("disks", Key::builder().build());
    let disk = BlockDevice::builder().device_name("/dev/xvda").size_gib(variant.pick(20, 30)).kms_key(key);
    let fast = BlockDevice::builder().device_name("/dev/sdf").size_gib(100).iops(4000).throughput_mib(250);
    let template = LaunchTemplate::builder()
        .image(variant.pick(Image::amazon_linux_2023(Architecture::X86_64), Image::ami("ami-03cf127a")))
        .instance_type(variant.pick("t3.micro", "m7i-flex.large").parse().expect("a type"))
        .instance_profile(variant.pick(profiles[0], profiles[1]))
        .security_groups(&groups[..variant.pick(1, 2)])
        .user_data(variant.pick("#!/bin/sh\nexit 0\n", "#!/bin/sh\n# ünïcode\nexit 1\n"))
        .block_devices([fast.build(), disk.build()])
        .metadata_options(
            MetadataOptions::builder()
                .http_tokens(variant.pick(HttpTokens::Required, HttpTokens::Optional))
                .hop_limit(variant.pick(1, 2))
                .instance_metadata_tags(variant.pick(false, true))
                .build(),
        )
        .associate_public_ip_address(variant.pick(false, true))
        .detailed_monitoring(variant.pick(true, false));
    scope.add_with("main", team(variant), template.build());
}

fn load_balancer(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let groups = [group(&scope, &net, "one"), group(&scope, &net, "two")];
    let load_balancer = LoadBalancer::builder()
        .scheme(Scheme::InternetFacing)
        .subnets(&net.subnets[..variant.pick(2, 3)])
        .security_groups(&groups[..variant.pick(1, 2)])
        .ip_address_type(variant.pick(IpAddressType::Ipv4, IpAddressType::Dualstack))
        .idle_timeout_seconds(variant.pick(60, 75))
        .drop_invalid_header_fields(variant.pick(true, false))
        .http2(variant.pick(true, false))
        .desync_mitigation_mode(variant.pick(DesyncMitigationMode::Defensive, DesyncMitigationMode::Strictest))
        .access_logs(variant.pick(AccessLogs::Off, AccessLogs::to("logs-of-the-topology", "web")));
    scope.add_with("main", team(variant).after(net.internet), load_balancer.build());
}

fn target_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let check = TargetHealthCheck::builder()
        .path(variant.pick("/health", "/live?deep=1"))
        .port(variant.pick(HealthCheckPort::TrafficPort, HealthCheckPort::Port(9000)))
        .matcher(variant.pick("200", "200-204"))
        .interval_seconds(variant.pick(10, 20))
        .timeout_seconds(variant.pick(5, 8))
        .healthy_threshold(variant.pick(2, 4))
        .unhealthy_threshold(variant.pick(3, 5));
    let target_group = TargetGroup::builder()
        .vpc(net.vpc)
        .port(8080)
        .health_check(check.build())
        .deregistration_delay_seconds(variant.pick(30, 60))
        .slow_start_seconds(variant.pick(30, 0))
        .load_balancing_algorithm(
            variant.pick(LoadBalancingAlgorithm::RoundRobin, LoadBalancingAlgorithm::LeastOutstandingRequests),
        )
        .stickiness(variant.pick(
            Stickiness::LoadBalancerCookie { duration_seconds: 3600 },
            Stickiness::ApplicationCookie { name: "session".to_owned(), duration_seconds: 600 },
        ));
    scope.add_with("web", team(variant), target_group.build());
}

fn listener_from_http_to_https(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let load_balancer = a_load_balancer(&scope, &net);
    let (one, two) = (a_target_group(&scope, &net, "one"), a_target_group(&scope, &net, "two"));
    let certificate = issued(&scope, "web");
    let mut canary = Action::forward_weighted([(one, 90), (two, 10)]);
    if let Action::Forward(forward) = &mut canary {
        forward.stickiness_seconds = Some(600);
    }
    let listener = Listener::builder()
        .load_balancer(load_balancer)
        .port(variant.pick(8080, 443))
        .protocol(variant.pick(ListenerProtocol::Http, ListenerProtocol::https(certificate)))
        .default_action(variant.pick(Action::forward(one), canary));
    scope.add_with("web", team(variant), listener.build());
}

fn listener_with_fixed_answers(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let load_balancer = a_load_balancer(&scope, &net);
    let certificates = [issued(&scope, "one"), issued(&scope, "two")];
    let elsewhere = Redirect::builder().host("www.example.com").status(RedirectStatus::Temporary).build();
    let answer = variant.pick(Action::fixed_response(403, "forbidden"), elsewhere.into());
    let mut listener = Listener::https(load_balancer, variant.pick(certificates[0], certificates[1]), answer);
    listener.port = variant.pick(443, 8443);
    scope.add_with("web", team(variant), listener);
}

fn listener_certificate(topology: &Topology, _variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let load_balancer = a_load_balancer(&scope, &net);
    let (own, further) = (issued(&scope, "own"), issued(&scope, "further"));
    let listener = scope.add("web", Listener::https(load_balancer, own, Action::fixed_response(404, "")));
    scope.add("further", ListenerCertificate::builder().listener(listener).certificate(further).build());
}

fn listener_rule(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let load_balancer = a_load_balancer(&scope, &net);
    let target_group = a_target_group(&scope, &net, "web");
    let listener = scope.add("web", Listener::http(load_balancer, Action::fixed_response(404, "nothing here")));
    let first = vec![
        Condition::paths(["/api/*", "/v2/*"]),
        Condition::hosts(["api.example.com"]),
        Condition::methods(["GET", "POST"]),
    ];
    let second = vec![
        Condition::header("X-Canary", ["yes", "1"]),
        Condition::query([("version", "2")]),
        Condition::source_ips(["10.0.0.0/8".parse().expect("a range"), "2001:db8::/32".parse().expect("a range")]),
    ];
    let rule = ListenerRule::builder()
        .listener(listener)
        .priority(variant.pick(10, 20))
        .conditions(variant.pick(first, second))
        .action(variant.pick(Action::forward(target_group), Action::redirect_to_https()));
    scope.add_with("api", team(variant), rule.build());
}

/// From one secret header to another, beside one that anybody may know.
fn listener_rule_with_a_secret(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let load_balancer = a_load_balancer(&scope, &net);
    let target_group = a_target_group(&scope, &net, "web");
    let listener = scope.add("web", Listener::http(load_balancer, Action::fixed_response(403, "forbidden")));
    let plain = GenerateSecretString::builder().exclude_punctuation(true).build();
    let mut json = GenerateSecretString::database("cloudfront");
    json.exclude_punctuation = true;
    let secret = |name: &str, value: GenerateSecretString| {
        scope.add(name, Secret::builder().generate_secret_string(value).recovery_window_in_days(0).build())
    };
    let (plain, json) = (secret("plain", plain), secret("json", json));
    let header = variant.pick(
        Condition::secret_header(ORIGIN_SECRET_HEADER, plain),
        Condition::secret_header("x-other-header", SecretValue::of(json).json_key("password")),
    );
    let rule = ListenerRule::builder()
        .listener(listener)
        .priority(variant.pick(10, 11))
        .conditions([header, Condition::header("X-Canary", ["yes"])])
        .action(variant.pick(Action::forward(target_group), Action::fixed_response(503, "closed")));
    scope.add_with("from-cloudfront", team(variant), rule.build());
}

fn auto_scaling_group(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let template = a_template(&scope, &net, variant);
    // Another expression for the same number: what changes it is the template.
    let version = variant.pick(LaunchTemplate::DEFAULT_VERSION, LaunchTemplate::LATEST_VERSION);
    let template = LaunchTemplateVersion { template: template.into(), version: template.get(version) };
    let groups = [a_target_group(&scope, &net, "one"), a_target_group(&scope, &net, "two")];
    let group = AutoScalingGroup::builder()
        .launch_template(template)
        .subnets(&net.subnets[..variant.pick(2, 3)])
        .target_groups(&groups[..variant.pick(1, 2)])
        .min_size(variant.pick(1, 2))
        .max_size(variant.pick(3, 4))
        .desired_capacity(variant.pick(2, 3))
        .health_check_type(variant.pick(HealthCheckType::Elb, HealthCheckType::Ec2))
        .health_check_grace_period_seconds(variant.pick(300, 120))
        .default_instance_warmup_seconds(variant.pick(60, 90))
        .termination_policies(variant.pick(
            vec![TerminationPolicy::Default],
            vec![TerminationPolicy::OldestLaunchTemplate, TerminationPolicy::OldestInstance],
        ))
        .metrics_collection(variant.pick(true, false))
        .instance_refresh(variant.pick(
            InstanceRefresh::default(),
            InstanceRefresh::Rolling(RefreshPreferences::builder().min_healthy_percentage(50).build()),
        ))
        .wait_for_capacity(variant.pick(true, false));
    scope.add_with("web", team(variant), group.build());
}

/// A group that has not changed when its policies do.
fn a_group(scope: &Region<'_>, net: &Net) -> Handle<AutoScalingGroup<Mumbai>> {
    let template = a_template(scope, net, Variant::First);
    let group = AutoScalingGroup::builder()
        .launch_template(template)
        .subnets(net.subnets)
        .min_size(1)
        .max_size(4)
        .health_check_type(HealthCheckType::Ec2);
    scope.add("web", group.build())
}

fn tracking_policy(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let group = a_group(&scope, &net);
    let load_balancer = a_load_balancer(&scope, &net);
    let target_group = a_target_group(&scope, &net, "web");
    let listener = scope.add("web", Listener::http(load_balancer, target_group));
    let requests = TargetTracking::requests(load_balancer, target_group, 1000.0).scale_out_only();
    let policy = ScalingPolicy::builder()
        .group(group)
        .policy(variant.pick(TargetTracking::cpu(80.0), requests))
        .estimated_instance_warmup_seconds(variant.pick(60, 90));
    scope.add_with("requests", Options::new().after(listener), policy.build());
}

fn step_policy(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let net = net(&scope);
    let group = a_group(&scope, &net);
    let step = |lower_bound, upper_bound, adjustment| StepAdjustment { lower_bound, upper_bound, adjustment };
    let by_percent = StepScaling::builder()
        .adjustment_type(AdjustmentType::PercentChangeInCapacity)
        .steps([step(Some(0.0), Some(15.5), 10), step(Some(15.5), None, 30)])
        .min_adjustment_magnitude(2)
        .build();
    let by_number = StepScaling::builder()
        .adjustment_type(AdjustmentType::ChangeInCapacity)
        .steps([step(None, Some(0.0), -1)])
        .metric_aggregation_type(MetricAggregationType::Maximum)
        .build();
    let policy = ScalingPolicy::builder()
        .group(group)
        .policy(variant.pick(by_percent, by_number))
        .estimated_instance_warmup_seconds(variant.pick(60, 90));
    scope.add("steps", policy.build());
}

/// The composite: everything it declares is made, and its last policy goes through the lifecycle.
fn web_tier(topology: &Topology, variant: Variant) {
    let scope = topology.region::<Mumbai>();
    let network = Network::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build();
    let network = network.add_to(&scope.child("net"));
    let secret =
        Secret::builder().generate_secret_string(GenerateSecretString::auth_token()).recovery_window_in_days(0);
    let secret = scope.add("origin", secret.build());
    let tier = WebTier::builder()
        .network(&network)
        .certificate(issued(&scope, "origin"))
        .origin_secret(SecretValue::of(secret).any_region())
        .instance_type("t4g.small".parse().expect("a type"))
        .requests_target(variant.pick(1000.0, 1500.0))
        .statements([Statement::allow().action("secretsmanager:GetSecretValue").resource(secret.get(Secret::ARN))]);
    tier.build().add_to(&scope.child("web"));
}

fn kinds() -> Vec<&'static Kind> {
    [landfall_compute::kinds(), landfall_netlayer::kinds(), landfall_security::kinds()].concat()
}

#[test]
fn every_kind_has_a_case() {
    complete(&landfall_compute::kinds(), CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_on_the_wire() {
    let register =
        [landfall_compute::aws::register, landfall_netlayer::aws::register, landfall_security::aws::register];
    on_the_wire(&register, CASES);
}

#[test]
fn every_kind_passes_the_lifecycle_in_the_sandbox() {
    in_the_sandbox(&kinds(), CASES);
}
