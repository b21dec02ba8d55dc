//! Landfall observability layer: alarms, dashboards, logs, flow logs, SNS, CloudTrail.
