//! Progress for people: two lines a node on stderr, drawn in place.
//!
//! Only what is under way is drawn again and again, the latest nodes of it where there is not room for all; what is done
//! becomes two lines that stay. What was still under way after an interrupt is wiped away.
//!
//! What does not belong here: how a line looks ([`line`]), how lines are drawn ([`canvas`]), and whether there are bars at
//! all ([`super::status::reporter`]).

mod canvas;
mod line;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use oras::oci::Descriptor;
use oras::progress::{Ending, Event, Reporter};

use super::text::visible;
use super::words::Words;
use crate::cli::terminal::Terminal;

pub(crate) use canvas::Canvas;
use line::{Mark, Row};

/// How often bars are drawn again, in a second.
const FRAMES: u32 = 5;

/// Draws bars.
pub(crate) struct Bars {
    terminal: Terminal,
    canvas: Canvas,
    words: &'static Words,
    live: Arc<Mutex<Vec<Live>>>,
}

/// A node that is under way.
struct Live {
    node: Descriptor,
    begun: Instant,
    bytes: u64,
}

impl Live {
    fn is(&self, node: &Descriptor) -> bool {
        self.node.digest == node.digest && self.node.title() == node.title()
    }

    /// Its two lines.
    fn lines(&self, word: &str, columns: usize) -> Vec<String> {
        let row = row(&self.node, word, self.bytes, self.begun.elapsed());
        let frame = usize::try_from(self.begun.elapsed().as_millis() / 200).unwrap_or_default();
        row.lines(Mark::Moving(frame), columns).lines().map(str::to_owned).collect()
    }
}

/// The lines of all that is under way, as many as there is room for.
fn lines(live: &[Live], words: &Words, canvas: &Canvas) -> Vec<String> {
    let room = canvas.room();
    let hidden = live.len().saturating_sub(room.lines / 2);
    live[hidden..].iter().flat_map(|live| live.lines(words.started, room.columns)).collect()
}

impl Bars {
    /// Bars on stderr, with the words of a command. Whatever else is printed on the terminal makes way for them.
    pub(crate) fn new(terminal: &Terminal, words: &'static Words) -> Self {
        let canvas = terminal.canvas();
        let bars = Self { terminal: terminal.clone(), canvas, words, live: Arc::default() };
        bars.keep_moving();
        bars
    }

    /// Draws time going by, also while no bytes move, as long as there are bars.
    fn keep_moving(&self) {
        let (live, canvas, words) = (Arc::downgrade(&self.live), self.canvas.clone(), self.words);
        std::thread::spawn(move || {
            while let Some(live) = live.upgrade() {
                let all = live.lock().unwrap_or_else(PoisonError::into_inner);
                canvas.draw(lines(&all, words, &canvas));
                drop(all);
                drop(live);
                std::thread::sleep(Duration::from_secs(1) / FRAMES);
            }
        });
    }

    fn live(&self) -> MutexGuard<'_, Vec<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is over before the next frame is never drawn.
    fn begin(&self, node: &Descriptor) {
        self.live().push(Live { node: node.clone(), begun: Instant::now(), bytes: 0 });
    }

    fn advance(&self, node: &Descriptor, bytes: u64) {
        if let Some(live) = self.live().iter_mut().find(|live| live.is(node)) {
            live.bytes = bytes;
        }
    }

    fn end(&self, node: &Descriptor, ending: Ending) {
        let live = {
            let mut all = self.live();
            let place = all.iter().position(|live| live.is(node));
            let ended = place.map(|place| all.remove(place));
            self.canvas.prepare(lines(&all, self.words, &self.canvas));
            ended
        };
        let took = live.as_ref().map_or(Duration::ZERO, |live| live.begun.elapsed());
        let (mark, bytes) = match ending {
            Ending::Failed => (Mark::Failed, live.as_ref().map_or(0, |live| live.bytes)),
            _ => (Mark::Done, node.size),
        };
        let word = self.words.shown(ending);
        let text = row(node, &word, bytes, took).lines(mark, self.terminal.stderr_width());
        self.terminal.say(&text);
    }
}

impl Drop for Bars {
    /// What is under way when work is given up has no end, and its lines would stay.
    fn drop(&mut self) {
        let mut all = self.live();
        all.clear();
        self.canvas.draw(Vec::new());
    }
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
