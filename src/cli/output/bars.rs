//! Progress for people: two lines a node on stderr, drawn in place.
//!
//! Only what is under way is drawn again and again; what is done becomes two lines that stay, so the part that moves
//! is never higher than a few nodes, however many there are. The cursor is never hidden, so nothing has to be put
//! right after an interrupt; what was still under way then is wiped away.
//!
//! What does not belong here: how a line looks ([`line`]), and whether there are bars at all
//! ([`super::status::reporter`]).

mod canvas;
mod line;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use oras::oci::Descriptor;
use oras::progress::{Ending, Event, Reporter};

use super::text::visible;
use super::words::Words;
use crate::cli::terminal::{Canvas, Terminal};

pub(crate) use canvas::Narrow;
use line::{Mark, Row};

/// How often bars are drawn again, in a second.
const FRAMES: u8 = 5;

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
    bar: ProgressBar,
    begun: Instant,
    bytes: u64,
}

impl Live {
    fn is(&self, node: &Descriptor) -> bool {
        self.node.digest == node.digest && self.node.title() == node.title()
    }

    /// Writes the two lines anew.
    fn draw(&self, word: &str, canvas: &Canvas, width: usize) {
        let row = row(&self.node, word, self.bytes, self.begun.elapsed());
        let frame = usize::try_from(self.begun.elapsed().as_millis() / 200).unwrap_or_default();
        canvas.draw(|| self.bar.set_message(row.lines(Mark::Moving(frame), width)));
    }
}

impl Bars {
    /// Bars on stderr, with the words of a command. Whatever else is printed on the terminal makes way for them.
    pub(crate) fn new(terminal: &Terminal, words: &'static Words) -> Self {
        let bars =
            Self { terminal: terminal.clone(), canvas: terminal.canvas(FRAMES), words, live: Arc::default() };
        bars.keep_moving();
        bars
    }

    /// Draws time going by, also while no bytes move, as long as there are bars.
    fn keep_moving(&self) {
        let (live, canvas, words) = (Arc::downgrade(&self.live), self.canvas.clone(), self.words);
        std::thread::spawn(move || {
            while let Some(live) = live.upgrade() {
                let width = Narrow::columns();
                for one in live.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    one.draw(words.started, &canvas, width);
                }
                drop(live);
                std::thread::sleep(Duration::from_secs(1) / u32::from(FRAMES));
            }
        });
    }

    fn live(&self) -> MutexGuard<'_, Vec<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, node: &Descriptor) {
        let style = ProgressStyle::with_template("{msg}").unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = self.canvas.screen.add(ProgressBar::new(node.size).with_style(style));
        let live = Live { node: node.clone(), bar, begun: Instant::now(), bytes: 0 };
        live.draw(self.words.started, &self.canvas, Narrow::columns());
        self.live().push(live);
    }

    fn advance(&self, node: &Descriptor, bytes: u64) {
        if let Some(live) = self.live().iter_mut().find(|live| live.is(node)) {
            live.bytes = bytes;
        }
    }

    fn wipe(&self, live: &Live) {
        live.bar.finish_and_clear();
        self.canvas.screen.remove(&live.bar);
    }

    fn end(&self, node: &Descriptor, ending: Ending) {
        let live = {
            let mut all = self.live();
            let place = all.iter().position(|live| live.is(node));
            place.map(|place| all.remove(place))
        };
        let took = live.as_ref().map_or(Duration::ZERO, |live| live.begun.elapsed());
        let (mark, bytes) = match ending {
            Ending::Failed => (Mark::Failed, live.as_ref().map_or(0, |live| live.bytes)),
            _ => (Mark::Done, node.size),
        };
        if let Some(live) = live {
            self.wipe(&live);
        }
        let word = self.words.shown(ending);
        let text = row(node, &word, bytes, took).lines(mark, self.terminal.stderr_width());
        self.terminal.warn(&text);
    }
}

impl Drop for Bars {
    /// What is under way when work is given up has no end, and a bar that is only dropped would stay.
    fn drop(&mut self) {
        self.live().iter().for_each(|live| self.wipe(live));
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
