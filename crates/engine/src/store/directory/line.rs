//! Lines: JSON objects that begin with a checksum of the rest, so that damage is seen.

use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use landfall_core::state::{Entry, Revision};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

const HEAD: &str = r#"{"sum":""#;
/// Characters of the checksum: 64 bits in hexadecimal.
const SUM: usize = 16;

/// Writes a map as one sealed line, with the line's end, as it is serialized: a checkpoint never is in memory as text.
pub(super) fn seal(map: &impl Serialize, out: &mut (impl Write + Seek)) -> io::Result<()> {
    out.write_all(HEAD.as_bytes())?;
    let seal = out.stream_position()?;
    out.write_all(&[b'0'; SUM])?;
    out.write_all(b"\"")?;
    let mut covered = BufWriter::new(Covered { out, sum: Sha256::new(), begun: false });
    serde_json::to_writer(&mut covered, map)?;
    let Covered { out, sum, .. } = covered.into_inner()?;
    out.write_all(b"\n")?;
    let end = out.stream_position()?;
    out.seek(SeekFrom::Start(seal))?;
    out.write_all(&hex(sum))?;
    out.seek(SeekFrom::Start(end))?;
    Ok(())
}

/// What the checksum covers: the map's fields, which go on where the checksum's own map began.
struct Covered<'o, W> {
    out: &'o mut W,
    sum: Sha256,
    begun: bool,
}

impl<W: Write> Write for Covered<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let fields = match bytes {
            _ if self.begun => bytes,
            [b'{', fields @ ..] => {
                self.out.write_all(b",")?;
                self.begun = true;
                fields
            }
            _ => return Err(io::Error::other("only maps are written")),
        };
        self.out.write_all(fields)?;
        self.sum.update(fields);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The map in a sealed line; the checksum is a field that it does not know.
pub(super) fn open<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    verify(line)?;
    parse(line)
}

fn parse<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    serde_json::from_str(line).map_err(|error| error.to_string())
}

/// Checks the seal and returns what it covers.
fn verify(line: &str) -> Result<&str, String> {
    let broken = "it is no line of a log";
    let line = line.strip_prefix(HEAD).ok_or(broken)?;
    let (found, rest) = line.split_at_checked(SUM).ok_or(broken)?;
    let rest = rest.strip_prefix("\",").ok_or(broken)?;
    if hex(Sha256::new_with_prefix(rest)) == found.as_bytes() {
        Ok(rest)
    } else {
        Err("its checksum does not match".to_owned())
    }
}

fn hex(sum: Sha256) -> [u8; SUM] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digest = sum.finalize();
    std::array::from_fn(|digit| {
        let byte = digest[digit / 2];
        DIGITS[usize::from(if digit % 2 == 0 { byte >> 4 } else { byte & 0xf })]
    })
}

#[derive(Serialize)]
struct Line<'a> {
    revision: Revision,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// Writes an entry as one line, with the line's end.
pub(super) fn encode(revision: Revision, entry: &Entry, out: &mut (impl Write + Seek)) -> io::Result<()> {
    seal(&Line { revision, entry }, out)
}

/// Checks that a line holds the entry of that revision, without reading the entry.
pub(super) fn check(line: &str, revision: Revision) -> Result<(), String> {
    let rest = verify(line)?;
    let expected = format!("\"revision\":{revision},");
    if rest.starts_with(&expected) { Ok(()) } else { Err(format!("it is not entry {revision}")) }
}

/// The entry of that revision.
pub(super) fn decode(line: &str, revision: Revision) -> Result<Entry, String> {
    check(line, revision)?;
    parse(line)
}

#[cfg(test)]
mod tests {
    use landfall_core::Value;

    use super::*;

    fn encoded(entry: &Entry) -> String {
        let mut text = io::Cursor::new(Vec::new());
        encode(42, entry, &mut text).unwrap();
        String::from_utf8(text.into_inner()).unwrap()
    }

    fn entry() -> Entry {
        Entry::Run { command: "apply \"x\"\n".into(), owner: "ásha@host".into(), at: 17 }
    }

    #[test]
    fn a_line_reads_back_and_is_plain_json() {
        let line = encoded(&entry());
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        assert_eq!(decode(line.trim_end(), 42).unwrap(), entry());
        let json: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["revision"], 42);
        assert_eq!(json["entry"], "run");
    }

    #[test]
    fn every_single_change_of_a_byte_is_seen() {
        let line = encoded(&entry());
        let line = line.trim_end();
        assert_eq!(decode(line, 43).unwrap_err(), "it is not entry 43");
        for position in 0..line.len() {
            let mut bytes = line.as_bytes().to_vec();
            bytes[position] ^= 1;
            if let Ok(changed) = String::from_utf8(bytes) {
                assert!(decode(&changed, 42).is_err(), "byte {position}: {changed}");
            }
        }
    }
}
