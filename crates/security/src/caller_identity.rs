//! STS caller identity: the account and the principal that a run works as.

use landfall_core::{
    Attribute, Global, Kind, Resource,
    kind::{Actions, Identity, Reported},
};
use serde::{Deserialize, Serialize};

/// The account and the principal that the program runs as: only looked up, so that policies can name the account.
///
/// ```
/// # use landfall_core::{Environment, Topology};
/// use landfall_security::{CallerIdentity, Statement};
/// # let topology = Topology::new("docs", Environment::new("dev"));
/// let me = topology.global().lookup::<CallerIdentity>("me", CallerIdentity::SELF);
/// let trust = Statement::trust("ec2.amazonaws.com").source_account(me.get(CallerIdentity::ACCOUNT_ID));
/// ```
///
/// API: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerIdentity {}

/// What AWS reports of the caller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerIdentityAttributes {
    /// Always [`CallerIdentity::SELF`].
    pub id: String,
    /// ARN of the principal; of a session, where a role was assumed.
    pub arn: String,
    /// The account's 12 digits.
    pub account_id: String,
    /// `aws`, or the partition of another cloud of AWS: `aws-cn`.
    pub partition: String,
    /// Unique id of the principal.
    pub user_id: String,
}

impl CallerIdentity {
    /// The id to look up: there is only one identity to see, the own.
    pub const SELF: &'static str = "self";
    /// ARN of the principal; of a session, where a role was assumed.
    pub const ARN: Attribute<Self> = Attribute::new("arn");
    /// The account's 12 digits.
    pub const ACCOUNT_ID: Attribute<Self> = Attribute::new("account_id");
    /// `aws`, or the partition of another cloud of AWS: `aws-cn`.
    pub const PARTITION: Attribute<Self> = Attribute::new("partition");
}

impl Resource for CallerIdentity {
    type At = Global;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    attributes: &[
        Reported::stable("id", CallerIdentity::SELF),
        Reported::stable("arn", "arn:aws:sts::{account}:assumed-role/operator/landfall"),
        Reported::stable("account_id", "{account}"),
        Reported::stable("partition", "aws"),
        Reported::stable("user_id", "AROA{upper:17}:landfall"),
    ],
    identity: Identity::NaturalKey,
    // AWS grants this to everyone, but a preflight may still name it.
    actions: Actions { create: &[], read: &["sts:GetCallerIdentity"], update: &[], delete: &[] },
    check: |_| {
        vec!["the caller's identity can't be declared: use `Scope::lookup` with `CallerIdentity::SELF`".to_owned()]
    },
    ..Kind::of::<CallerIdentity>("sts.caller_identity")
};
