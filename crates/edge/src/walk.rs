//! Walking through the fields of a declaration, known or not, for checks.

use landfall_core::{Value, expr::Expr};

/// What is at a path inside a field.
pub(crate) fn part<'e>(field: Option<&'e Expr>, path: &[&str]) -> Option<&'e Expr> {
    path.iter().fold(field, |expr, name| match expr? {
        Expr::Map(fields) => fields.get(*name),
        _ => None,
    })
}

/// The known text at a path inside a field.
pub(crate) fn text(field: Option<&Expr>, path: &[&str]) -> Option<String> {
    part(field, path)?.known()?.as_str().map(str::to_owned)
}

/// The known number at a path inside a field.
pub(crate) fn number(field: Option<&Expr>, path: &[&str]) -> Option<u64> {
    part(field, path)?.known()?.as_u64()
}

/// Whether the switch at a path inside a field is known to be on.
pub(crate) fn is_on(field: Option<&Expr>, path: &[&str]) -> bool {
    part(field, path).and_then(Expr::known) == Some(Value::Bool(true))
}

/// Whether a field is left out.
pub(crate) fn is_null(field: Option<&Expr>) -> bool {
    field.is_none_or(|expr| expr.known() == Some(Value::Null))
}

/// The entries of a map, none for anything else.
pub(crate) fn entries(field: Option<&Expr>) -> impl Iterator<Item = (&String, &Expr)> {
    let map = match field {
        Some(Expr::Map(fields)) => Some(fields),
        _ => None,
    };
    map.into_iter().flatten()
}

/// The items of a list, none for anything else.
pub(crate) fn items(field: Option<&Expr>) -> &[Expr] {
    match field {
        Some(Expr::List(items)) => items,
        _ => &[],
    }
}
