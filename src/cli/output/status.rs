//! Status lines: one line on stdout for what happens to a node, as it happens.
//!
//! What does not belong here: the words ([`super::words`]) and bars.

use std::sync::Arc;

use oras::oci::{Descriptor, Digest};
use oras::progress::{Event, Reporter};

use super::bars::Bars;
use super::measure::Measured;
use super::text::visible;
use super::words::{PROCESSING, Words};
use crate::cli::app::App;
use crate::cli::args::format::Format;
use crate::cli::args::terminal::View;
use crate::cli::terminal::Terminal;

/// Of what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Every node.
    All,
    /// Nodes that are files.
    Titled,
}

impl Detail {
    /// As `--verbose` says.
    pub(crate) fn when(verbose: bool) -> Self {
        if verbose { Self::All } else { Self::Titled }
    }
}

/// What is under way: the same content may be moved under several names.
pub(super) type Key = (Digest, Option<String>);

/// What a node is while it is under way.
pub(super) fn key(node: &Descriptor) -> Key {
    (node.digest.clone(), node.title().map(str::to_owned))
}

/// Who hears of the work of a command, as it is to be seen. Lines come only beside a result for people.
pub(crate) fn reporter(
    app: &App,
    words: &'static Words,
    detail: Detail,
    format: &Format,
    view: View,
) -> Arc<dyn Reporter> {
    printing(app, words, detail, format, view, Terminal::status)
}

/// The same for a command whose stdout has content: lines go to stderr.
pub(crate) fn aside(
    app: &App,
    words: &'static Words,
    detail: Detail,
    format: &Format,
    view: View,
) -> Arc<dyn Reporter> {
    let print = |terminal: &Terminal, line: &str| terminal.say(line.trim_end_matches('\n'));
    printing(app, words, detail, format, view, print)
}

fn printing(
    app: &App,
    words: &'static Words,
    detail: Detail,
    format: &Format,
    view: View,
    print: fn(&Terminal, &str),
) -> Arc<dyn Reporter> {
    let lines = || -> Arc<dyn Reporter> {
        match format {
            Format::Text => Arc::new(Lines { terminal: app.terminal.clone(), words, detail, print }),
            _ => Arc::new(()),
        }
    };
    match view {
        View::Bars => Arc::new(Bars::new(&app.terminal, words)),
        View::Lines => lines(),
        View::Measured => Arc::new(Measured::new(app.terminal.clone(), words, lines())),
        View::Events => Arc::clone(&app.events) as Arc<dyn Reporter>,
    }
}

/// Prints a line for an event.
struct Lines {
    terminal: Terminal,
    words: &'static Words,
    detail: Detail,
    print: fn(&Terminal, &str),
}

impl Reporter for Lines {
    fn report(&self, event: Event<'_>) {
        if let Some(line) = line(event, self.words, self.detail) {
            (self.print)(&self.terminal, &line);
        }
    }
}

/// The line for an event, if it has one.
fn line(event: Event<'_>, words: &Words, detail: Detail) -> Option<String> {
    let (word, node) = match event {
        Event::Preparing(path) => {
            return (detail == Detail::All).then(|| format!("Preparing {}\n", visible(path)));
        }
        Event::Empty => return Some("Uploading empty artifact\n".to_owned()),
        Event::Started(node) => (words.started, node),
        Event::Processing(node) => (PROCESSING, node),
        Event::Ended(node, ending) => (words.ended(ending)?, node),
        Event::At { .. } | Event::Tagged(..) => return None,
    };
    let name = match (node.title(), detail) {
        (Some(title), _) => title,
        (None, Detail::All) => &node.media_type,
        (None, Detail::Titled) => return None,
    };
    Some(format!("{word:width$} {} {}\n", node.digest.short(), visible(name), width = words.width))
}

#[cfg(test)]
mod tests {
    use oras::oci::annotations::TITLE;
    use oras::progress::Ending;

    use super::super::words::{COPY, PULL, PUSH};
    use super::*;

    fn titled(title: &str) -> Descriptor {
        let mut node = Descriptor::of("a/b", b"hello\n");
        node.annotations.insert(TITLE.into(), title.into());
        node
    }

    #[test]
    fn a_line_is_a_padded_word_a_short_digest_and_a_name() {
        let node = titled("hi.txt");
        let told = |event, words| line(event, words, Detail::All).unwrap();
        assert_eq!(told(Event::Started(&node), &PUSH), "Uploading 5891b5b522d5 hi.txt\n");
        assert_eq!(told(Event::Ended(&node, Ending::Existed), &PUSH), "Exists    5891b5b522d5 hi.txt\n");
        assert_eq!(told(Event::Ended(&node, Ending::Done), &PULL), "Downloaded  5891b5b522d5 hi.txt\n");
        assert_eq!(told(Event::Ended(&node, Ending::Done), &COPY), "Copied  5891b5b522d5 hi.txt\n");
        assert_eq!(told(Event::Preparing("./hi.txt"), &PUSH), "Preparing ./hi.txt\n");
    }

    #[test]
    fn nodes_without_a_title_are_named_by_their_type_or_left_out() {
        let node = Descriptor::of("a/b", b"hello\n");
        assert_eq!(
            line(Event::Processing(&node), &PULL, Detail::All).unwrap(),
            "Processing  5891b5b522d5 a/b\n"
        );
        assert_eq!(line(Event::Processing(&node), &PULL, Detail::Titled), None);
        assert_eq!(line(Event::Preparing("x"), &PUSH, Detail::Titled), None);
        assert!(line(Event::Started(&titled("t")), &PUSH, Detail::Titled).is_some());
    }

    #[test]
    fn a_title_cannot_move_the_cursor() {
        let node = titled("a\r\u{1b}[1A\nDigest: sha256:0");
        let told = line(Event::Started(&node), &PUSH, Detail::All).unwrap();
        assert_eq!(told, "Uploading 5891b5b522d5 a\\x0d\\x1b[1A\\x0aDigest: sha256:0\n");
    }
}
