//! `--force` of commands that write a graph: what a target only says to have is written again.
//!
//! What does not belong here: the `--force` that leaves out a question ([`super::deletion`]).

use clap::Args;
use oras::transfer::Present;

/// Whether manifests that are there are written again.
#[derive(Debug, Args)]
pub(crate) struct RepairArgs {
    /// force a deep traversal of the destination graph before tagging the root; useful when the destination is
    /// partially populated
    #[arg(long)]
    force: bool,
}

impl RepairArgs {
    /// What becomes of manifests that are there.
    pub(crate) fn present(&self) -> Present {
        if self.force { Present::Repaired } else { Present::Kept }
    }
}
