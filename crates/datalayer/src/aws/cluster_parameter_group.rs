//! Cluster parameter groups on Amazon RDS.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_rds::{
    Client,
    types::{ApplyMethod, DbClusterParameterGroup as Reply, Parameter},
};
use landfall_aws::{fault, found, is_absent};
use landfall_core::{AnyRegion, Context, Fault, Live, TypedProvider};

use super::{Rds, rds};
use crate::cluster_parameter_group::{ClusterParameterGroup, ClusterParameterGroupAttributes};

pub(super) struct Provider(pub(super) Rds);

type Desired = ClusterParameterGroup<AnyRegion>;
type LiveGroup = Live<Desired, ClusterParameterGroupAttributes>;

const DESCRIBE: &str = "rds:DescribeDBClusterParameterGroups";

/// AWS takes no more parameters in one request.
const AT_ONCE: usize = 20;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Desired;
    type Attributes = ClusterParameterGroupAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveGroup>, Fault> {
        let client = self.0.of(cx);
        let reply = client.describe_db_cluster_parameter_groups().db_cluster_parameter_group_name(id).send().await;
        let groups = found(DESCRIBE, reply)?.and_then(|reply| reply.db_cluster_parameter_groups).unwrap_or_default();
        let Some(group) = groups.into_iter().next() else { return Ok(None) };
        let attributes = attributes(&group)?;
        let family = group.db_parameter_group_family.ok_or_else(|| Fault::incomplete(DESCRIBE, "family"))?;
        let mut resource = ClusterParameterGroup::builder().family(family).build();
        resource.parameters = parameters(&client, id).await?;
        Ok(Some(Live { resource, tags: rds::list_tags(&client, &attributes.arn).await?, attributes }))
    }

    async fn find(&self, cx: &Context, _want: &Desired) -> Result<Option<LiveGroup>, Fault> {
        self.read(cx, &cx.physical_name(255)).await
    }

    async fn create(&self, cx: &Context, want: &Desired) -> Result<ClusterParameterGroupAttributes, Fault> {
        let operation = "rds:CreateDBClusterParameterGroup";
        let client = self.0.of(cx);
        let reply = client
            .create_db_cluster_parameter_group()
            .db_cluster_parameter_group_name(cx.physical_name(255))
            .db_parameter_group_family(&want.family)
            .description(cx.address.as_str())
            .set_tags(Some(rds::on_create(cx)))
            .send()
            .await
            .map_err(fault(operation))?;
        let group = reply.db_cluster_parameter_group;
        let attributes = attributes(&group.ok_or_else(|| Fault::incomplete(operation, "DBClusterParameterGroup"))?)?;
        set(&client, &attributes.id, &changed(want, &BTreeMap::new())).await?;
        Ok(attributes)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &Desired,
        have: &LiveGroup,
    ) -> Result<ClusterParameterGroupAttributes, Fault> {
        let client = self.0.of(cx);
        let id = &have.attributes.id;
        set(&client, id, &changed(want, &have.resource.parameters)).await?;
        reset(&client, id, &dropped(want, &have.resource)).await?;
        rds::update_tags(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let call = self.0.of(cx).delete_db_cluster_parameter_group();
        match call.db_cluster_parameter_group_name(&have.attributes.id).send().await {
            Err(error) if is_absent(&error) => Ok(()),
            other => other.map(drop).map_err(rds::in_use("rds:DeleteDBClusterParameterGroup")),
        }
    }
}

/// Parameters to set, those that take effect at once and those that wait for a restart.
fn changed(want: &Desired, have: &BTreeMap<String, String>) -> Vec<Parameter> {
    let new = want.parameters.iter().filter(|(name, value)| have.get(*name) != Some(value));
    new.map(|(name, value)| parameter(name, &want.static_parameters).parameter_value(value).build()).collect()
}

/// Parameters that go back to the engine's defaults.
fn dropped(want: &Desired, have: &Desired) -> Vec<Parameter> {
    let gone = have.parameters.keys().filter(|name| !want.parameters.contains_key(*name));
    gone.map(|name| parameter(name, &have.static_parameters).build()).collect()
}

fn parameter(name: &str, wait_for_restart: &BTreeSet<String>) -> aws_sdk_rds::types::builders::ParameterBuilder {
    let method = if wait_for_restart.contains(name) { ApplyMethod::PendingReboot } else { ApplyMethod::Immediate };
    Parameter::builder().parameter_name(name).apply_method(method)
}

async fn set(client: &Client, id: &str, parameters: &[Parameter]) -> Result<(), Fault> {
    for some in parameters.chunks(AT_ONCE) {
        let call = client.modify_db_cluster_parameter_group().db_cluster_parameter_group_name(id);
        let reply = call.set_parameters(Some(some.to_vec())).send().await;
        reply.map_err(rds::not_ready("rds:ModifyDBClusterParameterGroup"))?;
    }
    Ok(())
}

async fn reset(client: &Client, id: &str, parameters: &[Parameter]) -> Result<(), Fault> {
    for some in parameters.chunks(AT_ONCE) {
        let call = client.reset_db_cluster_parameter_group().db_cluster_parameter_group_name(id);
        let reply = call.set_parameters(Some(some.to_vec())).send().await;
        reply.map_err(rds::not_ready("rds:ResetDBClusterParameterGroup"))?;
    }
    Ok(())
}

/// What differs from the engine's defaults.
async fn parameters(client: &Client, id: &str) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    loop {
        let call = client.describe_db_cluster_parameters().db_cluster_parameter_group_name(id).source("user");
        let page = call.set_marker(marker).send().await.map_err(fault("rds:DescribeDBClusterParameters"))?;
        let told = page.parameters.unwrap_or_default();
        found.extend(
            told.into_iter().filter_map(|parameter| Some((parameter.parameter_name?, parameter.parameter_value?))),
        );
        marker = page.marker.filter(|marker| !marker.is_empty());
        if marker.is_none() {
            return Ok(found);
        }
    }
}

fn attributes(reply: &Reply) -> Result<ClusterParameterGroupAttributes, Fault> {
    let text = |value: Option<&str>, what| value.map(str::to_owned).ok_or_else(|| Fault::incomplete(DESCRIBE, what));
    Ok(ClusterParameterGroupAttributes {
        id: text(reply.db_cluster_parameter_group_name(), "DBClusterParameterGroupName")?,
        arn: text(reply.db_cluster_parameter_group_arn(), "DBClusterParameterGroupArn")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(parameters: &[Parameter]) -> Vec<(&str, Option<&str>, bool)> {
        let method = |parameter: &Parameter| parameter.apply_method() == Some(&ApplyMethod::PendingReboot);
        parameters.iter().map(|p| (p.parameter_name().unwrap(), p.parameter_value(), method(p))).collect()
    }

    #[test]
    fn only_what_differs_is_sent() {
        let have =
            Desired::builder().parameter("a", "1").parameter("b", "1").static_parameter("c", "1").family("f").build();
        let want =
            Desired::builder().parameter("a", "1").parameter("b", "2").static_parameter("d", "1").family("f").build();
        assert_eq!(names(&changed(&want, &have.parameters)), [("b", Some("2"), false), ("d", Some("1"), true)]);
        assert_eq!(names(&dropped(&want, &have)), [("c", None, true)]);
    }
}
