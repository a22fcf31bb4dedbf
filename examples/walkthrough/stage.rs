//! The stage of the walkthrough: the binary, a folder to work in, and the registries that run.
//!
//! The binary is built by Cargo first, in the profile and target folder of the example itself, because Cargo does
//! not build a package's binary for its examples; an `oras` that is installed elsewhere is never run.

use std::error::Error;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Everything that the story needs.
pub struct Stage {
    binary: PathBuf,
    folder: tempfile::TempDir,
    registries: Vec<(Child, BufReader<ChildStdout>)>,
}

/// What a command printed on both streams.
pub struct Said(String);

impl Stage {
    /// Builds the binary and makes an empty folder.
    pub fn build() -> Outcome<Self> {
        let own = std::env::current_exe()?;
        // <target>/<profile>/examples/walkthrough
        let profile =
            own.parent().and_then(Path::parent).ok_or("the example does not lie in a target folder")?;
        let target = profile.parent().ok_or("the example does not lie in a target folder")?;
        let name = profile.file_name().and_then(|name| name.to_str()).ok_or("a profile without a name")?;
        // Cargo's folder for the profile `dev` is `debug`.
        let name = if name == "debug" { "dev" } else { name };
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        println!("# building the binary: cargo build --bin oras --profile {name}");
        let mut build = Command::new(cargo);
        build.args(["build", "--quiet", "--bin", "oras", "--profile", name, "--manifest-path"]);
        build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).arg("--target-dir").arg(target);
        if !build.status()?.success() {
            return Err("the binary could not be built".into());
        }
        let binary = profile.join(format!("oras{}", std::env::consts::EXE_SUFFIX));
        Ok(Self { binary, folder: tempfile::tempdir()?, registries: Vec::new() })
    }

    /// A file of the stage.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A heading.
    #[expect(clippy::unused_self, reason = "it is the stage that speaks")]
    pub fn chapter(&self, title: &str) {
        println!("\n# {title}");
    }

    /// Makes a file and the folders above it.
    pub fn write(&self, name: &str, content: &str) -> Outcome {
        let path = self.path(name);
        fs::create_dir_all(path.parent().ok_or("a file without a folder")?)?;
        println!("$ printf {content:?} > {name}");
        Ok(fs::write(path, content)?)
    }

    /// Starts an embedded registry on a free port and returns its `host:port`.
    pub fn serve(&mut self, name: &str, user: Option<(&str, &str)>) -> Outcome<String> {
        let mut line = format!("oras serve --addr 127.0.0.1:0 --dir {name}");
        if let Some((user, password)) = user {
            let hash = bcrypt::hash(password, bcrypt::DEFAULT_COST)?;
            fs::write(self.path("htpasswd"), format!("{user}:{hash}\n"))?;
            line.push_str(" --htpasswd htpasswd");
        }
        println!("$ {line} &");
        let mut child = self.command(&line).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        let address = loop {
            let mut said = String::new();
            if output.read_line(&mut said)? == 0 {
                return Err(format!("the registry ended: {}", child.wait()?).into());
            }
            print!("{said}");
            if let Some((_, rest)) = said.split_once("127.0.0.1:") {
                break rest.chars().take_while(char::is_ascii_digit).collect::<String>();
            }
        };
        // Its output stays open, so that it can go on printing.
        self.registries.push((child, output));
        Ok(format!("localhost:{address}"))
    }

    /// Runs a command that must succeed.
    pub fn run(&self, line: &str) -> Outcome<Said> {
        self.run_with_input(line, "")
    }

    /// Runs a command that must succeed and reads something from its standard input.
    pub fn run_with_input(&self, line: &str, input: &str) -> Outcome<Said> {
        let (said, succeeded) = self.perform(line, input)?;
        if succeeded { Ok(said) } else { Err(format!("`{line}` failed").into()) }
    }

    /// Runs a command that must fail.
    pub fn run_expecting_failure(&self, line: &str) -> Outcome<Said> {
        let (said, succeeded) = self.perform(line, "")?;
        if succeeded { Err(format!("`{line}` should have failed").into()) } else { Ok(said) }
    }

    fn perform(&self, line: &str, input: &str) -> Outcome<(Said, bool)> {
        let typed = if input.is_empty() { String::new() } else { "printf '********' | ".to_owned() };
        println!("$ {typed}{line}");
        let mut child =
            self.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        child.stdin.take().ok_or("no input")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        let said = String::from_utf8(output.stdout)? + &String::from_utf8(output.stderr)?;
        print!("{said}");
        if !said.is_empty() && !said.ends_with('\n') {
            println!();
        }
        Ok((Said(said), output.status.success()))
    }

    /// The binary with the words of a line, in the folder, with a configuration of its own.
    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(&self.binary);
        command.args(line.split_whitespace().skip(1)).current_dir(self.folder.path());
        command.env("DOCKER_CONFIG", self.path("docker")).env_remove("ORAS_CACHE");
        command
    }
}

impl Drop for Stage {
    /// Ends the registries.
    fn drop(&mut self) {
        for (child, _) in &mut self.registries {
            // One that has ended already needs nothing.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Said {
    /// Must contain the text.
    pub fn shows(&self, text: &str) -> Outcome {
        if self.0.contains(text) { Ok(()) } else { Err(format!("{text:?} should have been printed").into()) }
    }

    /// The rest of the line that begins so.
    pub fn line_after(&self, beginning: &str) -> Outcome<String> {
        let found = self.lines().find_map(|line| line.strip_prefix(beginning));
        Ok(found.ok_or_else(|| format!("no line begins with {beginning:?}"))?.to_owned())
    }

    /// All of it as JSON.
    pub fn json(&self) -> Outcome<Value> {
        Ok(serde_json::from_str(&self.0)?)
    }

    /// Its lines.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}
