//! Entries to append.

use std::collections::BTreeMap;

use landfall_core::{
    Fields, Keep, PlaceCode,
    state::{Entry, Object, Operation, Token},
    store::Owner,
};

/// An owner of that name.
pub fn owner(name: &str) -> Owner {
    Owner { name: name.to_owned(), process: 7, command: "apply".to_owned(), since: 1 }
}

/// The first entry of a log.
pub fn opened() -> Entry {
    Entry::Opened { topology: "twin".into(), environment: "prod".into(), digest_key: "00".into() }
}

/// An entry that fits anywhere; `at` tells it from others.
pub fn ran(at: u64) -> Entry {
    Entry::Run { command: "apply".into(), owner: "asha@build-7 \u{1F680}".into(), at }
}

/// Entries that create the object of a number.
pub fn created(number: u8) -> [Entry; 2] {
    let token = Token::from_random([number; 16]);
    let object = Object {
        address: format!("ap-south-1/net/ec2.subnet:n{number}").parse().unwrap(),
        kind: "ec2.subnet".into(),
        version: 1,
        place: "ap-south-1".parse::<PlaceCode>().unwrap(),
        token: token.clone(),
        fields: Fields::from([("cidr_block".into(), format!("10.0.{number}.0/24\n").into())]),
        attributes: BTreeMap::new(),
        dependencies: [].into(),
        keep: Keep::default(),
        deposed: false,
    };
    let attributes = BTreeMap::from([("id".to_owned(), format!("subnet-{number}").into())]);
    [
        Entry::Intent { operation: Operation::Create, object: Box::new(object) },
        Entry::Done { token, attributes, fields: None },
    ]
}

/// A log of that many entries, at least one and 513 at most.
pub fn entries(count: usize) -> Vec<Entry> {
    let made = (0..=u8::MAX).flat_map(created);
    std::iter::once(opened()).chain(made).take(count).collect()
}
