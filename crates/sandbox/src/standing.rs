//! What always exists: kinds that are only read, such as the caller's identity, and what AWS gives to every account.

use landfall_core::{Attributes, Context, Fields, Kind, Observed, Value};

use crate::{
    draw::Draw,
    mint::Subject,
    world::{Rules, Served},
};

/// What a look-up of something finds that nobody created.
///
/// Of a kind that nothing creates there always is an object, whatever id it is looked up by. AWS's own managed
/// policies, parameters and keys are in every account; of them only names and attributes are known.
pub(crate) fn observe(served: &Served, rules: &Rules, cx: &Context, id: &str) -> Option<Observed> {
    let kind = served.kind;
    let given = belongs_to_aws(kind, id);
    let forms = served.forms.as_ref().ok().filter(|_| is_only_read(kind) || given)?;
    let draw = Draw::new(rules.seed).with(kind.name).with(cx.place.as_str()).with(id);
    let fields = if given { fields_of(kind, id, draw) } else { Fields::new() };
    let subject = Subject { cx, account: &rules.account, fields: &fields, draw };
    let mut attributes = Attributes::new();
    for form in forms {
        let value = match form.name {
            "id" if given => Value::from(id),
            "arn" if given && id.starts_with("arn:") => Value::from(id),
            _ => form.mint(&subject, &attributes),
        };
        attributes.insert(form.name.to_owned(), value);
    }
    Some(Observed { fields, attributes })
}

/// Whether objects of the kind are AWS's own: it has no fields, and nothing creates it.
pub(crate) fn is_only_read(kind: &Kind) -> bool {
    kind.fields.is_empty() && kind.actions.create.is_empty()
}

/// Managed policies, `alias/aws/…` keys, `/aws/service/…` parameters and the like.
pub(crate) fn belongs_to_aws(kind: &Kind, id: &str) -> bool {
    kind.owned_by_aws.contains(&id)
        || id.starts_with("alias/aws/")
        || id.starts_with("/aws/service/")
        || id.split(':').nth(4) == Some("aws")
}

/// What is known of the fields of something of AWS's own: its name, and what a public parameter holds.
fn fields_of(kind: &Kind, id: &str, draw: Draw) -> Fields {
    let image = || format!("ami-{}", draw.with("image").text(b"0123456789abcdef", 17));
    let known = |name: &str| match name {
        "name" => Some(Value::from(id.rsplit_once(":policy/").map_or(id, |(_, name)| name))),
        "value" if id.contains("/ami") => Some(Value::from(image())),
        _ => None,
    };
    kind.fields.iter().filter_map(|field| Some((field.name.to_owned(), known(field.name)?))).collect()
}

#[cfg(test)]
mod tests {
    use landfall_core::{Global, Resource};
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Policy {}

    impl Resource for Policy {
        type At = Global;

        fn kind() -> &'static Kind {
            &KIND
        }
    }

    static KIND: Kind =
        Kind { owned_by_aws: &["658327ea-f89d-4fab-a63d-7e88639e58f6"], ..Kind::of::<Policy>("test.policy") };

    #[test]
    fn aws_owned_things_are_known_by_their_names() {
        for (id, expected) in [
            ("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", true),
            ("alias/aws/sns", true),
            ("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64", true),
            ("arn:aws:iam::123456789012:role/web", false),
            ("/web/release", false),
            ("vpc-1", false),
            ("658327ea-f89d-4fab-a63d-7e88639e58f6", true),
        ] {
            assert_eq!(belongs_to_aws(&KIND, id), expected, "{id}");
        }
    }
}
