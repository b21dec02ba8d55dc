//! Audit: whether the kinds' own data are fit to be simulated.

use landfall_core::Kind;

use crate::{mint, timing::Times};

/// What is wrong with the data of kinds, one sentence each: unknown placeholders, times without a row, rules over
/// fields that do not exist. Empty for kinds that are in order; for a test over every kind of a program.
pub fn audit<'k>(kinds: impl IntoIterator<Item = &'k Kind>) -> Vec<String> {
    kinds.into_iter().flat_map(faults).collect()
}

fn faults(kind: &Kind) -> Vec<String> {
    let mut faults: Vec<String> = mint::forms(kind).err().into_iter().collect();
    if Times::of(kind.timing).is_none() {
        faults.push(format!("`timing` names `{}`, which is no row of the table of creation times", kind.timing));
    }
    if kind.attributes.first().is_none_or(|first| first.name != "id") {
        faults.push("its first attribute is not `id`".to_owned());
    }
    for name in kind.exclusive.iter().flat_map(|rule| rule.fields) {
        if kind.field(name).is_none() {
            faults.push(format!("`exclusive` names `{name}`, which is none of its fields"));
        }
    }
    for name in kind.excludes_among {
        if kind.field(name).is_none() {
            faults.push(format!("`excludes_among` names `{name}`, which is none of its fields"));
        }
    }
    if !kind.name.split_once('.').is_some_and(|(service, noun)| !service.is_empty() && !noun.is_empty()) {
        faults.push("its name is not of the form `service.noun`".to_owned());
    }
    let actions = &kind.actions;
    for action in [actions.create, actions.read, actions.update, actions.delete].concat() {
        if action.split_once(':').is_none_or(|(service, name)| service.is_empty() || name.is_empty()) {
            faults.push(format!("`{action}` is no IAM action of the form `service:Action`"));
        }
    }
    faults.into_iter().map(|fault| format!("{}: {fault}", kind.name)).collect()
}
