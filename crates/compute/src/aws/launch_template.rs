//! Launch templates on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::{
    Client,
    types::{
        self as ec2, Filter, LaunchTemplate as Reply, LaunchTemplateBlockDeviceMapping,
        LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateEbsBlockDeviceRequest, LaunchTemplateHttpTokensState,
        LaunchTemplateIamInstanceProfileSpecificationRequest, LaunchTemplateInstanceMetadataEndpointState,
        LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateInstanceMetadataTagsState,
        LaunchTemplateInstanceNetworkInterfaceSpecificationRequest, LaunchTemplateTagSpecificationRequest,
        LaunchTemplateVersion, LaunchTemplatesMonitoringRequest, RequestLaunchTemplateData, ResourceType,
        ResponseLaunchTemplateData, Tag, TagSpecification,
    },
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use landfall_aws::{absent_is_done, fault, found};
use landfall_core::{AnyRegion, ArnRef, Context, Fault, Live, Ref, Tags, TypedProvider, tags};

use super::{
    Ec2,
    elb::{to_i32, to_u32},
};
use crate::launch_template::{
    BlockDevice, HttpTokens, Image, LaunchTemplate, LaunchTemplateAttributes, MetadataOptions, VolumeType,
};

pub(super) struct Provider(pub(super) Ec2);

type LiveTemplate = Live<LaunchTemplate<AnyRegion>, LaunchTemplateAttributes>;

/// How many versions stay: groups may still run on the ones before, and a refresh that fails goes back to one.
const KEPT_VERSIONS: i64 = 5;

/// What EC2 wants in front of a parameter's name.
const RESOLVE: &str = "resolve:ssm:";

const DESCRIBE: &str = "ec2:DescribeLaunchTemplateVersions";

#[async_trait]
impl TypedProvider for Provider {
    type Resource = LaunchTemplate<AnyRegion>;
    type Attributes = LaunchTemplateAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveTemplate>, Fault> {
        let client = self.0.of(cx);
        let reply = client.describe_launch_templates().launch_template_ids(id).send().await;
        let reply = found("ec2:DescribeLaunchTemplates", reply)?;
        match reply.and_then(|reply| reply.launch_templates.unwrap_or_default().into_iter().next()) {
            Some(reply) => live(&client, reply).await,
            None => Ok(None),
        }
    }

    async fn find(&self, cx: &Context, _want: &LaunchTemplate<AnyRegion>) -> Result<Option<LiveTemplate>, Fault> {
        let client = self.0.of(cx);
        let token = Filter::builder().name(format!("tag:{}", tags::TOKEN)).values(cx.token.to_string()).build();
        let reply = client.describe_launch_templates().filters(token).send().await;
        let reply = reply.map_err(fault("ec2:DescribeLaunchTemplates"))?;
        match reply.launch_templates.unwrap_or_default().into_iter().next() {
            Some(reply) => live(&client, reply).await,
            None => Ok(None),
        }
    }

    async fn create(&self, cx: &Context, want: &LaunchTemplate<AnyRegion>) -> Result<LaunchTemplateAttributes, Fault> {
        let tags = TagSpecification::builder().resource_type(ResourceType::LaunchTemplate);
        let reply = self
            .0
            .of(cx)
            .create_launch_template()
            .client_token(cx.token.to_string())
            .launch_template_name(cx.physical_name(125))
            .launch_template_data(to_data(cx, want))
            .tag_specifications(tags.set_tags(Some(to_tags(cx.all_tags()))).build())
            .send()
            .await
            .map_err(fault("ec2:CreateLaunchTemplate"))?;
        let template = reply.launch_template;
        attributes(&template.ok_or_else(|| Fault::incomplete("ec2:CreateLaunchTemplate", "launchTemplate"))?)
    }

    async fn update(
        &self,
        cx: &Context,
        want: &LaunchTemplate<AnyRegion>,
        have: &LiveTemplate,
    ) -> Result<LaunchTemplateAttributes, Fault> {
        let client = self.0.of(cx);
        let mut attributes = have.attributes.clone();
        let changes = cx.tag_changes(&have.tags);
        // The tags of instances and volumes are part of the version.
        if to_data(cx, want) != to_data(cx, &have.resource) || !changes.is_empty() {
            let version = add_version(&client, cx, want, &attributes.id).await?;
            prune(&client, &attributes.id, version).await?;
            (attributes.latest_version, attributes.default_version) = (version.to_string(), version.to_string());
        }
        if !changes.remove.is_empty() {
            let keys = changes.remove.iter().map(|key| Tag::builder().key(key).build()).collect();
            let reply = client.delete_tags().resources(&attributes.id).set_tags(Some(keys)).send().await;
            absent_is_done("ec2:DeleteTags", reply)?;
        }
        if !changes.set.is_empty() {
            let call = client.create_tags().resources(&attributes.id).set_tags(Some(to_tags(changes.set)));
            call.send().await.map_err(fault("ec2:CreateTags"))?;
        }
        Ok(attributes)
    }

    async fn delete(&self, cx: &Context, have: &LiveTemplate) -> Result<(), Fault> {
        let reply = self.0.of(cx).delete_launch_template().launch_template_id(&have.attributes.id).send().await;
        absent_is_done("ec2:DeleteLaunchTemplate", reply)
    }
}

/// Makes a version of the declared settings and then the default of it: a stop in between leaves the old default,
/// which still differs, so that the next run makes another.
async fn add_version(client: &Client, cx: &Context, want: &LaunchTemplate<AnyRegion>, id: &str) -> Result<i64, Fault> {
    let call = client.create_launch_template_version().launch_template_id(id).launch_template_data(to_data(cx, want));
    let reply = call.send().await.map_err(fault("ec2:CreateLaunchTemplateVersion"))?;
    let version = reply.launch_template_version.and_then(|version| version.version_number);
    let version = version.ok_or_else(|| Fault::incomplete("ec2:CreateLaunchTemplateVersion", "versionNumber"))?;
    let call = client.modify_launch_template().launch_template_id(id).default_version(version.to_string());
    call.send().await.map_err(fault("ec2:ModifyLaunchTemplate"))?;
    Ok(version)
}

/// Deletes the versions before the kept ones.
async fn prune(client: &Client, id: &str, default: i64) -> Result<(), Fault> {
    let oldest = default - KEPT_VERSIONS;
    if oldest < 1 {
        return Ok(());
    }
    let call = client.describe_launch_template_versions().launch_template_id(id).max_version(oldest.to_string());
    let reply = call.send().await.map_err(fault(DESCRIBE))?;
    let numbers = reply.launch_template_versions().iter().filter_map(LaunchTemplateVersion::version_number);
    let numbers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let call = client.delete_launch_template_versions().launch_template_id(id).set_versions(Some(numbers));
    call.send().await.map(drop).map_err(fault("ec2:DeleteLaunchTemplateVersions"))
}

fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// Tags of instances and volumes: they belong to the topology, but are not objects of it.
fn launched_tags(cx: &Context) -> Vec<LaunchTemplateTagSpecificationRequest> {
    let mut all = cx.all_tags();
    all.retain(|key, _| key != tags::TOKEN && key != tags::ADDRESS);
    [ResourceType::Instance, ResourceType::Volume]
        .map(|kind| {
            let specification = LaunchTemplateTagSpecificationRequest::builder().resource_type(kind);
            specification.set_tags(Some(to_tags(all.clone()))).build()
        })
        .to_vec()
}

fn to_data(cx: &Context, want: &LaunchTemplate<AnyRegion>) -> RequestLaunchTemplateData {
    let profile = want
        .instance_profile
        .as_ref()
        .map(|profile| LaunchTemplateIamInstanceProfileSpecificationRequest::builder().arn(profile.id()).build());
    // The security groups go with the interface: EC2 refuses them beside one.
    let interface = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
        .device_index(0)
        .associate_public_ip_address(want.associate_public_ip_address)
        .delete_on_termination(true)
        .set_groups(Some(sorted_ids(&want.security_groups)))
        .build();
    let metadata = &want.metadata_options;
    let metadata = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_endpoint(LaunchTemplateInstanceMetadataEndpointState::Enabled)
        .http_tokens(match metadata.http_tokens {
            HttpTokens::Required => LaunchTemplateHttpTokensState::Required,
            HttpTokens::Optional => LaunchTemplateHttpTokensState::Optional,
        })
        .http_put_response_hop_limit(i32::from(metadata.hop_limit))
        .instance_metadata_tags(if metadata.instance_metadata_tags {
            LaunchTemplateInstanceMetadataTagsState::Enabled
        } else {
            LaunchTemplateInstanceMetadataTagsState::Disabled
        });
    let user_data = want.user_data.value();
    let mut devices: Vec<_> = want.block_devices.iter().collect();
    devices.sort_by_key(|device| &device.device_name);
    let devices: Vec<_> = devices.into_iter().map(to_device).collect();
    RequestLaunchTemplateData::builder()
        .image_id(match &want.image {
            Image::Ami(id) => id.value().clone(),
            Image::SsmParameter(name) => format!("{RESOLVE}{name}"),
        })
        .instance_type(ec2::InstanceType::from(want.instance_type.as_str()))
        .set_iam_instance_profile(profile)
        .network_interfaces(interface)
        .set_user_data((!user_data.is_empty()).then(|| BASE64.encode(user_data)))
        .set_block_device_mappings((!devices.is_empty()).then_some(devices))
        .metadata_options(metadata.build())
        .monitoring(LaunchTemplatesMonitoringRequest::builder().enabled(want.detailed_monitoring).build())
        .set_tag_specifications(Some(launched_tags(cx)))
        .build()
}

fn sorted_ids<T>(references: &[Ref<T>]) -> Vec<String> {
    let mut ids: Vec<_> = references.iter().map(|reference| reference.id().to_owned()).collect();
    ids.sort();
    ids
}

fn to_device(device: &BlockDevice<AnyRegion>) -> LaunchTemplateBlockDeviceMappingRequest {
    let ebs = LaunchTemplateEbsBlockDeviceRequest::builder()
        .volume_size(to_i32(device.size_gib))
        .volume_type(match device.volume_type {
            VolumeType::Gp3 => ec2::VolumeType::Gp3,
            VolumeType::Gp2 => ec2::VolumeType::Gp2,
            VolumeType::Io1 => ec2::VolumeType::Io1,
            VolumeType::Io2 => ec2::VolumeType::Io2,
            VolumeType::St1 => ec2::VolumeType::St1,
            VolumeType::Sc1 => ec2::VolumeType::Sc1,
        })
        .set_iops(device.iops.map(to_i32))
        .set_throughput(device.throughput_mib.map(to_i32))
        .encrypted(device.encrypted)
        .set_kms_key_id(device.kms_key.as_ref().map(|key| key.id().to_owned()))
        .delete_on_termination(device.delete_on_termination);
    LaunchTemplateBlockDeviceMappingRequest::builder().device_name(&device.device_name).ebs(ebs.build()).build()
}

/// The template with the settings of its default version; `None` when it went in between.
async fn live(client: &Client, reply: Reply) -> Result<Option<LiveTemplate>, Fault> {
    let attributes = attributes(&reply)?;
    let call = client.describe_launch_template_versions().launch_template_id(&attributes.id).versions("$Default");
    let Some(versions) = found(DESCRIBE, call.send().await)? else { return Ok(None) };
    let version = versions.launch_template_versions.unwrap_or_default().into_iter().next();
    let data = version.and_then(|version| version.launch_template_data);
    let resource = resource(data.ok_or_else(|| Fault::incomplete(DESCRIBE, "launchTemplateData"))?)?;
    let tags = reply.tags().iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value()?.to_owned())));
    Ok(Some(Live { tags: tags.collect(), resource, attributes }))
}

fn attributes(reply: &Reply) -> Result<LaunchTemplateAttributes, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeLaunchTemplates", what);
    Ok(LaunchTemplateAttributes {
        id: reply.launch_template_id().ok_or_else(|| missing("launchTemplateId"))?.to_owned(),
        name: reply.launch_template_name().ok_or_else(|| missing("launchTemplateName"))?.to_owned(),
        latest_version: reply.latest_version_number().ok_or_else(|| missing("latestVersionNumber"))?.to_string(),
        default_version: reply.default_version_number().ok_or_else(|| missing("defaultVersionNumber"))?.to_string(),
    })
}

fn resource(data: ResponseLaunchTemplateData) -> Result<LaunchTemplate<AnyRegion>, Fault> {
    let missing = |what| Fault::incomplete(DESCRIBE, what);
    let image = data.image_id.ok_or_else(|| missing("imageId"))?;
    let instance_type = data.instance_type.as_ref().and_then(|kind| kind.as_str().parse().ok());
    let interface = data.network_interfaces.unwrap_or_default().into_iter().next();
    let (groups, public) = match interface {
        Some(interface) => (interface.groups, interface.associate_public_ip_address.unwrap_or_default()),
        None => (data.security_group_ids, false),
    };
    let metadata = data.metadata_options;
    let user_data = data.user_data.unwrap_or_default();
    // What is no text is kept as it came, so that it differs from what any program declares.
    let decoded = BASE64.decode(&user_data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok(LaunchTemplate::builder()
        .image(match image.strip_prefix(RESOLVE) {
            Some(name) => Image::ssm_parameter(name),
            None => Image::ami(image),
        })
        .instance_type(instance_type.ok_or_else(|| missing("instanceType"))?)
        .maybe_instance_profile(data.iam_instance_profile.and_then(|profile| profile.arn).map(ArnRef::existing))
        .security_groups(groups.unwrap_or_default().into_iter().map(Ref::existing))
        .user_data(decoded.unwrap_or(user_data))
        .block_devices(data.block_device_mappings.unwrap_or_default().into_iter().filter_map(from_device))
        .metadata_options(
            MetadataOptions::builder()
                .http_tokens(match metadata.as_ref().and_then(|metadata| metadata.http_tokens()) {
                    Some(LaunchTemplateHttpTokensState::Required) => HttpTokens::Required,
                    _ => HttpTokens::Optional,
                })
                .hop_limit(
                    metadata
                        .as_ref()
                        .and_then(|metadata| metadata.http_put_response_hop_limit()?.try_into().ok())
                        .unwrap_or(1),
                )
                .instance_metadata_tags(
                    metadata.as_ref().and_then(|metadata| metadata.instance_metadata_tags())
                        == Some(&LaunchTemplateInstanceMetadataTagsState::Enabled),
                )
                .build(),
        )
        .associate_public_ip_address(public)
        .detailed_monitoring(data.monitoring.and_then(|monitoring| monitoring.enabled).unwrap_or_default())
        .build())
}

fn from_device(mapping: LaunchTemplateBlockDeviceMapping) -> Option<BlockDevice<AnyRegion>> {
    let ebs = mapping.ebs?;
    Some(
        BlockDevice::builder()
            .device_name(mapping.device_name?)
            .size_gib(to_u32(ebs.volume_size).unwrap_or_default())
            .volume_type(match ebs.volume_type {
                Some(ec2::VolumeType::Gp3) => VolumeType::Gp3,
                Some(ec2::VolumeType::Io1) => VolumeType::Io1,
                Some(ec2::VolumeType::Io2) => VolumeType::Io2,
                Some(ec2::VolumeType::St1) => VolumeType::St1,
                Some(ec2::VolumeType::Sc1) => VolumeType::Sc1,
                _ => VolumeType::Gp2,
            })
            .maybe_iops(to_u32(ebs.iops))
            .maybe_throughput_mib(to_u32(ebs.throughput))
            .encrypted(ebs.encrypted.unwrap_or_default())
            .maybe_kms_key(ebs.kms_key_id.map(ArnRef::existing))
            .delete_on_termination(ebs.delete_on_termination.unwrap_or(true))
            .build(),
    )
}
