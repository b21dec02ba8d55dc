//! Places: where a resource lives, as a zero-sized type.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

/// Where a resource lives: an AWS region, [`Global`], or [`AnyRegion`].
pub trait Place: Copy + fmt::Debug + Send + Sync + 'static {
    /// Code of the place, `None` only for [`AnyRegion`], whose code is known at run time.
    const CODE: Option<&'static str>;
}

/// Country or union whose law covers data at rest in a region.
pub trait Jurisdiction: 'static {
    /// Name of the jurisdiction in English.
    const NAME: &'static str;
}

/// An AWS region.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an AWS region",
    note = "use a region type such as `ApSouth1` (also named `Mumbai`), or `AnyRegion` with `Topology::any_region`"
)]
pub trait Region: Place {
    /// Law that covers data at rest in the region.
    type Jurisdiction: Jurisdiction;
}

/// Holds for every pair of different regions.
///
/// [`AnyRegion`] is accepted on either side here and compared when the topology is validated.
#[diagnostic::on_unimplemented(
    message = "`{Self}` and `{Other}` must be different regions",
    label = "both ends of this link would live in the same region",
    note = "replication and global databases need a second region, so that the loss of one leaves the other"
)]
pub trait DistinctFrom<Other: Region>: Region {}

/// Holds for two regions under the same law, so that data may move between them without a reason.
#[diagnostic::on_unimplemented(
    message = "data would cross from the jurisdiction of `{Self}` to that of `{Other}`",
    label = "this replication crosses a border",
    note = "say why it may: use the `cross_border(reason)` form"
)]
pub trait SameJurisdiction<Other: Region>: Region {}
impl<A: Region, B: Region<Jurisdiction = A::Jurisdiction>> SameJurisdiction<B> for A {}

/// The place of resources that belong to no region: IAM, Route 53, CloudFront, Aurora global clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Global;

impl Place for Global {
    const CODE: Option<&'static str> = Some(PlaceCode::GLOBAL);
}

/// A region known only at run time, checked when the topology is validated instead of by the compiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnyRegion;

/// Jurisdiction of [`AnyRegion`]: unknown to the compiler.
#[derive(Debug)]
pub struct AnyJurisdiction;

impl Jurisdiction for AnyJurisdiction {
    const NAME: &'static str = "any";
}
impl Place for AnyRegion {
    const CODE: Option<&'static str> = None;
}
impl Region for AnyRegion {
    type Jurisdiction = AnyJurisdiction;
}
impl DistinctFrom<AnyRegion> for AnyRegion {}

/// What is known of a region at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegionFacts {
    /// Code in AWS's APIs: `ap-south-1`.
    pub code: &'static str,
    /// City or area by which AWS names the region: `Mumbai`.
    pub city: &'static str,
    /// ISO 3166-1 alpha-2 code of the country.
    pub country: &'static str,
    /// Law that covers data at rest there.
    pub jurisdiction: &'static str,
}

/// Code of a place, checked: a known region or `global`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct PlaceCode(&'static str);

impl PlaceCode {
    const GLOBAL: &'static str = "global";

    /// The place of resources without a region.
    pub const fn global() -> Self {
        Self(Self::GLOBAL)
    }

    /// The code as it stands in addresses: `ap-south-1`, `global`.
    pub const fn as_str(self) -> &'static str {
        self.0
    }

    /// The region whose API endpoint serves the place: `us-east-1` for what is global.
    pub fn api_region(self) -> &'static str {
        if self.is_global() { "us-east-1" } else { self.0 }
    }

    /// Whether this is the place without a region.
    pub fn is_global(self) -> bool {
        self.0 == Self::GLOBAL
    }

    /// What is known of the region, `None` for `global`.
    pub fn region(self) -> Option<&'static RegionFacts> {
        REGIONS.iter().find(|facts| facts.code == self.0)
    }
}

impl fmt::Display for PlaceCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

/// A text that is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{code}` is not a commercial AWS region{}", suggestion(code))]
pub struct UnknownRegion {
    /// The text as given.
    pub code: String,
}

/// The nearest region code, for a typo; the regions of the same area otherwise.
fn suggestion(code: &str) -> String {
    let squeezed = |text: &str| text.to_ascii_lowercase().replace(['-', '_', ' '], "");
    let wanted = squeezed(code);
    let by_name = REGIONS.iter().find(|r| squeezed(r.code) == wanted || squeezed(r.city) == wanted);
    if let Some(region) = by_name {
        return format!("; did you mean `{}` ({})?", region.code, region.city);
    }
    let area = code.split('-').next().unwrap_or_default();
    let near: Vec<_> = REGIONS.iter().map(|r| r.code).filter(|c| c.split('-').next() == Some(area)).collect();
    if near.is_empty() {
        "; examples: `ap-south-1` (Mumbai), `eu-west-2` (London), `us-east-1` (N. Virginia)".to_owned()
    } else {
        format!("; `{area}` has {}", near.join(", "))
    }
}

impl FromStr for PlaceCode {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        if code == Self::GLOBAL {
            return Ok(Self::global());
        }
        REGIONS
            .iter()
            .find(|facts| facts.code == code)
            .map(|facts| Self(facts.code))
            .ok_or_else(|| UnknownRegion { code: code.to_owned() })
    }
}

impl<'de> Deserialize<'de> for PlaceCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Generic code to run for a region that is chosen at run time, see [`dispatch`].
pub trait RegionVisitor {
    /// What the visit returns.
    type Output;

    /// Called once, with the region as a type.
    fn visit<R: Region>(self) -> Self::Output;
}

macro_rules! regions {
    ($($jurisdiction:ident $name:literal { $($region:ident $code:literal $city:literal $country:literal $(as $alias:ident)?,)* })*) => {
        $(
            #[doc = concat!("Law of: ", $name, ".")]
            #[derive(Debug)]
            pub struct $jurisdiction;
            impl Jurisdiction for $jurisdiction { const NAME: &'static str = $name; }
            $(
                #[doc = concat!("`", $code, "`: ", $city, ", ", $country, ".")]
                #[derive(Clone, Copy, Debug, PartialEq, Eq)]
                pub struct $region;
                impl Place for $region { const CODE: Option<&'static str> = Some($code); }
                impl Region for $region { type Jurisdiction = $jurisdiction; }
                impl DistinctFrom<AnyRegion> for $region {}
                impl DistinctFrom<$region> for AnyRegion {}
                $(#[doc = concat!("`", $code, "`.")] pub type $alias = $region;)?
            )*
        )*
        regions!(@pairs $($($region)*)*);

        /// Every commercial AWS region, sorted by code.
        pub const REGIONS: &[RegionFacts] = &{
            let mut all = [$($(RegionFacts { code: $code, city: $city, country: $country, jurisdiction: $name },)*)*];
            sort(&mut all);
            all
        };

        /// Runs `visitor` with the region type whose code is `code`: configuration becomes a type.
        ///
        /// # Errors
        /// [`UnknownRegion`] when no commercial region has that code.
        pub fn dispatch<V: RegionVisitor>(code: &str, visitor: V) -> Result<V::Output, UnknownRegion> {
            match code {
                $($($code => Ok(visitor.visit::<$region>()),)*)*
                _ => Err(UnknownRegion { code: code.to_owned() }),
            }
        }
    };
    (@pairs $first:ident $($rest:ident)*) => {
        $(impl DistinctFrom<$rest> for $first {} impl DistinctFrom<$first> for $rest {})*
        regions!(@pairs $($rest)*);
    };
    (@pairs) => {};
}

/// Sorts by code in a constant.
const fn sort(regions: &mut [RegionFacts]) {
    let mut i = 1;
    while i < regions.len() {
        let mut j = i;
        while j > 0 && is_less(regions[j].code.as_bytes(), regions[j - 1].code.as_bytes()) {
            let swapped = regions[j];
            regions[j] = regions[j - 1];
            regions[j - 1] = swapped;
            j -= 1;
        }
        i += 1;
    }
}

const fn is_less(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return a[i] < b[i];
        }
        i += 1;
    }
    a.len() < b.len()
}

regions! {
    India "India" {
        ApSouth1 "ap-south-1" "Mumbai" "IN" as Mumbai,
        ApSouth2 "ap-south-2" "Hyderabad" "IN" as Hyderabad,
    }
    UnitedKingdom "United Kingdom" {
        EuWest2 "eu-west-2" "London" "GB" as London,
    }
    EuropeanUnion "European Union" {
        EuWest1 "eu-west-1" "Ireland" "IE" as Ireland,
        EuWest3 "eu-west-3" "Paris" "FR" as Paris,
        EuCentral1 "eu-central-1" "Frankfurt" "DE" as Frankfurt,
        EuNorth1 "eu-north-1" "Stockholm" "SE" as Stockholm,
        EuSouth1 "eu-south-1" "Milan" "IT" as Milan,
        EuSouth2 "eu-south-2" "Spain" "ES" as Spain,
    }
    Switzerland "Switzerland" {
        EuCentral2 "eu-central-2" "Zurich" "CH" as Zurich,
    }
    UnitedStates "United States" {
        UsEast1 "us-east-1" "N. Virginia" "US" as NorthVirginia,
        UsEast2 "us-east-2" "Ohio" "US" as Ohio,
        UsWest1 "us-west-1" "N. California" "US" as NorthCalifornia,
        UsWest2 "us-west-2" "Oregon" "US" as Oregon,
    }
    Canada "Canada" {
        CaCentral1 "ca-central-1" "Central" "CA",
        CaWest1 "ca-west-1" "Calgary" "CA" as Calgary,
    }
    Mexico "Mexico" {
        MxCentral1 "mx-central-1" "Central" "MX",
    }
    Brazil "Brazil" {
        SaEast1 "sa-east-1" "São Paulo" "BR" as SaoPaulo,
    }
    HongKong "Hong Kong" {
        ApEast1 "ap-east-1" "Hong Kong" "HK",
    }
    TaiwanLaw "Taiwan" {
        ApEast2 "ap-east-2" "Taipei" "TW" as Taipei,
    }
    Japan "Japan" {
        ApNortheast1 "ap-northeast-1" "Tokyo" "JP" as Tokyo,
        ApNortheast3 "ap-northeast-3" "Osaka" "JP" as Osaka,
    }
    SouthKorea "South Korea" {
        ApNortheast2 "ap-northeast-2" "Seoul" "KR" as Seoul,
    }
    SingaporeLaw "Singapore" {
        ApSoutheast1 "ap-southeast-1" "Singapore" "SG" as Singapore,
    }
    Australia "Australia" {
        ApSoutheast2 "ap-southeast-2" "Sydney" "AU" as Sydney,
        ApSoutheast4 "ap-southeast-4" "Melbourne" "AU" as Melbourne,
    }
    Indonesia "Indonesia" {
        ApSoutheast3 "ap-southeast-3" "Jakarta" "ID" as Jakarta,
    }
    MalaysiaLaw "Malaysia" {
        ApSoutheast5 "ap-southeast-5" "Malaysia" "MY" as Malaysia,
    }
    NewZealandLaw "New Zealand" {
        ApSoutheast6 "ap-southeast-6" "New Zealand" "NZ" as NewZealand,
    }
    ThailandLaw "Thailand" {
        ApSoutheast7 "ap-southeast-7" "Thailand" "TH" as Thailand,
    }
    Bahrain "Bahrain" {
        MeSouth1 "me-south-1" "Bahrain" "BH",
    }
    UnitedArabEmirates "United Arab Emirates" {
        MeCentral1 "me-central-1" "UAE" "AE",
    }
    Israel "Israel" {
        IlCentral1 "il-central-1" "Tel Aviv" "IL" as TelAviv,
    }
    SouthAfrica "South Africa" {
        AfSouth1 "af-south-1" "Cape Town" "ZA" as CapeTown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_commercial_region_is_known_once_and_in_order() {
        assert_eq!(REGIONS.len(), 34);
        assert!(REGIONS.windows(2).all(|pair| pair[0].code < pair[1].code));
    }

    #[test]
    fn dispatch_turns_each_code_into_its_type() {
        struct Code;
        impl RegionVisitor for Code {
            type Output = Option<&'static str>;
            fn visit<R: Region>(self) -> Self::Output {
                R::CODE
            }
        }
        for facts in REGIONS {
            assert_eq!(dispatch(facts.code, Code), Ok(Some(facts.code)));
        }
        assert!(dispatch("mars-1", Code).is_err());
    }

    #[test]
    fn a_wrong_code_says_what_was_meant() {
        let check = |code: &str, expected: &str| {
            assert_eq!(code.parse::<PlaceCode>().map_err(|e| e.to_string()), Err(expected.to_owned()));
        };
        check("ap_south_1", "`ap_south_1` is not a commercial AWS region; did you mean `ap-south-1` (Mumbai)?");
        check("london", "`london` is not a commercial AWS region; did you mean `eu-west-2` (London)?");
        check("sa-east-9", "`sa-east-9` is not a commercial AWS region; `sa` has sa-east-1");
        check(
            "mars-1",
            "`mars-1` is not a commercial AWS region; examples: `ap-south-1` (Mumbai), `eu-west-2` (London), `us-east-1` (N. Virginia)",
        );
    }
}
