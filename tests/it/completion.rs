//! `completion`: the scripts, in the shells that they are for.
//!
//! A shell that is not installed is left out, unless `ORAS_PEERS` says that everything to compare with is there.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use nix::pty::{Winsize, openpty};

use crate::support::World;

/// What is typed, and what it is completed to.
const TYPED: [(&str, &[&str]); 8] = [
    ("oras pu", &["pull", "push"]),
    ("oras repo t", &["tags"]),
    ("oras push --export", &["--export-manifest"]),
    ("oras discover --format ta", &["table"]),
    ("oras cp --to-dist", &["--to-distribution-spec"]),
    ("oras manifest index c", &["create"]),
    ("oras help pu", &["pull", "push"]),
    ("oras help manifest fetch-", &["fetch-config"]),
];

/// Whether a shell is there.
fn has(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("ORAS_PEERS").is_none(), "ORAS_PEERS is set, but {shell} is missing");
    found
}

#[test]
fn bash_completes_commands_flags_and_values() {
    let world = World::new();
    let script = world.run("completion bash").success().stdout;
    if !has("bash") {
        return;
    }
    for (words, wanted) in TYPED {
        let typed: Vec<&str> = words.split(' ').collect();
        let (begun, previous) = (typed[typed.len() - 1], typed[typed.len() - 2]);
        let line = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={}; _oras oras '{begun}' '{previous}'; echo \"${{COMPREPLY[*]}}\"",
            typed.len() - 1
        );
        world.write("complete.sh", line);
        let output = Command::new("bash").arg(world.path("complete.sh")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), wanted.join(" "), "{words}: {output:?}");
    }
}

#[test]
fn fish_completes_commands_flags_and_values() {
    let world = World::new();
    world.write("oras.fish", world.run("completion fish").success().stdout);
    if !has("fish") {
        return;
    }
    for (words, wanted) in TYPED {
        let mut fish = Command::new("fish");
        fish.args(["--no-config", "-c", &format!("source oras.fish; complete -C '{words}'")]);
        let output = fish.current_dir(world.work()).env("HOME", world.work()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        let offered: Vec<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(offered, wanted, "{words}: {output:?}");
    }
}

/// Zsh completes only at a prompt, so it is given a terminal. Each text that is waited for comes, or the shell, which
/// ends when nothing is typed for a minute, closes it.
#[test]
fn zsh_completes_commands_flags_and_values() {
    let world = World::new();
    world.write("completions/_oras", world.run("completion zsh").success().stdout);
    if !has("zsh") {
        return;
    }
    let size = Winsize { ws_row: 40, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
    let pair = openpty(Some(&size), None).unwrap();
    let end = || Stdio::from(pair.slave.try_clone().unwrap());
    let mut zsh = Command::new("zsh");
    zsh.args(["-f", "-i"]).current_dir(world.work()).env("TERM", "dumb").env("HOME", world.work());
    let mut shell = zsh.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    drop((zsh, pair.slave));
    let mut terminal = File::from(pair.master);
    terminal
        .write_all(b"TMOUT=60; fpath=($PWD/completions $fpath); autoload -U compinit; compinit -u -D; print RE''ADY\n")
        .unwrap();
    wait_for(&mut terminal, "READY");
    for (words, wanted) in TYPED {
        // The line is emptied first: what is left of the one before must not be taken for an answer.
        terminal.write_all(format!("\x15print NE''XT\n{words}\t").as_bytes()).unwrap();
        wait_for(&mut terminal, "NEXT");
        for text in wanted {
            wait_for(&mut terminal, text);
        }
    }
    terminal.write_all(b"\x15exit\n").unwrap();
    // Linux ends the stream of a terminal that nobody holds any more with an error.
    let _ = terminal.read_to_end(&mut Vec::new());
    assert!(shell.wait().is_ok());
}

/// Reads what a shell prints until the text has come.
fn wait_for(terminal: &mut File, text: &str) {
    let mut printed = Vec::new();
    let mut letter = [0];
    while !printed.ends_with(text.as_bytes()) {
        let read = terminal.read(&mut letter).unwrap_or_default();
        assert!(read > 0, "{text:?} did not come: {}", String::from_utf8_lossy(&printed));
        printed.push(letter[0]);
    }
}

#[test]
fn a_shell_is_named_once() {
    let run = World::new().run("completion bash extra").failure();
    assert_eq!(run.stderr, "Error: unknown command \"extra\" for \"oras completion bash\"\n");
    let script = World::new().run("completion powershell").success().stdout;
    assert!(script.contains("Register-ArgumentCompleter"), "{script}");
}
