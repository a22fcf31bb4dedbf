//! What a person sees on a terminal: bars on stderr, drawn in place, and no debris.
//!
//! The commands run on a terminal in memory; what they draw goes through an emulator, so the tests look at a screen
//! and not at escape codes.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use nix::pty::{Winsize, openpty};

use crate::support::faults::{Fault, Faults, On};
use crate::support::world::words;
use crate::support::{Registry, STEADY, Setup, World};

/// What is on the screen and above it when a command has ended.
struct Screen {
    lines: Vec<String>,
    cursor_hidden: bool,
    drawn: Vec<u8>,
    success: bool,
}

/// Runs a command with both streams on a terminal of this size.
fn watch(world: &World, line: &str, columns: u16, variables: &[(&str, &str)]) -> Screen {
    watch_beside(world, line, columns, variables, None)
}

/// The same with stdout somewhere else, if it is to be.
fn watch_beside(
    world: &World,
    line: &str,
    columns: u16,
    variables: &[(&str, &str)],
    stdout: Option<File>,
) -> Screen {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).unwrap();
    let end = || Stdio::from(pair.slave.try_clone().unwrap());
    let mut command = world.command(&words(line));
    command.env("TERM", "xterm").env("LANG", "C.UTF-8").envs(variables.iter().copied());
    command.stdin(Stdio::null()).stdout(stdout.map_or_else(end, Stdio::from)).stderr(end());
    let mut child = command.spawn().unwrap();
    // The command and this value have the other ends; both must be gone for the reader to see one.
    drop((command, pair.slave));
    let mut drawn = Vec::new();
    // Linux ends the stream of a terminal that nobody holds any more with an error.
    let _ = File::from(pair.master).read_to_end(&mut drawn);
    let success = child.wait().unwrap().success();
    let mut parser = vt100::Parser::new(24, columns, 2000);
    parser.process(&drawn);
    parser.screen_mut().set_scrollback(usize::MAX);
    let above = parser.screen().scrollback();
    let mut lines = Vec::new();
    for back in (0..=above).rev() {
        parser.screen_mut().set_scrollback(back);
        let rows: Vec<String> = parser.screen().rows(0, columns).collect();
        if back == 0 { lines.extend(rows) } else { lines.extend(rows.into_iter().take(1)) }
    }
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    Screen { lines, cursor_hidden: parser.screen().hide_cursor(), drawn, success }
}

impl Screen {
    fn has(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }
}

fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("big.bin", vec![7_u8; 3_000_000]);
    world.write("hi.txt", "hello\n");
    let artifact = format!("{}/hello:v1", registry.address());
    (world, registry, artifact)
}

#[test]
fn each_node_ends_as_two_lines_and_the_result_follows() {
    let (world, _registry, artifact) = world();
    let screen = watch(&world, &format!("push {artifact} big.bin hi.txt {STEADY}"), 100, &[]);
    assert!(screen.success && !screen.cursor_hidden);
    assert_eq!(screen.lines.len(), 11, "{:#?}", screen.lines);
    for line in screen.lines.iter().take(8).step_by(2) {
        assert!(line.starts_with("✓ Uploaded  ") && line.contains("100.00%"), "{line}");
        assert_eq!(line.trim_end().chars().count(), 100, "{line}");
    }
    assert!(screen.lines[1].starts_with("  └─ sha256:"));
    assert!(screen.lines[8].starts_with("Pushed [registry] "), "{:#?}", screen.lines);
    assert!(!screen.has("Uploading"), "{:#?}", screen.lines);
}

#[test]
fn other_commands_have_other_words() {
    let (world, registry, artifact) = world();
    let _ = world.run(&format!("push {artifact} big.bin hi.txt {STEADY}")).success();
    let screen = watch(&world, &format!("pull {artifact} -o out"), 100, &[]);
    assert!(screen.has("✓ Pulled      hi.txt") && screen.has("Pulled [registry]"), "{:#?}", screen.lines);
    let screen = watch(&world, &format!("cp {artifact} {}/other:v1", registry.address()), 100, &[]);
    assert!(screen.has("✓ Mounted hi.txt") && screen.has("✓ Copied  "), "{:#?}", screen.lines);
    let screen = watch(&world, &format!("push {artifact} hi.txt -a k=v {STEADY} --format json"), 100, &[]);
    assert!(screen.has("✓ Exists    hi.txt") && screen.has("\"referenceAsTags\""), "{:#?}", screen.lines);
}

#[test]
fn beside_content_on_stdout_are_bars_if_they_are_asked_for() {
    let (world, _registry, artifact) = world();
    let _ = world.run(&format!("push {artifact} hi.txt {STEADY}")).success();
    let repository = artifact.trim_end_matches(":v1");
    let fetch = format!("blob fetch {repository}@{} -o -", oras::oci::Digest::of(b"hello\n"));
    for (flag, bars) in [("--no-tty=false", true), ("--no-tty", false), ("", false)] {
        let content = File::create(world.path("content")).unwrap();
        let screen = watch_beside(&world, &format!("{fetch} {flag}"), 100, &[], Some(content));
        assert_eq!((world.read("content").as_str(), screen.success), ("hello\n", true));
        assert_eq!(screen.has("100.00%"), bars, "{flag}: {:#?}", screen.lines);
    }
    let screen = watch(&world, &format!("{fetch} --no-tty=false"), 100, &[]);
    assert_eq!(screen.lines, ["hello"], "content that is seen is not drawn upon");
}

#[test]
fn narrow_windows_and_many_files_leave_no_debris() {
    let (world, _registry, artifact) = world();
    let names: Vec<String> = (0..60).map(|number| format!("a-long-name-of-file-{number:03}.txt")).collect();
    for name in &names {
        world.write(name, name);
    }
    for columns in [20, 33, 57, 200] {
        let line = format!("push {artifact} {} -a width={columns} {STEADY}", names.join(" "));
        let screen = watch(&world, &line, columns, &[]);
        assert!(screen.success);
        // Two lines a node: files, config, manifest; then the result, which is as long as it is.
        let nodes = names.len() + 2;
        for (position, line) in screen.lines.iter().take(2 * nodes).enumerate() {
            let begin = if position % 2 == 0 { "✓ " } else { "  └─ sha256:" };
            assert!(line.starts_with(begin), "{columns}, {position}: {:#?}", screen.lines);
        }
        assert!(screen.lines[2 * nodes].starts_with("Pushed [registry] "), "{columns}: {:#?}", screen.lines);
    }
}

#[test]
fn a_failure_is_marked_and_what_was_under_way_is_wiped_away() {
    let (world, _registry, artifact) = world();
    let _ = world.run(&format!("push {artifact} big.bin {STEADY}")).success();
    std::fs::create_dir_all(world.path("out/big.bin/in-the-way")).unwrap();
    let screen = watch(&world, &format!("pull {artifact} -o out"), 100, &[]);
    assert!(!screen.success);
    assert!(screen.has("✗ ") && screen.has("Error: "), "{:#?}", screen.lines);
    assert!(screen.lines.iter().all(|line| !line.contains('⠋')), "{:#?}", screen.lines);
    let screen = watch(&world, &format!("pull {artifact} -o out --error-format json"), 1000, &[]);
    assert!(screen.has("✗ ") && !screen.has("Error: "), "{:#?}", screen.lines);
    assert!(screen.lines.last().unwrap().starts_with("{\"event\":\"error\","), "{:#?}", screen.lines);
}

#[test]
fn plain_lines_come_when_they_are_asked_for() {
    let (world, _registry, artifact) = world();
    let plain = |line: &str, variables: &[(&str, &str)]| {
        let screen = watch(&world, line, 100, variables);
        assert!(screen.success && screen.has("hi.txt"), "{:#?}", screen.lines);
        assert!(!screen.drawn.contains(&0x1b), "{variables:?}: {:#?}", screen.lines);
        assert!(screen.lines.iter().all(|line| !line.contains('✓')), "{:#?}", screen.lines);
    };
    let push = format!("push {artifact} hi.txt {STEADY}");
    plain(&format!("{push} --no-tty"), &[]);
    plain(&format!("{push} -a progress=plain --progress plain"), &[]);
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb"), ("CI", "true"), ("LC_ALL", "C")] {
        plain(&format!("{push} -a {}={}", variable.0, variable.1), &[variable]);
    }
}

/// A command that is under way on a terminal.
struct Running {
    child: Child,
    terminal: File,
    /// Kept so that the size can be changed.
    slave: Option<OwnedFd>,
    parser: vt100::Parser,
    columns: u16,
}

impl Running {
    fn start(world: &World, line: &str, columns: u16) -> Self {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        let mut command = world.command(&words(line));
        command.env("TERM", "xterm").env("LANG", "C.UTF-8");
        let child = command.stdin(Stdio::null()).stdout(end()).stderr(end()).spawn().unwrap();
        let parser = vt100::Parser::new(24, columns, 0);
        Self { child, terminal: File::from(pair.master), slave: Some(pair.slave), parser, columns }
    }

    fn rows(&self) -> Vec<String> {
        let rows = self.parser.screen().rows(0, self.columns);
        let mut rows: Vec<String> = rows.map(|row| row.trim_end().to_owned()).collect();
        while rows.last().is_some_and(String::is_empty) {
            rows.pop();
        }
        rows
    }

    /// Reads until three nodes are under way and nothing is drawn but pairs of lines, the first of them this wide at least.
    fn settle(&mut self, wide: usize) {
        let mut buffer = [0; 16 * 1024];
        // Something is drawn five times a second.
        for _ in 0..200 {
            let read = self.terminal.read(&mut buffer).unwrap();
            self.parser.process(&buffer[..read]);
            let rows = self.rows();
            let moving = |row: &&String| row.starts_with(|letter| ('\u{2800}'..'\u{2900}').contains(&letter));
            let pairs = rows.chunks(2).all(|pair| pair.len() == 2 && pair[1].starts_with("  └─ sha256:"));
            let moving: Vec<&String> = rows.iter().filter(moving).collect();
            if pairs && moving.len() == 3 && moving.iter().all(|row| row.chars().count() >= wide) {
                return;
            }
        }
        panic!("this does not become three nodes that are under way: {:#?}", self.rows());
    }

    fn resize(&mut self, columns: u16) {
        let slave = Stdio::from(self.slave.as_ref().unwrap().try_clone().unwrap());
        let set = Command::new("stty").args(["cols", &columns.to_string()]).stdin(slave).status().unwrap();
        assert!(set.success());
        self.parser.screen_mut().set_size(24, columns);
        self.columns = columns;
    }

    /// Interrupts the command and returns what is on the screen at its end.
    fn interrupt(mut self) -> Vec<String> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        assert!(!self.child.wait().unwrap().success());
        drop(self.slave.take());
        let mut rest = Vec::new();
        // Linux ends the stream of a terminal that nobody holds any more with an error.
        let _ = self.terminal.read_to_end(&mut rest);
        self.parser.process(&rest);
        self.rows()
    }
}

#[test]
fn what_is_under_way_is_drawn_in_place_and_wiped_away_in_the_end() {
    let (world, registry, artifact) = world();
    let _ = world.run(&format!("push {artifact} big.bin hi.txt {STEADY}")).success();
    let faults = Faults::before(registry.address(), vec![(On::Blob, 0..99, Fault::Stall(1))]);
    for columns in [20, 40, 80, 200] {
        let line = format!("pull {}/hello:v1 -o out{columns}", faults.address());
        let mut running = Running::start(&world, &line, columns);
        running.settle(10);
        if columns == 80 {
            running.resize(120);
            running.settle(110);
        }
        let rows = running.interrupt();
        assert!(rows.iter().all(|row| !row.contains("hi.txt") && !row.contains("big.bin")), "{rows:#?}");
        assert!(rows.last().is_some_and(|row| row.contains("interrupt") || columns == 20), "{rows:#?}");
    }
}

#[test]
fn colours_depend_on_where_the_tree_goes() {
    let (world, _registry, artifact) = world();
    let _ = world.run(&format!("push {artifact} hi.txt {STEADY}")).success();
    let _ = world.run(&format!("attach {artifact} --artifact-type a/b hi.txt {STEADY}")).success();
    let discover = format!("discover {artifact}");
    assert!(watch(&world, &discover, 200, &[]).drawn.contains(&0x1b), "none on a terminal");
    let file = File::create(world.path("tree.txt")).unwrap();
    assert!(watch_beside(&world, &discover, 200, &[], Some(file)).success);
    let tree = world.read("tree.txt");
    assert!(tree.contains("a/b") && !tree.contains('\u{1b}'), "{tree:?}");
}
