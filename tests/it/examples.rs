//! The examples of every command's help, run as they are printed.
//!
//! What they take for granted is made first; only the registries and the digests are others. What does not belong here: what
//! the examples print.

use std::fs;

use crate::support::{Registry, STEADY, Setup, World};

/// Twelve bytes, as many as the example of a blob from stdin says.
const HELLO: &str = "hello world\n";

/// A world with all that examples speak of.
struct Stage {
    world: World,
    registries: [Registry; 2],
    /// What `name@<digest>` names, and what a digest alone does.
    root: String,
    child: String,
}

impl Stage {
    /// The stage for the examples of a command.
    fn set(command: &str) -> Self {
        let registries = [Registry::start(Setup::default()), Registry::start(Setup::default())];
        let mut stage = Self { world: World::new(), registries, root: String::new(), child: String::new() };
        stage.files();
        let platform = if command == "attach" { "linux/amd64" } else { "linux/arm/v5" };
        stage.artifacts(platform);
        if command == "manifest index update" {
            stage.run("manifest index create R/hello:v1,v2 windows");
        }
        stage.folders();
        if command == "whoami" {
            let login = format!("login {} -u username -p password", stage.registries[0].address());
            let _ = stage.world.run(&login).success();
        }
        let resolved = |name: &str| stage.run(&format!("resolve R/hello:{name}")).trim().to_owned();
        let (root, child) = (resolved("v1"), resolved("windows"));
        (stage.root, stage.child) = (root, child);
        if command.starts_with("blob") {
            stage.root = oras::oci::Digest::of(HELLO.as_bytes()).to_string();
        }
        stage
    }

    fn files(&self) {
        for name in ["hi.txt", "hi:txt", "bye.txt"] {
            self.world.write(name, HELLO);
        }
        self.world.write("config.json", "{}");
        self.world.write("annotation.json", r#"{"$manifest":{"key":"value"}}"#);
        let old =
            r#"{"mediaType":"application/vnd.cncf.oras.artifact.manifest.v1+json","artifactType":"a/b"}"#;
        self.world.write("oras_manifest.json", old);
    }

    fn artifacts(&self, platform: &str) {
        for (name, platform) in [
            ("hello:v1,v2,v3,v1.0.1,latest", platform),
            ("hello:linux-amd64,v2-linux-amd64", "linux/amd64"),
            ("hello:linux-arm64", "linux/arm64"),
            ("hello:windows", "windows/amd64"),
            ("hello-world:v1", platform),
            ("example-namespace/hello:v1", platform),
            ("net-monitor:amd64", "linux/amd64"),
            ("net-monitor:arm64", "linux/arm64"),
            ("net-monitor:arm5", "linux/arm/v5"),
            ("net-monitor:arm7", "linux/arm/v7"),
            ("net-monitor:other", "windows/amd64"),
        ] {
            self.run(&format!("push R/{name} hi.txt --artifact-platform {platform} {STEADY}"));
        }
        self.run("manifest index create R/hello:v2-windows windows");
        self.run("manifest index create R/net-monitor:v1 amd64 arm64 arm5 arm7 other");
        self.run("manifest fetch R/hello:v1 --output manifest.json");
    }

    fn folders(&self) {
        for (output, repository) in [
            ("layout-dir", "hello"),
            ("layout.tar", "hello"),
            ("hello", "hello"),
            ("hello.tar", "hello"),
            ("to-upload", "net-monitor"),
            ("to-upload.tar", "net-monitor"),
        ] {
            self.run(&format!("backup --output {output} R/{repository}"));
        }
        self.run("cp R/hello:v1 --to-oci-layout-path layout-dir example.com:v1");
    }

    /// Runs what prepares, with `R` for the registry.
    fn run(&self, line: &str) -> String {
        self.world.run(&line.replace("R/", &format!("{}/", self.registries[0].address()))).success().stdout
    }

    /// The line as it is run here.
    fn expand(&self, example: &str) -> String {
        let mut line = example
            .replace("localhost:5000", self.registries[0].address())
            .replace("localhost:6000", self.registries[1].address())
            .replace('"', "'");
        let mut start = 0;
        while let Some(found) = line[start..].find("sha256:").map(|at| start + at) {
            let digest = if line[..found].ends_with('@') { &self.root } else { &self.child };
            let length = "sha256:".len() + 64;
            line.replace_range(found..found + length, digest);
            start = found + length;
        }
        line
    }

    /// What the examples of a command read from standard input.
    fn input(&self, command: &str) -> String {
        match command {
            "login" => "username\npassword\n".to_owned(),
            "blob push" => HELLO.to_owned(),
            "manifest push" => self.world.read("manifest.json"),
            _ => "y\n".to_owned(),
        }
    }
}

/// The lines of oras in the examples of a page, those that go on in one piece.
fn examples(page: &str) -> Vec<String> {
    let joined = page.replace("\\\n", "");
    let lines = joined.lines().take_while(|line| *line != "Usage:");
    let lines = lines.filter_map(|line| line.strip_prefix("  oras "));
    lines.map(|line| line.split(" # ").next().unwrap_or_default().trim_end().to_owned()).collect()
}

/// All commands that do something, with their pages.
fn pages() -> Vec<(String, String)> {
    let world = World::new();
    let (mut paths, mut pages) = (vec![String::new()], Vec::new());
    while let Some(path) = paths.pop() {
        let page = world.run(&format!("{path} --help")).success().stdout;
        let below = page.lines().skip_while(|line| *line != "Available Commands:").skip(1);
        let below: Vec<&str> = below.take_while(|line| !line.is_empty()).collect();
        if below.is_empty() {
            pages.push((path.clone(), page.clone()));
        }
        for line in below {
            paths.push(format!("{path} {}", line.split_whitespace().next().unwrap()).trim().to_owned());
        }
    }
    pages
}

#[test]
fn every_example_runs_as_it_is_printed() {
    let mut count = 0;
    let mut failed = Vec::new();
    // A registry that is started does not end by itself; tests of `serve` have its flags.
    for (command, page) in pages().into_iter().filter(|(command, _)| command != "serve") {
        // Neither this registry nor others of today take a type that was given up.
        let examples = examples(&page).into_iter().filter(|line| !line.contains("cncf.oras.artifact"));
        let mut stage = None;
        for example in examples {
            // What is deleted is there for the next one, too.
            let kept = stage.take().filter(|_| !command.ends_with("delete"));
            let here = stage.insert(kept.unwrap_or_else(|| Stage::set(&command)));
            let run = here.world.run_with_input(&here.expand(&example), &here.input(&command));
            if run.code != Some(0) {
                failed.push(format!("oras {example}\n{run}"));
            }
            count += 1;
        }
    }
    assert!(failed.is_empty(), "examples that do not run:\n{}", failed.join("\n"));
    assert!(count > 150, "only {count}");
}

#[test]
fn what_examples_write_is_where_they_say() {
    let stage = Stage::set("pull");
    let run = stage.world.run(&stage.expand("pull localhost:5000/hello:v1")).success();
    assert!(run.stdout.contains("Pulled"), "{run}");
    assert_eq!(fs::read_to_string(stage.world.path("hi.txt")).unwrap(), HELLO);
}
