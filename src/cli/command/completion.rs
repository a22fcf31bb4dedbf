//! `oras completion`: scripts by which a shell asks the program what can come next.
//!
//! What does not belong here: what the program answers ([`crate::cli::completion`]).

use clap::{Args, Subcommand};

use crate::cli::app::App;
use crate::cli::command::later::Later;
use crate::cli::failure::Failure;

/// The shells.
#[expect(clippy::doc_markdown, reason = "these are the texts of the help")]
#[derive(Debug, Subcommand)]
pub(crate) enum CompletionCommand {
    /// Generate the autocompletion script for bash
    ///
    /// In a shell that runs:    source <(oras completion bash)
    /// In every new one:        oras completion bash > /etc/bash_completion.d/oras
    #[command(verbatim_doc_comment, override_usage = "oras completion bash")]
    Bash(Later<ScriptArgs>),
    /// Generate the autocompletion script for fish
    ///
    /// In a shell that runs:    oras completion fish | source
    /// In every new one:        oras completion fish > ~/.config/fish/completions/oras.fish
    #[command(verbatim_doc_comment, override_usage = "oras completion fish [flags]")]
    Fish(Later<ScriptArgs>),
    /// Generate the autocompletion script for powershell
    ///
    /// In a shell that runs:    oras completion powershell | Out-String | Invoke-Expression
    /// In every new one:        the same line in the profile
    #[command(verbatim_doc_comment, override_usage = "oras completion powershell [flags]")]
    Powershell(Later<ScriptArgs>),
    /// Generate the autocompletion script for zsh
    ///
    /// In a shell that runs:    source <(oras completion zsh)
    /// In every new one:        oras completion zsh > "${fpath[1]}/_oras"
    #[command(verbatim_doc_comment, override_usage = "oras completion zsh [flags]")]
    Zsh(Later<ScriptArgs>),
}

/// What is typed for a shell.
#[derive(Debug, Args)]
pub(crate) struct ScriptArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,

    /// disable completion descriptions
    #[arg(long)]
    no_descriptions: bool,
}

impl CompletionCommand {
    /// Does what was typed.
    pub(crate) fn run(&self, app: &App) -> Result<(), Failure> {
        let (name, script, args) = match self {
            Self::Bash(Later(args)) => ("bash", include_str!("../completion/scripts/oras.bash"), args),
            Self::Fish(Later(args)) => ("fish", include_str!("../completion/scripts/oras.fish"), args),
            Self::Powershell(Later(args)) => {
                ("powershell", include_str!("../completion/scripts/oras.ps1"), args)
            }
            Self::Zsh(Later(args)) => ("zsh", include_str!("../completion/scripts/oras.zsh"), args),
        };
        if let Some(extra) = args.arguments.first() {
            let text = format!("unknown command {extra:?} for \"oras completion {name}\"");
            return Err(Failure::mistake(text));
        }
        if args.no_descriptions {
            return app.terminal.print(&script.replace("__complete ", "__completeNoDesc "));
        }
        app.terminal.print(script)
    }
}
