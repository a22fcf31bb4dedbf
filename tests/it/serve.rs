//! `serve`: the embedded registry as a process.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::support::World;
use crate::support::world::words;

/// A registry that runs until it is stopped or dropped.
struct Served {
    process: Child,
    port: u16,
    said: String,
}

impl Served {
    fn start(world: &World, flags: &str) -> Self {
        let mut command = world.command(&words(&format!("serve --addr 127.0.0.1:0 {flags}")));
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        let port = loop {
            let before = said.len();
            assert!(output.read_line(&mut said).unwrap() > 0, "it ended: {said}");
            if let Some((_, rest)) = said[before..].split_once("127.0.0.1:") {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                break digits.parse().unwrap();
            }
        };
        Self { process, port, said }
    }

    fn artifact(&self, name: &str) -> String {
        format!("localhost:{}/{name}", self.port)
    }

    /// Sends raw HTTP and returns the whole answer.
    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[cfg(unix)]
    fn signal(&mut self, name: &str) -> Option<i32> {
        let id = self.process.id().to_string();
        let sent = std::process::Command::new("kill").arg(format!("-{name}")).arg(id).status();
        assert!(sent.unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_first_line_says_that_content_in_memory_is_gone_at_the_end() {
    let world = World::new();
    let served = Served::start(&world, "");
    assert!(served.said.lines().next().unwrap().contains("memory"), "{}", served.said);
}

#[test]
fn a_folder_survives_a_restart_and_is_a_layout() {
    let world = World::new();
    let served = Served::start(&world, "--dir content");
    let _ = world.run(&format!("push {} -a k=v", served.artifact("team/hello:v1"))).success();
    let digest = world.run(&format!("resolve {}", served.artifact("team/hello:v1"))).success().stdout;
    drop(served);
    assert_eq!(world.run("resolve --oci-layout content/team/hello:v1").success().stdout, digest);
    let served = Served::start(&world, "--dir content");
    assert_eq!(world.run(&format!("resolve {}", served.artifact("team/hello:v1"))).success().stdout, digest);
    let listed = world.run(&format!("repo ls localhost:{}", served.port)).success().stdout;
    assert_eq!(listed, "team/hello\n");
}

#[cfg(unix)]
#[test]
fn it_ends_cleanly_when_it_is_told_to() {
    for signal in ["INT", "TERM"] {
        let world = World::new();
        let mut served = Served::start(&world, "");
        assert_eq!(served.signal(signal), Some(0), "{signal}");
    }
}

/// It waits for the requests that it is answering, but not if it is told again.
#[cfg(unix)]
#[test]
fn a_second_signal_ends_it_at_once() {
    use std::os::unix::process::ExitStatusExt;
    let world = World::new();
    let mut served = Served::start(&world, "");
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).unwrap();
    let head = "PUT /v2/r/manifests/v1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    stream.read_exact(&mut [0]).unwrap();
    let id = rustix::process::Pid::from_child(&served.process);
    let ended = loop {
        if let Some(ended) = served.process.try_wait().unwrap() {
            break ended;
        }
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    };
    assert_eq!(ended.signal(), Some(2));
}

#[test]
fn a_foreign_name_is_refused() {
    let world = World::new();
    let served = Served::start(&world, "--host registry.example");
    let ask =
        |host: &str| served.raw(&format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
    let port = served.port;
    for good in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "registry.example".to_owned()] {
        assert!(ask(&good).starts_with("HTTP/1.1 200"), "{good}: {}", ask(&good));
    }
    for bad in
        ["evil.example".to_owned(), format!("evil.example:{port}"), "127.0.0.1.evil.example".to_owned()]
    {
        assert!(ask(&bad).starts_with("HTTP/1.1 4"), "{bad}: {}", ask(&bad));
    }
}

#[test]
fn other_addresses_need_passwords_or_a_word() {
    let world = World::new();
    let run = world.run("serve --addr 0.0.0.0:0").failure();
    assert!(run.stderr.contains("--anonymous"), "{run}");
}

#[test]
fn a_registry_that_is_read_only_takes_nothing() {
    let world = World::new();
    let served = Served::start(&world, "--dir content");
    let _ = world.run(&format!("push {}", served.artifact("hello:v1"))).success();
    drop(served);
    let served = Served::start(&world, "--dir content --read-only");
    let _ = world.run(&format!("resolve {}", served.artifact("hello:v1"))).success();
    let _ = world.run(&format!("tag {} v2", served.artifact("hello:v1"))).failure();
    let _ = world.run(&format!("manifest delete -f {}", served.artifact("hello:v1"))).failure();
}
