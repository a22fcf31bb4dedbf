//! What is tried again, how often and when.
//!
//! What does not belong here: tokens and redirects, which send other requests.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

/// When a request that failed is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// How often, after the first time.
    pub again: u32,
    /// The pause before the second try; it doubles each time.
    pub first_pause: Duration,
    /// The longest pause of that kind.
    pub longest_pause: Duration,
    /// The longest pause that a server may ask for.
    pub patience: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            again: 5,
            first_pause: Duration::from_millis(250),
            longest_pause: Duration::from_secs(3),
            patience: Duration::from_secs(5 * 60),
        }
    }
}

impl Retry {
    /// Everything is tried once.
    pub fn never() -> Self {
        Self { again: 0, ..Self::default() }
    }

    /// The pause after the first failure, the second and so on, with a tenth more or less, so that many clients do
    /// not come back at once.
    fn pause(&self, failures: u32) -> Duration {
        let pause = self.first_pause.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let random = u32::try_from(RandomState::new().build_hasher().finish() % 201).unwrap_or_default();
        (pause.saturating_mul(900 + random) / 1000).min(self.longest_pause)
    }
}
