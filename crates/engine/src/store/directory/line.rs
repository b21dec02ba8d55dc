//! Lines: JSON objects that begin with a checksum of the rest, so that damage is seen.

use std::fmt::Write;

use landfall_core::{
    Value,
    state::{Entry, Revision},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

const HEAD: &str = r#"{"sum":""#;
/// Characters of the checksum: 64 bits in hexadecimal.
const SUM: usize = 16;

/// A map as one sealed line, without the line's end.
pub(super) fn seal(map: &impl Serialize) -> Result<String, String> {
    let json = serde_json::to_string(map).map_err(|error| error.to_string())?;
    let rest = json.strip_prefix('{').filter(|rest| *rest != "}").ok_or("only maps with fields are written")?;
    Ok(format!("{HEAD}{}\",{rest}", sum(rest)))
}

/// The map in a sealed line.
pub(super) fn open<T: DeserializeOwned>(line: &str) -> Result<T, String> {
    let rest = verify(line)?;
    serde_json::from_str(&format!("{{{rest}")).map_err(|error| error.to_string())
}

/// Checks the seal and returns what it covers.
fn verify(line: &str) -> Result<&str, String> {
    let broken = "it is no line of a log";
    let line = line.strip_prefix(HEAD).ok_or(broken)?;
    let (found, rest) = line.split_at_checked(SUM).ok_or(broken)?;
    let rest = rest.strip_prefix("\",").ok_or(broken)?;
    if sum(rest) == found { Ok(rest) } else { Err("its checksum does not match".to_owned()) }
}

fn sum(text: &str) -> String {
    let mut hex = String::with_capacity(SUM);
    for byte in &Sha256::digest(text.as_bytes())[..SUM / 2] {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[derive(Serialize)]
struct Line<'a> {
    revision: Revision,
    #[serde(flatten)]
    entry: &'a Entry,
}

/// An entry as one line, with the line's end.
pub(super) fn encode(revision: Revision, entry: &Entry) -> Result<String, String> {
    seal(&Line { revision, entry }).map(|mut line| {
        line.push('\n');
        line
    })
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
    let mut map: serde_json::Map<String, Value> = open(line)?;
    map.remove("revision");
    serde_json::from_value(Value::Object(map)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry::Run { command: "apply \"x\"\n".into(), owner: "ásha@host".into(), at: 17 }
    }

    #[test]
    fn a_line_reads_back_and_is_plain_json() {
        let line = encode(42, &entry()).unwrap();
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        assert_eq!(decode(line.trim_end(), 42).unwrap(), entry());
        let json: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(json["revision"], 42);
        assert_eq!(json["entry"], "run");
    }

    #[test]
    fn every_single_change_of_a_byte_is_seen() {
        let line = encode(42, &entry()).unwrap();
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
