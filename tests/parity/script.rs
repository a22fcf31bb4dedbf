//! The language of the parity scripts, and the two worlds in which each of them is played.
//!
//! ```text
//! ## a title             begins anew: two worlds, each with two registries of its own
//! write NAME TEXT        makes a file in both; `\n` in the text is a line break
//! link NAME TARGET       makes a symbolic link in both
//! % oras ...             runs in both and must succeed; what it prints is not compared
//! $ oras ...             runs in both; output, errors, exit code and files must be the same
//! ~ oras ...             the same, but the lines of the output may come in any order
//! < REASON | oras ...    the output differs on purpose, all else is the same: fails when the output does not differ
//! ! REASON | oras ...    differs on purpose: fails when it does not differ
//! ```
//!
//! In a line `{r}` is the first registry, `{s}` the second one, `{created}` an annotation that fixes the time of a
//! manifest, and `{digest NAME}` the digest that `oras resolve NAME` gave before.

use std::fmt::Write as _;
use std::path::Path;

use crate::support::{Registry, Run, Setup, World};

const CREATED: &str = "--annotation org.opencontainers.image.created=2024-05-01T10:00:00Z";

/// One program in its world.
struct Player {
    world: World,
    registries: [Registry; 2],
}

/// Plays a script with both programs and fails with all differences that were found.
pub fn play(script: &str, oras: &Path) {
    let mut players = None;
    let mut differences = String::new();
    let mut title = "";
    for (number, line) in script.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("## ") {
            title = name;
            players = Some((Player::new(env!("CARGO_BIN_EXE_oras")), Player::new(oras)));
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (ours, theirs) = players.as_ref().expect("a script begins with a title");
        if let Some(difference) = perform(line, ours, theirs) {
            write!(differences, "\n=== {title}, line {}: {line}\n{difference}\n", number + 1).unwrap();
        }
    }
    assert!(differences.is_empty(), "not as oras does it:\n{differences}");
}

/// Performs one line with both; returns how they differ.
fn perform(line: &str, ours: &Player, theirs: &Player) -> Option<String> {
    let (mark, rest) = line.split_once(' ').expect("a line has a mark and a rest");
    match mark {
        "write" | "link" => {
            ours.make(mark, rest);
            theirs.make(mark, rest);
            None
        }
        "%" => {
            let _ = (ours.run(rest).success(), theirs.run(rest).success());
            None
        }
        "$" => compare(&ours.observe(rest), &theirs.observe(rest)),
        "~" => compare(&sorted(ours.observe(rest)), &sorted(theirs.observe(rest))),
        "<" => {
            let (_, rest) = rest.split_once(" | ").expect("a known difference has a reason");
            let (mut ours, mut theirs) = (ours.observe(rest), theirs.observe(rest));
            if std::mem::take(&mut ours.run.stdout) == std::mem::take(&mut theirs.run.stdout) {
                return Some("the output was said to differ, and does not".to_owned());
            }
            compare(&ours, &theirs)
        }
        "!" => {
            let (_, rest) = rest.split_once(" | ").expect("a known difference has a reason");
            let same = compare(&sorted(ours.observe(rest)), &sorted(theirs.observe(rest))).is_none();
            same.then(|| "this was said to differ, and does not".to_owned())
        }
        other => panic!("unknown mark {other:?}"),
    }
}

/// What a script can see of a command: streams, code, and the files it leaves.
struct Observed {
    run: Run,
    tree: Vec<String>,
}

fn compare(ours: &Observed, theirs: &Observed) -> Option<String> {
    let mut difference = String::new();
    if ours.run != theirs.run {
        write!(difference, "--- ours\n{}\n--- oras\n{}\n", ours.run, theirs.run).unwrap();
    }
    for (files, other, who) in [(&ours.tree, &theirs.tree, "ours"), (&theirs.tree, &ours.tree, "oras")] {
        for file in files.iter().filter(|file| !other.contains(file)) {
            writeln!(difference, "--- only {who} has {file}").unwrap();
        }
    }
    (!difference.is_empty()).then_some(difference)
}

/// The lines in order. Where two titles have the same content, oras moves whichever comes first: their names are
/// made the same.
fn sorted(mut observed: Observed) -> Observed {
    let mut lines: Vec<String> = observed.run.stdout.lines().map(str::to_owned).collect();
    let nodes: Vec<Option<(String, String)>> = lines.iter().map(|line| node(line)).collect();
    for (line, node) in lines.iter_mut().zip(&nodes) {
        let Some((digest, title)) = node else { continue };
        if nodes.iter().flatten().any(|(other, another)| other == digest && another != title) {
            *line = line.replace(title, "<one of several>");
        }
    }
    lines.sort_unstable();
    observed.run.stdout = lines.join("\n");
    observed
}

/// The digest and the title in a status line.
fn node(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (_, digest, title) = (words.next()?, words.next()?, words.next()?);
    let short = digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    short.then(|| (digest.to_owned(), title.to_owned()))
}

impl Player {
    fn new(binary: impl AsRef<Path>) -> Self {
        let mut world = World::of(binary.as_ref());
        let registries = [Registry::start(Setup::default()), Registry::start(Setup::default())];
        for (position, registry) in registries.iter().enumerate() {
            world.show(registry.address(), format!("localhost:500{position}"));
        }
        Self { world, registries }
    }

    fn make(&self, kind: &str, rest: &str) {
        let (name, content) = rest.split_once(' ').unwrap_or((rest, ""));
        if kind == "write" {
            self.world.write(name, content.replace("\\n", "\n"));
        } else {
            self.world.link(name, content);
        }
    }

    fn run(&self, line: &str) -> Run {
        let line = line.strip_prefix("oras").expect("a command line begins with oras").trim_start();
        let mut line = line
            .replace("{r}", self.registries[0].address())
            .replace("{s}", self.registries[1].address())
            .replace("{created}", CREATED);
        while let Some((before, rest)) = line.split_once("{digest ") {
            let (name, after) = rest.split_once('}').expect("a name ends with }");
            let digest = self.world.run(&format!("resolve {name}")).success().stdout;
            line = format!("{before}{}{after}", digest.trim());
        }
        self.world.run(&line)
    }

    fn observe(&self, line: &str) -> Observed {
        let run = self.run(line);
        let mut tree = self.world.tree();
        // oras leaves its folder for temporary files in a layout.
        tree.retain(|name| !name.ends_with("ingest/"));
        Observed { run, tree }
    }
}
