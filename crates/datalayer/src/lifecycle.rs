//! Lifecycle rules of a bucket: what happens to objects as they age.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What happens to the objects under a prefix as they age.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html>
///
/// ```
/// use landfall_datalayer::{LifecycleRule, StorageClass, Transition};
///
/// let rule = LifecycleRule::builder()
///     .id("logs")
///     .prefix("alb/")
///     .transitions(vec![Transition { days: 30, storage_class: StorageClass::StandardIa }])
///     .expiration_days(365)
///     .build();
/// assert_eq!(rule.expiration_days, Some(365));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct LifecycleRule {
    /// Name of the rule, unique in the bucket, at most 255 characters.
    #[builder(into)]
    pub id: String,
    /// Beginning of the keys that the rule is about; all keys unless said.
    #[builder(into)]
    pub prefix: Option<String>,
    /// Cheaper storage for current versions, with the age in days from which on.
    #[builder(default)]
    pub transitions: Vec<Transition>,
    /// Age in days at which current versions expire: deleted, or covered by a delete marker where the bucket keeps
    /// versions.
    pub expiration_days: Option<i32>,
    /// Whether a delete marker goes once nothing is left under it; not together with `expiration_days`.
    #[builder(default)]
    pub expired_object_delete_marker: bool,
    /// Cheaper storage for versions that are no longer current, counted from the day they were replaced.
    #[builder(default)]
    pub noncurrent_version_transitions: Vec<Transition>,
    /// Days after which a version that is no longer current is deleted for good.
    pub noncurrent_version_expiration_days: Option<i32>,
    /// Days after which the parts of an upload that never finished are deleted.
    pub abort_incomplete_multipart_upload_days: Option<i32>,
}

/// A move to cheaper storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Transition {
    /// Age in days.
    pub days: i32,
    /// Where to.
    pub storage_class: StorageClass,
}

/// Cheaper storage of S3.
///
/// API: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageClass {
    /// Read at once, paid per read; from 30 days of age.
    StandardIa,
    /// The same in a single zone; from 30 days of age.
    OnezoneIa,
    /// S3 moves objects by their use.
    IntelligentTiering,
    /// Archive that is read at once.
    GlacierIr,
    /// Archive that takes minutes to hours to read.
    Glacier,
    /// Archive that takes hours to read.
    DeepArchive,
}

/// What S3 would refuse in the rules.
pub(crate) fn problems(rules: &[LifecycleRule]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut ids = BTreeSet::new();
    for rule in rules {
        let LifecycleRule { id, .. } = rule;
        if id.is_empty() || id.len() > 255 {
            problems.push("a lifecycle rule has an `id` of 1 to 255 characters".to_owned());
        }
        if !ids.insert(id) {
            problems.push(format!("two lifecycle rules have the `id` {id}; give one of them another"));
        }
        problems.extend(problems_of(rule).map(|why| format!("lifecycle rule {id} {why}")));
    }
    problems
}

fn problems_of(rule: &LifecycleRule) -> impl Iterator<Item = String> {
    let mut found = Vec::new();
    let ages =
        [rule.expiration_days, rule.noncurrent_version_expiration_days, rule.abort_incomplete_multipart_upload_days];
    if ages.iter().flatten().any(|days| *days < 1) {
        found.push("has an age below 1 day".to_owned());
    }
    if rule.expired_object_delete_marker && rule.expiration_days.is_some() {
        found.push("has both `expiration_days` and `expired_object_delete_marker`: S3 takes one of them".to_owned());
    }
    let moves = rule.transitions.iter().chain(&rule.noncurrent_version_transitions);
    if moves
        .clone()
        .any(|to| to.days < 30 && matches!(to.storage_class, StorageClass::StandardIa | StorageClass::OnezoneIa))
    {
        found.push("moves objects to infrequent access before they are 30 days old, which S3 refuses".to_owned());
    }
    if let (Some(end), Some(last)) = (rule.expiration_days, rule.transitions.iter().map(|to| to.days).max())
        && end <= last
    {
        found.push(format!("deletes objects at {end} days, before it moves them at {last}"));
    }
    let idle = ages.iter().all(Option::is_none) && moves.count() == 0 && !rule.expired_object_delete_marker;
    if idle {
        found.push("does nothing; give it an age or a transition".to_owned());
    }
    found.into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_s3_would_refuse_is_said() {
        let check = |rule: LifecycleRule, expected: &[&str]| {
            assert_eq!(problems(std::slice::from_ref(&rule)), expected, "{rule:?}");
        };
        let rule = || LifecycleRule::builder().id("a");
        let to = |days, storage_class| vec![Transition { days, storage_class }];
        check(rule().expiration_days(30).build(), &[]);
        check(rule().build(), &["lifecycle rule a does nothing; give it an age or a transition"]);
        check(rule().expiration_days(0).build(), &["lifecycle rule a has an age below 1 day"]);
        check(
            rule().transitions(to(29, StorageClass::StandardIa)).build(),
            &["lifecycle rule a moves objects to infrequent access before they are 30 days old, which S3 refuses"],
        );
        check(rule().transitions(to(0, StorageClass::IntelligentTiering)).build(), &[]);
        check(
            rule().transitions(to(60, StorageClass::Glacier)).expiration_days(60).build(),
            &["lifecycle rule a deletes objects at 60 days, before it moves them at 60"],
        );
        check(
            rule().expiration_days(9).expired_object_delete_marker(true).build(),
            &["lifecycle rule a has both `expiration_days` and `expired_object_delete_marker`: S3 takes one of them"],
        );
    }

    #[test]
    fn ids_are_unique() {
        let rule = LifecycleRule::builder().id("a").expiration_days(1).build();
        assert_eq!(problems(&[rule.clone(), rule]), ["two lifecycle rules have the `id` a; give one of them another"]);
    }
}
