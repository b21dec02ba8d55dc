//! Where a command runs: the sandbox or AWS, with its store.

use std::sync::Arc;

use landfall_aws::Aws;
use landfall_core::{Fault, Topology, store::Store};
use landfall_engine::{DirectoryStore, Executor, MemoryStore};
use landfall_sandbox::Sandbox;

use super::{
    command::BoxError,
    options::{Common, Target},
};

/// Where a command runs.
pub(super) struct Cloud {
    pub(super) executor: Executor,
    pub(super) store: Arc<dyn Store>,
    /// The simulated cloud, when it is one; lives as long as the executor.
    pub(super) sandbox: Option<Sandbox>,
}

impl Cloud {
    pub(super) async fn open(common: &Common, topology: &Topology) -> Result<Self, BoxError> {
        match common.target() {
            Target::Sandbox => Ok(Self::sandbox(common.parallelism)),
            Target::Aws => Self::aws(common, topology).await,
        }
    }

    /// A simulated cloud with nothing in it, and a state that ends with the program.
    pub(super) fn sandbox(parallelism: u16) -> Self {
        let sandbox = Sandbox::new(crate::kinds());
        let executor = Executor::builder()
            .providers(sandbox.providers())
            .runtime(sandbox.runtime())
            .parallelism(parallelism.into())
            .build();
        Self { executor, store: Arc::new(MemoryStore::new()), sandbox: Some(sandbox) }
    }

    async fn aws(common: &Common, topology: &Topology) -> Result<Self, BoxError> {
        let mut builder = Aws::builder();
        if let Some(url) = &common.endpoint {
            builder = builder.endpoint(url);
        }
        let aws = builder.connect().await?;
        aws.check_credentials().await?;
        let cloud = aws.cloud().await.map_err(Unidentified)?;
        let executor = Executor::builder()
            .providers(crate::on_aws(&aws))
            .cloud(cloud)
            .parallelism(common.parallelism.into())
            .retry(common.retry())
            .build();
        Ok(Self { executor, store: store(common, topology), sandbox: None })
    }
}

/// A cloud that does not say whose it is.
#[derive(Debug, thiserror::Error)]
#[error("the cloud does not say whose account this is: check the endpoint, the network and the credentials")]
struct Unidentified(#[source] Fault);

/// The store of a topology in the state folder.
pub(super) fn store(common: &Common, topology: &Topology) -> Arc<dyn Store> {
    Arc::new(DirectoryStore::new(&common.state, topology.name(), topology.environment().as_str()))
}
