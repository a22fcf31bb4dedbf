//! The README: its commands, run in their order as they stand there, and what it says that they print.
//!
//! Every `sh` block is run by a shell in one home, unless a comment in front of it says `not run`. A `text` block right
//! behind it is what it prints. What a block exports holds for those behind it. Only the registry is another one, on a port of its own.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use crate::support::{Registry, Setup, World};

/// A fenced block.
#[derive(Debug, PartialEq)]
struct Block<'a> {
    kind: &'a str,
    /// The number of its first line.
    line: usize,
    text: String,
    /// What stands between it and the block before.
    before: String,
}

/// All blocks of a page.
fn blocks(page: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut open, mut before): (Vec<Block>, Option<Block>, _) =
        (Vec::new(), None, String::new());
    for (number, line) in page.lines().enumerate() {
        match (line.strip_prefix("```"), open.take()) {
            (Some(_), Some(block)) => blocks.push(block),
            (Some(kind), None) => {
                let before = std::mem::take(&mut before);
                open = Some(Block { kind, line: number + 2, text: String::new(), before });
            }
            (None, Some(mut block)) => {
                block.text += &[line, "\n"].concat();
                open = Some(block);
            }
            (None, None) => before += &[line, "\n"].concat(),
        }
    }
    assert_eq!(open, None, "a block has no end");
    blocks
}

/// What was printed: the lines that tell of one node each, which are as fast as they are, and all others in their order.
fn told(text: &str) -> (Vec<&str>, Vec<&str>) {
    let is_of_a_node = |line: &&str| {
        let name = line.split_whitespace().nth(1).unwrap_or_default();
        name.len() == 12 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let (mut nodes, others): (Vec<_>, Vec<_>) = text.trim_end().lines().partition(is_of_a_node);
    nodes.sort_unstable();
    (nodes, others)
}

#[test]
fn the_readme_runs_as_it_stands() {
    let page = include_str!("../../README.md");
    let world = World::new();
    let setup = Setup { folder: Some(world.path("registry")), ..Setup::default() };
    let registry = Registry::start(setup);
    let here = |text: &str| text.replace("localhost:5000", registry.address());
    let mut path = OsString::from(Path::new(env!("CARGO_BIN_EXE_oras")).parent().unwrap());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let (mut count, mut compared, mut exported) = (0, 0, String::new());
    let blocks = blocks(page);
    for (place, block) in blocks.iter().enumerate().filter(|(_, block)| block.kind == "sh") {
        if block.before.contains("<!-- not run") {
            continue;
        }
        let variables: Vec<_> =
            world.command(&[]).get_envs().map(|(n, v)| (n.to_owned(), v.unwrap().to_owned())).collect();
        let mut shell = Command::new("bash");
        shell
            .args(["-euo", "pipefail", "-c", &here(&format!("{exported}{}", block.text))])
            .current_dir(world.work());
        let output = shell.env_clear().envs(variables).env("PATH", &path).output().unwrap();
        assert!(output.status.success(), "README.md:{}\n{}{output:?}", block.line, block.text);
        count += 1;
        let lines = block.text.lines().filter(|line| line.starts_with("export "));
        exported.extend(lines.flat_map(|line| [line, "\n"]));
        if let Some(shown) =
            blocks.get(place + 1).filter(|next| next.kind == "text" && next.before.trim().is_empty())
        {
            let printed = String::from_utf8(output.stdout).unwrap();
            assert_eq!(told(&here(&shown.text)), told(&printed), "README.md:{}\n{printed}", shown.line);
            compared += 1;
        }
    }
    assert!(count > 10 && compared > 2, "{count} run, {compared} compared");
}

/// Whoever measures anew puts the table between these marks.
#[test]
fn the_figures_have_a_place_that_can_be_found() {
    let page = include_str!("../../README.md");
    let (_, after) =
        page.split_once("<!-- figures: cargo bench --bench compare -- --markdown FILE -->\n").unwrap();
    let (table, _) = after.split_once("<!-- end of figures -->\n").unwrap();
    assert!(table.starts_with("| work | ours | oras |"), "{table}");
    assert!(table.lines().all(|line| line.starts_with('|')), "{table}");
}
