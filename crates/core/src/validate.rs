//! Validation: the rules that types can't hold, checked for the whole topology at once.

use std::collections::HashMap;

use crate::{
    address::Address,
    check::Site,
    declarations::Declarations,
    exclusive::{self, Claim},
    kind::Reach,
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
    let mut seen: HashMap<Claim, &Address> = HashMap::new();
    let mut problems = Vec::new();
    for own in all.iter().filter(|declaration| declaration.lookup.is_none()) {
        // What is not known yet is the same where the expressions are.
        let value = |field: &str| {
            let expr = own.fields.get(field)?;
            expr.known().or_else(|| serde_json::to_value(expr).ok())
        };
        for (rule, claim) in exclusive::claims(own.kind, own.place, value) {
            if let Some(first) = seen.insert(claim, &own.address) {
                problems.push(exclusive::double(&own.address, rule, first));
            }
        }
    }
    problems
}
