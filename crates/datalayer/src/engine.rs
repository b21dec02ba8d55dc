//! Engines of Amazon Aurora.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Engine of an Aurora database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuroraEngine {
    /// Compatible with PostgreSQL; versions such as `16.6`.
    AuroraPostgresql,
    /// Compatible with MySQL; versions such as `8.0.mysql_aurora.3.08.0`.
    AuroraMysql,
}

impl AuroraEngine {
    /// The name in AWS's APIs: `aurora-postgresql`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuroraPostgresql => "aurora-postgresql",
            Self::AuroraMysql => "aurora-mysql",
        }
    }

    /// The port on which it listens: 5432 or 3306.
    pub const fn port(self) -> u16 {
        match self {
            Self::AuroraPostgresql => 5432,
            Self::AuroraMysql => 3306,
        }
    }

    /// The logs that it can send to CloudWatch.
    pub const fn log_exports(self) -> &'static [&'static str] {
        match self {
            Self::AuroraPostgresql => &["instance", "postgresql", "iam-db-auth-error"],
            Self::AuroraMysql => &["audit", "error", "general", "instance", "slowquery", "iam-db-auth-error"],
        }
    }

    /// The family of parameter groups for a version: `aurora-postgresql16`, `aurora-mysql8.0`.
    pub fn parameter_group_family(self, engine_version: &str) -> String {
        format!("{}{}", self.as_str(), self.major(engine_version))
    }

    /// The part of a version that only a major upgrade changes: `16`, `8.0`.
    pub fn major(self, engine_version: &str) -> &str {
        let parts = match self {
            Self::AuroraPostgresql => 1,
            Self::AuroraMysql => 2,
        };
        let end = engine_version.match_indices('.').nth(parts - 1).map(|(position, _)| position);
        &engine_version[..end.unwrap_or(engine_version.len())]
    }
}

impl fmt::Display for AuroraEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_follow_the_major_version() {
        let check = |engine: AuroraEngine, version: &str, expected: &str| {
            assert_eq!(engine.parameter_group_family(version), expected);
        };
        check(AuroraEngine::AuroraPostgresql, "16.6", "aurora-postgresql16");
        check(AuroraEngine::AuroraPostgresql, "17", "aurora-postgresql17");
        check(AuroraEngine::AuroraMysql, "8.0.mysql_aurora.3.08.0", "aurora-mysql8.0");
        check(AuroraEngine::AuroraMysql, "8.4", "aurora-mysql8.4");
    }

    #[test]
    fn the_name_is_written_as_aws_does() {
        for engine in [AuroraEngine::AuroraPostgresql, AuroraEngine::AuroraMysql] {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.as_str());
        }
    }
}
