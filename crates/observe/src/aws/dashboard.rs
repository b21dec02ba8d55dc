//! Dashboards on Amazon CloudWatch.

use async_trait::async_trait;
use aws_sdk_cloudwatch::{Client, operation::put_dashboard::builders::PutDashboardFluentBuilder};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, TypedProvider};

use super::{
    CloudWatch,
    cloudwatch::{read_tags, sdk_tags, update_tags},
};
use crate::{
    dashboard::{Dashboard, DashboardAttributes},
    dashboard_body,
};

pub(super) struct Provider(pub(super) CloudWatch);

type LiveDashboard = Live<Dashboard, DashboardAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = Dashboard;
    type Attributes = DashboardAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveDashboard>, Fault> {
        let client = self.0.of(cx);
        let reply = client.get_dashboard().dashboard_name(id).send().await;
        let Some(reply) = found("cloudwatch:GetDashboard", reply)? else { return Ok(None) };
        let missing = |what| Fault::incomplete("cloudwatch:GetDashboard", what);
        let body = reply.dashboard_body().ok_or_else(|| missing("DashboardBody"))?;
        let arn = reply.dashboard_arn().ok_or_else(|| missing("DashboardArn"))?;
        let Some(tags) = read_tags(&client, arn).await? else { return Ok(None) };
        Ok(Some(Live {
            resource: Dashboard { rows: dashboard_body::parse(body) },
            attributes: DashboardAttributes { id: id.to_owned(), arn: arn.to_owned() },
            tags,
        }))
    }

    async fn find(&self, cx: &Context, _want: &Dashboard) -> Result<Option<LiveDashboard>, Fault> {
        self.read(cx, &name(cx)).await
    }

    /// Repeatable: a second put under the same name changes the first dashboard.
    async fn create(&self, cx: &Context, want: &Dashboard) -> Result<DashboardAttributes, Fault> {
        let client = self.0.of(cx);
        let name = name(cx);
        let call = put(&client, &name, want).set_tags(Some(sdk_tags(cx.all_tags())));
        call.send().await.map_err(fault("cloudwatch:PutDashboard"))?;
        // The answer has no ARN.
        let reply = client.get_dashboard().dashboard_name(&name).send().await;
        let reply = found("cloudwatch:GetDashboard", reply)?
            .ok_or_else(|| Fault::not_yet("cloudwatch:GetDashboard", "the dashboard is not visible yet"))?;
        let arn = reply.dashboard_arn.ok_or_else(|| Fault::incomplete("cloudwatch:GetDashboard", "DashboardArn"))?;
        Ok(DashboardAttributes { id: name, arn })
    }

    async fn update(&self, cx: &Context, want: &Dashboard, have: &LiveDashboard) -> Result<DashboardAttributes, Fault> {
        let client = self.0.of(cx);
        if want.rows != have.resource.rows {
            let reply = put(&client, &have.attributes.id, want).send().await;
            reply.map_err(fault("cloudwatch:PutDashboard"))?;
        }
        update_tags(&client, cx, &have.attributes.arn, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveDashboard) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_dashboards().dashboard_names(&have.attributes.id).send().await;
        absent_is_done("cloudwatch:DeleteDashboards", reply)
    }
}

fn put(client: &Client, name: &str, want: &Dashboard) -> PutDashboardFluentBuilder {
    client.put_dashboard().dashboard_name(name).dashboard_body(dashboard_body::render(&want.rows))
}

/// Names of dashboards have at most 255 letters, digits, `-` and `_`.
fn name(cx: &Context) -> String {
    cx.physical_name(255)
}
