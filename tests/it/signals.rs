//! Ctrl-C and SIGTERM, in the midst of what would never end by itself.
//!
//! A command is brought into a state in which it waits, gets a signal, and must end and leave nothing behind. Nothing is
//! timed: what does not end is seen by the test not ending.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use flate2::write::GzEncoder;
use nix::pty::{OpenptyResult, openpty};
use nix::sys::stat::Mode;
use rustix::process::{Pid, Signal, kill_process};
use rustix::termios::{LocalModes, tcgetattr};

use crate::support::faults::{Fault, Faults, On};
use crate::support::hostile::{Hostile, answer};
use crate::support::registry::PASSWORD;
use crate::support::world::words;
use crate::support::{Registry, Setup, World};

const SIGNALS: [Signal; 2] = [Signal::INT, Signal::TERM];

/// The command of a line, with its streams in pipes.
fn command(world: &World, line: &str) -> Command {
    let mut command = world.command(&words(line));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn start(world: &World, line: &str) -> Child {
    command(world, line).spawn().unwrap()
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Sends the signal: the command must end as that signal ends it, and leave no file without a name of its own.
#[track_caller]
fn ended_by(signal: Signal, world: &World, child: Child) {
    send(&child, signal);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    if signal == Signal::INT {
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert_eq!(last, "Error: interrupt signal received");
    } else {
        assert_eq!(output.status.signal(), Some(Signal::TERM.as_raw()), "{said}");
        assert_eq!(last, "Error: terminated");
    }
    assert_eq!(world.left_over(), [] as [PathBuf; 0]);
    let drafts: Vec<String> = world.tree().into_iter().filter(|name| name.contains(".oras-")).collect();
    assert_eq!(drafts, [] as [String; 0]);
}

/// Waits until something holds that comes about in another process.
fn until(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::yield_now();
    }
}

/// A registry with an artifact, in which one kind of request meets one fault, again and again.
fn behind(on: On, fault: Fault) -> (World, Registry, Faults) {
    let (world, registry, _) = World::with_artifact(Setup::default());
    let faults = Faults::before(registry.address(), [(on, 0..usize::MAX, fault)]);
    (world, registry, faults)
}

#[test]
fn an_answer_that_does_not_come() {
    let never: [(On, Fault, &str); 6] = [
        (On::Tagged, Fault::Answer(503, &[("Retry-After", "200")]), "pull ADDRESS/hello:v1 -o out"),
        (On::Tagged, Fault::Silence, "pull ADDRESS/hello:v1 -o out"),
        (On::Blob, Fault::Silence, "pull ADDRESS/hello:v1 -o out"),
        (On::Blob, Fault::Stall(3), "pull ADDRESS/hello:v1 -o out"),
        (On::Blob, Fault::Stall(3), "cp ADDRESS/hello:v1 --to-oci-layout layout:v1"),
        (On::End, Fault::Silence, "push ADDRESS/new:v1 more.txt"),
    ];
    for (on, fault, line) in never {
        for signal in SIGNALS {
            let (world, _registry, faults) = behind(on, fault.clone());
            world.write("more.txt", "more\n");
            let child = start(&world, &line.replace("ADDRESS", faults.address()));
            until(|| !faults.seen_of(on).is_empty());
            ended_by(signal, &world, child);
        }
    }
}

#[test]
fn a_program_is_told_of_it_in_its_own_form() {
    for (signal, code) in SIGNALS.into_iter().zip(["INTERRUPTED", "TERMINATED"]) {
        let (world, _registry, faults) = behind(On::Blob, Fault::Stall(3));
        let child = start(&world, &format!("pull {}/hello:v1 -o out --progress json", faults.address()));
        until(|| !faults.seen_of(On::Blob).is_empty());
        send(&child, signal);
        let said = String::from_utf8(child.wait_with_output().unwrap().stderr).unwrap();
        let read = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
        let events: Vec<_> = said.lines().map(read).collect();
        assert_eq!(events[events.len() - 1]["code"], code, "{said}");
        assert_eq!(events[events.len() - 2]["event"], "summary", "{said}");
    }
}

#[test]
fn a_helper_ends_with_those_that_it_started() {
    for signal in SIGNALS {
        let (world, registry) = World::with_registry(Setup::passwords());
        let pipe = world.path("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        let script = "#!/bin/sh\nexec 3>pipe\nsleep 1000 &\necho up >&3\nwait\n";
        world.write("docker-credential-slow", script);
        fs::set_permissions(world.path("docker-credential-slow"), Permissions::from_mode(0o755)).unwrap();
        fs::create_dir_all(world.docker_config()).unwrap();
        fs::write(world.docker_config().join("config.json"), r#"{"credsStore":"slow"}"#).unwrap();
        let mut command = command(&world, &format!("repo tags {}/hello", registry.address()));
        command.env("PATH", format!("{}:{}", world.work().display(), std::env::var("PATH").unwrap()));
        let child = command.spawn().unwrap();
        // Open as long as one of them has it open.
        let mut pipe = BufReader::new(File::open(pipe).unwrap());
        let mut said = String::new();
        pipe.read_line(&mut said).unwrap();
        assert_eq!(said, "up\n");
        ended_by(signal, &world, child);
        assert_eq!(pipe.read(&mut [0]).unwrap(), 0);
    }
}

#[test]
fn a_lock_that_somebody_holds() {
    for signal in SIGNALS {
        let (world, registry) = World::with_registry(Setup::passwords());
        fs::create_dir_all(world.docker_config()).unwrap();
        let mut lock = fd_lock::RwLock::new(File::open(world.docker_config()).unwrap());
        let _held = lock.write().unwrap();
        let child = start(&world, &format!("login {} -u alice -p {PASSWORD}", registry.address()));
        until(|| registry.log().iter().any(|line| line.ends_with(" 200")));
        ended_by(signal, &world, child);
        assert_eq!(fs::read_dir(world.docker_config()).unwrap().count(), 0);
    }
}

#[test]
fn a_folder_that_is_being_packed() {
    for signal in SIGNALS {
        let world = World::new();
        world.write("folder/small", "s");
        // As large as an archive takes it, and all of it a hole.
        File::create(world.path("folder/large")).unwrap().set_len((8 << 30) - 1).unwrap();
        let child = start(&world, "push --oci-layout layout:v1 folder");
        until(|| !world.left_over().is_empty());
        ended_by(signal, &world, child);
    }
}

/// A folder that takes long to unpack and little to keep: one file of many zeros.
fn large_archive() -> Vec<u8> {
    const PIECE: usize = 64 << 20;
    let mut header = tar::Header::new_gnu();
    header.set_size(64 * PIECE as u64);
    header.set_mode(0o644);
    header.set_path("folder/large").unwrap();
    header.set_cksum();
    let packed = |bytes: &[u8]| {
        let mut packer = GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    [packed(header.as_bytes()), packed(&vec![0; PIECE]).repeat(64), packed(&[0; 1024])].concat()
}

#[test]
fn a_folder_that_is_being_unpacked() {
    let archive = large_archive();
    for signal in SIGNALS {
        let world = World::new();
        world.write("folder.tar.gz", &archive);
        world.write("notes.json", r#"{"folder.tar.gz":{"io.deis.oras.content.unpack":"true","org.opencontainers.image.title":"folder"}}"#);
        let _ = world.run("push --oci-layout layout:v1 folder.tar.gz --annotation-file notes.json").success();
        let child = start(&world, "pull --oci-layout layout:v1 -o out");
        let begun =
            |folder: fs::ReadDir| folder.flatten().any(|entry| entry.path().join("root/large").exists());
        until(|| fs::read_dir(world.path("out")).is_ok_and(begun));
        ended_by(signal, &world, child);
        assert_eq!(fs::read_dir(world.path("out")).unwrap().count(), 0);
    }
}

/// A command that asks on a terminal, until this has been asked.
fn asked(world: &World, line: &str, typed: &str, question: &str) -> (Child, OpenptyResult) {
    let pair = openpty(None, None).unwrap();
    let mut command = command(world, line);
    command.stdin(Stdio::from(pair.slave.try_clone().unwrap()));
    let mut child = command.spawn().unwrap();
    File::from(pair.master.try_clone().unwrap()).write_all(typed.as_bytes()).unwrap();
    let mut said = Vec::new();
    let output: &mut ChildStdout = child.stdout.as_mut().unwrap();
    while !said.ends_with(question.as_bytes()) {
        let mut letter = [0];
        output.read_exact(&mut letter).unwrap();
        said.extend(letter);
    }
    (child, pair)
}

#[test]
fn a_question() {
    for signal in SIGNALS {
        let world = World::new();
        let (child, _terminal) = asked(&world, "login localhost:1", "", "Username: ");
        ended_by(signal, &world, child);
    }
}

#[test]
fn a_question_for_a_secret_gives_the_echo_back() {
    for signal in SIGNALS {
        let world = World::new();
        let (child, terminal) = asked(&world, "login localhost:1", "alice\n", "Password: ");
        let echoes = || tcgetattr(&terminal.slave).unwrap().local_modes.contains(LocalModes::ECHO);
        assert!(!echoes());
        ended_by(signal, &world, child);
        assert!(echoes());
    }
}

#[test]
fn a_secret_that_is_typed_is_not_shown() {
    let (world, registry) = World::with_registry(Setup::passwords());
    let (mut child, terminal) =
        asked(&world, &format!("login {}", registry.address()), "alice\n", "Password: ");
    let mut keyboard = File::from(terminal.master);
    keyboard.write_all(format!("{PASSWORD}\n").as_bytes()).unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, "\nLogin Succeeded\n");
    drop(terminal.slave);
    let mut shown = Vec::new();
    // Linux ends the stream of a terminal that nobody holds any more with an error.
    let _ = keyboard.read_to_end(&mut shown);
    assert_eq!(String::from_utf8(shown).unwrap(), "alice\r\n");
}

/// A command that prints more than anybody reads, and has begun to.
fn stuck() -> (World, Hostile, Child) {
    let tags: Vec<String> = (0..40_000).map(|number| format!("\"a-rather-long-name-{number:06}\"")).collect();
    let list = format!(r#"{{"name":"r","tags":[{}]}}"#, tags.join(","));
    let registry =
        Hostile::start(move |_, _| answer(200).header("Content-Type", "application/json").body(&list));
    let world = World::new();
    let mut child = start(&world, &format!("repo tags --plain-http {}/r", registry.address()));
    child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    (world, registry, child)
}

#[test]
fn a_reader_that_reads_no_more_is_not_waited_for() {
    for signal in SIGNALS {
        let (_world, _registry, mut child) = stuck();
        send(&child, signal);
        assert_eq!(child.wait().unwrap().signal(), Some(signal.as_raw()));
    }
}
