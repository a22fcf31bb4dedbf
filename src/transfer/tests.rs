//! What a copy does to its two ends, in which order, and what is told of it.

mod closures;
mod shared;

use std::sync::Arc;

use super::rigged::{Heard, Rigged, tag, titled};
use super::*;
use crate::content::{Body, Origin, Source, Target};
use crate::error::{Result, Side};
use crate::oci::{Descriptor, Digest, Locator, Tag, media_type};

struct Run {
    outcome: Result<()>,
    heard: Vec<String>,
}

/// One that does one thing after the other.
fn copier<'a>(documents: &'a Documents<'a>, target: &'a Rigged, heard: &Arc<Heard>) -> Copier<'a> {
    Copier::new(documents, target, heard.clone(), Limits::capped(1))
}

async fn copy_with(
    source: &Rigged,
    target: &Rigged,
    root: &Descriptor,
    tags: &[Tag],
    change: impl FnOnce(&mut Copier<'_>),
) -> Run {
    let (documents, heard) = (Documents::new(source), Arc::new(Heard::default()));
    let mut copier = copier(&documents, target, &heard);
    change(&mut copier);
    let outcome = copier.tagged(root, tags).await;
    Run { outcome, heard: heard.lines() }
}

async fn copy(source: &Rigged, target: &Rigged, root: &Descriptor, tags: &[Tag]) -> Run {
    copy_with(source, target, root, tags, |_| ()).await
}

fn short(node: &Descriptor) -> String {
    node.digest.short()
}

#[tokio::test]
async fn a_manifest_that_was_handled_for_one_tag_gets_the_next_one() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    let root = source.manifest(vec![source.file("a", "1")], None);
    let (documents, heard) = (Documents::new(&source), Arc::new(Heard::default()));
    let copier = copier(&documents, &target, &heard);
    for name in ["v1", "v2"] {
        copier.tagged(&root, &[tag(name)]).await.unwrap();
        assert_eq!(target.memory.resolve(&Locator::Tag(tag(name))).await.unwrap().digest, root.digest);
    }
}

#[tokio::test]
async fn children_come_before_parents_and_the_tag_comes_last() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let layers = vec![source.file("a", "1"), source.file("b", "2")];
    let root = source.manifest(layers.clone(), None);
    let run = copy(&source, &target, &root, &[tag("v1"), tag("v2")]).await;
    run.outcome.unwrap();
    let (empty, root_name) = (short(&Descriptor::empty()), short(&root));
    let (a, b) = (short(&layers[0]), short(&layers[1]));
    assert_eq!(
        target.calls(),
        [
            format!("exists {root_name}"),
            format!("exists {empty}"),
            format!("put {empty}"),
            format!("exists {a}"),
            format!("put {a}"),
            format!("exists {b}"),
            format!("put {b}"),
            format!("put {root_name} v1"),
            format!("tag {root_name} v2"),
        ]
    );
    assert_eq!(
        run.heard,
        [
            "Started empty",
            "Done empty",
            "Started a",
            "Done a",
            "Started b",
            "Done b",
            "Started manifest",
            "Done manifest",
            "Tagged v2"
        ]
    );
    assert_eq!(source.count(&format!("fetch {root_name}")), 1);
}

#[tokio::test]
async fn what_is_there_is_left_alone_with_all_below_it() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let root = source.manifest(vec![source.file("a", "1")], None);
    copy(&source, &target, &root, &[]).await.outcome.unwrap();
    let before = target.calls().len();
    let run = copy(&source, &target, &root, &[tag("v1")]).await;
    run.outcome.unwrap();
    assert_eq!(run.heard, ["Existed manifest"]);
    let name = short(&root);
    assert_eq!(target.calls()[before..], [format!("exists {name}"), format!("tag {name} v1")]);
    assert_eq!(target.memory.resolve(&Locator::Tag(tag("v1"))).await.unwrap().digest, root.digest);
}

#[tokio::test]
async fn a_repair_writes_manifests_again_and_blobs_that_are_missing() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let root = source.manifest(vec![source.file("a", "1")], None);
    target.memory.insert(&root, source.memory.fetch(&root).read(9999).await.unwrap());
    let run = copy_with(&source, &target, &root, &[], |copier| copier.present = Present::Repaired).await;
    run.outcome.unwrap();
    assert_eq!(
        run.heard,
        ["Started empty", "Done empty", "Started a", "Done a", "Started manifest", "Done manifest"]
    );
    assert_eq!(target.count(&format!("exists {}", short(&root))), 0);
    let again = copy_with(&source, &target, &root, &[], |copier| copier.present = Present::Repaired).await;
    assert_eq!(again.heard, ["Existed empty", "Existed a", "Started manifest", "Done manifest"]);
}

#[tokio::test]
async fn a_registry_that_has_the_root_takes_it_again_for_the_tag_and_nothing_is_told() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    let root = source.manifest(vec![source.file("a", "1")], None);
    copy(&source, &target, &root, &[]).await.outcome.unwrap();
    let run = copy(&source, &target, &root, &[tag("v1")]).await;
    run.outcome.unwrap();
    assert_eq!(run.heard, Vec::<String>::new());
    assert_eq!(target.count(&format!("put {} v1", short(&root))), 1);
    assert_eq!(copy(&source, &target, &root, &[]).await.heard, ["Existed manifest"]);
}

#[tokio::test]
async fn what_many_share_goes_once_and_other_titles_are_told() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let shared = source.file("a", "1");
    let first = source.manifest(vec![shared.clone(), titled(shared.clone(), "b")], None);
    let second = source.manifest(vec![shared.clone(), source.file("c", "3")], None);
    let root = source.index(vec![first.clone(), second.clone(), first]);
    let run = copy(&source, &target, &root, &[]).await;
    run.outcome.unwrap();
    assert_eq!(target.count(&format!("put {}", short(&shared))), 1);
    assert_eq!(target.count("put"), 6);
    let at = |line: &str| run.heard.iter().position(|heard| heard == line).unwrap();
    assert!(at("Started manifest") < at("Skipped b") && at("Skipped b") < at("Done manifest"));
    assert_eq!(run.heard.iter().filter(|line| line.starts_with("Skipped")).count(), 1);
}

#[tokio::test]
async fn blobs_are_mounted_where_they_can_be() {
    let (source, mut target) = (Rigged::new(), Rigged::registry("r"));
    target.mount_status = Some(http::StatusCode::CREATED);
    let root = source.manifest(vec![source.file("a", "1")], None);
    let from = Origin { registry: "h".into(), repository: "other".into() };
    let run = copy_with(&source, &target, &root, &[], |copier| copier.mount_from = Some(from)).await;
    run.outcome.unwrap();
    assert_eq!(run.heard, ["Mounted empty", "Mounted a", "Started manifest", "Done manifest"]);
    assert_eq!(target.count("mount"), 2);
}

#[tokio::test]
async fn a_mount_that_is_not_allowed_is_not_tried_again() {
    let (source, mut target) = (Rigged::new(), Rigged::registry("r"));
    target.mount_status = Some(http::StatusCode::FORBIDDEN);
    let root = source.manifest(vec![source.file("a", "1")], None);
    let from = Origin { registry: "h".into(), repository: "other".into() };
    let run = copy_with(&source, &target, &root, &[], |copier| copier.mount_from = Some(from)).await;
    run.outcome.unwrap();
    assert_eq!(target.count("mount"), 1);
    assert!(run.heard.contains(&"Done a".to_owned()));
}

#[tokio::test]
async fn subjects_come_along_unless_they_are_left() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let subject = source.manifest(vec![source.file("a", "1")], None);
    let root = source.manifest(vec![source.file("s", "2")], Some(&subject));
    copy_with(&source, &target, &root, &[], |copier| copier.subjects = Subjects::Left).await.outcome.unwrap();
    assert!(!target.memory.exists(&subject).await.unwrap());
    let other = Rigged::new();
    copy(&source, &other, &root, &[]).await.outcome.unwrap();
    assert!(other.memory.exists(&subject).await.unwrap());
    let order = |node: &Descriptor| {
        other.calls().iter().position(|call| *call == format!("put {}", short(node))).unwrap()
    };
    assert!(order(&subject) < order(&root));
}

#[tokio::test]
async fn a_failure_of_the_target_ends_it_untagged() {
    let source = Rigged::new();
    let layers: Vec<Descriptor> = (0..20).map(|n| source.file(&format!("f{n}"), &format!("{n}"))).collect();
    let root = source.manifest(layers.clone(), None);
    let target = Rigged::new().breaking(format!("put {}", short(&layers[3])));
    let run = copy(&source, &target, &root, &[tag("v1")]).await;
    let error = run.outcome.unwrap_err();
    assert_eq!(error.side(), Some(Side::Destination));
    assert!(error.to_string().starts_with("broken: put"), "{error}");
    assert_eq!(run.heard.last().unwrap(), "Failed f3");
    assert!(target.memory.resolve(&Locator::Tag(tag("v1"))).await.is_err());
    assert!(!target.memory.exists(&layers[4]).await.unwrap());
}

#[tokio::test]
async fn parts_that_a_registry_only_says_to_have_are_sent_after_all() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    let part = source.manifest(vec![source.file("a", "1")], None);
    let root = source.index(vec![part.clone()]);
    let bytes = source.memory.fetch(&part).read(9999).await.unwrap();
    target.memory.put(&part, Body::bytes(bytes)).await.unwrap();
    target.lacking.lock().unwrap().insert(format!("put {} v1", short(&root)));
    copy(&source, &target, &root, &[tag("v1")]).await.outcome.unwrap();
    assert_eq!(target.count(&format!("put {}", short(&part))), 1);
    assert_eq!(target.count(&format!("put {} v1", short(&root))), 2);
}

#[tokio::test]
async fn a_source_that_breaks_while_the_target_reads_is_named_as_the_source() {
    let plain = Rigged::new();
    let layer = plain.file("a", "1");
    let source = Rigged::new().breaking(format!("fetch {}", short(&layer)));
    let root = source.manifest(vec![source.file("a", "1")], None);
    let run = copy(&source, &Rigged::new(), &root, &[]).await;
    let error = run.outcome.unwrap_err();
    assert_eq!(error.side(), Some(Side::Source));
    assert!(error.to_string().starts_with("broken: fetch"), "{error}");
}

#[tokio::test]
async fn no_more_goes_on_at_once_than_is_allowed() {
    let source = Rigged::new();
    let artifact = |size: usize| {
        let file = |n| source.file(&format!("f{n}"), &format!("{n}{}", "x".repeat(size)));
        source.manifest((0..40).map(file).collect(), None)
    };
    let (small, large) = (artifact(1), artifact(200 * 1024));
    for (limits, most_small, most_large) in
        [(Limits::usual(3), 41, 4), (Limits::capped(2), 2, 2), (Limits::usual(0), 41, 2)]
    {
        for (root, most) in [(&small, most_small), (&large, most_large)] {
            let target = Rigged::new();
            copy_with(&source, &target, root, &[], |copier| copier.limits = limits).await.outcome.unwrap();
            assert_eq!(target.most(), most, "{limits:?}");
        }
    }
}

#[tokio::test]
async fn a_target_prepares_for_small_blobs_that_are_sent_next() {
    let source = Rigged::new();
    let (small, large) = (source.file("a", "1"), source.file("b", &"x".repeat(200 * 1024)));
    let root = source.manifest(vec![small, large], None);
    let looks = async |change: fn(&mut Copier<'_>)| {
        let target = Rigged::registry("r");
        copy_with(&source, &target, &root, &[], change).await.outcome.unwrap();
        (target.count("lacks"), target.count("exists"))
    };
    // The manifest and the large one are only looked for.
    assert_eq!(looks(|copier| copier.limits = Limits::usual(3)).await, (2, 4));
    assert_eq!(looks(|copier| copier.limits = Limits::capped(3)).await, (0, 4));
    let mounting = |copier: &mut Copier<'_>| {
        copier.limits = Limits::usual(3);
        copier.mount_from = Some(Origin { registry: "h".to_owned(), repository: "other".to_owned() });
    };
    assert_eq!(looks(mounting).await, (0, 4));
}

#[tokio::test]
async fn deep_and_wide_graphs_are_no_danger() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let mut root = source.manifest(vec![source.file("a", "1")], None);
    for _ in 0..5000 {
        root = source.index(vec![root]);
    }
    copy(&source, &target, &root, &[tag("deep")]).await.outcome.unwrap();
    assert!(target.memory.resolve(&Locator::Tag(tag("deep"))).await.is_ok());
    let leaves: Vec<Descriptor> = (0..10_000).map(|n| source.file("f", &format!("{n}"))).collect();
    let wide = source.manifest(leaves, None);
    copy_with(&source, &target, &wide, &[], |copier| copier.limits = Limits::usual(5)).await.outcome.unwrap();
    assert!(target.memory.exists(&wide).await.unwrap());
}
