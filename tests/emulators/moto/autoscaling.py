"""What EC2 Auto Scaling does and moto 5.2.5 does not, closed over moto's own models.

Every patch says what stock moto does. None changes the form of a request or an answer.
"""

import uuid

from moto.autoscaling.exceptions import AutoscalingClientError, ValidationError
from moto.autoscaling.models import AutoScalingBackend, FakeAutoScalingGroup
from moto.autoscaling.responses import AutoScalingResponse
from moto.core.responses import ActionResult, EmptyResult


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


def add(cls):
    """Adds an operation that stock moto answers with 500."""

    def decorate(function):
        setattr(cls, function.__name__, function)
        return function

    return decorate


def group_of(response):
    name = response._get_param("AutoScalingGroupName")
    group = response.autoscaling_backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError(f"AutoScalingGroup name not found - AutoScalingGroup '{name}' not found")
    return group


# Settings of a group. Stock: the default instance warmup is dropped, termination policies are kept as they were made.


def take_settings(response):
    group = group_of(response)
    warmup = response._get_int_param("DefaultInstanceWarmup")
    if warmup is not None:
        group.default_instance_warmup = None if warmup == -1 else warmup
    policies = response._get_param("TerminationPolicies", [])
    if policies:
        group.termination_policies = policies


@patch(AutoScalingResponse, "create_auto_scaling_group")
def create_auto_scaling_group(stock, self):
    """Stock: a second group of one name takes the place of the first."""
    name = self._get_param("AutoScalingGroupName")
    if name in self.autoscaling_backend.autoscaling_groups:
        message = "AutoScalingGroup by this name already exists - A group with the name already exists"
        raise AutoscalingClientError("AlreadyExists", message)
    result = stock(self)
    take_settings(self)
    return result


@patch(AutoScalingResponse, "update_auto_scaling_group")
def update_auto_scaling_group(stock, self):
    result = stock(self)
    take_settings(self)
    return result


@add(AutoScalingResponse)
def disable_metrics_collection(self):
    group = group_of(self)
    gone = self._get_param("Metrics", [])
    group.metrics = [metric for metric in group.metrics if gone and metric not in gone]
    return EmptyResult()


@patch(AutoScalingBackend, "delete_auto_scaling_group")
def delete_auto_scaling_group(stock, self, group_name):
    """Stock: the group's policies stay, and its targets stay registered."""
    group = self.autoscaling_groups.get(group_name)
    instances = [state.instance.id for state in group.instance_states] if group else []
    stock(self, group_name)
    self.elbv2_backend.notify_terminate_instances(instances)
    for policy in [it for it in self.policies.values() if it.auto_scaling_group_name == group_name]:
        self.policies.pop(policy.name, None)
    refreshes(self).pop(group_name, None)


@patch(AutoScalingResponse, "put_scaling_policy")
def put_scaling_policy(stock, self):
    """Stock: the answer names the ARN by another name than AWS's API does, so that clients find none."""
    return ActionResult({"PolicyARN": stock(self).result["PolicyArn"]})


# Instance refreshes. Stock: none of their operations exists. Here: a refresh is pending when it is started, under way
# at the first look, and at the second all instances are replaced and the group has the desired configuration.

ACTIVE = ("Pending", "InProgress", "Cancelling")


def refreshes(backend):
    return backend.__dict__.setdefault("instance_refreshes", {})


@add(AutoScalingResponse)
def start_instance_refresh(self):
    group = group_of(self)
    known = refreshes(self.autoscaling_backend).setdefault(group.name, [])
    if any(refresh["Status"] in ACTIVE for refresh in known):
        message = "An Instance Refresh is already in progress and blocks the execution of this Instance Refresh."
        raise AutoscalingClientError("InstanceRefreshInProgress", message)
    refresh = {
        "InstanceRefreshId": str(uuid.uuid4()),
        "AutoScalingGroupName": group.name,
        "Status": "Pending",
        "PercentageComplete": 0,
        "InstancesToUpdate": len(group.instance_states),
        "Preferences": self._get_params().get("Preferences"),
        "DesiredConfiguration": self._get_params().get("DesiredConfiguration"),
        "Strategy": self._get_param("Strategy", "Rolling"),
    }
    known.insert(0, refresh)
    return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})


@add(AutoScalingResponse)
def cancel_instance_refresh(self):
    group = group_of(self)
    for refresh in refreshes(self.autoscaling_backend).get(group.name, []):
        if refresh["Status"] in ("Pending", "InProgress"):
            refresh["Status"] = "Cancelling"
            return ActionResult({"InstanceRefreshId": refresh["InstanceRefreshId"]})
    message = "No in progress or pending Instance Refresh found for Auto Scaling group " + group.name
    raise AutoscalingClientError("ActiveInstanceRefreshNotFound", message)


@add(AutoScalingResponse)
def describe_instance_refreshes(self):
    group = group_of(self)
    wanted = self._get_param("InstanceRefreshIds", [])
    known = refreshes(self.autoscaling_backend).get(group.name, [])
    seen = [refresh for refresh in known if not wanted or refresh["InstanceRefreshId"] in wanted]
    answer = [dict(refresh) for refresh in seen]
    for refresh in seen:
        move_on(group, refresh)
    return ActionResult({"InstanceRefreshes": answer})


def move_on(group, refresh):
    if refresh["Status"] == "Pending":
        refresh["Status"] = "InProgress"
    elif refresh["Status"] == "Cancelling":
        refresh["Status"] = "Cancelled"
    elif refresh["Status"] == "InProgress":
        template = (refresh["DesiredConfiguration"] or {}).get("LaunchTemplate")
        if template:
            group._set_launch_configuration(None, template, None)
        old = [state.instance.id for state in group.instance_states]
        if old:
            # The group makes up for instances that are terminated, by its new configuration.
            group.ec2_backend.terminate_instances(old)
            group.autoscaling_backend.notify_terminate_instances(old)
            group.autoscaling_backend.elbv2_backend.notify_terminate_instances(old)
            group.autoscaling_backend.update_attached_target_groups(group.name)
        refresh.update(Status="Successful", PercentageComplete=100, InstancesToUpdate=0)


FakeAutoScalingGroup.default_instance_warmup = None
