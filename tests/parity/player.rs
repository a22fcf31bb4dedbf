//! One program in its world, with registries of its own.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use oras::oci::{Algorithm, Digest};

use crate::observed::{Observed, comparable, forget_looks, forget_sessions};
use crate::stranger::Stranger;
use crate::support::registry::{PASSWORD, USER};
use crate::support::{Registry, Run, Setup, World};

const CREATED: &str = "--annotation org.opencontainers.image.created=2024-05-01T10:00:00Z";

/// The annotation that names an entry of a layout.
const REFERENCE_NAME: &str = "org.opencontainers.image.ref.name";

/// One program in its world.
pub struct Player {
    world: World,
    /// The real oras, which prepares.
    oras: PathBuf,
    registries: [Registry; 2],
    odd: Stranger,
    /// How the registries are asked by who prepares.
    credentials: String,
}

impl Player {
    /// A new world for a program. The title says in brackets what registries there are.
    pub fn new(binary: &Path, oras: &Path, title: &str) -> Self {
        let (setup, credentials) = setup(title);
        let mut world = World::of(binary);
        let registries = [Registry::start(setup.clone()), Registry::start(setup)];
        let odd = Stranger::start();
        let addresses = registries.iter().map(Registry::address).chain([odd.address()]);
        for (position, address) in addresses.enumerate() {
            world.show(address, format!("localhost:500{position}"));
            // What an error of the system calls it.
            world.show(address.replace("localhost", "127.0.0.1"), format!("127.0.0.1:500{position}"));
        }
        Self { world, oras: oras.to_owned(), registries, odd, credentials }
    }

    /// Makes or removes a file.
    pub fn make(&self, kind: &str, rest: &str) {
        let (name, content) = rest.split_once(' ').unwrap_or((rest, ""));
        match kind {
            "write" => self.world.write(name, self.expand(content).replace("\\n", "\n")),
            "link" => self.world.link(name, content),
            "tar" => {
                let mut archive = tar::Builder::new(fs::File::create(self.world.path(name)).unwrap());
                archive.mode(tar::HeaderMode::Deterministic);
                archive.append_dir_all(".", self.world.path(content)).unwrap();
                archive.finish().unwrap();
            }
            _ => fs::remove_file(self.world.path(name)).unwrap(),
        }
    }

    /// Lets the real oras do something.
    pub fn prepare(&self, line: &str) {
        let line = self.expand(command(line).1);
        let _ = self.world.run_other(&self.oras, &line).success();
    }

    /// Runs a line and looks at everything that came of it.
    pub fn observe(&self, line: &str) -> Observed {
        let (line, input) = line.split_once(" <<< ").unwrap_or((line, ""));
        let (variables, line) = command(line);
        let line = self.expand(line);
        self.registries.iter().for_each(Registry::clear_log);
        let mut run = self.world.run_with(&line, &input.replace("\\n", "\n"), &variables);
        run.stderr = comparable(&timeless(&run.stderr));
        run.stdout = without_times(&run.stdout);
        let mut requests = Vec::new();
        for (position, registry) in self.registries.iter().enumerate() {
            requests.extend(registry.log().iter().map(|request| format!("{position}: {request}")));
        }
        requests.sort_unstable();
        forget_sessions(&mut requests);
        if line.starts_with("attach ") {
            forget_looks(&mut requests, run.code == Some(0));
        }
        Observed { run, tree: self.tree(), requests }
    }

    /// A text with everything that stands in braces.
    fn expand(&self, text: &str) -> String {
        let mut text = text
            .replace("{r}", self.registries[0].address())
            .replace("{s}", self.registries[1].address())
            .replace("{odd}", self.odd.address())
            .replace("{auth}", &format!("-u {USER} -p {PASSWORD}"))
            .replace("{created}", CREATED);
        for (word, algorithm) in [("{sha ", Algorithm::Sha256), ("{sha512 ", Algorithm::Sha512)] {
            while let Some((before, rest)) = text.split_once(word) {
                let (content, after) = rest.split_once('}').expect("a content ends with }");
                let digest = algorithm.digest(content.replace("\\n", "\n").as_bytes());
                text = format!("{before}{digest}{after}");
            }
        }
        for (word, question) in [("{digest ", "resolve"), ("{descriptor ", "manifest fetch --descriptor")] {
            while let Some((before, rest)) = text.split_once(word) {
                let (name, after) = rest.split_once('}').expect("a name ends with }");
                let answer = self.ask(&format!("{question} {name}"));
                text = format!("{before}{}{after}", answer.trim());
            }
        }
        text
    }

    /// What the real oras prints.
    fn ask(&self, line: &str) -> String {
        let layout = if line.contains(self.registries[0].address()) { "" } else { "--oci-layout" };
        let credentials = if layout.is_empty() { self.credentials.as_str() } else { layout };
        self.world.run_other(&self.oras, &format!("{line} {credentials}")).success().stdout
    }

    /// Everything in the working folder, and docker's configuration.
    fn tree(&self) -> Vec<String> {
        let mut tree = self.world.tree();
        // oras leaves its folder for temporary files in a layout.
        tree.retain(|name| !name.ends_with("ingest/"));
        for line in &mut tree {
            // Contents say more than the size does.
            let Some((name, _)) = line.rsplit_once(' ').filter(|_| !line.contains(" -> ")) else { continue };
            // What lies first in a packed layout depends on who came first when it was made.
            let content = if Path::new(name).extension().is_some_and(|kind| kind == "tar") {
                String::new()
            } else {
                self.content(name)
            };
            *line = format!("{name} {content}");
        }
        if let Ok(config) = fs::read_to_string(self.world.docker_config().join("config.json")) {
            tree.push(format!("config.json {}", by_host(&self.shown(&config))));
        }
        tree
    }

    /// What makes the content of a file this one and no other.
    fn content(&self, name: &str) -> String {
        let path = self.world.path(name);
        let Ok(bytes) = fs::read(&path) else { return "unreadable".to_owned() };
        if name.to_lowercase().ends_with(".tar") {
            return format!("{} {}", mode(&path), members(&bytes));
        }
        let bytes = match String::from_utf8(bytes) {
            Ok(text) if name.ends_with("index.json") => ordered(&text).into_bytes(),
            Ok(text) if text.contains("\"auths\"") => by_host(&self.shown(&text)).into_bytes(),
            Ok(text) => self.shown(&text).into_bytes(),
            Err(error) => error.into_bytes(),
        };
        format!("{} {}", mode(&path), Digest::of(&bytes).short())
    }

    fn shown(&self, text: &str) -> String {
        let run = Run { stdout: text.to_owned(), stderr: String::new(), code: None };
        run.with(self.world.replacements()).stdout
    }
}

/// What stands in the brackets of a title.
fn setup(title: &str) -> (Setup, String) {
    let words = title.rsplit_once('[').and_then(|(_, rest)| rest.strip_suffix(']')).unwrap_or_default();
    let credentials = format!("-u {USER} -p {PASSWORD}");
    match words {
        "" => (Setup::default(), String::new()),
        "passwords" => (Setup::passwords(), credentials),
        "tokens" => (Setup::tokens(), credentials),
        "schema" => (Setup { referrers_api: false, ..Setup::default() }, String::new()),
        other => panic!("unknown setup {other:?}"),
    }
}

/// Without the time at the beginning of what a log says.
fn timeless(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| match line.split_once("][") {
        Some((time, rest)) if time.starts_with("[20") => format!("[time][{rest}"),
        _ => line.to_owned(),
    });
    lines.collect()
}

/// Variables, and the arguments of oras: `NAME=VALUE oras ...`.
fn command(line: &str) -> (Vec<(&str, &OsStr)>, &str) {
    let (mut variables, mut rest) = (Vec::new(), line);
    while let Some((word, after)) = rest.split_once(' ').filter(|(word, _)| *word != "oras") {
        let (name, value) = word.split_once('=').expect("a command line begins with oras or a variable");
        variables.push((name, OsStr::new(value)));
        rest = after;
    }
    (variables, rest.strip_prefix("oras").expect("a command line begins with oras").trim_start())
}

/// How long something took differs from run to run: `in 12ms`.
fn without_times(text: &str) -> String {
    let steady = |line: &str| match line.rsplit_once(" in ") {
        Some((before, time)) if line.starts_with("Successfully ") => {
            let dot = if time.ends_with('.') { "." } else { "" };
            format!("{before} in [time]{dot}")
        }
        _ => line.to_owned(),
    };
    text.split('\n').map(steady).collect::<Vec<_>>().join("\n")
}

/// What is in a tar, without times and owners.
fn members(tar: &[u8]) -> String {
    let mut archive = tar::Archive::new(tar);
    let Ok(entries) = archive.entries() else { return "no tar".to_owned() };
    let shown = entries.map(|entry| {
        let Ok(mut entry) = entry else { return "no tar".to_owned() };
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if name == "index.json" {
            bytes = ordered(&String::from_utf8(bytes).unwrap()).into_bytes();
        }
        let kind = entry.header().entry_type();
        format!("{name} {kind:?} {:o} {}", entry.header().mode().unwrap(), Digest::of(&bytes).short())
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A list of manifests has no order of its own. Where two workers of oras meet the same manifest, it depends on who
/// comes first what its unnamed entry tells beside the digest.
fn ordered(index: &str) -> String {
    let Ok(mut index) = serde_json::from_str::<serde_json::Value>(index) else { return index.to_owned() };
    if let Some(manifests) = index.get_mut("manifests").and_then(|manifests| manifests.as_array_mut()) {
        for entry in manifests.iter_mut().filter_map(serde_json::Value::as_object_mut) {
            let named = entry.get("annotations").is_some_and(|all| all.get(REFERENCE_NAME).is_some());
            entry.retain(|key, _| named || matches!(key.as_str(), "mediaType" | "digest" | "size"));
        }
        manifests.sort_by_key(ToString::to_string);
    }
    index.to_string()
}

/// A config file with its hosts in order: oras sorts them, ours leaves what is there in its place.
fn by_host(config: &str) -> String {
    let parsed = serde_json::from_str::<BTreeMap<String, serde_json::Value>>(config);
    let Ok(mut fields) = parsed else { return config.to_owned() };
    if let Some(hosts) = fields.get_mut("auths").and_then(serde_json::Value::as_object_mut) {
        hosts.sort_keys();
    }
    format!("{} lines of {}", config.lines().count(), serde_json::to_string_pretty(&fields).unwrap())
}

#[cfg(unix)]
fn mode(path: &Path) -> String {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path)
        .map_or_else(|_| String::new(), |data| format!("{:o}", data.permissions().mode() & 0o7777))
}

#[cfg(not(unix))]
fn mode(_: &Path) -> String {
    String::new()
}
