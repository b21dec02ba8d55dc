//! Refusals that pass: something made a moment ago is shown to other services only seconds later.

use landfall_core::{Fault, FaultKind};

/// Marks a fault as one to call again after, when AWS's words say what passes.
pub(super) fn passing<'w>(words: &'w [&'w str]) -> impl Fn(Fault) -> Fault + 'w {
    move |fault| {
        let passes = fault.kind == FaultKind::Invalid || fault.kind == FaultKind::Taken;
        if passes && words.iter().any(|words| fault.message.contains(words)) {
            Fault { kind: FaultKind::NotYet, ..fault }
        } else {
            fault
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_refusals_pass() {
        let check = |kind, message: &str, expected| {
            let fault = passing(&["Access Denied for bucket"])(Fault::new(kind, "x:Y", message));
            assert_eq!(fault.kind, expected, "{message}");
        };
        check(FaultKind::Invalid, "InvalidConfigurationRequest: Access Denied for bucket: logs", FaultKind::NotYet);
        check(FaultKind::Invalid, "InvalidConfigurationRequest: idle timeout", FaultKind::Invalid);
        check(FaultKind::Denied, "AccessDenied: Access Denied for bucket", FaultKind::Denied);
    }
}
