//! Problems: what is wrong with a topology, all listed at once.

use std::fmt;

use serde::Serialize;

use crate::address::Address;

/// One thing that is wrong with a topology or a plan: where, why, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The resource, where the problem has one.
    pub address: Option<Address>,
    /// What is wrong.
    pub cause: String,
    /// What to change.
    pub mend: String,
}

impl Problem {
    /// A problem of one resource.
    pub fn at(address: &Address, cause: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { address: Some(address.clone()), cause: cause.into(), mend: mend.into() }
    }

    /// A problem of the topology as a whole.
    pub fn general(cause: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { address: None, cause: cause.into(), mend: mend.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(address) = &self.address {
            write!(f, "{address}: ")?;
        }
        f.write_str(&self.cause)?;
        if !self.mend.is_empty() {
            write!(f, "; {}", self.mend)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// Everything that is wrong, sorted by address; never empty when returned as an error.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts and removes repetitions.
    pub fn new(problems: impl IntoIterator<Item = Problem>) -> Self {
        let mut problems: Vec<_> = problems.into_iter().collect();
        problems.sort();
        problems.dedup();
        Self(problems)
    }

    /// `value` when there are no problems.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// The problems, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> IntoIterator for &'a Problems {
    type Item = &'a Problem;
    type IntoIter = std::slice::Iter<'a, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        write!(f, "{count} problem{}", if count == 1 { "" } else { "s" })?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
