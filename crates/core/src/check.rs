//! What a kind's own rules see of a topology.

use crate::{address::Address, attributes::Value, declarations::Declarations, expr::Expr, topology::Declaration};

/// A declaration among the others of its topology, as a kind's [`check`](crate::kind::Kind::check) sees it.
#[derive(Debug)]
pub struct Site<'t> {
    /// The declaration under check.
    pub own: &'t Declaration,
    pub(crate) all: &'t Declarations,
}

impl<'t> Site<'t> {
    /// The value of one of its fields, `None` while unknown or absent.
    pub fn known(&self, field: &str) -> Option<Value> {
        self.own.fields.get(field)?.known()
    }

    /// The declaration that a field refers to; `None` for a field that names something outside the topology.
    pub fn target(&self, field: &str) -> Option<&'t Declaration> {
        target(self.own.fields.get(field)?).and_then(|address| self.declaration(address))
    }

    /// All declarations that a field refers to, at any depth.
    pub fn targets(&self, field: &str) -> Vec<&'t Declaration> {
        let mut found = Vec::new();
        if let Some(expr) = self.own.fields.get(field) {
            expr.references(&mut |address, _| found.extend(self.declaration(address)));
        }
        found
    }

    /// The declaration at an address.
    pub fn declaration(&self, address: &Address) -> Option<&'t Declaration> {
        self.all.at(address)
    }

    /// Earlier declarations of the same kind in the same place, for rules between siblings.
    pub fn earlier_siblings(&self) -> impl Iterator<Item = &'t Declaration> {
        self.all.earlier_siblings(self.own)
    }

    /// Earlier declarations of the same kind in other places, for rules between the parts of something global.
    pub fn earlier_elsewhere(&self) -> impl Iterator<Item = &'t Declaration> {
        let end = self.all.position(&self.own.address).unwrap_or_default();
        let own = self.own;
        self.all[..end].iter().filter(move |other| other.kind.name == own.kind.name && other.place != own.place)
    }
}

fn target(expr: &Expr) -> Option<&Address> {
    match expr {
        Expr::Attribute { of, .. } => Some(of),
        _ => None,
    }
}
