"""Rules of Amazon EC2 that moto 5.2.5 does not keep, closed over moto's own models.

Every patch says what stock moto does. None changes the form of a request or an answer.
"""

import copy

from moto.ec2.exceptions import DependencyViolationError, EC2ClientError
from moto.ec2.models.elastic_ip_addresses import ElasticAddressBackend
from moto.ec2.models.internet_gateways import InternetGatewayBackend
from moto.ec2.models.nat_gateways import NatGatewayBackend
from moto.ec2.models.route_tables import RouteBackend
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ec2.models.vpc_peering_connections import VPCPeeringConnectionBackend
from moto.ec2.models.vpcs import VPCBackend


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


# NAT gateways pend. Stock: available at once, deleted at once. Here: one look each sees the state in between.


@patch(NatGatewayBackend, "create_nat_gateway")
def create_nat_gateway(stock, self, *args, **kwargs):
    gateway = stock(self, *args, **kwargs)
    gateway.state, gateway.next_state = "pending", "available"
    return gateway


@patch(NatGatewayBackend, "delete_nat_gateway")
def delete_nat_gateway(stock, self, nat_gateway_id):
    """Stock: the address stays associated and the interface stays in the subnet for ever."""
    before = self.nat_gateways.get(nat_gateway_id)
    if before is None:
        raise EC2ClientError("NatGatewayNotFound", f"NatGateway {nat_gateway_id} was not found")
    if before.state in ("deleting", "deleted"):
        return before
    gateway = stock(self, nat_gateway_id)
    gateway.state, gateway.next_state = "deleting", "deleted"
    return gateway


@patch(NatGatewayBackend, "describe_nat_gateways")
def describe_nat_gateways(stock, self, filters, nat_gateway_ids):
    """Stock: filters by tag are ignored."""
    found = stock(self, filters, nat_gateway_ids)
    tags = {name: values for name, values in (filters or {}).items() if name.startswith("tag:")}
    found = [it for it in found if all(it.get_filter_value(name) in values for name, values in tags.items())]
    seen = [copy.copy(gateway) for gateway in found]
    for gateway in found:
        if gateway.state == "deleting":
            for address in [it for it in self.addresses if it.eni is gateway._eni]:
                self.disassociate_address(association_id=address.association_id)
            self.enis.pop(gateway._eni.id, None)
        gateway.state = getattr(gateway, "next_state", gateway.state)
    return seen


# Public addresses hold what they are mapped to. Stock: an address in use is released, a gateway with mapped
# addresses is detached.


@patch(ElasticAddressBackend, "release_address")
def release_address(stock, self, address=None, allocation_id=None):
    for held in self.addresses:
        if held.association_id and (held.allocation_id == allocation_id or held.public_ip == address):
            raise EC2ClientError("InvalidIPAddress.InUse", f"Address {held.public_ip} is in use.")
    return stock(self, address, allocation_id)


@patch(InternetGatewayBackend, "detach_internet_gateway")
def detach_internet_gateway(stock, self, internet_gateway_id, vpc_id):
    subnets = {subnet.id for subnet in self.describe_subnets() if subnet.vpc_id == vpc_id}
    for address in self.addresses:
        if address.eni and address.eni.subnet.id in subnets:
            raise DependencyViolationError(
                f"Network {vpc_id} has some mapped public address(es). Please unmap those before detaching the gateway."
            )
    return stock(self, internet_gateway_id, vpc_id)


# Gateway endpoints write their routes. Stock: tables that a modification adds get none, and deleting the endpoint
# then fails on them.


@patch(VPCBackend, "modify_vpc_endpoint")
def modify_vpc_endpoint(stock, self, vpc_id, *args, **kwargs):
    endpoint = self.describe_vpc_endpoints(vpc_end_point_ids=[vpc_id])[0]
    before = set(endpoint.route_table_ids)
    stock(self, vpc_id, *args, **kwargs)
    prefix_list = endpoint.destination_prefix_list_id
    if prefix_list:
        for table in set(endpoint.route_table_ids) - before:
            self.create_route(table, None, gateway_id=endpoint.id, destination_prefix_list_id=prefix_list)
        for table in before - set(endpoint.route_table_ids):
            self.delete_route(table, prefix_list)


# A subnet has one table. Stock: a second association of a subnet answers with the first, whichever table it names.


@patch(RouteBackend, "associate_route_table")
def associate_route_table(stock, self, route_table_id, gateway_id=None, subnet_id=None):
    for table in self.route_tables.values():
        for association, target in table._associations.items():
            if subnet_id is not None and target == subnet_id:
                raise EC2ClientError(
                    "Resource.AlreadyAssociated",
                    f"the specified association for route table {route_table_id} conflicts with "
                    f"an existing association {association}",
                )
    return stock(self, route_table_id, gateway_id, subnet_id)


# Tags belong to one region. Stock: the end of a peering connection in the other region shows the tags of the first.


@patch(VPCPeeringConnectionBackend, "describe_vpc_peering_connections")
def describe_vpc_peering_connections(stock, self, vpc_peering_ids=None):
    seen = [copy.copy(connection) for connection in stock(self, vpc_peering_ids)]
    for connection in seen:
        connection.ec2_backend = self
    return seen


# Rules have descriptions. Stock: only those of address ranges keep theirs.


@patch(SecurityGroupRule, "__init__")
def init_rule(stock, self, *args, **kwargs):
    stock(self, *args, **kwargs)
    prefix_list = kwargs.get("prefix_list_id") or (args[7] if len(args) > 7 else None)
    for peer in (self.source_group, prefix_list):
        if peer and peer.get("Description"):
            self.ip_range["Description"] = peer["Description"]
