//! Flags of commands that delete one thing, and what they say on the way.
//!
//! What does not belong here: finding and deleting.

use clap::Args;
use oras::error::{Context, Result as LibraryResult};
use oras::oci::Descriptor;

use super::descriptor::DescriptorArgs;
use crate::cli::app::App;
use crate::cli::failure::Failure;
use crate::cli::place::Place;

/// Whether there is a question before, and what is shown after.
#[derive(Debug, Args)]
pub(crate) struct DeletionArgs {
    /// ignore nonexistent references, never prompt
    #[arg(short, long)]
    pub(crate) force: bool,

    #[command(flatten)]
    descriptor: DescriptorArgs,
}

/// What is to be deleted.
pub(crate) struct Doomed<'a> {
    /// `manifest` or `blob`.
    pub(crate) kind: &'static str,
    /// What else goes with it, as the question has it.
    pub(crate) besides: &'static str,
    /// Where it is.
    pub(crate) place: &'a Place,
    /// What it is, if it is there.
    pub(crate) found: Option<Descriptor>,
}

impl DeletionArgs {
    /// Refuses a question in the place of a descriptor.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.descriptor.descriptor && !self.force {
            let text = "must apply --force to confirm the deletion if the descriptor is outputted";
            return Err(Failure::mistake(text));
        }
        Ok(())
    }

    /// Whether the user agrees that this is done. By force there is no question.
    pub(crate) async fn agrees(&self, question: &str, app: &App) -> Result<bool, Failure> {
        if self.force || agrees(question, app).await? {
            return Ok(true);
        }
        app.terminal.print("Operation cancelled.\n")?;
        Ok(false)
    }

    /// What is done where there is nothing to delete.
    pub(crate) fn missing(&self, kind: &str, raw: &str, app: &App) -> Result<(), Failure> {
        if self.force && !self.descriptor.descriptor {
            return app.terminal.print(&format!("Missing {raw}\n"));
        }
        Err(Failure::mistake(format!("{raw}: the specified {kind} does not exist")))
    }

    /// Tells of what was deleted.
    pub(crate) fn tell(&self, node: &Descriptor, place: &Place, app: &App) -> Result<(), Failure> {
        if self.descriptor.descriptor {
            return self.descriptor.print(node, app);
        }
        app.terminal.print(&format!("Deleted {}\n", place.shown()))
    }

    /// Deletes what was found, if the user agrees, and tells of it. By force, what is not there is as good as deleted.
    pub(crate) async fn carry_out(
        &self,
        doomed: Doomed<'_>,
        delete: impl AsyncFnOnce(&Descriptor) -> LibraryResult<()>,
        app: &App,
    ) -> Result<(), Failure> {
        let Doomed { kind, besides, place, found } = doomed;
        let raw = place.raw();
        let Some(node) = found else { return self.missing(kind, raw, app) };
        let digest = node.digest.to_string();
        let question = format!("Are you sure you want to delete the {kind} {digest:?}{besides}?");
        if !self.agrees(&question, app).await? {
            return Ok(());
        }
        delete(&node).await.within(|| format!("failed to delete {raw}").into())?;
        self.tell(&node, place, app)
    }
}

/// Everything that is not a yes is a no.
async fn agrees(question: &str, app: &App) -> Result<bool, Failure> {
    let answer = app.terminal.ask(&format!("{question} [y/N] ")).await?;
    Ok(matches!(answer.to_lowercase().as_str(), "y" | "yes"))
}
