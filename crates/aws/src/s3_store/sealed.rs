//! Sealed texts: a line of JSON that says what follows, with a checksum of both.

use std::fmt::Write;

use landfall_core::state::{Entry, Revision};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

/// Begin of the checksum, the last field of the head.
const SUM: &str = ",\"sum\":\"";
const END: &str = "\"}";

/// Head of a segment; the entries follow, one per line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SegmentHead {
    /// Number of the segment, from 1.
    pub(super) segment: u64,
    /// Fencing number of the lease under which it was written.
    pub(super) fence: u64,
    /// Who holds that lease: every lease has a writer of its own.
    pub(super) writer: String,
    /// Revision of the first entry, or of the next one where there is none.
    pub(super) first: Revision,
    /// How many entries follow: none in the segment with which a lease begins.
    pub(super) entries: u64,
}

/// Head of a checkpoint; the state follows, in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckpointHead {
    /// The last segment that is in it.
    pub(super) segment: u64,
    /// Fencing number of that segment.
    pub(super) fence: u64,
    /// Writer of that segment.
    pub(super) writer: String,
}

/// Head and body in one, with their checksum.
pub(super) fn seal(head: &impl Serialize, body: &str) -> Result<Vec<u8>, serde_json::Error> {
    let head = serde_json::to_string(head)?;
    let open = head.strip_suffix('}').unwrap_or(&head);
    Ok(format!("{open}{SUM}{}{END}\n{body}", sum(open, body)).into_bytes())
}

/// Head and body, if their checksum holds.
pub(super) fn open<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &str), String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not text")?;
    let (line, body) = text.split_once('\n').ok_or("it is cut off")?;
    let parts = line.strip_suffix(END).and_then(|line| line.rsplit_once(SUM));
    let (open, found) = parts.ok_or("its first line has no checksum")?;
    if sum(open, body) != found {
        return Err("its checksum does not match".to_owned());
    }
    let head = serde_json::from_str(&format!("{open}}}")).map_err(|error| error.to_string())?;
    Ok((head, body))
}

/// Half of the SHA-256, in hexadecimal.
fn sum(head: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(head.as_bytes());
    hash.update(b"\n");
    hash.update(body.as_bytes());
    let mut hex = String::with_capacity(32);
    for byte in &hash.finalize()[..16] {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// A segment with its entries.
pub(super) fn seal_segment(head: &SegmentHead, entries: &[Entry]) -> Result<Vec<u8>, serde_json::Error> {
    let mut body = String::new();
    for entry in entries {
        body.push_str(&serde_json::to_string(entry)?);
        body.push('\n');
    }
    seal(head, &body)
}

/// The entries of a segment.
pub(super) fn open_segment(bytes: &[u8]) -> Result<(SegmentHead, Vec<Entry>), String> {
    let (head, body) = open::<SegmentHead>(bytes)?;
    let entries: Result<Vec<Entry>, _> = body.lines().map(serde_json::from_str).collect();
    let entries = entries.map_err(|error| error.to_string())?;
    if entries.len() as u64 == head.entries { Ok((head, entries)) } else { Err("it lacks entries".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (SegmentHead, Vec<Entry>) {
        let entries = vec![
            Entry::Run { command: "apply \"x\"\n".into(), owner: "ásha@host,\"sum\":\"0\"}".into(), at: 17 },
            Entry::Run { command: "destroy".into(), owner: "b".into(), at: 18 },
        ];
        (SegmentHead { segment: 3, fence: 2, writer: "w,\"sum\":\"".into(), first: 9, entries: 2 }, entries)
    }

    #[test]
    fn a_segment_reads_back_and_is_plain_json_by_line() {
        let (head, entries) = sample();
        let bytes = seal_segment(&head, &entries).unwrap();
        assert_eq!(open_segment(&bytes).unwrap(), (head, entries));
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), 3);
        for line in text.lines() {
            serde_json::from_str::<serde_json::Value>(line).unwrap();
        }
        let empty = SegmentHead { segment: 1, fence: 1, writer: "w".into(), first: 1, entries: 0 };
        assert_eq!(open_segment(&seal_segment(&empty, &[]).unwrap()).unwrap(), (empty, vec![]));
    }

    #[test]
    fn every_single_change_and_every_cut_is_seen() {
        let (head, entries) = sample();
        let bytes = seal_segment(&head, &entries).unwrap();
        for position in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[position] ^= 1;
            assert!(open_segment(&changed).is_err(), "byte {position}");
            assert!(open_segment(&bytes[..position]).is_err(), "cut at {position}");
        }
    }
}
