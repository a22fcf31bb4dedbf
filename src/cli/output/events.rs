//! What happens, for programs: a line of JSON on stderr for each event.
//!
//! Every line is one object whose `event` says what it is. Names and texts are whole, since JSON can say everything; what
//! could deceive somebody who reads such lines on a terminal is written as `\u…`. Of bytes that move there is at most one
//! line a second for each node.
//!
//! What does not belong here: how a failure is told ([`crate::cli::failure`]), whose line is the last one.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use oras::oci::{Descriptor, Digest};
use oras::progress::{Ending, Event, Reporter};
use serde::Serialize;

use super::status::{Key, key};
use super::text::is_unseen;
use crate::cli::terminal::Terminal;

/// The time between two lines about the bytes of a node.
const PAUSE: Duration = Duration::from_secs(1);

/// One line. What is not known is `null`.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Notice<'a> {
    /// A file or folder is being read and hashed.
    Preparing {
        name: &'a str,
    },
    /// The bytes of a node are about to move.
    Started(Node<'a>),
    /// So many of them have moved.
    Progress {
        #[serde(flatten)]
        node: Node<'a>,
        bytes: u64,
    },
    /// All of them have moved.
    Done(Node<'a>),
    /// The node was there already.
    Exists(Node<'a>),
    /// The node is not wanted.
    Skipped(Node<'a>),
    /// The registry took the node from another of its repositories.
    Mounted(Node<'a>),
    /// The node was written from equal content that had already come.
    Restored(Node<'a>),
    /// The node failed; the error follows at the end.
    Failed(Node<'a>),
    /// Something that failed is tried again.
    Retry {
        method: &'a str,
        url: &'a str,
        bytes: Option<u64>,
        size: Option<u64>,
        reason: &'a str,
        attempt: u32,
        attempts: u32,
        /// How many seconds are waited before it.
        pause: f64,
    },
    /// Something that is no failure.
    Warning {
        message: &'a str,
        host: Option<&'a str>,
    },
    /// A part of the trace.
    Debug {
        message: &'a str,
    },
    Summary(Summary),
    /// Why the command failed.
    Error {
        message: &'a str,
        code: &'a str,
        status: Option<u16>,
        host: Option<&'a str>,
        hint: Option<&'a str>,
    },
}

/// A node as it is named.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Node<'a> {
    name: Option<&'a str>,
    media_type: &'a str,
    digest: &'a Digest,
    size: u64,
}

impl<'a> Node<'a> {
    fn new(node: &'a Descriptor) -> Self {
        Self { name: node.title(), media_type: &node.media_type, digest: &node.digest, size: node.size }
    }
}

/// What became of all nodes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub(crate) struct Summary {
    done: u64,
    exists: u64,
    skipped: u64,
    mounted: u64,
    restored: u64,
    failed: u64,
    /// Of the nodes that are done.
    bytes: u64,
    seconds: f64,
}

/// The line, without its end.
pub(crate) fn line(notice: &Notice<'_>) -> String {
    // Nothing in it has a form that JSON has not.
    let json = serde_json::to_string(notice).unwrap_or_default();
    let mut line = String::with_capacity(json.len());
    for letter in json.chars() {
        // All of these are of one unit of UTF-16, and stand inside of texts.
        let _ = if is_unseen(letter) {
            write!(line, "\\u{:04x}", u32::from(letter))
        } else {
            line.write_char(letter)
        };
    }
    line
}

/// A length of time in seconds, with three digits behind the dot.
pub(crate) fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

/// Tells events on stderr.
pub(crate) struct Events {
    terminal: Terminal,
    began: Instant,
    record: Mutex<Record>,
}

impl Events {
    /// None has been told yet.
    pub(crate) fn new(terminal: Terminal) -> Self {
        Self { terminal, began: Instant::now(), record: Mutex::default() }
    }

    /// Tells what became of all.
    pub(crate) fn summarise(&self) {
        let record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let summary = Summary { seconds: seconds(self.began.elapsed()), ..record.summary };
        self.terminal.event(&Notice::Summary(summary));
    }
}

impl Reporter for Events {
    fn report(&self, event: Event<'_>) {
        // Held while it is told, so that nothing is told of a node behind its end.
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(notice) = record.notice(event, self.began.elapsed()) {
            self.terminal.event(&notice);
        }
    }
}

/// What has been told.
#[derive(Default)]
struct Record {
    /// When something was last told of what is under way.
    told: HashMap<Key, Duration>,
    summary: Summary,
}

impl Record {
    /// What is told of an event, if anything is.
    fn notice<'a>(&mut self, event: Event<'a>, now: Duration) -> Option<Notice<'a>> {
        match event {
            Event::Preparing(name) => Some(Notice::Preparing { name }),
            Event::Started(node) => {
                self.told.insert(key(node), now);
                Some(Notice::Started(Node::new(node)))
            }
            Event::At { node, bytes } => {
                let told = self.told.get_mut(&key(node))?;
                if now.saturating_sub(*told) < PAUSE {
                    return None;
                }
                *told = now;
                Some(Notice::Progress { node: Node::new(node), bytes })
            }
            Event::Ended(node, ending) => {
                self.told.remove(&key(node));
                Some(self.ended(node, ending))
            }
            Event::Empty | Event::Processing(_) | Event::Tagged(..) => None,
        }
    }

    fn ended<'a>(&mut self, node: &'a Descriptor, ending: Ending) -> Notice<'a> {
        let summary = &mut self.summary;
        let (count, notice): (_, fn(Node<'a>) -> Notice<'a>) = match ending {
            Ending::Done => {
                summary.bytes += node.size;
                (&mut summary.done, Notice::Done)
            }
            Ending::Existed => (&mut summary.exists, Notice::Exists),
            Ending::Skipped => (&mut summary.skipped, Notice::Skipped),
            Ending::Mounted => (&mut summary.mounted, Notice::Mounted),
            Ending::Restored => (&mut summary.restored, Notice::Restored),
            Ending::Failed => (&mut summary.failed, Notice::Failed),
        };
        *count += 1;
        notice(Node::new(node))
    }
}

#[cfg(test)]
mod tests {
    use oras::oci::annotations::TITLE;

    use super::*;

    fn titled(title: &str) -> Descriptor {
        let mut node = Descriptor::of("a/b", b"hello\n");
        node.annotations.insert(TITLE.into(), title.into());
        node
    }

    #[test]
    fn bytes_that_move_are_told_once_a_second() {
        let (one, two) = (titled("one"), titled("two"));
        let mut record = Record::default();
        let mut told = |event, milliseconds| {
            let notice = record.notice(event, Duration::from_millis(milliseconds));
            notice.map(|notice| line(&notice)).unwrap_or_default()
        };
        let at = |node, bytes| Event::At { node, bytes };
        assert_eq!(told(at(&one, 1), 0), "", "it has not begun");
        assert!(told(Event::Started(&one), 0).starts_with(r#"{"event":"started","name":"one","mediaType":"#));
        assert!(!told(Event::Started(&two), 700).is_empty());
        assert_eq!(told(at(&one, 2), 999), "");
        assert!(told(at(&one, 3), 1000).ends_with(r#","size":6,"bytes":3}"#));
        assert_eq!(told(at(&two, 3), 1699), "");
        assert!(!told(at(&two, 4), 1700).is_empty());
        assert_eq!(told(at(&one, 4), 1999), "");
        assert!(told(Event::Ended(&one, Ending::Done), 2000).starts_with(r#"{"event":"done","#));
        assert_eq!(told(at(&one, 5), 9000), "", "it has ended");
    }

    #[test]
    fn every_end_has_its_event_and_is_counted() {
        let (node, mut record) = (titled("x"), Record::default());
        let endings = [
            (Ending::Done, "done"),
            (Ending::Existed, "exists"),
            (Ending::Skipped, "skipped"),
            (Ending::Mounted, "mounted"),
            (Ending::Restored, "restored"),
            (Ending::Failed, "failed"),
        ];
        for (ending, name) in endings {
            let told = line(&record.notice(Event::Ended(&node, ending), Duration::ZERO).unwrap());
            assert!(told.starts_with(&format!("{{\"event\":\"{name}\",")), "{told}");
        }
        let all =
            Summary { done: 1, exists: 1, skipped: 1, mounted: 1, restored: 1, failed: 1, ..record.summary };
        assert_eq!(record.summary, Summary { bytes: 6, ..all });
    }

    #[test]
    fn a_name_is_whole_and_cannot_move_the_cursor() {
        let name = "a\r\u{1b}[1A\n\u{9b}\u{202e}ü\u{7f}\"\\";
        let told = line(&Notice::Preparing { name });
        assert!(!told.chars().any(is_unseen), "{told}");
        let read: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(read["name"], name);
    }
}
