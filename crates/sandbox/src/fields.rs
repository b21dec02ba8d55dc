//! Fields: whether they are a valid resource, and which of them differ.

use landfall_core::{
    Fields, Kind, TAGS, Value,
    kind::Field,
    plan::{Baseline, resolved_deltas},
};

/// Whether the fields, resolved, are a valid resource of their kind.
///
/// # Errors
/// What is wrong, with the name of the field and without its value where that is not for everybody's eyes.
pub(crate) fn validate(kind: &Kind, fields: &Fields) -> Result<(), String> {
    let own = without_tags(fields);
    if let Some(unknown) = own.keys().find(|name| kind.field(name).is_none()) {
        return Err(format!("UnknownParameter: `{unknown}` is no field of {}", kind.name));
    }
    let tree = Value::Object(own.into_iter().collect());
    let Err(why) = (kind.parse)(&tree) else { return Ok(()) };
    Err(match culprit(kind, &tree, &why) {
        Some(field) if field.write_only || field.secret => {
            format!("ValidationError: the value of `{}` is not valid", field.name)
        }
        Some(field) => format!("ValidationError: the value of `{}` is not valid: {why}", field.name),
        None => format!("ValidationError: {why}"),
    })
}

/// The field without which the complaint would be another one.
fn culprit(kind: &Kind, tree: &Value, why: &str) -> Option<&'static Field> {
    let absent = |field: &&Field| tree.get(field.name).is_none();
    if kind.fields.iter().filter(absent).any(|field| why == format!("missing field `{}`", field.name)) {
        return None;
    }
    kind.fields.iter().find(|field| {
        let mut without = tree.clone();
        let removed = without.as_object_mut().is_some_and(|fields| fields.remove(field.name).is_some());
        removed && (kind.parse)(&without).err().as_deref() != Some(why)
    })
}

/// The fields of the resource itself.
pub(crate) fn without_tags(fields: &Fields) -> Fields {
    fields.iter().filter(|(name, _)| *name != TAGS).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Fields that are wanted otherwise than they are, in the order of the kind.
///
/// `known` is what the caller has. A field that is wanted as null is not managed, unless the caller had set it; one
/// that AWS never tells is compared with what the caller has, as a provider on AWS has to do.
pub(crate) fn changed(kind: &'static Kind, want: &Fields, known: &Fields, is: &Fields) -> Vec<&'static Field> {
    let differs = |field: &&Field| {
        let name = field.name;
        let Some(wanted) = want.get(name) else { return false };
        let known = known.get(name).filter(|value| !value.is_null());
        let is = is.get(name).filter(|value| !value.is_null());
        match (wanted, known) {
            (Value::Null, known) => known.is_some() && is.is_some(),
            (wanted, Some(known)) if field.write_only => !is_same(kind, name, wanted, Some(known)),
            (wanted, _) => !is_same(kind, name, wanted, is),
        }
    };
    kind.fields.iter().filter(differs).collect()
}

/// Whether two values of a field are the same to the engine, which knows sets.
fn is_same(kind: &Kind, name: &str, one: &Value, other: Option<&Value>) -> bool {
    let Some(other) = other else { return false };
    if one == other {
        return true;
    }
    let fields = |value: &Value| Fields::from([(name.to_owned(), value.clone())]);
    let recorded = fields(other);
    resolved_deltas(kind, &fields(one), Baseline { recorded: &recorded, observed: None }).is_empty()
}

#[cfg(test)]
mod tests {
    use landfall_core::{AnyRegion, Resource};
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Queue {
        name: String,
        zones: Vec<String>,
        note: Option<String>,
        password: Option<String>,
    }

    impl Resource for Queue {
        type At = AnyRegion;
        fn kind() -> &'static Kind {
            &KIND
        }
    }

    static KIND: Kind = Kind {
        fields: &[
            Field::replaces("name"),
            Field::updates("zones").set(),
            Field::updates("note"),
            Field::updates("password").secret(),
        ],
        ..Kind::of::<Queue>("sqs.queue")
    };

    fn fields(value: Value) -> Fields {
        let Value::Object(fields) = value else { panic!("an object") };
        fields.into_iter().collect()
    }

    #[test]
    fn changes_are_what_the_engine_calls_changes() {
        let check = |want: Value, known: Value, is: Value, expected: &[&str]| {
            let changed = changed(&KIND, &fields(want), &fields(known), &fields(is));
            assert_eq!(changed.iter().map(|field| field.name).collect::<Vec<_>>(), expected);
        };
        let is = json!({ "name": "a", "zones": ["x", "y"], "note": "hi", "password": "p" });
        check(json!({ "name": "a", "zones": ["y", "x"] }), json!({}), is.clone(), &[]);
        check(json!({ "name": "b", "zones": ["x"] }), json!({}), is.clone(), &["name", "zones"]);
        // Null is nobody's business, unless it was the caller's.
        check(json!({ "note": null }), json!({ "note": null }), is.clone(), &[]);
        check(json!({ "note": null }), json!({ "note": "hi" }), is.clone(), &["note"]);
        // The caller knows the secret only by what it holds for it.
        check(json!({ "password": "q" }), json!({}), is.clone(), &["password"]);
        check(json!({ "password": "digest" }), json!({ "password": "digest" }), is, &[]);
    }

    #[test]
    fn complaints_name_the_field_and_keep_secrets() {
        let check = |value: Value, expected: &str| {
            assert_eq!(validate(&KIND, &fields(value)), Err(expected.to_owned()));
        };
        check(json!({ "name": "a" }), "ValidationError: missing field `zones`");
        check(json!({ "name": "a", "zones": [], "color": 1 }), "UnknownParameter: `color` is no field of sqs.queue");
        check(
            json!({ "name": 7, "zones": [] }),
            "ValidationError: the value of `name` is not valid: invalid type: integer `7`, expected a string",
        );
        check(
            json!({ "name": "a", "zones": [], "password": 1234 }),
            "ValidationError: the value of `password` is not valid",
        );
        assert_eq!(validate(&KIND, &fields(json!({ "name": "a", "zones": [], "tags": {} }))), Ok(()));
    }
}
