//! Instance refreshes: replacing the instances of a group in turn.

use aws_sdk_autoscaling::{
    Client,
    types::{
        DesiredConfiguration, InstanceRefresh as Reply, InstanceRefreshStatus, LaunchTemplateSpecification,
        RefreshPreferences as WirePreferences, RefreshStrategy,
    },
};
use landfall_aws::{fault, is_code};
use landfall_core::{Context, Fault, FaultKind, Wait};

use super::elb::to_i32;
use crate::auto_scaling_group::RefreshPreferences;

const START: &str = "autoscaling:StartInstanceRefresh";

/// Moves a group to a version of its launch template, instance by instance, and waits until all are replaced.
///
/// The version is the desired configuration of the refresh, which the group takes on when it succeeds. A run that
/// stops half-way therefore still sees the old version, and the next one finds the refresh that is under way
/// instead of starting another. A refresh to some other version gives way.
pub(super) async fn run(
    client: &Client,
    cx: &Context,
    group: &str,
    version: LaunchTemplateSpecification,
    preferences: &RefreshPreferences,
) -> Result<(), Fault> {
    let id = match under_way(client, group).await? {
        Some(refresh) if is_for(&refresh, &version) => refresh.instance_refresh_id,
        Some(refresh) => {
            cancel(client, cx, group, refresh.instance_refresh_id()).await?;
            start(client, group, version, preferences).await?
        }
        None => start(client, group, version, preferences).await?,
    };
    let id = id.ok_or_else(|| Fault::incomplete(START, "InstanceRefreshId"))?;
    cx.wait("instances to be replaced", Wait::LONG, || async {
        let refresh = describe(client, group, Some(&id)).await?.into_iter().next();
        outcome(refresh.as_ref())
    })
    .await
}

async fn start(
    client: &Client,
    group: &str,
    version: LaunchTemplateSpecification,
    preferences: &RefreshPreferences,
) -> Result<Option<String>, Fault> {
    let wire = WirePreferences::builder()
        .min_healthy_percentage(i32::from(preferences.min_healthy_percentage))
        .max_healthy_percentage(i32::from(preferences.max_healthy_percentage))
        .set_instance_warmup(preferences.instance_warmup_seconds.map(to_i32))
        .skip_matching(true)
        .auto_rollback(preferences.auto_rollback);
    let reply = client
        .start_instance_refresh()
        .auto_scaling_group_name(group)
        .strategy(RefreshStrategy::Rolling)
        .desired_configuration(DesiredConfiguration::builder().launch_template(version).build())
        .preferences(wire.build())
        .send()
        .await
        .map_err(fault(START))?;
    Ok(reply.instance_refresh_id)
}

/// Ends a refresh; instances that it has replaced already stay.
async fn cancel(client: &Client, cx: &Context, group: &str, id: Option<&str>) -> Result<(), Fault> {
    let reply = client.cancel_instance_refresh().auto_scaling_group_name(group).send().await;
    if let Err(error) = reply
        && !is_code(&error, &["ActiveInstanceRefreshNotFound"])
    {
        return Err(fault("autoscaling:CancelInstanceRefresh")(error));
    }
    cx.wait("an earlier instance refresh to end", Wait::MINUTES, || async {
        let refresh = describe(client, group, id).await?.into_iter().next();
        Ok(refresh.as_ref().is_none_or(|refresh| !is_active(refresh)).then_some(()))
    })
    .await
}

async fn under_way(client: &Client, group: &str) -> Result<Option<Reply>, Fault> {
    Ok(describe(client, group, None).await?.into_iter().find(is_active))
}

/// Refreshes of a group, newest first.
async fn describe(client: &Client, group: &str, id: Option<&str>) -> Result<Vec<Reply>, Fault> {
    let call = client.describe_instance_refreshes().auto_scaling_group_name(group);
    let reply = call.set_instance_refresh_ids(id.map(|id| vec![id.to_owned()])).send().await;
    let reply = reply.map_err(fault("autoscaling:DescribeInstanceRefreshes"))?;
    Ok(reply.instance_refreshes.unwrap_or_default())
}

fn is_active(refresh: &Reply) -> bool {
    use InstanceRefreshStatus::{Baking, Cancelling, InProgress, Pending, RollbackInProgress};
    matches!(refresh.status(), Some(Pending | InProgress | Baking | Cancelling | RollbackInProgress))
}

fn is_for(refresh: &Reply, version: &LaunchTemplateSpecification) -> bool {
    let wanted = refresh.desired_configuration().and_then(|wanted| wanted.launch_template());
    let going = !matches!(
        refresh.status(),
        Some(InstanceRefreshStatus::Cancelling | InstanceRefreshStatus::RollbackInProgress)
    );
    going
        && wanted.is_some_and(|wanted| {
            wanted.launch_template_id() == version.launch_template_id() && wanted.version() == version.version()
        })
}

/// Whether a refresh is over, and how.
fn outcome(refresh: Option<&Reply>) -> Result<Option<()>, Fault> {
    use InstanceRefreshStatus::{Cancelled, Failed, RollbackFailed, RollbackSuccessful, Successful};
    let Some(refresh) = refresh else { return Ok(None) };
    match refresh.status() {
        Some(Successful) => Ok(Some(())),
        Some(status @ (Cancelled | Failed | RollbackFailed | RollbackSuccessful)) => {
            let why = refresh.status_reason().unwrap_or("AWS gives no reason");
            Err(Fault::new(FaultKind::Fatal, START, format!("the instance refresh ended as {status}: {why}")))
        }
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refresh(status: InstanceRefreshStatus, version: &str) -> Reply {
        let template = LaunchTemplateSpecification::builder().launch_template_id("lt-1").version(version).build();
        Reply::builder()
            .instance_refresh_id("r-1")
            .status(status)
            .desired_configuration(DesiredConfiguration::builder().launch_template(template).build())
            .build()
    }

    #[test]
    fn a_refresh_under_way_is_taken_up_only_when_it_leads_to_the_wanted_version() {
        let wanted = LaunchTemplateSpecification::builder().launch_template_id("lt-1").version("3").build();
        for (status, version, active, taken_up) in [
            (InstanceRefreshStatus::Pending, "3", true, true),
            (InstanceRefreshStatus::InProgress, "3", true, true),
            (InstanceRefreshStatus::InProgress, "2", true, false),
            (InstanceRefreshStatus::Cancelling, "3", true, false),
            (InstanceRefreshStatus::RollbackInProgress, "3", true, false),
            (InstanceRefreshStatus::Successful, "3", false, true),
        ] {
            let refresh = refresh(status.clone(), version);
            assert_eq!((is_active(&refresh), is_for(&refresh, &wanted)), (active, taken_up), "{status} {version}");
        }
    }

    #[test]
    fn a_refresh_ends_well_badly_or_not_yet() {
        let check = |status: InstanceRefreshStatus| outcome(Some(&refresh(status, "3"))).map_err(|fault| fault.message);
        assert_eq!(check(InstanceRefreshStatus::Successful), Ok(Some(())));
        assert_eq!(check(InstanceRefreshStatus::Baking), Ok(None));
        let failed = check(InstanceRefreshStatus::Failed);
        assert!(failed.is_err_and(|message| message.contains("Failed")), "a failed refresh is an error");
        assert_eq!(outcome(None), Ok(None));
    }
}
