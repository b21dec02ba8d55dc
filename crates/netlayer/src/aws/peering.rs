//! What the providers of peering share: EC2's view of a connection, from either region.

use aws_sdk_ec2::{
    Client,
    types::{VpcPeeringConnection as Reply, VpcPeeringConnectionStateReasonCode as State},
};
use landfall_aws::{absent_is_done, found, is_code};
use landfall_core::{Context, Fault, FaultKind, Wait};

/// The connection as a region shows it, also when it is over.
pub(super) async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = client.describe_vpc_peering_connections().vpc_peering_connection_ids(id).send().await;
    let reply = found("ec2:DescribeVpcPeeringConnections", reply)?;
    Ok(reply.and_then(|reply| reply.vpc_peering_connections.unwrap_or_default().into_iter().next()))
}

/// The state of a connection.
pub(super) fn state(connection: &Reply) -> Option<&State> {
    connection.status().and_then(|status| status.code())
}

/// Whether a connection is requested or accepted; what is over stays visible for hours.
pub(super) fn exists(connection: &Reply) -> bool {
    let state = state(connection);
    is_accepted(connection) || matches!(state, Some(State::InitiatingRequest | State::PendingAcceptance))
}

/// Whether the other side accepted a connection.
pub(super) fn is_accepted(connection: &Reply) -> bool {
    matches!(state(connection), Some(State::Provisioning | State::Active))
}

/// Waits until a connection is in one of the states.
pub(super) async fn wait_for(
    client: &Client,
    cx: &Context,
    id: &str,
    what: &str,
    states: &[State],
) -> Result<Reply, Fault> {
    cx.wait(what, Wait::MINUTES, || async {
        let Some(connection) = describe(client, id).await? else { return Ok(None) };
        if state(&connection).is_some_and(|state| states.contains(state)) {
            return Ok(Some(connection));
        }
        if exists(&connection) {
            return Ok(None);
        }
        let code = state(&connection).map_or("unknown", State::as_str);
        let message = connection.status().and_then(|reason| reason.message()).unwrap_or_default();
        Err(Fault::new(FaultKind::Invalid, "ec2:CreateVpcPeeringConnection", format!("{code}: {message}")))
    })
    .await
}

/// Ends a connection and waits until no route can use it.
pub(super) async fn end(client: &Client, cx: &Context, id: &str) -> Result<(), Fault> {
    match client.delete_vpc_peering_connection().vpc_peering_connection_id(id).send().await {
        // It has ended already.
        Err(error) if is_code(&error, &["InvalidStateTransition"]) => {}
        other => absent_is_done("ec2:DeleteVpcPeeringConnection", other)?,
    }
    cx.wait("peering connection to be deleted", Wait::MINUTES, || async {
        let connection = describe(client, id).await?;
        Ok(connection.is_none_or(|left| !exists(&left) && state(&left) != Some(&State::Deleting)).then_some(()))
    })
    .await
}
