//! `oras man`: a manual page for each command, with the texts of the help.
//!
//! What does not belong here: those texts.

use std::path::PathBuf;

use clap::{Args, Command};
use oras::disk;
use roff::{Inline, Roff, bold, italic, roman};

use crate::cli::app::App;
use crate::cli::failure::Failure;
use crate::cli::output::text::visible;
use crate::cli::usage::{Count, Usage};
use crate::cli::{grammar, help};

const USAGE: Usage = Usage {
    path: "oras man",
    arguments: "[flags] <folder>",
    count: Count::Exactly(1),
    purpose: "the folder for the manual pages",
};

/// How a heading of an example begins.
const EXAMPLE: &str = "Example - ";

/// Write a manual page for each command into a folder
///
/// The folder is made where there is none. The names are those of section 1: oras.1, oras-push.1, oras-repo-tags.1.
///
/// Example - The pages of all commands, and one of them read:
///   oras man man1
///   man -l man1/oras-push.1
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis(), verbatim_doc_comment)]
pub(crate) struct ManArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(args: ManArgs, app: &App) -> Result<(), Failure> {
    let [folder] = USAGE.exactly(args.arguments)?;
    let folder = PathBuf::from(folder);
    disk::make_folder(&folder)?;
    let pages = pages(&grammar(), &[]);
    for (name, page) in &pages {
        disk::save(&folder.join(name), page.as_bytes())?;
    }
    app.terminal.print(&format!("Wrote {} pages to {}\n", pages.len(), visible(&folder.to_string_lossy())))
}

/// The pages of a command and of all below it, with the names of their files.
fn pages(command: &Command, above: &[&str]) -> Vec<(String, String)> {
    let path: Vec<&str> = above.iter().copied().chain([command.get_name()]).collect();
    let own = (format!("{}.1", path.join("-")), page(command, &path));
    let below = help::shown_commands(command).into_iter().flat_map(|below| pages(below, &path));
    std::iter::once(own).chain(below).collect()
}

fn page(command: &Command, path: &[&str]) -> String {
    let name = path.join("-");
    let mut page = Roff::new();
    page.control("TH", [name.to_uppercase().as_str(), "1", " ", concat!("oras ", env!("CARGO_PKG_VERSION"))]);
    let about = help::about(command, path);
    let mut parts = about.split("\n\n").map(str::trim_end);
    let first = match parts.next().filter(|first| !first.is_empty()) {
        Some(first) => first.to_owned(),
        None => command.get_about().map(ToString::to_string).unwrap_or_default(),
    };
    page.control("SH", ["NAME"]).text([roman(format!("{name} - {first}"))]);
    page.control("SH", ["SYNOPSIS"]).text([bold(help::usage(command, &path.join(" ")))]);
    let (examples, description): (Vec<&str>, _) = parts.partition(|part| part.starts_with(EXAMPLE));
    paragraphs(&mut page, &description);
    let aliases: Vec<_> = command.get_visible_aliases().collect();
    if !aliases.is_empty() {
        page.control("SH", ["ALIASES"]).text([roman(aliases.join(", "))]);
    }
    options(&mut page, command, path);
    show(&mut page, &examples);
    see_also(&mut page, command, path);
    page.to_roff()
}

fn paragraphs(page: &mut Roff, description: &[&str]) {
    for (number, part) in description.iter().enumerate() {
        match number {
            0 => page.control("SH", ["DESCRIPTION"]),
            _ => page.control("PP", []),
        };
        page.text([roman(part.replace('\n', " "))]);
    }
}

fn options(page: &mut Roff, command: &Command, path: &[&str]) {
    let below = path.get(1..).unwrap_or_default().join(" ");
    for (number, (spelling, text)) in help::described_flags(command, &below).into_iter().enumerate() {
        if number == 0 {
            page.control("SH", ["OPTIONS"]);
        }
        page.control("TP", []).text([bold(spelling.trim())]);
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                page.control("br", []);
            }
            page.text([roman(line)]);
        }
    }
}

/// The examples, each a heading and lines that are typed.
fn show(page: &mut Roff, examples: &[&str]) {
    for (number, example) in examples.iter().enumerate() {
        if number == 0 {
            page.control("SH", ["EXAMPLES"]);
        }
        let (heading, lines) = example.split_once('\n').unwrap_or((example, ""));
        page.control("PP", []).text([italic(heading.trim_start_matches(EXAMPLE))]);
        page.control("RS", ["4"]).control("nf", []);
        for line in lines.lines() {
            page.text([roman(line.trim_start())]);
        }
        page.control("fi", []).control("RE", []);
    }
}

/// The pages above and below.
fn see_also(page: &mut Roff, command: &Command, path: &[&str]) {
    let above = path.split_last().map(|(_, above)| above.join("-")).filter(|above| !above.is_empty());
    let below = help::shown_commands(command)
        .into_iter()
        .map(|below| format!("{}-{}", path.join("-"), below.get_name()));
    let mut words: Vec<Inline> = Vec::new();
    for name in above.into_iter().chain(below) {
        if !words.is_empty() {
            words.push(roman(", "));
        }
        words.extend([bold(name), roman("(1)")]);
    }
    page.control("SH", ["SEE ALSO"]).text(words);
}
