"""What Amazon CloudWatch does and ministack 1.5.33 does not, closed over ministack's own models.

Every patch says what stock ministack does. None changes the form of a request or an answer.
"""

from ministack.services import cloudwatch


def patch(function):
    """Replaces a function of the module by one that takes the stock one first."""
    stock = getattr(cloudwatch, function.__name__)
    setattr(cloudwatch, function.__name__, lambda *args, **kwargs: function(stock, *args, **kwargs))
    return function


# Tags of dashboards. Stock: a put drops them, and only the ARNs of alarms can be tagged.


def named(arn):
    """The dashboard of that ARN, which holds no region."""
    found = (one for one in cloudwatch._dashboards.values() if one["DashboardArn"] == arn)
    return next(found, None)


@patch
def _validate_alarm_tag_arn(stock, arn, *args, **kwargs):
    return None if named(arn) else stock(arn, *args, **kwargs)


@patch
def _put_dashboard(stock, params, cbor_data, is_cbor, is_json=False):
    name = (cbor_data or {}).get("DashboardName", "")
    is_new = name not in cloudwatch._dashboards
    answer = stock(params, cbor_data, is_cbor, is_json)
    if is_new and name in cloudwatch._dashboards:
        arn = cloudwatch._dashboards[name]["DashboardArn"]
        cloudwatch._resource_tags[arn] = {tag["Key"]: tag["Value"] for tag in cbor_data.get("Tags") or []}
    return answer


@patch
def _delete_dashboards(stock, params, cbor_data, is_cbor, is_json=False):
    names = (cbor_data or {}).get("DashboardNames", [])
    arns = [cloudwatch._dashboards[name]["DashboardArn"] for name in names if name in cloudwatch._dashboards]
    answer = stock(params, cbor_data, is_cbor, is_json)
    for arn in arns:
        if not named(arn):
            cloudwatch._resource_tags.pop(arn, None)
    return answer
