//! What the rules of several kinds look at: parts of fields that may be known while the rest is not.

use landfall_core::{Value, check::Site, expr::Expr};

/// The known value at a path inside a field: `part(field, &["fixed_response", "status_code"])`.
pub(crate) fn part(field: Option<&Expr>, path: &[&str]) -> Option<Value> {
    let mut expr = field?;
    for (depth, name) in path.iter().enumerate() {
        match expr {
            Expr::Map(fields) => expr = fields.get(*name)?,
            Expr::Value(value) => {
                return path[depth..].iter().try_fold(value, |value, name| value.get(name)).cloned();
            }
            _ => return None,
        }
    }
    expr.known()
}

/// The items of a list inside a field.
pub(crate) fn items<'e>(field: Option<&'e Expr>, path: &[&str]) -> Option<&'e [Expr]> {
    let mut expr = field?;
    for name in path {
        match expr {
            Expr::Map(fields) => expr = fields.get(*name)?,
            _ => return None,
        }
    }
    match expr {
        Expr::List(items) => Some(items),
        _ => None,
    }
}

/// A field that is a whole number and known.
pub(crate) fn number(site: &Site<'_>, field: &str) -> Option<u64> {
    site.known(field)?.as_u64()
}
