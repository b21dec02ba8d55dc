//! Differences between what is wanted and what is there.

use std::collections::BTreeMap;

use crate::{
    attributes::{Fields, Value},
    expr::Expr,
    kind::{Change, Field, Kind},
    plan::{After, Delta},
    topology::TAGS,
};

/// One side of the comparison: the state's record of an object and, when it was read, what AWS told.
#[derive(Debug, Clone, Copy)]
pub struct Baseline<'a> {
    /// Fields as last wanted.
    pub recorded: &'a Fields,
    /// Fields as observed; those that AWS does not tell are absent.
    pub observed: Option<&'a Fields>,
}

/// The deltas of an object whose fields are `want`, secrets as digests.
///
/// A wanted null means that the field is not managed: it differs only from a value that an earlier version of
/// the program wanted.
pub fn deltas(kind: &Kind, want: &BTreeMap<String, Expr>, have: Baseline<'_>) -> Vec<Delta> {
    let known_fields = kind.fields.iter().map(|field| field.name);
    let mut found = Vec::new();
    for name in known_fields.chain(kind.taggable.then_some(TAGS)) {
        let Some(wanted) = want.get(name) else { continue };
        let field = kind.field(name).copied().unwrap_or(Field::updates(TAGS));
        let side = Side {
            recorded: have.recorded.get(name).unwrap_or(&Value::Null),
            live: have.observed.and_then(|observed| observed.get(name)),
        };
        let mut walk = Walk { field, found: &mut found };
        walk.compare(name, wanted, side);
    }
    found
}

/// The deltas of fields that are all known, secrets as digests: the check of a step right before it runs.
pub fn resolved_deltas(kind: &Kind, want: &Fields, have: Baseline<'_>) -> Vec<Delta> {
    let want = want.iter().map(|(name, value)| (name.clone(), Expr::from(value.clone()))).collect();
    deltas(kind, &want, have)
}

/// Observed fields over recorded ones, for what the state keeps: where the record is null the field is not
/// managed and stays null.
pub fn merge(recorded: &Fields, observed: &Fields) -> Fields {
    let mut merged = recorded.clone();
    for (name, value) in observed {
        match merged.get_mut(name) {
            Some(record) => *record = merge_value(record, value),
            None => drop(merged.insert(name.clone(), value.clone())),
        }
    }
    merged
}

fn merge_value(recorded: &Value, observed: &Value) -> Value {
    match (recorded, observed) {
        (Value::Null, _) => Value::Null,
        (Value::Object(recorded), Value::Object(observed)) => Value::Object(
            observed
                .iter()
                .map(|(name, value)| {
                    let merged = recorded.get(name).map_or_else(|| value.clone(), |record| merge_value(record, value));
                    (name.clone(), merged)
                })
                .collect(),
        ),
        (Value::Array(recorded), Value::Array(observed)) if recorded.len() == observed.len() => {
            Value::Array(recorded.iter().zip(observed).map(|(r, o)| merge_value(r, o)).collect())
        }
        _ => observed.clone(),
    }
}

#[derive(Clone, Copy)]
struct Side<'a> {
    recorded: &'a Value,
    /// `None` where AWS does not tell.
    live: Option<&'a Value>,
}

impl<'a> Side<'a> {
    fn there(self) -> &'a Value {
        self.live.unwrap_or(self.recorded)
    }

    fn step(self, inner: impl Fn(&'a Value) -> Option<&'a Value>) -> Self {
        const NULL: &Value = &Value::Null;
        Side { recorded: inner(self.recorded).unwrap_or(NULL), live: self.live.map(|live| inner(live).unwrap_or(NULL)) }
    }
}

struct Walk<'o> {
    field: Field,
    found: &'o mut Vec<Delta>,
}

impl Walk<'_> {
    fn compare(&mut self, path: &str, want: &Expr, side: Side<'_>) {
        match (want, side.there()) {
            (Expr::Map(wanted), Value::Object(there)) if !self.field.secret => {
                for (name, inner) in wanted {
                    self.compare(&format!("{path}.{name}"), inner, side.step(|value| value.get(name)));
                }
                for (name, value) in there.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
                    if !value.is_null() {
                        let side = side.step(|value| value.get(name));
                        self.push(&format!("{path}.{name}"), &Expr::Value(Value::Null), side);
                    }
                }
            }
            (Expr::List(wanted), Value::Array(there)) if !self.field.set && wanted.len() == there.len() => {
                for (position, inner) in wanted.iter().enumerate() {
                    self.compare(&format!("{path}.{position}"), inner, side.step(|value| value.get(position)));
                }
            }
            _ => match want.known() {
                Some(value) if agrees(&value, side, self.field.set) => {}
                _ => self.push(path, want, side),
            },
        }
    }

    fn push(&mut self, path: &str, want: &Expr, side: Side<'_>) {
        let drift =
            side.live.is_some() && want.known().is_some_and(|value| same(&value, side.recorded, self.field.set));
        self.found.push(Delta {
            field: path.to_owned(),
            before: (!side.there().is_null() && !self.field.secret).then(|| side.there().clone()),
            after: if self.field.secret { After::Secret } else { After::Field(want.clone()) },
            replaces: self.field.change == Change::Replace,
            drift,
        });
    }
}

/// Whether a wanted value is what is there.
fn agrees(want: &Value, side: Side<'_>, set: bool) -> bool {
    match (want, side.live) {
        (Value::Null, _) if side.recorded.is_null() => true,
        (Value::Object(wanted), Some(Value::Object(live))) => {
            let extra = live.iter().any(|(name, value)| !wanted.contains_key(name) && !value.is_null());
            !extra && wanted.iter().all(|(name, value)| agrees(value, side.step(|inner| inner.get(name)), set))
        }
        (Value::Array(wanted), Some(Value::Array(live))) if !set && wanted.len() == live.len() => {
            wanted.iter().enumerate().all(|(i, value)| agrees(value, side.step(|inner| inner.get(i)), set))
        }
        _ => same(want, side.there(), set),
    }
}

fn same(a: &Value, b: &Value, set: bool) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) if set => sorted(a) == sorted(b),
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Object(a), Value::Object(b)) => {
            let names = a.keys().chain(b.keys());
            let get = |map: &serde_json::Map<String, Value>, name: &str| map.get(name).cloned().unwrap_or_default();
            names.into_iter().all(|name| same(&get(a, name), &get(b, name), set))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, set)),
        _ => a == b,
    }
}

fn sorted(items: &[Value]) -> Vec<String> {
    let mut items: Vec<_> = items.iter().map(|item| unordered(item).to_string()).collect();
    items.sort();
    items
}

/// A value inside a set in one form: the lists in it are sets too, and an absent member is a null.
fn unordered(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(sorted(items).into_iter().map(Value::String).collect()),
        Value::Object(members) => {
            let told = members.iter().filter(|(_, member)| !member.is_null());
            Value::Object(told.map(|(name, member)| (name.clone(), unordered(member))).collect())
        }
        scalar => scalar.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::kind::{Actions, Identity};

    static KIND: Kind = Kind {
        name: "test.thing",
        version: 1,
        fields: &[
            Field::replaces("name"),
            Field::updates("size"),
            Field::updates("zones").set(),
            Field::updates("nested"),
            Field::updates("password").secret(),
        ],
        attributes: &[],
        identity: Identity::TagOnCreate,
        exclusive: &[],
        excludes: None,
        excludes_among: &[],
        owned_by_aws: &[],
        taggable: true,
        actions: Actions { create: &[], read: &[], update: &[], delete: &[] },
        timing: "",
        parse: |_| Ok(()),
        migrate: |_, fields| fields,
        check: |_| Vec::new(),
    };

    fn fields(value: Value) -> Fields {
        match value {
            Value::Object(fields) => fields.into_iter().collect(),
            _ => unreachable!("tests pass objects"),
        }
    }

    fn paths(want: Value, recorded: Value, observed: Option<Value>) -> Vec<String> {
        let want = fields(want).into_iter().map(|(name, value)| (name, Expr::from(value))).collect();
        let (recorded, observed) = (fields(recorded), observed.map(fields));
        let have = Baseline { recorded: &recorded, observed: observed.as_ref() };
        deltas(&KIND, &want, have)
            .iter()
            .map(|delta| format!("{}{}", delta.field, if delta.drift { "!" } else { "" }))
            .collect()
    }

    #[test]
    fn what_differs_is_named_by_its_path() {
        let check = |want: Value, recorded: Value, observed: Option<Value>, expected: &[&str]| {
            assert_eq!(paths(want.clone(), recorded, observed), expected, "{want}");
        };
        check(json!({"size": 1}), json!({"size": 1}), None, &[]);
        check(json!({"size": 1}), json!({"size": 1.0}), None, &[]);
        check(json!({"size": 2}), json!({"size": 1}), None, &["size"]);
        check(json!({"size": 1}), json!({"size": 1}), Some(json!({"size": 3})), &["size!"]);
        check(json!({"size": 3}), json!({"size": 1}), Some(json!({"size": 3})), &[]);
        check(json!({"zones": ["a", "b"]}), json!({"zones": ["b", "a"]}), None, &[]);
        let statement = |actions: [&str; 2]| json!({"zones": [{"actions": actions, "sid": null}, {"actions": []}]});
        let answered = json!({"zones": [{"actions": []}, {"actions": ["b", "a"]}]});
        check(statement(["a", "b"]), statement(["a", "b"]), Some(answered.clone()), &[]);
        check(statement(["a", "c"]), statement(["a", "c"]), Some(answered), &["zones!"]);
        check(
            json!({"nested": {"a": 1, "b": [1, 2]}}),
            json!({"nested": {"a": 1, "b": [1, 3]}}),
            None,
            &["nested.b.1"],
        );
        check(json!({"tags": {}}), json!({"tags": {"x": "1"}}), None, &["tags.x"]);
        check(json!({"tags": {}}), json!({"tags": {}}), Some(json!({"tags": {"x": "1"}})), &["tags.x!"]);
    }

    #[test]
    fn null_means_not_managed_until_it_was() {
        assert!(paths(json!({"size": null}), json!({"size": null}), Some(json!({"size": 5}))).is_empty());
        assert_eq!(paths(json!({"size": null}), json!({"size": 5}), Some(json!({"size": 5}))), ["size"]);
        assert_eq!(paths(json!({"size": null}), json!({"size": 5}), None), ["size"]);
        let nested = |value: Value| json!({"nested": {"a": value}});
        assert!(paths(nested(json!(null)), nested(json!(null)), Some(nested(json!("aws default")))).is_empty());
    }

    #[test]
    fn a_field_that_aws_does_not_tell_is_compared_with_the_record() {
        assert!(paths(json!({"name": "x"}), json!({"name": "x"}), Some(json!({}))).is_empty());
        assert_eq!(paths(json!({"name": "y"}), json!({"name": "x"}), Some(json!({}))), ["name"]);
    }

    #[test]
    fn merged_records_keep_what_is_not_managed() {
        let recorded = fields(json!({"size": null, "nested": {"a": null, "b": 1}, "password": {"$digest": "x"}}));
        let observed = fields(json!({"size": 5, "nested": {"a": 7, "b": 2}}));
        let merged = merge(&recorded, &observed);
        assert_eq!(merged, fields(json!({"size": null, "nested": {"a": null, "b": 2}, "password": {"$digest": "x"}})));
    }
}
