"""What moto 5.2.5 does not keep of AWS Secrets Manager. Every patch says what stock moto does."""

from moto.secretsmanager.models import FakeSecret

stock = FakeSecret.create_replicas


def create_replicas(self, replica_regions, force_overwrite):
    """Replicas have keys. Stock: each is told to be encrypted by AWS's own key, whatever was asked for."""
    replicas = stock(self, replica_regions, force_overwrite)
    for wanted, replica in zip(replica_regions or [], replicas):
        if wanted.get("KmsKeyId"):
            replica.config["KmsKeyId"] = wanted["KmsKeyId"]
    return replicas


FakeSecret.create_replicas = create_replicas
