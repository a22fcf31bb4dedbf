//! The architecture as a test: layers, file lengths, module heads, and what may be done in one place only.
//!
//! A rule that only a reviewer remembers is lost within a year. What the compiler and clippy can check is left to
//! them; here is the rest, read from the sources themselves. What does not belong here: how anything behaves.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Which modules of the library each module may use. A module that is not listed is a mistake, too.
const LAYERS: &[(&str, &[&str])] = &[
    ("oci", &[]),
    ("error", &["oci"]),
    ("progress", &["oci"]),
    ("disk", &["oci", "error"]),
    ("content", &["oci", "error", "progress"]),
    ("credentials", &["oci", "error", "disk"]),
    ("transport", &["oci", "error", "content", "credentials"]),
    ("registry", &["oci", "error", "progress", "content", "credentials", "transport"]),
    ("layout", &["oci", "error", "progress", "disk", "content"]),
    ("files", &["oci", "error", "progress", "disk", "content"]),
    ("transfer", &["oci", "error", "progress", "content"]),
    ("ops", &["oci", "error", "progress", "disk", "content", "layout", "files", "transfer"]),
    ("server", &["oci", "error", "progress", "disk", "content", "layout"]),
];

/// Text that may stand in some files only: what, where, and why.
const ONE_PLACE: &[(&str, &[&str], &str)] = &[
    ("reqwest::", &["src/transport/wire.rs", "src/transport/wire/"], "one place makes connections"),
    ("std::env::", &["src/cli/env.rs", "src/oci/platform.rs"], "the environment is read in one place"),
    ("std::process::Command", &[], "processes are started with tokio, so that they can be stopped"),
];

/// The most lines of a file.
const LONGEST: usize = 400;

#[test]
fn modules_use_lower_layers_only() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(module) = library_module(&path) else { continue };
        let allowed = LAYERS.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            wrong.push(format!("{}: {module} is in no layer", path.display()));
            continue;
        };
        for used in used_modules(&text) {
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: {module} uses {used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that the layers forbid:\n{}", wrong.join("\n"));
}

#[test]
fn the_command_line_sees_only_the_public_library() {
    for (path, text) in sources("src/cli") {
        let strange: Vec<_> = used_modules(&text).into_iter().filter(|used| used != "cli").collect();
        assert!(strange.is_empty(), "{} reaches past the library: {strange:?}", path.display());
    }
}

#[test]
fn every_file_opens_with_what_it_is_and_is_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        if !text.starts_with("//!") {
            wrong.push(format!("{} does not say what it is", path.display()));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn some_things_are_done_in_one_place() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let shown = path.to_string_lossy().replace('\\', "/");
        for (needle, places, why) in ONE_PLACE {
            let here = places.iter().any(|place| shown.starts_with(place));
            let mut code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            if !here && code.any(|line| line.contains(needle)) {
                wrong.push(format!("{shown} has {needle:?}, but {why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn nothing_is_left_open() {
    // Taken apart so that this file does not find itself.
    let marks =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("unimple", "mented!"), concat!("to", "do!(")];
    for (path, text) in sources("src").into_iter().chain(sources("tests")) {
        for mark in marks {
            assert!(!text.contains(mark), "{} has {mark:?}", path.display());
        }
    }
}

#[test]
fn what_the_security_page_promises_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join(".github/SECURITY.md")).unwrap();
    let code: String = sources("src").into_iter().chain(sources("tests")).map(|(_, text)| text).collect();
    let promises = page.lines().skip_while(|line| !line.starts_with("| Promise |"));
    let rows = promises.filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let named: Vec<_> = rows.flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2)).collect();
    assert!(named.len() > 20, "the table has moved: {named:?}");
    for test in named {
        assert!(code.contains(&format!("fn {test}()")), "no test is called {test}");
    }
}

#[test]
fn each_dependency_has_its_reason_and_all_are_counted() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let (mut section, mut before, mut direct) = ("", "", BTreeSet::new());
    for line in manifest.lines() {
        let name = line.split_once(" = ").map(|(name, _)| name);
        match name.filter(|_| section.ends_with("dependencies]")) {
            _ if line.starts_with('[') => section = line,
            Some(name) => {
                assert!(before.starts_with("# "), "{name} has no reason beside it");
                if !section.ends_with("dev-dependencies]") {
                    direct.insert(name);
                }
            }
            None => {}
        }
        before = line;
    }
    let page = fs::read_to_string(root.join(".github/SECURITY.md")).unwrap();
    let count = format!("{} direct dependencies", direct.len());
    assert!(page.contains(&count), "SECURITY.md does not speak of {count}");
}

/// Every Rust file below a folder of the package with its text, in the order of the names.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = walkdir::WalkDir::new(root.join(folder)).sort_by_file_name().into_iter().map(Result::unwrap);
    let rust = files.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    rust.map(|entry| {
        let path = entry.path().strip_prefix(root).unwrap().to_owned();
        (path, fs::read_to_string(entry.path()).unwrap())
    })
    .collect()
}

/// The module of the library that a file belongs to; none for the roots and the command line.
fn library_module(path: &Path) -> Option<String> {
    let inside = path.strip_prefix("src").unwrap();
    let first = inside.components().next()?.as_os_str().to_string_lossy().into_owned();
    let module = first.strip_suffix(".rs").unwrap_or(&first);
    (!matches!(module, "lib" | "main" | "cli")).then(|| module.to_owned())
}

/// The first names after `crate::`, in paths and in lists, outside of comments.
fn used_modules(text: &str) -> Vec<String> {
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut used = Vec::new();
    for rest in code.join("\n").split("crate::").skip(1) {
        match rest.strip_prefix('{') {
            None => used.push(word(rest)),
            Some(list) => used.extend(list_heads(list)),
        }
    }
    used.sort();
    used.dedup();
    used
}

fn word(text: &str) -> String {
    text.chars().take_while(|letter| letter.is_ascii_alphanumeric() || *letter == '_').collect()
}

/// The first word of each entry of a list that was opened with `{`.
fn list_heads(list: &str) -> Vec<String> {
    let mut heads = vec![word(list.trim_start())];
    let mut depth = 0_i32;
    for (at, letter) in list.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => heads.push(word(list[at + 1..].trim_start())),
            _ => {}
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::error::Result;\n// crate::no\nuse crate::{oci::{Tag, Digest}, disk};\nlet x = crate::files::y();";
    assert_eq!(used_modules(text), ["disk", "error", "files", "oci"]);
}
