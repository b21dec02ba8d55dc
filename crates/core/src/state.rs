//! State: the fold of an append-only log.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write},
};

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    address::Address,
    attributes::{Attributes, Fields, Value},
    fault::Fault,
    options::Keep,
    place::PlaceCode,
    provider::Observed,
};

/// Unique id of one object: minted and made durable before the call that creates the object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(uuid::Uuid);

impl Token {
    /// A token from 16 random bytes.
    pub fn from_random(bytes: [u8; 16]) -> Self {
        Self(uuid::Builder::from_random_bytes(bytes).into_uuid())
    }

    /// Ten characters of it, for names.
    pub fn short(&self) -> String {
        self.0.simple().to_string()[..10].to_owned()
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the state keeps of a secret: a keyed digest, by which a change is seen.
///
/// `key` is the state's own, in hexadecimal, so that equal secrets of two topologies have different digests.
pub fn digest(key: &str, secret: &Value) -> Value {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(secret.to_string().as_bytes());
    let mut hex = String::new();
    for byte in mac.finalize().into_bytes() {
        let _ = write!(hex, "{byte:02x}");
    }
    serde_json::json!({ "$digest": hex })
}

/// Number of entries in the log: what a plan is made against.
pub type Revision = u64;

/// One generation of one resource, as recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Object {
    /// The resource in the topology.
    pub address: Address,
    /// Name of its kind.
    pub kind: String,
    /// Version of the kind that wrote the fields.
    pub version: u32,
    /// Where it lives.
    pub place: PlaceCode,
    /// Its unique id.
    pub token: Token,
    /// Fields as last wanted, secrets as digests.
    pub fields: Fields,
    /// What AWS reported.
    #[serde(default)]
    pub attributes: Attributes,
    /// Tokens of the objects that it refers to: edges between generations, never between addresses.
    #[serde(default)]
    pub dependencies: BTreeSet<Token>,
    /// What happens to it when it would be deleted.
    #[serde(default)]
    pub keep: Keep,
    /// Whether a replacement took its place and it only waits to be deleted.
    #[serde(default)]
    pub deposed: bool,
}

impl Object {
    /// The id by which AWS names it.
    pub fn id(&self) -> Option<&str> {
        self.attributes.get("id").and_then(serde_json::Value::as_str)
    }

    /// The object as last recorded, in the form of something observed.
    pub fn recorded(&self) -> Observed {
        Observed { fields: self.fields.clone(), attributes: self.attributes.clone() }
    }
}

/// What an open intent is about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Create the object.
    Create,
    /// Change it in place.
    Update,
    /// Delete it.
    Delete,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        })
    }
}

/// One entry of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// The first entry of every log.
    Opened {
        /// Name of the topology.
        topology: String,
        /// Its environment.
        environment: String,
        /// Key of the digests that stand for secrets, in hexadecimal.
        digest_key: String,
    },
    /// The cloud that the objects are in, from here on.
    Bound {
        /// What tells it from others: account and provider.
        cloud: String,
    },
    /// A run began; for the history.
    Run {
        /// What was asked for: `apply`, `destroy`, `refresh`.
        command: String,
        /// Who asked: user and host.
        owner: String,
        /// When, in seconds since 1970.
        at: u64,
    },
    /// Durable before the call it announces.
    Intent {
        /// What is about to be done.
        operation: Operation,
        /// The object, with the fields it will have.
        object: Box<Object>,
    },
    /// The call succeeded.
    Done {
        /// The object.
        token: Token,
        /// What AWS reported.
        attributes: Attributes,
        /// Fields as observed, where they differ from those intended: after an interrupted create.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fields: Option<Fields>,
    },
    /// The call failed and had no effect that has to be recorded.
    Failed {
        /// The object.
        token: Token,
        /// Why.
        fault: Fault,
    },
    /// The object no longer exists, or is no longer ours to delete.
    Gone {
        /// The object.
        token: Token,
    },
    /// The resource has another address now.
    Moved {
        /// The object.
        token: Token,
        /// Its new address.
        to: Address,
    },
    /// Protection, retention or what the object waits for changed, and nothing in AWS.
    Kept {
        /// The object.
        token: Token,
        /// From now on.
        keep: Keep,
        /// Tokens of the objects that it refers to, from now on.
        dependencies: BTreeSet<Token>,
    },
    /// Something that exists was taken over: imported, or found again.
    Adopted {
        /// The object as observed.
        object: Box<Object>,
    },
    /// A refresh saw other values than recorded; the next plan compares against these.
    Observed {
        /// The object.
        token: Token,
        /// Fields as observed.
        fields: Fields,
        /// Attributes as observed.
        attributes: Attributes,
        /// Version of the kind that the fields have the form of; that of the object when it is not said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
}

/// What a topology owns: the fold of its log.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Snapshot")]
pub struct State {
    /// Number of entries folded.
    pub revision: Revision,
    /// Name of the topology.
    pub topology: String,
    /// Its environment.
    pub environment: String,
    /// Key of the digests that stand for secrets.
    pub digest_key: String,
    /// The cloud that the objects are in, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cloud: Option<String>,
    /// Objects that exist.
    pub objects: BTreeMap<Token, Object>,
    /// Calls whose outcome is unknown: to be settled before anything else.
    pub open: BTreeMap<Token, (Operation, Object)>,
    /// Objects that an interrupted create left: they exist, but may not be ready, and what AWS reports of them may
    /// not be complete, until an update is done.
    pub incomplete: BTreeSet<Token>,
    /// The current generation at each address.
    #[serde(skip)]
    current: BTreeMap<Address, Token>,
}

/// A state as stored in a checkpoint: without what follows from the rest.
#[derive(Deserialize)]
struct Snapshot {
    revision: Revision,
    topology: String,
    environment: String,
    digest_key: String,
    #[serde(default)]
    cloud: Option<String>,
    objects: BTreeMap<Token, Object>,
    open: BTreeMap<Token, (Operation, Object)>,
    #[serde(default)]
    incomplete: BTreeSet<Token>,
}

impl From<Snapshot> for State {
    fn from(stored: Snapshot) -> Self {
        let Snapshot { revision, topology, environment, digest_key, cloud, objects, open, incomplete } = stored;
        let live = objects.values().filter(|object| !object.deposed);
        let current = live.map(|object| (object.address.clone(), object.token.clone())).collect();
        Self { revision, topology, environment, digest_key, cloud, objects, open, incomplete, current }
    }
}

/// An entry that does not fit what came before it: the log was damaged or written by something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {revision} of the log does not follow from the ones before it: {why}")]
pub struct BrokenLog {
    /// Number of the entry, from 1.
    pub revision: Revision,
    /// What does not fit.
    pub why: String,
}

impl State {
    /// Folds a log.
    ///
    /// # Errors
    /// [`BrokenLog`] at the first entry that does not follow from the ones before.
    pub fn fold(entries: impl IntoIterator<Item = Entry>) -> Result<Self, BrokenLog> {
        let mut state = Self::default();
        for entry in entries {
            state.apply(entry)?;
        }
        Ok(state)
    }

    /// Adds one entry.
    ///
    /// # Errors
    /// [`BrokenLog`] when the entry does not follow from the state.
    pub fn apply(&mut self, entry: Entry) -> Result<(), BrokenLog> {
        let revision = self.revision + 1;
        self.step(entry).map_err(|why| BrokenLog { revision, why })?;
        self.revision = revision;
        Ok(())
    }

    fn step(&mut self, entry: Entry) -> Result<(), String> {
        match entry {
            Entry::Opened { topology, environment, digest_key } => {
                if self.revision > 0 {
                    return Err("a log is opened once".to_owned());
                }
                (self.topology, self.environment, self.digest_key) = (topology, environment, digest_key);
            }
            Entry::Bound { cloud } => self.cloud = Some(cloud),
            Entry::Run { .. } => {}
            Entry::Intent { operation, object } => {
                self.open.insert(object.token.clone(), (operation, *object));
            }
            Entry::Done { token, attributes, fields } => {
                let (operation, mut object) =
                    self.open.remove(&token).ok_or_else(|| format!("{token} is done without an intent"))?;
                if operation == Operation::Delete {
                    return Err(format!("{token} is done, but its intent was to delete it"));
                }
                object.attributes = attributes;
                match fields {
                    Some(fields) => {
                        object.fields = fields;
                        self.incomplete.insert(token);
                    }
                    None => _ = self.incomplete.remove(&token),
                }
                self.insert(object);
            }
            Entry::Failed { token, .. } => {
                self.open.remove(&token).ok_or_else(|| format!("{token} failed without an intent"))?;
            }
            Entry::Gone { token } => {
                let was_open = self.open.remove(&token).is_some();
                self.incomplete.remove(&token);
                match self.objects.remove(&token) {
                    Some(object) => self.vacate(&object.address, &token),
                    None if was_open => {}
                    None => return Err(format!("{token} is gone, but was never there")),
                }
            }
            Entry::Moved { token, to } => {
                let object = self.object(&token)?;
                let from = std::mem::replace(&mut object.address, to.clone());
                self.vacate(&from, &token);
                self.current.insert(to, token);
            }
            Entry::Kept { token, keep, dependencies } => {
                let object = self.object(&token)?;
                (object.keep, object.dependencies) = (keep, dependencies);
            }
            Entry::Adopted { object } => self.insert(*object),
            Entry::Observed { token, fields, attributes, version } => {
                let object = self.object(&token)?;
                object.version = version.unwrap_or(object.version);
                (object.fields, object.attributes) = (fields, attributes);
            }
        }
        Ok(())
    }

    /// Records an object; an older generation at its address now only waits to be deleted.
    fn insert(&mut self, object: Object) {
        if !object.deposed {
            let older = self.current.insert(object.address.clone(), object.token.clone());
            if let Some(older) =
                older.filter(|token| *token != object.token).and_then(|token| self.objects.get_mut(&token))
            {
                older.deposed = true;
            }
        }
        self.objects.insert(object.token.clone(), object);
    }

    fn vacate(&mut self, address: &Address, token: &Token) {
        if self.current.get(address) == Some(token) {
            self.current.remove(address);
        }
    }

    fn object(&mut self, token: &Token) -> Result<&mut Object, String> {
        self.objects.get_mut(token).ok_or_else(|| format!("{token} is not in the state"))
    }

    /// The current generation at an address.
    pub fn current(&self, address: &Address) -> Option<&Object> {
        self.current.get(address).and_then(|token| self.objects.get(token))
    }
}
