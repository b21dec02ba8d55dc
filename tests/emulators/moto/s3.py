"""Answers of Amazon S3 that moto 5.2.5 forgets or misnames, closed over moto's own models.

Every patch says what stock moto does.
"""

import copy
import json

import xmltodict

from moto.core.responses import ActionResult
from moto.core.serialize import S3Serializer
from moto.s3.exceptions import ReplicationConfigurationNotFoundError
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


# Roots of answers, by operation, as the S3 API reference shows them.
ROOTS = {
    "CompleteMultipartUpload": "CompleteMultipartUploadResult",
    "CreateMultipartUpload": "InitiateMultipartUploadResult",
    "DeleteObjects": "DeleteResult",
    "GetBucketAcl": "AccessControlPolicy",
    "GetBucketCors": "CORSConfiguration",
    "GetBucketLifecycleConfiguration": "LifecycleConfiguration",
    "GetBucketLogging": "BucketLoggingStatus",
    "GetBucketNotificationConfiguration": "NotificationConfiguration",
    "GetBucketTagging": "Tagging",
    "GetBucketVersioning": "VersioningConfiguration",
    "GetObjectTagging": "Tagging",
    "ListBuckets": "ListAllMyBucketsResult",
    "ListMultipartUploads": "ListMultipartUploadsResult",
    "ListObjectVersions": "ListVersionsResult",
    "ListObjects": "ListBucketResult",
    "ListObjectsV2": "ListBucketResult",
    "ListParts": "ListPartsResult",
}


@patch(S3Serializer, "_serialize_body")
def serialize_body(stock, self, body):
    """Stock: roots are named after the operation, which boto does not mind and other SDKs refuse."""
    name = self.operation_model.name
    wrong = f"{name}Response"
    if name in ROOTS and wrong in body:
        body = {ROOTS[name]: body[wrong]}
    return stock(self, body)


@patch(S3Response, "_bucket_response_put")
def bucket_response_put(stock, self, request, bucket_name, querystring):
    """Stock: the tags of CreateBucket are dropped."""
    answer = stock(self, request, bucket_name, querystring)
    if not querystring and self.body:
        wanted = xmltodict.parse(self.body, force_list={"Tag": True}).get("CreateBucketConfiguration") or {}
        tags = (wanted.get("Tags") or {}).get("Tag", [])
        if tags:
            self.backend.put_bucket_tagging(bucket_name, {tag["Key"]: tag["Value"] or "" for tag in tags})
    return answer


def single(value):
    """A list of one as that one, which AWS treats alike."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


stock_permissions = FakeBucket._log_permissions_enabled_policy


def log_permissions_enabled_policy(target_bucket, target_prefix):
    """Stock: lists of one principal or resource are not understood."""
    bucket = copy.copy(target_bucket)
    if bucket.policy:
        policy = json.loads(bucket.policy.decode())
        for statement in policy["Statement"]:
            statement["Resource"] = single(statement.get("Resource"))
            statement["Principal"] = {of: single(who) for of, who in statement.get("Principal", {}).items()}
        bucket.policy = json.dumps(policy).encode()
    return stock_permissions(bucket, target_prefix)


FakeBucket._log_permissions_enabled_policy = staticmethod(log_permissions_enabled_policy)


@patch(S3Response, "get_bucket_replication")
def get_bucket_replication(stock, self):
    """Stock: filter, delete markers and source selection of every rule are forgotten."""
    self.data["Action"] = "GetBucketReplication"
    replication = self.backend.get_bucket_replication(self.bucket_name)
    if not replication:
        raise ReplicationConfigurationNotFoundError(bucket_name=self.bucket_name)
    rules = []
    for stored in replication["Rule"]:
        rule = {name: value for name, value in stored.items() if not name.startswith("@")}
        rule["Priority"] = int(rule.get("Priority", 0))
        rule["Filter"] = {"Prefix": (rule.get("Filter") or {}).get("Prefix") or ""}
        for time in ("ReplicationTime", "Metrics"):
            minutes = rule["Destination"].get(time) or {}
            for value in minutes.values():
                if isinstance(value, dict):
                    value["Minutes"] = int(value["Minutes"])
        rules.append(rule)
    configuration = {"Role": replication["Role"], "Rules": rules}
    return self.serialized(ActionResult({"ReplicationConfiguration": configuration}))
