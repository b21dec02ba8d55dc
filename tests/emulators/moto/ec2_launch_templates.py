"""What launch templates do on Amazon EC2 and not in moto 5.2.5, closed over moto's own models.

Every patch says what stock moto does. None changes the form of a request or an answer.
"""

from moto.core.responses import ActionResult
from moto.ec2.models.launch_templates import LaunchTemplate, LaunchTemplateVersion
from moto.ec2.responses.launch_templates import LaunchTemplates
from moto.ec2.utils import parse_user_data

# Tags of a template change. Stock: it shows those of its creation for ever.
LaunchTemplate.tags = property(lambda self: self.get_tags(), lambda self, tags: None)

# Instances start from later versions with user data too. Stock: only the first version's is understood, and a group
# that launches from another one fails.
stock_init = LaunchTemplateVersion.__init__


def init_version(self, template, number, data, description):
    if isinstance(data.get("UserData"), str):
        data["UserData"] = parse_user_data(data["UserData"])
    stock_init(self, template, number, data, description)


LaunchTemplateVersion.__init__ = init_version


# Stock: versions can't be deleted. Here their numbers are never given out again either.


stock_describe = LaunchTemplates.describe_launch_template_versions


def describe_launch_template_versions(self):
    result = stock_describe(self)
    versions = result.result["LaunchTemplateVersions"]
    versions[:] = [version for version in versions if version["LaunchTemplateData"] is not None]
    return result


def delete_launch_template_versions(self):
    template = self.ec2_backend.get_launch_template(self._get_param("LaunchTemplateId"))
    deleted = []
    for number in self._get_param("Versions", []):
        version = template.get_version(number)
        version.data = None
        deleted.append(
            {
                "LaunchTemplateId": template.id,
                "LaunchTemplateName": template.name,
                "VersionNumber": version.number,
            }
        )
    return ActionResult({"SuccessfullyDeletedLaunchTemplateVersions": deleted})


LaunchTemplates.describe_launch_template_versions = describe_launch_template_versions
LaunchTemplates.delete_launch_template_versions = delete_launch_template_versions
