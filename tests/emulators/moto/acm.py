"""What moto 5.2.5 does not keep of AWS Certificate Manager. Every patch says what stock moto does."""

from moto.acm.models import CertBundle

stock = CertBundle.describe


def describe(self):
    """Validation records follow the request by some seconds. Stock: they come with it. Here: one look sees none."""
    result = stock(self)
    if self.type == "AMAZON_ISSUED" and not getattr(self, "was_described", False):
        self.was_described = True
        for option in result["Certificate"].get("DomainValidationOptions", []):
            option.pop("ResourceRecord", None)
    return result


CertBundle.describe = describe
