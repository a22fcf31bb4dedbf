//! `oras repo`: lists of repositories and of tags.
//!
//! Text is printed page by page as it comes; a document is made when all has come.

mod ls;
mod tags;

use clap::Subcommand;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use oras::error::Result;

use crate::cli::app::App;
use crate::cli::args::format::Format;
use crate::cli::command::later::Later;
use crate::cli::failure::Failure;
use crate::cli::output::text::visible;

/// The commands on repositories.
#[derive(Debug, Subcommand)]
pub(crate) enum RepoCommand {
    /// List the repositories under the registry
    #[command(visible_alias = "list")]
    Ls(Later<ls::LsArgs>),
    /// Show tags of the target repository
    #[command(visible_alias = "show-tags")]
    Tags(Later<tags::TagsArgs>),
}

impl RepoCommand {
    /// Does what was typed.
    pub(crate) fn run(self, app: &App) -> Result<(), Failure> {
        match self {
            Self::Ls(Later(args)) => app.wait(ls::run(*args, app)),
            Self::Tags(Later(args)) => app.wait(tags::run(*args, app)),
        }
    }
}

/// Takes a list page by page. As text each name is printed at once, without this prefix; else all names are returned.
async fn listed(
    mut pages: BoxStream<'_, Result<Vec<String>>>,
    format: &Format,
    app: &App,
    prefix: &str,
) -> Result<Vec<String>, Failure> {
    let mut all = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page?;
        if *format == Format::Text {
            let lines: String =
                page.iter().map(|name| visible(name.strip_prefix(prefix).unwrap_or(name)) + "\n").collect();
            app.terminal.print(&lines)?;
        } else {
            all.extend(page);
        }
    }
    Ok(all)
}
