//! `oras completion`: scripts that complete commands and flags in a shell.

use clap::{Arg, ArgAction, Args, Command, Subcommand, ValueHint};
use clap_complete::Shell;

use crate::cli::app::App;
use crate::cli::failure::Failure;
use crate::cli::grammar;

/// The shells.
#[expect(clippy::doc_markdown, reason = "these are the texts of the help")]
#[derive(Debug, Subcommand)]
pub(crate) enum CompletionCommand {
    /// Generate the autocompletion script for bash
    ///
    /// In a shell that runs:    source <(oras completion bash)
    /// In every new one:        oras completion bash > /etc/bash_completion.d/oras
    #[command(verbatim_doc_comment, override_usage = "oras completion bash")]
    Bash(ScriptArgs),
    /// Generate the autocompletion script for fish
    ///
    /// In a shell that runs:    oras completion fish | source
    /// In every new one:        oras completion fish > ~/.config/fish/completions/oras.fish
    #[command(verbatim_doc_comment, override_usage = "oras completion fish [flags]")]
    Fish(ScriptArgs),
    /// Generate the autocompletion script for powershell
    ///
    /// In a shell that runs:    oras completion powershell | Out-String | Invoke-Expression
    /// In every new one:        the same line in the profile
    #[command(verbatim_doc_comment, override_usage = "oras completion powershell [flags]")]
    Powershell(ScriptArgs),
    /// Generate the autocompletion script for zsh
    ///
    /// In a shell that runs:    source <(oras completion zsh)
    /// In every new one:        oras completion zsh > "${fpath[1]}/_oras"
    #[command(verbatim_doc_comment, override_usage = "oras completion zsh [flags]")]
    Zsh(ScriptArgs),
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

/// Whether texts stand beside what can be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Descriptions {
    Shown,
    LeftOut,
}

impl CompletionCommand {
    /// Does what was typed.
    pub(crate) fn run(&self, app: &App) -> Result<(), Failure> {
        let (shell, name, args) = match self {
            Self::Bash(args) => (Shell::Bash, "bash", args),
            Self::Fish(args) => (Shell::Fish, "fish", args),
            Self::Powershell(args) => (Shell::PowerShell, "powershell", args),
            Self::Zsh(args) => (Shell::Zsh, "zsh", args),
        };
        if let Some(extra) = args.arguments.first() {
            let text = format!("unknown command {extra:?} for \"oras completion {name}\"");
            return Err(Failure::mistake(text));
        }
        let descriptions = if args.no_descriptions { Descriptions::LeftOut } else { Descriptions::Shown };
        app.terminal.write(&script(shell, descriptions))
    }
}

/// The values of flags that have only a few, by the name of the flag without the prefix of an end.
const VALUES: &[(&str, &[&str])] = &[
    ("auth", &["basic", "token"]),
    ("distribution-spec", &["v1.1-referrers-api", "v1.1-referrers-tag"]),
    ("error-format", &["json", "text"]),
    ("format", &["go-template", "json", "text"]),
    ("image-spec", &["v1.0", "v1.1"]),
    ("progress", &["auto", "json", "plain"]),
];
/// The values of `discover --format`.
const REFERRERS: &[&str] = &["go-template", "json", "table", "tree"];

/// The script, made of the grammar.
fn script(shell: Shell, descriptions: Descriptions) -> Vec<u8> {
    let grammar = grammar();
    let topics = grammar.get_subcommands().filter(|command| command.get_name() != "help");
    let topics: Vec<_> = topics.map(|command| topic(command, descriptions)).collect();
    let mut grammar =
        as_typed(&grammar, descriptions).mut_subcommand("help", |help| help.subcommands(topics));
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut grammar, "oras", &mut script);
    script
}

/// The names of a command and of all below it, which are what `help` takes.
fn topic(command: &Command, descriptions: Descriptions) -> Command {
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    Command::new(command.get_name().to_owned())
        .visible_aliases(command.get_visible_aliases().map(str::to_owned))
        .about(text(about, descriptions))
        .disable_help_flag(true)
        .disable_help_subcommand(true)
        .subcommands(command.get_subcommands().map(|below| topic(below, descriptions)))
}

/// The grammar as people type it: a switch without a value, only values that there are, and nothing that is hidden.
fn as_typed(command: &Command, descriptions: Descriptions) -> Command {
    let referrers = command.get_name() == "discover";
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    let mut typed = Command::new(command.get_name().to_owned())
        .visible_aliases(command.get_visible_aliases().map(str::to_owned))
        .about(text(about, descriptions))
        .disable_help_flag(true)
        .disable_help_subcommand(true);
    for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
        typed = typed.arg(flag(arg, referrers, descriptions));
    }
    // Arguments are names of registries, of files, or of both.
    if !command.has_subcommands() && command.get_name() != "help" {
        typed = typed.arg(Arg::new("arguments").num_args(0..).value_hint(ValueHint::AnyPath));
    }
    typed.subcommands(command.get_subcommands().map(|below| as_typed(below, descriptions)))
}

fn flag(arg: &Arg, referrers: bool, descriptions: Descriptions) -> Arg {
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let name = arg.get_long().unwrap_or_default();
    let flag = Arg::new(name.to_owned())
        .long(name.to_owned())
        .short(arg.get_short())
        .help(text(help.lines().next().unwrap_or_default().to_owned(), descriptions));
    if arg.is_require_equals_set() {
        return flag.action(ArgAction::SetTrue);
    }
    let bare = name.trim_start_matches("from-").trim_start_matches("to-");
    let known = VALUES.iter().find(|(flag, _)| *flag == bare).map(|(_, values)| *values);
    let flag = flag.action(ArgAction::Set);
    match known {
        Some(_) if referrers && name == "format" => flag.value_parser(REFERRERS.to_vec()),
        Some(values) => flag.value_parser(values.to_vec()),
        None => flag.value_hint(ValueHint::AnyPath),
    }
}

fn text(text: String, descriptions: Descriptions) -> String {
    if descriptions == Descriptions::Shown { text } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_script_has_what_is_hidden_and_texts_can_be_left_out() {
        for shell in [Shell::Bash, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
            let script = |descriptions| String::from_utf8(script(shell, descriptions)).unwrap();
            let full = script(Descriptions::Shown);
            assert!(full.contains("export-manifest") && full.contains("v1.1-referrers-tag"), "{shell}");
            assert!(!full.contains("verbose"), "{shell}");
            let text = "path of the pushed manifest";
            // Bash shows no texts.
            assert_eq!(full.contains(text), shell != Shell::Bash, "{shell}");
            assert!(!script(Descriptions::LeftOut).contains(text), "{shell}");
        }
    }
}
