//! Mistakes that the compiler can't see are refused before anything is planned, each with cause and mend.

use landfall_compute::{
    AccessLogs, Action, AdjustmentType, Architecture, AutoScalingGroup, BlockDevice, Condition, HealthCheckType, Image,
    InstanceRefresh, LaunchTemplate, Listener, ListenerProtocol, ListenerRule, LoadBalancer, LoadBalancingAlgorithm,
    MetadataOptions, Parameter, Redirect, RefreshPreferences, ScalingPolicy, StepAdjustment, StepScaling, Stickiness,
    TargetGroup, TargetHealthCheck, TargetTracking, TerminationPolicy, Tls, VolumeType,
};
use landfall_core::{AnyRegion, ArnRef, Environment, Handle, Mumbai, Ref, Region, Scope, Topology};
use landfall_netlayer::{SecurityGroup, Subnet, Vpc};
use landfall_security::{IssuedCertificate, Secret};

/// Declares with `declare` and expects each problem to be told, and no more than those.
fn refused(declare: impl FnOnce(&Scope<'_, Mumbai>), expected: &[&str]) {
    let topology = Topology::new("rules", Environment::new("test"));
    declare(&topology.region::<Mumbai>());
    told(&topology, expected);
}

fn told(topology: &Topology, expected: &[&str]) {
    let problems = topology.lower().map_or_else(|problems| problems, |_| landfall_core::Problems::default());
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    for part in expected {
        assert!(told.iter().any(|problem| problem.contains(part)), "no problem says {part:?}: {told:#?}");
    }
    assert_eq!(told.len(), expected.len(), "{told:#?}");
}

struct Net<R: Region> {
    vpc: Handle<Vpc<R>>,
    a: Handle<Subnet<R>>,
    b: Handle<Subnet<R>>,
    group: Handle<SecurityGroup<R>>,
}

fn net<R: Region>(scope: &Scope<'_, R>) -> Net<R> {
    let vpc = scope.add("main", Vpc::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build());
    let subnet = |letter: &str, cidr: &str| {
        let cidr = cidr.parse().expect("a range");
        let zone = format!("{}{letter}", scope.place());
        scope.add(letter, Subnet::builder().vpc(vpc).cidr_block(cidr).availability_zone(zone).build())
    };
    let group = scope.add("main", SecurityGroup::builder().vpc(vpc).description("Under test").build());
    Net { vpc, a: subnet("a", "10.10.0.0/20"), b: subnet("b", "10.10.16.0/20"), group }
}

fn template(
    scope: &Scope<'_, Mumbai>,
    name: &str,
    group: Handle<SecurityGroup<Mumbai>>,
) -> Handle<LaunchTemplate<Mumbai>> {
    let template = LaunchTemplate::builder()
        .image(Image::amazon_linux_2023(Architecture::Arm64))
        .instance_type("t4g.small".parse().expect("a type"))
        .security_groups([group]);
    scope.add(name, template.build())
}

fn arn(what: &str) -> String {
    format!("arn:aws:elasticloadbalancing:ap-south-1:123456789012:{what}")
}

#[test]
fn load_balancers() {
    refused(
        |scope| {
            let (one, other) = (net(scope), net(&scope.child("other")));
            let balancer = || LoadBalancer::builder().security_groups([one.group]);
            let logs = AccessLogs::to("logs", "/web");
            scope.add("single", balancer().subnets([one.a]).build());
            let no_groups = LoadBalancer::builder().security_groups([] as [Handle<SecurityGroup<Mumbai>>; 0]);
            scope.add("open", no_groups.subnets([one.a, one.b]).build());
            scope.add("mixed", balancer().subnets([one.a, other.b]).build());
            scope.add("elsewhere", balancer().subnets([other.a, other.b]).build());
            scope.add("twice", balancer().subnets([one.a, one.a]).build());
            scope.add("idle", balancer().subnets([one.a, one.b]).idle_timeout_seconds(5000).access_logs(logs).build());
        },
        &[
            "load_balancer:single: `subnets` has fewer than two",
            "load_balancer:open: `security_groups` has none",
            "load_balancer:mixed: `subnets` names ap-south-1/other/ec2.subnet:b, which is not in the VPC of ap-south-1/ec2.subnet:a",
            "load_balancer:elsewhere: `security_groups` names ap-south-1/ec2.security_group:main, which is not in the VPC",
            "load_balancer:twice: two of `subnets` are in ap-south-1a",
            "load_balancer:idle: `idle_timeout_seconds` is outside 1 to 4000",
            "load_balancer:idle: `access_logs` has the prefix `/web`",
        ],
    );
}

#[test]
fn target_groups() {
    refused(
        |scope| {
            let vpc = net(scope).vpc;
            let group = || TargetGroup::builder().vpc(vpc);
            scope.add("port", group().port(0).build());
            let slow = TargetHealthCheck::builder().path("health").interval_seconds(10).timeout_seconds(10).build();
            scope.add("check", group().port(80).health_check(slow).build());
            let rare = TargetHealthCheck::builder().interval_seconds(400).healthy_threshold(1).build();
            scope.add("ranges", group().port(80).health_check(rare).deregistration_delay_seconds(7200).build());
            let least = LoadBalancingAlgorithm::LeastOutstandingRequests;
            scope.add("slow", group().port(80).slow_start_seconds(30).load_balancing_algorithm(least).build());
            scope.add("slower", group().port(80).slow_start_seconds(5).build());
            let cookie = Stickiness::ApplicationCookie { name: "AWSALB".to_owned(), duration_seconds: 0 };
            scope.add("cookie", group().port(80).stickiness(cookie).build());
        },
        &[
            "target_group:port: `port` is 0",
            "target_group:check: `health_check.timeout_seconds` is not less than `interval_seconds`",
            "target_group:check: `health_check.path` is `health`; start it with `/`",
            "target_group:ranges: `health_check.interval_seconds` is 400; use 5 to 300",
            "target_group:ranges: `health_check.healthy_threshold` is 1; use 2 to 10",
            "target_group:ranges: `deregistration_delay_seconds` is more than 3600",
            "target_group:slow: `slow_start_seconds` works with the algorithm `round_robin` only",
            "target_group:slower: `slow_start_seconds` is neither 0 nor within 30 to 900",
            "target_group:cookie: `stickiness` lasts for less than a second",
            "target_group:cookie: `stickiness` names the cookie `AWSALB`",
        ],
    );
}

#[test]
fn listeners() {
    refused(
        |scope| {
            let (one, other) = (net(scope), net(&scope.child("other")));
            let balancer = LoadBalancer::builder().subnets([one.a, one.b]).security_groups([one.group]);
            let balancer = scope.add("main", balancer.build());
            let target_group = scope.add("web", TargetGroup::builder().vpc(other.vpc).port(80).build());
            scope.add("vpc", Listener::http(balancer, target_group));
            scope.add("double", Listener::http(balancer, Action::fixed_response(404, "")));
            let existing: Ref<LoadBalancer<Mumbai>> = Ref::existing(arn("loadbalancer/app/x/1"));
            scope.add("loop", Listener::http(existing.clone(), Redirect::builder().query("x=1").build()));
            let listener = |port, protocol| {
                let action = Action::fixed_response(302, "moved");
                let listener = Listener::builder().load_balancer(existing.clone()).port(port).protocol(protocol);
                listener.default_action(action).build()
            };
            scope.add("zero", listener(0, ListenerProtocol::Http));
            let certificate: ArnRef<IssuedCertificate<Mumbai>> =
                ArnRef::existing("arn:aws:acm:ap-south-1:1:certificate/1");
            let old = Tls { certificate, ssl_policy: "ELBSecurityPolicy-2016-08".to_owned() };
            scope.add("old", listener(443, ListenerProtocol::Https(old)));
            let none: [(Ref<TargetGroup<Mumbai>>, u32); 0] = [];
            scope.add(
                "nowhere",
                Listener::http(Ref::existing(arn("loadbalancer/app/y/1")), Action::forward_weighted(none)),
            );
        },
        &[
            "listener:vpc: `default_action` names ap-south-1/elasticloadbalancing.target_group:web, which is not in the VPC",
            "listener:double: it has the same `load_balancer` and `port` as ap-south-1/elasticloadbalancing.listener:vpc",
            "listener:loop: `default_action` redirects to where the request came from",
            "listener:zero: `port` is 0",
            "listener:zero: `default_action` answers 302",
            "listener:old: `protocol` uses ELBSecurityPolicy-2016-08, which lets TLS 1.0 or 1.1 in",
            "listener:old: `default_action` answers 302",
            "listener:nowhere: `default_action` forwards to 0 target groups",
        ],
    );
}

#[test]
fn listener_rules() {
    refused(
        |scope| {
            let listener: Ref<Listener<Mumbai>> = Ref::existing(arn("listener/app/x/1/2"));
            let add = |name: &str, priority, conditions: Vec<Condition>, action: Action<Mumbai>| {
                let rule = ListenerRule::builder().listener(listener.clone()).priority(priority).conditions(conditions);
                scope.add(name, rule.action(action).build());
            };
            let target: Ref<TargetGroup<Mumbai>> = Ref::existing(arn("targetgroup/x/1"));
            let forward = || Action::forward(target.clone());
            add("all", 0, vec![], forward());
            add(
                "many",
                1,
                vec![Condition::paths(["/a", "/b", "/c"]), Condition::hosts(["a.com", "b.com", "c.com"])],
                forward(),
            );
            add("twice", 2, vec![Condition::paths(["/a"]), Condition::paths(["/b"])], forward());
            add("host", 3, vec![Condition::header("Host", ["a.com"])], forward());
            add("long", 4, vec![Condition::paths(["/a".repeat(70)])], forward());
            add("heavy", 5, vec![Condition::paths(["/a"])], Action::forward_weighted([(target.clone(), 1000)]));
            add("same", 5, vec![Condition::paths(["/a"])], forward());
            let secret = scope.add("wild", Secret::builder().build());
            add("wild", 6, vec![Condition::secret_header("x-verify", secret)], forward());
        },
        &[
            "listener_rule:all: `priority` is outside 1 to 50000",
            "listener_rule:all: `conditions` is empty",
            "listener_rule:many: `conditions` has 6 values",
            "listener_rule:twice: `conditions` has `path_pattern` twice",
            "listener_rule:host: `conditions` names no header",
            "listener_rule:long: `conditions` has the value",
            "listener_rule:heavy: `action` has a weight of more than 999",
            "listener_rule:wild: `conditions` takes a header from ap-south-1/secretsmanager.secret:wild, which may hold `*`",
            "listener_rule:same: it has the same `listener` and `priority`",
        ],
    );
}

#[test]
fn launch_templates() {
    refused(
        |scope| {
            let group = net(scope).group;
            let template = |kind: &str| {
                let image = Image::amazon_linux_2023(Architecture::Arm64);
                LaunchTemplate::builder().image(image).instance_type(kind.parse().expect("a type"))
            };
            scope.add("intel", template("m7i.large").security_groups([group]).build());
            let none: [Handle<SecurityGroup<Mumbai>>; 0] = [];
            scope.add("open", template("m7g.large").security_groups(none).build());
            let hops = MetadataOptions::builder().hop_limit(65).build();
            scope.add("hops", template("m7g.large").security_groups([group]).metadata_options(hops).build());
            scope.add("long", template("m7g.large").security_groups([group]).user_data("#".repeat(16_385)).build());
            let disk = |name: &str| BlockDevice::builder().device_name(name).size_gib(20);
            let key: ArnRef<landfall_security::Key<Mumbai>> = ArnRef::existing("arn:aws:kms:ap-south-1:1:key/1");
            let disks = [
                disk("/dev/a").volume_type(VolumeType::Io2).build(),
                disk("/dev/b").volume_type(VolumeType::Gp2).iops(3000).throughput_mib(125).build(),
                disk("/dev/c").encrypted(false).kms_key(key).build(),
                disk("/dev/c").build(),
                BlockDevice::builder().device_name("/dev/d").size_gib(0).build(),
            ];
            scope.add("disks", template("m7g.large").security_groups([group]).block_devices(disks).build());
        },
        &[
            "launch_template:intel: `image` is for arm64, but m7i.large is x86_64; choose the x86_64 image",
            "launch_template:open: `security_groups` has none",
            "launch_template:hops: `metadata_options.hop_limit` is outside 1 to 64",
            "launch_template:long: `user_data` is longer than 16 KiB",
            "launch_template:disks: `block_devices` /dev/a: io2 needs `iops`",
            "launch_template:disks: `block_devices` /dev/b: gp2 takes no `iops`",
            "launch_template:disks: `block_devices` /dev/b: only gp3 takes `throughput_mib`",
            "launch_template:disks: `block_devices` /dev/c: it has a `kms_key` but is not `encrypted`",
            "launch_template:disks: `block_devices` has /dev/c twice",
            "launch_template:disks: `block_devices` /dev/d: `size_gib` is outside 1 to 65536",
        ],
    );
}

#[test]
fn auto_scaling_groups() {
    refused(
        |scope| {
            let (one, other) = (net(scope), net(&scope.child("other")));
            let (here, there) = (template(scope, "here", one.group), template(scope, "there", other.group));
            let group = || AutoScalingGroup::builder().launch_template(here).health_check_type(HealthCheckType::Ec2);
            scope.add("sizes", group().subnets([one.a]).min_size(4).max_size(2).build());
            scope.add("desired", group().subnets([one.a]).min_size(1).max_size(2).desired_capacity(3).build());
            let none: [Handle<Subnet<Mumbai>>; 0] = [];
            let no_order: [TerminationPolicy; 0] = [];
            scope.add("empty", group().subnets(none).min_size(1).max_size(2).termination_policies(no_order).build());
            let elb = AutoScalingGroup::builder().launch_template(here).subnets([one.a]).min_size(1).max_size(2);
            scope.add("elb", elb.build());
            let mixed = AutoScalingGroup::builder().launch_template(there).health_check_type(HealthCheckType::Ec2);
            scope.add("mixed", mixed.subnets([one.a]).min_size(1).max_size(2).build());
            let refreshed = |name: &str, preferences| {
                let group = group().subnets([one.a]).min_size(1).max_size(2);
                scope.add(name, group.instance_refresh(InstanceRefresh::Rolling(preferences)).build());
            };
            refreshed("stuck", RefreshPreferences::builder().max_healthy_percentage(100).build());
            refreshed(
                "wide",
                RefreshPreferences::builder().min_healthy_percentage(50).max_healthy_percentage(200).build(),
            );
            refreshed("back", RefreshPreferences::builder().auto_rollback(true).build());
        },
        &[
            "group:sizes: `min_size` 4 is more than `max_size` 2",
            "group:desired: `desired_capacity` 3 is outside 1 to 2",
            "group:empty: `subnets` is empty",
            "group:empty: `termination_policies` is empty",
            "group:elb: `health_check_type` is ELB without `target_groups`",
            "group:mixed: `launch_template` names ap-south-1/other/ec2.security_group:main, which is not in the VPC",
            "group:stuck: `instance_refresh` keeps exactly 100 % healthy",
            "group:wide: `instance_refresh` keeps 50 % to 200 % healthy",
            "group:back: `instance_refresh.auto_rollback` does not work with an image by parameter",
        ],
    );
}

#[test]
fn scaling_policies_and_parameters() {
    refused(
        |scope| {
            let group: Ref<AutoScalingGroup<Mumbai>> = Ref::existing("web");
            let policy = || ScalingPolicy::builder().group(group.clone());
            scope.add("cpu", policy().policy(TargetTracking::cpu(180.0)).build());
            let step = |lower_bound, upper_bound| StepAdjustment { lower_bound, upper_bound, adjustment: 1 };
            let steps = StepScaling::builder()
                .adjustment_type(AdjustmentType::ChangeInCapacity)
                .steps([step(Some(0.0), Some(10.0)), step(Some(20.0), None)])
                .min_adjustment_magnitude(2)
                .build();
            scope.add("steps", policy().policy(steps).build());
            scope.add("again", policy().policy(TargetTracking::cpu(180.0)).build());
            let name = "/aws/service/mine".parse().expect("a name");
            scope.add("reserved", Parameter::builder().name(name).value("1").build());
        },
        &[
            "policy:cpu: `policy` aims at 180",
            "policy:again: `policy` aims at 180",
            "policy:again: `policy` tracks the same metric as ap-south-1/autoscaling.policy:cpu",
            "policy:steps: `policy` has steps with a gap",
            "policy:steps: `policy` has `min_adjustment_magnitude`",
            "parameter:reserved: `name` /aws/service/mine starts with a word that AWS keeps for itself",
        ],
    );
}

#[test]
fn regions_known_at_run_time_only() {
    let topology = Topology::new("rules", Environment::new("test"));
    let india: Scope<'_, AnyRegion> = topology.any_region("ap-south-1".parse().expect("a region"));
    let london: Scope<'_, AnyRegion> = topology.any_region("eu-west-2".parse().expect("a region"));
    let there = net(&london);
    let here = net(&india);
    let balancer = LoadBalancer::builder().subnets([there.a, there.b]).security_groups([there.group]).build();
    let balancer = india.add("main", balancer);
    let target_group = london.add("web", TargetGroup::builder().vpc(there.vpc).port(80).build());
    london.add("web", Listener::http(balancer, target_group));
    let template =
        LaunchTemplate::builder().image(Image::ami("ami-1")).instance_type("t3.micro".parse().expect("a type"));
    let template = london.add("web", template.security_groups([there.group]).build());
    let group = AutoScalingGroup::builder().launch_template(template).subnets([there.a]).min_size(1).max_size(2);
    india.add("web", group.health_check_type(HealthCheckType::Ec2).build());
    let _ = here;
    told(
        &topology,
        &[
            "load_balancer:main: `subnets` refers to eu-west-2/ec2.subnet:a, which lives in eu-west-2",
            "load_balancer:main: `subnets` refers to eu-west-2/ec2.subnet:b, which lives in eu-west-2",
            "load_balancer:main: `security_groups` refers to eu-west-2/ec2.security_group:main",
            "listener:web: `load_balancer` refers to ap-south-1/elasticloadbalancing.load_balancer:main",
            "group:web: `launch_template` refers to eu-west-2/ec2.launch_template:web",
            "group:web: `subnets` refers to eu-west-2/ec2.subnet:a",
        ],
    );
}
