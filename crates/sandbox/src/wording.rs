//! AWS's own words: error codes and sentences as its services write them.

use landfall_core::Kind;

/// The service of a kind: `ec2`.
pub(crate) fn service(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(service, _)| service)
}

fn noun(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(_, noun)| noun)
}

/// `load_balancer` as `LoadBalancer`.
fn pascal(noun: &str) -> String {
    noun.split('_')
        .map(|word| word.chars().take(1).map(|first| first.to_ascii_uppercase()).chain(word.chars().skip(1)).collect())
        .collect::<Vec<String>>()
        .concat()
}

/// `load_balancer` as `load balancer`.
fn spaced(noun: &str) -> String {
    noun.replace('_', " ")
}

/// What a service says of an id that it does not know.
pub(crate) fn not_found(kind: &str, attribute: &str, value: &str) -> String {
    let (service, noun) = (service(kind), noun(kind));
    let code = match (service, noun) {
        ("ec2", "vpc") => "InvalidVpcID.NotFound".to_owned(),
        ("ec2", "security_group") => "InvalidGroup.NotFound".to_owned(),
        ("ec2", "elastic_ip") => "InvalidAllocationID.NotFound".to_owned(),
        ("ec2", "nat_gateway") => "NatGatewayNotFound".to_owned(),
        ("ec2", noun) => format!("Invalid{}ID.NotFound", pascal(noun)),
        ("iam", _) => "NoSuchEntity".to_owned(),
        ("s3" | "route53" | "cloudfront", noun) => format!("NoSuch{}", pascal(noun)),
        ("rds" | "elasticache", noun) => format!("{}NotFoundFault", pascal(noun)),
        ("elasticloadbalancing", noun) => format!("{}NotFound", pascal(noun)),
        ("kms" | "sns", _) => "NotFoundException".to_owned(),
        ("wafv2", _) => "WAFNonexistentItemException".to_owned(),
        _ => "ResourceNotFoundException".to_owned(),
    };
    let named = if attribute == "id" { "ID".to_owned() } else { attribute.replace('_', " ") };
    format!("{code}: The {} {named} '{value}' does not exist", spaced(noun))
}

/// What a service says of an object that can't be used yet, or any more.
pub(crate) fn not_ready(kind: &str, id: &str, state: &str) -> String {
    let code = match service(kind) {
        "ec2" => "IncorrectState".to_owned(),
        "rds" | "elasticache" => format!("Invalid{}StateFault", pascal(noun(kind))),
        _ => "ResourceNotReadyException".to_owned(),
    };
    format!("{code}: The {} '{id}' is {state}", spaced(noun(kind)))
}

/// How many dependents a message names.
const SHOWN: usize = 4;

/// What a service says when others depend on what is to be deleted.
pub(crate) fn in_use(kind: &str, id: &str, dependents: &[String]) -> String {
    let code = match service(kind) {
        "ec2" => "DependencyViolation",
        "iam" => "DeleteConflict",
        "elasticloadbalancing" => "ResourceInUse",
        "route53" => "HostedZoneNotEmpty",
        "wafv2" => "WAFAssociatedItemException",
        _ => "ResourceInUseException",
    };
    let mut who = dependents.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    if dependents.len() > SHOWN {
        who = format!("{who} and {} more", dependents.len() - SHOWN);
    }
    format!("{code}: The {} '{id}' has dependencies and cannot be deleted: {who}", spaced(noun(kind)))
}

/// What a service says of something that may exist only once.
pub(crate) fn exists(kind: &Kind, what: &str, by: &str) -> String {
    let noun = noun(kind.name);
    let code = match service(kind.name) {
        "ec2" => format!("Invalid{}.Duplicate", pascal(noun)),
        "iam" => "EntityAlreadyExists".to_owned(),
        "rds" | "elasticache" => format!("{}AlreadyExistsFault", pascal(noun)),
        "s3" | "route53" | "cloudfront" => format!("{}AlreadyExists", pascal(noun)),
        "wafv2" => "WAFDuplicateItemException".to_owned(),
        _ => "ResourceAlreadyExistsException".to_owned(),
    };
    format!("{code}: A {} with this {what} already exists: {by}", spaced(noun))
}

/// What a service says when a quota is used up.
pub(crate) fn quota(kind: &str, limit: usize, place: &str) -> String {
    let noun = noun(kind);
    format!(
        "{}LimitExceeded: The maximum number of {}s has been reached: {limit} in {place}",
        pascal(noun),
        spaced(noun)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_each_service() {
        let check = |kind, expected: &str| {
            let said = not_found(kind, "id", "x-1");
            assert_eq!(said, expected);
        };
        check("ec2.vpc", "InvalidVpcID.NotFound: The vpc ID 'x-1' does not exist");
        check("ec2.subnet", "InvalidSubnetID.NotFound: The subnet ID 'x-1' does not exist");
        check("ec2.route_table", "InvalidRouteTableID.NotFound: The route table ID 'x-1' does not exist");
        check("iam.role", "NoSuchEntity: The role ID 'x-1' does not exist");
        check("rds.cluster", "ClusterNotFoundFault: The cluster ID 'x-1' does not exist");
        check("route53.hosted_zone", "NoSuchHostedZone: The hosted zone ID 'x-1' does not exist");
    }

    #[test]
    fn few_dependents_are_named_and_many_counted() {
        let names: Vec<String> = (1..=6).map(|n| format!("ec2.subnet subnet-{n}")).collect();
        assert_eq!(
            in_use("ec2.vpc", "vpc-1", &names[..1]),
            "DependencyViolation: The vpc 'vpc-1' has dependencies and cannot be deleted: ec2.subnet subnet-1"
        );
        assert!(in_use("ec2.vpc", "vpc-1", &names).ends_with("subnet-4 and 2 more"));
    }
}
