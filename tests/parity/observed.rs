//! What can be seen of a command: its streams and code, the files it leaves, and what it asked for.

use std::collections::HashSet;
use std::fmt::Write as _;

use crate::support::Run;

/// What can be seen of a command.
pub struct Observed {
    /// Streams and code.
    pub run: Run,
    /// Files, folders and links with what is in them.
    pub tree: Vec<String>,
    /// What the registries were asked, sorted.
    pub requests: Vec<String>,
}

/// How the two differ in what a script can see.
pub fn compare(ours: &Observed, theirs: &Observed) -> Option<String> {
    let mut difference = streams(&ours.run, &theirs.run);
    difference += &unlike("has", &ours.tree, &theirs.tree);
    (!difference.is_empty()).then_some(difference)
}

/// Leaves files out that were unlike before, which was told then, and keeps in mind those that are now.
pub fn forget_known(known: &mut HashSet<String>, ours: &mut Observed, theirs: &mut Observed) {
    let strays = |tree: &[String], other: &[String]| -> Vec<String> {
        tree.iter().filter(|line| !other.contains(line)).cloned().collect()
    };
    let strays = [strays(&ours.tree, &theirs.tree), strays(&theirs.tree, &ours.tree)].concat();
    for tree in [&mut ours.tree, &mut theirs.tree] {
        tree.retain(|line| !known.contains(line));
    }
    known.extend(strays);
}

fn streams(ours: &Run, theirs: &Run) -> String {
    if ours == theirs {
        return String::new();
    }
    let lines = |run: &Run| run.to_string().split_inclusive('\n').map(str::to_owned).collect::<Vec<_>>();
    let difference = unlike("says", &lines(ours), &lines(theirs));
    if difference.is_empty() {
        format!("--- the order differs\n{ours}\n--- oras\n{theirs}\n")
    } else {
        difference
    }
}

/// What only one of them has, as often as it has it.
fn unlike(verb: &str, ours: &[String], theirs: &[String]) -> String {
    let mut text = String::new();
    for (lines, other, who) in [(ours, theirs, "ours"), (theirs, ours, "oras")] {
        let mut other: Vec<&String> = other.iter().collect();
        for line in lines {
            match other.iter().position(|candidate| *candidate == line) {
                Some(found) => drop(other.swap_remove(found)),
                None => writeln!(text, "--- only {who} {verb} {}", line.trim_end()).unwrap(),
            }
        }
    }
    text
}

impl Observed {
    /// How the requests differ.
    pub fn requests_unlike(&self, other: &Self) -> Option<String> {
        let difference = unlike("asks", &self.requests, &other.requests);
        (!difference.is_empty()).then_some(difference)
    }

    /// That this one was said to ask for something else and not for more, and does not so.
    pub fn asks_no_less_than(&self, other: &Self) -> Option<String> {
        if self.requests.len() > other.requests.len() {
            let more = self.requests_unlike(other).unwrap_or_default();
            return Some(format!("ours was said to ask for less, and asks for more\n{more}"));
        }
        let same = self.requests_unlike(other).is_none();
        same.then(|| "ours was said to ask for something else, and does not\n".to_owned())
    }

    /// That this one was said to ask for more, and does not so.
    pub fn asks_no_more_than(&self, other: &Self) -> Option<String> {
        let more = self.requests.len() > other.requests.len();
        (!more).then(|| "ours was said to ask for more, and does not\n".to_owned())
    }

    /// The lines in order. Where two titles have the same content, oras moves whichever comes first: their names are
    /// made the same.
    pub fn sorted(mut self) -> Self {
        let mut lines: Vec<String> = self.run.stdout.lines().map(str::to_owned).collect();
        let nodes: Vec<Option<(String, String)>> = lines.iter().map(|line| node(line)).collect();
        for (line, node) in lines.iter_mut().zip(&nodes) {
            let Some((digest, title)) = node else { continue };
            if nodes.iter().flatten().any(|(other, another)| other == digest && another != title) {
                *line = line.replace(title, "<one of several>");
            }
        }
        // In a tree the last branch is drawn in another way, whichever it is.
        for line in &mut lines {
            *line = line.replace('└', "├").replace('│', " ");
        }
        lines.sort_unstable();
        self.run.stdout = lines.join("\n");
        self
    }
}

/// Leaves out the sessions that were opened ahead and given up: whether there are any depends on how quickly a registry
/// answers.
pub fn forget_sessions(requests: &mut Vec<String>) {
    let is_given_up = |line: &String| line.contains(" DELETE ") && line.ends_with("/uploads/<session> 204");
    while let Some(at) = requests.iter().position(is_given_up) {
        let begun = requests.remove(at).replace(" DELETE ", " POST ").replace("<session> 204", " 202");
        if let Some(at) = requests.iter().position(|line| *line == begun) {
            requests.remove(at);
        }
    }
}

/// Leaves out the blobs that an attach looked for without knowing its subject, or how the registry is opened: whether there
/// are any depends on how quickly a registry answers.
pub fn forget_looks(requests: &mut Vec<String>, succeeded: bool) {
    let is_look = |line: &String| line.contains(": HEAD ") && line.contains("/blobs/");
    requests.retain(|line| !is_look(line) || (succeeded && !line.ends_with(" 401")));
}

/// The digest and the title in a status line.
fn node(line: &str) -> Option<(String, String)> {
    let mut words = line.split_whitespace();
    let (_, digest, title) = (words.next()?, words.next()?, words.next()?);
    let short = digest.len() == 12 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    short.then(|| (digest.to_owned(), title.to_owned()))
}

/// A log with the headers of each entry in order, and without those that name the program, the moment or the page that
/// led to a request.
pub fn comparable(log: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    let mut headers = 0;
    for line in log.split_inclusive('\n') {
        if ["   \"User-Agent\"", "   \"Date\"", "   \"Referer\""].iter().any(|name| line.starts_with(name)) {
            continue;
        }
        headers = if line.starts_with("   \"") { headers + 1 } else { 0 };
        lines.push(line);
        let start = lines.len() - headers;
        lines[start..].sort_unstable();
    }
    lines.concat()
}
