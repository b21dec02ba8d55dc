//! The header of a log: what an older program has to understand before anything else.

use landfall_core::store::StoreError;
use serde::{Deserialize, Serialize};

use super::{log::Log, objects::When};

/// Newest format that this program knows, and the one it writes.
const FORMAT: u32 = 1;

const HEADER: &str = "header.json";

/// Whose log it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    format: u32,
    topology: String,
    environment: String,
    /// Where the lease is kept: two runs that look for it in different places would not see each other.
    lease: String,
}

impl Header {
    pub(super) fn new(topology: &str, environment: &str, lease: String) -> Self {
        Self { format: FORMAT, topology: topology.to_owned(), environment: environment.to_owned(), lease }
    }

    /// Whether there is a log, and it is the one expected.
    ///
    /// # Errors
    /// When it is another topology's, a newer version's, or used another way.
    pub(super) async fn check(&self, log: &Log) -> Result<bool, StoreError> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let location = log.objects.url("");
        let Some(object) = log.objects.get(HEADER).await.map_err(log.failed("read", HEADER))? else {
            return Ok(false);
        };
        let unreadable = |error: serde_json::Error| StoreError::Damaged {
            location: log.objects.url(HEADER),
            revision: 0,
            why: error.to_string(),
        };
        let Format { format } = serde_json::from_slice(&object.bytes).map_err(unreadable)?;
        if format > FORMAT {
            return Err(StoreError::Newer { location, found: format, known: FORMAT });
        }
        let found: Self = serde_json::from_slice(&object.bytes).map_err(unreadable)?;
        if (&found.topology, &found.environment) != (&self.topology, &self.environment) {
            return Err(StoreError::Foreign {
                location,
                found: format!("{} ({})", found.topology, found.environment),
                expected: format!("{} ({})", self.topology, self.environment),
            });
        }
        if found.lease != self.lease {
            let mend = match found.lease.strip_prefix("dynamodb:") {
                Some(table) => format!("its lease is kept in a table: say `?lease_table={table}`"),
                None => "its lease is kept in the bucket: say no `lease_table`".to_owned(),
            };
            return Err(StoreError::Unusable { location, why: mend });
        }
        Ok(true)
    }

    /// Writes the header of a new log.
    pub(super) async fn write(&self, log: &Log) -> Result<(), StoreError> {
        let text = serde_json::to_vec(self).map_err(|error| StoreError::Io {
            action: "write",
            location: log.objects.url(HEADER),
            source: error.into(),
        })?;
        log.objects.put(HEADER, text, When::Always).await.map(drop).map_err(log.failed("write", HEADER))
    }
}
