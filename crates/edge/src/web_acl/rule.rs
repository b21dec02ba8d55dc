//! Rules of a web ACL.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::statement::Statement;

/// A rule of a web ACL.
///
/// API: <https://docs.aws.amazon.com/waf/latest/APIReference/API_Rule.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Name, also the dimension `Rule` of its metrics: letters, digits, `-` and `_`.
    pub name: String,
    /// What it does.
    #[serde(flatten)]
    pub body: RuleBody,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleBody {
    /// Runs a group of rules that AWS or a vendor keeps up to date.
    ManagedRuleGroup(ManagedRuleGroup),
    /// Does something to requests that match.
    Match {
        /// Which requests match.
        statement: Statement,
        /// What happens to them.
        action: Action,
    },
}

/// What happens to requests that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// They pass, whatever later rules say.
    Allow,
    /// They are refused with 403.
    Block,
    /// They are counted and go on to the next rule.
    Count,
    /// The visitor proves to be human first.
    Captcha,
    /// The browser proves to be one first.
    Challenge,
}

/// A group of rules that AWS or a vendor keeps up to date.
///
/// API: <https://docs.aws.amazon.com/waf/latest/APIReference/API_ManagedRuleGroupStatement.html>
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ManagedRuleGroup {
    /// Who keeps it: `AWS`.
    pub vendor_name: String,
    /// Name of the group: `AWSManagedRulesCommonRuleSet`.
    pub name: String,
    /// A version to stay at; default the one that the vendor recommends.
    pub version: Option<String>,
    /// What single rules of the group do instead of what the vendor chose, by name of the rule.
    pub rule_action_overrides: BTreeMap<String, Action>,
    /// Which requests the group sees; default all.
    pub scope_down: Option<Statement>,
    /// What the group's own decision comes to; default it counts.
    pub override_action: OverrideAction,
}

/// What the decision of a managed group comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideAction {
    /// It stands.
    #[default]
    None,
    /// It is counted only: to try a group out.
    Count,
}

/// Groups of rules that AWS keeps up to date.
///
/// Source: <https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsManagedRules {
    /// What most sites need: cross-site scripting, file inclusion, oversized requests and more. 700 units.
    Common,
    /// SQL injection. 200 units.
    SqlInjection,
    /// Requests known to be exploits, Log4j among them. 200 units.
    KnownBadInputs,
    /// Addresses known for bots and attacks. 25 units.
    IpReputation,
    /// Addresses that hide who calls: proxies, Tor. 50 units.
    AnonymousIp,
    /// Administration pages that the world has no business at. 100 units.
    AdminProtection,
    /// Attacks on Linux. 200 units.
    Linux,
    /// Attacks on POSIX systems. 100 units.
    Unix,
    /// Attacks on PHP. 100 units.
    Php,
    /// Attacks on `WordPress`. 100 units.
    WordPress,
}

impl AwsManagedRules {
    /// AWS's name of the group.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Common => "AWSManagedRulesCommonRuleSet",
            Self::SqlInjection => "AWSManagedRulesSQLiRuleSet",
            Self::KnownBadInputs => "AWSManagedRulesKnownBadInputsRuleSet",
            Self::IpReputation => "AWSManagedRulesAmazonIpReputationList",
            Self::AnonymousIp => "AWSManagedRulesAnonymousIpList",
            Self::AdminProtection => "AWSManagedRulesAdminProtectionRuleSet",
            Self::Linux => "AWSManagedRulesLinuxRuleSet",
            Self::Unix => "AWSManagedRulesUnixRuleSet",
            Self::Php => "AWSManagedRulesPHPRuleSet",
            Self::WordPress => "AWSManagedRulesWordPressRuleSet",
        }
    }
}

impl From<AwsManagedRules> for ManagedRuleGroup {
    fn from(rules: AwsManagedRules) -> Self {
        Self {
            vendor_name: "AWS".to_owned(),
            name: rules.name().to_owned(),
            version: None,
            rule_action_overrides: BTreeMap::new(),
            scope_down: None,
            override_action: OverrideAction::None,
        }
    }
}

impl ManagedRuleGroup {
    /// Lets a single rule of the group do something else: count instead of block, while it is wrong about a site.
    #[must_use]
    pub fn rule(mut self, name: impl Into<String>, action: Action) -> Self {
        self.rule_action_overrides.insert(name.into(), action);
        self
    }

    /// Stays at a version.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// Shows the group only requests that match.
    #[must_use]
    pub fn only_for(mut self, statement: Statement) -> Self {
        self.scope_down = Some(statement);
        self
    }

    /// Counts what the group would do, without doing it.
    #[must_use]
    pub fn counting(mut self) -> Self {
        self.override_action = OverrideAction::Count;
        self
    }
}

impl Rule {
    /// Runs a managed group under the group's own name.
    pub fn managed(group: impl Into<ManagedRuleGroup>) -> Self {
        let group = group.into();
        Self { name: group.name.clone(), body: RuleBody::ManagedRuleGroup(group) }
    }

    /// Blocks an address that sends more than `limit` requests in five minutes, for as long as it does.
    pub fn rate_limit(name: impl Into<String>, limit: u32) -> Self {
        Self::block(name, Statement::rate(limit))
    }

    /// Blocks requests from these countries, by ISO 3166-1 alpha-2 code.
    pub fn block_countries(
        name: impl Into<String>,
        country_codes: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self::block(name, Statement::countries(country_codes))
    }

    /// Blocks requests that match.
    pub fn block(name: impl Into<String>, statement: Statement) -> Self {
        Self::on(name, statement, Action::Block)
    }

    /// Does something to requests that match.
    pub fn on(name: impl Into<String>, statement: Statement, action: Action) -> Self {
        Self { name: name.into(), body: RuleBody::Match { statement, action } }
    }

    /// What AWS protects most sites with: reputation, the common rule set with cross-site scripting, known bad
    /// inputs and SQL injection.
    pub fn baseline() -> Vec<Self> {
        [
            AwsManagedRules::IpReputation,
            AwsManagedRules::Common,
            AwsManagedRules::KnownBadInputs,
            AwsManagedRules::SqlInjection,
        ]
        .map(Self::managed)
        .to_vec()
    }
}
