//! Providers: how a kind's objects are observed, reconciled and deleted.

use std::{collections::BTreeMap, fmt, sync::Arc};

use async_trait::async_trait;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    attributes::{Attributes, Fields, Tags, Value},
    context::Context,
    fault::{Fault, FaultKind},
    kind::Kind,
    lower::to_fields,
    plan::merge,
    resource::Resource,
    tags,
    topology::TAGS,
};

/// How the objects of one kind are observed, reconciled and deleted: the only seam to a cloud.
///
/// # Assumptions
/// The intent of a create, update or delete is durable before the call.
///
/// # Guarantees
/// Each operation may be repeated: a create finds what an interrupted one made, an update brings about the
/// same fields, a delete of something absent succeeds. None prints, spawns, or reads the clock or the
/// environment; all pauses go through the [`Context`].
#[async_trait]
pub trait Provider: Send + Sync {
    /// Reads an object completely; `None` when it does not exist.
    async fn observe(&self, cx: &Context, locator: Locator<'_>) -> Result<Option<Observed>, Fault>;

    /// Creates the object, or changes the one there is (`have`) to what is wanted.
    async fn reconcile(&self, cx: &Context, want: &Desired, have: Option<&Observed>) -> Result<Attributes, Fault>;

    /// Deletes the object and waits until nothing of it blocks others.
    async fn delete(&self, cx: &Context, have: &Observed) -> Result<(), Fault>;
}

/// How to find an object.
#[derive(Debug, Clone, Copy)]
pub enum Locator<'a> {
    /// By the id that AWS gave it.
    Id(&'a str),
    /// By the token of the context, after a create whose outcome is unknown.
    Token(&'a Desired),
}

/// Fields of a resource, resolved, with what they refer to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    /// The fields; tags under [`TAGS`] for kinds that take them.
    pub fields: Fields,
    /// What the fields refer to.
    pub references: Vec<Reference>,
}

/// One resolved reference: the field that holds it, and what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Name of the field.
    pub field: String,
    /// Kind of the object referred to.
    pub kind: String,
    /// Attribute of it that the field takes: `id`, `arn`, `dns_name`.
    pub attribute: String,
    /// The attribute's value.
    pub value: String,
}

/// An object as it is in AWS.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// Fields that AWS tells, in the form of the resource; tags under [`TAGS`] without Landfall's own.
    pub fields: Fields,
    /// What AWS reports besides.
    pub attributes: Attributes,
}

impl Observed {
    /// The id of the object.
    pub fn id(&self) -> &str {
        self.attributes.get("id").and_then(Value::as_str).unwrap_or_default()
    }
}

/// An object as it is in AWS, typed.
#[derive(Debug, Clone, PartialEq)]
pub struct Live<R, A> {
    /// Its fields. Fields marked write-only hold anything here when read; they are left out of comparisons.
    pub resource: R,
    /// What AWS reports besides.
    pub attributes: A,
    /// Its tags, all of them when read.
    pub tags: Tags,
}

/// A [`Provider`] over the typed resource of its kind; [`typed`] makes the one of the other.
///
/// # Assumptions
/// `Attributes` serializes to a map with the attributes that the kind lists, `id` among them.
#[async_trait]
pub trait TypedProvider: Send + Sync + 'static {
    /// The resource, at [`AnyRegion`](crate::AnyRegion) where it is generic.
    type Resource: Resource;
    /// What AWS reports of it.
    type Attributes: Serialize + DeserializeOwned + Clone + Send + Sync + 'static;

    /// Reads an object by its id; `None` when it does not exist.
    async fn read(&self, cx: &Context, id: &str) -> Result<Option<Live<Self::Resource, Self::Attributes>>, Fault>;

    /// Finds what an interrupted create of `want` made under the context's token; `None` when it made nothing,
    /// also when an object of the name exists that is not ours.
    async fn find(
        &self,
        cx: &Context,
        want: &Self::Resource,
    ) -> Result<Option<Live<Self::Resource, Self::Attributes>>, Fault>;

    /// Creates the object with all its fields and tags, and waits until others can use it. Where it ends in
    /// [`FaultKind::Taken`] and [`find`](Self::find) knows the object as ours, [`update`](Self::update) completes it.
    async fn create(&self, cx: &Context, want: &Self::Resource) -> Result<Self::Attributes, Fault>;

    /// Changes the object in place, fields and tags, and waits until it is ready again.
    async fn update(
        &self,
        cx: &Context,
        want: &Self::Resource,
        have: &Live<Self::Resource, Self::Attributes>,
    ) -> Result<Self::Attributes, Fault>;

    /// Deletes the object, if it exists, and waits until nothing of it blocks others.
    async fn delete(&self, cx: &Context, have: &Live<Self::Resource, Self::Attributes>) -> Result<(), Fault>;
}

/// The provider that a typed one makes.
pub fn typed<P: TypedProvider>(provider: P) -> Arc<dyn Provider> {
    Arc::new(Typed(provider))
}

struct Typed<P>(P);

#[async_trait]
impl<P: TypedProvider> Provider for Typed<P> {
    async fn observe(&self, cx: &Context, locator: Locator<'_>) -> Result<Option<Observed>, Fault> {
        let live = match locator {
            Locator::Id(id) => self.0.read(cx, id).await?,
            Locator::Token(want) => self.0.find(cx, &resource::<P>(&want.fields)?).await?,
        };
        live.as_ref().map(observed::<P>).transpose()
    }

    async fn reconcile(&self, cx: &Context, want: &Desired, have: Option<&Observed>) -> Result<Attributes, Fault> {
        let resource = resource::<P>(&want.fields)?;
        let attributes = match have {
            None => match self.0.create(cx, &resource).await {
                Err(fault) if fault.kind == FaultKind::Taken => self.complete(cx, want, &resource, fault).await?,
                created => created?,
            },
            Some(have) => self.0.update(cx, &resource, &live::<P>(have)?).await?,
        };
        to_fields(&attributes).ok_or_else(|| broken::<P>("attributes", "they are no map"))
    }

    async fn delete(&self, cx: &Context, have: &Observed) -> Result<(), Fault> {
        self.0.delete(cx, &live::<P>(have)?).await
    }
}

impl<P: TypedProvider> Typed<P> {
    /// Completes what the context's token made before: a create is answered by "taken" also where an earlier attempt
    /// of the SDK or the engine made the object and only its answer was lost.
    ///
    /// # Errors
    /// `taken`, when the object of that name is not ours.
    async fn complete(
        &self,
        cx: &Context,
        want: &Desired,
        resource: &P::Resource,
        taken: Fault,
    ) -> Result<P::Attributes, Fault> {
        let Ok(Some(made)) = self.0.find(cx, resource).await else { return Err(taken) };
        let made = observed::<P>(&made)?;
        let have = Observed { fields: merge(&want.fields, &made.fields), attributes: made.attributes };
        self.0.update(cx, resource, &live::<P>(&have)?).await
    }
}

fn resource<P: TypedProvider>(fields: &Fields) -> Result<P::Resource, Fault> {
    let fields = fields.iter().filter(|(name, _)| *name != TAGS).map(|(k, v)| (k.clone(), v.clone())).collect();
    serde_json::from_value(Value::Object(fields)).map_err(|error| broken::<P>("fields", &error.to_string()))
}

fn live<P: TypedProvider>(have: &Observed) -> Result<Live<P::Resource, P::Attributes>, Fault> {
    let attributes = Value::Object(have.attributes.clone().into_iter().collect());
    let tags = have.fields.get(TAGS).cloned().unwrap_or_else(|| Value::Object(serde_json::Map::new()));
    Ok(Live {
        resource: resource::<P>(&have.fields)?,
        attributes: serde_json::from_value(attributes)
            .map_err(|error| broken::<P>("attributes", &error.to_string()))?,
        tags: serde_json::from_value(tags).map_err(|error| broken::<P>("tags", &error.to_string()))?,
    })
}

fn observed<P: TypedProvider>(live: &Live<P::Resource, P::Attributes>) -> Result<Observed, Fault> {
    let kind = P::Resource::kind();
    let mut fields = to_fields(&live.resource).ok_or_else(|| broken::<P>("fields", "they are no map of values"))?;
    fields.retain(|name, _| kind.field(name).is_none_or(|field| !field.write_only));
    if kind.taggable {
        fields.insert(TAGS.to_owned(), serde_json::json!(tags::declared(&live.tags)));
    }
    let attributes = to_fields(&live.attributes).ok_or_else(|| broken::<P>("attributes", "they are no map"))?;
    Ok(Observed { fields, attributes })
}

fn broken<P: TypedProvider>(what: &str, why: &str) -> Fault {
    let kind = P::Resource::kind().name;
    Fault::new(FaultKind::Fatal, format!("reading the {what} of {kind}"), why)
}

/// A cloud: every kind by its stable name, with the provider that serves it.
#[derive(Clone, Default)]
pub struct Providers(BTreeMap<&'static str, (&'static Kind, Arc<dyn Provider>)>);

impl Providers {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the provider of a kind, replacing an earlier one.
    pub fn add(&mut self, kind: &'static Kind, provider: Arc<dyn Provider>) {
        self.0.insert(kind.name, (kind, provider));
    }

    /// Adds a typed provider under the kind of its resource.
    pub fn add_typed<P: TypedProvider>(&mut self, provider: P) {
        self.add(P::Resource::kind(), typed(provider));
    }

    /// The kind of that name.
    pub fn kind(&self, name: &str) -> Option<&'static Kind> {
        self.0.get(name).map(|(kind, _)| *kind)
    }

    /// The provider of the kind of that name.
    pub fn provider(&self, name: &str) -> Option<&Arc<dyn Provider>> {
        self.0.get(name).map(|(_, provider)| provider)
    }

    /// Every kind, by name.
    pub fn kinds(&self) -> impl Iterator<Item = &'static Kind> {
        self.0.values().map(|(kind, _)| *kind)
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
