//! Two trees of objects that cost nothing, for measurements: like Terraform's `terraform_data`, but in a cloud that
//! remembers what it holds.
#![allow(dead_code, unreachable_pub, reason = "shared by benches and examples, each of which uses a part")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use landfall_core::{
    AnyRegion, Context, Environment, Fault, Handle, Input, Kind, Live, Providers, Ref, Resource, Tags, Topology,
    TypedProvider,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

/// How many children each node has.
const FAN_OUT: usize = 10;

/// One object of a tree: refers to its parent, and carries a text that is known only once the parent exists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Leaf {
    parent: Option<Ref<Leaf>>,
    input: Input<String>,
}

impl Resource for Leaf {
    type At = AnyRegion;

    fn kind() -> &'static Kind {
        &LEAF
    }
}

static LEAF: Kind = Kind {
    fields: &[Field::replaces("parent"), Field::updates("input")],
    attributes: &[Reported::stable("id", "{token}")],
    identity: Identity::ClientToken,
    actions: Actions {
        create: &["test:CreateLeaf"],
        read: &["test:GetLeaf"],
        update: &["test:UpdateLeaf"],
        delete: &["test:DeleteLeaf"],
    },
    ..Kind::of::<Leaf>("test.leaf")
};

/// A topology of `resources` objects: two trees, one in each of two regions.
pub fn topology(resources: usize) -> Topology {
    let topology = Topology::new("scale", Environment::new("bench"));
    grow(&topology, "ap-south-1", resources.div_ceil(2));
    grow(&topology, "eu-west-2", resources / 2);
    topology
}

fn grow(topology: &Topology, region: &str, resources: usize) {
    let scope = topology.any_region(region.parse().expect("a region"));
    let mut handles: Vec<Handle<Leaf>> = Vec::with_capacity(resources);
    for number in 0..resources {
        let parent = (number > 0).then(|| handles[(number - 1) / FAN_OUT]);
        let input = match parent {
            Some(parent) => landfall_core::join![format!("leaf {number} of "), parent.id()],
            None => "the root".into(),
        };
        handles.push(scope.add(&format!("n{number}"), Leaf { parent: parent.map(Ref::from), input }));
    }
}

/// The cloud that holds the trees. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Cloud(Arc<Mutex<HashMap<String, Leaf>>>);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attributes {
    id: String,
}

impl Cloud {
    pub fn providers(&self) -> Providers {
        let mut providers = Providers::new();
        providers.add_typed(self.clone());
        providers
    }

    /// How many objects there are.
    pub fn count(&self) -> usize {
        self.objects().len()
    }

    fn objects(&self) -> MutexGuard<'_, HashMap<String, Leaf>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn id(cx: &Context) -> String {
    format!("leaf-{}", cx.token)
}

#[async_trait]
impl TypedProvider for Cloud {
    type Resource = Leaf;
    type Attributes = Attributes;

    async fn read(&self, _: &Context, id: &str) -> Result<Option<Live<Self::Resource, Attributes>>, Fault> {
        Ok(self.objects().get(id).map(|leaf| Live {
            resource: leaf.clone(),
            attributes: Attributes { id: id.to_owned() },
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, _: &Self::Resource) -> Result<Option<Live<Self::Resource, Attributes>>, Fault> {
        self.read(cx, &id(cx)).await
    }

    async fn create(&self, cx: &Context, want: &Self::Resource) -> Result<Attributes, Fault> {
        self.objects().insert(id(cx), want.clone());
        Ok(Attributes { id: id(cx) })
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Self::Resource,
        _: &Live<Self::Resource, Attributes>,
    ) -> Result<Attributes, Fault> {
        self.create(cx, want).await
    }

    async fn delete(&self, _: &Context, have: &Live<Self::Resource, Attributes>) -> Result<(), Fault> {
        self.objects().remove(&have.attributes.id);
        Ok(())
    }
}
