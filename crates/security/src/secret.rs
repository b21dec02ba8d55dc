//! Secrets Manager secret: a value that is generated in AWS and never leaves it for the program.

use std::{collections::BTreeMap, marker::PhantomData};

use landfall_core::{
    AnyRegion, ArnRef, Attribute, DistinctFrom, Input, Kind, PlaceCode, Region, Resource, SameJurisdiction,
    check::Site,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use serde::{Deserialize, Serialize};

use crate::key::Key;

/// Desired settings of a secret; its name is derived and its value generated.
///
/// Neither the plan, nor the state, nor an error holds the value: providers read it when they need it, by a
/// [`SecretValue`](crate::SecretValue).
///
/// API: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Secret<R: Region> {
    /// Copies in other regions, under the same name; set with `replica` and `cross_border_replica`. A change updates
    /// the secret.
    #[builder(field)]
    #[serde(default)]
    pub replica_regions: Vec<ReplicaRegion>,
    /// Why copies may lie under another law than the secret itself; set with `cross_border_replica`. A change
    /// updates the declaration alone.
    #[builder(field)]
    #[serde(default)]
    pub cross_border_reason: Option<String>,
    /// How the value is generated. A change generates a new value, at once.
    #[builder(default)]
    #[serde(default)]
    pub generate_secret_string: GenerateSecretString,
    /// What the secret is for, up to 2,048 characters. A change updates the secret.
    #[builder(into)]
    pub description: Option<String>,
    /// The key that encrypts it; AWS's own `aws/secretsmanager` unless said, with which no other account can read
    /// the secret. A change updates the secret.
    #[builder(into)]
    pub kms_key: Option<ArnRef<Key<R>>>,
    /// Days in which a deletion can be undone, 7 to 30, or 0 to delete at once; default 30. A change updates the
    /// declaration alone: AWS learns it with the deletion.
    #[builder(default = 30)]
    #[serde(default = "longest_window")]
    pub recovery_window_in_days: u8,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

/// A copy of a secret in another region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReplicaRegion {
    /// The region.
    pub region: PlaceCode,
    /// The key of that region that encrypts the copy; AWS's own unless said.
    #[serde(default)]
    pub kms_key: Option<ArnRef<Key<AnyRegion>>>,
}

impl ReplicaRegion {
    /// A copy in a region that the compiler knows, encrypted by AWS's own key.
    ///
    /// # Panics
    /// For [`AnyRegion`]: make the struct itself, with the code.
    pub fn of<D: Region>() -> Self {
        let code = D::CODE.expect("`AnyRegion` has no code of its own: name the region's code in a `ReplicaRegion`");
        Self { region: code.parse().expect("region types carry known codes"), kms_key: None }
    }

    /// A copy encrypted by a key of its own region.
    ///
    /// # Panics
    /// For [`AnyRegion`]: make the struct itself, with the code.
    pub fn encrypted<D: Region>(kms_key: impl Into<ArnRef<Key<D>>>) -> Self {
        Self { kms_key: Some(kms_key.into().cast()), ..Self::of::<D>() }
    }
}

impl<R: Region, S: secret_builder::State> SecretBuilder<R, S> {
    /// Adds a copy in another region under the same law.
    ///
    /// One under another law does not compile without a reason, and none in the secret's own region does:
    /// ```compile_fail,E0271
    /// # use landfall_core::{ApSouth1, EuWest2};
    /// # use landfall_security::Secret;
    /// Secret::<ApSouth1>::builder().replica::<EuWest2>(); // data would cross the border
    /// ```
    /// ```compile_fail,E0277
    /// # use landfall_core::ApSouth1;
    /// # use landfall_security::Secret;
    /// Secret::<ApSouth1>::builder().replica::<ApSouth1>(); // must be different regions
    /// ```
    /// ```
    /// # use landfall_core::{ApSouth1, ApSouth2, EuWest2};
    /// # use landfall_security::Secret;
    /// Secret::<ApSouth1>::builder().replica::<ApSouth2>().cross_border_replica::<EuWest2>("the standby needs it");
    /// ```
    pub fn replica<D: Region>(mut self) -> Self
    where
        R: DistinctFrom<D> + SameJurisdiction<D>,
    {
        self.replica_regions.push(ReplicaRegion::of::<D>());
        self
    }

    /// Adds a copy in another region under the same law, encrypted by a key of that region.
    pub fn encrypted_replica<D: Region>(mut self, kms_key: impl Into<ArnRef<Key<D>>>) -> Self
    where
        R: DistinctFrom<D> + SameJurisdiction<D>,
    {
        self.replica_regions.push(ReplicaRegion::encrypted::<D>(kms_key));
        self
    }

    /// Adds a copy in another region under whatever law, and says why it may lie there.
    pub fn cross_border_replica<D: Region>(mut self, reason: impl Into<String>) -> Self
    where
        R: DistinctFrom<D>,
    {
        self.cross_border_reason = Some(reason.into());
        self.replica_regions.push(ReplicaRegion::of::<D>());
        self
    }

    /// Adds a copy in a region chosen at run time; validation checks what the types of the others do.
    pub fn any_replica(mut self, replica: ReplicaRegion, cross_border_reason: Option<String>) -> Self {
        self.cross_border_reason = cross_border_reason.or(self.cross_border_reason);
        self.replica_regions.push(replica);
        self
    }
}

/// How a secret's value is generated: a random password, alone or inside a JSON object.
///
/// API: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
pub struct GenerateSecretString {
    /// Length of the password, 1 to 4,096; default 32.
    #[builder(default = 32)]
    pub password_length: u16,
    /// Characters that the password must not have; default none.
    #[builder(default, into)]
    pub exclude_characters: String,
    /// Whether the password has letters and digits only; default false.
    #[builder(default)]
    pub exclude_punctuation: bool,
    /// Members of the JSON object that holds the password: `{"username": "app"}`. Empty: the value is the password
    /// itself, without JSON around it.
    #[builder(default)]
    pub secret_string_template: BTreeMap<String, Input<String>>,
    /// Name of the password inside the object; default `password`.
    #[builder(default = "password".to_owned(), into)]
    pub generate_string_key: String,
    /// Number of the value; count it up to rotate. Default 1.
    #[builder(default = 1)]
    pub generation: u32,
}

impl Default for GenerateSecretString {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl GenerateSecretString {
    /// Credentials that every engine of Amazon RDS takes: `{"username": …, "password": …}`.
    pub fn database(username: impl Into<Input<String>>) -> Self {
        Self::builder()
            .exclude_characters("/@\"'\\ ")
            .secret_string_template(BTreeMap::from([("username".to_owned(), username.into())]))
            .build()
    }

    /// An auth token that ElastiCache takes: 64 letters and digits.
    pub fn auth_token() -> Self {
        Self::builder().password_length(64).exclude_punctuation(true).build()
    }

    /// The value with the next number: another password by the same rules.
    #[must_use]
    pub fn generation(mut self, generation: u32) -> Self {
        self.generation = generation;
        self
    }
}

/// What AWS reports of a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretAttributes {
    /// The ARN, by which the API names secrets.
    pub id: String,
    /// Amazon Resource Name, which ends in six characters of AWS's choice.
    pub arn: String,
    /// Name, the same in every region that has a copy.
    pub name: String,
    /// Id of the current value: a rotation changes it.
    pub version_id: String,
}

impl<R: Region> Secret<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// Name, the same in every region that has a copy.
    pub const NAME: Attribute<Self> = Attribute::new("name");
    /// Id of the current value: a rotation changes it.
    pub const VERSION_ID: Attribute<Self> = Attribute::new("version_id");
}

impl<R: Region> Resource for Secret<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

fn longest_window() -> u8 {
    30
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("replica_regions").set().reach(Reach::OtherRegion),
        Field::updates("cross_border_reason").write_only(),
        Field::updates("generate_secret_string").write_only(),
        Field::updates("description"),
        Field::updates("kms_key"),
        Field::updates("recovery_window_in_days").write_only(),
    ],
    attributes: &[
        Reported::stable("id", "arn:aws:secretsmanager:{region}:{account}:secret:{name}-{upper:6}"),
        Reported::stable("arn", "{attribute.id}"),
        Reported::stable("name", "{name}"),
        Reported::changing("version_id", "{hex:8}-{hex:4}-{hex:4}-{hex:4}-{hex:12}"),
    ],
    identity: Identity::ClientToken,
    taggable: true,
    actions: Actions {
        create: &[
            "secretsmanager:GetRandomPassword",
            "secretsmanager:CreateSecret",
            "secretsmanager:TagResource",
            "secretsmanager:ReplicateSecretToRegions",
            "secretsmanager:DescribeSecret",
            "kms:GenerateDataKey",
            "kms:Decrypt",
            "kms:Encrypt",
        ],
        read: &["secretsmanager:DescribeSecret"],
        update: &[
            "secretsmanager:GetRandomPassword",
            "secretsmanager:PutSecretValue",
            "secretsmanager:UpdateSecret",
            "secretsmanager:ReplicateSecretToRegions",
            "secretsmanager:RemoveRegionsFromReplication",
            "secretsmanager:DescribeSecret",
            "secretsmanager:TagResource",
            "secretsmanager:UntagResource",
            "kms:GenerateDataKey",
            "kms:Decrypt",
            "kms:Encrypt",
        ],
        delete: &[
            "secretsmanager:RemoveRegionsFromReplication",
            "secretsmanager:DeleteSecret",
            "secretsmanager:DescribeSecret",
        ],
    },
    timing: "aws_secretsmanager_secret",
    check,
    ..Kind::of::<Secret<AnyRegion>>("secretsmanager.secret")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(days) = site.known("recovery_window_in_days").and_then(|days| days.as_u64())
        && days != 0
        && !(7..=30).contains(&days)
    {
        problems.push(format!("`recovery_window_in_days` {days} is out of range: AWS takes 7 to 30, or 0 for at once"));
    }
    let length = site.known("generate_secret_string").and_then(|value| value.get("password_length")?.as_u64());
    if let Some(length) = length
        && !(1..=4096).contains(&length)
    {
        problems
            .push(format!("`generate_secret_string.password_length` {length} is out of range: AWS takes 1 to 4096"));
    }
    problems.extend(replica_problems(site));
    problems
}

fn replica_problems(site: &Site<'_>) -> Vec<String> {
    use landfall_core::expr::Expr;
    let Some(Expr::List(replicas)) = site.own.fields.get("replica_regions") else { return Vec::new() };
    let law = |place: PlaceCode| place.region().map(|facts| facts.jurisdiction);
    let own = site.own.place;
    let unexplained = site.known("cross_border_reason").is_none_or(|reason| reason.is_null());
    let mut seen = Vec::new();
    let mut problems = Vec::new();
    for replica in replicas {
        let Expr::Map(replica) = replica else { continue };
        let region = replica.get("region").and_then(Expr::known);
        let Some(place) = region.and_then(|code| code.as_str()?.parse::<PlaceCode>().ok()) else { continue };
        if place == own {
            problems
                .push(format!("`replica_regions` names {place}, where the secret itself lives: name another region"));
        }
        if seen.contains(&place) {
            problems.push(format!("`replica_regions` names {place} twice"));
        }
        seen.push(place);
        if law(place) != law(own) && unexplained {
            problems.push(format!(
                "`replica_regions` names {place}, which lies under another law than {own}: say why with \
                 `cross_border_reason`"
            ));
        }
        if let Some(Expr::Attribute { of: key, .. }) = replica.get("kms_key")
            && key.place() != place
        {
            problems.push(format!("`replica_regions`: the key {key} is not of {place}, which it should encrypt in"));
        }
    }
    problems
}
