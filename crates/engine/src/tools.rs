//! Tools: what every part of an operation needs, cheap to clone.

use std::sync::{Arc, atomic::AtomicBool};

use landfall_core::{
    Address, Fault, FaultKind, Kind, PlaceCode, Provider, Providers, Tags, state::Token, store::StoreError,
};
use tokio::sync::watch;

use crate::{
    event::Events, executor::Expected, limits::Limits, retry::RetryPolicy, session::Name, stop::Stop, subject::Subject,
};

/// What every part of an operation needs.
#[derive(Clone)]
pub(crate) struct Tools {
    pub(crate) providers: Arc<Providers>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) retry: RetryPolicy,
    pub(crate) expected: Expected,
    pub(crate) stop: Stop,
    pub(crate) events: Events,
    pub(crate) name: Name,
    /// Sees when the log of the run can't be written any more, its lease lost for one: then nothing else is called.
    pub(crate) log: watch::Receiver<Option<Arc<StoreError>>>,
}

impl Tools {
    /// An object as an operation sees it.
    ///
    /// # Errors
    /// When no provider serves its kind.
    pub(crate) fn subject(
        &self,
        address: &Address,
        kind: &str,
        place: PlaceCode,
        token: &Token,
        tags: Tags,
    ) -> Result<Subject, Fault> {
        let (kind, provider) = self.kind(kind)?;
        Ok(Subject {
            tools: self.clone(),
            address: address.clone(),
            kind,
            provider,
            place,
            token: token.clone(),
            tags,
            has_turn: AtomicBool::new(false),
        })
    }

    fn kind(&self, name: &str) -> Result<(&'static Kind, Arc<dyn Provider>), Fault> {
        let found = self.providers.kind(name).zip(self.providers.provider(name).cloned());
        found.ok_or_else(|| {
            Fault::new(
                FaultKind::Unsupported,
                format!("finding a provider for {name}"),
                "this program has none: add the crate of its layer to the providers of the executor",
            )
        })
    }
}
