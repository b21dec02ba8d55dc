//! Inputs and references: what a resource's fields hold.

use std::{fmt, marker::PhantomData};

use serde::{Deserialize, Deserializer, Serialize, Serializer, ser::SerializeMap};

use crate::{
    expr::{Expr, Function},
    handle::{Handle, Node},
    resource::Resource,
};

/// Key that marks an expression inside the serialized form of a declaration.
pub(crate) const MARKER: &str = "$landfall";

/// A field's value of type `V`, which may be unknown until other resources exist.
#[derive(Clone, PartialEq)]
pub struct Input<V> {
    form: Form<V>,
}

#[derive(Clone, PartialEq)]
enum Form<V> {
    Value(V),
    Expression(Expr<Node>),
}

impl<V> Input<V> {
    pub(crate) fn expression(expr: Expr<Node>) -> Self {
        Self { form: Form::Expression(expr) }
    }

    /// The value, as a provider reads it.
    ///
    /// # Panics
    /// On a declaration whose value is unknown. Providers receive resolved resources, in which every input
    /// is a value.
    pub fn value(&self) -> &V {
        match &self.form {
            Form::Value(value) => value,
            Form::Expression(_) => panic!("the value of an input is known only once it is resolved"),
        }
    }

    /// The value, `None` while it depends on other resources.
    pub fn known(&self) -> Option<&V> {
        match &self.form {
            Form::Value(value) => Some(value),
            Form::Expression(_) => None,
        }
    }
}

impl<V: Serialize> Input<V> {
    /// The input as an expression, for use inside others.
    fn into_expr(self) -> Expr<Node> {
        match self.form {
            Form::Value(value) => crate::lower::to_expr(&value),
            Form::Expression(expr) => expr,
        }
    }

    /// Changes the type: for inputs whose text is known to be of form `W`.
    pub fn cast<W: From<V>>(self) -> Input<W> {
        match self.form {
            Form::Value(value) => Input::from(W::from(value)),
            Form::Expression(expr) => Input::expression(expr),
        }
    }

    /// Applies a named pure function.
    #[must_use]
    pub fn call(self, function: Function) -> Input<String> {
        Input::expression(Expr::Call { function, argument: Box::new(self.into_expr()) })
    }
}

/// Any serializable value, with the inputs inside it, as one line of JSON.
pub fn json(value: &impl Serialize) -> Input<String> {
    Input::expression(Expr::Call { function: Function::Json, argument: Box::new(crate::lower::to_expr(value)) })
}

/// Joins inputs and texts into one text: `join!["https://", alb.get(LoadBalancer::DNS_NAME), "/live"]`.
#[macro_export]
macro_rules! join {
    ($($part:expr),+ $(,)?) => {
        $crate::join_parts([$($crate::Input::<String>::from($part)),+])
    };
}

/// Joins parts into one text; what [`join!`] expands to.
pub fn join_parts(parts: impl IntoIterator<Item = Input<String>>) -> Input<String> {
    Input::expression(Expr::Join(parts.into_iter().map(Input::into_expr).collect()))
}

impl<V> From<V> for Input<V> {
    fn from(value: V) -> Self {
        Self { form: Form::Value(value) }
    }
}
impl From<&str> for Input<String> {
    fn from(value: &str) -> Self {
        Self::from(value.to_owned())
    }
}
impl<V> From<&Input<V>> for Input<V>
where
    V: Clone,
{
    fn from(input: &Input<V>) -> Self {
        input.clone()
    }
}

impl<V: fmt::Debug> fmt::Debug for Input<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.form {
            Form::Value(value) => value.fmt(f),
            Form::Expression(expr) => expr.fmt(f),
        }
    }
}

impl<V: Serialize> Serialize for Input<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.form {
            Form::Value(value) => value.serialize(serializer),
            Form::Expression(expr) => marked(expr, serializer),
        }
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Input<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        V::deserialize(deserializer).map(Self::from)
    }
}

fn marked<S: Serializer>(expr: &Expr<Node>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(MARKER, expr)?;
    map.end()
}

/// By which of its names a reference points at a resource.
pub trait Naming: Copy + Send + Sync + 'static {
    /// The attribute that a reference resolves to.
    const ATTRIBUTE: &'static str;
}

/// By its id, as most of AWS's APIs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ById;
impl Naming for ById {
    const ATTRIBUTE: &'static str = "id";
}

/// By its Amazon Resource Name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByArn;
impl Naming for ByArn {
    const ATTRIBUTE: &'static str = "arn";
}

/// A reference to a `T` inside another resource, made from a handle or from a known id.
pub struct Ref<T, N = ById> {
    target: Target,
    of: PhantomData<fn() -> (T, N)>,
}

/// A [`Ref`] that resolves to the ARN.
pub type ArnRef<T> = Ref<T, ByArn>;

#[derive(Clone, PartialEq)]
enum Target {
    Declared(Node),
    Id(String),
}

impl<T, N> Ref<T, N> {
    /// Refers to something that exists already, by the id (or ARN, for [`ArnRef`]) that AWS gave it.
    pub fn existing(id: impl Into<String>) -> Self {
        Self { target: Target::Id(id.into()), of: PhantomData }
    }

    /// The id or ARN, as a provider reads it.
    ///
    /// # Panics
    /// On a declaration. Providers receive resolved resources, in which every reference is an id.
    pub fn id(&self) -> &str {
        match &self.target {
            Target::Id(id) => id,
            Target::Declared(_) => panic!("a reference has an id only once it is resolved"),
        }
    }

    /// The same reference, as one to a `U`: for builders whose own bounds hold the rule that the type held,
    /// and for kinds that AWS takes in another's place (a replica key as a key).
    pub fn cast<U>(self) -> Ref<U, N> {
        Ref { target: self.target, of: PhantomData }
    }
}

/// A handle of a `Self` can stand where a `T` is referred to: holds only where they are the same type.
#[diagnostic::on_unimplemented(
    message = "a handle of `{Self}` can't stand where a `{T}` is referred to",
    label = "this handle is of another kind or region",
    note = "AWS wires together only certain kinds, and most of them only within one region"
)]
pub trait Is<T> {}
impl<T> Is<T> for T {}

impl<T, N, H: Is<T>> From<Handle<H>> for Ref<T, N> {
    fn from(handle: Handle<H>) -> Self {
        Self { target: Target::Declared(handle.node()), of: PhantomData }
    }
}
impl<T, N, H: Is<T>> From<&Handle<H>> for Ref<T, N> {
    fn from(handle: &Handle<H>) -> Self {
        Self::from(*handle)
    }
}
impl<T, N> Clone for Ref<T, N> {
    fn clone(&self) -> Self {
        Self { target: self.target.clone(), of: PhantomData }
    }
}
impl<T, N> PartialEq for Ref<T, N> {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target
    }
}
impl<T, N> Eq for Ref<T, N> {}
impl Eq for Target {}
impl<T, N> fmt::Debug for Ref<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Declared(node) => write!(f, "#{}", node.index),
            Target::Id(id) => f.write_str(id),
        }
    }
}
impl<T: Resource, N: Naming> Serialize for Ref<T, N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let expr = match &self.target {
            Target::Declared(node) => Expr::Attribute { of: *node, name: N::ATTRIBUTE.to_owned() },
            Target::Id(id) => Expr::Existing { kind: T::kind().name.to_owned(), id: id.clone() },
        };
        marked(&expr, serializer)
    }
}
impl<'de, T, N> Deserialize<'de> for Ref<T, N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::existing)
    }
}
