//! What the rules of several kinds look at: parts of fields that may be known while the rest is not.

use landfall_core::{Declaration, Value, check::Site, expr::Expr};

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

/// What is wrong when things that have to be in one VPC are in several; each comes with the field that names it.
pub(crate) fn one_vpc(members: &[(&str, &Declaration)]) -> Option<String> {
    let mut placed = members.iter().filter_map(|(field, it)| Some((*field, *it, it.fields.get("vpc")?)));
    let (_, first, vpc) = placed.next()?;
    let (field, other, _) = placed.find(|(_, _, other)| *other != vpc)?;
    Some(format!("`{field}` names {}, which is not in the VPC of {}; name one that is", other.address, first.address))
}

/// The declarations that a field refers to, with the field's name.
pub(crate) fn members<'t>(site: &Site<'t>, field: &'static str) -> Vec<(&'static str, &'t Declaration)> {
    site.targets(field).into_iter().map(|declaration| (field, declaration)).collect()
}

/// The declarations that a field of another declaration refers to.
pub(crate) fn targets_of<'t>(site: &Site<'t>, of: &'t Declaration, field: &str) -> Vec<&'t Declaration> {
    let mut found = Vec::new();
    if let Some(expr) = of.fields.get(field) {
        expr.references(&mut |address, _| found.extend(site.declaration(address)));
    }
    found
}
