//! The place where programs run: inputs, registries with content, and names for what is new in each turn.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::Outcome;
use crate::inputs::{self, Scale};
use crate::measure;
use crate::programs::{Name, Programs, command};
use crate::registries::{self, Running};
use crate::relay::Distance;

/// What the far line takes each way.
pub const LATENCY: Duration = Duration::from_millis(25);

/// Everything that workloads need.
pub struct Bench {
    /// Where the programs run.
    pub folder: tempfile::TempDir,
    /// The programs.
    pub programs: Programs,
    near: Running,
    second: Running,
    graphs: Running,
    far: Running,
    olareg: Option<Running>,
    scale: Scale,
    digest: String,
}

impl Bench {
    /// Makes the inputs, starts the registries and fills them.
    pub fn prepare(scale: Scale, programs: Programs) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        inputs::make(folder.path(), scale)?;
        // regctl writes into a folder that is there.
        std::fs::create_dir(folder.path().join("there"))?;
        let near = registries::distribution(&programs, &folder.path().join("registry"))?;
        let second = registries::distribution(&programs, &folder.path().join("second-registry"))?;
        let graphs = registries::embedded(&programs, &folder.path().join("embedded"))?;
        let far = registries::far(&graphs.address, Distance { latency: LATENCY, ..Distance::default() })?;
        let olareg = registries::olareg(&programs, &folder.path().join("olareg"))?;
        let mut bench =
            Self { folder, programs, near, second, graphs, far, olareg, scale, digest: String::new() };
        bench.fill()?;
        Ok(bench)
    }

    fn fill(&mut self) -> Outcome {
        for registry in [self.near(), self.graphs()] {
            for name in ["small", "folder"] {
                self.ours(&format!("push {registry}/found/{name}:v1 {name}"))?;
            }
            self.ours(&format!("push {registry}/found/many:v1 {}", numbered("many", self.scale.many)))?;
        }
        self.ours(&format!("push {}/found/big:v1 big", self.near()))?;
        let olareg = self.olareg.as_ref().map(|registry| registry.address.as_str());
        if let Some(registry) = olareg {
            self.ours(&format!("push {registry}/found/small:v1 small"))?;
        }
        for registry in olareg.into_iter().chain([self.graphs()]) {
            let graph = format!("{registry}/found/graph:v1");
            self.ours(&format!("push {graph} small"))?;
            for number in 0..self.scale.referrers {
                self.ours(&format!("attach {graph} --artifact-type t/t few/{number}"))?;
            }
        }
        let template = "{{(index .content.layers 0).digest}}";
        let mut fetch =
            command(self.programs.ours(), "manifest fetch --format go-template --template", self.path());
        let output = fetch.arg(template).arg(format!("{}/found/big:v1", self.near())).output()?;
        String::from_utf8(output.stdout)?.trim().clone_into(&mut self.digest);
        Ok(())
    }

    fn ours(&self, line: &str) -> Outcome {
        measure::run(&mut command(self.programs.ours(), line, self.path())).map(drop)
    }

    /// Where the programs run.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The command of a program, where it is there.
    pub fn command(&self, name: Name, line: &str) -> Option<Command> {
        self.programs.find(name).map(|program| command(&program, line, self.path()))
    }

    /// Removes what a run left in `out`.
    pub fn clear(&self) {
        let out = self.path().join("out");
        // What is not there needs not be removed.
        let _ = std::fs::remove_dir_all(&out).or_else(|_| std::fs::remove_file(&out));
    }

    /// The registry for transfers.
    pub fn near(&self) -> &str {
        &self.near.address
    }

    /// The registry for graphs: the embedded one.
    pub fn graphs(&self) -> &str {
        &self.graphs.address
    }

    /// Fills in the names of a line; what is new is new for each program in each turn. None where a registry is missing.
    pub fn fill_in(&self, line: &str, who: &str, workload: &str, turn: usize) -> Option<String> {
        let olareg = self.olareg.as_ref().map_or("", |registry| &registry.address);
        if olareg.is_empty() && line.contains("{olareg}") {
            return None;
        }
        let words = workload.replace(|letter: char| !letter.is_ascii_alphanumeric(), "");
        let new = format!("{}-{who}-{turn}", words.to_lowercase());
        let hosts = [self.near(), &self.second.address, self.graphs(), &self.far.address, olareg];
        let hosts = hosts.map(|host| format!("--host reg={host},tls=disabled")).join(" ");
        let names = [
            ("{near}", self.near()),
            ("{second}", &self.second.address),
            ("{graphs}", self.graphs()),
            ("{far}", &self.far.address),
            ("{olareg}", olareg),
            ("{new}", &new),
            ("{many}", &numbered("many", self.scale.many)),
            ("{few}", &numbered("few", self.scale.referrers)),
            ("{hosts}", &hosts),
            ("{digest}", &self.digest),
        ];
        Some(names.iter().fold(line.to_owned(), |line, (name, value)| line.replace(name, value)))
    }
}

/// The names of numbered files, with blanks between them.
pub fn numbered(folder: &str, count: usize) -> String {
    let names: Vec<_> = (0..count).map(|number| format!("{folder}/{number}")).collect();
    names.join(" ")
}
