//! Files: how they are created, replaced and made durable.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

use landfall_core::store::StoreError;

/// An I/O error as the error of a store.
pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    move |error| StoreError::Io { action, location: path.display().to_string(), source: Box::new(error) }
}

/// Something that was read does not hold together.
pub(super) fn damaged(path: &Path, revision: u64, why: impl Into<String>) -> StoreError {
    StoreError::Damaged { location: path.display().to_string(), revision, why: why.into() }
}

/// Options for a file that its owner alone may read.
pub(super) fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Creates a directory with those above it, each durably and for its owner alone, unless it exists.
pub(super) fn create_directory(path: &Path) -> Result<(), StoreError> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_directory(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    match builder.create(path) {
        // Another process was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
        made => made.map_err(failed("create", path))?,
    }
    sync_directory(parent.unwrap_or(Path::new(".")))
}

/// Makes the names in a directory durable.
pub(super) fn sync_directory(path: &Path) -> Result<(), StoreError> {
    if cfg!(windows) {
        return Ok(());
    }
    File::open(path).and_then(|directory| directory.sync_all()).map_err(failed("sync", path))
}

/// The contents of a file, `None` when there is none.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", path)(error)),
    }
}

/// Replaces a file, durably: readers see the old contents or the new, never a part.
pub(super) fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
    let next = path.with_extension("next");
    let mut file = private().write(true).create(true).truncate(true).open(&next).map_err(failed("write", &next))?;
    write(&mut file).and_then(|()| file.sync_all()).map_err(failed("write", &next))?;
    drop(file);
    fs::rename(&next, path).map_err(failed("replace", path))?;
    path.parent().map_or(Ok(()), sync_directory)
}
