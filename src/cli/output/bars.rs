//! Progress for people: two lines a node on stderr, drawn in place.
//!
//! indicatif keeps a bar for each node that is under way, and says when all of them are drawn again; what is done becomes
//! two lines that stay. What was still under way after an interrupt is wiped away.
//!
//! What does not belong here: how a line looks ([`line`]), how lines are drawn ([`canvas`]), and whether there are bars at
//! all ([`super::status::reporter`]).

mod canvas;
mod line;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use oras::oci::Descriptor;
use oras::progress::{Ending, Event, Reporter};

use super::status::{Key, key};
use super::text::visible;
use super::words::Words;
use crate::cli::terminal::Terminal;

use canvas::Canvas;
use line::{Mark, Row};

/// How often bars are drawn again, in a second.
const FRAMES: u8 = 5;

/// Draws bars.
pub(crate) struct Bars {
    terminal: Terminal,
    all: MultiProgress,
    words: &'static Words,
    live: Arc<Mutex<HashMap<Key, ProgressBar>>>,
}

impl Bars {
    /// Bars on stderr, with the words of a command. Whatever else is printed on the terminal makes way for them.
    pub(crate) fn new(terminal: &Terminal, words: &'static Words) -> Self {
        let target = ProgressDrawTarget::term_like_with_hz(Box::new(Canvas::stderr()), FRAMES);
        let all = MultiProgress::with_draw_target(target);
        terminal.make_way_for(all.clone());
        let bars = Self { terminal: terminal.clone(), all, words, live: Arc::default() };
        bars.keep_moving();
        bars
    }

    /// Draws time going by, also while no bytes move, as long as there are bars. One thread does it for all: indicatif
    /// itself would start one for each of them.
    fn keep_moving(&self) {
        let live = Arc::downgrade(&self.live);
        std::thread::spawn(move || {
            while let Some(live) = live.upgrade() {
                live.lock().unwrap_or_else(PoisonError::into_inner).values().for_each(ProgressBar::tick);
                drop(live);
                std::thread::sleep(Duration::from_secs(1) / u32::from(FRAMES));
            }
        });
    }

    fn live(&self) -> MutexGuard<'_, HashMap<Key, ProgressBar>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, node: &Descriptor) {
        let bar = ProgressBar::with_draw_target(Some(node.size), ProgressDrawTarget::hidden());
        bar.set_style(style(node, self.words.started, &self.terminal));
        if let Some(before) = self.live().insert(key(node), self.all.add(bar)) {
            self.all.remove(&before);
        }
    }

    fn advance(&self, node: &Descriptor, bytes: u64) {
        if let Some(bar) = self.live().get(&key(node)) {
            bar.set_position(bytes);
        }
    }

    fn end(&self, node: &Descriptor, ending: Ending) {
        let bar = self.live().remove(&key(node));
        // Before the lines that stay, beside which it would be drawn once more.
        if let Some(bar) = &bar {
            self.all.remove(bar);
        }
        let took = bar.as_ref().map_or(Duration::ZERO, ProgressBar::elapsed);
        let (mark, bytes) = match ending {
            Ending::Failed => (Mark::Failed, bar.as_ref().map_or(0, ProgressBar::position)),
            _ => (Mark::Done, node.size),
        };
        let row = row(node, &self.words.shown(ending), bytes, took);
        self.terminal.say(&row.lines(mark, self.terminal.stderr_width()));
    }
}

impl Drop for Bars {
    /// What is under way when work is given up has no end, and its lines would stay.
    fn drop(&mut self) {
        self.live().drain().for_each(|(_, bar)| self.all.remove(&bar));
        // A stderr that cannot be written has nothing on it.
        let _ = self.all.clear();
    }
}

/// How a bar looks: two lines of our own, which know what to leave out in a narrow window.
fn style(node: &Descriptor, word: &str, terminal: &Terminal) -> ProgressStyle {
    let (row, terminal) = (row(node, word, 0, Duration::ZERO), terminal.clone());
    let lines = move |state: &ProgressState, out: &mut dyn fmt::Write| {
        let row = Row { bytes: state.pos(), took: state.elapsed(), ..row.clone() };
        let frame = usize::try_from(state.elapsed().as_millis() / 200).unwrap_or_default();
        // One column is left free, since not every terminal can hold back a break behind its last one.
        let columns = terminal.stderr_width().saturating_sub(1).max(1);
        // What is written to is a string, which takes all.
        let _ = out.write_str(&row.lines(Mark::Moving(frame), columns));
    };
    // The template is well formed; another one would be one line.
    let style = ProgressStyle::with_template("{lines}").unwrap_or_else(|_| ProgressStyle::default_bar());
    style.with_key("lines", lines)
}

/// A node as it is shown.
fn row(node: &Descriptor, word: &str, bytes: u64, took: Duration) -> Row {
    Row {
        word: word.to_owned(),
        name: visible(node.title().unwrap_or(&node.media_type)).into_owned(),
        digest: node.digest.to_string(),
        bytes,
        total: node.size,
        took,
    }
}

impl Reporter for Bars {
    fn report(&self, event: Event<'_>) {
        match event {
            Event::Started(node) => self.begin(node),
            Event::At { node, bytes } => self.advance(node, bytes),
            Event::Ended(node, ending) => self.end(node, ending),
            Event::Preparing(_) | Event::Empty | Event::Processing(_) | Event::Tagged(..) => {}
        }
    }
}
