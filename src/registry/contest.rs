//! Several writers of one list, and no lock.
//!
//! A list under a tag is read, changed and written as a whole, so a writer that has read an older one takes away what
//! others have added since. Registries that look at conditions refuse such a write; most do not. Whoever added something
//! therefore looks again after a time that is longer than a read and a write take, when such writers must be done, and
//! writes once more if it is gone. When the list is still as it was written nobody else is there; else somebody who has
//! read it meanwhile may take entries away yet, and only two looks in a row that find it are enough.
//!
//! What cannot be promised without the registry's help: a writer that is stopped between its read and its write for
//! longer than the others wait, or one that does not look again, still takes entries away.
//!
//! What does not belong here: reading and writing.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use super::manifests::Condition;

/// How often changes may be lost before it is given up.
pub(super) const MOST_LOST: u32 = 40;
/// After how many refusals conditions are no longer sent: a registry may compare them with something else.
const CONDITIONS: u32 = 3;
/// The least time to wait before a look.
const LEAST: Duration = Duration::from_millis(50);
/// The most.
const MOST: Duration = Duration::from_secs(5);
/// How many times as long as the slowest read and write.
const TIMES: u32 = 2;

/// Whether a list is as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    /// It is.
    Absent,
    /// Somebody else has written since.
    Present,
}

/// The struggle of one writer.
#[derive(Debug, Default)]
pub(super) struct Contest {
    /// How often it was written.
    writes: u32,
    /// How often a condition was refused.
    refusals: u32,
    /// How many looks in a row have found everything there.
    seen: u32,
    slowest: Duration,
}

impl Contest {
    /// Everything was found there, alone or with what others have written since. True if that is enough.
    pub(super) fn is_won(&mut self, with: Others) -> bool {
        self.seen += 1;
        self.writes == 0 || with == Others::Absent || self.seen > 1
    }

    /// It was written; a read and a write took so long.
    pub(super) fn written(&mut self, took: Duration) {
        self.writes += 1;
        self.seen = 0;
        self.slowest = self.slowest.max(took);
    }

    /// The registry knew that another one was faster.
    pub(super) fn lost(&mut self) {
        self.refusals += 1;
        self.seen = 0;
    }

    /// What to ask the registry to look at.
    pub(super) fn condition(&self, version: Condition) -> Condition {
        if self.refusals < CONDITIONS { version } else { Condition::None }
    }

    /// How long to wait before the next look; none if there have been enough.
    pub(super) fn pause(&self) -> Option<Duration> {
        let tries = self.writes + self.refusals;
        if tries > MOST_LOST {
            return None;
        }
        let settled = self.slowest.saturating_mul(TIMES).max(LEAST);
        // The first look changes nothing yet. The more writers there are, the wider they are spread.
        let times = if tries > 1 { 1 << (tries - 1).min(4) } else { 0 };
        let longest = settled.saturating_mul(times).min(MOST.max(settled));
        let random = u32::try_from(RandomState::new().build_hasher().finish() % 1001).unwrap_or_default();
        Some(settled + longest.saturating_mul(random) / 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_beside_others_is_looked_at_twice() {
        let mut contest = Contest::default();
        contest.written(Duration::from_millis(100));
        assert!(!contest.is_won(Others::Present));
        assert!(contest.is_won(Others::Present));
        contest.written(Duration::from_millis(1));
        assert!(!contest.is_won(Others::Present));
        assert!(contest.is_won(Others::Absent));
        assert!(Contest::default().is_won(Others::Present));
    }

    #[test]
    fn pauses_are_longer_than_a_read_and_a_write_and_come_to_an_end() {
        let mut contest = Contest::default();
        contest.written(Duration::from_millis(200));
        for _ in 0..100 {
            let pause = contest.pause().unwrap();
            assert!(pause >= Duration::from_millis(400) && pause <= Duration::from_millis(800), "{pause:?}");
        }
        for _ in 0..MOST_LOST {
            contest.lost();
        }
        assert!(contest.pause().is_none());
        assert!(matches!(contest.condition(Condition::Absent), Condition::None));
    }
}
