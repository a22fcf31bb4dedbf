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

/// What is read of the environment, told on the page of the program.
const VARIABLES: &[(&str, &str)] = &[
    (
        "ORAS_CACHE",
        "a folder in which pull, blob fetch, manifest fetch and manifest fetch-config keep what they read of registries",
    ),
    ("ORAS_ERROR_FORMAT", "text or json: the form of a failure, where --error-format is not given"),
    ("ORAS_RETRY", "how often in a row something is tried again, where --retry is not given"),
    ("ORAS_TIMEOUT", "how long no byte may move, where --timeout is not given"),
    ("SOURCE_DATE_EPOCH", "seconds since 1970: the time at which artifacts are said to be made"),
    ("DOCKER_CONFIG", "the folder of docker's config.json, where credentials are kept"),
    (
        "REGISTRY_AUTH_FILE, XDG_RUNTIME_DIR",
        "where podman's auth.json is, which is read for registries that docker's file does not know",
    ),
    (
        "HTTP_PROXY, HTTPS_PROXY, NO_PROXY",
        "the proxies for connections to registries, and the hosts that have none; HTTP_PROXY counts for nothing where REQUEST_METHOD is set, as it is for programs that answer web requests",
    ),
    (
        "SSL_CERT_FILE, SSL_CERT_DIR",
        "the certificates that are trusted, where the system keeps them in files",
    ),
    (
        "NO_COLOR, CI, TERM, LC_ALL, LC_CTYPE, LANG",
        "neither bars nor colours where NO_COLOR or CI is set, TERM is dumb, or the locale is not UTF-8",
    ),
];

/// How the program ends.
const EXIT_STATUS: &[(&str, &str)] =
    &[("0", "all was done"), ("1", "a failure, told on stderr"), ("141", "the reader of stdout went away")];

/// What is typed for `oras man`.
#[derive(Debug, Args)]
#[command(override_usage = USAGE.synopsis())]
pub(crate) struct ManArgs {
    #[arg(hide = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(args: ManArgs, app: &App) -> Result<(), Failure> {
    let [folder] = USAGE.exactly(args.arguments)?;
    let folder = PathBuf::from(folder);
    disk::make_folder(&folder)?;
    let mut grammar = grammar();
    grammar.build();
    let pages = pages(&grammar, &[]);
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
    if path.len() == 1 {
        list(&mut page, "ENVIRONMENT", VARIABLES);
        list(&mut page, "EXIT STATUS", EXIT_STATUS);
    }
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

/// Names with a text each.
fn list(page: &mut Roff, title: &str, entries: &[(&str, &str)]) {
    page.control("SH", [title]);
    for (name, text) in entries {
        page.control("TP", []).text([bold(*name)]).text([roman(*text)]);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_that_is_read_is_told() {
        let told =
            |name: &str| VARIABLES.iter().any(|(names, text)| names.contains(name) || text.contains(name));
        let is_name = |text: &&str| {
            text.len() > 1 && text.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
        };
        let reader = include_str!("../env.rs");
        let read: Vec<&str> = reader.split('"').filter(is_name).collect();
        assert!(read.len() > 10, "{read:?}");
        for name in read {
            assert!(told(name), "{name}");
        }
    }
}
