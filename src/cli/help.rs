//! What `--help` prints: the form of oras, made of the grammar.
//!
//! Clap's own page has value names in angle brackets and its sections in another order, so this is a renderer of its
//! own. Flags and commands come from the grammar, examples from the pages in `help/`.
//!
//! What does not belong here: what a flag does; its text stands beside it.

use std::fmt::{self, Write};

use clap::{Arg, ArgAction, Command};

/// Between the column of flags and their texts.
const GAP: usize = 3;
/// The least width of the column of commands.
const COMMANDS: usize = 11;

/// What a command does and examples of it, by its path without the program.
const PAGES: &[(&str, &str)] = &[
    ("attach", include_str!("help/attach.txt")),
    ("backup", include_str!("help/backup.txt")),
    ("blob delete", include_str!("help/blob-delete.txt")),
    ("blob fetch", include_str!("help/blob-fetch.txt")),
    ("blob push", include_str!("help/blob-push.txt")),
    ("cp", include_str!("help/cp.txt")),
    ("discover", include_str!("help/discover.txt")),
    ("doctor", include_str!("help/doctor.txt")),
    ("help", include_str!("help/help.txt")),
    ("login", include_str!("help/login.txt")),
    ("logout", include_str!("help/logout.txt")),
    ("man", include_str!("help/man.txt")),
    ("manifest delete", include_str!("help/manifest-delete.txt")),
    ("manifest fetch", include_str!("help/manifest-fetch.txt")),
    ("manifest fetch-config", include_str!("help/manifest-fetch-config.txt")),
    ("manifest index create", include_str!("help/manifest-index-create.txt")),
    ("manifest index update", include_str!("help/manifest-index-update.txt")),
    ("manifest push", include_str!("help/manifest-push.txt")),
    ("pull", include_str!("help/pull.txt")),
    ("push", include_str!("help/push.txt")),
    ("repo ls", include_str!("help/repo-ls.txt")),
    ("repo tags", include_str!("help/repo-tags.txt")),
    ("resolve", include_str!("help/resolve.txt")),
    ("restore", include_str!("help/restore.txt")),
    ("serve", include_str!("help/serve.txt")),
    ("tag", include_str!("help/tag.txt")),
    ("version", include_str!("help/version.txt")),
    ("whoami", include_str!("help/whoami.txt")),
];

/// The forms of a result.
const FORMS: &str = "[Experimental] format output using a custom template:\n\
    'json':         a document\n\
    'go-template':  what a Go template makes of the document\n\
    'text':         lines for people (default \"text\")";
/// The forms of referrers.
const REFERRERS: &str = "[Experimental] format output using a custom template:\n\
    'table':        [Deprecated] a table of direct referrers\n\
    'json':         a document\n\
    'go-template':  what a Go template makes of the document\n\
    'mermaid':      a flowchart of Mermaid\n\
    'dot':          a graph of Graphviz\n\
    'tree':         a tree of all referrers (default \"tree\")";

/// Texts of flags that several commands have and that differ between them; where no command is named, it is the text
/// of all others.
const TEXTS: &[(&str, &str, &str)] = &[
    ("format", "discover", REFERRERS),
    ("format", "", FORMS),
    ("concurrency", "cp", "concurrency level (default 3)"),
    ("concurrency", "pull", "concurrency level (default 3)"),
    ("concurrency", "backup", "concurrency level (default 3)"),
    ("concurrency", "", "concurrency level (default 5)"),
    ("platform", "attach", "attach to what an index has for the platform os[/arch][/variant][:os_version]"),
    ("no-tty", "discover", "[Preview] disable colors"),
];

/// The page of the command at the end of this path of names; the path begins with the program.
pub(crate) fn page(grammar: &Command, path: &[&str]) -> String {
    let mut command = grammar;
    for name in path.iter().skip(1) {
        command = command.find_subcommand(name).unwrap_or(command);
    }
    let mut page = String::new();
    // A string takes all that is written to it.
    let _ = write(&mut page, command, path);
    page
}

/// What the command at the end of this path does, with examples; nothing for the program itself.
pub(crate) fn about(command: &Command, path: &[&str]) -> String {
    let below = path.get(1..).unwrap_or_default().join(" ");
    match PAGES.iter().find(|(name, _)| *name == below) {
        Some((_, text)) => (*text).to_owned(),
        // What the program does is told by its commands.
        None if below.is_empty() => String::new(),
        None => command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default(),
    }
}

fn write(page: &mut String, command: &Command, path: &[&str]) -> fmt::Result {
    let below = path.get(1..).unwrap_or_default().join(" ");
    let full = path.join(" ");
    let about = about(command, path);
    if !about.is_empty() {
        write!(page, "{}\n\n", about.trim_end())?;
    }
    let group = command.has_subcommands();
    write!(page, "Usage:\n  {}\n", usage(command, &full))?;
    let aliases: Vec<&str> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        let name = path.last().copied().unwrap_or_default();
        write!(page, "\nAliases:\n  {name}, {}\n", aliases.join(", "))?;
    }
    commands(page, command)?;
    flags(page, command, &below)?;
    if group {
        write!(page, "\nUse \"{full} [command] --help\" for more information about a command.\n")?;
    }
    Ok(())
}

/// How a command is typed; `full` is its path.
pub(crate) fn usage(command: &Command, full: &str) -> String {
    if command.has_subcommands() {
        return format!("{full} [command]");
    }
    command.get_overridden_usage().map(ToString::to_string).unwrap_or_default()
}

/// The commands of a group in the order of their names, without those that are hidden.
pub(crate) fn shown_commands(group: &Command) -> Vec<&Command> {
    let mut commands: Vec<_> = group.get_subcommands().filter(|command| !command.is_hide_set()).collect();
    commands.sort_by_key(|command| command.get_name());
    commands
}

/// The commands of a group with a line each.
fn commands(page: &mut String, group: &Command) -> fmt::Result {
    let commands = shown_commands(group);
    if commands.is_empty() {
        return Ok(());
    }
    page.push_str("\nAvailable Commands:\n");
    let longest = commands.iter().map(|command| command.get_name().len()).max().unwrap_or_default();
    let width = longest.max(COMMANDS);
    for command in commands {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        // Of a long text the first sentence.
        let about = about.split(". ").next().unwrap_or_default();
        writeln!(page, "  {:width$} {about}", command.get_name())?;
    }
    Ok(())
}

/// How each flag that is shown is spelt, and what it does, in the order of their names; `below` is the command's path
/// without the program.
pub(crate) fn described_flags(command: &Command, below: &str) -> Vec<(String, String)> {
    let mut flags: Vec<&Arg> =
        command.get_arguments().filter(|arg| arg.get_long().is_some() && !arg.is_hide_set()).collect();
    flags.sort_by_key(|flag| flag.get_long());
    flags.iter().map(|flag| (spelling(flag), text(flag, below))).collect()
}

/// The flags with their texts in one column.
fn flags(page: &mut String, command: &Command, below: &str) -> fmt::Result {
    page.push_str("\nFlags:\n");
    let rows = described_flags(command, below);
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or_default() + GAP;
    let next_line = format!("\n{:width$}", "");
    for (left, right) in rows {
        writeln!(page, "{left:width$}{}", right.replace('\n', &next_line))?;
    }
    Ok(())
}

/// `  -o, --output path`.
fn spelling(flag: &Arg) -> String {
    let name = flag.get_long().unwrap_or_default();
    let start = flag.get_short().map_or_else(|| "      ".to_owned(), |letter| format!("  -{letter}, "));
    value(flag).map_or_else(|| format!("{start}--{name}"), |value| format!("{start}--{name} {value}"))
}

/// The name of a flag's value; a switch has none.
fn value(flag: &Arg) -> Option<&str> {
    let takes_one =
        matches!(flag.get_action(), ArgAction::Set | ArgAction::Append) && !flag.is_require_equals_set();
    if takes_one { flag.get_value_names()?.first().map(clap::builder::Str::as_str) } else { None }
}

fn text(flag: &Arg, below: &str) -> String {
    let name = flag.get_long().unwrap_or_default();
    let own =
        TEXTS.iter().find(|(flag, command, _)| *flag == name && (*command == below || command.is_empty()));
    if let Some((_, _, text)) = own {
        return (*text).to_owned();
    }
    let mut text = flag.get_help().map(ToString::to_string).unwrap_or_default();
    if let (Some(kind), false, [default, ..]) =
        (value(flag), flag.is_hide_default_value_set(), flag.get_default_values())
    {
        let default = default.to_string_lossy();
        let quoted = if kind == "int" { default.into_owned() } else { format!("{default:?}") };
        // A string takes all that is written to it.
        let _ = write!(text, " (default {quoted})");
    }
    text
}

#[cfg(test)]
mod tests;
