//! Minting: values of attributes in AWS's form, from the forms that kinds declare.

use landfall_core::{Attributes, Context, Fields, Kind, Value};

use crate::draw::Draw;

/// The form of one attribute, read once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) name: &'static str,
    pub(crate) stable: bool,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(&'static str),
    Random {
        alphabet: &'static [u8],
        length: usize,
    },
    Region,
    Account,
    /// The physical name, at most that long.
    Name(usize),
    Token,
    Field(&'static str),
    Attribute(&'static str),
}

/// Longest physical name that most of AWS's APIs take.
const NAME_LENGTH: usize = 63;
const HEX: &[u8] = b"0123456789abcdef";
const DIGITS: &[u8] = b"0123456789";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// What is minted for.
pub(crate) struct Subject<'a> {
    pub(crate) cx: &'a Context,
    pub(crate) account: &'a str,
    pub(crate) fields: &'a Fields,
    pub(crate) draw: Draw,
}

/// The forms of a kind's attributes.
///
/// # Errors
/// What is wrong with the first form that can't be minted.
pub(crate) fn forms(kind: &Kind) -> Result<Vec<Form>, String> {
    let mut read: Vec<Form> = Vec::new();
    for reported in kind.attributes {
        let wrong = |why: String| format!("the form `{}` of attribute `{}` {why}", reported.form, reported.name);
        let parts = parts(reported.form).map_err(wrong)?;
        for part in &parts {
            match part {
                Part::Field(name) if kind.field(name).is_none() => {
                    return Err(wrong(format!("names field `{name}`, which {} does not have", kind.name)));
                }
                Part::Attribute(name) if !read.iter().any(|form| form.name == *name) => {
                    return Err(wrong(format!("names attribute `{name}`, which is not listed before it")));
                }
                _ => {}
            }
        }
        read.push(Form { name: reported.name, stable: reported.stable, parts });
    }
    Ok(read)
}

fn parts(form: &'static str) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = form;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            parts.push(Part::Text(&rest[..open]));
        }
        let close = rest[open..].find('}').ok_or("has a `{` without a `}`")? + open;
        parts.push(placeholder(&rest[open + 1..close])?);
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn placeholder(text: &'static str) -> Result<Part, String> {
    let unknown = || format!("has the unknown placeholder `{{{text}}}`");
    if let Some(name) = text.strip_prefix("field.") {
        return Ok(Part::Field(name));
    }
    if let Some(name) = text.strip_prefix("attribute.") {
        return Ok(Part::Attribute(name));
    }
    let (word, length) = match text.split_once(':') {
        Some((word, length)) => (word, Some(length.parse::<usize>().map_err(|_| unknown())?)),
        None => (text, None),
    };
    let random = |alphabet| Ok(Part::Random { alphabet, length: length.ok_or_else(unknown)? });
    match (word, length) {
        ("hex", _) => random(HEX),
        ("digits", _) => random(DIGITS),
        ("upper", _) => random(UPPER),
        ("name", length) => Ok(Part::Name(length.unwrap_or(NAME_LENGTH))),
        ("region", None) => Ok(Part::Region),
        ("account", None) => Ok(Part::Account),
        ("token", None) => Ok(Part::Token),
        _ => Err(unknown()),
    }
}

impl Form {
    /// The value of the attribute, given those listed before it.
    ///
    /// A form that is nothing but a field or another attribute takes its value as it is, list or number; the id
    /// and the ARN are always text.
    pub(crate) fn mint(&self, subject: &Subject<'_>, before: &Attributes) -> Value {
        let whole = match self.parts.as_slice() {
            [Part::Field(name)] => subject.fields.get(*name),
            [Part::Attribute(name)] => before.get(*name),
            _ => None,
        };
        match whole {
            Some(value) if !matches!(self.name, "id" | "arn") => value.clone(),
            _ => Value::String(self.text(subject, before)),
        }
    }

    /// The value after an update: another one, and the next number where it is a number.
    pub(crate) fn renew(&self, subject: &Subject<'_>, before: &Attributes) -> Value {
        let minted = self.mint(subject, before);
        let Some(last) = before.get(self.name).filter(|last| **last == minted) else { return minted };
        if let Some(number) = last.as_u64() {
            return Value::from(number + 1);
        }
        match last.as_str().and_then(|text| text.parse::<u64>().ok()) {
            Some(number) => Value::String((number + 1).to_string()),
            None => minted,
        }
    }

    fn text(&self, subject: &Subject<'_>, before: &Attributes) -> String {
        let mut text = String::new();
        for (position, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Random { alphabet, length } => {
                    let draw = subject.draw.with(self.name).nth(position as u64);
                    text.push_str(&draw.text(alphabet, *length));
                }
                Part::Region => text.push_str(subject.cx.region()),
                Part::Account => text.push_str(subject.account),
                Part::Name(length) => text.push_str(&subject.cx.physical_name(*length)),
                Part::Token => text.push_str(&subject.cx.token.to_string()),
                Part::Field(name) => text.push_str(&plain(subject.fields.get(*name))),
                Part::Attribute(name) => text.push_str(&plain(before.get(*name))),
            }
        }
        text
    }
}

/// A value inside a longer text; nothing for one that is absent.
fn plain(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use landfall_core::{
        AnyRegion, Fault, Pace, Resource, Tags,
        kind::{Field, Reported},
        state::Token,
    };
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Debug, Clone, Serialize, Deserialize)]
    struct Thing {}

    impl Resource for Thing {
        type At = AnyRegion;
        fn kind() -> &'static Kind {
            unreachable!("these tests make their own")
        }
    }

    struct Never;

    #[async_trait::async_trait]
    impl Pace for Never {
        async fn pause(&self, _: Duration) -> Result<(), Fault> {
            unreachable!("minting takes no time")
        }
        fn waiting(&self, _: &str) {}
    }

    fn kind(attributes: &'static [Reported]) -> Kind {
        const FIELDS: &[Field] = &[Field::updates("path"), Field::updates("ports"), Field::updates("note")];
        Kind { fields: FIELDS, attributes, ..Kind::of::<Thing>("test.thing") }
    }

    fn mint(attributes: &'static [Reported]) -> Attributes {
        let cx = Context {
            topology: "twin".into(),
            environment: "prod".into(),
            address: "eu-west-2/web/test.thing:a".parse().expect("an address"),
            place: "eu-west-2".parse().expect("a region"),
            token: Token::from_random([7; 16]),
            tags: Tags::new(),
            timeout: Duration::ZERO,
            pace: Arc::new(Never),
        };
        let fields: Fields = serde_json::from_value(json!({ "path": "/app/", "ports": [80, 443], "note": null }))
            .expect("fields are an object");
        let subject = Subject { cx: &cx, account: "123456789012", fields: &fields, draw: Draw::new(1) };
        let mut minted = Attributes::new();
        for form in forms(&kind(attributes)).expect("well-formed") {
            let value = form.mint(&subject, &minted);
            minted.insert(form.name.to_owned(), value);
        }
        minted
    }

    #[test]
    fn every_placeholder_is_filled() {
        const FORMS: &[Reported] = &[
            Reported::stable("id", "{name:32}"),
            Reported::stable("arn", "arn:aws:x:{region}:{account}:thing{field.path}{attribute.id}"),
            Reported::stable("token", "<{token}>"),
            Reported::stable("ports", "{field.ports}"),
            Reported::stable("text", "{field.ports} {field.note}."),
        ];
        let minted = mint(FORMS);
        assert_eq!(minted["id"], json!("twin-prod-web-a-0707070707"));
        assert_eq!(minted["arn"], json!("arn:aws:x:eu-west-2:123456789012:thing/app/twin-prod-web-a-0707070707"));
        assert_eq!(minted["token"], json!("<07070707-0707-4707-8707-070707070707>"));
        assert_eq!(minted["ports"], json!([80, 443]), "nothing but a field keeps its type");
        assert_eq!(minted["text"], json!("[80,443] ."), "nothing stands for nothing");
    }

    #[test]
    fn random_parts_have_their_alphabet_and_length() {
        const FORMS: &[Reported] = &[
            Reported::stable("id", "x-{hex:17}"),
            Reported::stable("digits", "{digits:12}"),
            Reported::stable("upper", "{upper:13}"),
            Reported::stable("two", "{hex:8}-{hex:8}"),
        ];
        let minted = mint(FORMS);
        let text = |name: &str| minted[name].as_str().expect("text");
        assert!(text("id").len() == 19 && text("id")[2..].bytes().all(|b| HEX.contains(&b)), "{minted:?}");
        assert!(text("digits").len() == 12 && text("digits").bytes().all(|b| b.is_ascii_digit()), "{minted:?}");
        assert!(text("upper").len() == 13 && text("upper").bytes().all(|b| UPPER.contains(&b)), "{minted:?}");
        assert_ne!(text("two")[..8], text("two")[9..], "each part is drawn by itself");
    }

    #[test]
    fn forms_that_say_nothing_are_refused() {
        let check = |form: &'static str, expected: &str| {
            let attributes = Box::leak(Box::new([Reported::stable("id", form)]));
            assert_eq!(forms(&kind(attributes)), Err(format!("the form `{form}` of attribute `id` {expected}")));
        };
        check("x-{hex}", "has the unknown placeholder `{hex}`");
        check("x-{hex:many}", "has the unknown placeholder `{hex:many}`");
        check("x-{moon}", "has the unknown placeholder `{moon}`");
        check("x-{region:2}", "has the unknown placeholder `{region:2}`");
        check("x-{hex:4", "has a `{` without a `}`");
        check("{field.color}", "names field `color`, which test.thing does not have");
        check("{attribute.arn}", "names attribute `arn`, which is not listed before it");
    }
}
