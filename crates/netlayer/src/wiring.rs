//! What the kinds' own rules share: ranges, and references from one declaration to the next.

use std::collections::BTreeSet;

use ipnet::{IpNet, Ipv4Net};
use landfall_core::{Address, Declaration, check::Site, expr::Expr};

/// The IPv4 range that a field of a declaration says, while it is known.
pub(crate) fn range(of: &Declaration, field: &str) -> Option<Ipv4Net> {
    of.fields.get(field)?.known()?.as_str()?.parse().ok()
}

/// Whether two ranges share addresses.
pub(crate) fn overlap(one: Ipv4Net, other: Ipv4Net) -> bool {
    one.contains(&other) || other.contains(&one)
}

/// Says what is wrong with a range that does not begin at its own first address: AWS would store another one.
pub(crate) fn host_bits(field: &str, range: impl Into<IpNet>) -> Option<String> {
    let range = range.into();
    let mended = range.trunc();
    (mended != range).then(|| format!("`{field}` {range} has bits set behind its prefix; write {mended}"))
}

/// The address that a field of a declaration refers to.
pub(crate) fn referred<'t>(of: &'t Declaration, field: &str) -> Option<&'t Address> {
    match of.fields.get(field)? {
        Expr::Attribute { of, .. } => Some(of),
        _ => None,
    }
}

/// The VPC in which a declaration lives: the one it names, or the one of its subnet.
pub(crate) fn vpc_of<'t>(site: &Site<'t>, of: &'t Declaration) -> Option<&'t Address> {
    referred(of, "vpc").or_else(|| referred(site.declaration(referred(of, "subnet")?)?, "vpc"))
}

/// Says that two declarations, which must live in one VPC, do not; silent while either VPC is unknown.
pub(crate) fn one_vpc(site: &Site<'_>, one: &Declaration, other: &Declaration, why: &str) -> Option<String> {
    let (here, there) = (vpc_of(site, one)?, vpc_of(site, other)?);
    (here != there).then(|| format!("{} is in {here}, but {} is in {there}; {why}", one.address, other.address))
}

/// Says that a peering connection has no end in the region of the declaration under check.
pub(crate) fn foreign_peering(site: &Site<'_>, field: &str, accepter: &Declaration) -> Option<String> {
    let here = site.own.place;
    let requester = referred(accepter, "peering_connection")?.place();
    (accepter.place != here && requester != here).then(|| {
        format!(
            "`{field}` refers to {}, which connects {requester} with {}; refer to a connection that has an end in {here}",
            accepter.address, accepter.place
        )
    })
}

/// Whether the declaration under check waits for one of that kind, directly or through others.
pub(crate) fn waits_for(site: &Site<'_>, kind: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![site.own];
    while let Some(declaration) = next.pop() {
        for address in declaration.dependencies() {
            if address.kind() == kind {
                return true;
            }
            if seen.insert(address) {
                next.extend(site.declaration(address));
            }
        }
    }
    false
}

/// Says what is wrong with a description of a security group or of one of its rules, by AWS's own rule.
pub(crate) fn description(site: &Site<'_>) -> Option<String> {
    let text = site.known("description")?;
    let text = text.as_str()?;
    let odd = text.chars().find(|c| !(c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(*c)));
    match odd {
        _ if text.chars().count() > 255 => Some("`description` is longer than 255 characters; shorten it".to_owned()),
        Some(odd) => Some(format!(
            "`description` holds {odd:?}, which AWS refuses; use ASCII letters, digits, spaces and ._-:/()#,@[]+=&;{{}}!$*"
        )),
        None => None,
    }
}
