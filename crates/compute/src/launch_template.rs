//! Launch template: how the instances of an auto scaling group are made.

use landfall_core::{
    AnyRegion, ArnRef, Attribute, Input, Kind, Ref, Region, Resource,
    check::Site,
    expr::Expr,
    kind::{Actions, Field, Identity, Reach, Reported},
};
use landfall_netlayer::SecurityGroup;
use landfall_security::{InstanceProfile, Key};
use serde::{Deserialize, Serialize};

use crate::{
    check::{items, part},
    instance_type::{Architecture, InstanceType},
};

/// Desired settings of a launch template. AWS knows it by a name derived from its address.
///
/// Instances get no SSH key: people reach them by Session Manager. Instances and volumes carry the tags that are
/// declared for the template. Every change makes a new version the default one; the five newest are kept, so that
/// instances can still be made from the one before while a group moves on.
///
/// API: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html>
#[derive(Debug, Clone, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct LaunchTemplate<R: Region> {
    /// What instances start from. A change updates the template.
    #[builder(into)]
    pub image: Image,
    /// Size of the instances. A change updates the template.
    pub instance_type: InstanceType,
    /// Profile with the role of the instances. A change updates the template.
    #[builder(into)]
    pub instance_profile: Option<ArnRef<InstanceProfile>>,
    /// Security groups of the instances' network interface, one to five. A change updates the template.
    #[builder(with = |groups: impl IntoIterator<Item = impl Into<Ref<SecurityGroup<R>>>>| {
        groups.into_iter().map(Into::into).collect()
    })]
    pub security_groups: Vec<Ref<SecurityGroup<R>>>,
    /// What runs when an instance starts for the first time, as text, at most 16 KiB; default nothing. No place for
    /// secrets: whoever may describe the template, and every process on the instance, can read it. A change
    /// updates the template.
    #[builder(default = Input::from(""), into)]
    pub user_data: Input<String>,
    /// Disks; default only the image's own, as the image has them. A change updates the template.
    #[builder(default, with = FromIterator::from_iter)]
    pub block_devices: Vec<BlockDevice<R>>,
    /// How instances reach their metadata service; default `IMDSv2` only, one hop. A change updates the template.
    #[builder(default)]
    pub metadata_options: MetadataOptions,
    /// Whether instances get public addresses; default false. A change updates the template.
    #[builder(default)]
    pub associate_public_ip_address: bool,
    /// Whether CloudWatch gets metrics every minute instead of every five, which scaling on CPU needs to be quick;
    /// default true. A change updates the template.
    #[builder(default = true)]
    pub detailed_monitoring: bool,
}

/// What an instance starts from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Image {
    /// An image by its id, `ami-…`, which belongs to one region.
    Ami(Input<String>),
    /// The image that a parameter of Systems Manager names in the instance's own region, such as AWS's public
    /// `/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64`.
    ///
    /// EC2 looks it up whenever an instance starts, so that new instances are patched without a change here, and
    /// one declaration serves every region. A version can be pinned: `NAME:42`. Whoever creates the group needs
    /// `ssm:GetParameters`.
    SsmParameter(String),
}

impl Image {
    /// The current Amazon Linux 2023 for a processor.
    pub fn amazon_linux_2023(architecture: Architecture) -> Self {
        Self::SsmParameter(format!("/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-{architecture}"))
    }

    /// The image that a parameter of Systems Manager names.
    pub fn ssm_parameter(name: impl Into<String>) -> Self {
        Self::SsmParameter(name.into())
    }

    /// An image by its id.
    pub fn ami(id: impl Into<Input<String>>) -> Self {
        Self::Ami(id.into())
    }
}

/// A disk of an instance, on Amazon EBS; encrypted unless said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, bon::Builder)]
#[serde(bound = "")]
pub struct BlockDevice<R: Region> {
    /// Name by which the image knows it: `/dev/xvda` is the root of Amazon Linux, `/dev/sda1` that of Ubuntu.
    #[builder(into)]
    pub device_name: String,
    /// Size in GiB, at least that of the image's snapshot, at most 65536.
    pub size_gib: u32,
    /// Kind of volume; default gp3.
    #[builder(default)]
    pub volume_type: VolumeType,
    /// Operations per second; `None`: what the kind of volume has by itself, 3000 for gp3.
    pub iops: Option<u32>,
    /// Throughput in MiB per second, for gp3; `None`: 125.
    pub throughput_mib: Option<u32>,
    /// Whether it is encrypted; default true.
    #[builder(default = true)]
    pub encrypted: bool,
    /// Key that encrypts it; `None`: AWS's own key for EBS. The key's policy must let the service-linked role of
    /// EC2 Auto Scaling use it and make grants, or no instance starts.
    #[builder(into)]
    pub kms_key: Option<ArnRef<Key<R>>>,
    /// Whether it goes with its instance; default true.
    #[builder(default = true)]
    pub delete_on_termination: bool,
}

/// Kind of an EBS volume.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolumeType {
    /// SSD, with operations and throughput of one's choice.
    #[default]
    Gp3,
    /// SSD, with operations by size; gp3 costs less.
    Gp2,
    /// SSD with provisioned operations.
    Io1,
    /// SSD with provisioned operations, more durable.
    Io2,
    /// Hard disk for throughput.
    St1,
    /// Hard disk for what is seldom read.
    Sc1,
}

/// How instances reach their metadata service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, bon::Builder)]
pub struct MetadataOptions {
    /// Whether requests need a session token (`IMDSv2`); default required.
    #[builder(default)]
    pub http_tokens: HttpTokens,
    /// How many network hops an answer may travel, 1 to 64; default 1. Containers need 2.
    #[builder(default = 1)]
    pub hop_limit: u8,
    /// Whether the instance can read its own tags there; default false.
    #[builder(default)]
    pub instance_metadata_tags: bool,
}

impl Default for MetadataOptions {
    fn default() -> Self {
        Self::builder().build()
    }
}

/// Whether requests to the metadata service need a session token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HttpTokens {
    /// `IMDSv2` only: a server that is tricked into fetching an address can't read the role's credentials.
    #[default]
    Required,
    /// `IMDSv1` as well.
    Optional,
}

/// What AWS reports of a launch template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchTemplateAttributes {
    /// `lt-…`.
    pub id: String,
    /// Name derived from the address.
    pub name: String,
    /// Number of the newest version.
    pub latest_version: String,
    /// Number of the version that holds the declared settings.
    pub default_version: String,
}

impl<R: Region> LaunchTemplate<R> {
    /// Name that AWS knows it by.
    pub const NAME: Attribute<Self> = Attribute::new("name");
    /// Number of the newest version: the default one, unless somebody else made a newer.
    pub const LATEST_VERSION: Attribute<Self> = Attribute::new("latest_version");
    /// Number of the version that holds the declared settings.
    pub const DEFAULT_VERSION: Attribute<Self> = Attribute::new("default_version");
}

impl<R: Region> Resource for LaunchTemplate<R> {
    type At = R;

    fn kind() -> &'static Kind {
        &KIND
    }
}

pub(crate) static KIND: Kind = Kind {
    fields: &[
        Field::updates("image"),
        Field::updates("instance_type"),
        Field::updates("instance_profile"),
        Field::updates("security_groups").set(),
        Field::updates("user_data").reach(Reach::Anywhere),
        Field::updates("block_devices").set(),
        Field::updates("metadata_options"),
        Field::updates("associate_public_ip_address"),
        Field::updates("detailed_monitoring"),
    ],
    attributes: &[
        Reported::stable("id", "lt-{hex:17}"),
        Reported::stable("name", "{name}"),
        Reported::changing("latest_version", "{digits:3}"),
        Reported::changing("default_version", "{attribute.latest_version}"),
    ],
    identity: Identity::ClientToken,
    taggable: true,
    actions: Actions {
        create: &["ec2:CreateLaunchTemplate", "ec2:CreateTags"],
        read: &["ec2:DescribeLaunchTemplates", "ec2:DescribeLaunchTemplateVersions"],
        update: &[
            "ec2:CreateLaunchTemplateVersion",
            "ec2:ModifyLaunchTemplate",
            "ec2:DeleteLaunchTemplateVersions",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ],
        delete: &["ec2:DeleteLaunchTemplate"],
    },
    timing: "aws_launch_template",
    check,
    ..Kind::of::<LaunchTemplate<AnyRegion>>("ec2.launch_template")
};

const USER_DATA_LIMIT: usize = 16 * 1024;

fn check(site: &Site<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    let field = |name: &str| site.own.fields.get(name);
    let groups = items(field("security_groups"), &[]).map(<[Expr]>::len);
    if groups.is_some_and(|groups| !(1..=5).contains(&groups)) {
        problems.push("`security_groups` has none or more than five; name one to five".to_owned());
    }
    if let Some(text) = part(field("user_data"), &[])
        && text.as_str().is_some_and(|text| text.len() > USER_DATA_LIMIT)
    {
        problems.push("`user_data` is longer than 16 KiB; let it fetch the rest from S3".to_owned());
    }
    let hops = part(field("metadata_options"), &["hop_limit"]).and_then(|hops| hops.as_u64());
    if hops.is_some_and(|hops| !(1..=64).contains(&hops)) {
        problems.push("`metadata_options.hop_limit` is outside 1 to 64".to_owned());
    }
    if let Some(image) = part(field("image"), &["ssm_parameter"]) {
        problems.extend(image_problem(image.as_str().unwrap_or_default(), site));
    }
    problems.extend(device_problems(items(field("block_devices"), &[]).unwrap_or_default()));
    problems
}

/// Instances don't start from an image for another processor.
fn image_problem(parameter: &str, site: &Site<'_>) -> Option<String> {
    let instance_type = site.known("instance_type")?;
    let instance_type: InstanceType = instance_type.as_str()?.parse().ok()?;
    let own = instance_type.architecture();
    let other = match own {
        Architecture::X86_64 => Architecture::Arm64,
        Architecture::Arm64 => Architecture::X86_64,
    };
    let mismatch = parameter.contains(other.as_str()) && !parameter.contains(own.as_str());
    mismatch.then(|| format!("`image` is for {other}, but {instance_type} is {own}; choose the {own} image"))
}

fn device_problems(devices: &[Expr]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut names = Vec::new();
    for device in devices {
        let number = |name: &str| part(Some(device), &[name]).and_then(|value| value.as_u64());
        let text = |name: &str| part(Some(device), &[name]).and_then(|value| Some(value.as_str()?.to_owned()));
        let name = text("device_name").unwrap_or_default();
        if names.contains(&name) {
            problems.push(format!("`block_devices` has {name} twice"));
        }
        if !number("size_gib").is_none_or(|size| (1..=65_536).contains(&size)) {
            problems.push(format!("`block_devices` {name}: `size_gib` is outside 1 to 65536"));
        }
        let kind = text("volume_type").unwrap_or_default();
        if number("throughput_mib").is_some() && kind != "gp3" {
            problems.push(format!("`block_devices` {name}: only gp3 takes `throughput_mib`"));
        }
        if number("iops").is_none() && matches!(kind.as_str(), "io1" | "io2") {
            problems.push(format!("`block_devices` {name}: {kind} needs `iops`"));
        }
        if number("iops").is_some() && matches!(kind.as_str(), "gp2" | "st1" | "sc1") {
            problems.push(format!("`block_devices` {name}: {kind} takes no `iops`; gp3 does"));
        }
        let unencrypted = part(Some(device), &["encrypted"]) == Some(false.into());
        let has_key = matches!(device, Expr::Map(fields) if fields.get("kms_key").is_some_and(|key| key.known() != Some(landfall_core::Value::Null)));
        if unencrypted && has_key {
            problems.push(format!("`block_devices` {name}: it has a `kms_key` but is not `encrypted`"));
        }
        names.push(name);
    }
    problems
}
