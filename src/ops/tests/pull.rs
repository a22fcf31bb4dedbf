//! Pull, into folders of its own.

use std::path::Path;

use super::*;
use crate::files::{Output, Rules};
use crate::transfer::Subjects;
use crate::transfer::rigged::{Rigged, titled};

fn pulling() -> Pull {
    Pull {
        at: by_tag("v1"),
        platform: None,
        config: None,
        subjects: Subjects::Left,
        only: Titles::default(),
        limits: ONE(),
    }
}

struct Run {
    folder: tempfile::TempDir,
    outcome: crate::error::Result<Pulled>,
    heard: Vec<String>,
}

impl Run {
    fn content(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// What was listed, below the folder.
    fn listed(&self) -> Vec<String> {
        let below = |path: &Path| path.strip_prefix(self.folder.path()).unwrap().display().to_string();
        self.outcome.as_ref().unwrap().files.iter().map(|file| below(&file.path)).collect()
    }
}

async fn run(source: &Rigged, root: &Descriptor, request: Pull) -> Run {
    tagged(source, root, "v1").await;
    let (folder, heard) = (tempfile::tempdir().unwrap(), Arc::new(Heard::default()));
    let output = Output::new(folder.path().to_owned(), Rules::default());
    let outcome = pull(source, &output, request, heard.clone()).await;
    drop(output);
    Run { folder, outcome, heard: heard.lines() }
}

#[tokio::test]
async fn files_are_written_in_the_order_and_words_of_oras() {
    let source = Rigged::new();
    let first = source.file("a.txt", "1");
    let layers = vec![first.clone(), source.file("d/b.txt", "2"), titled(first, "c.txt")];
    let root = source.manifest_with(source.blob("a/b", "config"), layers, None);
    let run = run(&source, &root, pulling()).await;
    assert_eq!(run.listed(), ["a.txt", "d/b.txt", "c.txt"]);
    assert_eq!(["a.txt", "d/b.txt", "c.txt"].map(|name| run.content(name)), ["1", "2", "1"]);
    assert_eq!(
        run.heard,
        [
            "Started manifest",
            "Processing manifest",
            "Skipped a",
            "Started a.txt",
            "Done a.txt",
            "Started d/b.txt",
            "Done d/b.txt",
            "Restored c.txt",
            "Done manifest"
        ]
    );
    // A config is no layer.
    assert!(!run.outcome.unwrap().skipped);
    assert_eq!(source.count("fetch"), 2);
}

#[tokio::test]
async fn layers_without_a_title_are_left_and_it_is_told() {
    let source = Rigged::new();
    let root = source.manifest(vec![source.blob("a/layer", "1"), source.blob(media_type::EMPTY, "{}")], None);
    let run = run(&source, &root, pulling()).await;
    assert_eq!(run.heard, ["Started manifest", "Processing manifest", "Skipped a", "Done manifest"]);
    assert_eq!((run.listed().len(), source.count("fetch")), (0, 0));
    assert!(run.outcome.unwrap().skipped);
}

#[tokio::test]
async fn the_first_config_goes_where_it_is_wanted_if_it_has_the_type() {
    let source = Rigged::new();
    let root = source.manifest_with(source.blob("a/b", "config"), vec![source.file("a", "1")], None);
    let wanted = |text: &str| Pull { config: Some(text.parse().unwrap()), ..pulling() };
    for text in ["c.json", "c.json:a/b"] {
        let run = run(&source, &root, wanted(text)).await;
        assert_eq!((run.content("c.json"), run.listed()), ("config".to_owned(), vec!["a".to_owned()]));
    }
    let other = run(&source, &root, wanted("c.json:x/y")).await;
    assert!(!other.folder.path().join("c.json").exists());
}

#[tokio::test]
async fn of_an_index_all_comes_and_inner_files_are_listed_first() {
    let source = Rigged::new();
    let (a, b) = (source.file("a", "1"), source.file("b", "2"));
    let inner = source.index(vec![source.manifest(vec![b.clone()], None)]);
    let root =
        source.index(vec![source.manifest(vec![a.clone()], None), inner, source.manifest(vec![a, b], None)]);
    let run = run(&source, &root, pulling()).await;
    assert_eq!(run.listed(), ["a", "b", "a", "b"]);
    assert_eq!(run.heard.iter().filter(|line| line.starts_with("Done")).count(), 7);
    assert_eq!(run.heard.iter().filter(|line| line.starts_with("Restored")).count(), 0);
}

#[tokio::test]
async fn subjects_come_only_when_they_are_wanted() {
    let source = Rigged::new();
    let subject = source.manifest(vec![source.file("a", "1")], None);
    let root = source.manifest(vec![source.file("s", "2")], Some(&subject));
    assert_eq!(run(&source, &root, pulling()).await.listed(), ["s"]);
    let both = run(&source, &root, Pull { subjects: Subjects::Taken, ..pulling() }).await;
    assert_eq!(both.listed(), ["a", "s"]);
    assert!(!both.outcome.unwrap().skipped);
}

#[tokio::test]
async fn a_failure_leaves_nothing_and_a_bad_title_is_not_even_fetched() {
    let plain = Rigged::new();
    let broken = plain.file("b", "2");
    let source = Rigged::new().breaking(format!("fetch {}", broken.digest.short()));
    let root = source.manifest(vec![source.file("d/a", "1"), source.file("b", "2")], None);
    let failed = run(&source, &root, pulling()).await;
    assert!(failed.outcome.is_err());
    assert_eq!(failed.heard.last().unwrap(), "Failed b");
    assert_eq!(std::fs::read_dir(failed.folder.path()).unwrap().count(), 0);
    let hostile = source.manifest(vec![source.file("../x", "3")], None);
    let fetched = source.count("fetch");
    let refused = run(&source, &hostile, pulling()).await.outcome.unwrap_err().to_string();
    assert!(refused.contains("path traversal disallowed"), "{refused}");
    assert_eq!(source.count("fetch"), fetched);
}
