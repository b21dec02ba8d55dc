//! Validation of certificates: their records, and the wait until they are issued.

use std::collections::BTreeMap;

use landfall_core::{Global, Handle, Options, Ref, Region, Scope};
use landfall_security::{Certificate, DomainName, IssuedCertificate};

use crate::{
    hosted_zone::HostedZone,
    record_set::{Answer, RecordSet, RecordTtl, RecordType},
    site_aliases::label,
};

/// Declares the records that prove the names of one certificate; a wildcard shares that of the name it stands under.
///
/// `handle` is that of the declared `certificate`. Certificates of several regions that share names need
/// [`ValidatedCertificates`]: AWS asks each of them for the same record of a name, and a record is declared once.
pub fn validation_records<R: Region>(
    scope: &Scope<'_, Global>,
    zone: impl Into<Ref<HostedZone>>,
    certificate: &Certificate<R>,
    handle: Handle<Certificate<R>>,
) -> Vec<Handle<RecordSet>> {
    ValidatedCertificates::new(scope, zone).records(certificate, handle)
}

/// Certificates whose names one zone proves.
///
/// In one account AWS asks for the same record of a name whatever the certificate and its region, so that each name
/// has one record here, made from the first certificate that has the name. The records stay as long as they are
/// declared, because renewals need them.
#[derive(Debug)]
pub struct ValidatedCertificates<'t> {
    scope: Scope<'t, Global>,
    zone: Ref<HostedZone>,
    proven: BTreeMap<DomainName, Handle<RecordSet>>,
}

impl<'t> ValidatedCertificates<'t> {
    /// None yet; records go into the scope, and in DNS into the zone.
    pub fn new(scope: &Scope<'t, Global>, zone: impl Into<Ref<HostedZone>>) -> Self {
        Self { scope: scope.clone(), zone: zone.into(), proven: BTreeMap::new() }
    }

    /// Declares a certificate in a region, the records of its names that are not proven yet, and the state of being
    /// issued that waits for all of its records.
    #[expect(clippy::needless_pass_by_value, reason = "a declaration hands its resource over")]
    pub fn add<R: Region>(
        &mut self,
        scope: &Scope<'_, R>,
        name: &str,
        certificate: Certificate<R>,
    ) -> Handle<IssuedCertificate<R>> {
        let handle = scope.add(name, certificate.clone());
        let records = self.records(&certificate, handle);
        let options = records.into_iter().fold(Options::new(), Options::after);
        scope.add_with(name, options, IssuedCertificate::of(handle))
    }

    /// Declares the records of a certificate's names that are not proven yet; returns those of all its names.
    pub fn records<R: Region>(
        &mut self,
        certificate: &Certificate<R>,
        handle: Handle<Certificate<R>>,
    ) -> Vec<Handle<RecordSet>> {
        let mut records = Vec::new();
        for wanted in certificate.validation_records(handle) {
            let (scope, zone) = (&self.scope, &self.zone);
            let record = self.proven.entry(wanted.domain_name).or_insert_with_key(|domain| {
                let record = RecordSet::builder()
                    .zone(zone.clone())
                    .name(wanted.name)
                    .record_type(RecordType::Cname)
                    .answer(Answer::values(RecordTtl::FIVE_MINUTES, [wanted.value]))
                    .build();
                scope.add(&label(domain), record)
            });
            records.push(*record);
        }
        records
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, EuWest2, Topology, UsEast1};

    use super::*;

    fn certificate<R: Region>(names: &[&str]) -> Certificate<R> {
        let mut names = names.iter().map(|name| name.parse().unwrap());
        let first = names.next().unwrap();
        Certificate::builder().domain_name(first).subject_alternative_names(names).build()
    }

    #[test]
    fn a_name_has_one_record_whatever_the_certificates_and_regions() {
        let topology = Topology::new("twin", Environment::new("test"));
        let global = topology.global();
        let zone = global.add("site", HostedZone::builder().name("example.com".parse().unwrap()).build());
        let mut certificates = ValidatedCertificates::new(&global.child("proof"), zone);
        let edge = topology.region::<UsEast1>();
        let site = certificates.add(&edge, "site", certificate(&["example.com", "*.example.com"]));
        let origin = ["origin.example.com", "*.origin.example.com"];
        let india = certificates.add(&topology.region::<ApSouth1>(), "origin", certificate(&origin));
        let london = certificates.add(&topology.region::<EuWest2>(), "origin", certificate(&origin));
        let lowered = topology.lower().expect("free of problems");
        let records: Vec<_> = lowered
            .declarations
            .iter()
            .filter(|declaration| declaration.kind.name == "route53.record_set")
            .map(|declaration| declaration.address.to_string())
            .collect();
        assert_eq!(
            records,
            ["global/proof/route53.record_set:example.com", "global/proof/route53.record_set:origin.example.com"]
        );
        let waits = |address: landfall_core::Address| {
            let after = &lowered.get(&address).unwrap().after;
            after.iter().map(landfall_core::Address::name).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(waits(topology.address(site).unwrap()), ["example.com"]);
        assert_eq!(waits(topology.address(india).unwrap()), ["origin.example.com"]);
        assert_eq!(waits(topology.address(london).unwrap()), ["origin.example.com"]);
    }

    #[test]
    fn one_certificate_alone_needs_no_bookkeeping() {
        let topology = Topology::new("twin", Environment::new("test"));
        let global = topology.global();
        let site = certificate::<UsEast1>(&["example.com", "www.example.com", "*.example.com"]);
        let handle = topology.region().add("site", site.clone());
        let records = validation_records(&global, Ref::existing("Z1"), &site, handle);
        assert_eq!(records.len(), 2);
        topology.lower().expect("free of problems");
    }
}
