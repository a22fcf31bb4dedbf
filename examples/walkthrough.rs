//! The whole story, played with the real binary: push, attach, discover, promote, pull, delete.
//!
//! Starts two embedded registries on free ports, one of them with a password, and runs every command as a user would
//! type it, printing the command and what it says. Any step that does not go as it should ends the run with a
//! non-zero code, so this is a first look for a newcomer and an end-to-end test for everybody else:
//!
//! ```text
//! cargo run --release --example walkthrough
//! ```

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example tells its story on the terminal")]
#![expect(
    clippy::disallowed_methods,
    reason = "an example stands outside of the house and makes its own files"
)]

#[path = "walkthrough/stage.rs"]
mod stage;

use std::error::Error;
use std::fs;
use std::process::ExitCode;

use serde_json::Value;
use stage::Stage;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The user that the first registry knows.
const USER: &str = "alice";
/// Her password.
const PASSWORD: &str = "wonderland";

fn main() -> ExitCode {
    match play() {
        Ok(()) => {
            println!("\nThe walkthrough is complete: everything went as it should.");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("\nThe walkthrough stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

fn play() -> Outcome {
    let mut stage = Stage::build()?;
    stage.chapter("Two registries on this machine, the first with a password");
    let development = stage.serve("development", Some((USER, PASSWORD)))?;
    let production = stage.serve("production", None)?;
    let artifact = format!("{development}/hello:v1");
    let staging = format!("{development}/staging/hello:v1");
    let promoted = format!("{production}/hello:v1");

    log_in(&stage, &development)?;
    let digest = push(&stage, &artifact)?;
    push_a_folder(&stage, &development)?;
    look_at_the_manifest(&stage, &artifact)?;
    attach(&stage, &artifact)?;
    promote(&stage, &artifact, &[&staging, &promoted], &digest)?;
    pull_back(&stage, &promoted)?;
    tags(&stage, &artifact)?;
    for place in [&artifact, &staging, &promoted] {
        delete_the_graph(&stage, place)?;
    }
    Ok(())
}

fn log_in(stage: &Stage, registry: &str) -> Outcome {
    stage.chapter("Log in");
    let said =
        stage.run_with_input(&format!("oras login {registry} -u {USER} --password-stdin"), PASSWORD)?;
    said.shows("Login Succeeded")
}

fn push(stage: &Stage, artifact: &str) -> Outcome<String> {
    stage.chapter("Push a file as an artifact");
    stage.write("hello.txt", "hello, world\n")?;
    let said = stage.run(&format!(
        "oras push {artifact} --artifact-type application/vnd.example.hello hello.txt:text/plain"
    ))?;
    said.shows("Uploaded")?;
    said.shows(&format!("Pushed [registry] {artifact}"))?;
    let digest = said.line_after("Digest: ")?;
    stage.run(&format!("oras resolve {artifact}"))?.shows(&digest)?;
    Ok(digest)
}

fn push_a_folder(stage: &Stage, registry: &str) -> Outcome {
    stage.chapter("Push several files and a folder under two tags");
    stage.write("readme.md", "# Read me\n")?;
    stage.write("docs/guide.md", "# The guide\n")?;
    stage.write("docs/pictures/one.svg", "<svg/>\n")?;
    let line = format!("oras push {registry}/docs:v1,latest readme.md:text/markdown docs");
    let said = stage.run(&line)?;
    said.shows("Tagged latest")?;
    let said = stage.run(&format!("oras pull {registry}/docs:latest -o docs-again"))?;
    said.shows("Pulled [registry]")?;
    stage.same("docs/pictures/one.svg", "docs-again/docs/pictures/one.svg")?;
    stage.same("readme.md", "docs-again/readme.md")
}

fn look_at_the_manifest(stage: &Stage, artifact: &str) -> Outcome {
    stage.chapter("Look at the manifest");
    let said = stage.run(&format!("oras manifest fetch --pretty {artifact}"))?;
    let manifest = said.json()?;
    if manifest["artifactType"] != "application/vnd.example.hello" {
        return Err("the manifest has another artifact type".into());
    }
    Ok(())
}

fn attach(stage: &Stage, artifact: &str) -> Outcome {
    stage.chapter("Attach a signature and an SBOM, and sign the SBOM");
    stage.write("hello.sig", "signature of hello\n")?;
    stage.write("sbom.json", "{\"files\": [\"hello.txt\"]}\n")?;
    stage.write("sbom.sig", "signature of the sbom\n")?;
    let said = stage.run(&format!("oras attach {artifact} --artifact-type sig/example hello.sig"))?;
    said.shows("Attached to [registry]")?;
    stage.run(&format!("oras attach {artifact} --artifact-type sbom/example sbom.json:application/json"))?;
    let said = stage.run(&format!("oras discover {artifact} --format json --artifact-type sbom/example"))?;
    let found = said.json()?;
    let sbom = found["referrers"][0]["reference"].as_str().ok_or("no SBOM was found")?.to_owned();
    stage.run(&format!("oras attach {sbom} --artifact-type sig/example sbom.sig"))?;
    stage.chapter("Discover the graph");
    let said = stage.run(&format!("oras discover {artifact}"))?;
    said.shows("sbom/example")?;
    said.shows("sig/example")
}

fn promote(stage: &Stage, artifact: &str, places: &[&str], digest: &str) -> Outcome {
    stage.chapter("Promote the whole graph: to another repository, and to another registry");
    for place in places {
        let said = stage.run(&format!("oras copy -r {artifact} {place}"))?;
        said.shows(&format!("Copied [registry] {artifact} => [registry] {place}"))?;
        said.shows(&format!("Digest: {digest}"))?;
        let tree = stage.run(&format!("oras discover {place} --format json"))?.json()?;
        if graph(&tree).len() != 4 {
            return Err(format!("the graph in {place} is not complete").into());
        }
    }
    Ok(())
}

fn pull_back(stage: &Stage, artifact: &str) -> Outcome {
    stage.chapter("Pull what was promoted and compare");
    stage.run(&format!("oras pull {artifact} -o again"))?.shows("Downloaded")?;
    stage.same("hello.txt", "again/hello.txt")?;
    let tree =
        stage.run(&format!("oras discover {artifact} --format json --artifact-type sbom/example"))?.json()?;
    let sbom = tree["referrers"][0]["reference"].as_str().ok_or("the SBOM was not promoted")?;
    stage.run(&format!("oras pull {sbom} -o again"))?;
    stage.same("sbom.json", "again/sbom.json")
}

fn tags(stage: &Stage, artifact: &str) -> Outcome {
    stage.chapter("Tags");
    let (repository, _) = artifact.rsplit_once(':').ok_or("a reference without a tag")?;
    stage.run(&format!("oras tag {artifact} stable"))?.shows("Tagged stable")?;
    let said = stage.run(&format!("oras repo tags {repository}"))?;
    said.shows("stable")?;
    said.shows("v1")?;
    let (registry, _) = repository.split_once('/').ok_or("a reference without a repository")?;
    stage.run(&format!("oras repo ls {registry}"))?.shows("staging/hello")
}

/// Deletes a graph as a whole and shows that nothing of it is left.
fn delete_the_graph(stage: &Stage, artifact: &str) -> Outcome {
    stage.chapter(&format!("Delete the graph of {artifact}"));
    let planned = stage.run(&format!("oras manifest delete -r --dry-run {artifact}"))?;
    planned.shows("and 3 referrers")?;
    stage.run(&format!("oras manifest delete -r --force {artifact}"))?.shows("Deleted [registry]")?;
    let said = stage.run_expecting_failure(&format!("oras manifest fetch {artifact}"))?;
    said.shows("not found")?;
    let (repository, _) = artifact.rsplit_once(':').ok_or("a reference without a tag")?;
    stage.run_expecting_failure(&format!("oras repo tags {repository}"))?;
    let (registry, name) = repository.split_once('/').ok_or("a reference without a repository")?;
    let left = stage.run(&format!("oras repo ls {registry}"))?;
    if left.lines().any(|line| line == name) {
        return Err(format!("{repository} is still there").into());
    }
    Ok(())
}

/// The references of a discovered tree, each before its referrers.
fn graph(tree: &Value) -> Vec<String> {
    let own = tree["reference"].as_str().map(str::to_owned);
    let below = tree["referrers"].as_array().into_iter().flatten().flat_map(graph);
    own.into_iter().chain(below).collect()
}

impl Stage {
    /// Whether two files of the stage have the same bytes.
    fn same(&self, one: &str, other: &str) -> Outcome {
        let read = |name: &str| fs::read(self.path(name)).map_err(|error| format!("{name}: {error}"));
        if read(one)? == read(other)? {
            println!("# {one} and {other} are the same");
            return Ok(());
        }
        Err(format!("{one} and {other} differ").into())
    }
}
