"""Prefix lists that AWS manages and moto 5.2.5 does not know."""

from moto.ec2.models.managed_prefixes import ManagedPrefixListBackend

stock = ManagedPrefixListBackend.create_default_pls


def create_default_pls(self):
    """Stock: no list of Route 53's health checkers."""
    stock(self)
    self._create_aws_managed_prefix_list(
        name=f"com.amazonaws.{self.region_name}.route53-healthchecks",
        address_family="IPv4",
        entries=[
            {"Cidr": "15.177.0.0/18", "Description": "default"},
            {"Cidr": "54.228.16.0/26", "Description": "default"},
            {"Cidr": "107.23.255.0/26", "Description": "default"},
        ],
    )


ManagedPrefixListBackend.create_default_pls = create_default_pls
