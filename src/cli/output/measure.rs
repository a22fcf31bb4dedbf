//! How far it is, in a line every ten seconds: for logs of long transfers, in which bars would be debris.
//!
//! What does not belong here: the lines about single nodes, which come beside it.

use std::collections::HashMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use oras::progress::{Ending, Event, Reporter};

use super::status::{Key, key};
use super::units::{Size, duration};
use super::words::Words;
use crate::cli::terminal::Terminal;

/// The time between two lines.
const PAUSE: Duration = Duration::from_secs(10);

/// Tells how far it is on stderr, and hands on what it hears.
pub(crate) struct Measured {
    next: Arc<dyn Reporter>,
    meter: Arc<Mutex<Meter>>,
    /// Ends the thread that tells when this is gone.
    _alive: Sender<()>,
}

impl Measured {
    /// Begins to measure.
    pub(crate) fn new(terminal: Terminal, words: &'static Words, next: Arc<dyn Reporter>) -> Self {
        let (alive, gone) = channel();
        let (meter, began) = (Arc::new(Mutex::new(Meter::default())), Instant::now());
        let watched = Arc::clone(&meter);
        std::thread::spawn(move || {
            while gone.recv_timeout(PAUSE) == Err(RecvTimeoutError::Timeout) {
                let mut meter = watched.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(line) = meter.line(words, began.elapsed()) {
                    drop(meter);
                    terminal.say(&line);
                }
            }
        });
        Self { next, meter, _alive: alive }
    }
}

impl Reporter for Measured {
    fn report(&self, event: Event<'_>) {
        self.meter.lock().unwrap_or_else(PoisonError::into_inner).hear(event);
        self.next.report(event);
    }
}

/// What has moved.
#[derive(Default)]
struct Meter {
    /// What is under way: how many bytes have moved, and of how many.
    live: HashMap<Key, (u64, u64)>,
    /// The bytes of what is done.
    moved: u64,
    done: usize,
    /// When the last line was told, and how many bytes had moved then.
    before: (Duration, u64),
}

impl Meter {
    fn hear(&mut self, event: Event<'_>) {
        match event {
            Event::Started(node) => drop(self.live.insert(key(node), (0, node.size))),
            Event::At { node, bytes } => {
                if let Some((moved, _)) = self.live.get_mut(&key(node)) {
                    *moved = bytes;
                }
            }
            Event::Ended(node, ending) => {
                self.live.remove(&key(node));
                self.done += usize::from(ending != Ending::Failed);
                self.moved += if ending == Ending::Done { node.size } else { 0 };
            }
            Event::Preparing(_) | Event::Empty | Event::Processing(_) | Event::Tagged(..) => {}
        }
    }

    /// The line, if anything is under way.
    fn line(&mut self, words: &Words, now: Duration) -> Option<String> {
        // Sizes are what manifests say, which may be anything.
        let sum = |(moved, all): (u64, u64), (more, of): &(u64, u64)| {
            (moved.saturating_add(*more), all.saturating_add(*of))
        };
        let under_way = self.live.values().fold((0, 0), sum);
        let (moved, all) = sum(under_way, &(self.moved, self.moved));
        let (then, before) = std::mem::replace(&mut self.before, (now, moved));
        if self.live.is_empty() {
            return None;
        }
        let rate = per_second(moved.saturating_sub(before), now.saturating_sub(then));
        let left = match under_way.1.saturating_sub(under_way.0).checked_div(rate) {
            Some(seconds) => format!("{} left", duration(Duration::from_secs(seconds))),
            None => "standing still".to_owned(),
        };
        let (size, rate) = (Size::of(all), Size::of(rate));
        let percent = (u128::from(moved) * 100).checked_div(all.into()).unwrap_or(100);
        Some(format!(
            "{}: {} of {} {} ({percent}%), {} {}/s, {left}; {} done, {} under way",
            words.started,
            size.like(moved),
            size.number(),
            size.unit(),
            rate.number(),
            rate.unit(),
            self.done,
            self.live.len()
        ))
    }
}

/// Bytes a second.
fn per_second(bytes: u64, time: Duration) -> u64 {
    let rate = (u128::from(bytes) * 1000).checked_div(time.as_millis()).unwrap_or_default();
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use oras::oci::{Descriptor, Digest};

    use super::super::words::PULL;
    use super::*;

    const MIB: u64 = 1024 * 1024;

    #[test]
    fn a_line_tells_bytes_rate_and_the_time_that_is_left() {
        let large = Descriptor::new("a/b", Digest::of(b"large"), 200 * MIB);
        let small = Descriptor::new("a/b", Digest::of(b"small"), 10 * MIB);
        let mut meter = Meter::default();
        let second = Duration::from_secs;
        assert_eq!(meter.line(&PULL, second(10)), None, "nothing is under way");
        meter.hear(Event::Started(&small));
        meter.hear(Event::Started(&large));
        meter.hear(Event::Ended(&small, Ending::Done));
        meter.hear(Event::At { node: &large, bytes: 40 * MIB });
        assert_eq!(
            meter.line(&PULL, second(20)).unwrap(),
            "Downloading: 50 of 210 MB (23%), 5 MB/s, 32s left; 1 done, 1 under way"
        );
        assert_eq!(
            meter.line(&PULL, second(30)).unwrap(),
            "Downloading: 50 of 210 MB (23%), 0 B/s, standing still; 1 done, 1 under way"
        );
        // Begun anew.
        meter.hear(Event::At { node: &large, bytes: 0 });
        assert!(meter.line(&PULL, second(40)).unwrap().contains(" 0 B/s, "));
        meter.hear(Event::Ended(&large, Ending::Failed));
        assert_eq!(meter.line(&PULL, second(50)), None);
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        let nodes = [b"x", b"y"].map(|text| Descriptor::new("a/b", Digest::of(text), u64::MAX));
        let mut meter = Meter::default();
        for node in &nodes {
            meter.hear(Event::Started(node));
            meter.hear(Event::At { node, bytes: u64::MAX / 4 });
        }
        let line = meter.line(&PULL, Duration::from_millis(1)).unwrap();
        assert!(line.contains(" (49%), "), "{line}");
    }
}
