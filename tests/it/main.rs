//! Commands as a user runs them: real processes against the embedded registry, each in a world of its own.
//!
//! Where a new test belongs:
//! - `push`, `pull`, `attach`, `backup`, `discover`, `doctor`, `copy`, `manifest`, `index`, `repository`, `tag`, `login`,
//!   `version`: what that command prints and leaves behind.
//! - `archives`: what is made of archives of other programs.
//! - `graph`: what is done to whole graphs: plans, looks afterwards, many tags, pictures, deletion.
//! - `broken_off`: copies of graphs that break off, and the next run.
//! - `pictures_parsed`: pictures of graphs, read by the parsers of their renderers.
//! - `scale`: graphs that are large in each direction.
//! - `layout`: the same commands on OCI image layouts and on tars of them.
//! - `layout_writers`: layouts whose writers are many, or are killed.
//! - `disks`: disks that are full, or that may not be written or read.
//! - `serve`: the command that starts the embedded registry, as a process.
//! - `wire`: which requests a command sends, and in which order.
//! - `faults`: networks and registries that fail in the middle of things. `faults_writing`: the same while something is
//!   written.
//! - `help`: the pages of help. `examples`: the examples in them, run. `readme`: the README, run.
//! - `completion`: the scripts for shells, in these shells.
//! - `connections`: which hosts are connected to. `debug`: what is told of requests.
//! - `tty`: what a person sees on a terminal. `pictures`: that the pictures of it are true.
//! - `signals`: ends from outside, while a command waits for something. `killed`: ends without a word, at any moment.
//! - `reports`: what is told to programs: failures and events as JSON.
//! - `retry`: what is told while something is tried again, and the flags for it.
//! - `errors`: what failures say. Most of it is compared with the real oras in `tests/parity`.
//! - `quirks`: what registries in the wild do.
//! - `concurrency`: how much goes on at once. `streams`: the same over HTTP/2. `ranges`: large blobs that come in parts.
//! - `proxies`: proxies and authorities that the environment names.
//! - `bounds`: documents that are too large or none. `escapes`: text of others, wherever it is shown.
//! - `safety`: hostile names and texts of honest registries. `safety_content`: registries that give something else or
//!   too much. `safety_secrets`: what must not reach anybody else. `origins`: the same, each way and each place.
//!   `safety_files`: titles and archives.
//!   `safety_archives`: a collection of tricks with both.
//!   `safety_layouts`: folders and tars that others have made. `safety_serve`: clients of the embedded registry.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
#![allow(
    clippy::disallowed_methods,
    reason = "tests stand outside of the house and make their own surroundings"
)]

mod archives;
mod attach;
mod backup;
mod blob;
mod bounds;
#[cfg(unix)]
mod broken_off;
mod cache;
#[cfg(unix)]
mod completion;
mod concurrency;
mod config;
#[cfg(target_os = "linux")]
mod connections;
mod copy;
mod debug;
mod discover;
#[cfg(target_os = "linux")]
mod disks;
mod doctor;
mod errors;
mod escapes;
mod examples;
mod faults;
mod faults_writing;
mod graph;
mod help;
mod index;
mod killed;
mod layout;
mod layout_writers;
mod layouts_of_others;
mod login;
mod manifest;
mod origins;
#[cfg(unix)]
mod pictures;
mod pictures_parsed;
mod proxies;
mod pull;
mod push;
#[cfg(unix)]
mod quirks;
mod ranges;
mod readme;
mod reports;
mod repository;
mod retry;
mod safety;
mod safety_archives;
mod safety_content;
mod safety_files;
mod safety_layouts;
mod safety_secrets;
mod safety_serve;
#[cfg(target_os = "linux")]
mod scale;
mod serve;
#[cfg(unix)]
mod signals;
mod streams;
mod support;
mod tag;
#[cfg(unix)]
mod tty;
mod version;
mod wire;

#[test]
fn every_file_here_is_a_module() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(name == "main" || main.contains(&format!("mod {name};")), "{name} is not compiled");
    }
}
