//! Rules that several kinds share.

use std::collections::BTreeSet;

use landfall_core::{Declaration, PlaceCode, Value, check::Site, expr::Expr};

/// Minutes of a day.
const DAY: i32 = 24 * 60;

/// The value of a field of another declaration, `None` while unknown or absent.
pub(crate) fn known(declaration: &Declaration, field: &str) -> Option<Value> {
    declaration.fields.get(field)?.known()
}

/// The text of a field of the declaration under check.
pub(crate) fn text(site: &Site<'_>, field: &str) -> Option<String> {
    site.known(field)?.as_str().map(str::to_owned)
}

/// Where what a field refers to lives: by the declaration, or by the region in an ARN.
pub(crate) fn place_of(site: &Site<'_>, field: &str) -> Option<PlaceCode> {
    match site.target(field) {
        Some(target) => Some(target.place),
        None => text(site, field)?.split(':').nth(3)?.parse().ok(),
    }
}

/// Data that would go from one place to another under another law, without a reason in `cross_border`; `form` is how to
/// give one.
pub(crate) fn border_problem(
    site: &Site<'_>,
    data: &str,
    (from, to): (Option<PlaceCode>, Option<PlaceCode>),
    form: &str,
) -> Option<String> {
    let reason = site.known("cross_border").unwrap_or_default();
    if reason.as_str().is_some_and(|reason| reason.trim().is_empty()) {
        return Some(format!("`cross_border` is empty: say why {data} may lie under another law"));
    }
    let law = |place: Option<PlaceCode>| place?.region().map(|facts| facts.jurisdiction);
    let (from, to) = (law(from)?, law(to)?);
    (from != to && reason.is_null())
        .then(|| format!("{data} would cross from {from} to {to}: say why that may be, with `{form}`"))
}

/// Subnet groups: AWS wants subnets of one VPC, in two zones at least.
pub(crate) fn zones_of_subnets(site: &Site<'_>) -> Vec<String> {
    let subnets = site.targets("subnets");
    let named = site.own.fields.get("subnets").map_or(0, |subnets| match subnets {
        Expr::List(subnets) => subnets.len(),
        _ => 0,
    });
    if subnets.len() < named || subnets.iter().any(|subnet| subnet.lookup.is_some()) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    let zones: Option<BTreeSet<_>> =
        subnets.iter().map(|subnet| known(subnet, "availability_zone")?.as_str().map(str::to_owned)).collect();
    if let Some(zones) = zones
        && zones.len() < 2
    {
        let zones = zones.into_iter().next().unwrap_or_else(|| "no zone".to_owned());
        problems.push(format!("`subnets` are all in {zones}: name subnets in two availability zones at least"));
    }
    if let Some(other) = subnets.iter().find(|subnet| subnet.fields.get("vpc") != subnets[0].fields.get("vpc")) {
        problems.push(format!(
            "`subnets` are of several VPCs: {} is in another than {}",
            other.address, subnets[0].address
        ));
    }
    problems
}

/// Security groups that are named, but none: AWS would take the VPC's default group, and it would look changed.
pub(crate) fn empty_groups(site: &Site<'_>, field: &str) -> Option<String> {
    let none = matches!(site.own.fields.get(field), Some(Expr::List(groups)) if groups.is_empty());
    none.then(|| format!("`{field}` is empty: name a group, or leave it out for the VPC's default group"))
}

/// What is wrong with a daily window of `least` minutes: `03:00-04:00`, in UTC.
pub(crate) fn daily_window(site: &Site<'_>, field: &str, least: i32) -> Option<String> {
    let window = text(site, field)?;
    let ends = window.split_once('-').and_then(|(from, to)| Some((minute(from)?, minute(to)?)));
    let long_enough = ends.is_some_and(|(from, to)| (to + DAY - from) % DAY >= least);
    (!long_enough)
        .then(|| format!("`{field}` {window} is no daily window: write `03:00-04:00`, in UTC, {least} minutes or more"))
}

/// What is wrong with a weekly window of `least` minutes: `sun:04:00-sun:05:00`, in UTC.
pub(crate) fn weekly_window(site: &Site<'_>, field: &str, least: i32) -> Option<String> {
    const WEEK: i32 = 7 * DAY;
    let window = text(site, field)?;
    let ends = window.split_once('-').and_then(|(from, to)| Some((minute_of_week(from)?, minute_of_week(to)?)));
    let long_enough = ends.is_some_and(|(from, to)| (to + WEEK - from) % WEEK >= least);
    (!long_enough).then(|| {
        format!("`{field}` {window} is no weekly window: write `sun:04:00-sun:05:00`, in UTC, {least} minutes or more")
    })
}

fn minute_of_week(text: &str) -> Option<i32> {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (day, time) = text.split_once(':')?;
    let day = DAYS.iter().position(|name| *name == day)?;
    Some(i32::try_from(day).ok()? * DAY + minute(time)?)
}

fn minute(text: &str) -> Option<i32> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |text: &str| (text.len() == 2).then(|| text.parse::<i32>().ok()).flatten();
    let (hour, minute) = (two_digits(hour)?, two_digits(minute)?);
    ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(hour * 60 + minute)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_aws_writes_them() {
        assert_eq!(minute("00:30"), Some(30));
        assert_eq!(minute("24:00"), None);
        assert_eq!(minute("3:00"), None);
        assert_eq!(minute_of_week("tue:00:10"), Some(1450));
        assert_eq!(minute_of_week("Sun:00:10"), None);
    }
}
