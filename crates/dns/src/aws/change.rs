//! Changes of Route 53: accepted at once, answered by all its name servers seconds later.

use aws_sdk_route53::{
    Client,
    types::{ChangeInfo, ChangeStatus},
};
use landfall_aws::fault;
use landfall_core::{Context, Fault, Wait};

/// Waits until all name servers of Route 53 answer with a change.
pub(super) async fn in_sync(client: &Client, cx: &Context, change: Option<ChangeInfo>) -> Result<(), Fault> {
    let Some(change) = change.filter(|change| change.status != ChangeStatus::Insync) else { return Ok(()) };
    cx.wait("change to reach all name servers", Wait::MINUTES, || async {
        let reply = client.get_change().id(&change.id).send().await.map_err(fault("route53:GetChange"))?;
        let status = reply.change_info.map(|change| change.status);
        Ok((status == Some(ChangeStatus::Insync)).then_some(()))
    })
    .await
}
