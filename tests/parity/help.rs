//! Pages of help side by side: what is interface must be the same, and the prose is free.

use std::collections::BTreeSet;

/// What a script or a person relies on in a page of help.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    /// The mark of the command.
    mark: String,
    /// That a command is not stable.
    notices: Vec<String>,
    /// Lines that can be typed, each after the mark of its heading.
    examples: Vec<String>,
    /// Flags with the names and defaults of their values, and their marks.
    flags: BTreeSet<String>,
    /// Usage, aliases, and what is said at the end.
    rest: String,
}

/// What only ours has: flags, and examples with what is typed in them.
const OURS: &[&str] = &[
    "--chunk-size size",
    "--error-format string",
    "--file glob",
    "--if-absent",
    "--keyring",
    "--progress string",
    "--retry int",
    "--timeout duration",
    "oras attach --artifact-type doc/example --if-absent localhost:5000/hello:v1 hi.txt",
    "oras blob push localhost:5000/hello -",
    "--all-tags",
    "--artifact-type string",
    "--dry-run",
    "--exclude regex",
    "--exclude-artifact-type string",
    "--filter key=value",
    "--format string",
    "--include regex",
    "--include-digest-tags",
    "--keep-going",
    "--latest",
    "--recursive",
    "-r, --recursive",
    "--remove",
    "--template string",
    "--verify",
    "oras cp -r --dry-run localhost:5000/net-monitor:v1 localhost:6000/net-monitor-copy:v1",
    "oras cp -r --verify localhost:5000/net-monitor:v1 localhost:6000/net-monitor-copy:v1",
    "oras cp -r --artifact-type sig/example localhost:5000/net-monitor:v1 localhost:6000/net-monitor-copy:v1",
    "oras cp --all-tags --include \"v1.*\" localhost:5000/net-monitor localhost:6000/net-monitor-copy",
    "oras discover --artifact-type sig/example --latest localhost:5000/hello:v1",
    "oras discover --filter key=val localhost:5000/hello:v1",
    "oras discover --format mermaid localhost:5000/hello:v1",
    "oras manifest delete --recursive --dry-run localhost:5000/hello:v1",
    "oras manifest delete --recursive --force localhost:5000/hello:v1",
    "oras tag --remove localhost:5000/hello:v1",
    r#"oras pull localhost:5000/hello:v1 --file "*.txt" --file "hi.*""#,
    "oras pull localhost:5000/hello:v1 --file hi.txt --output -",
];

/// How two pages differ.
pub fn compare(ours: &str, theirs: &str) -> Option<String> {
    let (mut ours, theirs) = (read(ours), read(theirs));
    ours.examples.retain(|line| !OURS.contains(&line.trim()));
    let is_ours = |flag: &str| OURS.iter().any(|own| flag.trim_start().starts_with(own));
    ours.flags.retain(|flag| !is_ours(flag) || theirs.flags.contains(flag));
    if ours == theirs {
        return None;
    }
    let all = |page: &Page| -> BTreeSet<String> {
        let rest = [format!("mark {:?}", page.mark), page.rest.clone()];
        page.notices.iter().chain(&page.examples).chain(&page.flags).chain(&rest).cloned().collect()
    };
    let (ours, theirs) = (all(&ours), all(&theirs));
    let only = |one: &BTreeSet<String>, other| one.difference(other).cloned().collect::<Vec<_>>().join("\n");
    Some(format!("--- only ours\n{}\n--- only oras\n{}", only(&ours, &theirs), only(&theirs, &ours)))
}

/// The commands that a page lists.
pub fn commands(page: &str) -> Vec<String> {
    section(page, "Available Commands:")
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

fn section<'a>(page: &'a str, title: &str) -> impl Iterator<Item = &'a str> {
    let after = page.lines().skip_while(|line| *line != title).skip(1);
    after.take_while(|line| !line.is_empty()).collect::<Vec<_>>().into_iter()
}

fn read(page: &str) -> Page {
    let (about, rest) = page.split_once("Usage:\n").unwrap();
    let mut examples = Vec::new();
    for block in about.split("\n\nExample - ").skip(1) {
        let (heading, lines) = block.split_once('\n').unwrap();
        examples.extend(
            lines
                .lines()
                .filter(|line| !line.is_empty())
                .map(|line| format!("{}{}", mark(heading), well(line))),
        );
    }
    let (usage, end) = rest.split_once("Flags:\n").unwrap();
    let usage = usage.split("Available Commands:").next().unwrap();
    Page {
        mark: mark(about).to_owned(),
        notices: about.lines().filter(|line| line.starts_with("**")).map(str::to_owned).collect(),
        examples,
        flags: flags(page),
        rest: format!("{usage}{}", end.split_once("\n\n").unwrap_or_default().1),
    }
}

/// Three examples of oras do not run: two name a digest without its algorithm, one lacks a flag.
fn well(line: &str) -> String {
    line.replace("@sha:", "@sha256:")
        .replace("layout-dir@99", "layout-dir@sha256:99")
        .replace("manifest delete --descriptor localhost", "manifest delete --descriptor --force localhost")
}

/// `[Preview] ` at the beginning of a text.
fn mark(text: &str) -> &str {
    match text.find("] ") {
        Some(end) if text.starts_with('[') => &text[..end + 2],
        _ => "",
    }
}

fn flags(page: &str) -> BTreeSet<String> {
    let mut flags: Vec<(String, String)> = Vec::new();
    for line in section(page, "Flags:") {
        let line = line.trim_start();
        match flags.last_mut() {
            Some((_, text)) if !line.starts_with('-') => text.push_str(line),
            _ => {
                let (flag, text) = line.split_once("   ").unwrap();
                flags.push((flag.to_owned(), text.trim_start().to_owned()));
            }
        }
    }
    let shown = flags.iter().map(|(flag, text)| {
        let default = text.rfind("(default ").map_or("", |start| &text[start..]);
        format!("{flag} {}{default}", mark(text))
    });
    shown.collect()
}
