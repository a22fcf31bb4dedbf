//! `--retry` and `--timeout`: how long a command goes on with a network that fails.
//!
//! They hold for all registries of a command. What is not typed may be in the environment.
//!
//! What does not belong here: what is tried again, which the library knows.

use std::time::Duration;

use clap::{Arg, ArgMatches};
use oras::error::Error;
use oras::transport::{Retry, Settings};

use super::value::{count, duration};
use crate::cli::env::Env;

/// What was typed.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RetryFlags {
    retry: Option<u32>,
    timeout: Option<Duration>,
}

impl RetryFlags {
    /// The flags.
    pub(crate) fn flags() -> [Arg; 2] {
        let flag = |name, value, help| Arg::new(name).long(name).value_name(value).help(help);
        [
            flag(
                "retry",
                "int",
                "how often in a row something is tried again without any progress; 0 for never (default 5)",
            )
            .value_parser(count),
            flag(
                "timeout",
                "duration",
                "how long no byte may move and no answer may come; 0 for ever (default 1m0s)",
            )
            .value_parser(duration),
        ]
    }

    /// As if it had been typed that nothing is tried again, and that nothing may take longer.
    pub(crate) fn once(timeout: Duration) -> Self {
        Self { retry: Some(0), timeout: Some(timeout) }
    }

    /// What was typed, where the command has these flags.
    pub(crate) fn read(matches: &ArgMatches) -> Self {
        Self {
            retry: matches.try_get_one("retry").ok().flatten().copied(),
            timeout: matches.try_get_one("timeout").ok().flatten().copied(),
        }
    }

    /// What is tried again.
    ///
    /// # Errors
    /// The environment says something that is no number.
    pub(crate) fn retry(&self, env: &Env) -> Result<Retry, Error> {
        let usual = Retry::default();
        let again = match self.retry {
            Some(typed) => typed,
            None => env.retry().map_or(Ok(usual.again), |text| {
                count(text).map_err(|_| unfit("ORAS_RETRY", text, "a number of tries, such as 5"))
            })?,
        };
        Ok(Retry { again, ..usual })
    }

    /// How long nothing may move; zero is for ever.
    ///
    /// # Errors
    /// The environment says something that is no duration.
    pub(crate) fn timeout(&self, env: &Env) -> Result<Duration, Error> {
        match self.timeout {
            Some(typed) => Ok(typed),
            None => env.timeout().map_or(Ok(Settings::default().timeout), |text| {
                duration(text).map_err(|_| unfit("ORAS_TIMEOUT", text, "a duration, such as 30s or 1m30s"))
            }),
        }
    }
}

fn unfit(name: &str, text: &str, wanted: &str) -> Error {
    Error::invalid(format!("{name} is {text:?}, but should be {wanted}"))
}
