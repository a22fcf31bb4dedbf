//! `oras help`: the page of another command.

use clap::Args;

use crate::cli::app::App;
use crate::cli::failure::Failure;
use crate::cli::{grammar_of, help, usage};

/// What is typed for `oras help`.
#[derive(Debug, Args)]
#[command(override_usage = "oras help [command] [flags]")]
pub(crate) struct HelpArgs {
    #[arg(hide = true)]
    words: Vec<String>,
}

pub(crate) fn run(args: &HelpArgs, app: &App) -> Result<(), Failure> {
    let grammar = grammar_of(&args.words);
    let mut path = vec![grammar.get_name()];
    let mut command = &grammar;
    for word in &args.words {
        match command.find_subcommand(word) {
            Some(below) => command = below,
            // What follows a command that has none below it are its arguments.
            None if !command.has_subcommands() => break,
            None => return Err(usage::unknown_command(&grammar, &args.words)),
        }
        path.push(command.get_name());
    }
    app.terminal.print(&help::page(&grammar, &path))
}
