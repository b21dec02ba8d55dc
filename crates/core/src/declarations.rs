//! The declarations of a topology, found by position, by address, or among their siblings.

use std::{collections::HashMap, fmt, ops::Deref, sync::Arc};

use serde::{Serialize, Serializer};

use crate::{address::Address, place::PlaceCode, topology::Declaration};

/// Declarations in the order in which they were made: a slice of them, and an index.
///
/// Clones share their contents, however many there are.
#[derive(Clone, Default)]
pub struct Declarations(Arc<Indexed>);

#[derive(Clone, Default)]
struct Indexed {
    all: Vec<Declaration>,
    positions: HashMap<Address, usize>,
    siblings: HashMap<(&'static str, PlaceCode), Vec<usize>>,
}

impl Declarations {
    /// Position of the declaration at an address.
    pub fn position(&self, address: &Address) -> Option<usize> {
        self.0.positions.get(address).copied()
    }

    /// The declaration at an address.
    pub fn at(&self, address: &Address) -> Option<&Declaration> {
        self.position(address).map(|position| &self.0.all[position])
    }

    /// Positions of the declarations of the same kind in the same place, the one itself among them.
    pub(crate) fn siblings(&self, own: &Declaration) -> &[usize] {
        self.0.siblings.get(&(own.kind.name, own.place)).map_or(&[], Vec::as_slice)
    }

    /// Declarations of the same kind in the same place that were made before.
    pub(crate) fn earlier_siblings(&self, own: &Declaration) -> impl Iterator<Item = &Declaration> {
        let end = self.position(&own.address).unwrap_or_default();
        self.siblings(own).iter().take_while(move |sibling| **sibling < end).map(|sibling| &self.0.all[*sibling])
    }

    /// Adds a declaration; of two at one address the later one is found by it.
    pub(crate) fn push(&mut self, declaration: Declaration) {
        let Indexed { all, positions, siblings } = Arc::make_mut(&mut self.0);
        positions.insert(declaration.address.clone(), all.len());
        siblings.entry((declaration.kind.name, declaration.place)).or_default().push(all.len());
        all.push(declaration);
    }
}

impl Deref for Declarations {
    type Target = [Declaration];

    fn deref(&self) -> &[Declaration] {
        &self.0.all
    }
}

impl<'d> IntoIterator for &'d Declarations {
    type Item = &'d Declaration;
    type IntoIter = std::slice::Iter<'d, Declaration>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl PartialEq for Declarations {
    fn eq(&self, other: &Self) -> bool {
        self.0.all == other.0.all
    }
}

impl Serialize for Declarations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.all.serialize(serializer)
    }
}

impl fmt::Debug for Declarations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0.all).finish()
    }
}
