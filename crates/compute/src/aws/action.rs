//! Actions of listeners and rules, in the form of Elastic Load Balancing.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as Wire, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig,
    RedirectActionStatusCodeEnum, TargetGroupStickinessConfig, TargetGroupTuple,
};
use landfall_core::{AnyRegion, Fault, FaultKind, Ref};

use super::elb::{to_i32, to_u32};
use crate::action::{Action, FixedResponse, Forward, Redirect, RedirectStatus, WeightedTargetGroup};

/// The action as a request holds it.
pub(super) fn to_wire(action: &Action<AnyRegion>) -> Wire {
    let wire = match action {
        Action::Forward(forward) => Wire::builder().r#type(ActionTypeEnum::Forward).forward_config(to_forward(forward)),
        Action::Redirect(redirect) => {
            Wire::builder().r#type(ActionTypeEnum::Redirect).redirect_config(to_redirect(redirect))
        }
        Action::FixedResponse(fixed) => {
            let body = (!fixed.message_body.is_empty()).then(|| fixed.message_body.clone());
            let config = FixedResponseActionConfig::builder()
                .status_code(fixed.status_code.to_string())
                .content_type(&fixed.content_type)
                .set_message_body(body);
            Wire::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(config.build())
        }
    };
    wire.build()
}

fn to_forward(forward: &Forward<AnyRegion>) -> ForwardActionConfig {
    let groups = forward.target_groups.iter().map(|group| {
        TargetGroupTuple::builder().target_group_arn(group.target_group.id()).weight(to_i32(group.weight)).build()
    });
    let stickiness = TargetGroupStickinessConfig::builder()
        .enabled(forward.stickiness_seconds.is_some())
        .set_duration_seconds(forward.stickiness_seconds.map(to_i32));
    ForwardActionConfig::builder()
        .set_target_groups(Some(groups.collect()))
        .target_group_stickiness_config(stickiness.build())
        .build()
}

fn to_redirect(redirect: &Redirect) -> RedirectActionConfig {
    RedirectActionConfig::builder()
        .protocol(&redirect.protocol)
        .host(&redirect.host)
        .port(&redirect.port)
        .path(&redirect.path)
        .query(&redirect.query)
        .status_code(match redirect.status {
            RedirectStatus::Permanent => RedirectActionStatusCodeEnum::Http301,
            RedirectStatus::Temporary => RedirectActionStatusCodeEnum::Http302,
        })
        .build()
}

/// The action that an answer holds.
///
/// # Errors
/// When it is none that this layer declares: somebody set an authentication up by hand.
pub(super) fn from_wire(operation: &str, actions: Vec<Wire>) -> Result<Action<AnyRegion>, Fault> {
    let mut actions = actions;
    let last = actions.pop().ok_or_else(|| Fault::incomplete(operation, "action"))?;
    Ok(match last.r#type {
        Some(ActionTypeEnum::Forward) => Action::Forward(from_forward(last)),
        Some(ActionTypeEnum::Redirect) => Action::Redirect(from_redirect(last.redirect_config)),
        Some(ActionTypeEnum::FixedResponse) => {
            let config = last.fixed_response_config.ok_or_else(|| Fault::incomplete(operation, "fixed response"))?;
            Action::FixedResponse(FixedResponse {
                status_code: config.status_code.and_then(|status| status.parse().ok()).unwrap_or_default(),
                content_type: config.content_type.unwrap_or_else(|| "text/plain".to_owned()),
                message_body: config.message_body.unwrap_or_default(),
            })
        }
        other => {
            let what = other.map_or_else(|| "none".to_owned(), |other| other.as_str().to_owned());
            return Err(Fault::new(
                FaultKind::Fatal,
                operation,
                format!("its action is `{what}`, which is not known here"),
            ));
        }
    })
}

fn from_forward(action: Wire) -> Forward<AnyRegion> {
    let config = action.forward_config.unwrap_or_else(|| ForwardActionConfig::builder().build());
    let stickiness = config.target_group_stickiness_config.filter(|config| config.enabled.unwrap_or_default());
    let mut target_groups: Vec<_> = config
        .target_groups
        .unwrap_or_default()
        .into_iter()
        .filter_map(|group| {
            let target_group = Ref::existing(group.target_group_arn?);
            Some(WeightedTargetGroup { target_group, weight: to_u32(group.weight).unwrap_or(1) })
        })
        .collect();
    if target_groups.is_empty() {
        let named = action.target_group_arn.map(Ref::existing);
        target_groups.extend(named.map(|target_group| WeightedTargetGroup { target_group, weight: 1 }));
    }
    Forward { target_groups, stickiness_seconds: stickiness.and_then(|config| to_u32(config.duration_seconds)) }
}

fn from_redirect(config: Option<RedirectActionConfig>) -> Redirect {
    let Some(config) = config else { return Redirect::builder().build() };
    Redirect::builder()
        .maybe_protocol(config.protocol)
        .maybe_host(config.host)
        .maybe_port(config.port)
        .maybe_path(config.path)
        .maybe_query(config.query)
        .status(match config.status_code {
            Some(RedirectActionStatusCodeEnum::Http302) => RedirectStatus::Temporary,
            _ => RedirectStatus::Permanent,
        })
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(action: &Action<AnyRegion>) {
        let read = from_wire("test", vec![to_wire(action)]).expect("a known action");
        assert_eq!(read, *action);
    }

    #[test]
    fn actions_are_read_back_as_declared() {
        let group = |id: &str| Ref::existing(id);
        check(&Action::forward(group("arn:a")));
        check(&Action::forward_weighted([(group("arn:a"), 90), (group("arn:b"), 10)]));
        let mut sticky = Action::forward(group("arn:a"));
        if let Action::Forward(forward) = &mut sticky {
            forward.stickiness_seconds = Some(600);
        }
        check(&sticky);
        check(&Action::redirect_to_https());
        check(&Redirect::builder().host("www.example.com").status(RedirectStatus::Temporary).build().into());
        check(&Action::fixed_response(403, "forbidden"));
        check(&Action::fixed_response(404, ""));
    }

    #[test]
    fn an_answer_in_the_old_way_is_understood() {
        let old = Wire::builder().r#type(ActionTypeEnum::Forward).target_group_arn("arn:a").build();
        assert_eq!(from_wire("test", vec![old]).ok(), Some(Action::forward(Ref::existing("arn:a"))));
    }

    #[test]
    fn an_unknown_action_is_a_fault_and_not_an_empty_one() {
        let cognito = Wire::builder().r#type(ActionTypeEnum::AuthenticateCognito).build();
        assert!(from_wire("test", vec![cognito]).is_err());
        assert!(from_wire("test", Vec::new()).is_err());
    }
}
