//! Handles: typed references to declared resources.

use std::{fmt, hash, marker::PhantomData};

use crate::{expr::Expr, input::Input, problem::Problem, resource::Resource, topology::Topology};

/// Position of a declaration in the topology that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Node {
    pub(crate) topology: u32,
    pub(crate) index: u32,
}

/// A reference to a declared resource: 8 bytes, `Copy`.
///
/// The type says what the resource is and where it lives. A handle inside another resource is an edge of the
/// dependency graph; there is no second list of dependencies.
pub struct Handle<T> {
    node: Node,
    resource: PhantomData<fn() -> T>,
}

/// Name and type of something AWS reports of a `T`: `LoadBalancer::DNS_NAME`.
pub struct Attribute<T, V = String> {
    name: &'static str,
    of: PhantomData<fn() -> (T, V)>,
}

impl<T, V> Clone for Attribute<T, V> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T, V> Copy for Attribute<T, V> {}

impl<T, V> Attribute<T, V> {
    /// Names an attribute of the kind of `T`; for the files that define kinds.
    pub const fn new(name: &'static str) -> Self {
        Self { name, of: PhantomData }
    }
}

impl<T> Handle<T> {
    pub(crate) const fn new(node: Node) -> Self {
        Self { node, resource: PhantomData }
    }

    /// Position of the declaration.
    pub fn node(self) -> Node {
        self.node
    }

    /// What AWS will report of the resource, as an input for others.
    pub fn get<V>(self, attribute: Attribute<T, V>) -> Input<V> {
        Input::expression(Expr::Attribute { of: self.node, name: attribute.name.to_owned() })
    }

    /// The id by which AWS's API names the resource.
    pub fn id(self) -> Input<String> {
        self.get(Attribute::new("id"))
    }
}

impl<T: Resource> Handle<T> {
    /// Turns a handle whose region is known at run time into one the compiler checks.
    ///
    /// # Errors
    /// A [`Problem`] when the resource is of another kind, lives elsewhere, or belongs to another topology.
    pub fn narrow<U: Resource>(self, topology: &Topology) -> Result<Handle<U>, Problem> {
        topology.check_narrow::<U>(self.node).map(|()| Handle::new(self.node))
    }

    /// Forgets the region: what [`narrow`](Self::narrow) undoes.
    ///
    /// # Errors
    /// A [`Problem`] when `U` is of another kind.
    pub fn widen<U: Resource>(self, topology: &Topology) -> Result<Handle<U>, Problem> {
        self.narrow(topology)
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Handle<T> {}
impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}
impl<T> Eq for Handle<T> {}
impl<T> hash::Hash for Handle<T> {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.node.hash(state);
    }
}
impl<T: Resource> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", T::kind().name, self.node.index)
    }
}
