"""Rules of Amazon Route 53 that moto 5.2.5 does not keep, closed over moto's own models.

Every patch says what stock moto does. None changes the form of a request or an answer.
"""

from moto.route53.exceptions import ResourceRecordAlreadyExists, Route53ClientError
from moto.route53.models import ChangeList, HealthCheck, Route53Backend
from moto.route53.responses import Route53


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


def plain(name):
    return name.strip(".").lower().replace("\\052", "*")


def refused(why):
    return Route53ClientError("InvalidChangeBatch", f"Tried to delete resource record set {why}")


def is_of(record, wanted):
    """Whether a record has the name, type and set identifier of the wanted one."""
    return (
        plain(record.name) == plain(wanted["Name"])
        and record.type == wanted["Type"]
        and (record.set_identifier or "") == (wanted.get("SetIdentifier") or "")
    )


def says(record, wanted):
    """Whether a record has the values of the wanted one."""
    values = [item["Value"] for item in wanted.get("ResourceRecords") or []]
    if record.alias_target:
        return bool(wanted.get("AliasTarget"))
    return sorted(record.records) == sorted(values) and str(record.ttl) == str(wanted.get("TTL"))


@patch(Route53Backend, "change_resource_record_sets")
def change_resource_record_sets(stock, self, zoneid, change_list):
    """Stock: a create is compared with all changes ever made, so that a record that was removed can't be made again,
    and one that exists with other values is made twice; a delete takes away every record of a set identifier,
    whatever its name and type."""
    zone = self.get_hosted_zone(zoneid)
    for change in change_list:
        wanted = change["ResourceRecordSet"]
        live = [record for record in zone.rrsets if is_of(record, wanted)]
        name, kind = plain(wanted["Name"]) + ".", wanted["Type"]
        if change["Action"] == "CREATE" and live:
            raise ResourceRecordAlreadyExists(name=name, _type=kind)
        if change["Action"] == "DELETE" and not live:
            raise refused(f"[name='{name}', type='{kind}'] but it was not found")
        if change["Action"] == "DELETE" and not says(live[0], wanted):
            raise refused(f"[name='{name}', type='{kind}'] but the values provided do not match the current values")
    removed = [change["ResourceRecordSet"] for change in change_list if change["Action"] == "DELETE"]
    zone.rrsets = [record for record in zone.rrsets if not any(is_of(record, wanted) for wanted in removed)]
    zone.rr_changes = ChangeList()
    stock(self, zoneid, [change for change in change_list if change["Action"] != "DELETE"])


# Changes pend. Stock: in sync at once. Here: the first look at a change sees it pending.

looked_at = set()
made = iter(range(1, 1 << 62))


def pending(answer):
    answer.result["ChangeInfo"].update(Id=f"/change/C{next(made):013}", Status="PENDING")
    return answer


for operation in ("create_hosted_zone", "delete_hosted_zone", "change_resource_record_sets"):
    patch(Route53, operation)(lambda stock, self: pending(stock(self)))


@patch(Route53, "get_change")
def get_change(stock, self):
    answer = stock(self)
    change = answer.result["ChangeInfo"]["Id"]
    if change not in looked_at:
        looked_at.add(change)
        answer.result["ChangeInfo"]["Status"] = "PENDING"
    return answer


# Health checks on alarms. Stock: alarm and what counts without data are dropped.


def keep_alarm(answer, alarm, insufficient):
    check = answer.result["HealthCheck"]
    if alarm:
        check.alarm = alarm
    if insufficient:
        check.insufficient = insufficient
    return answer


@patch(Route53, "create_health_check")
def create_health_check(stock, self):
    config = self._get_param("HealthCheckConfig")
    return keep_alarm(stock(self), config.get("AlarmIdentifier"), config.get("InsufficientDataHealthStatus"))


@patch(Route53, "update_health_check")
def update_health_check(stock, self):
    alarm, insufficient = self._get_param("AlarmIdentifier"), self._get_param("InsufficientDataHealthStatus")
    return keep_alarm(stock(self), alarm, insufficient)


stock_config = HealthCheck.health_check_config.fget


def health_check_config(self):
    config = stock_config(self)
    if self.type_ == "CLOUDWATCH_METRIC":
        config["AlarmIdentifier"] = getattr(self, "alarm", None)
        config["InsufficientDataHealthStatus"] = getattr(self, "insufficient", None)
    return config


HealthCheck.health_check_config = property(health_check_config)


@patch(Route53Backend, "delete_health_check")
def delete_health_check(stock, self, health_check_id):
    """Stock: a health check that records or other checks use is deleted, and one that does not exist is too."""
    self.get_health_check(health_check_id)
    records = [record for zone in self.zones.values() for record in zone.rrsets]
    used = any(record.health_check_id == health_check_id for record in records)
    if used or any(health_check_id in (check.children or []) for check in self.health_checks.values()):
        message = f"The health check {health_check_id} is in use by a record or another health check"
        raise Route53ClientError("HealthCheckInUse", message)
    stock(self, health_check_id)
