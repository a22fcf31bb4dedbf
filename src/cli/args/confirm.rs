//! The question before something is deleted.
//!
//! What does not belong here: deleting.

use clap::Args;

use super::descriptor::DescriptorArgs;
use crate::cli::app::App;
use crate::cli::failure::Failure;

/// Whether there is a question.
#[derive(Debug, Args)]
pub(crate) struct ConfirmArgs {
    /// ignore nonexistent references, never prompt
    #[arg(short, long)]
    pub(crate) force: bool,
}

impl ConfirmArgs {
    /// Refuses a question in the place of a descriptor.
    pub(crate) fn check(&self, shown: DescriptorArgs) -> Result<(), Failure> {
        if shown.descriptor && !self.force {
            let text = "must apply --force to confirm the deletion if the descriptor is outputted";
            return Err(Failure::mistake(text));
        }
        Ok(())
    }

    /// Whether the user agrees. Everything that is not a yes is a no, and is told to be one.
    pub(crate) async fn agrees(&self, app: &App, question: &str) -> Result<bool, Failure> {
        if self.force {
            return Ok(true);
        }
        let answer = app.terminal.ask(&format!("{question} [y/N] ")).await?;
        let yes = matches!(answer.to_lowercase().as_str(), "y" | "yes");
        if !yes {
            app.terminal.print("Operation cancelled.\n")?;
        }
        Ok(yes)
    }
}
