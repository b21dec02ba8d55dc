//! Availability zones: their names, and which three of a region to use.

use std::{fmt, str::FromStr};

use landfall_core::PlaceCode;

/// Name of an availability zone: `ap-south-1a`.
///
/// In many regions AWS maps letters to places anew for every account, so that a letter says nothing across accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(String);

/// Letters of the regions whose first three zones are not `a`, `b` and `c`; every other region has those.
///
/// Tokyo's `b` and Central Canada's `c` are closed to accounts that do not use them already; in Northern California
/// an account sees two of three zones, and which two differs. Source: what `ec2 describe-availability-zones` lists
/// for recent accounts; AWS documents zones by id only, at
/// <https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html>.
const ODD_LETTERS: [(&str, &str); 3] = [("ap-northeast-1", "acd"), ("ca-central-1", "abd"), ("us-west-1", "")];

impl Zone {
    /// The zone of that letter in a region.
    pub fn new(region: PlaceCode, letter: char) -> Self {
        Self(format!("{region}{letter}"))
    }

    /// Three zones of a region that every account may use; `None` where AWS promises fewer (`us-west-1`).
    pub fn three(region: PlaceCode) -> Option<[Self; 3]> {
        let odd = ODD_LETTERS.iter().find(|(code, _)| *code == region.as_str());
        let letters: Vec<char> = odd.map_or("abc", |(_, letters)| letters).chars().collect();
        let letters: [char; 3] = letters.try_into().ok()?;
        Some(letters.map(|letter| Self::new(region, letter)))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The letter at its end, which names the zone inside its region.
    pub fn letter(&self) -> char {
        self.0.chars().next_back().unwrap_or('a')
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.0
    }
}

/// A text that names no availability zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no availability zone; one is a region's code and a letter: `ap-south-1a`")]
pub struct InvalidZone {
    /// The text as given.
    pub text: String,
}

impl FromStr for Zone {
    type Err = InvalidZone;

    fn from_str(text: &str) -> Result<Self, InvalidZone> {
        let invalid = || InvalidZone { text: text.to_owned() };
        let letter = text.chars().next_back().filter(char::is_ascii_lowercase).ok_or_else(invalid)?;
        let region: PlaceCode = text[..text.len() - 1].parse().map_err(|_| invalid())?;
        if region.is_global() {
            return Err(invalid());
        }
        Ok(Self::new(region, letter))
    }
}

#[cfg(test)]
mod tests {
    use landfall_core::REGIONS;

    use super::*;

    #[test]
    fn every_region_but_one_has_three_zones() {
        for facts in REGIONS {
            let region: PlaceCode = facts.code.parse().unwrap();
            match Zone::three(region) {
                Some(zones) => {
                    for zone in zones {
                        assert_eq!(zone.as_str().parse(), Ok(zone));
                    }
                }
                None => assert_eq!(facts.code, "us-west-1"),
            }
        }
    }

    #[test]
    fn letters_follow_the_region() {
        let check = |region: &str, expected: [&str; 3]| {
            let zones = Zone::three(region.parse().unwrap()).map(|zones| zones.map(String::from));
            assert_eq!(zones, Some(expected.map(str::to_owned)));
        };
        check("ap-south-1", ["ap-south-1a", "ap-south-1b", "ap-south-1c"]);
        check("eu-west-2", ["eu-west-2a", "eu-west-2b", "eu-west-2c"]);
        check("ap-northeast-1", ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]);
        check("ca-central-1", ["ca-central-1a", "ca-central-1b", "ca-central-1d"]);
    }

    #[test]
    fn what_is_no_zone_is_refused() {
        for text in ["", "a", "ap-south-1", "ap-south-1A", "mars-1a", "globala", "ap-south-1ä"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }
}
