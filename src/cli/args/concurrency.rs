//! `--concurrency`: how much is done at once.
//!
//! What does not belong here: how many is good without the flag, which each command knows.

use clap::Args;
use oras::transfer::Limits;

use super::value::integer;

/// How much is done at once.
#[derive(Debug, Args)]
pub(crate) struct ConcurrencyArgs {
    /// concurrency level
    #[arg(long, value_name = "int", value_parser = integer)]
    concurrency: Option<i64>,
}

impl ConcurrencyArgs {
    /// What was typed limits everything; nothing, or a number that is none, leaves it at what is usual.
    pub(crate) fn limits(&self, usual: usize) -> Limits {
        self.typed().map_or_else(|| Limits::usual(usual), Limits::capped)
    }

    /// What was typed, if it is a number of things.
    pub(crate) fn typed(&self) -> Option<usize> {
        self.concurrency.and_then(|typed| usize::try_from(typed).ok()).filter(|typed| *typed > 0)
    }
}
