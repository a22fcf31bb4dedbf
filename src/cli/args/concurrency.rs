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
        let typed = self.concurrency.and_then(|typed| usize::try_from(typed).ok());
        typed.filter(|typed| *typed > 0).map_or_else(|| Limits::usual(usual), Limits::capped)
    }
}
