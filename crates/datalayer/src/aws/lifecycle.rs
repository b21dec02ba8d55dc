//! Lifecycle rules in the words of S3's API.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, ExpirationStatus, LifecycleExpiration, LifecycleRule as Wire, LifecycleRuleFilter,
    NoncurrentVersionExpiration, NoncurrentVersionTransition, Transition as WireTransition, TransitionStorageClass,
};
use landfall_core::Fault;

use crate::lifecycle::{LifecycleRule, StorageClass, Transition};

/// A rule as S3 takes it.
pub(super) fn wire(rule: &LifecycleRule) -> Result<Wire, Fault> {
    let filter = LifecycleRuleFilter::builder().prefix(rule.prefix.clone().unwrap_or_default()).build();
    let expiration = (rule.expiration_days.is_some() || rule.expired_object_delete_marker).then(|| {
        LifecycleExpiration::builder()
            .set_days(rule.expiration_days)
            .set_expired_object_delete_marker(rule.expired_object_delete_marker.then_some(true))
            .build()
    });
    let transitions: Vec<_> = rule
        .transitions
        .iter()
        .map(|to| WireTransition::builder().days(to.days).storage_class(class(to.storage_class)).build())
        .collect();
    let noncurrent: Vec<_> = rule
        .noncurrent_version_transitions
        .iter()
        .map(|to| {
            NoncurrentVersionTransition::builder()
                .noncurrent_days(to.days)
                .storage_class(class(to.storage_class))
                .build()
        })
        .collect();
    let days = rule.noncurrent_version_expiration_days;
    let abort = rule.abort_incomplete_multipart_upload_days;
    Wire::builder()
        .id(&rule.id)
        .filter(filter)
        .status(ExpirationStatus::Enabled)
        .set_expiration(expiration)
        .set_transitions((!transitions.is_empty()).then_some(transitions))
        .set_noncurrent_version_transitions((!noncurrent.is_empty()).then_some(noncurrent))
        .set_noncurrent_version_expiration(
            days.map(|days| NoncurrentVersionExpiration::builder().noncurrent_days(days).build()),
        )
        .set_abort_incomplete_multipart_upload(
            abort.map(|days| AbortIncompleteMultipartUpload::builder().days_after_initiation(days).build()),
        )
        .build()
        .map_err(|error| Fault::incomplete("s3:PutLifecycleConfiguration", &error.to_string()))
}

/// A rule as S3 tells it; `None` for one that is switched off.
pub(super) fn read(rule: &Wire) -> Option<LifecycleRule> {
    if *rule.status() != ExpirationStatus::Enabled {
        return None;
    }
    let filter = rule.filter();
    let prefix = filter
        .and_then(|filter| filter.prefix().or_else(|| filter.and().and_then(|and| and.prefix())))
        .filter(|prefix| !prefix.is_empty());
    let expiration = rule.expiration();
    let transitions = rule.transitions().iter();
    let noncurrent = rule.noncurrent_version_transitions().iter();
    Some(LifecycleRule {
        id: rule.id().unwrap_or_default().to_owned(),
        prefix: prefix.map(str::to_owned),
        transitions: transitions.filter_map(|to| transition(to.days(), to.storage_class())).collect(),
        expiration_days: expiration.and_then(aws_sdk_s3::types::LifecycleExpiration::days).filter(|days| *days > 0),
        expired_object_delete_marker: expiration
            .and_then(aws_sdk_s3::types::LifecycleExpiration::expired_object_delete_marker)
            .unwrap_or_default(),
        noncurrent_version_transitions: noncurrent
            .filter_map(|to| transition(to.noncurrent_days(), to.storage_class()))
            .collect(),
        noncurrent_version_expiration_days: rule
            .noncurrent_version_expiration()
            .and_then(aws_sdk_s3::types::NoncurrentVersionExpiration::noncurrent_days),
        abort_incomplete_multipart_upload_days: rule
            .abort_incomplete_multipart_upload()
            .and_then(aws_sdk_s3::types::AbortIncompleteMultipartUpload::days_after_initiation),
    })
}

fn transition(days: Option<i32>, to: Option<&TransitionStorageClass>) -> Option<Transition> {
    let storage_class = match to? {
        TransitionStorageClass::StandardIa => StorageClass::StandardIa,
        TransitionStorageClass::OnezoneIa => StorageClass::OnezoneIa,
        TransitionStorageClass::IntelligentTiering => StorageClass::IntelligentTiering,
        TransitionStorageClass::GlacierIr => StorageClass::GlacierIr,
        TransitionStorageClass::Glacier => StorageClass::Glacier,
        TransitionStorageClass::DeepArchive => StorageClass::DeepArchive,
        _ => return None,
    };
    Some(Transition { days: days.unwrap_or_default(), storage_class })
}

fn class(to: StorageClass) -> TransitionStorageClass {
    match to {
        StorageClass::StandardIa => TransitionStorageClass::StandardIa,
        StorageClass::OnezoneIa => TransitionStorageClass::OnezoneIa,
        StorageClass::IntelligentTiering => TransitionStorageClass::IntelligentTiering,
        StorageClass::GlacierIr => TransitionStorageClass::GlacierIr,
        StorageClass::Glacier => TransitionStorageClass::Glacier,
        StorageClass::DeepArchive => TransitionStorageClass::DeepArchive,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_come_back_as_they_went() {
        let check = |rule: LifecycleRule| assert_eq!(read(&wire(&rule).unwrap()), Some(rule));
        let rule = || LifecycleRule::builder().id("a");
        let to = |days, storage_class| vec![Transition { days, storage_class }];
        check(rule().expiration_days(7).build());
        check(rule().prefix("logs/").expired_object_delete_marker(true).build());
        check(rule().transitions(to(0, StorageClass::IntelligentTiering)).build());
        check(
            rule()
                .transitions(vec![
                    Transition { days: 30, storage_class: StorageClass::OnezoneIa },
                    Transition { days: 90, storage_class: StorageClass::GlacierIr },
                ])
                .noncurrent_version_transitions(to(30, StorageClass::StandardIa))
                .noncurrent_version_expiration_days(90)
                .abort_incomplete_multipart_upload_days(3)
                .build(),
        );
        check(rule().transitions(to(90, StorageClass::Glacier)).build());
        check(rule().transitions(to(180, StorageClass::DeepArchive)).build());
    }

    #[test]
    fn a_rule_that_is_off_is_no_rule() {
        let off = Wire::builder().id("a").status(ExpirationStatus::Disabled).build().unwrap();
        assert_eq!(read(&off), None);
    }
}
