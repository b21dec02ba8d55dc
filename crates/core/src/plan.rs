//! Plans: what a run will do, as an immutable value.

mod difference;
mod link;
mod order;
mod planner;
mod render;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub use difference::{Baseline, deltas, merge, resolved_deltas};
pub use planner::{apply, destroy};
pub use render::Detail;

use serde::{Deserialize, Serialize};

use crate::{
    address::Address,
    attributes::{Attributes, Value},
    expr::Expr,
    options::Keep,
    place::PlaceCode,
    provider::Observed,
    state::{Revision, Token},
};

/// What a run will do: an immutable list of steps with exact deltas, made against one revision of the state.
///
/// It is what people read and exactly what runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Name of the topology.
    pub topology: String,
    /// Its environment.
    pub environment: String,
    /// What the plan is for.
    pub goal: Goal,
    /// Revision of the state that the plan was made against; an apply against another one is refused.
    pub base: Revision,
    /// Objects of the state that no longer exist in AWS: recorded as gone before anything else.
    pub gone: Vec<Token>,
    /// What is done, each step after those it waits for.
    pub steps: Vec<Step>,
    /// How many declared resources stay as they are.
    pub unchanged: usize,
    /// Resources with an interrupted call that nobody could settle yet, because AWS does not answer there: left out,
    /// with everything that waits for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsettled: Vec<Address>,
    /// Things a person should know before saying yes.
    pub warnings: Vec<String>,
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Make AWS as declared.
    Apply,
    /// Delete everything the topology owns, except what is protected.
    Destroy,
}

/// Position of a step in its plan.
pub type StepIndex = usize;

/// One thing a run does to one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The resource in the topology.
    pub address: Address,
    /// Name of its kind.
    pub kind: String,
    /// Where it lives.
    pub place: PlaceCode,
    /// What is done.
    pub action: Action,
    /// Why, where the deltas don't tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// The object it is done to; `None` for a create, whose token is minted when it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// Fields that differ, in the order of the kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deltas: Vec<Delta>,
    /// Fields to bring about, for a create or an update; secret ones are left out.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Expr>,
    /// Names of the secret fields: their values are taken from the declaration when the step runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// The object as it was observed, where that differs from the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Resources that the object refers to or waits for, whose tokens become its edges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Address>,
    /// What happens to the object when it would be deleted, from this step on.
    pub keep: Keep,
    /// Longest time the step may take.
    pub timeout: Duration,
    /// Steps that have to be done before.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub after: BTreeSet<StepIndex>,
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Create an object where there was none.
    Create,
    /// Change the object in place.
    Update,
    /// Create the successor of an object; [`DeleteReplaced`](Self::DeleteReplaced) removes that one.
    CreateReplacement,
    /// Delete the object that a replacement succeeds, before or after it as the steps' order says.
    DeleteReplaced,
    /// Delete an object.
    Delete,
    /// Forget an object and leave it in AWS.
    Forget,
    /// Give the object its new address in the state; nothing changes in AWS.
    Move,
    /// Record new options or edges in the state; nothing changes in AWS.
    Record,
}

/// Why a step is done, where its deltas don't tell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The object was deleted in AWS behind our back.
    DeletedOutside,
    /// An interrupted run created it, and nobody knows whether all of it is there.
    Interrupted,
    /// The program does not declare it any more.
    NotDeclared,
    /// The whole topology is destroyed.
    Destroyed,
    /// An earlier run created its successor and could not delete it.
    Deposed,
    /// It had this address before.
    Formerly(Address),
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// Path of the field: `cidr_block`, `tags.owner`.
    pub field: String,
    /// Value before, `None` where there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// Value afterwards.
    pub after: After,
    /// Whether the change needs a new object.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replaces: bool,
    /// Whether the difference arose in AWS: the state records the wanted value already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drift: bool,
}

/// Value of a field after a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum After {
    /// A value, or an expression over what other steps bring about.
    Field(Expr),
    /// A secret, which no plan shows.
    Secret,
}

/// What was seen in AWS before planning.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Observations {
    /// Objects that were read, by token; `None` for one that does not exist any more.
    pub objects: BTreeMap<Token, Option<Observed>>,
    /// What the topology looks up, by address; absent where nothing was found.
    pub lookups: BTreeMap<Address, Attributes>,
}

/// Which part of a plan is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choice {
    /// Only these resources, with what they need; everything when empty.
    pub only: Vec<Address>,
}

impl Plan {
    /// Whether there is nothing to do, neither in AWS nor in the state.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && self.gone.is_empty()
    }

    /// Steps that change something in AWS.
    pub fn calls(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.action.calls_aws())
    }
}

impl Action {
    /// Whether the step changes something in AWS, and not only in the state.
    pub fn calls_aws(self) -> bool {
        !matches!(self, Self::Forget | Self::Move | Self::Record)
    }

    /// Whether the step creates or updates an object.
    pub fn brings_about(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::CreateReplacement)
    }

    /// Whether the step deletes an object.
    pub fn deletes(self) -> bool {
        matches!(self, Self::Delete | Self::DeleteReplaced)
    }
}
