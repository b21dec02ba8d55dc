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
