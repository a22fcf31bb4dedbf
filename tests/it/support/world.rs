//! A world of its own for one test: a home, a working folder and nothing of the environment.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Registry, Run, STEADY, Setup};

/// Where commands run. Gone with everything in it at the end of the test.
pub struct World {
    folder: tempfile::TempDir,
    binary: PathBuf,
    replacements: Vec<(String, String)>,
}

impl World {
    /// An empty world for our own binary.
    pub fn new() -> Self {
        Self::of(env!("CARGO_BIN_EXE_oras"))
    }

    /// An empty world for another program with the same commands.
    pub fn of(binary: impl Into<PathBuf>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["home", "work", "temporary"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        // The real name, since programs print what the system calls their folder.
        let work = folder.path().join("work").canonicalize().unwrap();
        let replacements = vec![
            (work.display().to_string(), "[work]".to_owned()),
            (folder.path().display().to_string(), "[world]".to_owned()),
        ];
        Self { folder, binary: binary.into(), replacements }
    }

    /// A world, and a registry that is called `localhost:5000` in everything that is printed.
    pub fn with_registry(setup: Setup) -> (Self, Registry) {
        let (mut world, registry) = (Self::new(), Registry::start(setup));
        world.show(registry.address(), "localhost:5000");
        (world, registry)
    }

    /// The same with the artifact `hello:v1` in it, made of the file `hi.txt`.
    pub fn with_artifact(setup: Setup) -> (Self, Registry, String) {
        let (world, registry) = Self::with_registry(setup);
        world.write("hi.txt", "hello\n");
        let artifact = format!("{}/hello:v1", registry.address());
        let _ = world.run(&format!("push {artifact} hi.txt {STEADY}")).success();
        (world, registry, artifact)
    }

    /// Shows `from` as `to` in everything that is printed from now on.
    pub fn show(&mut self, from: impl Into<String>, to: impl Into<String>) {
        self.replacements.push((from.into(), to.into()));
    }

    /// What is shown as what.
    pub fn replacements(&self) -> &[(String, String)] {
        &self.replacements
    }

    /// The working folder.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// A path in the working folder.
    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.work().join(name)
    }

    /// The folder of docker's configuration.
    pub fn docker_config(&self) -> PathBuf {
        self.folder.path().join("home/.docker")
    }

    /// Makes a file and the folders above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Makes a symbolic link.
    pub fn link(&self, name: &str, target: &str) {
        #[cfg(unix)]
        std::os::unix::fs::symlink(target, self.path(name)).unwrap();
        #[cfg(windows)]
        std::os::windows::fs::symlink_file(target, self.path(name)).unwrap();
    }

    /// The text of a file.
    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// All files, links and folders of the working folder, sorted, with sizes of files.
    pub fn tree(&self) -> Vec<String> {
        let work = self.work();
        let all =
            walkdir::WalkDir::new(&work).min_depth(1).sort_by_file_name().into_iter().map(Result::unwrap);
        all.map(|entry| {
            let name = entry.path().strip_prefix(&work).unwrap().to_string_lossy().replace('\\', "/");
            let kind = entry.file_type();
            if kind.is_dir() {
                format!("{name}/")
            } else if kind.is_symlink() {
                format!("{name} -> {}", fs::read_link(entry.path()).unwrap().display())
            } else {
                format!("{name} {}", entry.metadata().unwrap().len())
            }
        })
        .collect()
    }

    /// Runs the program with the words of a line, split at blanks; `'a b'` is one word.
    pub fn run(&self, line: &str) -> Run {
        self.run_with(line, "", &[])
    }

    /// The same with something on its standard input.
    pub fn run_with_input(&self, line: &str, input: &str) -> Run {
        self.run_with(line, input, &[])
    }

    /// The same with additional variables in its environment.
    pub fn run_with(&self, line: &str, input: &str, variables: &[(&str, &OsStr)]) -> Run {
        let mut command = self.command(&words(line));
        command.envs(variables.iter().copied());
        self.finish(command, input)
    }

    /// Runs another program in this world.
    pub fn run_other(&self, binary: &Path, line: &str) -> Run {
        self.run_other_with_input(binary, line, "")
    }

    /// The same with something on its standard input.
    pub fn run_other_with_input(&self, binary: &Path, line: &str, input: &str) -> Run {
        self.finish(self.command_of(binary, &words(line)), input)
    }

    fn finish(&self, mut command: Command, input: &str) -> Run {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A program that does not read its input may be gone before it is written.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let run =
            Run { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code() };
        run.with(&self.replacements)
    }

    /// The program with these arguments, ready to be started in this world.
    pub fn command(&self, arguments: &[String]) -> Command {
        self.command_of(&self.binary, arguments)
    }

    fn command_of(&self, binary: &Path, arguments: &[String]) -> Command {
        let mut command = Command::new(binary);
        command.args(arguments).current_dir(self.work()).env_clear();
        command.env("HOME", self.folder.path().join("home"));
        command.env("USERPROFILE", self.folder.path().join("home"));
        command.env("DOCKER_CONFIG", self.docker_config());
        command.env("TMPDIR", self.folder.path().join("temporary"));
        command.env("TMP", self.folder.path().join("temporary"));
        for kept in ["PATH", "SystemRoot"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
    }

    /// What is left in the folder for temporary files.
    pub fn left_over(&self) -> Vec<PathBuf> {
        fs::read_dir(self.folder.path().join("temporary"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect()
    }
}

/// The words of a line: split at blanks, with `'...'` around what belongs together.
pub fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for letter in line.chars() {
        match letter {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if std::mem::take(&mut begun) {
                    words.push(std::mem::take(&mut word));
                }
            }
            letter => {
                word.push(letter);
                begun = true;
            }
        }
    }
    if begun {
        words.push(word);
    }
    words
}
