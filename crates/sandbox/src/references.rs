//! References: what an object refers to exists, is seen, is ready, and lives where AWS needs it.

use std::time::Duration;

use landfall_core::{
    Fault, FaultKind, Kind, PlaceCode,
    kind::Reach,
    provider::{Desired, Reference},
};

use crate::{
    object::{Key, Status, Thing},
    standing, wording,
    world::World,
};

/// The objects that a resource refers to by id or ARN, by field.
///
/// # Errors
/// "Not yet" for what does not exist, is not seen or is not ready: AWS does not tell these apart either, and the
/// engine gives up after a while. Invalid for what exists in another place only.
pub(crate) fn resolve(
    world: &World,
    kind: &Kind,
    place: PlaceCode,
    want: &Desired,
    operation: &str,
    now: Duration,
) -> Result<Vec<(String, Key)>, Fault> {
    let mut uses = Vec::new();
    for reference in &want.references {
        if let Some(key) = one(world, kind, place, reference, operation, now)?
            && names_the_object(reference)
        {
            uses.push((reference.field.clone(), key));
        }
    }
    Ok(uses)
}

fn one(
    world: &World,
    kind: &Kind,
    place: PlaceCode,
    reference: &Reference,
    operation: &str,
    now: Duration,
) -> Result<Option<Key>, Fault> {
    let Reference { field, kind: of, attribute, value } = reference;
    let Some(of_kind) = world.kind(of) else { return Ok(None) };
    // What nothing creates is always there.
    if standing::is_only_read(of_kind) || standing::belongs_to_aws(of_kind, value) {
        return Ok(None);
    }
    let reach = kind.field(field).map_or(Reach::Anywhere, |field| field.reach);
    let reader = wording::service(kind.name);
    // What the topology does not declare is named by id or ARN, whichever the field takes.
    let named: Vec<(Key, &Thing)> = match world.by_attribute(of, attribute, value).collect::<Vec<_>>() {
        none if none.is_empty() && attribute == "id" => world.by_attribute(of, "arn", value).collect(),
        named => named,
    };
    let allowed = |there: PlaceCode| may_reach(reach, place, there);
    let best = named.iter().filter(|(_, thing)| allowed(thing.place)).max_by_key(|(key, thing)| {
        let usable = world.is_seen(thing, reader, now) && thing.status(now) == Status::Ready;
        (usable, thing.place == place, *key)
    });
    let Some((key, thing)) = best else {
        let absent = wording::not_found(of, attribute, value);
        return match named.first() {
            Some((_, elsewhere)) => Err(Fault::new(
                FaultKind::Invalid,
                operation,
                format!("{absent} in {place}; `{field}` names one that lives in {}", elsewhere.place),
            )),
            // An update has changed it since: whoever took it read the truth of the time.
            None if of_kind.attribute(attribute).is_some_and(|reported| !reported.stable) => Ok(None),
            None => Err(Fault::not_yet(operation, format!("{absent} (`{field}`)"))),
        };
    };
    if !world.is_seen(thing, reader, now) {
        return Err(Fault::not_yet(operation, format!("{} (`{field}`)", wording::not_found(of, attribute, value))));
    }
    match thing.status(now) {
        Status::Ready | Status::Updating => Ok(Some(*key)),
        status @ (Status::Pending | Status::Deleting) => {
            let state = if status == Status::Pending { "pending" } else { "deleting" };
            Err(Fault::not_yet(operation, format!("{} (`{field}`)", wording::not_ready(of, value, state))))
        }
    }
}

/// Whether the reference names the object itself, so that AWS keeps it while it is referred to.
fn names_the_object(reference: &Reference) -> bool {
    matches!(reference.attribute.as_str(), "id" | "arn")
}

fn may_reach(reach: Reach, here: PlaceCode, there: PlaceCode) -> bool {
    there.is_global()
        || match reach {
            Reach::Anywhere => true,
            Reach::SamePlace => here.is_global() || here == there,
            Reach::OtherRegion => here != there,
            Reach::Region(code) => there.as_str() == code,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach_is_that_of_the_field() {
        let place = |code: &str| code.parse::<PlaceCode>().expect("a place");
        let check = |reach, here, there, expected| {
            assert_eq!(may_reach(reach, place(here), place(there)), expected, "{reach:?} {here} -> {there}");
        };
        check(Reach::SamePlace, "ap-south-1", "ap-south-1", true);
        check(Reach::SamePlace, "ap-south-1", "eu-west-2", false);
        check(Reach::SamePlace, "ap-south-1", "global", true);
        check(Reach::SamePlace, "global", "eu-west-2", true);
        check(Reach::OtherRegion, "ap-south-1", "ap-south-1", false);
        check(Reach::OtherRegion, "ap-south-1", "eu-west-2", true);
        check(Reach::Region("us-east-1"), "global", "us-east-1", true);
        check(Reach::Region("us-east-1"), "global", "eu-west-2", false);
        check(Reach::Anywhere, "ap-south-1", "eu-west-2", true);
    }
}
