//! A host that says "later" is left alone by all tasks.
//!
//! A registry that counts requests counts those of all tasks together, so one that goes on while another waits only
//! makes the wait longer.
//!
//! What does not belong here: how often something is tried again.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::origin::Origin;

/// When each host may be asked again.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<Origin, Instant>>);

impl Pace {
    /// Waits until the host may be asked.
    pub(super) async fn wait(&self, host: &Origin) {
        // It may be put off again meanwhile.
        while let Some(until) = self.until(host).filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Leaves the host alone for a while.
    pub(super) fn hold(&self, host: &Origin, pause: Duration) {
        let until = Instant::now() + pause;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.entry(host.clone()).or_insert(until);
        *known = until.max(*known);
    }

    fn until(&self, host: &Origin) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(host).copied()
    }
}

#[cfg(test)]
mod tests {
    use url::Url;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_host_is_left_alone_and_others_are_not() {
        let origin = |text: &str| Origin::of(&Url::parse(text).unwrap()).unwrap();
        let (pace, busy, idle) = (Pace::default(), origin("http://busy"), origin("http://idle"));
        let start = Instant::now();
        pace.hold(&busy, Duration::from_secs(9));
        pace.hold(&busy, Duration::from_secs(2));
        pace.wait(&idle).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        pace.wait(&busy).await;
        assert!(start.elapsed() >= Duration::from_secs(9));
    }
}
