//! How many tags Route 53 takes.

use landfall_core::{TAGS, check::Site, expr::Expr};

/// AWS's limit on the tags of a zone or a health check.
const LIMIT: usize = 10;

/// Landfall's own tags: topology, environment, address, token.
const OWN: usize = 4;

/// Says that a zone or health check has more tags than AWS takes.
pub(crate) fn too_many(site: &Site<'_>) -> Option<String> {
    let Some(Expr::Map(tags)) = site.own.fields.get(TAGS) else { return None };
    let room = LIMIT - OWN;
    (tags.len() > room).then(|| {
        format!(
            "it has {} tags, with its name: AWS takes {LIMIT} here, and {OWN} are Landfall's own, so keep {room} at most",
            tags.len()
        )
    })
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Options, Topology};

    use crate::{EndpointProbe, HealthCheck, HostedZone};

    #[test]
    fn a_name_and_five_tags_are_the_most() {
        let check = |count: usize, fits: bool| {
            let topology = Topology::new("twin", Environment::new("test"));
            let options = || (0..count).fold(Options::new(), |options, n| options.tag(format!("tag-{n}"), "x"));
            let zone = HostedZone::builder().name("example.com".parse().unwrap()).build();
            topology.global().add_with("zone", options(), zone);
            let probe = EndpointProbe::builder("in.origin.example.com").build();
            topology.global().add_with("check", options(), HealthCheck::builder(probe).build());
            let problems = topology.lower().err().map(|problems| problems.to_string()).unwrap_or_default();
            assert_eq!(problems.matches("AWS takes 10 here").count(), if fits { 0 } else { 2 }, "{problems}");
        };
        check(5, true);
        check(6, false);
    }
}
