//! ACM certificate: requested, and issued once the records that prove its names are in DNS.

use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
};

use landfall_core::{
    AnyRegion, Attribute, Handle, Input, Kind, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reported},
};
use serde::{Deserialize, Serialize};

use crate::domain_name::DomainName;

/// Desired settings of a public certificate that DNS records validate and AWS renews.
///
/// Nothing can use it before it is issued: put its [records](Self::validation_records) into the zone, and give
/// listeners and distributions an [`IssuedCertificate`](crate::IssuedCertificate).
///
/// API: <https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Certificate<R: Region> {
    /// First name of the certificate, up to 64 characters. A change replaces the certificate.
    pub domain_name: DomainName,
    /// Further names; with the first at most 10, wildcards apart from what they share a record with. A change
    /// replaces the certificate.
    #[builder(default, with = FromIterator::from_iter)]
    pub subject_alternative_names: Vec<DomainName>,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// What AWS reports of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateAttributes {
    /// The ARN, by which the API names certificates.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Names and values of the validation records, under the names of the kind's attributes; none where the
    /// certificate has fewer domains.
    #[serde(flatten)]
    pub validation_records: BTreeMap<String, Option<String>>,
}

/// A record that proves the ownership of a name; it has to stay, because renewals ask for it again.
#[derive(Debug, Clone, PartialEq)]
pub struct ValidationRecord {
    /// What it proves, without a wildcard: the zone that takes the record holds this name.
    pub domain_name: DomainName,
    /// Name of the record, known once the certificate is requested.
    pub name: Input<String>,
    /// Type of the record: always `CNAME`.
    pub record_type: &'static str,
    /// Value of the record.
    pub value: Input<String>,
}

/// Names of the attributes that hold the validation records, in the order of [`Certificate::validation_domains`].
pub(crate) const RECORDS: [(&str, &str); 10] = [
    ("validation_record_name_0", "validation_record_value_0"),
    ("validation_record_name_1", "validation_record_value_1"),
    ("validation_record_name_2", "validation_record_value_2"),
    ("validation_record_name_3", "validation_record_value_3"),
    ("validation_record_name_4", "validation_record_value_4"),
    ("validation_record_name_5", "validation_record_value_5"),
    ("validation_record_name_6", "validation_record_value_6"),
    ("validation_record_name_7", "validation_record_value_7"),
    ("validation_record_name_8", "validation_record_value_8"),
    ("validation_record_name_9", "validation_record_value_9"),
];

impl<R: Region> Certificate<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");

    /// Every name of the certificate, the first one first.
    pub fn names(&self) -> impl Iterator<Item = &DomainName> {
        std::iter::once(&self.domain_name).chain(&self.subject_alternative_names)
    }

    /// The names that need a validation record of their own, sorted: a wildcard shares that of the name it stands
    /// under.
    pub fn validation_domains(&self) -> BTreeSet<DomainName> {
        self.names().map(DomainName::without_wildcard).collect()
    }

    /// The records that make AWS issue the certificate, one for each of its
    /// [validation domains](Self::validation_domains).
    ///
    /// `certificate` is the handle under which this declaration was added. ACM gives a name the same record in every
    /// certificate of an account, in whatever region: of certificates that share a name, put the record of one into
    /// the zone, and declare each [`IssuedCertificate`](crate::IssuedCertificate) after it.
    ///
    /// Of more than ten records only the first ten come: validation refuses such a certificate.
    pub fn validation_records(&self, certificate: Handle<Self>) -> Vec<ValidationRecord> {
        let domains = self.validation_domains();
        let record = |(domain_name, (name, value)): (DomainName, &(&'static str, &'static str))| ValidationRecord {
            domain_name,
            name: certificate.get(Attribute::new(name)),
            record_type: "CNAME",
            value: certificate.get(Attribute::new(value)),
        };
        domains.into_iter().zip(&RECORDS).map(record).collect()
    }
}

impl<R: Region> Resource for Certificate<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

const RECORD_NAME: &str = "_{hex:32}.{field.domain_name}.";
const RECORD_VALUE: &str = "_{hex:32}.{hex:10}.acm-validations.aws.";

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::replaces("domain_name"), Field::replaces("subject_alternative_names").set()],
    attributes: &{
        let mut all = [Reported::stable("id", "arn:aws:acm:{region}:{account}:certificate/{token}"); 22];
        all[1] = Reported::stable("arn", "{attribute.id}");
        let mut i = 0;
        while i < RECORDS.len() {
            all[2 + 2 * i] = Reported::stable(RECORDS[i].0, RECORD_NAME);
            all[3 + 2 * i] = Reported::stable(RECORDS[i].1, RECORD_VALUE);
            i += 1;
        }
        all
    },
    identity: Identity::ClientToken,
    taggable: true,
    actions: Actions {
        create: &[
            "acm:RequestCertificate",
            "acm:AddTagsToCertificate",
            "acm:DescribeCertificate",
            "acm:ListCertificates",
            "acm:ListTagsForCertificate",
        ],
        read: &["acm:DescribeCertificate", "acm:ListTagsForCertificate"],
        update: &["acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"],
        delete: &["acm:DeleteCertificate"],
    },
    timing: "aws_acm_certificate",
    check,
    ..Kind::of::<Certificate<AnyRegion>>("acm.certificate")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let name = |value: landfall_core::Value| value.as_str().and_then(|text| text.parse::<DomainName>().ok());
    let others = site.known("subject_alternative_names").and_then(|names| names.as_array().cloned());
    let first = site.known("domain_name").and_then(name);
    let names: Vec<_> = first.iter().cloned().chain(others.into_iter().flatten().filter_map(name)).collect();
    let mut problems = Vec::new();
    for name in &names {
        if name.labels() < 2 || name.as_str().contains('_') {
            problems.push(format!("no public certificate can be issued for `{name}`: name a public domain"));
        }
    }
    if let Some(first) = first
        && first.as_str().len() > 64
    {
        problems.push(format!(
            "`domain_name` {first} is longer than 64 characters: put a shorter name of the zone first and this one \
             among the others"
        ));
    }
    let distinct = names.iter().map(DomainName::without_wildcard).collect::<BTreeSet<_>>().len();
    if distinct > RECORDS.len() {
        problems.push(format!(
            "it has {distinct} names, wildcards apart: AWS takes {} on one certificate unless the quota was raised, \
             so split it or use a wildcard",
            RECORDS.len()
        ));
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Topology, UsEast1};

    use super::*;

    fn certificate(first: &str, others: &[&str]) -> Certificate<UsEast1> {
        let name = |text: &&str| text.parse::<DomainName>().expect("a domain");
        Certificate::builder().domain_name(name(&first)).subject_alternative_names(others.iter().map(name)).build()
    }

    #[test]
    fn a_wildcard_shares_the_record_of_its_apex() {
        let check = |first: &str, others: &[&str], expected: &[&str]| {
            let domains = certificate(first, others).validation_domains();
            assert_eq!(domains.iter().map(DomainName::as_str).collect::<Vec<_>>(), expected);
        };
        check("example.com", &[], &["example.com"]);
        check("example.com", &["*.example.com"], &["example.com"]);
        check("*.example.com", &["api.example.com"], &["api.example.com", "example.com"]);
        check("b.example.com", &["a.example.com", "b.example.com"], &["a.example.com", "b.example.com"]);
    }

    #[test]
    fn every_record_refers_to_an_attribute_of_the_kind() {
        let topology = Topology::new("test", Environment::new("dev"));
        let certificate = certificate("example.com", &["*.example.com", "api.example.com"]);
        let handle = topology.region::<UsEast1>().add("site", certificate.clone());
        let records = certificate.validation_records(handle);
        assert_eq!(records.len(), 2);
        assert_eq!(records[1].domain_name.as_str(), "example.com");
        assert_eq!(records[1].name, handle.get(Attribute::new("validation_record_name_1")));
        assert!(RECORDS.iter().all(|(name, value)| KIND.attribute(name).is_some() && KIND.attribute(value).is_some()));
    }

    #[test]
    fn names_that_no_certificate_can_have_are_refused_before_the_plan() {
        let check = |certificate: Certificate<UsEast1>, expected: &str| {
            let topology = Topology::new("test", Environment::new("dev"));
            topology.region::<UsEast1>().add("site", certificate);
            let problems = topology.lower().expect_err("refused").to_string();
            assert!(problems.contains(expected), "{problems}");
        };
        check(certificate("localhost", &[]), "public domain");
        check(certificate("_a.example.com", &[]), "public domain");
        check(certificate(&format!("{}.example.com", "a".repeat(60)), &[]), "longer than 64");
        let many: Vec<_> = (0..10).map(|i| format!("n{i}.example.com")).collect();
        check(certificate("example.com", &many.iter().map(String::as_str).collect::<Vec<_>>()), "11 names");
    }
}
