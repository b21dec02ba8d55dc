//! Rules between a record, its zone and the records beside it.

use std::net::{Ipv4Addr, Ipv6Addr};

use landfall_core::{Declaration, check::Site, expr::Expr};
use landfall_security::DomainName;

pub(super) fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = in_zone(site);
    problems.extend(values(site));
    problems.extend(siblings(site));
    if let Some(name) = routed_probe(site) {
        problems.push(format!(
            "its health check probes {name}, which this record routes: it would say nothing about this endpoint, so probe a name that only the endpoint has"
        ));
    }
    if is(site.own, "routing_policy", "multivalue") && site.own.fields.contains_key("alias") {
        problems.push("an alias can't be one of several answers: give it values, or another policy".to_owned());
    }
    let identifier = text(site.own, "set_identifier").unwrap_or_default();
    if identifier.len() > 128 || (identifier.is_empty() != is(site.own, "routing_policy", "simple")) {
        problems.push("`set_identifier` must have 1 to 128 characters, and none for a simple record".to_owned());
    }
    problems
}

fn text(declaration: &Declaration, field: &str) -> Option<String> {
    declaration.fields.get(field)?.known()?.as_str().map(str::to_owned)
}

fn is(declaration: &Declaration, field: &str, value: &str) -> bool {
    text(declaration, field).is_some_and(|text| text == value)
}

fn in_zone(site: &Site<'_>) -> Vec<String> {
    let name = text(site.own, "name");
    let zone = site.target("zone").and_then(|zone| text(zone, "name"));
    let mut problems = Vec::new();
    if let Some(name) = &name
        && let Err(error) = name.parse::<DomainName>()
    {
        problems.push(format!("`name`: {error}"));
    }
    let (Some(name), Some(zone)) = (name, zone) else { return problems };
    let (Ok(parsed), Ok(apex)) = (name.parse::<DomainName>(), zone.parse::<DomainName>()) else { return problems };
    if !parsed.is_within(&apex) {
        problems.push(format!("`name` {name} is not in the zone {zone}: use a name that ends in it"));
    }
    let at_apex = parsed == apex;
    if at_apex && is(site.own, "record_type", "CNAME") {
        problems.push(format!("{name} is the apex of its zone, where DNS allows no CNAME: use an alias"));
    }
    if at_apex && ["NS", "SOA"].iter().any(|kind| is(site.own, "record_type", kind)) {
        problems.push(format!("AWS makes the NS and SOA records of {name} with the zone: leave them out"));
    }
    problems
}

fn values(site: &Site<'_>) -> Vec<String> {
    let Some(Expr::List(values)) = site.own.fields.get("values") else { return Vec::new() };
    let kind = text(site.own, "record_type").unwrap_or_default();
    let known = values.iter().filter_map(|value| value.known()?.as_str().map(str::to_owned));
    let mut problems: Vec<_> = known
        .filter_map(|value| {
            let (fits, mend) = match kind.as_str() {
                "A" => (value.parse::<Ipv4Addr>().is_ok(), "write an IPv4 address"),
                "AAAA" => (value.parse::<Ipv6Addr>().is_ok(), "write an IPv6 address"),
                "TXT" | "SPF" => text_value(&value),
                _ => (!value.is_empty(), "write a value"),
            };
            (!fits).then(|| format!("`{value}` is no value of a record of type {kind}: {mend}"))
        })
        .collect();
    if values.is_empty() {
        problems.push("it has no values: name at least one, or an alias".to_owned());
    }
    if kind == "CNAME" && values.len() > 1 {
        problems.push(format!("a CNAME has one value, this one has {}", values.len()));
    }
    problems
}

/// Whether a value is one or more texts as AWS takes them, and else the mend.
fn text_value(value: &str) -> (bool, &'static str) {
    let (mut inside, mut escaped, mut length, mut longest) = (false, false, 0, 0);
    for c in value.chars() {
        match c {
            _ if escaped => (escaped, length) = (false, length + 1),
            '"' => (inside, length) = (!inside, 0),
            '\\' if inside => escaped = true,
            _ if inside => length += c.len_utf8(),
            ' ' => {}
            _ => return (false, "put it in quotation marks"),
        }
        longest = longest.max(length);
    }
    if inside || !value.ends_with('"') {
        return (false, "put it in quotation marks");
    }
    (longest <= 255, "AWS takes texts of at most 255 characters: cut it into several, `\"...\" \"...\"`")
}

/// Rules between records of one name.
fn siblings(site: &Site<'_>) -> Vec<String> {
    let same = |field: &'static str| {
        move |other: &&Declaration| {
            other.fields.contains_key(field) && other.fields.get(field) == site.own.fields.get(field)
        }
    };
    let mut problems = Vec::new();
    for other in site.earlier_siblings().filter(same("zone")).filter(same("name")) {
        let address = &other.address;
        if !same("record_type")(&other) {
            if is(site.own, "record_type", "CNAME") || is(other, "record_type", "CNAME") {
                problems.push(format!("its name is that of {address} too, and a CNAME stands alone"));
            }
            continue;
        }
        if !same("routing_policy")(&other) {
            problems.push(format!("its name and type are those of {address}, which is routed by another policy"));
        } else if is(other, "routing_policy", "simple") {
            problems
                .push(format!("its name and type are those of {address}: route them by a policy, or make one of them"));
        }
        if same("region")(&other) {
            problems
                .push(format!("{address} answers for the same region: latency routing takes one record per region"));
        }
        if same("role")(&other) {
            problems.push(format!("{address} has the same role: failover routing takes one primary and one secondary"));
        }
        if same("location")(&other) {
            problems.push(format!("{address} answers for the same location"));
        }
    }
    problems
}

/// The name that the record's health check probes, when it is the name that the record itself routes.
fn routed_probe(site: &Site<'_>) -> Option<String> {
    let probed = text(site.target("health_check")?, "fully_qualified_domain_name")?;
    let own = text(site.own, "name")?;
    (own == probed.trim_end_matches('.').to_lowercase() && !is(site.own, "routing_policy", "simple")).then_some(probed)
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, EuWest2, Handle, Topology};

    use crate::{Answer, EndpointProbe, HealthCheck, HostedZone, Location, RecordSet, RecordTtl, RecordType, Routing};

    fn record(zone: Handle<HostedZone>, name: &str, record_type: RecordType, values: &[&str]) -> RecordSet {
        let answer = Answer::values(RecordTtl::MINUTE, values.iter().copied());
        RecordSet::builder().zone(zone).name(name).record_type(record_type).answer(answer).build()
    }

    fn routed(zone: Handle<HostedZone>, routing: Routing) -> RecordSet {
        RecordSet { routing, ..record(zone, "www.example.com", RecordType::A, &["192.0.2.1"]) }
    }

    fn check(declare: impl FnOnce(&Topology, Handle<HostedZone>), expected: Option<&str>) {
        let topology = Topology::new("twin", Environment::new("test"));
        let zone = HostedZone::builder().name("example.com".parse().unwrap()).build();
        let zone = topology.global().add("zone", zone);
        declare(&topology, zone);
        match (topology.lower(), expected) {
            (Ok(_), None) => {}
            (Err(problems), Some(expected)) => {
                assert!(problems.to_string().contains(expected), "{expected}: {problems}");
            }
            (Ok(_), Some(expected)) => panic!("no problem, expected: {expected}"),
            (Err(problems), None) => panic!("{problems}"),
        }
    }

    #[test]
    fn a_record_fits_its_zone_and_its_type() {
        let one = |name: &'static str, kind: RecordType, values: &'static [&'static str], expected: Option<&str>| {
            let declare = |topology: &Topology, zone| {
                topology.global().add("a", record(zone, name, kind, values));
            };
            check(declare, expected);
        };
        one("www.example.com", RecordType::A, &["192.0.2.1"], None);
        one("*.example.com", RecordType::Txt, &["\"v=spf1 -all\""], None);
        one("example.com", RecordType::Mx, &["10 mail.example.com"], None);
        one("www.example.org", RecordType::A, &["192.0.2.1"], Some("is not in the zone example.com"));
        one("exam ple.com", RecordType::A, &["192.0.2.1"], Some("`exam ple.com` is not a domain name"));
        one("example.com", RecordType::Cname, &["www.example.com"], Some("DNS allows no CNAME"));
        one("example.com", RecordType::Ns, &["ns.example.com"], Some("AWS makes the NS and SOA records"));
        one("www.example.com", RecordType::A, &["::1"], Some("write an IPv4 address"));
        one("www.example.com", RecordType::Aaaa, &["192.0.2.1"], Some("write an IPv6 address"));
        one("www.example.com", RecordType::Txt, &["plain"], Some("put it in quotation marks"));
        one("www.example.com", RecordType::Txt, &["\"cut"], Some("put it in quotation marks"));
        one("www.example.com", RecordType::Txt, &["\"a \\\"b\\\"\" \"c\""], None);
        one("www.example.com", RecordType::A, &[], Some("it has no values"));
        one("www.example.com", RecordType::Cname, &["a.example.com", "b.example.com"], Some("a CNAME has one value"));
    }

    #[test]
    fn long_texts_are_cut() {
        let check = |value: String, fits: bool| assert_eq!(super::text_value(&value).0, fits, "{value}");
        check(format!("\"{}\"", "x".repeat(255)), true);
        check(format!("\"{}\"", "x".repeat(256)), false);
        check(format!("\"{}\" \"{}\"", "x".repeat(255), "y".repeat(255)), true);
        check("\"".to_owned(), false);
    }

    #[test]
    fn an_alias_is_not_one_of_several_answers() {
        check(
            |topology, zone| {
                let alias = crate::AliasTarget::new("lb.example.net", "Z2");
                let record = RecordSet { answer: alias.into(), ..routed(zone, Routing::multivalue("a")) };
                topology.global().add("a", record);
            },
            Some("an alias can't be one of several answers"),
        );
    }

    #[test]
    fn records_of_one_name_fit_together() {
        let two = |first: Routing, second: Routing, expected: Option<&str>| {
            check(
                |topology, zone| {
                    topology.global().add("a", routed(zone, first));
                    topology.global().add("b", routed(zone, second));
                },
                expected,
            );
        };
        two(Routing::latency::<ApSouth1>(), Routing::latency::<EuWest2>(), None);
        two(Routing::primary(), Routing::secondary(), None);
        two(Routing::weighted("a", 1), Routing::weighted("b", 255), None);
        two(Routing::multivalue("a"), Routing::multivalue("b"), None);
        two(
            Routing::geolocation("in", Location::Country("IN".to_owned())),
            Routing::geolocation("rest", Location::Default),
            None,
        );
        two(Routing::default(), Routing::default(), Some("route them by a policy"));
        two(Routing::primary(), Routing::latency::<EuWest2>(), Some("routed by another policy"));
        let region = "eu-west-2".parse().unwrap();
        let again = Routing::Latency { set_identifier: "again".to_owned(), region };
        two(Routing::latency::<EuWest2>(), again, Some("one record per region"));
        let again = Routing::Failover { set_identifier: "again".to_owned(), role: crate::FailoverRole::Primary };
        two(Routing::primary(), again, Some("one primary and one secondary"));
        two(Routing::weighted("a", 1), Routing::weighted("a", 2), Some("it has the same `zone` and `name`"));
        two(Routing::weighted("", 1), Routing::weighted("b", 1), Some("`set_identifier` must have"));
    }

    #[test]
    fn a_cname_stands_alone() {
        check(
            |topology, zone| {
                topology.global().add("a", record(zone, "www.example.com", RecordType::Txt, &["\"a\""]));
                topology.global().add("b", record(zone, "www.example.com", RecordType::Cname, &["example.org"]));
            },
            Some("a CNAME stands alone"),
        );
    }

    #[test]
    fn a_health_check_on_the_routed_name_is_refused() {
        let probed = |name: &'static str, expected: Option<&str>| {
            check(
                |topology, zone| {
                    let probe = HealthCheck::builder(EndpointProbe::builder(name).build()).build();
                    let health_check = topology.global().add("in", probe);
                    let record = routed(zone, Routing::latency::<ApSouth1>());
                    topology.global().add("in", RecordSet { health_check: Some(health_check.into()), ..record });
                },
                expected,
            );
        };
        probed("in.www.example.com", None);
        probed("WWW.example.com", Some("probes WWW.example.com, which this record routes"));
    }
}
