//! The body of a dashboard: CloudWatch's JSON, written and read back.
//!
//! Reference: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html>

use std::collections::BTreeMap;

use landfall_core::{Input, Value};
use serde_json::json;

use crate::{
    dashboard::{Row, Widget},
    metric::Metric,
};

/// Width of a dashboard in grid units.
const WIDTH: usize = 24;

/// The rows as CloudWatch's JSON.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut widgets = Vec::new();
    let mut y = 0_usize;
    for row in rows {
        let width = WIDTH / row.widgets.len().max(1);
        for (column, widget) in row.widgets.iter().enumerate() {
            let (kind, properties) = properties(widget);
            widgets.push(json!({
                "type": kind, "x": column * width, "y": y, "width": width, "height": row.height,
                "properties": properties,
            }));
        }
        y += usize::from(row.height);
    }
    json!({ "widgets": widgets }).to_string()
}

fn properties(widget: &Widget) -> (&'static str, Value) {
    match widget {
        Widget::Text(markdown) => ("text", json!({ "markdown": markdown })),
        Widget::Graph { title, region, metrics } => {
            let metrics: Vec<_> = metrics.iter().map(line).collect();
            let properties =
                json!({ "title": title, "region": region, "view": "timeSeries", "stacked": false, "metrics": metrics });
            ("metric", properties)
        }
    }
}

fn line(metric: &Metric) -> Value {
    let mut line = vec![json!(metric.namespace), json!(metric.name)];
    for (name, value) in &metric.dimensions {
        line.extend([json!(name), json!(value.value())]);
    }
    line.push(json!({ "stat": metric.statistic, "period": metric.period_seconds }));
    Value::Array(line)
}

/// Reads CloudWatch's JSON back; what no [`Widget`] can say is left out, so that it shows as drift.
pub(crate) fn parse(body: &str) -> Vec<Row> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let mut rows: BTreeMap<u64, BTreeMap<u64, (u16, Widget)>> = BTreeMap::new();
    for entry in body["widgets"].as_array().into_iter().flatten() {
        let at = |name: &str| entry[name].as_u64();
        let height = at("height").and_then(|height| u16::try_from(height).ok());
        if let (Some(x), Some(y), Some(height), Some(widget)) = (at("x"), at("y"), height, widget(entry)) {
            rows.entry(y).or_default().insert(x, (height, widget));
        }
    }
    rows.into_values()
        .map(|row| Row {
            height: row.values().map(|(height, _)| *height).next().unwrap_or_default(),
            widgets: row.into_values().map(|(_, widget)| widget).collect(),
        })
        .collect()
}

fn widget(entry: &Value) -> Option<Widget> {
    let properties = &entry["properties"];
    match entry["type"].as_str()? {
        "text" => Some(Widget::Text(properties["markdown"].as_str()?.to_owned())),
        "metric" => Some(Widget::Graph {
            title: properties["title"].as_str()?.to_owned(),
            region: properties["region"].as_str()?.parse().ok()?,
            metrics: properties["metrics"].as_array()?.iter().map(metric).collect::<Option<_>>()?,
        }),
        _ => None,
    }
}

fn metric(line: &Value) -> Option<Metric> {
    let (options, texts) = line.as_array()?.split_last()?;
    let texts: Vec<&str> = texts.iter().map(Value::as_str).collect::<Option<_>>()?;
    let (namespace, rest) = texts.split_first()?;
    let (name, dimensions) = rest.split_first()?;
    let pairs = dimensions.chunks_exact(2).map(|pair| (pair[0].to_owned(), Input::from(pair[1].to_owned())));
    Some(Metric {
        namespace: (*namespace).to_owned(),
        name: (*name).to_owned(),
        dimensions: pairs.collect(),
        statistic: options["stat"].as_str()?.parse().ok()?,
        period_seconds: options["period"].as_u64()?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use landfall_core::PlaceCode;

    use super::*;
    use crate::metric::Statistic;

    #[test]
    fn a_body_reads_back_as_written() {
        let region: PlaceCode = "eu-west-2".parse().expect("a region");
        let requests = Metric::new("AWS/ApplicationELB", "RequestCount", Statistic::Sum)
            .dimension("LoadBalancer", "app/web/1234")
            .period_seconds(300);
        let latency = Metric::new("AWS/ApplicationELB", "TargetResponseTime", Statistic::Percentile(999));
        let rows = vec![
            Row::heading("# London"),
            Row::graphs([Widget::graph("requests", region, [requests]), Widget::graph("latency", region, [latency])]),
        ];
        assert_eq!(parse(&render(&rows)), rows);
    }

    #[test]
    fn a_body_that_was_changed_by_hand_is_not_read_as_ours() {
        assert!(parse("no json").is_empty());
        assert!(parse(r#"{"widgets":[{"type":"alarm","x":0,"y":0,"height":6,"properties":{}}]}"#).is_empty());
    }
}
