//! Gateway endpoints on Amazon EC2.

use std::collections::BTreeSet;

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{LastError, ResourceType, State, VpcEndpoint as Reply, VpcEndpointType},
};
use landfall_aws::{fault, found};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Input, Live, Ref, TypedProvider, Wait};

use super::{Ec2, tags};
use crate::{
    policy,
    vpc_endpoint::{GatewayService, VpcEndpoint, VpcEndpointAttributes},
};

pub(super) struct Provider(pub(super) Ec2);

type LiveEndpoint = Live<VpcEndpoint<AnyRegion>, VpcEndpointAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = VpcEndpoint<AnyRegion>;
    type Attributes = VpcEndpointAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveEndpoint>, Fault> {
        describe(&self.0.of(cx), id).await?.filter(exists).map(live).transpose()
    }

    /// Waits for an endpoint that is on its way; one that fails was never made.
    async fn find(&self, cx: &Context, _want: &VpcEndpoint<AnyRegion>) -> Result<Option<LiveEndpoint>, Fault> {
        let client = self.0.of(cx);
        let found = client.describe_vpc_endpoints().filters(tags::by_token(cx)).into_paginator().items().send();
        let found = found.try_collect().await.map_err(fault("ec2:DescribeVpcEndpoints"))?;
        let Some(endpoint) = tags::ours(cx, found.into_iter().filter(exists), Reply::tags) else { return Ok(None) };
        match available(&client, cx, endpoint).await {
            Ok(endpoint) => live(endpoint).map(Some),
            Err(fault) if fault.kind == FaultKind::Invalid => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    async fn create(&self, cx: &Context, want: &VpcEndpoint<AnyRegion>) -> Result<VpcEndpointAttributes, Fault> {
        let client = self.0.of(cx);
        let reply = client
            .create_vpc_endpoint()
            .vpc_endpoint_type(VpcEndpointType::Gateway)
            .vpc_id(want.vpc.id())
            .service_name(format!("com.amazonaws.{}.{}", cx.region(), want.service.as_str()))
            .set_route_table_ids(Some(want.route_tables.iter().map(|table| table.id().to_owned()).collect()))
            .set_policy_document(want.policy.as_ref().map(|policy| policy.value().clone()))
            .client_token(cx.token.to_string())
            .tag_specifications(tags::on_create(cx, ResourceType::VpcEndpoint))
            .send()
            .await
            .map_err(fault("ec2:CreateVpcEndpoint"))?;
        let endpoint = reply.vpc_endpoint.ok_or_else(|| Fault::incomplete("ec2:CreateVpcEndpoint", "vpcEndpoint"))?;
        Ok(live(available(&client, cx, endpoint).await?)?.attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &VpcEndpoint<AnyRegion>,
        have: &LiveEndpoint,
    ) -> Result<VpcEndpointAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        let (wanted, present) = (tables(want), tables(&have.resource));
        let policy = want.policy.as_ref().filter(|policy| Some(*policy) != have.resource.policy.as_ref());
        if wanted != present || policy.is_some() {
            let ids = |tables: Vec<&&str>| {
                (!tables.is_empty()).then(|| tables.into_iter().map(ToString::to_string).collect::<Vec<_>>())
            };
            let reply = client
                .modify_vpc_endpoint()
                .vpc_endpoint_id(id)
                .set_add_route_table_ids(ids(wanted.difference(&present).collect()))
                .set_remove_route_table_ids(ids(present.difference(&wanted).collect()))
                .set_policy_document(policy.map(|policy| policy.value().clone()))
                .send()
                .await;
            reply.map_err(fault("ec2:ModifyVpcEndpoint"))?;
        }
        tags::update(&client, cx, id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    /// Waits until the endpoint is gone: until then its routes keep the tables from being deleted.
    async fn delete(&self, cx: &Context, have: &LiveEndpoint) -> Result<(), Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        let operation = "ec2:DeleteVpcEndpoints";
        let reply = client.delete_vpc_endpoints().vpc_endpoint_ids(id).send().await;
        let refused = found(operation, reply)?.and_then(|reply| reply.unsuccessful);
        for error in refused.unwrap_or_default().into_iter().filter_map(|item| item.error) {
            let code = error.code.unwrap_or_default();
            if !code.contains("NotFound") {
                let message = format!("{code}: {}", error.message.unwrap_or_default());
                return Err(Fault::new(FaultKind::Invalid, operation, message));
            }
        }
        cx.wait("gateway endpoint to be deleted", Wait::MINUTES, || async {
            let endpoint = describe(&client, id).await?;
            Ok(endpoint.is_none_or(|endpoint| is(&endpoint, &State::Deleted)).then_some(()))
        })
        .await
    }
}

async fn describe(client: &Client, id: &str) -> Result<Option<Reply>, Fault> {
    let reply = found("ec2:DescribeVpcEndpoints", client.describe_vpc_endpoints().vpc_endpoint_ids(id).send().await)?;
    Ok(reply.and_then(|reply| reply.vpc_endpoints.unwrap_or_default().into_iter().next()))
}

/// Whether an endpoint is in a state; EC2 writes states in lower case, its model in upper.
fn is(endpoint: &Reply, state: &State) -> bool {
    endpoint.state().is_some_and(|have| have.as_str().eq_ignore_ascii_case(state.as_str()))
}

fn exists(endpoint: &Reply) -> bool {
    ![State::Deleting, State::Deleted, State::Failed].iter().any(|gone| is(endpoint, gone))
}

async fn available(client: &Client, cx: &Context, endpoint: Reply) -> Result<Reply, Fault> {
    if is(&endpoint, &State::Available) {
        return Ok(endpoint);
    }
    let id = endpoint.vpc_endpoint_id().ok_or_else(|| Fault::incomplete("ec2:CreateVpcEndpoint", "vpcEndpointId"))?;
    cx.wait("gateway endpoint to become available", Wait::MINUTES, || async {
        match describe(client, id).await? {
            Some(endpoint) if is(&endpoint, &State::Available) => Ok(Some(endpoint)),
            Some(endpoint) if is(&endpoint, &State::Failed) => Err(Fault::new(
                FaultKind::Invalid,
                "ec2:CreateVpcEndpoint",
                endpoint.last_error().and_then(LastError::message).unwrap_or("the endpoint failed"),
            )),
            _ => Ok(None),
        }
    })
    .await
}

fn tables(of: &VpcEndpoint<AnyRegion>) -> BTreeSet<&str> {
    of.route_tables.iter().map(Ref::id).collect()
}

fn live(reply: Reply) -> Result<LiveEndpoint, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeVpcEndpoints", what);
    let name = reply.service_name().ok_or_else(|| missing("serviceName"))?;
    let service = GatewayService::ALL.into_iter().find(|service| name.rsplit('.').next() == Some(service.as_str()));
    let mut route_tables = reply.route_table_ids().to_vec();
    route_tables.sort();
    let policy = reply.policy_document();
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: VpcEndpoint {
            service: service.ok_or_else(|| missing("service that has gateway endpoints"))?,
            route_tables: route_tables.into_iter().map(Ref::existing).collect(),
            policy: policy.map(|document| Input::from(policy::canonical(document))),
            vpc: Ref::existing(reply.vpc_id.ok_or_else(|| missing("vpcId"))?),
        },
        attributes: VpcEndpointAttributes { id: reply.vpc_endpoint_id.ok_or_else(|| missing("vpcEndpointId"))? },
    })
}
