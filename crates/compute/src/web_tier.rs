//! A whole web tier of a region: load balancer, instances that scale, and the firewall between them.

use landfall_core::{AnyRegion, ArnRef, Handle, Input, Options, Region, Scope};
use landfall_netlayer::{
    InternetGateway, ManagedPrefixList, NatGateway, NetworkHandles, Protocol, RulePeer, SecurityGroup,
    SecurityGroupRule, Subnet, Vpc,
};
use landfall_security::{InstanceProfile, IssuedCertificate, Key, PolicyDocument, Role, SecretValue, Statement};

use crate::{
    action::Action,
    auto_scaling_group::AutoScalingGroup,
    instance_type::InstanceType,
    launch_template::{BlockDevice, Image, LaunchTemplate},
    listener::Listener,
    listener_rule::{Condition, ListenerRule, ORIGIN_SECRET_HEADER},
    load_balancer::{AccessLogs, LoadBalancer},
    scaling_policy::{ScalingPolicy, TargetTracking},
    target_group::{TargetGroup, TargetHealthCheck, TargetProtocol},
};

/// A web tier of a region: an internet-facing load balancer with HTTPS, instances in private subnets that scale on
/// CPU and requests, and security groups that let through only what flows between them.
///
/// ```text
/// CloudFront, Route 53's checkers ──443──▶ load balancer ──port──▶ instances ──443──▶ AWS's APIs
///            or everyone ──80, 443──▶          │ 80: redirect to HTTPS
///                                              │ 443: origin header or health path: forward; else 403
/// ```
///
/// Instances have no SSH key and no public address; people reach them by Session Manager.
#[derive(Debug, Clone, bon::Builder)]
pub struct WebTier<R: Region> {
    /// Where it lives: the handles of a [`Network`](landfall_netlayer::Network), or subnets of one's own.
    #[builder(into)]
    pub network: WebNetwork<R>,
    /// Certificate of the HTTPS listener; it covers the name by which CloudFront calls the load balancer.
    pub certificate: Handle<IssuedCertificate<R>>,
    /// Secret that CloudFront sends with each request, in the header [`ORIGIN_SECRET_HEADER`]; the same that the
    /// distribution takes, and of letters and digits. Requests without it get 403, except health checks. Default none: all requests pass.
    pub origin_secret: Option<SecretValue<AnyRegion>>,
    /// Whom the load balancer's security groups let in; default CloudFront and Route 53's health checkers.
    #[builder(default)]
    pub ingress: Ingress,
    /// Size of the instances.
    pub instance_type: InstanceType,
    /// What they start from; default the current Amazon Linux 2023 for their processor.
    pub image: Option<Image>,
    /// What runs when an instance starts for the first time; default nothing. No place for secrets.
    #[builder(default = Input::from(""), into)]
    pub user_data: Input<String>,
    /// Port on which the application listens; default 8080.
    #[builder(default = 8080)]
    pub port: u16,
    /// Protocol that it speaks; default HTTP.
    #[builder(default)]
    pub protocol: TargetProtocol,
    /// Path that answers 200 while the application is healthy, also without the secret header; default `/health`.
    #[builder(into, default = "/health".to_owned())]
    pub health_check_path: String,
    /// Seconds that a leaving instance has to finish its requests; default 30.
    #[builder(default = 30)]
    pub deregistration_delay_seconds: u32,
    /// Seconds from the start of an instance until it serves and counts; default 120.
    #[builder(default = 120)]
    pub warmup_seconds: u32,
    /// Fewest instances; default 2.
    #[builder(default = 2)]
    pub min_size: u32,
    /// Most instances; default 6.
    #[builder(default = 6)]
    pub max_size: u32,
    /// Average use of CPU, in percent, above which instances are added; default 80.
    #[builder(default = 80.0)]
    pub cpu_target: f64,
    /// Requests per minute and instance, above which instances are added; default 1000.
    #[builder(default = 1000.0)]
    pub requests_target: f64,
    /// Root volume of Amazon Linux; default 20 GiB.
    #[builder(default = 20)]
    pub volume_size_gib: u32,
    /// Key that encrypts the volumes; default AWS's own for EBS. Its policy must let the service-linked role of EC2
    /// Auto Scaling use it.
    #[builder(into)]
    pub volume_key: Option<ArnRef<Key<R>>>,
    /// What the application itself may do; default nothing but to be reached by Session Manager.
    #[builder(default, with = FromIterator::from_iter)]
    pub statements: Vec<Statement>,
    /// Where the load balancer records requests; default nowhere.
    #[builder(default)]
    pub access_logs: AccessLogs,
    /// Whether AWS refuses to delete the load balancer; default false.
    #[builder(default)]
    pub deletion_protection: bool,
    /// Name of the tier in the addresses of its role and profile, which belong to no region; default `web`. Two
    /// tiers of one region need two names.
    #[builder(into, default = "web".to_owned())]
    pub name: String,
}

/// Whom a load balancer's security groups let in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ingress {
    /// CloudFront's servers, and Route 53's health checkers, on port 443.
    #[default]
    CloudFront,
    /// Everyone, on ports 80 and 443.
    World,
}

/// Where a web tier lives.
#[derive(Debug, Clone)]
pub struct WebNetwork<R: Region> {
    /// The VPC.
    pub vpc: Handle<Vpc<R>>,
    /// Public subnets, for the load balancer.
    pub load_balancer_subnets: Vec<Handle<Subnet<R>>>,
    /// Private subnets, for the instances.
    pub instance_subnets: Vec<Handle<Subnet<R>>>,
    /// The VPC's way to the internet, without which AWS makes no internet-facing load balancer.
    pub internet_gateway: Handle<InternetGateway<R>>,
    /// The instances' way out: they start once it is there, so that their user data can fetch things.
    pub nat_gateways: Vec<Handle<NatGateway<R>>>,
}

impl<R: Region> From<&NetworkHandles<R>> for WebNetwork<R> {
    fn from(network: &NetworkHandles<R>) -> Self {
        Self {
            vpc: network.vpc,
            load_balancer_subnets: network.public_subnets.clone(),
            instance_subnets: network.private_subnets.clone(),
            internet_gateway: network.internet_gateway,
            nat_gateways: network.nat_gateways.clone(),
        }
    }
}

/// Everything that a [`WebTier`] declared.
#[derive(Debug, Clone)]
pub struct WebTierHandles<R: Region> {
    /// The load balancer.
    pub load_balancer: Handle<LoadBalancer<R>>,
    /// Security groups of the load balancer: one for users, and one for health checkers where those come apart.
    pub load_balancer_security_groups: Vec<Handle<SecurityGroup<R>>>,
    /// Security group of the instances: source of the rules of databases and caches.
    pub instance_security_group: Handle<SecurityGroup<R>>,
    /// The target group.
    pub target_group: Handle<TargetGroup<R>>,
    /// Port 80: redirects to HTTPS.
    pub http_listener: Handle<Listener<R>>,
    /// Port 443.
    pub https_listener: Handle<Listener<R>>,
    /// Rules of the HTTPS listener: requests with the secret header, and health checks.
    pub rules: Vec<Handle<ListenerRule<R>>>,
    /// Role of the instances.
    pub role: Handle<Role>,
    /// Profile that gives it to them.
    pub instance_profile: Handle<InstanceProfile>,
    /// The launch template.
    pub launch_template: Handle<LaunchTemplate<R>>,
    /// The auto scaling group.
    pub auto_scaling_group: Handle<AutoScalingGroup<R>>,
    /// Policy that follows the use of CPU.
    pub cpu_policy: Handle<ScalingPolicy<R>>,
    /// Policy that follows the number of requests.
    pub requests_policy: Handle<ScalingPolicy<R>>,
}

struct Groups<R: Region> {
    load_balancer: Vec<Handle<SecurityGroup<R>>>,
    instances: Handle<SecurityGroup<R>>,
}

struct Front<R: Region> {
    load_balancer: Handle<LoadBalancer<R>>,
    target_group: Handle<TargetGroup<R>>,
    http: Handle<Listener<R>>,
    https: Handle<Listener<R>>,
    rules: Vec<Handle<ListenerRule<R>>>,
}

impl<R: Region> WebTier<R> {
    /// Declares the tier; its addresses are those of the scope, its role and profile those of the global scope:
    /// `global/ap-south-1/web/iam.role:instances`.
    pub fn add_to(&self, scope: &Scope<'_, R>) -> WebTierHandles<R> {
        let groups = self.security_groups(scope);
        let front = self.front(scope, &groups);
        let (role, instance_profile) = self.identity(scope);
        let launch_template = scope.add("instances", self.template(groups.instances, instance_profile));
        let group = AutoScalingGroup::builder()
            .launch_template(launch_template)
            .subnets(&self.network.instance_subnets)
            .target_groups([front.target_group])
            .min_size(self.min_size)
            .max_size(self.max_size)
            .health_check_grace_period_seconds(self.warmup_seconds)
            .default_instance_warmup_seconds(self.warmup_seconds)
            .build();
        let way_out = self.network.nat_gateways.iter().fold(Options::new(), |options, nat| options.after(*nat));
        let auto_scaling_group = scope.add_with("instances", way_out, group);
        let policy = |policy: TargetTracking| ScalingPolicy::builder().group(auto_scaling_group).policy(policy).build();
        let requests = TargetTracking::requests(front.load_balancer, front.target_group, self.requests_target);
        // AWS refuses the policy while no request can reach the target group.
        let routed = front.rules.iter().fold(Options::new().after(front.https), |options, rule| options.after(*rule));
        WebTierHandles {
            load_balancer: front.load_balancer,
            load_balancer_security_groups: groups.load_balancer,
            instance_security_group: groups.instances,
            target_group: front.target_group,
            http_listener: front.http,
            https_listener: front.https,
            rules: front.rules,
            role,
            instance_profile,
            launch_template,
            auto_scaling_group,
            cpu_policy: scope.add("cpu", policy(TargetTracking::cpu(self.cpu_target))),
            requests_policy: scope.add_with("requests", routed, policy(requests)),
        }
    }

    fn security_groups(&self, scope: &Scope<'_, R>) -> Groups<R> {
        let group = |name: &str, description: &str| {
            scope.add(name, SecurityGroup::builder().vpc(self.network.vpc).description(description).build())
        };
        let instances = group("instances", "Instances: traffic from the load balancer, HTTPS out");
        let front = group("load-balancer", "Load balancer: HTTPS in, traffic to the instances out");
        let ingress = |name: &str, group, port: u16, source: RulePeer<R>| {
            let rule = SecurityGroupRule::ingress().security_group(group).protocol(Protocol::tcp(port)).source(source);
            scope.add(name, rule.build());
        };
        let mut load_balancer = vec![front];
        match self.ingress {
            Ingress::World => {
                ingress("https-from-world", front, 443, RulePeer::anywhere());
                ingress("http-from-world", front, 80, RulePeer::anywhere());
            }
            Ingress::CloudFront => {
                ingress("https-from-cloudfront", front, 443, ManagedPrefixList::cloudfront_origin_facing(scope).into());
                // CloudFront's list fills a group's quota of 60 rules but for five, so the checkers get their own.
                let checkers = group("health-checkers", "Load balancer: HTTPS from Route 53 health checkers");
                ingress("https-from-health-checkers", checkers, 443, health_checkers(scope).into());
                load_balancer.push(checkers);
            }
        }
        let port = Protocol::tcp(self.port);
        let out = SecurityGroupRule::egress().security_group(front).protocol(port).destination(instances);
        scope.add("load-balancer-to-instances", out.build());
        ingress("instances-from-load-balancer", instances, self.port, front.into());
        let out = SecurityGroupRule::egress().security_group(instances).protocol(Protocol::tcp(443));
        scope.add("instances-to-https", out.destination(RulePeer::anywhere()).build());
        Groups { load_balancer, instances }
    }

    fn front(&self, scope: &Scope<'_, R>, groups: &Groups<R>) -> Front<R> {
        let load_balancer = LoadBalancer::builder()
            .subnets(&self.network.load_balancer_subnets)
            .security_groups(&groups.load_balancer)
            .access_logs(self.access_logs.clone())
            .deletion_protection(self.deletion_protection)
            .build();
        let way_in = Options::new().after(self.network.internet_gateway);
        let load_balancer = scope.add_with("main", way_in, load_balancer);
        let check = TargetHealthCheck::builder()
            .path(&self.health_check_path)
            .protocol(self.protocol)
            .interval_seconds(10)
            .healthy_threshold(2)
            .unhealthy_threshold(3);
        let target_group = TargetGroup::builder()
            .vpc(self.network.vpc)
            .port(self.port)
            .protocol(self.protocol)
            .health_check(check.build())
            .deregistration_delay_seconds(self.deregistration_delay_seconds)
            .build();
        let target_group = scope.add("instances", target_group);
        let http = scope.add("http", Listener::redirect_to_https(load_balancer));
        let (default, rules) = match &self.origin_secret {
            None => (Action::forward(target_group), Vec::new()),
            Some(secret) => (
                Action::fixed_response(403, "forbidden"),
                vec![
                    ("from-cloudfront", 10, Condition::secret_header(ORIGIN_SECRET_HEADER, secret.clone())),
                    ("health", 20, Condition::paths([&self.health_check_path])),
                ],
            ),
        };
        let https = scope.add("https", Listener::https(load_balancer, self.certificate, default));
        let rule = |(name, priority, condition): (&str, u16, Condition)| {
            let rule = ListenerRule::builder().listener(https).priority(priority);
            scope.add(name, rule.conditions([condition]).action(target_group).build())
        };
        Front { load_balancer, target_group, http, https, rules: rules.into_iter().map(rule).collect() }
    }

    /// Role and profile, by which Session Manager and the application's own statements reach the instances.
    fn identity(&self, scope: &Scope<'_, R>) -> (Handle<Role>, Handle<InstanceProfile>) {
        let global = scope.topology().global().child(scope.place().as_str()).child(&self.name);
        let role = Role::builder()
            .assume_role_policy_document(PolicyDocument::trust("ec2.amazonaws.com"))
            .managed_policy_arns(["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"])
            .description(format!("Instances of the tier {} in {}", self.name, scope.place()));
        let role = if self.statements.is_empty() {
            role.build()
        } else {
            role.inline_policy("application", self.statements.iter().cloned().collect()).build()
        };
        let role = global.add("instances", role);
        (role, global.add("instances", InstanceProfile::builder().role(role).build()))
    }

    fn template(&self, group: Handle<SecurityGroup<R>>, profile: Handle<InstanceProfile>) -> LaunchTemplate<R> {
        let root = BlockDevice::builder()
            .device_name("/dev/xvda")
            .size_gib(self.volume_size_gib)
            .maybe_kms_key(self.volume_key.clone());
        let image = self.image.clone();
        LaunchTemplate::builder()
            .image(image.unwrap_or_else(|| Image::amazon_linux_2023(self.instance_type.architecture())))
            .instance_type(self.instance_type.clone())
            .instance_profile(profile)
            .security_groups([group])
            .user_data(self.user_data.clone())
            .block_devices([root.build()])
            .build()
    }
}

/// The addresses from which Route 53 checks endpoints; counts as 25 rules of a security group.
fn health_checkers<R: Region>(scope: &Scope<'_, R>) -> Handle<ManagedPrefixList<R>> {
    scope.lookup("route53-healthchecks", format!("com.amazonaws.{}.route53-healthchecks", scope.place()))
}

#[cfg(test)]
mod tests {
    use landfall_core::{AnyRegion, Declaration, Environment, Lowered, Mumbai, Topology, Value};
    use landfall_netlayer::Network;
    use landfall_security::{Certificate, GenerateSecretString, Secret};

    use super::*;

    fn declare(tier: impl FnOnce(&Scope<'_, Mumbai>, &NetworkHandles<Mumbai>) -> WebTier<Mumbai>) -> Lowered {
        let topology = Topology::new("twin", Environment::new("prod"));
        let scope = topology.region::<Mumbai>();
        let network = Network::builder().cidr_block("10.10.0.0/16".parse().expect("a range")).build();
        let network = network.add_to(&scope.child("net"));
        tier(&scope, &network).add_to(&scope.child("web"));
        topology.lower().expect("a tier without problems")
    }

    fn certificate(scope: &Scope<'_, Mumbai>) -> Handle<IssuedCertificate<Mumbai>> {
        let domain = "origin.example.com".parse().expect("a domain");
        let certificate = scope.add("origin", Certificate::builder().domain_name(domain).build());
        scope.add("origin", IssuedCertificate::of(certificate))
    }

    fn closed(scope: &Scope<'_, Mumbai>, network: &NetworkHandles<Mumbai>) -> WebTier<Mumbai> {
        let secret = Secret::builder().generate_secret_string(GenerateSecretString::auth_token());
        let secret = scope.add("origin", secret.build());
        WebTier::builder()
            .network(network)
            .certificate(certificate(scope))
            .origin_secret(SecretValue::of(secret).any_region())
            .instance_type("t4g.small".parse().expect("a type"))
            .build()
    }

    fn open(scope: &Scope<'_, Mumbai>, network: &NetworkHandles<Mumbai>) -> WebTier<Mumbai> {
        WebTier::builder()
            .network(network)
            .certificate(certificate(scope))
            .ingress(Ingress::World)
            .instance_type("m7i.large".parse().expect("a type"))
            .build()
    }

    fn of_kind<'l>(lowered: &'l Lowered, kind: &str) -> Vec<&'l Declaration> {
        lowered.declarations.iter().filter(|declaration| declaration.kind.name == kind).collect()
    }

    /// Every way in: group, port and source, as `load-balancer 443 0.0.0.0/0`.
    fn ways_in(lowered: &Lowered) -> Vec<String> {
        let rules = of_kind(lowered, "ec2.security_group_rule").into_iter();
        let rules = rules.filter(|rule| rule.fields["direction"].known() == Some("ingress".into()));
        let mut ways: Vec<_> = rules
            .map(|rule| {
                let mut names = Vec::new();
                rule.fields["security_group"].references(&mut |address, _| names.push(address.name().to_owned()));
                names
                    .push(rule.fields["protocol"].known().and_then(|it| Some(it.as_str()?.to_owned())).expect("ports"));
                rule.fields["peer"].references(&mut |address, _| names.push(address.name().to_owned()));
                if let Some(Value::Object(peer)) = rule.fields["peer"].known() {
                    names.extend(peer.values().map(|range| range.as_str().unwrap_or_default().to_owned()));
                }
                names.join(" ")
            })
            .collect();
        ways.sort();
        ways
    }

    #[test]
    fn requests_reach_instances_only_through_the_load_balancer() {
        assert_eq!(
            ways_in(&declare(closed)),
            [
                "health-checkers tcp/443 route53-healthchecks",
                "instances tcp/8080 load-balancer",
                "load-balancer tcp/443 cloudfront-origin-facing",
            ]
        );
        assert_eq!(
            ways_in(&declare(open)),
            ["instances tcp/8080 load-balancer", "load-balancer tcp/443 0.0.0.0/0", "load-balancer tcp/80 0.0.0.0/0",]
        );
    }

    #[test]
    fn a_secret_closes_the_listener_to_all_but_cloudfront_and_health_checks() {
        let lowered = declare(closed);
        let https = of_kind(&lowered, "elasticloadbalancing.listener");
        let https = https.iter().find(|listener| listener.address.name() == "https").expect("the listener");
        let default = https.fields["default_action"].known().expect("a fixed answer");
        assert_eq!(default["fixed_response"]["status_code"], 403);
        let rules = of_kind(&lowered, "elasticloadbalancing.listener_rule");
        assert_eq!(rules.iter().map(|rule| rule.address.name()).collect::<Vec<_>>(), ["from-cloudfront", "health"]);
        assert!(of_kind(&declare(open), "elasticloadbalancing.listener_rule").is_empty());
    }

    #[test]
    fn what_aws_needs_first_comes_first() {
        let lowered = declare(closed);
        let waits = |kind: &str, name: &str, on: &str| {
            let all = of_kind(&lowered, kind);
            let own = all.iter().find(|declaration| declaration.address.name() == name).expect("a declaration");
            let on = |address: &&landfall_core::Address| format!("{}:{}", address.kind(), address.name()) == on;
            assert!(own.dependencies().iter().any(on), "{} does not wait for it", own.address);
        };
        waits("elasticloadbalancing.load_balancer", "main", "ec2.internet_gateway:main");
        waits("autoscaling.group", "instances", "ec2.nat_gateway:nat-c");
        waits("autoscaling.policy", "requests", "elasticloadbalancing.listener_rule:from-cloudfront");
        waits("autoscaling.policy", "requests", "elasticloadbalancing.listener:https");
        waits("ec2.launch_template", "instances", "iam.instance_profile:instances");
    }

    #[test]
    fn the_image_follows_the_processor() {
        let image =
            |lowered: &Lowered| of_kind(lowered, "ec2.launch_template")[0].fields["image"].known().expect("an image");
        assert!(image(&declare(closed)).to_string().contains("arm64"));
        assert!(image(&declare(open)).to_string().contains("x86_64"));
    }

    #[test]
    fn two_regions_have_a_role_each() {
        let topology = Topology::new("twin", Environment::new("prod"));
        for (code, cidr) in [("ap-south-1", "10.10.0.0/16"), ("eu-west-2", "10.20.0.0/16")] {
            let scope: Scope<'_, AnyRegion> = topology.any_region(code.parse().expect("a region"));
            let network = Network::builder().cidr_block(cidr.parse().expect("a range")).build();
            let network = network.add_to(&scope.child("net"));
            let domain = "origin.example.com".parse().expect("a domain");
            let certificate = scope.add("origin", Certificate::builder().domain_name(domain).build());
            let tier = WebTier::builder()
                .network(&network)
                .certificate(scope.add("origin", IssuedCertificate::of(certificate)))
                .instance_type("t4g.small".parse().expect("a type"))
                .statements([Statement::allow().action("s3:GetObject").resource("arn:aws:s3:::assets/*")]);
            tier.build().add_to(&scope.child("web"));
        }
        let lowered = topology.lower().expect("no problems");
        let roles: Vec<_> = of_kind(&lowered, "iam.role").iter().map(|role| role.address.to_string()).collect();
        assert_eq!(roles, ["global/ap-south-1/web/iam.role:instances", "global/eu-west-2/web/iam.role:instances"]);
    }
}
