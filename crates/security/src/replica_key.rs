//! KMS replica key: the same key in another region, so that what one encrypts the other decrypts.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, ArnRef, Attribute, DistinctFrom, Handle, Kind, Ref, Region, Resource,
    check::Site,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use serde::{Deserialize, Serialize};

use crate::{
    key::{self, Key, longest_window},
    policy::{PolicyDocument, PolicyUse},
};

/// Desired settings of a replica of a multi-region key.
///
/// It has the id of its primary: KMS refuses another replica in its region while a deleted one waits for the end of
/// its deletion window.
///
/// API: <https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct ReplicaKey<R: Region> {
    /// The multi-region key of another region; rotation is a setting of it. A change replaces the replica. Counts at
    /// the creation alone: where the part of the primary moves to another region in AWS, Landfall leaves that as it is.
    #[builder(setters(name = primary_of_any_region, vis = ""))]
    #[serde(default = "untold")]
    pub primary: ArnRef<Key<AnyRegion>>,
    /// What the key is for, up to 8,192 characters. A change updates the replica.
    #[builder(default, into)]
    pub description: String,
    /// Days between the deletion and its effect, 7 to 30; default 30. A change updates the declaration alone: AWS
    /// learns it with the deletion.
    #[builder(default = 30)]
    #[serde(default = "longest_window")]
    pub deletion_window_in_days: u8,
    /// Who may use and manage the replica: its own policy, not the primary's. AWS's default leaves both to IAM
    /// policies of the account. A change updates the replica.
    pub policy: Option<PolicyDocument>,
    #[serde(skip)]
    #[builder(skip)]
    region: PhantomData<R>,
}

impl<R: Region, S: replica_key_builder::State> ReplicaKeyBuilder<R, S> {
    /// The multi-region key, which lives in another region.
    ///
    /// One of the replica's own region does not compile:
    /// ```compile_fail,E0277
    /// # use landfall_core::{ArnRef, EuWest2};
    /// # use landfall_security::{Key, ReplicaKey};
    /// # let primary: ArnRef<Key<EuWest2>> = ArnRef::existing("arn:aws:kms:eu-west-2:111122223333:key/mrk-1");
    /// ReplicaKey::<EuWest2>::builder().primary(primary); // `EuWest2` and `EuWest2` must be different regions
    /// ```
    /// ```
    /// # use landfall_core::{ApSouth1, ArnRef, EuWest2};
    /// # use landfall_security::{Key, ReplicaKey};
    /// # let primary: ArnRef<Key<EuWest2>> = ArnRef::existing("arn:aws:kms:eu-west-2:111122223333:key/mrk-1");
    /// ReplicaKey::<ApSouth1>::builder().primary(primary);
    /// ```
    pub fn primary<P: Region>(
        self,
        primary: impl Into<ArnRef<Key<P>>>,
    ) -> ReplicaKeyBuilder<R, replica_key_builder::SetPrimary<S>>
    where
        R: DistinctFrom<P>,
        S::Primary: replica_key_builder::IsUnset,
    {
        self.primary_of_any_region(primary.into().cast())
    }
}

/// The primary of a replica that was read: AWS tells which key is the primary now, not which one it was made from.
pub(crate) fn untold() -> ArnRef<Key<AnyRegion>> {
    ArnRef::existing("")
}

/// What AWS reports of a replica key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaKeyAttributes {
    /// Id of the key: `mrk-…`, the same as the primary's.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
}

impl<R: Region> ReplicaKey<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");

    /// The replica where a key of its region is asked for by ARN, as most services do.
    pub fn as_key(replica: Handle<Self>) -> ArnRef<Key<R>> {
        ArnRef::from(replica).cast()
    }

    /// The replica where a key of its region is asked for by id, as aliases do.
    pub fn as_key_id(replica: Handle<Self>) -> Ref<Key<R>> {
        Ref::<Self>::from(replica).cast()
    }
}

impl<R: Region> Resource for ReplicaKey<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::replaces("primary").reach(Reach::OtherRegion).write_only(),
        Field::updates("description"),
        Field::updates("deletion_window_in_days").write_only(),
        Field::updates("policy").set(),
    ],
    attributes: &[
        Reported::stable("id", "mrk-{hex:32}"),
        Reported::stable("arn", "arn:aws:kms:{region}:{account}:key/{attribute.id}"),
    ],
    identity: Identity::TagOnCreate,
    taggable: true,
    actions: Actions {
        create: &["kms:ReplicateKey", "kms:CreateKey", "kms:TagResource", "kms:DescribeKey", "kms:ListResourceTags"],
        read: &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:ListResourceTags"],
        update: &["kms:UpdateKeyDescription", "kms:PutKeyPolicy", "kms:TagResource", "kms:UntagResource"],
        delete: &["kms:ScheduleKeyDeletion"],
    },
    timing: "aws_kms_key",
    check,
    ..Kind::of::<ReplicaKey<AnyRegion>>("kms.replica_key")
};

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = key::window_problems(site);
    if let Some(policy) = site.own.fields.get("policy") {
        problems.extend(PolicyDocument::problems("policy", policy, PolicyUse::Resource));
    }
    if let Some(primary) = site.target("primary")
        && primary.lookup.is_none()
        && primary.fields.get("multi_region").and_then(landfall_core::expr::Expr::known) == Some(false.into())
    {
        problems.push(format!("`primary` {} can't have replicas: set `multi_region` on it", primary.address));
    }
    problems
}
