//! Names of a site: records that point at a distribution.

use landfall_core::{Global, Handle, Ref, Scope};
use landfall_edge::Distribution;
use landfall_security::DomainName;

use crate::{
    hosted_zone::HostedZone,
    record_set::{Answer, RecordSet, RecordType},
};

/// Points names at a distribution, over IPv4 and IPv6: the apex of a zone and `www`, for example.
///
/// They are aliases, so that the apex can be among them. The distribution has to have the names as its aliases.
pub fn site_aliases(
    scope: &Scope<'_, Global>,
    zone: impl Into<Ref<HostedZone>>,
    distribution: Handle<Distribution>,
    names: impl IntoIterator<Item = DomainName>,
) -> Vec<Handle<RecordSet>> {
    let zone = zone.into();
    let alias = |name: &DomainName, (suffix, record_type): (&str, RecordType)| {
        let record = RecordSet::builder()
            .zone(zone.clone())
            .name(name.as_str())
            .record_type(record_type)
            .answer(Answer::distribution(distribution))
            .build();
        scope.add(&format!("{}-{suffix}", label(name)), record)
    };
    let types = [("a", RecordType::A), ("aaaa", RecordType::Aaaa)];
    names.into_iter().flat_map(|name| types.map(|each| alias(&name, each))).collect()
}

/// A domain name as part of the name of a resource, which takes no `*`.
pub(crate) fn label(name: &DomainName) -> String {
    let label = name.as_str().replace('*', "wildcard");
    // Names of resources have at most 64 characters, with room for what is put behind.
    if label.len() <= 56 { label } else { label[label.len() - 56..].trim_start_matches(['.', '-']).to_owned() }
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Topology};
    use serde_json::json;

    use super::*;

    #[test]
    fn every_name_answers_over_both_protocols() {
        let topology = Topology::new("twin", Environment::new("test"));
        let global = topology.global();
        let zone = global.add("site", HostedZone::builder().name("example.com".parse().unwrap()).build());
        let distribution = global.lookup::<Distribution>("site", "E1");
        let names = ["example.com", "www.example.com", "*.example.com"].map(|name| name.parse().unwrap());
        assert_eq!(site_aliases(&global, zone, distribution, names).len(), 6);
        let lowered = topology.lower().expect("free of problems");
        let addresses: Vec<_> = lowered.declarations[2..].iter().map(|record| record.address.name()).collect();
        assert_eq!(addresses[..4], ["example.com-a", "example.com-aaaa", "www.example.com-a", "www.example.com-aaaa"]);
        assert_eq!(addresses[4], "wildcard.example.com-a");
        let record = &lowered.declarations[2];
        assert_eq!(record.fields["record_type"].known(), Some(json!("A")));
        assert_eq!(record.dependencies().len(), 2);
    }
}
