//! Where a command runs: the sandbox or AWS, with its store.

use std::{path::Path, sync::Arc};

use landfall_aws::{Aws, S3Store};
use landfall_core::{Fault, Topology, store::Store};
use landfall_engine::{DirectoryStore, Executor, MemoryStore};
use landfall_sandbox::Sandbox;

use super::{
    command::BoxError,
    options::{Common, Place, Target},
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
            Target::Sandbox if common.state.is_some() || common.endpoint.is_some() => {
                Err("the sandbox is inside this program and keeps no state: leave out --state and --endpoint, or use \
                     --target aws"
                    .into())
            }
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
        let aws = connect(common).await?;
        let cloud = aws.cloud().await.map_err(Unidentified)?;
        let executor = Executor::builder()
            .providers(crate::on_aws(&aws))
            .cloud(cloud)
            .parallelism(common.parallelism.into())
            .retry(common.retry())
            .build();
        Ok(Self { executor, store: store_on(&aws, common, topology), sandbox: None })
    }
}

/// A cloud that does not say whose it is.
#[derive(Debug, thiserror::Error)]
#[error("the cloud does not say whose account this is: check the endpoint, the network and the credentials")]
struct Unidentified(#[source] Fault);

async fn connect(common: &Common) -> Result<Aws, BoxError> {
    let mut builder = Aws::builder();
    if let Some(url) = &common.endpoint {
        builder = builder.endpoint(url);
    }
    let aws = builder.connect().await?;
    aws.check_credentials().await?;
    Ok(aws)
}

/// The store of a topology, for what needs nothing else of AWS.
pub(super) async fn store(common: &Common, topology: &Topology) -> Result<Arc<dyn Store>, BoxError> {
    Ok(match common.place() {
        Place::Folder(folder) => in_folder(&folder, topology),
        Place::S3(_) => store_on(&connect(common).await?, common, topology),
    })
}

fn store_on(aws: &Aws, common: &Common, topology: &Topology) -> Arc<dyn Store> {
    match common.place() {
        Place::Folder(folder) => in_folder(&folder, topology),
        Place::S3(location) => Arc::new(S3Store::new(aws, location, topology.name(), topology.environment().as_str())),
    }
}

fn in_folder(folder: &Path, topology: &Topology) -> Arc<dyn Store> {
    Arc::new(DirectoryStore::new(folder, topology.name(), topology.environment().as_str()))
}
