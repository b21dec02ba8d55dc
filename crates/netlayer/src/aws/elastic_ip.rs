//! Elastic IP addresses on Amazon EC2.

use async_trait::async_trait;
use aws_sdk_ec2::types::{Address as Reply, DomainType, ResourceType};
use landfall_aws::{absent_is_done, fault, found, is_code};
use landfall_core::{AnyRegion, Context, Fault, FaultKind, Live, TypedProvider};

use super::{Ec2, tags};
use crate::elastic_ip::{ElasticIp, ElasticIpAttributes};

pub(super) struct Provider(pub(super) Ec2);

type LiveAddress = Live<ElasticIp<AnyRegion>, ElasticIpAttributes>;

#[async_trait]
impl TypedProvider for Provider {
    type Resource = ElasticIp<AnyRegion>;
    type Attributes = ElasticIpAttributes;

    async fn read(&self, cx: &Context, id: &str) -> Result<Option<LiveAddress>, Fault> {
        let reply = self.0.of(cx).describe_addresses().allocation_ids(id).send().await;
        let reply = found("ec2:DescribeAddresses", reply)?;
        reply.and_then(|reply| reply.addresses.unwrap_or_default().into_iter().next()).map(live).transpose()
    }

    async fn find(&self, cx: &Context, _want: &ElasticIp<AnyRegion>) -> Result<Option<LiveAddress>, Fault> {
        let reply = self.0.of(cx).describe_addresses().filters(tags::by_token(cx)).send().await;
        let reply = reply.map_err(fault("ec2:DescribeAddresses"))?;
        tags::ours(cx, reply.addresses.unwrap_or_default(), Reply::tags).map(live).transpose()
    }

    async fn create(&self, cx: &Context, _want: &ElasticIp<AnyRegion>) -> Result<ElasticIpAttributes, Fault> {
        let missing = |what| Fault::incomplete("ec2:AllocateAddress", what);
        let reply = self
            .0
            .of(cx)
            .allocate_address()
            .domain(DomainType::Vpc)
            .tag_specifications(tags::on_create(cx, ResourceType::ElasticIp))
            .send()
            .await
            .map_err(fault("ec2:AllocateAddress"))?;
        Ok(ElasticIpAttributes {
            id: reply.allocation_id.ok_or_else(|| missing("allocationId"))?,
            public_ip: reply.public_ip.ok_or_else(|| missing("publicIp"))?,
        })
    }

    async fn update(
        &self,
        cx: &Context,
        _want: &ElasticIp<AnyRegion>,
        have: &LiveAddress,
    ) -> Result<ElasticIpAttributes, Fault> {
        tags::update(&self.0.of(cx), cx, &have.attributes.id, &have.tags).await?;
        Ok(have.attributes.clone())
    }

    async fn delete(&self, cx: &Context, have: &LiveAddress) -> Result<(), Fault> {
        let reply = self.0.of(cx).release_address().allocation_id(&have.attributes.id).send().await;
        match reply {
            // What EC2 says of an address that a deleted NAT gateway or load balancer still holds, for some seconds.
            Err(error) if is_code(&error, &["AuthFailure"]) => {
                Err(Fault { kind: FaultKind::Blocked, ..fault("ec2:ReleaseAddress")(error) })
            }
            other => absent_is_done("ec2:ReleaseAddress", other),
        }
    }
}

fn live(reply: Reply) -> Result<LiveAddress, Fault> {
    let missing = |what| Fault::incomplete("ec2:DescribeAddresses", what);
    Ok(Live {
        tags: tags::read(reply.tags()),
        resource: ElasticIp::new(),
        attributes: ElasticIpAttributes {
            id: reply.allocation_id.ok_or_else(|| missing("allocationId"))?,
            public_ip: reply.public_ip.ok_or_else(|| missing("publicIp"))?,
        },
    })
}
