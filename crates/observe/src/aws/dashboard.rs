//! Dashboards on Amazon CloudWatch.

use async_trait::async_trait;
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{Context, Fault, Live, Tags, TypedProvider};

use super::CloudWatch;
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
        let reply = self.0.of(cx).get_dashboard().dashboard_name(id).send().await;
        let Some(reply) = found("cloudwatch:GetDashboard", reply)? else { return Ok(None) };
        let missing = |what| Fault::incomplete("cloudwatch:GetDashboard", what);
        let body = reply.dashboard_body().ok_or_else(|| missing("DashboardBody"))?;
        let arn = reply.dashboard_arn().ok_or_else(|| missing("DashboardArn"))?;
        Ok(Some(Live {
            resource: Dashboard { rows: dashboard_body::parse(body) },
            attributes: DashboardAttributes { id: id.to_owned(), arn: arn.to_owned() },
            tags: Tags::new(),
        }))
    }

    async fn find(&self, cx: &Context, _want: &Dashboard) -> Result<Option<LiveDashboard>, Fault> {
        self.read(cx, &name(cx)).await
    }

    /// Repeatable: a second put under the same name changes the first dashboard.
    async fn create(&self, cx: &Context, want: &Dashboard) -> Result<DashboardAttributes, Fault> {
        self.put(cx, &name(cx), want).await?;
        let live = self.read(cx, &name(cx)).await?;
        let live = live.ok_or_else(|| Fault::not_yet("cloudwatch:GetDashboard", "the dashboard is not visible yet"))?;
        Ok(live.attributes)
    }

    async fn update(&self, cx: &Context, want: &Dashboard, have: &LiveDashboard) -> Result<DashboardAttributes, Fault> {
        if want.rows != have.resource.rows {
            self.put(cx, &have.attributes.id, want).await?;
        }
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveDashboard) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_dashboards().dashboard_names(&have.attributes.id).send().await;
        absent_is_done("cloudwatch:DeleteDashboards", reply)
    }
}

impl Provider {
    async fn put(&self, cx: &Context, name: &str, want: &Dashboard) -> Result<(), Fault> {
        let body = dashboard_body::render(&want.rows);
        let call = self.0.of(cx).put_dashboard().dashboard_name(name).dashboard_body(body);
        call.send().await.map(drop).map_err(fault("cloudwatch:PutDashboard"))
    }
}

/// Names of dashboards have at most 255 letters, digits, `-` and `_`.
fn name(cx: &Context) -> String {
    cx.physical_name(255)
}
