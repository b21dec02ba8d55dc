//! Cluster parameter groups on Amazon RDS.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use aws_sdk_rds::{
    Client,
    types::{ApplyMethod, DbClusterParameterGroup as Reply, Parameter},
};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, Context, Fault, Live, Tags, TypedProvider};

use super::{
    Rds,
    tags::{self, Tagging},
};
use crate::cluster_parameter_group::{ClusterParameterGroup, ClusterParameterGroupAttributes};

pub(super) struct Provider(pub(super) Rds);

type Desired = ClusterParameterGroup<AnyRegion>;
type LiveGroup = Live<Desired, ClusterParameterGroupAttributes>;

const DESCRIBE: &str = "rds:DescribeDBClusterParameterGroups";

/// Tag that names the parameters which were set to what is the engine's default anyway. AWS does not count them among the
/// group's own, so that a read could not tell them from all the others.
const DEFAULTS: &str = "landfall:defaults";

/// Longest value of a tag.
const TAG_MAX: usize = 256;

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
        let tags = client.list(&attributes.arn).await?;
        let mut resource = ClusterParameterGroup::builder().family(family).build();
        resource.parameters = parameters(&client, id, Some(OWN)).await?;
        let defaults: Vec<_> = tags.get(DEFAULTS).map(String::as_str).unwrap_or_default().split_whitespace().collect();
        if !defaults.is_empty() {
            let all = parameters(&client, id, None).await?;
            resource.parameters.extend(all.into_iter().filter(|(name, _)| defaults.contains(&name.as_str())));
        }
        Ok(Some(Live { resource, tags, attributes }))
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
            .set_tags(Some(tags::on_create(cx)))
            .send()
            .await
            .map_err(fault(operation))?;
        let group = reply.db_cluster_parameter_group;
        let attributes = attributes(&group.ok_or_else(|| Fault::incomplete(operation, "DBClusterParameterGroup"))?)?;
        set(&client, &attributes.id, &changed(want, &BTreeMap::new())).await?;
        note_defaults(&client, &attributes, want, "").await?;
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
        let (changed, dropped) = (changed(want, &have.resource.parameters), dropped(want, &have.resource));
        set(&client, id, &changed).await?;
        reset(&client, id, &dropped).await?;
        if !changed.is_empty() || !dropped.is_empty() {
            let noted = client.list(&have.attributes.arn).await?.remove(DEFAULTS).unwrap_or_default();
            note_defaults(&client, &have.attributes, want, &noted).await?;
        }
        tags::update(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveGroup) -> Result<(), Fault> {
        let call = self.0.of(cx).delete_db_cluster_parameter_group();
        let reply = call.db_cluster_parameter_group_name(&have.attributes.id).send().await;
        absent_is_done("rds:DeleteDBClusterParameterGroup", reply)
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
        reply.map_err(fault("rds:ModifyDBClusterParameterGroup"))?;
    }
    Ok(())
}

async fn reset(client: &Client, id: &str, parameters: &[Parameter]) -> Result<(), Fault> {
    for some in parameters.chunks(AT_ONCE) {
        let call = client.reset_db_cluster_parameter_group().db_cluster_parameter_group_name(id);
        let reply = call.set_parameters(Some(some.to_vec())).send().await;
        reply.map_err(fault("rds:ResetDBClusterParameterGroup"))?;
    }
    Ok(())
}

/// Notes on the group which of its parameters AWS does not count among its own.
async fn note_defaults(
    client: &Client,
    group: &ClusterParameterGroupAttributes,
    want: &Desired,
    noted: &str,
) -> Result<(), Fault> {
    if want.parameters.is_empty() && noted.is_empty() {
        return Ok(());
    }
    let names = untold(want, &parameters(client, &group.id, Some(OWN)).await?);
    if names == noted {
        return Ok(());
    }
    client.add(&group.arn, Tags::from([(DEFAULTS.to_owned(), names)])).await
}

/// The wanted parameters that are not among those told, as far as a tag holds them.
fn untold(want: &Desired, told: &BTreeMap<String, String>) -> String {
    let mut names = String::new();
    for name in want.parameters.keys().filter(|name| !told.contains_key(*name)) {
        let space = if names.is_empty() { "" } else { " " };
        if names.len() + space.len() + name.len() <= TAG_MAX {
            names += space;
            names += name;
        }
    }
    names
}

/// Source of the parameters that differ from the engine's defaults.
const OWN: &str = "user";

/// Parameters of a source, or all of them.
async fn parameters(client: &Client, id: &str, source: Option<&str>) -> Result<BTreeMap<String, String>, Fault> {
    let mut found = BTreeMap::new();
    let mut marker = None;
    loop {
        let call = client.describe_db_cluster_parameters().db_cluster_parameter_group_name(id);
        let page = call
            .set_source(source.map(str::to_owned))
            .set_marker(marker)
            .send()
            .await
            .map_err(fault("rds:DescribeDBClusterParameters"))?;
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

    #[test]
    fn what_has_the_default_of_the_engine_is_noted() {
        let want = Desired::builder().parameter("rds.force_ssl", "1").parameter("work_mem", "9").parameter("z", "1");
        let want = want.family("f").build();
        let told = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
        assert_eq!(untold(&want, &told(&["work_mem"])), "rds.force_ssl z");
        assert_eq!(untold(&want, &told(&["rds.force_ssl", "work_mem", "z"])), "");
        let many = (0..40).fold(Desired::builder(), |group, i| group.parameter(format!("parameter_{i:02}"), "1"));
        assert_eq!(untold(&many.family("f").build(), &told(&[])).len(), 246);
    }
}
