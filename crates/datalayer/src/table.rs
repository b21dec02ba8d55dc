//! Amazon DynamoDB table: items by key, in one region.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Kind, Region, Resource,
    kind::{Actions, Exclusive, Field, Identity, Reported, Within},
};
use landfall_security::Key;
use serde::{Deserialize, Serialize};

use crate::table_name::TableName;

/// Desired settings of a table without secondary indexes: billed by request and protected from deletion unless said
/// otherwise.
///
/// API: <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct Table<R: Region> {
    /// Name, unique in the region of the account. A change replaces the table.
    pub table_name: TableName,
    /// Attribute that tells items apart, or groups of items where there is a range key. A change replaces the table.
    pub hash_key: KeyAttribute,
    /// Attribute that orders the items of one group; default none. A change replaces the table.
    pub range_key: Option<KeyAttribute>,
    /// What is paid for; default [`BillingMode::PayPerRequest`]. A change updates the table; AWS lets a table go over
    /// to requests four times a day.
    #[builder(default)]
    pub billing_mode: BillingMode,
    /// How the table is encrypted at rest; default [`TableEncryption::Owned`]. A change updates the table.
    #[builder(default)]
    pub encryption: TableEncryption<R>,
    /// Whether the table can be restored to any second of the last 35 days; default false. A change updates the table.
    #[builder(default)]
    pub point_in_time_recovery: bool,
    /// Whether AWS refuses to delete it; default true, so that a destroy needs an apply with false before. A change
    /// updates the table.
    #[builder(default = true)]
    pub deletion_protection: bool,
}

/// An attribute of the key, with its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyAttribute {
    /// Its name, 1 to 255 characters: `LockID`.
    pub attribute_name: String,
    /// Its type.
    pub attribute_type: KeyType,
}

impl KeyAttribute {
    /// A text of that name.
    pub fn string(name: impl Into<String>) -> Self {
        Self { attribute_name: name.into(), attribute_type: KeyType::S }
    }

    /// A number of that name.
    pub fn number(name: impl Into<String>) -> Self {
        Self { attribute_name: name.into(), attribute_type: KeyType::N }
    }

    /// Bytes of that name.
    pub fn binary(name: impl Into<String>) -> Self {
        Self { attribute_name: name.into(), attribute_type: KeyType::B }
    }
}

/// Type of an attribute of the key, by AWS's letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyType {
    /// Text.
    S,
    /// Number.
    N,
    /// Bytes.
    B,
}

/// What is paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillingMode {
    /// Each request: on demand.
    #[default]
    PayPerRequest,
    /// Capacity that is kept ready, in units of one strongly consistent read of 4 KiB, or one write of 1 KiB, a second.
    Provisioned {
        /// Reads; at least 1.
        read_capacity_units: u32,
        /// Writes; at least 1.
        write_capacity_units: u32,
    },
}

/// How a table is encrypted at rest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(bound = "", rename_all = "snake_case")]
pub enum TableEncryption<R: Region> {
    /// With a key that DynamoDB owns, at no cost.
    #[default]
    Owned,
    /// With a KMS key of the table's region; reading then also needs the permission to decrypt with it.
    Kms(ArnRef<Key<R>>),
}

impl<R: Region> TableEncryption<R> {
    /// With a KMS key.
    pub fn kms(key: impl Into<ArnRef<Key<R>>>) -> Self {
        Self::Kms(key.into())
    }
}

/// What AWS reports of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableAttributes {
    /// The table's name.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> Table<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
}

impl<R: Region> Resource for Table<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("table_name"),
        Field::replaces("hash_key"),
        Field::replaces("range_key"),
        Field::updates("billing_mode"),
        Field::updates("encryption"),
        Field::updates("point_in_time_recovery"),
        Field::updates("deletion_protection"),
    ],
    attributes: &[
        Reported::stable("id", "{field.table_name}"),
        Reported::stable("arn", "arn:aws:dynamodb:{region}:{account}:table/{attribute.id}"),
    ],
    identity: Identity::TagOnCreate,
    exclusive: &[Exclusive { fields: &["table_name"], within: Within::Place }],
    taggable: true,
    actions: Actions {
        create: &[
            "dynamodb:CreateTable",
            "dynamodb:TagResource",
            "dynamodb:DescribeTable",
            "dynamodb:UpdateContinuousBackups",
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:ListTagsOfResource",
            "kms:DescribeKey",
            "kms:CreateGrant",
        ],
        read: &["dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", "dynamodb:ListTagsOfResource"],
        update: &[
            "dynamodb:UpdateTable",
            "dynamodb:UpdateContinuousBackups",
            "dynamodb:TagResource",
            "dynamodb:UntagResource",
            "kms:DescribeKey",
            "kms:CreateGrant",
        ],
        delete: &["dynamodb:DeleteTable", "dynamodb:DescribeTable"],
    },
    timing: "aws_dynamodb_table",
    check: |site| {
        let key = |name| site.known(name).and_then(|key| serde_json::from_value::<KeyAttribute>(key).ok());
        let billing = site.known("billing_mode").and_then(|mode| serde_json::from_value::<BillingMode>(mode).ok());
        problems(key("hash_key").as_ref(), key("range_key").as_ref(), billing)
    },
    ..Kind::of::<Table<AnyRegion>>("dynamodb.table")
};

/// What AWS would refuse.
fn problems(hash: Option<&KeyAttribute>, range: Option<&KeyAttribute>, billing: Option<BillingMode>) -> Vec<String> {
    let mut problems = Vec::new();
    for (field, key) in [("hash_key", hash), ("range_key", range)] {
        if key.is_some_and(|key| !(1..=255).contains(&key.attribute_name.len())) {
            problems.push(format!("the attribute's name in `{field}` needs 1 to 255 characters"));
        }
    }
    if let (Some(hash), Some(range)) = (hash, range)
        && hash.attribute_name == range.attribute_name
    {
        let name = &hash.attribute_name;
        problems.push(format!("`hash_key` and `range_key` are both `{name}`: name two attributes, or one key"));
    }
    if let Some(BillingMode::Provisioned { read_capacity_units: reads, write_capacity_units: writes }) = billing
        && (reads == 0 || writes == 0)
    {
        problems.push("`billing_mode` provisions no capacity: set reads and writes to 1 at least".to_owned());
    }
    problems
}

#[cfg(test)]
mod tests {
    use landfall_core::ApSouth1;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_table_is_billed_by_request_and_protected_unless_said() {
        let table = Table::<ApSouth1>::builder()
            .table_name("locks".parse().unwrap())
            .hash_key(KeyAttribute::string("LockID"))
            .build();
        let fields = serde_json::to_value(table).unwrap();
        assert_eq!(
            fields,
            json!({
                "table_name": "locks",
                "hash_key": { "attribute_name": "LockID", "attribute_type": "S" },
                "range_key": null,
                "billing_mode": "pay_per_request",
                "encryption": "owned",
                "point_in_time_recovery": false,
                "deletion_protection": true,
            })
        );
        assert_eq!((KIND.parse)(&fields), Ok(()));
    }

    #[test]
    fn keys_and_capacities_that_aws_refuses_are_told() {
        let check = |hash: &str, range: Option<&str>, billing, expected: &[&str]| {
            let (hash, range) = (KeyAttribute::string(hash), range.map(KeyAttribute::number));
            assert_eq!(problems(Some(&hash), range.as_ref(), Some(billing)), expected);
        };
        let none = BillingMode::Provisioned { read_capacity_units: 1, write_capacity_units: 0 };
        let some = BillingMode::Provisioned { read_capacity_units: 1, write_capacity_units: 1 };
        check("id", Some("at"), some, &[]);
        check("id", None, BillingMode::PayPerRequest, &[]);
        check("", None, some, &["the attribute's name in `hash_key` needs 1 to 255 characters"]);
        check("a", Some("a"), some, &["`hash_key` and `range_key` are both `a`: name two attributes, or one key"]);
        check("a", None, none, &["`billing_mode` provisions no capacity: set reads and writes to 1 at least"]);
    }
}
