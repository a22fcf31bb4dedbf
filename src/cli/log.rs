//! What is said on stderr with the time and a level, as oras does it for warnings.
//!
//! A registry may send the same warning with every answer; it is told once a run.
//!
//! What does not belong here: failures, and warnings of what was typed, which have no time.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use oras::error::Error;
use oras::transport::{Answered, Observer, Sent};

use super::env::Env;
use super::output::text::visible;
use super::terminal::Terminal;

/// The log of one run.
pub(crate) struct Log {
    terminal: Terminal,
    env: Env,
    warned: Mutex<HashSet<(String, String)>>,
}

impl Log {
    /// A log on stderr.
    pub(crate) fn new(terminal: Terminal, env: Env) -> Self {
        Self { terminal, env, warned: Mutex::default() }
    }

    /// Something the user should know of, although it is no failure.
    pub(crate) fn warning(&self, message: &str) {
        self.terminal.warn(&format!("[{}][WARNING]: {message}\n\n", self.env.now()));
    }
}

impl Observer for Log {
    fn sent(&self, _: &Sent<'_>) -> u64 {
        0
    }

    fn answered(&self, _: u64, _: &Answered<'_>) {}

    fn failed(&self, _: u64, _: &Error) {}

    fn warned(&self, registry: &str, text: &str) {
        let warning = (registry.to_owned(), text.to_owned());
        if self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(warning) {
            self.warning(&format!("{}\n[Data]:\n  registry={registry}", visible(text)));
        }
    }
}
