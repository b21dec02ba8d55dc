//! Traffic from one security group to another: a rule on either side.

use landfall_core::{Handle, Region, Scope};

use crate::{protocol::Protocol, security_group::SecurityGroup, security_group_rule::SecurityGroupRule};

/// Lets traffic through from the members of one group to those of another, and nothing else.
///
/// Declares `NAME-in`, by which `to` lets it in, and `NAME-out`, by which `from` lets it out: groups of this
/// library let nothing out that no rule names.
pub fn let_through<R: Region>(
    scope: &Scope<'_, R>,
    name: &str,
    protocol: Protocol,
    from: Handle<SecurityGroup<R>>,
    to: Handle<SecurityGroup<R>>,
) -> [Handle<SecurityGroupRule<R>>; 2] {
    let inward = SecurityGroupRule::ingress().security_group(to).protocol(protocol).source(from).build();
    let outward = SecurityGroupRule::egress().security_group(from).protocol(protocol).destination(to).build();
    [scope.add(&format!("{name}-in"), inward), scope.add(&format!("{name}-out"), outward)]
}

#[cfg(test)]
mod tests {
    use landfall_core::{ApSouth1, Environment, Topology};

    use super::*;
    use crate::vpc::Vpc;

    #[test]
    fn both_sides_have_a_rule() {
        let topology = Topology::new("twin", Environment::new("test"));
        let scope = topology.region::<ApSouth1>();
        let vpc = scope.add("main", Vpc::builder().cidr_block("10.0.0.0/16".parse().unwrap()).build());
        let group = |name: &str| scope.add(name, SecurityGroup::builder().vpc(vpc).description(name).build());
        let (servers, database) = (group("servers"), group("database"));
        let_through(&scope, "db", Protocol::tcp(5432), servers, database);
        let lowered = topology.lower().expect("free of problems");
        let groups: Vec<_> = lowered.declarations[3..]
            .iter()
            .map(|rule| serde_json::to_string(&rule.fields["security_group"]).expect("writes"))
            .collect();
        assert!(groups[0].contains(":database") && groups[1].contains(":servers"), "{groups:?}");
    }
}
