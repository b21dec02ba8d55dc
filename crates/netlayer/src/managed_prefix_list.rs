//! Managed prefix list: ranges of addresses that AWS keeps up to date, by name.

use std::marker::PhantomData;

use landfall_core::{
    AnyRegion, Attribute, Handle, Kind, Region, Resource, Scope,
    kind::{Actions, Reported},
};
use serde::{Deserialize, Serialize};

/// A list of address ranges that AWS manages: looked up by its name, never declared.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeManagedPrefixLists.html>
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ManagedPrefixList<R: Region> {
    #[serde(skip)]
    pub(crate) region: PhantomData<R>,
}

/// What AWS reports of a managed prefix list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagedPrefixListAttributes {
    /// `pl-…`.
    pub id: String,
    /// Amazon Resource Name.
    pub arn: String,
    /// Its name: `com.amazonaws.ap-south-1.s3`.
    pub name: String,
}

impl<R: Region> ManagedPrefixList<R> {
    /// Amazon Resource Name.
    pub const ARN: Attribute<Self> = Attribute::new("arn");

    /// The addresses from which CloudFront calls origins: what a load balancer behind it lets in.
    ///
    /// In the quota of rules of a security group the list counts as 55 rules.
    pub fn cloudfront_origin_facing(scope: &Scope<'_, R>) -> Handle<Self> {
        scope.lookup("cloudfront-origin-facing", "com.amazonaws.global.cloudfront.origin-facing")
    }

    /// The addresses of Amazon S3 in the region: what instances without a way out reach through its endpoint.
    pub fn s3(scope: &Scope<'_, R>) -> Handle<Self> {
        scope.lookup("s3", format!("com.amazonaws.{}.s3", scope.place()))
    }

    /// The addresses of DynamoDB in the region.
    pub fn dynamodb(scope: &Scope<'_, R>) -> Handle<Self> {
        scope.lookup("dynamodb", format!("com.amazonaws.{}.dynamodb", scope.place()))
    }
}

impl<R: Region> Resource for ManagedPrefixList<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    attributes: &[
        Reported::stable("id", "pl-{hex:8}"),
        Reported::stable("arn", "arn:aws:ec2:{region}:aws:prefix-list/{attribute.id}"),
        Reported::stable("name", "{name}"),
    ],
    actions: Actions { create: &[], read: &["ec2:DescribeManagedPrefixLists"], update: &[], delete: &[] },
    ..Kind::of::<ManagedPrefixList<AnyRegion>>("ec2.managed_prefix_list")
};
