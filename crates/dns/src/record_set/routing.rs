//! Routing policies: by which records of the same name and type take turns.

use landfall_core::{PlaceCode, Region};
use serde::{Deserialize, Serialize};

/// By which records of the same name and type take turns.
///
/// All records of one name and type have the same policy, and each a set identifier of its own.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "routing_policy", rename_all = "snake_case")]
pub enum Routing {
    /// There is one record only.
    Simple {
        /// Always empty.
        #[serde(default)]
        set_identifier: String,
    },
    /// The record of the region with the lowest latency to who asks; the next best where that is unhealthy.
    Latency {
        /// What tells the records apart: 1 to 128 characters.
        set_identifier: String,
        /// Region in which the endpoint is.
        region: PlaceCode,
    },
    /// The primary while it is healthy, else the secondary.
    Failover {
        /// What tells the records apart: 1 to 128 characters.
        set_identifier: String,
        /// Which of the two it is.
        role: FailoverRole,
    },
    /// By lot: each healthy record as often as its weight among the weights of all.
    Weighted {
        /// What tells the records apart: 1 to 128 characters.
        set_identifier: String,
        /// Its weight; 0 for never, unless all are 0.
        weight: u8,
    },
    /// By where who asks is: the record with the smallest area that fits.
    Geolocation {
        /// What tells the records apart: 1 to 128 characters.
        set_identifier: String,
        /// The area.
        location: Location,
    },
    /// Up to eight healthy records at once, by lot.
    Multivalue {
        /// What tells the records apart: 1 to 128 characters.
        set_identifier: String,
    },
}

impl Default for Routing {
    fn default() -> Self {
        Self::Simple { set_identifier: String::new() }
    }
}

/// Which of two records it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FailoverRole {
    /// Answered while it is healthy.
    Primary,
    /// Answered while the primary is not.
    Secondary,
}

/// An area of who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Location {
    /// Everywhere that no other record's area covers. Without it, who is elsewhere gets no answer.
    Default,
    /// A continent, by Route 53's code: AF, AN, AS, EU, OC, NA, SA.
    Continent(String),
    /// A country, by ISO 3166-1 alpha-2 code.
    Country(String),
    /// A state of the United States, or an oblast of Ukraine.
    Subdivision {
        /// The country, by ISO 3166-1 alpha-2 code.
        country: String,
        /// The subdivision: `CA`.
        subdivision: String,
    },
}

impl Routing {
    /// By latency to a region that the compiler knows; its code tells the records apart.
    ///
    /// # Panics
    /// For [`AnyRegion`](landfall_core::AnyRegion), whose code only [`latency_in`](Self::latency_in) takes.
    pub fn latency<R: Region>() -> Self {
        let code = R::CODE.expect("`AnyRegion` has no code of its own: use `latency_in(scope.place())`");
        Self::latency_in(code.parse().expect("region types carry known codes"))
    }

    /// By latency to a region chosen at run time; its code tells the records apart.
    pub fn latency_in(region: PlaceCode) -> Self {
        Self::Latency { set_identifier: region.as_str().to_owned(), region }
    }

    /// The record that is answered while it is healthy.
    pub fn primary() -> Self {
        Self::Failover { set_identifier: "primary".to_owned(), role: FailoverRole::Primary }
    }

    /// The record that is answered while the primary is not healthy.
    pub fn secondary() -> Self {
        Self::Failover { set_identifier: "secondary".to_owned(), role: FailoverRole::Secondary }
    }

    /// By lot, with a weight.
    pub fn weighted(set_identifier: impl Into<String>, weight: u8) -> Self {
        Self::Weighted { set_identifier: set_identifier.into(), weight }
    }

    /// By where who asks is.
    pub fn geolocation(set_identifier: impl Into<String>, location: Location) -> Self {
        Self::Geolocation { set_identifier: set_identifier.into(), location }
    }

    /// Up to eight healthy records at once.
    pub fn multivalue(set_identifier: impl Into<String>) -> Self {
        Self::Multivalue { set_identifier: set_identifier.into() }
    }

    /// What tells the record from others of its name and type; empty where it is the only one.
    pub fn set_identifier(&self) -> &str {
        match self {
            Self::Simple { set_identifier }
            | Self::Latency { set_identifier, .. }
            | Self::Failover { set_identifier, .. }
            | Self::Weighted { set_identifier, .. }
            | Self::Geolocation { set_identifier, .. }
            | Self::Multivalue { set_identifier } => set_identifier,
        }
    }
}
