//! How long operations wait for registries that are far away.
//!
//! The number of ways there and back that an operation makes one after the other is part of what it promises: it grows
//! with the depth of a graph and not with its size. It is counted here in virtual time, so that the figures are exact
//! and nobody waits. What does not belong here: what comes of an operation.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![expect(
    clippy::disallowed_methods,
    reason = "tests stand outside of the house and make their own surroundings"
)]

#[path = "distance/far.rs"]
mod far;
#[path = "distance/small.rs"]
mod small;

use std::path::Path;
use std::sync::Arc;

use oras::content::{Body, Source, Target};
use oras::files::{Output, Rules, Staging};
use oras::oci::{Annotations, Descriptor, Locator, Manifest, Tag, json, media_type};
use oras::ops::{self, Artifact, FileAnnotations, Files, Reach, Titles};
use oras::transfer::{Limits, Present, Subjects};

use far::{Far, Has, trips};

fn by_tag(text: &str) -> Locator {
    Locator::Tag(Tag::any(text))
}

/// An artifact of these small files in a repository.
async fn artifact(target: &dyn Target, files: &[String], subject: Option<&Descriptor>) -> Descriptor {
    let mut layers = Vec::new();
    for file in files {
        let node = Descriptor::of(media_type::LAYER, file.as_bytes());
        target.put(&node, Body::bytes(file.clone())).await.unwrap();
        let title = (oras::oci::annotations::TITLE.to_owned(), file.clone());
        layers.push(Descriptor { annotations: Annotations::from([title]), ..node });
    }
    target.put(&Descriptor::empty(), Body::bytes("{}")).await.unwrap();
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: Some("a/b".to_owned()),
        config: Descriptor::empty(),
        layers,
        subject: subject.map(Descriptor::bare),
        annotations: Annotations::new(),
    };
    document(target, media_type::MANIFEST, json::compact(&manifest).unwrap()).await
}

async fn document(target: &dyn Target, media_type: &str, bytes: Vec<u8>) -> Descriptor {
    let node = Descriptor::of(media_type, &bytes);
    target.put(&node, Body::bytes(bytes)).await.unwrap();
    node
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{prefix}{number}")).collect()
}

/// An artifact `v1` with so many referrers, each with a file of its own.
async fn with_referrers(target: &dyn Target, count: usize) {
    let root = artifact(target, &names("file", 1), None).await;
    target.tag(&root, &Tag::any("v1")).await.unwrap();
    for name in names("referrer", count) {
        artifact(target, &[name], Some(&root)).await;
    }
}

fn copy(reach: Reach) -> ops::Copy {
    ops::Copy {
        from: by_tag("v1"),
        to: Some(by_tag("v1")),
        tags: Vec::new(),
        reach,
        wanted: oras::transfer::Wanted::default(),
        companions: ops::Companions::Left,
        check: ops::Check::None,
        platforms: Vec::new(),
        mount_from: None,
        present: Present::Kept,
        limits: Limits::usual(3),
    }
}

fn discover() -> ops::Discover {
    ops::Discover {
        at: by_tag("v1"),
        platform: None,
        artifact_type: None,
        annotations: Vec::new(),
        choice: ops::Choice::All,
        depth: None,
        limits: Limits::usual(3),
    }
}

#[tokio::test(start_paused = true)]
async fn discover_waits_once_for_each_level() {
    for (count, wanted) in [(1, 3), (30, 3), (100, 4), (500, 7)] {
        let registry = Far::new(Has::Api);
        let repository = registry.repository("r");
        with_referrers(&repository, count).await;
        let far = registry.repository("r");
        let (trips, found) = trips(ops::discover(&far, discover())).await;
        assert_eq!(found.unwrap().referrers.len(), count);
        assert_eq!(trips, wanted, "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn discover_finds_once_that_there_is_no_api() {
    let registry = Far::new(Has::TagSchema);
    with_referrers(&registry.repository("r"), 30).await;
    let far = registry.repository("r");
    let (trips, found) = trips(ops::discover(&far, discover())).await;
    assert_eq!((found.unwrap().referrers.len(), trips), (30, 4));
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_a_graph_waits_for_its_depth() {
    // Without the API a list is read, written, and looked at once more after a pause of four trips.
    for (has, count, wanted) in
        [(Has::Api, 1, 12), (Has::Api, 100, 13), (Has::TagSchema, 1, 19), (Has::TagSchema, 100, 20)]
    {
        let (from, to) = (Far::new(Has::Api), Far::new(has));
        with_referrers(&from.repository("r"), count).await;
        let (source, target) = (from.repository("r"), to.repository("r"));
        let (trips, copied) = trips(ops::copy(&source, &target, copy(Reach::Referrers), Arc::new(()))).await;
        let asked = to.asked();
        let listed = to.repository("r").referrers(&copied.unwrap().root, None).await.unwrap();
        assert_eq!(listed.len(), count);
        assert_eq!(trips, wanted, "{count}");
        // Each referrer and the root, the root once more with its tag, and one list for all of them.
        let lists = usize::from(matches!(has, Has::TagSchema));
        assert_eq!(asked.kinds["PUT manifests"], count + 2 + lists);
        assert_eq!(asked.order.last().unwrap(), "PUT manifests");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_broke_off_before_the_list_is_finished_by_the_next() {
    let (from, to) = (Far::new(Has::Api), Far::new(Has::TagSchema));
    with_referrers(&from.repository("r"), 3).await;
    let source = from.repository("r");
    let target = to.repository("r");
    // Everything is there, and nothing is listed.
    let root = source.resolve(&by_tag("v1")).await.unwrap();
    for node in source.referrers(&root, None).await.unwrap() {
        let layers = ops::fetch_manifest(&source, &Locator::Digest(node.digest.clone()), None).await.unwrap();
        target.put_unlisted(&node, Body::bytes(layers.bytes)).await.unwrap();
    }
    assert!(to.repository("r").referrers(&root, None).await.unwrap().is_empty());
    ops::copy(&source, &to.repository("r"), copy(Reach::Referrers), Arc::new(())).await.unwrap();
    assert_eq!(to.repository("r").referrers(&root, None).await.unwrap().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn small_files_go_and_come_in_waves() {
    let folder = folder(1000);
    for (count, to_push, to_pull) in [(1, 3, 2), (100, 5, 3), (1000, 26, 10)] {
        let registry = Far::new(Has::Api);
        let far = registry.repository("r");
        let push = push(folder.path(), count, Limits::usual(5));
        let (there, pushed) = trips(ops::push(&far, push, Arc::new(()))).await;
        pushed.unwrap();
        let out = tempfile::tempdir().unwrap();
        let far = registry.repository("r");
        let (back, pulled) = trips(pull(&far, out.path(), Limits::usual(3))).await;
        assert_eq!((pulled.files.len(), there, back), (count, to_push, to_pull));
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_number_is_obeyed_by_everything() {
    let folder = folder(20);
    for most in [1, 3] {
        let limits = Limits::capped(most);
        let (one, two) = (Far::new(Has::Api), Far::new(Has::Api));
        ops::push(&one.repository("p"), push(folder.path(), 20, limits), Arc::new(())).await.unwrap();
        pull(&one.repository("p"), tempfile::tempdir().unwrap().path(), limits).await;
        with_referrers(&one.repository("r"), 20).await;
        ops::discover(&one.repository("r"), ops::Discover { limits, ..discover() }).await.unwrap();
        let request = ops::Copy { limits, ..copy(Reach::Referrers) };
        ops::copy(&one.repository("r"), &two.repository("r"), request, Arc::new(())).await.unwrap();
        assert_eq!([one.asked().most, two.asked().most], [most, most]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_is_asked_too_much_is_asked_less() {
    let registry = Far::taking(5, Has::Api);
    with_referrers(&registry.repository("r"), 100).await;
    registry.asked();
    let found = ops::discover(&registry.repository("r"), discover()).await.unwrap();
    assert_eq!(found.referrers.len(), 100);
    let asked = registry.asked();
    assert!(asked.refused > 0 && asked.refused < 100, "{asked:?}");
}

/// A folder of so many small files.
fn folder(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names("f", count) {
        std::fs::write(folder.path().join(&name), &name).unwrap();
    }
    folder
}

async fn pull(source: &dyn Source, folder: &Path, limits: Limits) -> ops::Pulled {
    let output = Output::new(folder, Rules::default());
    let request = ops::Pull {
        at: by_tag("v1"),
        platform: None,
        config: None,
        subjects: Subjects::Left,
        only: Titles::default(),
        limits,
    };
    ops::pull(source, &output, request, Arc::new(())).await.unwrap()
}

fn push(folder: &Path, count: usize, limits: Limits) -> ops::Push {
    ops::Push {
        artifact: Artifact::default(),
        files: Files {
            staging: Staging::new(folder.to_owned(), folder.to_owned(), None),
            arguments: names("f", count).iter().map(|text| text.parse().unwrap()).collect(),
            config: None,
            annotations: FileAnnotations::default(),
        },
        to: Some(by_tag("v1")),
        tags: Vec::new(),
        made: ops::Made::Now("2025-01-01T00:00:00Z".parse().unwrap()),
        present: Present::Kept,
        limits,
    }
}
