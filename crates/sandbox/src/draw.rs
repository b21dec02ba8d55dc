//! Random numbers that depend on what they are for, and not on when they are drawn.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A seed made of the sandbox's seed and of words that say what is drawn: the same words, the same draw.
///
/// Ids, times and faults so stay the same when calls run in another order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw(u64);

impl Draw {
    /// The seed of a sandbox.
    pub(crate) fn new(seed: u64) -> Self {
        Self(FNV_OFFSET).nth(seed)
    }

    /// Adds a word to what is drawn for (FNV-1a, with a separator after each word).
    pub(crate) fn with(self, word: impl AsRef<[u8]>) -> Self {
        let bytes = word.as_ref().iter().chain(&[0xff]);
        Self(bytes.fold(self.0, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)))
    }

    /// Adds a number.
    pub(crate) fn nth(self, number: u64) -> Self {
        self.with(number.to_le_bytes())
    }

    /// Characters of an alphabet.
    pub(crate) fn text(self, alphabet: &[u8], length: usize) -> String {
        let mut rng = self.rng();
        (0..length).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect()
    }

    /// Whether something happens that happens in this share of all cases.
    pub(crate) fn happens(self, share: f64) -> bool {
        share > 0.0 && self.rng().random_bool(share.min(1.0))
    }

    /// A number from the standard normal distribution (Box and Muller).
    pub(crate) fn normal(self) -> f64 {
        let mut rng = self.rng();
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
    }

    fn rng(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.0)
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_words_give_the_same_draw_and_others_another() {
        let text = |draw: Draw| draw.text(b"0123456789abcdef", 17);
        let draw = Draw::new(7).with("ec2.vpc").with("ap-south-1/ec2.vpc:a");
        assert_eq!(text(draw), text(draw));
        assert_ne!(text(draw), text(draw.nth(1)));
        assert_ne!(text(draw), text(Draw::new(8).with("ec2.vpc").with("ap-south-1/ec2.vpc:a")));
        assert_ne!(text(Draw::new(7).with("ab").with("c")), text(Draw::new(7).with("a").with("bc")));
    }

    #[test]
    fn shares_are_kept() {
        let count = (0..10_000).filter(|n| Draw::new(3).nth(*n).happens(0.2)).count();
        assert!((1800..2200).contains(&count), "{count} of 10000");
        assert!(!Draw::new(3).happens(0.0));
        assert!(Draw::new(3).happens(1.0));
    }
}
