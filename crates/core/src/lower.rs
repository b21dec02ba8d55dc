//! Lowering: a typed declaration becomes a tree of known values and expressions.

use serde::Serialize;

use crate::{
    attributes::{Fields, Value},
    expr::Expr,
    handle::Node,
    input::MARKER,
};

/// Lowers anything serializable; inputs and references inside it become expressions.
///
/// # Panics
/// When the value can't be written as JSON, which derived fields always can.
pub(crate) fn to_expr(value: &impl Serialize) -> Expr<Node> {
    let tree = serde_json::to_value(value).expect("the fields of a resource serialize to JSON");
    unmark(tree)
}

/// Plain fields of a resource without expressions: what a provider read, in the form the state stores.
pub(crate) fn to_fields(value: &impl Serialize) -> Option<Fields> {
    match to_expr(value).known()? {
        Value::Object(fields) => Some(fields.into_iter().collect()),
        _ => None,
    }
}

fn unmark(tree: Value) -> Expr<Node> {
    match tree {
        Value::Object(mut fields) => match fields.remove(MARKER) {
            Some(marked) => {
                serde_json::from_value(marked).expect("only inputs write the marker, always as an expression")
            }
            None => Expr::Map(fields.into_iter().map(|(name, field)| (name, unmark(field))).collect()),
        },
        Value::Array(items) => Expr::List(items.into_iter().map(unmark).collect()),
        scalar => Expr::Value(scalar),
    }
}
