//! Metrics that AWS publishes of what this library declares, with the dimensions they really have.

use landfall_core::{Handle, Region};

use crate::metric::{Metric, Statistic};
