//! Validation: the rules that types can't hold, checked for the whole topology at once.

use std::collections::BTreeMap;

use crate::{
    address::Address,
    attributes::Value,
    check::Site,
    declarations::Declarations,
    kind::{Reach, Within},
    problem::Problem,
    topology::{Declaration, TAGS},
};

/// Everything that is wrong between the declarations.
pub(crate) fn problems(all: &Declarations) -> Vec<Problem> {
    let mut problems = Vec::new();
    for own in all.iter().filter(|declaration| declaration.lookup.is_none()) {
        problems.extend(wiring(own, all));
        problems.extend(options(own));
        let site = Site { own, all };
        problems.extend((own.kind.check)(&site).into_iter().map(|cause| Problem::at(&own.address, cause, "")));
    }
    problems.extend(doubles(all));
    problems
}

/// References that reach where they may not, or name an attribute that does not exist.
fn wiring(own: &Declaration, all: &Declarations) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, expr) in &own.fields {
        let reach = own.kind.field(name).map_or(Reach::Anywhere, |field| field.reach);
        expr.references(&mut |target, attribute| {
            let kind = all.at(target).map(|declaration| declaration.kind);
            if let Some(kind) = kind.filter(|kind| kind.attribute(attribute).is_none()) {
                let names: Vec<_> = kind.attributes.iter().map(|reported| reported.name).collect();
                problems.push(Problem::at(
                    &own.address,
                    format!("`{name}` needs `{attribute}` of {target}, which {} does not report", kind.name),
                    format!("it reports {}", names.join(", ")),
                ));
            }
            let (here, there) = (own.place, target.place());
            let allowed = there.is_global()
                || match reach {
                    Reach::Anywhere => true,
                    Reach::SamePlace => here.is_global() || here == there,
                    Reach::OtherRegion => here != there,
                    Reach::Region(code) => there.as_str() == code,
                };
            if !allowed {
                problems.push(Problem::at(
                    &own.address,
                    format!("`{name}` refers to {target}, which lives in {there}"),
                    match reach {
                        Reach::OtherRegion => format!("refer to one outside {here}"),
                        Reach::Region(code) => format!("refer to one in {code}, which AWS demands here"),
                        Reach::SamePlace | Reach::Anywhere => format!("refer to one in {here}"),
                    },
                ));
            }
        });
    }
    problems
}

/// Options that name fields which do not exist.
fn options(own: &Declaration) -> Vec<Problem> {
    own.lifecycle
        .ignore
        .iter()
        .filter(|field| *field != TAGS && own.kind.field(field).is_none())
        .map(|field| {
            let names: Vec<_> = own.kind.fields.iter().map(|field| field.name).collect();
            Problem::at(
                &own.address,
                format!("`ignore` names `{field}`, which {} does not have", own.kind.name),
                format!("its fields are {}", names.join(", ")),
            )
        })
        .collect()
}

/// Pairs of declarations that share what AWS allows only once.
fn doubles(all: &[Declaration]) -> Vec<Problem> {
    let mut seen: BTreeMap<(&str, &str, String), &Address> = BTreeMap::new();
    let mut problems = Vec::new();
    for own in all.iter().filter(|declaration| declaration.lookup.is_none()) {
        for exclusive in own.kind.exclusive {
            let Some(key) = exclusive_key(own, exclusive.fields) else { continue };
            let place = match exclusive.within {
                Within::Place => own.place.as_str(),
                Within::World => "",
            };
            if let Some(first) = seen.insert((own.kind.name, place, key), &own.address) {
                let fields =
                    exclusive.fields.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(" and ");
                problems.push(Problem::at(
                    &own.address,
                    format!("it has the same {fields} as {first}"),
                    "AWS allows each only once: change one of them",
                ));
            }
        }
    }
    problems
}

/// The fields as text: comparable also where they are expressions; `None` when one is absent.
fn exclusive_key(own: &Declaration, fields: &[&str]) -> Option<String> {
    let values: Option<Vec<_>> = fields
        .iter()
        .map(|name| match own.fields.get(*name) {
            None => None,
            Some(expr) if expr.known() == Some(Value::Null) => None,
            Some(expr) => serde_json::to_string(expr).ok(),
        })
        .collect();
    values.map(|values| values.join("\n"))
}
