//! Expressions: field values that may be unknown until apply, as data.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{address::Address, attributes::Value};

/// A field's value as a tree of known values and references to other resources.
///
/// `T` is what a reference points at: a node while declaring, an [`Address`] once lowered. An expression is
/// data: a plan prints it, a file stores it, a diff compares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expr<T = Address> {
    /// A known scalar.
    Value(Value),
    /// A list.
    List(Vec<Expr<T>>),
    /// A map or a nested structure.
    Map(BTreeMap<String, Expr<T>>),
    /// What AWS reports of another resource of the topology.
    Attribute {
        /// The resource.
        of: T,
        /// Name of the attribute in the resource's kind.
        name: String,
    },
    /// The id (or ARN) of something that the topology does not declare.
    Existing {
        /// Kind of the object.
        kind: String,
        /// Its id or ARN, as AWS writes it.
        id: String,
    },
    /// The parts, as text, one after the other.
    Join(Vec<Expr<T>>),
    /// A pure function of an expression.
    Call {
        /// The function.
        function: Function,
        /// Its argument.
        argument: Box<Expr<T>>,
    },
}

/// Pure functions that an expression may apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// The argument as one line of JSON, keys sorted: policy documents, dashboard bodies.
    Json,
    /// The text in lower case.
    Lowercase,
    /// The text without a trailing dot: DNS names as browsers write them.
    TrimDot,
}

impl Function {
    fn call(self, argument: &Value) -> Value {
        match self {
            Self::Json => Value::String(argument.to_string()),
            Self::Lowercase => Value::String(text(argument).to_lowercase()),
            Self::TrimDot => Value::String(text(argument).trim_end_matches('.').to_owned()),
        }
    }
}

/// A value as the text that stands for it inside a longer text.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

impl<T> From<Value> for Expr<T> {
    fn from(value: Value) -> Self {
        match value {
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => Self::Map(fields.into_iter().map(|(k, v)| (k, Self::from(v))).collect()),
            scalar => Self::Value(scalar),
        }
    }
}

impl<T> Expr<T> {
    /// The value, `None` while any part of it is unknown.
    pub fn known(&self) -> Option<Value> {
        match self {
            Self::Value(value) => Some(value.clone()),
            Self::List(items) => items.iter().map(Self::known).collect::<Option<Vec<_>>>().map(Value::Array),
            Self::Map(fields) => fields
                .iter()
                .map(|(name, field)| Some((name.clone(), field.known()?)))
                .collect::<Option<serde_json::Map<_, _>>>()
                .map(Value::Object),
            Self::Attribute { .. } => None,
            Self::Existing { id, .. } => Some(Value::String(id.clone())),
            Self::Join(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(|part| part.known().as_ref().map(text)).collect();
                parts.map(|parts| Value::String(parts.concat()))
            }
            Self::Call { function, argument } => argument.known().map(|argument| function.call(&argument)),
        }
    }

    /// The same expression over other targets; the first error stops.
    pub fn try_map<U, E>(self, target: &mut impl FnMut(T) -> Result<U, E>) -> Result<Expr<U>, E> {
        Ok(match self {
            Self::Value(value) => Expr::Value(value),
            Self::List(items) => {
                Expr::List(items.into_iter().map(|item| item.try_map(target)).collect::<Result<_, _>>()?)
            }
            Self::Map(fields) => Expr::Map(
                fields.into_iter().map(|(name, field)| Ok((name, field.try_map(target)?))).collect::<Result<_, _>>()?,
            ),
            Self::Attribute { of, name } => Expr::Attribute { of: target(of)?, name },
            Self::Existing { kind, id } => Expr::Existing { kind, id },
            Self::Join(parts) => {
                Expr::Join(parts.into_iter().map(|part| part.try_map(target)).collect::<Result<_, _>>()?)
            }
            Self::Call { function, argument } => Expr::Call { function, argument: Box::new(argument.try_map(target)?) },
        })
    }

    /// Calls `visit` with the target and the attribute of every reference, in order.
    pub fn references<'e>(&'e self, visit: &mut impl FnMut(&'e T, &'e str)) {
        match self {
            Self::Value(_) | Self::Existing { .. } => {}
            Self::List(items) | Self::Join(items) => items.iter().for_each(|item| item.references(visit)),
            Self::Map(fields) => fields.values().for_each(|field| field.references(visit)),
            Self::Attribute { of, name } => visit(of, name),
            Self::Call { argument, .. } => argument.references(visit),
        }
    }

    /// Calls `visit` with the kind and the id of everything named that the topology does not declare.
    pub fn existing<'e>(&'e self, visit: &mut impl FnMut(&'e str, &'e str)) {
        match self {
            Self::Value(_) | Self::Attribute { .. } => {}
            Self::List(items) | Self::Join(items) => items.iter().for_each(|item| item.existing(visit)),
            Self::Map(fields) => fields.values().for_each(|field| field.existing(visit)),
            Self::Existing { kind, id } => visit(kind, id),
            Self::Call { argument, .. } => argument.existing(visit),
        }
    }
}

impl<T: Clone> Expr<T> {
    /// Replaces every reference that `lookup` knows by its value; what stays unknown stays an expression.
    #[must_use]
    pub fn resolve(&self, lookup: &impl Fn(&T, &str) -> Option<Value>) -> Self {
        let resolved = match self {
            Self::Value(_) | Self::Existing { .. } => self.clone(),
            Self::List(items) => Self::List(items.iter().map(|item| item.resolve(lookup)).collect()),
            Self::Map(fields) => {
                Self::Map(fields.iter().map(|(name, field)| (name.clone(), field.resolve(lookup))).collect())
            }
            Self::Attribute { of, name } => lookup(of, name).map_or_else(|| self.clone(), Self::from),
            Self::Join(parts) => Self::Join(parts.iter().map(|part| part.resolve(lookup)).collect()),
            Self::Call { function, argument } => {
                Self::Call { function: *function, argument: Box::new(argument.resolve(lookup)) }
            }
        };
        match resolved {
            Self::Join(_) | Self::Call { .. } => resolved.known().map_or(resolved, Self::from),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn id_of(node: &'static str) -> Expr<&'static str> {
        Expr::Attribute { of: node, name: "id".into() }
    }

    #[test]
    fn a_join_is_known_once_all_its_parts_are() {
        let expr = Expr::Join(vec![Expr::from(json!("https://")), id_of("alb"), Expr::from(json!(443))]);
        assert_eq!(expr.known(), None);
        let resolved = expr.resolve(&|_, _| Some(json!("web.example.com:")));
        assert_eq!(resolved, Expr::Value(json!("https://web.example.com:443")));
    }

    #[test]
    fn known_parts_stay_visible_beside_unknown_ones() {
        let expr = Expr::List(vec![id_of("a"), id_of("b")]);
        let resolved = expr.resolve(&|node, _| (*node == "a").then(|| json!("subnet-1")));
        assert_eq!(resolved, Expr::List(vec![Expr::Value(json!("subnet-1")), id_of("b")]));
    }

    #[test]
    fn functions_apply_when_the_argument_is_known() {
        let check = |function, argument: Value, expected: &str| {
            let call: Expr<()> = Expr::Call { function, argument: Box::new(argument.into()) };
            assert_eq!(call.known(), Some(json!(expected)));
        };
        check(Function::Json, json!({"b": 1, "a": [true]}), r#"{"a":[true],"b":1}"#);
        check(Function::Lowercase, json!("ABC"), "abc");
        check(Function::TrimDot, json!("example.com."), "example.com");
    }
}
