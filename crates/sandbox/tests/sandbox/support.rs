//! Kinds, contexts and calls for the tests of the sandbox.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use landfall_core::{
    Attributes, Context, Fault, Fields, Global, Kind, Locator, Observed, Pace, Resource, TAGS, Tags, Value,
    kind::{Actions, Exclusive, Field, Identity, Reach, Reported, Within},
    provider::{Desired, Reference},
    state::Token,
};
use landfall_sandbox::Sandbox;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// A resource with one field of each sort that the sandbox treats in its own way.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Database {
    name: String,
    subnets: Vec<String>,
    size: u32,
    #[serde(default)]
    note: Option<String>,
    #[serde(default)]
    password: Option<String>,
    #[serde(default)]
    role: Option<String>,
    #[serde(default)]
    certificate: Option<String>,
}

impl Resource for Database {
    type At = landfall_core::AnyRegion;

    fn kind() -> &'static Kind {
        &DATABASE
    }
}

/// `rds.database`: named by its users, slow, with a version that updates change.
pub(crate) static DATABASE: Kind = Kind {
    fields: &[
        Field::replaces("name"),
        Field::replaces("subnets").set(),
        Field::updates("size"),
        Field::updates("note"),
        Field::updates("password").secret(),
        Field::updates("role").reach(Reach::Anywhere),
        Field::updates("certificate").reach(Reach::Region("us-east-1")),
    ],
    attributes: &[
        Reported::stable("id", "{field.name}"),
        Reported::stable("arn", "arn:aws:rds:{region}:{account}:db:{attribute.id}"),
        Reported::stable("endpoint", "{attribute.id}.{hex:8}.{region}.rds.example.com"),
        Reported::changing("revision", "{upper:12}"),
        Reported::changing("version", "1"),
    ],
    identity: Identity::DerivedName,
    exclusive: &[Exclusive { fields: &["name"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &["rds:CreateDBInstance", "rds:AddTagsToResource"],
        read: &["rds:DescribeDBInstances"],
        update: &["rds:ModifyDBInstance"],
        delete: &["rds:DeleteDBInstance"],
    },
    timing: "aws_db_instance:single_az",
    ..Kind::of::<Database>("rds.database")
};

/// A resource with nothing but a name and references.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Named {
    name: String,
}

impl Resource for Named {
    type At = Global;

    fn kind() -> &'static Kind {
        &ROLE
    }
}

/// `iam.role`: global, seen late by others.
pub(crate) static ROLE: Kind = Kind {
    fields: &[Field::replaces("name")],
    attributes: &[
        Reported::stable("id", "{field.name}"),
        Reported::stable("arn", "arn:aws:iam::{account}:role/{attribute.id}"),
    ],
    identity: Identity::DerivedName,
    exclusive: &[Exclusive { fields: &["name"], within: Within::World }],
    actions: Actions {
        create: &["iam:CreateRole"],
        read: &["iam:GetRole"],
        update: &["iam:UpdateRole"],
        delete: &["iam:DeleteRole"],
    },
    timing: "aws_iam_role",
    ..Kind::of::<Named>("iam.role")
};

/// `acm.certificate`: regional.
pub(crate) static CERTIFICATE: Kind = Kind {
    fields: &[Field::updates("name")],
    attributes: &[Reported::stable("id", "arn:aws:acm:{region}:{account}:certificate/{hex:8}")],
    ..Kind::of::<Named>("acm.certificate")
};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Nothing {}

impl Resource for Nothing {
    type At = Global;

    fn kind() -> &'static Kind {
        &IDENTITY
    }
}

/// `sts.caller_identity`: nothing to declare, so it is always there.
pub(crate) static IDENTITY: Kind = Kind {
    attributes: &[Reported::stable("id", "{account}"), Reported::stable("arn", "arn:aws:iam::{account}:root")],
    ..Kind::of::<Nothing>("sts.caller_identity")
};

/// The kinds of these tests, with VPCs and subnets as the network layer declares them.
pub(crate) fn kinds() -> Vec<&'static Kind> {
    let network = landfall_netlayer::kinds();
    let network = network.into_iter().filter(|kind| matches!(kind.name, "ec2.vpc" | "ec2.subnet"));
    network.chain([&DATABASE, &ROLE, &CERTIFICATE, &IDENTITY]).collect()
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(kinds())
}

/// A caller: one resource of a topology, as the engine would act for it.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) sandbox: Sandbox,
    pub(crate) cx: Context,
    pub(crate) kind: &'static str,
}

/// The pace of an engine that runs on tokio.
pub(crate) struct Sleep;

#[async_trait]
impl Pace for Sleep {
    async fn pause(&self, duration: Duration) -> Result<(), Fault> {
        tokio::time::sleep(duration).await;
        Ok(())
    }

    fn waiting(&self, _: &str) {}
}

/// A caller for an address; the same address and generation give the same token.
pub(crate) fn caller(sandbox: &Sandbox, address: &str, generation: u8) -> Caller {
    let address: landfall_core::Address = address.parse().expect("an address");
    let hash = address.as_str().bytes().chain([generation]).fold(0xcbf2_9ce4_8422_2325_u128, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    });
    let kind = kinds().into_iter().find(|kind| kind.name == address.kind()).expect("a kind of these tests").name;
    let cx = Context {
        topology: "twin".to_owned(),
        environment: "test".to_owned(),
        place: address.place(),
        address,
        token: Token::from_random(hash.to_le_bytes()),
        tags: Tags::from([("team".to_owned(), "web".to_owned())]),
        timeout: Duration::from_hours(1),
        pace: Arc::new(Sleep),
    };
    Caller { sandbox: sandbox.clone(), cx, kind }
}

impl Caller {
    fn provider(&self) -> Arc<dyn landfall_core::Provider> {
        Arc::clone(self.sandbox.providers().provider(self.kind).expect("served"))
    }

    pub(crate) async fn create(&self, want: &Desired) -> Result<Attributes, Fault> {
        self.provider().reconcile(&self.cx, want, None).await
    }

    /// Creates as the engine does: again while the fault says so.
    pub(crate) async fn insist(&self, want: &Desired) -> Attributes {
        for _ in 0..50 {
            match self.create(want).await {
                Ok(attributes) => return attributes,
                Err(fault) if fault.kind.is_transient() => self.rest(2).await,
                Err(fault) => panic!("{}: {fault}", self.cx.address),
            }
        }
        panic!("{} never came to be", self.cx.address);
    }

    pub(crate) async fn update(&self, want: &Desired) -> Result<Attributes, Fault> {
        let have = self.read().await?.expect("something to update");
        self.update_knowing(want, &have).await
    }

    /// Updates what is there, if the read tells.
    pub(crate) async fn try_update(&self, want: &Desired) -> Result<Option<Attributes>, Fault> {
        match self.read().await? {
            Some(have) => self.update_knowing(want, &have).await.map(Some),
            None => Ok(None),
        }
    }

    pub(crate) async fn update_knowing(&self, want: &Desired, have: &Observed) -> Result<Attributes, Fault> {
        self.provider().reconcile(&self.cx, want, Some(have)).await
    }

    pub(crate) async fn read(&self) -> Result<Option<Observed>, Fault> {
        let id = self.sandbox.object_at(&self.cx.address).map(|object| object.id).unwrap_or_default();
        self.provider().observe(&self.cx, Locator::Id(&id)).await
    }

    pub(crate) async fn look_up(&self, id: &str) -> Result<Option<Observed>, Fault> {
        self.provider().observe(&self.cx, Locator::Id(id)).await
    }

    pub(crate) async fn find(&self, want: &Desired) -> Result<Option<Observed>, Fault> {
        self.provider().observe(&self.cx, Locator::Token(want)).await
    }

    pub(crate) async fn delete(&self, attributes: &Attributes) -> Result<(), Fault> {
        let have = Observed { fields: Fields::new(), attributes: attributes.clone() };
        self.provider().delete(&self.cx, &have).await
    }

    /// Lets virtual time pass.
    pub(crate) async fn rest(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

/// Runs a test in the virtual time of a sandbox.
pub(crate) fn within<F: Future<Output = ()> + Send + 'static>(sandbox: &Sandbox, test: impl FnOnce(Sandbox) -> F) {
    sandbox.block_on(test(sandbox.clone())).expect("no kill point");
}

/// Fields from a JSON object, with references of the given fields.
pub(crate) fn desired(fields: Value, references: &[(&str, &str, &str, &str)]) -> Desired {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let mut fields: Fields = fields.into_iter().collect();
    fields.entry(TAGS.to_owned()).or_insert_with(|| json!({ "team": "web" }));
    let references = references.iter().map(|(field, kind, attribute, value)| Reference {
        field: (*field).to_owned(),
        kind: (*kind).to_owned(),
        attribute: (*attribute).to_owned(),
        value: (*value).to_owned(),
    });
    Desired { fields, references: references.collect() }
}

pub(crate) fn vpc() -> Desired {
    desired(json!({ "cidr_block": "10.0.0.0/16", "enable_dns_hostnames": true, "enable_dns_support": true }), &[])
}

pub(crate) fn subnet(vpc: &str, third: u8) -> Desired {
    let fields = json!({
        "vpc": vpc,
        "cidr_block": format!("10.0.{third}.0/24"),
        "availability_zone": "ap-south-1a",
        "map_public_ip_on_launch": false,
    });
    desired(fields, &[("vpc", "ec2.vpc", "id", vpc)])
}

pub(crate) fn database(name: &str, subnets: &[&str]) -> Desired {
    let references: Vec<_> = subnets.iter().map(|subnet| ("subnets", "ec2.subnet", "id", *subnet)).collect();
    desired(json!({ "name": name, "subnets": subnets, "size": 20 }), &references)
}

pub(crate) fn text<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes.get(name).and_then(Value::as_str).unwrap_or_else(|| panic!("no attribute `{name}`"))
}
