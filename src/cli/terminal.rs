//! The three standard streams: the only place that prints and that reads what is typed.
//!
//! A stdout that nobody reads any more ends a command quietly. Status lines are printed from within the library's
//! work, where there is nobody to return an error to, so the first failure is also remembered and wakes
//! [`Terminal::closed`].
//!
//! What does not belong here: what is printed.

#[cfg(unix)]
mod echo;

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::StreamExt;
use indicatif::{MultiProgress, ProgressDrawTarget};
use oras::content::ByteStream;
use oras::credentials::Secret;
use oras::disk;
use oras::error::{Error, IoContext, Kind, Result};
use tokio::sync::{Notify, oneshot};

use super::failure::Failure;
use super::output::events::{self, Notice};

/// The most that is read of a secret: 1 MiB.
const SECRET_LIMIT: u64 = 1024 * 1024;

/// The streams of one run. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Terminal(Arc<State>);

#[derive(Default)]
struct State {
    failure: Mutex<Option<io::Error>>,
    failed: Notify,
    /// What is drawn on stderr, and makes way for everything else.
    bars: Mutex<Option<MultiProgress>>,
    /// Whether stderr is read by a program, and has events only.
    for_programs: AtomicBool,
    /// Whether the last line of stderr has been printed.
    ended: AtomicBool,
}

#[expect(clippy::disallowed_methods, reason = "the one place that touches the standard streams")]
#[expect(
    clippy::unused_self,
    reason = "the streams belong to the process, and are reached through this only"
)]
impl Terminal {
    /// Prints text on stdout as it is.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.write(text.as_bytes())
    }

    /// Writes bytes to stdout as they are.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let written = self.aside(|| {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes).and_then(|()| stdout.flush())
        });
        written.map_err(|error| self.note(error))
    }

    /// Writes all that a stream brings to stdout. It may block, so it is done where an interrupt is heard meanwhile.
    pub(crate) async fn pour(&self, mut stream: ByteStream) -> Result<(), Failure> {
        while let Some(piece) = stream.next().await {
            let (piece, terminal) = (piece?, self.clone());
            let written = tokio::task::spawn_blocking(move || Ok(terminal.write(&piece)));
            disk::joined(written.await)??;
        }
        Ok(())
    }

    /// All of stdin as it comes.
    pub(crate) fn input(&self) -> ByteStream {
        disk::pieces(io::stdin(), "/dev/stdin".into()).boxed()
    }

    /// Prints text on stdout from where no error can be returned; the command ends all the same.
    pub(crate) fn status(&self, text: &str) {
        // The failure is remembered.
        let _ = self.print(text);
    }

    /// From now on stderr is read by a program.
    pub(crate) fn speak_to_programs(&self) {
        self.0.for_programs.store(true, Ordering::Relaxed);
    }

    /// Whether stderr is read by a program.
    pub(crate) fn is_for_programs(&self) -> bool {
        self.0.for_programs.load(Ordering::Relaxed)
    }

    /// Prints a line on stderr that is for people only.
    pub(crate) fn say(&self, line: &str) {
        if !self.is_for_programs() {
            self.line(line, false);
        }
    }

    /// Warns on stderr of something that was typed.
    pub(crate) fn warn(&self, message: &str) {
        self.say(message);
        self.event(&Notice::Warning { message, host: None });
    }

    /// Tells an event on stderr, if a program reads it.
    pub(crate) fn event(&self, notice: &Notice<'_>) {
        if self.is_for_programs() {
            self.line(&events::line(notice), false);
        }
    }

    /// Prints the last line on stderr, whoever reads it: whatever goes on at that moment is told no more.
    pub(crate) fn end(&self, line: &str) {
        self.line(line, true);
    }

    /// If it cannot be printed, there is no place left to say so.
    fn line(&self, line: &str, last: bool) {
        self.aside(|| {
            let mut stderr = io::stderr().lock();
            if !self.0.ended.fetch_or(last, Ordering::Relaxed) {
                let _ = writeln!(stderr, "{line}");
            }
        });
    }

    /// From now on these bars are on stderr, and make way for everything else.
    pub(crate) fn make_way_for(&self, bars: MultiProgress) {
        *self.0.bars.lock().unwrap_or_else(PoisonError::into_inner) = Some(bars);
    }

    /// Wipes bars away, for good.
    pub(crate) fn stop_drawing(&self) {
        let bars = self.0.bars.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(bars) = bars {
            // What they were drawn on goes away with what is on it.
            bars.set_draw_target(ProgressDrawTarget::hidden());
        }
    }

    /// Does something with the streams while nothing is drawn.
    fn aside<T>(&self, work: impl FnOnce() -> T) -> T {
        let bars = self.0.bars.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match bars {
            Some(bars) => bars.suspend(work),
            None => work(),
        }
    }

    /// Whether stderr is seen by a person.
    pub(crate) fn stderr_is_seen(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// The columns of the terminal on stderr.
    pub(crate) fn stderr_width(&self) -> usize {
        usize::from(console::Term::stderr().size().1)
    }

    /// Waits until stdout has failed.
    pub(crate) async fn closed(&self) -> Failure {
        loop {
            let failed = self.0.failed.notified();
            if let Some(failure) = self.failure() {
                return failure;
            }
            failed.await;
        }
    }

    /// Why stdout failed, if it did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let remembered = self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.as_ref().map(|error| failure(same(error)))
    }

    fn note(&self, error: io::Error) -> Failure {
        *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(same(&error));
        self.0.failed.notify_waiters();
        failure(error)
    }

    /// Whether results on stdout are seen by a person.
    pub(crate) fn stdout_is_seen(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Asks for a line; what follows the end of stdin is empty.
    pub(crate) async fn ask(&self, prompt: &str) -> Result<String, Failure> {
        self.print(prompt)?;
        Ok(beside(line).await?)
    }

    /// Asks for a line that is not shown while it is typed.
    pub(crate) async fn ask_secret(&self, prompt: &str) -> Result<Secret, Failure> {
        if !io::stdin().is_terminal() {
            self.print(prompt)?;
            return Ok(Secret::from(beside(line).await?));
        }
        #[cfg(unix)]
        let _silence = echo::Silence::begin()?;
        self.print(prompt)?;
        let typed = beside(hidden_line).await?;
        self.print("\n")?;
        Ok(Secret::from(typed))
    }

    /// All of stdin as one secret, without the end of its line.
    pub(crate) async fn secret_from_stdin(&self) -> Result<Secret, Failure> {
        let text = beside(|| {
            let mut text = String::new();
            io::stdin().lock().take(SECRET_LIMIT).read_to_string(&mut text).at("read", "/dev/stdin")?;
            Ok(text)
        });
        let text = text.await?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Secret::from(text.strip_suffix('\r').unwrap_or(text)))
    }
}

/// Reads on a thread of its own, so that an interrupt is heard meanwhile; nobody waits for that thread in the end.
async fn beside(read: impl FnOnce() -> Result<String> + Send + 'static) -> Result<String> {
    let (send, receive) = oneshot::channel();
    std::thread::spawn(move || send.send(read()));
    receive.await.map_err(|_| Error::new(Kind::Interrupted))?
}

/// A line of stdin without its end. Bytes are read one by one from a buffer that all calls share.
#[expect(clippy::disallowed_methods, reason = "the one place that touches the standard streams")]
fn line() -> Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(SECRET_LIMIT).read_line(&mut text).at("read", "/dev/stdin")?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

/// A line that is typed where nothing is shown.
#[cfg(unix)]
use self::line as hidden_line;

/// A line that is typed and not shown.
#[cfg(not(unix))]
fn hidden_line() -> Result<String> {
    let hidden = rpassword::ConfigBuilder::new().output_discard().build();
    match rpassword::read_password_with_config(hidden) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(String::new()),
        typed => typed.at("read", "CONIN$"),
    }
}

fn failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::output_closed();
    }
    Error::io("write", "/dev/stdout", error).into()
}

/// The same error once more, with the words of the system for it.
fn same(error: &io::Error) -> io::Error {
    error.raw_os_error().map_or_else(|| error.kind().into(), io::Error::from_raw_os_error)
}
