//! Rules of health checks.

use landfall_core::{check::Site, expr::Expr};

pub(super) fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems: Vec<String> = crate::tags::too_many(site).into_iter().collect();
    let number = |field: &str| site.known(field).and_then(|value| value.as_u64());
    let length = |field: &str| match site.own.fields.get(field) {
        Some(Expr::List(items)) => Some(items.len() as u64),
        _ => None,
    };
    if number("port") == Some(0) {
        problems.push("`port` 0 is none: AWS takes 1 to 65535".to_owned());
    }
    if let Some(seconds) = number("request_interval_seconds").filter(|seconds| ![10, 30].contains(seconds)) {
        problems.push(format!("`request_interval_seconds` is {seconds}: AWS takes 10 or 30"));
    }
    if let Some(threshold) = number("failure_threshold").filter(|threshold| !(1..=10).contains(threshold)) {
        problems.push(format!("`failure_threshold` {threshold} is out of range: AWS takes 1 to 10"));
    }
    if let Some(path) = site.known("resource_path").and_then(|path| path.as_str().map(str::to_owned))
        && (!path.starts_with('/') || path.len() > 255)
    {
        problems.push(format!("`resource_path` `{path}` must start with `/` and have at most 255 characters"));
    }
    if let Some(count) = length("regions").filter(|count| *count < 3) {
        problems.push(format!("`regions` has {count}: AWS wants checkers in three or more, or leave it out for all"));
    }
    if let (Some(children), Some(threshold)) = (length("child_health_checks"), number("health_threshold")) {
        if threshold > children {
            problems.push(format!(
                "`health_threshold` {threshold} is more than its {children} children: it would never be healthy"
            ));
        }
        if children > 255 {
            problems.push(format!("`child_health_checks` has {children}: AWS takes 255"));
        }
    }
    if site.known("alarm_region").is_some_and(|region| region == "global") {
        problems.push("`alarm_region` is global: alarms live in regions".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::{Environment, Topology};

    use crate::{CalculatedProbe, CheckerRegion, EndpointProbe, HealthCheck, Probe};

    #[test]
    fn what_aws_would_refuse_is_named() {
        let check = |probe: Probe, expected: &str| {
            let topology = Topology::new("twin", Environment::new("test"));
            topology.global().add("in", HealthCheck::builder(probe).build());
            let problems = topology.lower().expect_err(expected).to_string();
            assert!(problems.contains(expected), "{expected}: {problems}");
        };
        let endpoint = || EndpointProbe::builder("in.origin.example.com");
        check(endpoint().request_interval_seconds(20).build().into(), "`request_interval_seconds` is 20");
        check(endpoint().failure_threshold(11).build().into(), "`failure_threshold` 11");
        check(endpoint().resource_path("healthz").build().into(), "must start with `/`");
        check(endpoint().port(0).build().into(), "`port` 0");
        check(endpoint().regions([CheckerRegion::EuWest1]).build().into(), "`regions` has 1");
        check(CalculatedProbe::at_least(1, Vec::<landfall_core::Ref<HealthCheck>>::new()).into(), "never be healthy");
    }

    #[test]
    fn fields_are_flat_and_parse_again() {
        let children = ["a", "b"].map(landfall_core::Ref::<HealthCheck>::existing);
        let regions = [CheckerRegion::EuWest1, CheckerRegion::UsEast1, CheckerRegion::ApSoutheast1];
        let endpoint = EndpointProbe::builder("in.origin.example.com").regions(regions).build();
        for probe in [
            Probe::from(endpoint.clone()),
            endpoint.with_text("ok").into(),
            CalculatedProbe::at_least(1, children).into(),
            crate::AlarmProbe::new("cpu", "eu-west-2".parse().unwrap()).into(),
        ] {
            let topology = Topology::new("twin", Environment::new("test"));
            let check = HealthCheck::builder(probe).inverted(true).build();
            topology.global().add("in", check.clone());
            let lowered = topology.lower().expect("free of problems");
            let declaration = &lowered.declarations[0];
            let fields: serde_json::Map<_, _> = declaration
                .fields
                .iter()
                .filter(|(name, _)| *name != landfall_core::TAGS)
                .map(|(name, field)| (name.clone(), field.known().expect("known")))
                .collect();
            for name in fields.keys() {
                assert!(declaration.kind.field(name).is_some(), "{name} is no field of the kind");
            }
            assert_eq!(serde_json::from_value::<HealthCheck>(fields.into()).expect("parses"), check);
        }
    }
}
