//! Fields: whether they are a valid resource, and which of them differ.

use landfall_core::{Fields, Kind, TAGS, Value, kind::Field};

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

/// Fields that are wanted otherwise than they are; one that is absent or null is not managed and never differs.
pub(crate) fn differing<'f>(
    kind: &'static Kind,
    want: &'f Fields,
    have: &'f Fields,
) -> impl Iterator<Item = &'static Field> + use<'f> {
    kind.fields.iter().filter(move |field| match (want.get(field.name), have.get(field.name)) {
        (None | Some(Value::Null), _) => false,
        (Some(_), None) => true,
        (Some(want), Some(have)) => want != have && !(field.set && is_same_set(want, have)),
    })
}

fn is_same_set(a: &Value, b: &Value) -> bool {
    let sorted = |value: &Value| {
        let mut items: Vec<String> = value.as_array()?.iter().map(Value::to_string).collect();
        items.sort();
        Some(items)
    };
    matches!((sorted(a), sorted(b)), (Some(a), Some(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sets_have_no_order() {
        assert!(is_same_set(&json!(["b", "a"]), &json!(["a", "b"])));
        assert!(!is_same_set(&json!(["a"]), &json!(["a", "b"])));
        assert!(!is_same_set(&json!("a"), &json!("a")));
    }
}
