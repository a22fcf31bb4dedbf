//! The three standard streams: the only place that prints and that reads what is typed.
//!
//! A stdout that nobody reads any more ends a command quietly. Status lines are printed from within the library's
//! work, where there is nobody to return an error to, so the first failure is also remembered and wakes
//! [`Terminal::closed`].
//!
//! What does not belong here: what is printed.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use oras::credentials::Secret;
use oras::error::{Error, IoContext, Result};
use tokio::sync::Notify;

use super::failure::Failure;

/// The most that is read of a secret: 1 MiB.
const SECRET_LIMIT: u64 = 1024 * 1024;

/// The streams of one run. A clone is the same.
#[derive(Clone, Default)]
pub(crate) struct Terminal(Arc<State>);

#[derive(Default)]
struct State {
    failure: Mutex<Option<io::ErrorKind>>,
    failed: Notify,
}

#[expect(clippy::disallowed_methods, reason = "the one place that touches the standard streams")]
impl Terminal {
    /// Prints text on stdout as it is.
    pub(crate) fn print(&self, text: &str) -> Result<(), Failure> {
        self.write(text.as_bytes())
    }

    /// Writes bytes to stdout as they are.
    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| self.note(error))
    }

    /// Prints text on stdout from where no error can be returned; the command ends all the same.
    pub(crate) fn status(&self, text: &str) {
        // The failure is remembered.
        let _ = self.print(text);
    }

    /// Prints a line on stderr. If that fails, there is no place left to say so.
    pub(crate) fn warn(&self, line: &str) {
        let _ = writeln!(io::stderr().lock(), "{line}");
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
        let kind = *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner);
        kind.map(|kind| failure(kind.into()))
    }

    fn note(&self, error: io::Error) -> Failure {
        *self.0.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.kind());
        self.0.failed.notify_waiters();
        failure(error)
    }

    /// Whether progress on stderr is seen by a person.
    pub(crate) fn stderr_is_seen(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// Whether results on stdout are seen by a person.
    pub(crate) fn stdout_is_seen(&self) -> bool {
        io::stdout().is_terminal()
    }

    /// Asks for a line; what follows the end of stdin is empty.
    pub(crate) fn ask(&self, prompt: &str) -> Result<String, Failure> {
        self.print(prompt)?;
        Ok(line()?)
    }

    /// Asks for a line that is not shown while it is typed.
    pub(crate) fn ask_secret(&self, prompt: &str) -> Result<Secret, Failure> {
        self.print(prompt)?;
        if !io::stdin().is_terminal() {
            return Ok(Secret::from(line()?));
        }
        let typed = rpassword::read_password().at("read", "/dev/tty")?;
        self.print("\n")?;
        Ok(Secret::from(typed))
    }

    /// All of stdin as one secret, without the end of its line.
    pub(crate) fn secret_from_stdin(&self) -> Result<Secret, Failure> {
        let mut text = String::new();
        io::stdin().lock().take(SECRET_LIMIT).read_to_string(&mut text).at("read", "/dev/stdin")?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Secret::from(text.strip_suffix('\r').unwrap_or(text)))
    }
}

/// A line of stdin without its end. Bytes are read one by one from a buffer that all calls share.
#[expect(clippy::disallowed_methods, reason = "the one place that touches the standard streams")]
fn line() -> Result<String> {
    let mut text = String::new();
    io::stdin().lock().take(SECRET_LIMIT).read_line(&mut text).at("read", "/dev/stdin")?;
    text.truncate(text.trim_end_matches(['\r', '\n']).len());
    Ok(text)
}

fn failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Failure::output_closed();
    }
    Error::io("write", "/dev/stdout", error).into()
}
