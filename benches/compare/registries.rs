//! The registries that the programs work with, each a process that ends with the harness.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::Outcome;
use crate::port;
use crate::programs::Programs;
use crate::relay::Distance;

/// A process that ends when this is dropped, and where it listens.
pub struct Running {
    process: Child,
    /// `localhost:PORT`.
    pub address: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already needs nothing.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The embedded registry over a folder.
pub fn embedded(programs: &Programs, folder: &Path) -> Outcome<Running> {
    let mut command = Command::new(programs.ours());
    command.args(["serve", "--addr", "127.0.0.1:0", "--dir"]).arg(folder);
    start(command.stdout(Stdio::piped()).stderr(Stdio::null()), "127.0.0.1:")
}

/// distribution 3, or the embedded registry where that is missing.
pub fn distribution(programs: &Programs, folder: &Path) -> Outcome<Running> {
    let Some(program) = programs.file("registry") else {
        return embedded(programs, folder);
    };
    std::fs::create_dir_all(folder)?;
    let config = format!(
        "version: 0.1\nlog: {{accesslog: {{disabled: true}}, level: info}}\n\
         storage: {{filesystem: {{rootdirectory: {}}}, delete: {{enabled: true}}}}\n\
         http: {{addr: '127.0.0.1:0', secret: bench}}\n",
        folder.join("content").display()
    );
    let file = folder.join("config.yml");
    std::fs::write(&file, config)?;
    let mut command = Command::new(program);
    command.arg("serve").arg(file);
    command.env("OTEL_TRACES_EXPORTER", "none").stdout(Stdio::null()).stderr(Stdio::piped());
    start(&mut command, "listening on 127.0.0.1:")
}

/// olareg over a folder, unless it is missing.
pub fn olareg(programs: &Programs, folder: &Path) -> Outcome<Option<Running>> {
    let Some(program) = programs.file("olareg") else {
        return Ok(None);
    };
    std::fs::create_dir_all(folder)?;
    // It does not tell which port it took, so one is found for it.
    let port = port::free();
    let mut command = Command::new(program);
    command.args(["serve", "--addr", "127.0.0.1", "--port", &port.to_string(), "--api-delete", "--dir"]);
    let mut process = command.arg(folder).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    while !port::answers(port) {
        if let Some(status) = process.try_wait()? {
            return Err(format!("olareg ended: {status}").into());
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(Some(Running { process, address: format!("localhost:{port}") }))
}

/// A relay to a registry, in a process of its own.
pub fn far(registry: &str, distance: Distance) -> Outcome<Running> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["relay", "--to", registry, "--latency", &format!("{}ms", distance.latency.as_millis())]);
    if let Some(cap) = distance.cap {
        command.args(["--cap", &cap.to_string()]);
    }
    start(command.stdout(Stdio::piped()).stderr(Stdio::null()), "localhost:")
}

/// Starts a process that tells its port on the one stream that is piped.
fn start(command: &mut Command, before_port: &str) -> Outcome<Running> {
    let mut process = command.spawn()?;
    let stream: Box<dyn Read + Send> = match (process.stdout.take(), process.stderr.take()) {
        (Some(stream), _) => Box::new(stream),
        (_, Some(stream)) => Box::new(stream),
        _ => return Err("no stream is piped".into()),
    };
    let mut log = BufReader::new(stream);
    let port = loop {
        let mut line = String::new();
        if log.read_line(&mut line)? == 0 {
            return Err(format!("{command:?} ended: {}", process.wait()?).into());
        }
        if let Some((_, rest)) = line.split_once(before_port) {
            break rest.chars().take_while(char::is_ascii_digit).collect::<String>();
        }
    };
    // Its log is read to the end, or it would stop when the pipe is full.
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
    Ok(Running { process, address: format!("localhost:{port}") })
}
