//! The use cases with files: push, attach.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::disk;
use crate::files::{FileArgument, Staging};
use crate::oci::{Annotations, Document, annotations};
use crate::transfer::rigged::Rigged;

/// The file that the goldens of [`pack`](crate::ops::pack) were made of, and another two.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("a.txt", "hello\n"), ("b.txt", "hello\n"), ("c.json", r#"{"x":1}"#)] {
        disk::write(&folder.path().join(name), content.as_bytes(), 0o644).unwrap();
    }
    folder
}

fn files(folder: &Path, arguments: &[&str]) -> Files {
    let mut annotations = FileAnnotations::default();
    annotations.manifest.insert(annotations::CREATED.into(), "2024-01-01T00:00:00Z".into());
    Files {
        staging: Staging::new(folder.to_owned(), folder.to_owned(), None),
        arguments: arguments.iter().map(|text| text.parse::<FileArgument>().unwrap()).collect(),
        config: None,
        annotations,
    }
}

fn pushing(files: Files, to: Option<Locator>) -> Push {
    Push {
        artifact: Artifact::default(),
        files,
        to,
        tags: Vec::new(),
        made: Made::At("2025-01-01T00:00:00Z".parse().unwrap()),
        present: Present::Kept,
        limits: ONE(),
    }
}

#[tokio::test]
async fn a_manifest_that_is_made_now_is_not_looked_for() {
    let folder = folder();
    let now = "2025-01-01T00:00:00Z".parse().unwrap();
    for (made, dated, asked) in
        [(Made::Now(now), false, 0), (Made::At(now), false, 1), (Made::Now(now), true, 1)]
    {
        let target = Rigged::registry("r");
        let mut request = Push { made, ..pushing(files(folder.path(), &["a.txt"]), Some(by_tag("v1"))) };
        if !dated {
            request.files.annotations.manifest.clear();
        }
        let pushed = push(&target, request, Arc::new(())).await.unwrap();
        assert_eq!(target.count(&format!("exists {}", pushed.root.digest.short())), asked);
    }
}

#[tokio::test]
async fn a_push_sends_files_then_the_manifest_with_its_tag() {
    let (folder, target, heard) = (folder(), Rigged::registry("r"), Arc::new(Heard::default()));
    let request =
        Push { tags: vec![name("v2")], ..pushing(files(folder.path(), &["a.txt"]), Some(by_tag("v1"))) };
    let pushed = push(&target, request, heard.clone()).await.unwrap();
    // As oras 1.3.6 made it.
    let digest = "sha256:937372526a8351ba6b87b299fe9281576e1c9262695190ddb1e3c3a02676d796";
    assert_eq!(pushed.root.digest.to_string(), digest);
    assert_eq!(Digest::of(&pushed.manifest).to_string(), digest);
    assert_eq!(pushed.tags, [name("v1"), name("v2")]);
    assert_eq!(pushed.root.artifact_type.as_deref(), Some(media_type::UNKNOWN_ARTIFACT));
    assert_eq!(
        heard.lines(),
        [
            "Preparing a.txt",
            "Started empty",
            "Done empty",
            "Started a.txt",
            "Done a.txt",
            "Started manifest",
            "Done manifest",
            "Tagged v2"
        ]
    );
    let file = Descriptor::of(media_type::LAYER, b"hello\n");
    assert_eq!(target.memory.fetch(&file).read(9).await.unwrap(), "hello\n");
    for tag in ["v1", "v2"] {
        assert_eq!(target.memory.resolve(&by_tag(tag)).await.unwrap().digest.to_string(), digest);
    }
}

#[tokio::test]
async fn two_files_with_the_same_bytes_go_once() {
    let (folder, target, heard) = (folder(), Rigged::new(), Arc::new(Heard::default()));
    let request = pushing(files(folder.path(), &["a.txt", "b.txt"]), None);
    let pushed = push(&target, request, heard.clone()).await.unwrap();
    let lines = heard.lines();
    assert_eq!(lines[lines.len() - 3..], ["Started manifest", "Existed b.txt", "Done manifest"]);
    assert_eq!((target.count("put"), pushed.tags.len()), (3, 0));
}

#[tokio::test]
async fn annotations_go_to_the_parts_they_are_for() {
    let (folder, target) = (folder(), Rigged::new());
    let mut files = files(folder.path(), &["./a.txt"]);
    files.config = Some("c.json:c/t".parse().unwrap());
    let one = |key: &str, value: &str| Annotations::from([(key.to_owned(), value.to_owned())]);
    files.annotations.config = one("ck", "cv");
    files.annotations.layers.insert("./a.txt".into(), one(annotations::TITLE, "renamed"));
    files.annotations.layers.insert("a.txt".into(), one("not", "typed"));
    let pushed = push(&target, pushing(files, None), Arc::new(())).await.unwrap();
    let document = Document::parse(media_type::MANIFEST, &pushed.manifest).unwrap();
    let config = document.config.unwrap();
    assert_eq!((config.media_type.as_str(), config.annotations), ("c/t", one("ck", "cv")));
    assert_eq!(document.layers[0].annotations, one(annotations::TITLE, "renamed"));
    assert_eq!(pushed.root.artifact_type.as_deref(), Some("c/t"));
}

#[tokio::test]
async fn nothing_is_sent_when_a_file_or_a_wish_is_wrong() {
    let (folder, target, heard) = (folder(), Rigged::new(), Arc::new(Heard::default()));
    let missing = pushing(files(folder.path(), &["a.txt", "none"]), None);
    let error = push(&target, missing, heard.clone()).await.unwrap_err().to_string();
    assert!(error.starts_with("stat /") && error.ends_with("none: no such file or directory"), "{error}");
    assert_eq!(heard.lines(), ["Preparing a.txt", "Preparing none"]);
    let mut bad = pushing(files(folder.path(), &["a.txt"]), None);
    bad.artifact.artifact_type = Some("bad".into());
    assert!(push(&target, bad, Arc::new(())).await.is_err());
    assert!(target.calls().is_empty());
}

fn attaching(files: Files, artifact_type: &str) -> Attach {
    Attach {
        subject: by_tag("v1"),
        platform: None,
        artifact_type: artifact_type.into(),
        files,
        made: Made::At("2025-01-01T00:00:00Z".parse().unwrap()),
        same: Same::Ignored,
        limits: ONE(),
    }
}

#[tokio::test]
async fn an_attached_artifact_refers_to_its_subject_which_is_not_looked_at_again() {
    let (folder, target) = (folder(), Rigged::new());
    let subject = target.manifest(vec![target.file("x", "1")], None);
    tagged(&target, &subject, "v1").await;
    let attached =
        attach(&target, attaching(files(folder.path(), &["a.txt"]), "s/g"), Arc::new(())).await.unwrap();
    assert_eq!(attached.subject.digest, subject.digest);
    let document = Document::parse(media_type::MANIFEST, &attached.manifest).unwrap();
    assert_eq!(document.subject.unwrap(), subject);
    assert_eq!(target.count(&format!("exists {}", subject.digest.short())), 0);
    assert_eq!(target.count("exists"), 3);
    let listed = target.memory.referrers(&subject, Some("s/g")).await.unwrap();
    assert_eq!(listed[0].digest, attached.root.digest);
}

#[tokio::test]
async fn what_cannot_be_attached_says_why() {
    let (folder, target) = (folder(), Rigged::new());
    let says = async |request: Attach| {
        let heard = Arc::new(Heard::default());
        let error = attach(&target, request, heard.clone()).await.unwrap_err();
        (error.to_string(), heard.lines().len())
    };
    let some = || files(folder.path(), &["a.txt"]);
    assert_eq!(says(attaching(some(), "s/g")).await, ("failed to resolve v1: not found".into(), 0));
    let mut nothing = files(folder.path(), &[]);
    nothing.annotations.manifest.clear();
    assert_eq!(
        says(attaching(nothing, "s/g")).await,
        ("neither file nor annotation provided in the command".into(), 0)
    );
    let subject = target.manifest(Vec::new(), None);
    tagged(&target, &subject, "v1").await;
    assert_eq!(says(attaching(some(), "")).await, ("missing artifact type".into(), 1));
    assert_eq!(
        says(attaching(some(), "bad")).await,
        ("invalid artifactType format: bad: invalid media type".into(), 1)
    );
    assert_eq!(target.count("put"), 0);
}

/// A registry that takes a while to answer, with a subject and the empty config.
async fn far(subject: bool) -> Rigged {
    let mut target = Rigged::registry("r");
    target.late = Some(Duration::from_millis(50));
    if subject {
        let subject = target.manifest(vec![target.file("x", "1")], None);
        tagged(&target, &subject, "v1").await;
    }
    target
}

fn attaching_far(files: Files) -> Attach {
    Attach {
        limits: Limits::usual(3),
        made: Made::Now("2025-01-01T00:00:00Z".parse().unwrap()),
        ..attaching(files, "s/g")
    }
}

/// Files of which nothing says when they were made, so that their manifest is not looked for.
fn new_files(folder: &Path, arguments: &[&str]) -> Files {
    Files { annotations: FileAnnotations::default(), ..files(folder, arguments) }
}

#[tokio::test(start_paused = true)]
async fn files_are_looked_for_once_and_beside_their_subject() {
    let (folder, target, heard) = (folder(), far(true).await, Arc::new(Heard::default()));
    let [empty, file] =
        [Descriptor::empty(), Descriptor::of(media_type::LAYER, b"hello\n")].map(|node| node.digest.short());
    let start = tokio::time::Instant::now();
    let request = attaching_far(new_files(folder.path(), &["a.txt"]));
    let attached = attach(&target, request, heard.clone()).await.unwrap();
    assert_eq!(start.elapsed().as_millis(), 50);
    let root = attached.root.digest.short();
    assert_eq!(
        target.calls(),
        [
            "resolve v1".to_owned(),
            format!("exists {empty}"),
            format!("exists {file}"),
            format!("put {file}"),
            format!("put {root}"),
            "commit".to_owned()
        ]
    );
    assert_eq!(
        heard.lines(),
        [
            "Preparing a.txt",
            "Existed empty",
            "Started a.txt",
            "Done a.txt",
            "Started manifest",
            "Done manifest"
        ]
    );
    // Where it would often be in vain, or turns are counted, it waits.
    for (same, limits) in [(Same::Taken, Limits::usual(3)), (Same::Ignored, ONE())] {
        let target = far(true).await;
        let request = attaching_far(new_files(folder.path(), &["a.txt"]));
        let start = tokio::time::Instant::now();
        attach(&target, Attach { same, limits, ..request }, Arc::new(())).await.unwrap();
        assert!(start.elapsed().as_millis() >= 100);
        assert_eq!(target.count(&format!("exists {file}")), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn what_could_not_be_looked_for_ahead_is_looked_for_again() {
    let (folder, file) = (folder(), Descriptor::of(media_type::LAYER, b"hello\n"));
    let call = format!("exists {}", file.digest.short());
    let target = far(true).await.breaking(call.clone());
    let request = attaching_far(new_files(folder.path(), &["a.txt"]));
    let error = attach(&target, request, Arc::new(())).await.unwrap_err();
    assert_eq!((error.to_string(), error.side()), (format!("broken: {call}"), Some(Side::Destination)));
    assert_eq!((target.count(&call), target.count("put")), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_missing_subject_is_told_before_anything_about_files() {
    let folder = folder();
    for (name, has_subject, wanted, lines) in [
        ("a.txt", false, "failed to resolve v1: not found", 0),
        ("none", false, "failed to resolve v1: not found", 0),
        ("none", true, "none: no such file or directory", 1),
    ] {
        let (target, heard) = (far(has_subject).await, Arc::new(Heard::default()));
        let request = attaching_far(new_files(folder.path(), &[name]));
        let error = attach(&target, request, heard.clone()).await.unwrap_err().to_string();
        assert!(error.ends_with(wanted), "{error}");
        assert_eq!((heard.lines().len(), target.count("put"), target.count("lacks")), (lines, 0, 0));
    }
}
