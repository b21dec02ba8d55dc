//! The log's files: header, segments, checkpoint.

use std::{
    fs::{self, File},
    io::{self, Cursor, Write},
    path::{Path, PathBuf},
};

use landfall_core::{
    State,
    state::{Entry, Revision},
    store::{Loaded, StoreError},
};
use serde::{Deserialize, Serialize};

use super::{
    Limits,
    files::{damaged, failed, private, read, replace, sync_directory},
    line,
};

/// Newest format that this program knows, and the one it writes.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    topology: String,
    environment: String,
}

/// The state after some entry, and where the next one begins.
#[derive(Deserialize)]
struct Checkpoint {
    segment: Revision,
    offset: u64,
    state: State,
}

#[derive(Serialize)]
struct NewCheckpoint<'a> {
    segment: Revision,
    offset: u64,
    state: &'a State,
}

fn header_path(directory: &Path) -> PathBuf {
    directory.join("header.json")
}

fn checkpoint_path(directory: &Path) -> PathBuf {
    directory.join("checkpoint.json")
}

/// The file whose first entry has that revision.
fn segment_path(directory: &Path, first: Revision) -> PathBuf {
    directory.join(format!("log-{first:012}.jsonl"))
}

/// Writes the header of a new log; that of an existing one has to be ours.
pub(super) fn write_header(directory: &Path, topology: &str, environment: &str) -> Result<(), StoreError> {
    if check_header(directory, topology, environment)? {
        return Ok(());
    }
    let header = Header { format: FORMAT, topology: topology.to_owned(), environment: environment.to_owned() };
    let path = header_path(directory);
    let mut text = serde_json::to_string(&header).map_err(|error| failed("write", &path)(error.into()))?;
    text.push('\n');
    replace(&path, |file| file.write_all(text.as_bytes()))
}

/// Whether there is a log.
///
/// # Errors
/// When it is another topology's, a newer version's, or has no readable header.
fn check_header(directory: &Path, topology: &str, environment: &str) -> Result<bool, StoreError> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let path = header_path(directory);
    let Some(bytes) = read(&path)? else {
        let fresh = segments(directory)?.is_empty();
        return if fresh { Ok(false) } else { Err(damaged(&path, 0, "it is missing")) };
    };
    let unreadable = |error: serde_json::Error| damaged(&path, 0, error.to_string());
    let Format { format } = serde_json::from_slice(&bytes).map_err(unreadable)?;
    let location = directory.display().to_string();
    if format > FORMAT {
        return Err(StoreError::Newer { location, found: format, known: FORMAT });
    }
    let header: Header = serde_json::from_slice(&bytes).map_err(unreadable)?;
    if (header.topology.as_str(), header.environment.as_str()) != (topology, environment) {
        return Err(StoreError::Foreign {
            location,
            found: format!("{} ({})", header.topology, header.environment),
            expected: format!("{topology} ({environment})"),
        });
    }
    Ok(true)
}

/// First revisions of the log's files, in order.
fn segments(directory: &Path) -> Result<Vec<Revision>, StoreError> {
    let listing = match fs::read_dir(directory) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed("read", directory)(error)),
    };
    let mut found = Vec::new();
    for file in listing {
        let name = file.map_err(failed("read", directory))?.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix("log-")?.strip_suffix(".jsonl"));
        found.extend(number.and_then(|number| number.parse::<Revision>().ok()));
    }
    found.sort_unstable();
    Ok(found)
}

/// One file of the log, read.
struct Segment {
    path: PathBuf,
    first: Revision,
    text: Vec<u8>,
    /// Length of the whole lines; what follows is an unfinished one.
    whole: usize,
}

impl Segment {
    fn read(directory: &Path, first: Revision) -> Result<Self, StoreError> {
        let path = segment_path(directory, first);
        let text = read(&path)?.ok_or_else(|| damaged(&path, first, "the file is missing"))?;
        let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Ok(Self { path, first, text, whole })
    }

    fn is_torn(&self) -> bool {
        self.whole < self.text.len()
    }

    /// The whole lines with their revisions and where they begin.
    fn lines(&self) -> impl Iterator<Item = (Revision, usize, &[u8])> {
        let mut begin = 0;
        let lines = self.text[..self.whole].split_inclusive(|byte| *byte == b'\n');
        lines.zip(self.first..).map(move |(line, revision)| {
            let at = begin;
            begin += line.len();
            (revision, at, &line[..line.len() - 1])
        })
    }

    fn text<'l>(&self, revision: Revision, line: &'l [u8]) -> Result<&'l str, StoreError> {
        std::str::from_utf8(line).map_err(|_| damaged(&self.path, revision, "it is not text"))
    }

    fn entry(&self, revision: Revision, line: &[u8]) -> Result<Entry, StoreError> {
        line::decode(self.text(revision, line)?, revision).map_err(|why| damaged(&self.path, revision, why))
    }
}

/// Where a log stands.
struct Found {
    state: State,
    /// First revision of the newest file, `None` when there is none.
    segment: Option<Revision>,
    /// Length of its whole lines.
    length: u64,
    torn: Option<PathBuf>,
    warnings: Vec<String>,
}

/// Folds the log from its checkpoint, or from its beginning.
fn fold(directory: &Path) -> Result<Found, StoreError> {
    // Before the files are listed: a writer that begins a new one and then writes a checkpoint of it is seen either with
    // both or with neither.
    let mut warnings = Vec::new();
    let checkpoint = match checkpoint(directory)? {
        Some(Ok(checkpoint)) => Some(checkpoint),
        Some(Err(why)) => {
            let path = checkpoint_path(directory);
            warnings.push(format!("{} can't be read ({why}); the whole log was read instead", path.display()));
            None
        }
        None => None,
    };
    let segments = segments(directory)?;
    let from = checkpoint.as_ref().map_or(1, |checkpoint| checkpoint.segment);
    let offset = checkpoint.as_ref().map_or(0, |checkpoint| usize::try_from(checkpoint.offset).unwrap_or(usize::MAX));
    let mut found = Found { state: State::default(), segment: None, length: 0, torn: None, warnings };
    let mut next = from;
    if let Some(Checkpoint { segment, state, .. }) = checkpoint {
        found.state = state;
        if !segments.contains(&segment) {
            return Err(damaged(&segment_path(directory, segment), segment, "the file is missing"));
        }
    } else if let Some(first) = segments.first().filter(|first| **first != 1) {
        return Err(damaged(&segment_path(directory, 1), 1, format!("the log begins with entry {first}")));
    }
    let wanted: Vec<_> = segments.into_iter().filter(|first| *first >= from).collect();
    for (position, first) in wanted.iter().enumerate() {
        let segment = Segment::read(directory, *first)?;
        if *first != next {
            return Err(damaged(&segment.path, next, format!("the file begins with entry {first}")));
        }
        next = fold_segment(&segment, if *first == from { offset } else { 0 }, &mut found.state)?;
        if segment.is_torn() {
            if position + 1 < wanted.len() {
                return Err(damaged(&segment.path, next, "it is unfinished, and later ones follow"));
            }
            let path = segment.path.display();
            found.warnings.push(format!(
                "the last entry of {path} is unfinished and was left out: a run was interrupted while it wrote it"
            ));
            found.torn = Some(segment.path.clone());
        }
        found.segment = Some(*first);
        found.length = segment.whole as u64;
    }
    Ok(found)
}

/// Folds the entries of a file from `offset` on, where the checkpoint ends; returns the revision after its last.
fn fold_segment(segment: &Segment, offset: usize, state: &mut State) -> Result<Revision, StoreError> {
    let mut next = segment.first;
    for (revision, begin, line) in segment.lines() {
        if begin < offset {
            // Part of the checkpoint: only checked, so that damage does not go unnoticed until it is needed.
            line::check(segment.text(revision, line)?, revision)
                .map_err(|why| damaged(&segment.path, revision, why))?;
        } else {
            let entry = segment.entry(revision, line)?;
            let broken = |source| StoreError::Broken { location: segment.path.display().to_string(), source };
            state.apply(entry).map_err(broken)?;
        }
        next = revision + 1;
    }
    if segment.whole < offset || next != state.revision + 1 {
        let why = "entries that the checkpoint holds are missing from the log";
        return Err(damaged(&segment.path, next, why));
    }
    Ok(next)
}

fn checkpoint(directory: &Path) -> Result<Option<Result<Checkpoint, String>>, StoreError> {
    let Some(bytes) = read(&checkpoint_path(directory))? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|error| error.to_string());
    Ok(Some(text.and_then(|text| line::open(text.trim_end()))))
}

/// The state after all entries.
pub(super) fn load(directory: &Path, topology: &str, environment: &str) -> Result<Loaded, StoreError> {
    if !check_header(directory, topology, environment)? {
        return Ok(Loaded::default());
    }
    let found = fold(directory)?;
    Ok(Loaded { state: found.state, warnings: found.warnings })
}

/// The entries up to a revision.
pub(super) fn entries(
    directory: &Path,
    topology: &str,
    environment: &str,
    up_to: Option<Revision>,
) -> Result<Vec<Entry>, StoreError> {
    let last = up_to.unwrap_or(Revision::MAX);
    let mut found = Vec::new();
    if !check_header(directory, topology, environment)? {
        return Ok(found);
    }
    let segments = segments(directory)?;
    for (position, first) in segments.iter().enumerate() {
        let next = found.len() as Revision + 1;
        if next > last {
            break;
        }
        let segment = Segment::read(directory, *first)?;
        if *first != next {
            return Err(damaged(&segment.path, next, format!("the file begins with entry {first}")));
        }
        if segment.is_torn() && position + 1 < segments.len() {
            return Err(damaged(&segment.path, next, "a line is unfinished, and later ones follow"));
        }
        for (revision, _, line) in segment.lines().take_while(|(revision, ..)| *revision <= last) {
            found.push(segment.entry(revision, line)?);
        }
    }
    Ok(found)
}

/// The log, open for its one writer.
pub(super) struct Log {
    directory: PathBuf,
    limits: Limits,
    state: State,
    /// The newest file, its first revision and its length.
    segment: Option<(File, Revision, u64)>,
    /// Entries since the last checkpoint.
    since: u64,
    /// Whether an append failed, so that nobody knows what the newest file holds.
    unsure: bool,
    /// What was wrong when it was opened, until something follows.
    warnings: Vec<String>,
}

impl Log {
    /// Opens the log for appending; an unfinished last line is cut off.
    pub(super) fn open(directory: &Path, limits: Limits) -> Result<Self, StoreError> {
        let found = fold(directory)?;
        let segment = match found.segment {
            None => None,
            Some(first) => {
                let path = segment_path(directory, first);
                let file = private().append(true).open(&path).map_err(failed("write", &path))?;
                if found.torn.is_some() {
                    let cut = file.set_len(found.length).and_then(|()| file.sync_all());
                    cut.map_err(failed("write", &path))?;
                }
                Some((file, first, found.length))
            }
        };
        Ok(Self {
            directory: directory.to_owned(),
            limits,
            state: found.state,
            segment,
            since: 0,
            unsure: false,
            warnings: found.warnings,
        })
    }

    /// The state after all entries, `None` when only the files could tell.
    pub(super) fn loaded(&self) -> Option<Loaded> {
        (!self.unsure).then(|| Loaded { state: self.state.clone(), warnings: self.warnings.clone() })
    }

    /// Appends entries with one write and one `fsync`.
    pub(super) fn append(&mut self, entries: Vec<Entry>) -> Result<(), StoreError> {
        let location = || self.directory.display().to_string();
        if self.unsure {
            let source = "an earlier write failed; the next run reads what is there".into();
            return Err(StoreError::Io { action: "write", location: location(), source });
        }
        let mut text = Cursor::new(Vec::new());
        let first = self.state.revision + 1;
        let count = entries.len() as u64;
        for entry in entries {
            let encoded = line::encode(self.state.revision + 1, &entry, &mut text);
            let unwritable =
                |error: io::Error| StoreError::Io { action: "write", location: location(), source: error.into() };
            let broken = |source| StoreError::Broken { location: location(), source };
            let added = encoded.map_err(unwritable).and_then(|()| self.state.apply(entry).map_err(broken));
            if let Err(error) = added {
                self.unsure = true;
                return Err(error);
            }
        }
        if let Err(error) = self.write(first, text.get_ref()) {
            self.unsure = true;
            return Err(error);
        }
        self.since += count;
        self.warnings.clear();
        // A checkpoint is as long as the state: one for as many entries as that has objects keeps its share of the
        // work of an append the same, however much there is.
        if self.since >= self.limits.checkpoint.max(self.state.objects.len() as u64) {
            self.checkpoint();
        }
        Ok(())
    }

    fn write(&mut self, first: Revision, text: &[u8]) -> Result<(), StoreError> {
        let full = |begin: &Revision| first - begin >= self.limits.segment;
        if self.segment.as_ref().is_none_or(|(_, begin, _)| full(begin)) {
            let path = segment_path(&self.directory, first);
            let file = private().append(true).create_new(true).open(&path).map_err(failed("create", &path))?;
            sync_directory(&self.directory)?;
            self.segment = Some((file, first, 0));
        }
        let Some((file, begin, length)) = &mut self.segment else { return Ok(()) };
        let path = segment_path(&self.directory, *begin);
        if let Err(error) = file.write_all(text).and_then(|()| file.sync_data()) {
            // Takes a part back that may have been written; if that fails too, the next holder cuts it off.
            let _ = file.set_len(*length);
            return Err(failed("write", &path)(error));
        }
        *length += text.len() as u64;
        Ok(())
    }

    /// Writes the state down, so that the next reader need not fold the whole log. The log is complete
    /// without it: a failure is only logged.
    pub(super) fn checkpoint(&mut self) {
        let Some((_, segment, offset)) = self.segment.as_ref().filter(|_| self.since > 0 && !self.unsure) else {
            return;
        };
        let checkpoint = NewCheckpoint { segment: *segment, offset: *offset, state: &self.state };
        let path = checkpoint_path(&self.directory);
        match replace(&path, |file| line::seal(&checkpoint, file)) {
            Ok(()) => self.since = 0,
            Err(error) => tracing::warn!(%error, "no checkpoint was written"),
        }
    }
}
