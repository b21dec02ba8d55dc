"""What moto 5.2.5 does not keep of AWS KMS. Every patch says what stock moto does."""

import json

from moto.kms.models import kms_backends
from moto.kms.responses import KmsResponse


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


# Rotation has a period. Stock: it is neither kept nor told.


def key(self):
    return self.kms_backend.keys[self.kms_backend.get_key_id(self._get_param("KeyId"))]


@patch(KmsResponse, "enable_key_rotation")
def enable_key_rotation(stock, self):
    answer = stock(self)
    key(self).rotation_period = self._get_param("RotationPeriodInDays") or 365
    return answer


@patch(KmsResponse, "get_key_rotation_status")
def get_key_rotation_status(stock, self):
    status = json.loads(stock(self))
    if status["KeyRotationEnabled"]:
        status["RotationPeriodInDays"] = getattr(key(self), "rotation_period", 365)
    return json.dumps(status)


@patch(KmsResponse, "replicate_key")
def replicate_key(stock, self):
    """A replica has a description, a policy and tags of its own. Stock: it repeats those of the primary, untagged."""
    answer = json.loads(stock(self))
    backend = kms_backends[self.current_account][self._get_param("ReplicaRegion")]
    replica = backend.keys[answer["ReplicaKeyMetadata"]["KeyId"]]
    replica.key_state = "Enabled"
    replica.description = self._get_param("Description") or ""
    replica.policy = self._get_param("Policy") or replica.generate_default_policy()
    backend.tagger.delete_all_tags_for_resource(replica.id)
    backend.tagger.tag_resource(replica.id, self._get_param("Tags") or [])
    return json.dumps({**answer, "ReplicaKeyMetadata": replica.to_dict()["KeyMetadata"]})
