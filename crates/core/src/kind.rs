//! Kinds: what the engine knows of one AWS type, as pure data.

use std::fmt;

use crate::{
    attributes::{Fields, Value},
    check::Site,
    resource::Resource,
};

/// What the engine knows of one AWS type.
///
/// A kind is found by its stable name, so that state whose code is gone can still be deleted.
///
/// # Guarantees
/// The same kind serves every region. It holds no behaviour that reaches AWS: that is a
/// [`Provider`](crate::provider::Provider).
pub struct Kind {
    /// Stable name, `service.noun` with AWS's own service prefix: `ec2.subnet`. Never changes.
    pub name: &'static str,
    /// Version of the stored fields; [`migrate`](Self::migrate) reads older ones.
    pub version: u32,
    /// Every field of the resource, in declaration order.
    pub fields: &'static [Field],
    /// What AWS reports; `id` comes first.
    pub attributes: &'static [Reported],
    /// How an interrupted create is found again.
    pub identity: Identity,
    /// Fields that no two objects may share while both exist.
    pub exclusive: &'static [Exclusive],
    /// Whether an object with the first fields can't be made while one with the second exists in the same place, where
    /// equal fields don't tell it: a routed DNS record beside a simple one of its name.
    pub excludes: Option<fn(&Fields, &Fields) -> bool>,
    /// Fields in which two objects agree wherever [`excludes`](Self::excludes) can say yes: zone and name of a record.
    /// Only objects that agree in them are compared, each with each; when empty, all of the kind in a place are.
    pub excludes_among: &'static [&'static str],
    /// Ids of objects that AWS keeps in every account and whose form does not tell it: managed policies of
    /// CloudFront.
    pub owned_by_aws: &'static [&'static str],
    /// Whether AWS keeps tags on it.
    pub taggable: bool,
    /// IAM actions that its operations call.
    pub actions: Actions,
    /// Row of the creation-time table by which the sandbox takes its time: `aws_subnet`. Empty: at once.
    pub timing: &'static str,
    /// Whether the fields, resolved, are a valid resource.
    pub parse: fn(&Value) -> Result<(), String>,
    /// Reads fields stored by an older version.
    pub migrate: fn(u32, Value) -> Value,
    /// Rules between a declaration and the rest of its topology; returns what is wrong, with the mend.
    pub check: fn(&Site<'_>) -> Vec<String>,
}

impl Kind {
    /// A kind with no fields yet, for struct update syntax: `Kind { fields: &[…], ..Kind::of::<Vpc<AnyRegion>>("ec2.vpc") }`.
    pub const fn of<T: Resource>(name: &'static str) -> Self {
        Self {
            name,
            version: 1,
            fields: &[],
            attributes: &[Reported { name: "id", stable: true, form: "{name}" }],
            identity: Identity::TagOnCreate,
            exclusive: &[],
            excludes: None,
            excludes_among: &[],
            owned_by_aws: &[],
            taggable: false,
            actions: Actions { create: &[], read: &[], update: &[], delete: &[] },
            timing: "",
            parse: parse::<T>,
            migrate: |_, fields| fields,
            check: |_| Vec::new(),
        }
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// What AWS reports under that name.
    pub fn attribute(&self, name: &str) -> Option<&'static Reported> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }
}

fn parse<T: Resource>(fields: &Value) -> Result<(), String> {
    T::deserialize(fields).map(drop).map_err(|error| error.to_string())
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// One field of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Name in the resource.
    pub name: &'static str,
    /// What a change of it means for the object.
    pub change: Change,
    /// Where the resources that the field refers to may live.
    pub reach: Reach,
    /// Whether order doesn't matter in the field's list.
    pub set: bool,
    /// Whether AWS never tells it back, so that drift in it can't be seen.
    pub write_only: bool,
    /// Whether it is a secret, which no plan, log, event or error may hold.
    pub secret: bool,
}

impl Field {
    const fn new(name: &'static str, change: Change) -> Self {
        Self { name, change, reach: Reach::SamePlace, set: false, write_only: false, secret: false }
    }

    /// A field that AWS changes in place.
    pub const fn updates(name: &'static str) -> Self {
        Self::new(name, Change::Update)
    }

    /// A field whose change needs a new object.
    pub const fn replaces(name: &'static str) -> Self {
        Self::new(name, Change::Replace)
    }

    /// Where the resources that the field refers to may live; the resource's own region unless said.
    #[must_use]
    pub const fn reach(mut self, reach: Reach) -> Self {
        self.reach = reach;
        self
    }

    /// Order doesn't matter in the field's list, nor in the lists inside its items: policy documents.
    #[must_use]
    pub const fn set(mut self) -> Self {
        self.set = true;
        self
    }

    /// AWS never tells the field back.
    #[must_use]
    pub const fn write_only(mut self) -> Self {
        self.write_only = true;
        self
    }

    /// The field is a secret: also [write-only](Self::write_only).
    #[must_use]
    pub const fn secret(mut self) -> Self {
        self.secret = true;
        self.write_only()
    }
}

/// What a change of a field means for the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// AWS changes it in place.
    Update,
    /// It needs a new object.
    Replace,
}

/// Where the resources that a field refers to may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// In the place of the resource itself, or in `global`.
    SamePlace,
    /// In any region other than the resource's own, or in `global`.
    OtherRegion,
    /// In one region, for AWS's fixed rules: CloudFront takes certificates from `us-east-1`.
    Region(&'static str),
    /// Anywhere.
    Anywhere,
}

/// Something AWS reports of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported {
    /// Name of the attribute.
    pub name: &'static str,
    /// Whether an update in place keeps it, so that a plan still knows it downstream.
    pub stable: bool,
    /// Form of its value, by which the sandbox mints it: `subnet-{hex:17}`. See [`Reported::stable`].
    pub form: &'static str,
}

impl Reported {
    /// An attribute that updates keep.
    ///
    /// `form` is text with placeholders: `{hex:N}`, `{digits:N}`, `{upper:N}` (random but deterministic),
    /// `{region}`, `{account}`, `{name}` (the physical name), `{token}`, `{field.NAME}` and `{attribute.NAME}`
    /// (of a field, or of an attribute listed before).
    pub const fn stable(name: &'static str, form: &'static str) -> Self {
        Self { name, stable: true, form }
    }

    /// An attribute that an update may change: a version, an ETag.
    pub const fn changing(name: &'static str, form: &'static str) -> Self {
        Self { name, stable: false, form }
    }
}

/// How an interrupted create is found again, so that it is neither lost nor made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The API takes a client token and tags on create: the object is found by its tag, and a repeated
    /// request with the same token makes nothing new.
    ClientToken,
    /// The API takes a caller reference and refuses or repeats a second request with the same one.
    CallerReference,
    /// The name is derived from the token, or chosen by the declaration and then checked for our tag.
    DerivedName,
    /// The create call writes our tag in the same step.
    TagOnCreate,
    /// The object is a setting of another object (a route, a rule, an attachment): its key names it.
    NaturalKey,
}

/// Fields that no two objects may share while both exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exclusive {
    /// Names of the fields, taken together.
    pub fields: &'static [&'static str],
    /// How far the rule reaches.
    pub within: Within,
}

impl fmt::Display for Exclusive {
    /// The names of the fields: "`vpc` and `cidr_block`".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, field) in self.fields.iter().enumerate() {
            let before = if position == 0 { "" } else { " and " };
            write!(f, "{before}`{field}`")?;
        }
        Ok(())
    }
}

/// How far a rule of uniqueness reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// One region of one account.
    Place,
    /// All of AWS: bucket names.
    World,
}

/// IAM actions that a kind's operations call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Actions {
    /// To create the object, with what is needed to wait for it and to find it again.
    pub create: &'static [&'static str],
    /// To read it completely.
    pub read: &'static [&'static str],
    /// To change it in place.
    pub update: &'static [&'static str],
    /// To delete it.
    pub delete: &'static [&'static str],
}
