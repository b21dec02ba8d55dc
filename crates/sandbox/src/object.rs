//! Objects of the simulated cloud.

use std::{collections::BTreeSet, time::Duration};

use landfall_core::{Address, Attributes, Fields, Kind, Observed, PlaceCode, TAGS, Tags, Value, state::Token, tags};
use serde::Serialize;

/// An object of the simulated cloud, as an inspection sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Object {
    /// Name of its kind.
    pub kind: &'static str,
    /// Where it lives.
    pub place: PlaceCode,
    /// The id by which AWS's API names it.
    pub id: String,
    /// Who made it; `None` for an object that was there before.
    pub origin: Option<Origin>,
    /// All its fields, also those that AWS never tells back, without tags.
    pub fields: Fields,
    /// What AWS reports of it.
    pub attributes: Attributes,
    /// All its tags, Landfall's own among them; empty for kinds that take none.
    pub tags: Tags,
    /// What it is going through.
    pub status: Status,
    /// When its creation began, in virtual time.
    pub created_at: Duration,
}

/// The declaration for which an object was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// Name of the topology.
    pub topology: String,
    /// Its environment.
    pub environment: String,
    /// The resource in the topology at the time.
    pub address: Address,
    /// Unique id of the object in the state.
    pub token: Token,
}

/// What an object is going through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is being created: it exists, and nothing can use it yet.
    Pending,
    /// It can be used.
    Ready,
    /// It is being changed, and can be used meanwhile.
    Updating,
    /// It is being deleted: it still blocks what it uses.
    Deleting,
}

/// Position of an object in its world; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(pub(crate) u64);

/// An object with what the world keeps of it.
#[derive(Debug)]
pub(crate) struct Thing {
    pub(crate) kind: &'static Kind,
    pub(crate) place: PlaceCode,
    pub(crate) origin: Option<Origin>,
    pub(crate) fields: Fields,
    pub(crate) attributes: Attributes,
    pub(crate) tags: Tags,
    pub(crate) phase: Phase,
    pub(crate) created_at: Duration,
    /// How many updates it has seen.
    pub(crate) updates: u64,
    /// What it refers to by id or ARN, by field.
    pub(crate) uses: Vec<(String, Key)>,
    /// What refers to it by id or ARN.
    pub(crate) used_by: BTreeSet<Key>,
}

/// What an object is going through, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Pending { until: Duration },
    Ready,
    Updating { until: Duration },
    Deleting { until: Duration },
}

impl Thing {
    pub(crate) fn id(&self) -> &str {
        self.attributes.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// What it is going through at a time; one whose deletion is over is gone from the world.
    pub(crate) fn status(&self, now: Duration) -> Status {
        match self.phase {
            Phase::Pending { until } if now < until => Status::Pending,
            Phase::Updating { until } if now < until => Status::Updating,
            Phase::Deleting { .. } => Status::Deleting,
            Phase::Pending { .. } | Phase::Updating { .. } | Phase::Ready => Status::Ready,
        }
    }

    /// When what it is going through is over.
    pub(crate) fn settled_at(&self) -> Duration {
        match self.phase {
            Phase::Ready => Duration::ZERO,
            Phase::Pending { until } | Phase::Updating { until } | Phase::Deleting { until } => until,
        }
    }

    /// How AWS tells of it.
    pub(crate) fn observed(&self) -> Observed {
        let told = |name: &str| self.kind.field(name).is_none_or(|field| !field.write_only);
        let mut fields: Fields =
            self.fields.iter().filter(|(name, _)| told(name)).map(|(k, v)| (k.clone(), v.clone())).collect();
        if self.kind.taggable {
            fields.insert(TAGS.to_owned(), serde_json::json!(tags::declared(&self.tags)));
        }
        Observed { fields, attributes: self.attributes.clone() }
    }

    /// What people read of it: kind, id, and the address where it has one.
    pub(crate) fn label(&self) -> String {
        match &self.origin {
            Some(origin) => format!("{} {} ({})", self.kind.name, self.id(), origin.address),
            None => format!("{} {}", self.kind.name, self.id()),
        }
    }

    pub(crate) fn view(&self, now: Duration) -> Object {
        Object {
            kind: self.kind.name,
            place: self.place,
            id: self.id().to_owned(),
            origin: self.origin.clone(),
            fields: self.fields.clone(),
            attributes: self.attributes.clone(),
            tags: self.tags.clone(),
            status: self.status(now),
            created_at: self.created_at,
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} in {}", self.kind, self.id, self.place)?;
        match &self.origin {
            Some(origin) => write!(f, ", made for {} of {}-{}", origin.address, origin.topology, origin.environment),
            None => f.write_str(", which was there before"),
        }
    }
}
