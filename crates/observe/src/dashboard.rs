//! Amazon CloudWatch dashboard: the platform on one screen.

use landfall_core::{
    Attribute, Global, Kind, PlaceCode, Resource,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use serde::{Deserialize, Serialize};

use crate::metric::Metric;

/// Desired settings of a dashboard. Its name is derived from the topology; it belongs to no region and shows
/// metrics of any.
///
/// API: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
pub struct Dashboard {
    /// What it shows, in rows from the top. A change updates the dashboard.
    pub rows: Vec<Row>,
}

/// Widgets beside each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Widgets from the left; they share the width of the screen evenly.
    pub widgets: Vec<Widget>,
    /// Height in grid units, 1 to 1000; six suit a graph.
    pub height: u16,
}

/// Something on a dashboard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Widget {
    /// Text in Markdown.
    Text(String),
    /// A graph of metrics of one region.
    Graph {
        /// Title over the graph.
        title: String,
        /// Region whose metrics are drawn.
        region: PlaceCode,
        /// The lines.
        metrics: Vec<Metric>,
    },
}

impl Row {
    /// A row of graphs.
    pub fn graphs(graphs: impl IntoIterator<Item = Widget>) -> Self {
        Self { widgets: graphs.into_iter().collect(), height: 6 }
    }

    /// A row that is a heading.
    pub fn heading(text: impl Into<String>) -> Self {
        Self { widgets: vec![Widget::Text(text.into())], height: 2 }
    }
}

impl Widget {
    /// A graph of metrics of one region.
    pub fn graph(title: impl Into<String>, region: PlaceCode, metrics: impl IntoIterator<Item = Metric>) -> Self {
        Self::Graph { title: title.into(), region, metrics: metrics.into_iter().collect() }
    }
}

/// What AWS reports of a dashboard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DashboardAttributes {
    /// Derived name: by it the API names a dashboard.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl Dashboard {
    /// Derived name.
    pub const NAME: Attribute<Self> = Attribute::new("id");
}

impl Resource for Dashboard {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[Field::updates("rows").reach(Reach::Anywhere)],
    attributes: &[
        Reported::stable("id", "{name}"),
        Reported::stable("arn", "arn:aws:cloudwatch::{account}:dashboard/{name}"),
    ],
    identity: Identity::DerivedName,
    taggable: true,
    actions: Actions {
        create: &["cloudwatch:PutDashboard", "cloudwatch:TagResource"],
        read: &["cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource"],
        update: &["cloudwatch:PutDashboard", "cloudwatch:TagResource", "cloudwatch:UntagResource"],
        delete: &["cloudwatch:DeleteDashboards"],
    },
    timing: "",
    ..Kind::of::<Dashboard>("cloudwatch.dashboard")
};
