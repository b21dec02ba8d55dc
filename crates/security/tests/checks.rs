//! What types can't refuse is refused before the plan, all of it at once and with the mend.

use landfall_core::{ApSouth1, ApSouth2, ArnRef, Environment, EuWest2, Fields, PlaceCode, Ref, Topology, Value};
use landfall_security::{
    Alias, CallerIdentity, Certificate, GenerateSecretString, InstanceProfile, Key, ManagedPolicy, PolicyDocument,
    ReplicaKey, ReplicaRegion, Role, Secret, SecretValue, Statement,
};

fn problems(declare: impl Fn(&Topology)) -> String {
    let topology = Topology::new("test", Environment::new("dev"));
    declare(&topology);
    topology.lower().map_or_else(|problems| problems.to_string(), |_| String::new())
}

fn refused(declare: impl Fn(&Topology), expected: &[&str]) {
    let found = problems(declare);
    for part in expected {
        assert!(found.contains(part), "`{part}` is not in:\n{found}");
    }
}

fn region(code: &str) -> PlaceCode {
    code.parse().expect("a region")
}

fn trust() -> PolicyDocument {
    PolicyDocument::trust("ec2.amazonaws.com")
}

#[test]
fn roles() {
    refused(
        |topology| {
            let role = Role::builder()
                .inline_policy("assets", PolicyDocument::new([Statement::allow().action("s3:GetObject")]))
                .assume_role_policy_document(PolicyDocument::new([]))
                .max_session_duration_seconds(60)
                .path("web");
            topology.global().add("web", role.build());
        },
        &[
            "`inline_policies.assets`: statement 0 has no resources: name their ARNs",
            "`assume_role_policy_document` has no statements",
            "`max_session_duration_seconds` 60 is out of range: AWS takes 3600 to 43200",
            "`path` `web` needs a slash at both ends",
        ],
    );
    refused(
        |topology| {
            let policy = PolicyDocument::new([Statement::trust("ec2.amazonaws.com")]);
            topology.global().add("shared", ManagedPolicy::builder().policy_document(policy).build());
        },
        &["`policy_document`: statement 0 names principals, but is about the role itself: remove them"],
    );
}

#[test]
fn keys() {
    refused(
        |topology| {
            let key = Key::builder().deletion_window_in_days(5).rotation_period_in_days(30).enable_key_rotation(false);
            topology.region::<ApSouth1>().add("data", key.build());
        },
        &[
            "`deletion_window_in_days` 5 is out of range: AWS takes 7 to 30",
            "`rotation_period_in_days` 30 is out of range: AWS takes 90 to 2560",
            "`rotation_period_in_days` says how often, but `enable_key_rotation` is off",
        ],
    );
    refused(
        |topology| {
            let primary = topology.region::<ApSouth1>().add("data", Key::builder().build());
            topology.region::<EuWest2>().add("data", ReplicaKey::builder().primary(primary).build());
        },
        &["`primary` ap-south-1/kms.key:data can't have replicas: set `multi_region` on it"],
    );
    refused(
        |topology| {
            let (one, same) = (topology.any_region(region("eu-west-2")), topology.any_region(region("eu-west-2")));
            let primary = one.add("data", Key::builder().multi_region(true).build());
            same.add("data", ReplicaKey::builder().primary(primary).build());
        },
        &["`primary` refers to eu-west-2/kms.key:data, which lives in eu-west-2"],
    );
}

#[test]
fn aliases_are_unique_in_their_region() {
    let declare = |topology: &Topology| {
        let india = topology.region::<ApSouth1>();
        let key = india.add("data", Key::builder().build());
        let name = || "alias/data".parse().expect("a name");
        india.add("a", Alias::builder().alias_name(name()).target_key(key).build());
        india.add("b", Alias::builder().alias_name(name()).target_key(key).build());
    };
    refused(declare, &["it has the same `alias_name` as ap-south-1/kms.alias:a"]);
}

#[test]
fn secrets() {
    refused(
        |topology| {
            let india = topology.any_region(region("ap-south-1"));
            let key = india.add("data", Key::builder().build());
            let replica = |code| ReplicaRegion { region: region(code), kms_key: None };
            let secret = Secret::builder()
                .any_replica(replica("ap-south-1"), None)
                .any_replica(replica("eu-west-2"), None)
                .any_replica(ReplicaRegion { kms_key: Some(key.into()), ..replica("ap-south-2") }, None)
                .any_replica(replica("ap-south-2"), None)
                .generate_secret_string(GenerateSecretString::builder().password_length(5000).build())
                .recovery_window_in_days(3);
            india.add("db", secret.build());
        },
        &[
            "`recovery_window_in_days` 3 is out of range: AWS takes 7 to 30, or 0 for at once",
            "`generate_secret_string.password_length` 5000 is out of range",
            "`replica_regions` names ap-south-1, where the secret itself lives",
            "`replica_regions` names eu-west-2, which lies under another law than ap-south-1: say why",
            "`replica_regions`: the key ap-south-1/kms.key:data is not of ap-south-2",
            "`replica_regions` names ap-south-2 twice",
        ],
    );
}

#[test]
fn the_caller_is_looked_up_only() {
    refused(
        |topology| {
            topology.global().add("me", CallerIdentity {});
        },
        &["use `Scope::lookup`"],
    );
}

#[test]
fn what_is_right_has_no_problems() {
    let declare = |topology: &Topology| {
        let (india, south, london) =
            (topology.region::<ApSouth1>(), topology.region::<ApSouth2>(), topology.region::<EuWest2>());
        let me = topology.global().lookup::<CallerIdentity>("me", CallerIdentity::SELF);
        let account = me.get(CallerIdentity::ACCOUNT_ID);
        let trust = PolicyDocument::new([Statement::trust("ec2.amazonaws.com").source_account(account)]);
        let role = topology.global().add("web", Role::builder().assume_role_policy_document(trust).build());
        topology.global().add("web", InstanceProfile::builder().role(role).build());
        let primary = india.add("data", Key::builder().multi_region(true).build());
        let replica = london.add("data", ReplicaKey::builder().primary(primary).build());
        let name = "alias/data".parse().expect("a name");
        london.add("data", Alias::builder().alias_name(name).target_key(ReplicaKey::as_key_id(replica)).build());
        let there = south.add("data", Key::builder().build());
        let secret = Secret::builder()
            .encrypted_replica::<ApSouth2>(there)
            .cross_border_replica::<EuWest2>("the standby in London opens the same database")
            .kms_key(primary);
        let secret = india.add("db", secret.build());
        let value = SecretValue::of(secret).json_key("password").any_region();
        let text = serde_json::to_string(&value).expect("a value");
        assert!(text.contains("version_id") && text.contains("\"json_key\":\"password\""), "{text}");
        india.add("site", Certificate::builder().domain_name("example.com".parse().expect("a name")).build());
    };
    assert_eq!(problems(declare), "");
}

#[test]
fn every_default_is_read_back_from_what_it_is_written_as() {
    let existing = |id: &str| Ref::existing(id);
    let written = [
        serde_json::to_value(Role::builder().assume_role_policy_document(trust()).build()),
        serde_json::to_value(InstanceProfile::builder().role(existing("web")).build()),
        serde_json::to_value(ManagedPolicy::builder().policy_document(trust()).build()),
        serde_json::to_value(Key::<ApSouth1>::builder().build()),
        serde_json::to_value(
            ReplicaKey::<ApSouth1>::builder().primary(ArnRef::<Key<EuWest2>>::existing("arn:aws:kms:…")).build(),
        ),
        serde_json::to_value(Secret::<ApSouth1>::builder().build()),
        serde_json::to_value(
            Certificate::<ApSouth1>::builder().domain_name("example.com".parse().expect("a name")).build(),
        ),
    ];
    let names =
        ["iam.role", "iam.instance_profile", "iam.policy", "kms.key", "kms.replica_key", "secretsmanager.secret"];
    let kinds = landfall_security::kinds();
    let by_name = |name: &str| *kinds.iter().find(|kind| kind.name == name).expect("a kind");
    for (name, written) in names.into_iter().chain(["acm.certificate"]).zip(written) {
        let mut fields = written.expect("fields");
        let members = fields.as_object_mut().expect("a map");
        for member in members.values_mut() {
            // What lowering makes of a reference: the text by which it is known.
            if let Some(id) = member.pointer("/$landfall/existing/id").cloned() {
                *member = id;
            }
        }
        let kind = by_name(name);
        let listed: Vec<_> = kind.fields.iter().map(|field| field.name).collect();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        assert_eq!(members.keys().map(String::as_str).collect::<Vec<_>>(), sorted, "{name} lists its fields");
        // What AWS does not tell is absent from what is observed, and the rest still reads.
        let told: Fields = members
            .clone()
            .into_iter()
            .filter(|(field, _)| kind.field(field).is_some_and(|field| !field.write_only))
            .collect();
        let told = Value::Object(told.into_iter().collect());
        (kind.parse)(&told).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
