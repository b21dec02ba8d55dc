//! What AWS allows only once: the claims that objects make by their fields.

use crate::{
    address::Address,
    attributes::{Fields, Value},
    kind::{Exclusive, Kind, Within},
    place::PlaceCode,
    problem::Problem,
};

/// Values that at most one object of a kind has at a time, in a place or in the world.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    kind: &'static str,
    /// Position of the rule; that of the group comes after the last.
    rule: usize,
    /// `None`: the world.
    place: Option<PlaceCode>,
    values: String,
}

/// What an object claims, with the rules that say so; nothing by a rule of which a value is absent, null or unknown.
pub fn claims(
    kind: &'static Kind,
    place: PlaceCode,
    value: impl Fn(&str) -> Option<Value>,
) -> impl Iterator<Item = (&'static Exclusive, Claim)> {
    kind.exclusive.iter().enumerate().filter_map(move |(number, rule)| {
        let place = match rule.within {
            Within::Place => Some(place),
            Within::World => None,
        };
        Some((rule, Claim { kind: kind.name, rule: number, place, values: values(rule.fields, &value)? }))
    })
}

/// The group within which [`Kind::excludes`] has to be asked, object by object; `None` where nothing is excluded.
pub fn group(kind: &'static Kind, place: PlaceCode, value: impl Fn(&str) -> Option<Value>) -> Option<Claim> {
    kind.excludes?;
    let values = values(kind.excludes_among, value)?;
    Some(Claim { kind: kind.name, rule: kind.exclusive.len(), place: Some(place), values })
}

fn values(fields: &[&str], value: impl Fn(&str) -> Option<Value>) -> Option<String> {
    let values = fields.iter().map(|field| value(field).filter(|value| !value.is_null()));
    Some(Value::Array(values.collect::<Option<_>>()?).to_string())
}

/// Whether an object with the wanted fields can't be made while one with the others is there, in the same place.
pub fn clash(kind: &Kind, wanted: &Fields, there: &Fields) -> bool {
    let same = |field: &&str| {
        let value = wanted.get(*field).filter(|value| !value.is_null());
        value.is_some() && value == there.get(*field)
    };
    kind.exclusive.iter().any(|rule| rule.fields.iter().all(same))
        || kind.excludes.is_some_and(|excludes| excludes(wanted, there))
}

/// The problem of two that both want what only one can have.
pub(crate) fn double(own: &Address, rule: &Exclusive, first: &Address) -> Problem {
    Problem::at(own, format!("it has the same {rule} as {first}"), "AWS allows each only once: change one of them")
}
