//! The lock against other processes, and the fencing number.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use landfall_core::store::{Holder, Owner, StoreError};

use super::files::{damaged, failed, private, read, replace};

/// The lock, held until this is dropped or the process ends.
pub(super) struct Lock {
    file: File,
    guard: Guard,
    path: PathBuf,
    directory: PathBuf,
    fence: u64,
}

/// How often a lock that is taken is tried: whoever looks who holds it takes it for a moment.
const ATTEMPTS: u32 = 3;

const PAUSE: Duration = Duration::from_millis(20);

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
        let mut attempt = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt < ATTEMPTS => {
                    attempt += 1;
                    thread::sleep(PAUSE);
                }
                Err(TryLockError::WouldBlock) => {
                    let owner = owner_in(&mut file).unwrap_or_else(unknown);
                    return Err(StoreError::Locked { location: directory.display().to_string(), owner });
                }
                Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
            }
        }
        let owner = serde_json::to_vec(owner).map_err(|error| failed("write", &path)(error.into()))?;
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            file.write_all(&owner)?;
            file.sync_all()
        };
        write(&mut file).map_err(failed("write", &path))?;
        Ok(Self { file, guard: Guard::open(directory)?, path, directory: directory.to_owned(), fence: 0 })
    }

    /// Gives the new holder a higher number than any before, durably.
    pub(super) fn advance(&mut self) -> Result<u64, StoreError> {
        let _held = self.guard.hold()?;
        self.fence = newest(&self.directory)? + 1;
        write_newest(&self.directory, self.fence)?;
        Ok(self.fence)
    }

    /// Keeps the number from changing; `None` when a newer holder has one.
    pub(super) fn steady(&self) -> Result<Option<Steady>, StoreError> {
        let held = self.guard.hold()?;
        Ok((newest(&self.directory)? == self.fence).then_some(held))
    }

    pub(super) fn fence(&self) -> u64 {
        self.fence
    }

    /// Gives the lock back.
    pub(super) fn release(self) -> Result<(), StoreError> {
        self.file.set_len(0).and_then(|()| self.file.unlock()).map_err(failed("unlock", &self.path))
    }
}

/// What is held while the fencing number is read and the log written, or the number changed: without it a holder whose
/// lease ends by force could write after its successor has read the log.
struct Guard {
    file: File,
    path: PathBuf,
}

/// As long as this lives the fencing number stays.
pub(super) struct Steady(File);

impl Guard {
    fn open(directory: &Path) -> Result<Self, StoreError> {
        let path = directory.join("guard");
        let file = private().write(true).create(true).truncate(false).open(&path).map_err(failed("write", &path))?;
        Ok(Self { file, path })
    }

    fn hold(&self) -> Result<Steady, StoreError> {
        let file = self.file.try_clone().map_err(failed("lock", &self.path))?;
        file.lock().map_err(failed("lock", &self.path))?;
        Ok(Steady(file))
    }
}

impl Drop for Steady {
    fn drop(&mut self) {
        // Unlocked at the latest when the process ends.
        let _ = self.0.unlock();
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

fn write_newest(directory: &Path, fence: u64) -> Result<(), StoreError> {
    replace(&directory.join(FENCE), |file| writeln!(file, "{fence}"))
}

/// Who holds the lock, or died holding it.
pub(super) fn holder(directory: &Path) -> Result<Option<Holder>, StoreError> {
    let path = directory.join("lock");
    let mut file = match private().read(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", &path)(error)),
    };
    let alive = match file.try_lock_shared() {
        Ok(()) => false,
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(error)) => return Err(failed("lock", &path)(error)),
    };
    let fence = newest(directory)?;
    Ok(match owner_in(&mut file) {
        Some(owner) => Some(Holder { owner, fence, alive }),
        None => alive.then(|| Holder { owner: unknown(), fence, alive }),
    })
}

/// Ends the lease of that number; its holder keeps a lock on a file that no longer has a name.
pub(super) fn revoke(directory: &Path, fence: u64) -> Result<(), StoreError> {
    if newest(directory)? != fence {
        return Ok(());
    }
    let guard = Guard::open(directory)?;
    let _held = guard.hold()?;
    if newest(directory)? == fence {
        write_newest(directory, fence + 1)?;
        let path = directory.join("lock");
        fs::remove_file(&path).map_err(failed("remove", &path))?;
    }
    Ok(())
}

/// Who the file says took the lock: nobody once it was given back. The holder may be about to write it, and on
/// Windows nobody else may read it.
fn owner_in(file: &mut File) -> Option<Owner> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    serde_json::from_str(&text).ok()
}

fn unknown() -> Owner {
    Owner { name: "another process".to_owned(), process: 0, command: "unknown".to_owned(), since: 0 }
}
