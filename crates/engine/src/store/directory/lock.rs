//! The lock against other processes, and the fencing number.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use landfall_core::store::{Owner, StoreError};

use super::files::{damaged, failed, private, read, replace};

/// The lock, held until this is dropped or the process ends.
pub(super) struct Lock {
    file: File,
    path: PathBuf,
    directory: PathBuf,
    fence: u64,
}

impl Lock {
    /// Takes the lock and writes down who has it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] while another process, or another store of this one, holds it.
    pub(super) fn take(directory: &Path, owner: &Owner) -> Result<Self, StoreError> {
        let path = directory.join("lock");
        let mut file = private()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("write", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreError::Locked { location: directory.display().to_string(), owner: holder(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
        }
        let owner = serde_json::to_vec(owner).map_err(|error| failed("write", &path)(error.into()))?;
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&owner)?;
            file.sync_all()
        };
        write(&mut file).map_err(failed("write", &path))?;
        Ok(Self { file, path, directory: directory.to_owned(), fence: 0 })
    }

    /// Gives the new holder a higher number than any before, durably.
    pub(super) fn advance(&mut self) -> Result<u64, StoreError> {
        self.fence = newest(&self.directory)? + 1;
        replace(&self.directory.join(FENCE), format!("{}\n", self.fence).as_bytes())?;
        Ok(self.fence)
    }

    pub(super) fn fence(&self) -> u64 {
        self.fence
    }

    /// Gives the lock back.
    pub(super) fn release(self) -> Result<(), StoreError> {
        self.file.set_len(0).and_then(|()| self.file.unlock()).map_err(failed("unlock", &self.path))
    }
}

const FENCE: &str = "fence";

/// Number of the newest lease.
pub(super) fn newest(directory: &Path) -> Result<u64, StoreError> {
    let path = directory.join(FENCE);
    let Some(bytes) = read(&path)? else { return Ok(0) };
    let text = String::from_utf8_lossy(&bytes);
    text.trim().parse().map_err(|_| damaged(&path, 0, "it holds no number"))
}

/// Who holds the lock, as far as the file tells: the holder may be about to write it, and on Windows nobody
/// else may read it.
fn holder(file: &mut File) -> Owner {
    let mut text = String::new();
    let _ = file.read_to_string(&mut text);
    serde_json::from_str(&text).unwrap_or_else(|_| Owner {
        name: "another process".to_owned(),
        process: 0,
        command: "unknown".to_owned(),
        since: 0,
    })
}
