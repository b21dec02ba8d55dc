//! Topologies and scopes: what one program declares.

use std::{
    collections::BTreeMap,
    fmt,
    marker::PhantomData,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use serde::Serialize;

use crate::{
    address::{Address, check_name},
    attributes::{Attributes, Tags},
    declarations::Declarations,
    expr::Expr,
    handle::{Handle, Node},
    kind::Kind,
    lower::to_expr,
    options::{Keep, Lifecycle, Options},
    place::{Global, Place, PlaceCode, Region},
    problem::{Problem, Problems},
    resource::Resource,
    validate,
};

/// Name of the field under which a taggable resource carries its tags.
pub const TAGS: &str = "tags";

pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_hours(1);

/// A deployment of a topology: `prod`, `staging`. Part of names, tags and the state's key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Environment(String);

impl Environment {
    /// Names an environment: lower-case letters, digits and `-`; checked with the topology.
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Everything one program declares: resources in places, added through [scopes](Scope).
///
/// Declaring never fails: what the compiler can't refuse is collected and reported all at once by
/// [`lower`](Self::lower), before anything is planned.
#[derive(Debug)]
pub struct Topology {
    id: u32,
    name: String,
    environment: Environment,
    body: Mutex<Body>,
}

#[derive(Debug, Default)]
struct Body {
    declarations: Declarations,
    problems: Vec<Problem>,
    tags: Tags,
}

/// One declared resource, lowered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Declaration {
    /// Its name in the topology.
    pub address: Address,
    /// What the engine knows of its AWS type.
    #[serde(serialize_with = "kind_name")]
    pub kind: &'static Kind,
    /// Where it lives.
    pub place: PlaceCode,
    /// Its fields, with references to other declarations as expressions.
    pub fields: BTreeMap<String, Expr>,
    /// Its options.
    pub lifecycle: Lifecycle,
    /// Resources it waits for that no field refers to.
    pub after: Vec<Address>,
    /// Id of the object to read, when the topology only looks it up and doesn't own it.
    pub lookup: Option<String>,
}

impl PartialEq for &'static Kind {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
fn kind_name<S: serde::Serializer>(kind: &&'static Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name)
}

impl Declaration {
    /// Addresses of everything the declaration waits for, sorted, each once.
    pub fn dependencies(&self) -> Vec<&Address> {
        let mut found: Vec<&Address> = self.after.iter().collect();
        for field in self.fields.values() {
            field.references(&mut |address, _| found.push(address));
        }
        found.sort();
        found.dedup();
        found
    }
}

/// A topology that is free of problems: what plans are made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Lowered {
    /// Name of the topology.
    pub topology: String,
    /// Its environment.
    pub environment: String,
    /// Its resources, each after everything it depends on.
    pub declarations: Declarations,
}

impl Lowered {
    /// The declaration at an address.
    pub fn get(&self, address: &Address) -> Option<&Declaration> {
        self.declarations.at(address)
    }
}

impl Topology {
    /// An empty topology.
    ///
    /// `name` has lower-case letters, digits and `-`, at most 24; it starts every derived name and tag, and
    /// with the environment it is the key of the state.
    pub fn new(name: impl Into<String>, environment: Environment) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = name.into();
        let mut body = Body::default();
        for (what, text) in [("topology", &name), ("environment", &environment.0)] {
            if !is_label(text) {
                body.problems.push(Problem::general(
                    format!("`{text}` can't name {} {what}", if what == "topology" { "a" } else { "an" }),
                    "use 1 to 24 lower-case letters, digits and `-`, with a letter first",
                ));
            }
        }
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), name, environment, body: Mutex::new(body) }
    }

    /// Name of the topology.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its environment.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// Adds a tag to everything declared from here on that takes tags: cost allocation, ownership.
    pub fn tag(&self, key: impl Into<String>, value: impl Into<String>) {
        self.body().tags.insert(key.into(), value.into());
    }

    /// The scope of a region that the compiler knows.
    ///
    /// # Panics
    /// For [`AnyRegion`](crate::AnyRegion), whose code only [`any_region`](Self::any_region) takes.
    pub fn region<R: Region>(&self) -> Scope<'_, R> {
        let code = R::CODE.expect("`AnyRegion` has no code of its own: use `any_region(code)`");
        self.scope(code.parse().expect("region types carry known codes"))
    }

    /// The scope of a region chosen at run time.
    pub fn any_region(&self, code: PlaceCode) -> Scope<'_, crate::place::AnyRegion> {
        if code.is_global() {
            self.report(Problem::general(
                "`global` is not a region",
                "use `Topology::global` for what belongs to no region",
            ));
        }
        self.scope(code)
    }

    /// The scope of resources that belong to no region.
    pub fn global(&self) -> Scope<'_, Global> {
        self.scope(PlaceCode::global())
    }

    fn scope<P: Place>(&self, place: PlaceCode) -> Scope<'_, P> {
        Scope { topology: self, place, prefix: place.as_str().to_owned(), tags: Tags::new(), at: PhantomData }
    }

    /// Reports a problem of a composite or a program with the others; the topology can't be planned then.
    pub fn report(&self, problem: Problem) {
        self.body().problems.push(problem);
    }

    /// Validates everything and returns the declarations in an order that respects their dependencies.
    ///
    /// # Errors
    /// Every problem of the topology at once.
    pub fn lower(&self) -> Result<Lowered, Problems> {
        let body = self.body();
        let mut problems = body.problems.clone();
        problems.extend(validate::problems(&body.declarations));
        Problems::new(problems).or(Lowered {
            topology: self.name.clone(),
            environment: self.environment.0.clone(),
            declarations: body.declarations.clone(),
        })
    }

    /// The address of a declared resource.
    ///
    /// # Errors
    /// A [`Problem`] when the handle belongs to another topology.
    pub fn address<T>(&self, handle: Handle<T>) -> Result<Address, Problem> {
        address_of(self.id, &self.body().declarations, handle.node())
    }

    pub(crate) fn check_narrow<U: Resource>(&self, node: Node) -> Result<(), Problem> {
        let body = self.body();
        let address = address_of(self.id, &body.declarations, node)?;
        let place = address.place();
        if address.kind() != U::kind().name {
            return Err(Problem::at(&address, format!("it is no {}", U::kind().name), "narrow it to its own kind"));
        }
        match U::At::CODE {
            Some(code) if code != place.as_str() => Err(Problem::at(
                &address,
                format!("it lives in {place}, not in {code}"),
                format!("declare it in {code}, or narrow it to the type of {place}"),
            )),
            _ => Ok(()),
        }
    }

    fn body(&self) -> MutexGuard<'_, Body> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_label(text: &str) -> bool {
    (1..=24).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn address_of(topology: u32, declarations: &[Declaration], node: Node) -> Result<Address, Problem> {
    if node.topology != topology {
        return Err(Problem::general(
            "a handle belongs to another topology",
            "handles connect resources of one topology; read what another one owns with `lookup`",
        ));
    }
    Ok(declarations[node.index as usize].address.clone())
}

/// Where declarations go: a place, in the type, and a prefix of names.
#[derive(Debug, Clone)]
pub struct Scope<'t, P: Place> {
    topology: &'t Topology,
    place: PlaceCode,
    prefix: String,
    tags: Tags,
    at: PhantomData<P>,
}

impl<'t, P: Place> Scope<'t, P> {
    /// The topology that the scope belongs to.
    pub fn topology(&self) -> &'t Topology {
        self.topology
    }

    /// The place of the scope, at run time.
    pub fn place(&self) -> PlaceCode {
        self.place
    }

    /// A scope inside this one; its name becomes part of addresses: `ap-south-1/net/…`.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        if let Err(why) = check_name(name) {
            self.topology
                .report(Problem::general(format!("scope `{}/{name}`: {why}", self.prefix), "rename the scope"));
        }
        Self { prefix: format!("{}/{name}", self.prefix), ..self.clone() }
    }

    /// A scope of the same name whose resources carry one more tag.
    #[must_use]
    pub fn tagged(&self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let mut scope = self.clone();
        scope.tags.insert(key.into(), value.into());
        scope
    }

    /// Declares a resource.
    pub fn add<T: Resource<At = P>>(&self, name: &str, resource: T) -> Handle<T> {
        self.add_with(name, Options::new(), resource)
    }

    /// Declares a resource with options.
    #[expect(clippy::needless_pass_by_value, reason = "a declaration hands its resource over")]
    pub fn add_with<T: Resource<At = P>>(&self, name: &str, options: Options, resource: T) -> Handle<T> {
        self.declare::<T>(name, options, to_expr(&resource), None)
    }

    /// Refers to something that exists already and that the topology does not own: it is read, never changed.
    pub fn lookup<T: Resource<At = P>>(&self, name: &str, id: impl Into<String>) -> Handle<T> {
        self.declare::<T>(name, Options::new(), Expr::Map(BTreeMap::new()), Some(id.into()))
    }

    fn declare<T: Resource>(
        &self,
        name: &str,
        options: Options,
        fields: Expr<Node>,
        lookup: Option<String>,
    ) -> Handle<T> {
        let kind = T::kind();
        let address = Address::new(&self.prefix, kind.name, name);
        let mut body = self.topology.body();
        if let Err(why) = check_name(name) {
            body.problems.push(Problem::at(&address, why, "rename the resource"));
        }
        let own = self.topology.id;
        let mut found = Vec::new();
        let declared = &body.declarations;
        let mut resolve = |node: Node| {
            Ok::<_, std::convert::Infallible>(address_of(own, declared, node).unwrap_or_else(|problem| {
                found.push(Problem { address: Some(address.clone()), ..problem });
                address.clone()
            }))
        };
        let Ok(fields) = fields.try_map(&mut resolve);
        let after = options.after.iter().map(|node| resolve(*node)).filter_map(Result::ok).collect();
        let formerly = options.formerly.iter().filter_map(|text| match text.parse() {
            Ok(address) => Some(address),
            Err(error) => {
                found.push(Problem::at(&address, format!("`formerly` names no address: {error}"), ""));
                None
            }
        });
        let lifecycle = Lifecycle {
            keep: Keep { timeout: options.timeout, ..options.keep },
            ignore: options.ignore,
            formerly: formerly.collect(),
            timeout: options.timeout.unwrap_or(DEFAULT_TIMEOUT),
        };
        let mut fields = match fields {
            Expr::Map(fields) => fields,
            other => BTreeMap::from([("value".to_owned(), other)]),
        };
        if kind.taggable && lookup.is_none() {
            let tags = self.merged_tags(&body.tags, options.tags, &address);
            fields.insert(TAGS.to_owned(), Expr::from(serde_json::json!(tags)));
        }
        body.problems.extend(found);
        if body.declarations.at(&address).is_some() {
            body.problems.push(Problem::at(&address, "it is declared twice", "give one of them another name or scope"));
        }
        let position = body.declarations.len();
        body.declarations.push(Declaration { address, kind, place: self.place, fields, lifecycle, after, lookup });
        let index = u32::try_from(position).expect("a topology has fewer than four billion resources");
        Handle::new(Node { topology: own, index })
    }

    /// The topology's tags, the scope's, the resource's own, and a `Name` where none says otherwise.
    fn merged_tags(&self, topology: &Tags, own: Tags, address: &Address) -> Tags {
        let path = address.scope().split_once('/').map_or(String::new(), |(_, scopes)| format!("{scopes}/"));
        let name = format!("{}-{}/{path}{}", self.topology.name, self.topology.environment, address.name());
        let mut tags = Tags::from([("Name".to_owned(), name)]);
        tags.extend(topology.clone());
        tags.extend(self.tags.clone());
        tags.extend(own);
        tags
    }
}

/// Attributes that were read for a lookup, by address.
pub type Lookups = BTreeMap<Address, Attributes>;
