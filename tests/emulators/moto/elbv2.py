"""Rules of Elastic Load Balancing that moto 5.2.5 does not keep, closed over moto's own models.

Every patch says what stock moto does. None changes the form of a request or an answer.
"""

from moto.elbv2.exceptions import (
    DuplicateListenerError,
    DuplicateLoadBalancerName,
    ELBClientError,
    LoadBalancerNotFoundError,
    TooManyTagsError,
)
from moto.elbv2.models import ELBv2Backend


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


@patch(ELBv2Backend, "add_tags")
def add_tags(stock, self, resource_arns, tags):
    """Stock: ten tags per object. AWS: fifty."""
    for arn in resource_arns:
        keys = set(self.tagging_service.get_tag_dict_for_resource(arn)) | {tag["Key"] for tag in tags}
        if len(keys) > 50:
            raise TooManyTagsError()
        self._get_resource_by_arn(arn)
        self.tagging_service.tag_resource(arn, tags)


@patch(ELBv2Backend, "create_load_balancer")
def create_load_balancer(stock, self, name, *args, **kwargs):
    """Stock: names are given out twice, and zones are not counted."""
    if any(balancer.name == name for balancer in self.load_balancers.values()):
        raise DuplicateLoadBalancerName()
    if name.startswith("internal-"):
        raise ELBClientError("ValidationError", f"The load balancer name '{name}' cannot begin with 'internal-'")
    subnets = [self.ec2_backend.get_subnet(subnet) for subnet in kwargs.get("subnet_ids") or []]
    zones = [subnet.availability_zone for subnet in subnets]
    if len(set(zones)) != len(zones):
        raise ELBClientError("InvalidConfigurationRequest", "A load balancer cannot be attached to multiple subnets in the same Availability Zone")
    if len(zones) < 2:
        raise ELBClientError("ValidationError", "At least two subnets in two different Availability Zones must be specified")
    if kwargs.get("scheme") != "internal":
        attached = {it.vpc.id for it in self.ec2_backend.internet_gateways.values() if it.vpc}
        if not {subnet.vpc_id for subnet in subnets} <= attached:
            raise ELBClientError("InvalidSubnet", f"VPC {subnets[0].vpc_id} has no internet gateway")
    balancer = stock(self, name, *args, **kwargs)
    balancer.looks = 0
    return balancer


@patch(ELBv2Backend, "describe_load_balancers")
def describe_load_balancers(stock, self, arns, names):
    """Stock: a load balancer is active at the first look. Here: at the second, when it is asked for by its ARN."""
    pending = [it for it in self.load_balancers.values() if it.arn in (arns or []) and getattr(it, "looks", 1) == 0]
    found = stock(self, arns, names)
    for balancer in pending:
        balancer.looks, balancer.state = 1, "provisioning"
    return found


@patch(ELBv2Backend, "delete_load_balancer")
def delete_load_balancer(stock, self, arn):
    """Stock: a protected load balancer goes too."""
    balancer = self.load_balancers.get(arn)
    if balancer is not None and balancer.attrs.get("deletion_protection.enabled") == "true":
        message = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
        raise ELBClientError("OperationNotPermitted", message)
    return stock(self, arn)


@patch(ELBv2Backend, "create_listener")
def create_listener(stock, self, load_balancer_arn, protocol, port, *args, **kwargs):
    """Stock: two listeners of a load balancer share a port."""
    balancer = self.load_balancers.get(load_balancer_arn)
    if balancer is None:
        raise LoadBalancerNotFoundError()
    if any(str(listener.port) == str(port) for listener in balancer.listeners.values()):
        raise DuplicateListenerError()
    return stock(self, load_balancer_arn, protocol, port, *args, **kwargs)
