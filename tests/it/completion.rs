//! `completion`: the scripts, in the shells that they are for, and what they are answered.
//!
//! A shell that is not installed is left out, unless `ORAS_PEERS` says that everything to compare with is there.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::pty::{Winsize, openpty};

use crate::support::hostile::{Hostile, answer};
use crate::support::{Registry, STEADY, Setup, World};

/// What is typed, and what it is completed to. `HOST` is a registry.
const TYPED: [(&str, &[&str]); 14] = [
    ("oras pu", &["pull", "push"]),
    ("oras repo t", &["tags"]),
    ("oras push --export", &["--export-manifest"]),
    ("oras discover --format ta", &["table"]),
    ("oras discover --format=ta", &["--format=table"]),
    ("oras cp --to-dist", &["--to-distribution-spec"]),
    ("oras manifest index c", &["create"]),
    ("oras help pu", &["pull", "push"]),
    ("oras help manifest fetch-", &["fetch-config"]),
    ("oras pull HOST/hel", &["HOST/hello:", "HOST/help/me:"]),
    ("oras pull HOST/hello:v", &["HOST/hello:v1", "HOST/hello:v2"]),
    ("oras discover HOST/hello:v1 --artifact-type sig", &["sig/example"]),
    ("oras pull HOST/hello:index --platform lin", &["linux/amd64", "linux/arm64"]),
    ("oras push HOST/hello:v1 uniq", &["unique.txt"]),
];

/// A world with something to complete, and the registry that has it.
fn world() -> (World, Registry) {
    let (world, registry) = (World::new(), Registry::start(Setup::passwords()));
    registry.log_in(&world);
    world.write("unique.txt", "hello\n");
    let host = registry.address();
    for line in [
        &format!("push {host}/hello:v1 unique.txt --artifact-platform linux/amd64 {STEADY}"),
        &format!("push {host}/hello:v2 unique.txt --artifact-platform linux/arm64 {STEADY}"),
        &format!("push {host}/help/me:v1 unique.txt"),
        &format!("manifest index create {host}/hello:index v1 v2"),
        &format!("attach {host}/hello:v1 --artifact-type sig/example unique.txt"),
    ] {
        let _ = world.run(line).success();
    }
    (world, registry)
}

/// Whether a shell is there.
fn has(shell: &str) -> bool {
    let found = Command::new(shell).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || std::env::var_os("ORAS_PEERS").is_none(), "ORAS_PEERS is set, but {shell} is missing");
    found
}

/// A shell that finds the program, in a world.
fn shell(name: &str, world: &World) -> Command {
    let mut shell = world.command(&[]);
    let mut path = OsString::from(Path::new(env!("CARGO_BIN_EXE_oras")).parent().unwrap());
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap());
    let variables: Vec<_> =
        shell.get_envs().map(|(name, value)| (name.to_owned(), value.unwrap().to_owned())).collect();
    shell = Command::new(name);
    shell.env_clear().envs(variables).env("PATH", path).env("TERM", "dumb").current_dir(world.work());
    shell
}

#[test]
fn fish_completes_commands_flags_and_values() {
    if !has("fish") {
        return;
    }
    let (world, registry) = world();
    world.write("oras.fish", world.run("completion fish").success().stdout);
    for (words, wanted) in TYPED {
        let line = words.replace("HOST", registry.address());
        let mut fish = shell("fish", &world);
        let output = fish
            .args(["--no-config", "-c", &format!("source oras.fish; complete -C '{line}'")])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).replace(registry.address(), "HOST");
        let offered: Vec<&str> = text.lines().filter_map(|line| line.split('\t').next()).collect();
        assert_eq!(offered, wanted, "{words}: {output:?}");
    }
}

/// A shell at its prompt on a terminal. It ends when nothing is typed for a minute, which closes the terminal.
struct Prompt {
    shell: Child,
    terminal: File,
}

impl Prompt {
    fn start(mut command: Command, setup: &str) -> Self {
        let size = Winsize { ws_row: 40, ws_col: 200, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).unwrap();
        let end = || Stdio::from(pair.slave.try_clone().unwrap());
        let shell = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
        drop((command, pair.slave));
        let mut prompt = Self { shell, terminal: File::from(pair.master) };
        prompt.write(&format!("TMOUT=60; {setup}; echo RE''ADY\n"));
        prompt.wait_for("READY");
        prompt
    }

    fn write(&mut self, text: &str) {
        self.terminal.write_all(text.as_bytes()).unwrap();
    }

    /// Reads what the shell prints until the text has come.
    fn wait_for(&mut self, text: &str) {
        let mut printed = Vec::new();
        let mut letter = [0];
        while !printed.ends_with(text.as_bytes()) {
            let count = self.terminal.read(&mut letter).unwrap_or_default();
            assert!(count > 0, "no {text:?} in {:?}", String::from_utf8_lossy(&printed));
            printed.push(letter[0]);
        }
    }

    /// Completes what was typed, and has the shell print all words of the line in the end, or what it offers.
    fn complete(&mut self, line: &str, wanted: &[String]) {
        // The line is emptied first: what is left of the one before must not be taken for an answer.
        self.write("\x15echo NE''XT\n");
        self.wait_for("NEXT");
        self.write(&format!("{line}\t"));
        match wanted {
            // The beginning of the line turns it into an output.
            [only] => {
                self.write("\x01echo '['\x05']'\n");
                let before = line.rsplit_once(' ').map_or("", |(before, _)| before);
                self.wait_for(&format!("[{before} {only}"));
            }
            // Bash shows only what follows the last colon of what was typed.
            several => {
                let typed = line.rsplit_once(' ').map_or("", |(_, typed)| typed);
                let hidden = typed.rfind(':').map_or(0, |colon| colon + 1);
                for text in several {
                    self.wait_for(&text[hidden..]);
                }
            }
        }
    }

    fn end(mut self) {
        self.write("\x15exit\n");
        // Linux ends the stream of a terminal that nobody holds any more with an error.
        let _ = self.terminal.read_to_end(&mut Vec::new());
        assert!(self.shell.wait().is_ok());
    }

    fn complete_all(mut self, registry: &Registry) {
        for (words, wanted) in TYPED {
            let here = |text: &str| text.replace("HOST", registry.address());
            self.complete(&here(words), &wanted.iter().map(|text| here(text)).collect::<Vec<_>>());
        }
        self.end();
    }
}

#[test]
fn bash_completes_commands_flags_and_values() {
    if !has("bash") {
        return;
    }
    let (world, registry) = world();
    world.write("oras.bash", world.run("completion bash").success().stdout);
    let mut bash = shell("bash", &world);
    bash.args(["--norc", "--noprofile", "-i"]);
    let list = "bind 'set show-all-if-ambiguous on'; bind 'set bell-style none'; bind 'set completion-query-items 0'";
    Prompt::start(bash, &format!("{list}; bind 'set enable-bracketed-paste off'; source oras.bash"))
        .complete_all(&registry);
}

#[test]
fn zsh_completes_commands_flags_and_values() {
    if !has("zsh") {
        return;
    }
    let (world, registry) = world();
    world.write("completions/_oras", world.run("completion zsh").success().stdout);
    let mut zsh = shell("zsh", &world);
    zsh.args(["-f", "-i"]);
    Prompt::start(
        zsh,
        "fpath=($PWD/completions $fpath); autoload -U compinit; compinit -u -D; unsetopt listambiguous",
    )
    .complete_all(&registry);
}

#[test]
fn the_answers_are_those_of_cobra() {
    let world = World::new();
    insta::assert_snapshot!(world.run("__complete repo ''").success(), @"
    ls	List the repositories under the registry
    tags	Show tags of the target repository
    :4
    ");
    assert_eq!(world.run("__completeNoDesc repo ''").success().stdout, "ls\ntags\n:4\n");
    for shell in ["fish", "powershell", "zsh"] {
        let (with, without) =
            (format!("completion {shell}"), format!("completion {shell} --no-descriptions"));
        assert!(world.run(&with).success().stdout.contains(" __complete "), "{shell}");
        assert!(world.run(&without).success().stdout.contains(" __completeNoDesc "), "{shell}");
    }
}

#[test]
fn what_fails_or_could_do_harm_is_not_offered() {
    let world = World::new();
    let hostile = Hostile::start(|asked, _| match asked.line.as_str() {
        line if line.contains("_catalog") => {
            answer(200).body(r#"{"repositories":["good","x;reboot","a b","$(id)","a\tb"]}"#)
        }
        line if line.contains("/good/tags/") => answer(200).body(r#"{"tags":["v1","`id`","v\n2","$(id)"]}"#),
        _ => answer(500),
    });
    let host = hostile.address();
    let asked = |line: &str| world.run(&format!("__complete pull --plain-http {line}")).success();
    assert_eq!(asked(&format!("{host}/")).to_string(), format!("{host}/good:\n:6\n"));
    assert_eq!(asked(&format!("{host}/good:")).to_string(), format!("{host}/good:v1\n:4\n"));
    assert_eq!(asked(&format!("{host}/bad:")).to_string(), ":4\n");
    assert_eq!(asked(&format!("{host}/good:v1 --platform ''")).to_string(), ":4\n");
    // Nobody waits for a password.
    assert_eq!(
        asked(&format!("--password-stdin -u me {host}/good:")).to_string(),
        format!("{host}/good:v1\n:4\n")
    );
    world.write("config.json", "{");
    assert_eq!(asked(&format!("--registry-config config.json {host}/good:")).to_string(), ":4\n");
}

#[test]
fn a_registry_that_does_not_answer_is_not_waited_for() {
    let world = World::new();
    let (stay, stayed) = std::sync::mpsc::channel::<()>();
    let stayed = std::sync::Mutex::new(stayed);
    // It answers when the test has seen that the program has ended without it.
    let silent = Hostile::start(move |_, _| {
        let _ = stayed.lock().unwrap().recv();
        answer(200)
    });
    let run = world.run(&format!("__complete pull --plain-http {}/hello:", silent.address())).success();
    assert_eq!(run.to_string(), ":4\n");
    assert_eq!(silent.asked().len(), 1);
    drop(stay);
}

#[test]
fn a_shell_is_named_once() {
    let run = World::new().run("completion bash extra").failure();
    assert_eq!(run.stderr, "Error: unknown command \"extra\" for \"oras completion bash\"\n");
}
