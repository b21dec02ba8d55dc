"""Rules of AWS WAF that moto 5.2.5 does not keep, closed over moto's own models.

Every patch says what stock moto does. None changes the form of a request or an answer.
"""

from moto.wafv2.exceptions import WAFNonexistentItemException, WAFv2ClientError
from moto.wafv2.models import WAFV2Backend


def patch(cls, name):
    """Replaces a method by a function that takes the stock one first."""
    stock = getattr(cls, name)

    def decorate(function):
        setattr(cls, name, lambda self, *args, **kwargs: function(stock, self, *args, **kwargs))
        return function

    return decorate


@patch(WAFV2Backend, "associate_web_acl")
def associate_web_acl(stock, self, web_acl_arn, resource_arn):
    """Stock: a resource that has a web ACL gets a second one, of which only the first is told."""
    if web_acl_arn not in self.wacls:
        raise WAFNonexistentItemException
    for acl in self.wacls.values():
        acl.associated_resources = [it for it in acl.associated_resources if it != resource_arn]
    stock(self, web_acl_arn, resource_arn)


@patch(WAFV2Backend, "delete_web_acl")
def delete_web_acl(stock, self, name, scope, _id, lock_token):
    """Stock: a web ACL that protects something is deleted."""
    for acl in self.wacls.values():
        if acl.id == _id and acl.associated_resources:
            message = "AWS WAF couldn't perform the operation because your resource is being used by another resource"
            raise WAFv2ClientError("WAFAssociatedItemException", message)
    stock(self, name, scope, _id, lock_token)
