//! The use cases that need no files, between ends in memory.

mod files;
mod pull;

use std::num::NonZeroUsize;
use std::sync::Arc;

use futures_util::TryStreamExt;

use super::*;
use crate::content::{Source, Target};
use crate::error::Side;
use crate::oci::{Descriptor, Digest, Locator, Tag, media_type};
use crate::transfer::rigged::{Heard, Rigged, tag as name};
use crate::transfer::{Limits, Present, Wanted};

const ONE: fn() -> Limits = || Limits::capped(1);

async fn tagged(end: &Rigged, node: &Descriptor, tag: &str) {
    end.memory.tag(node, &name(tag)).await.unwrap();
}

fn by_tag(text: &str) -> Locator {
    Locator::Tag(name(text))
}

fn request(to: Option<Locator>) -> Copy {
    Copy {
        from: by_tag("v1"),
        to,
        tags: Vec::new(),
        reach: Reach::Graph,
        wanted: Wanted::default(),
        companions: Companions::Left,
        check: Check::None,
        platforms: Vec::new(),
        mount_from: None,
        present: Present::Kept,
        limits: ONE(),
    }
}

#[tokio::test]
async fn a_copy_gives_all_tags_and_reads_the_root_once() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    let root = source.manifest(vec![source.file("a", "1")], None);
    tagged(&source, &root, "v1").await;
    let request = Copy { tags: vec![name("v3")], ..request(Some(by_tag("v2"))) };
    let copied = copy(&source, &target, request, Arc::new(())).await.unwrap();
    assert_eq!((copied.root.digest, copied.tags), (root.digest.clone(), vec![name("v2"), name("v3")]));
    assert_eq!(source.calls()[0], "manifest v1");
    assert_eq!(source.count(&format!("fetch {}", root.digest.short())), 0);
    for tag in ["v2", "v3"] {
        assert_eq!(target.memory.resolve(&by_tag(tag)).await.unwrap().digest, root.digest);
    }
}

#[tokio::test]
async fn a_copy_is_made_to_last_once_also_when_it_fails() {
    let source = Rigged::new();
    let file = source.file("a", "1");
    let root = source.manifest(vec![file.clone()], None);
    tagged(&source, &root, "v1").await;
    for reach in [Reach::Graph, Reach::Referrers] {
        for broken in [false, true] {
            let target = Rigged::new();
            let part = format!("put {}", file.digest.short());
            let target = if broken { target.breaking(part) } else { target };
            let request = Copy { reach, ..request(Some(by_tag("v2"))) };
            assert_eq!(copy(&source, &target, request, Arc::new(())).await.is_err(), broken);
            assert_eq!(target.count("commit"), 1);
            assert_eq!(target.calls().last().unwrap(), "commit");
        }
    }
}

#[tokio::test]
async fn a_copy_to_another_digest_is_refused_before_anything_moves() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let root = source.manifest(Vec::new(), None);
    tagged(&source, &root, "v1").await;
    let other = request(Some(Locator::Digest(Digest::of(b"other"))));
    assert!(copy(&source, &target, other, Arc::new(())).await.is_err());
    assert!(target.calls().is_empty());
    let own = request(Some(Locator::Digest(root.digest.clone())));
    assert_eq!(copy(&source, &target, own, Arc::new(())).await.unwrap().tags, []);
    assert!(target.memory.exists(&root).await.unwrap());
}

#[tokio::test]
async fn a_missing_source_is_told_as_oras_tells_it() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let error = copy(&source, &target, request(Some(by_tag("v2"))), Arc::new(())).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.side()), ("not found", Some(Side::Source)));
    let error = copy(&source, &target, request(None), Arc::new(())).await.unwrap_err();
    assert_eq!((error.to_string().as_str(), error.side()), ("failed to resolve v1: not found", None));
}

#[tokio::test]
async fn of_an_index_the_manifest_for_the_platform_is_copied() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let mut part = source.manifest(vec![source.file("a", "1")], None);
    part.platform = Some(Box::new("linux/arm64".parse().unwrap()));
    let root = source.index(vec![part.clone()]);
    tagged(&source, &root, "v1").await;
    let request = Copy {
        platforms: part.platform.as_deref().cloned().into_iter().collect(),
        reach: Reach::Referrers,
        ..request(None)
    };
    let copied = copy(&source, &target, request, Arc::new(())).await.unwrap();
    assert_eq!(copied.root.digest, part.digest);
    assert!(!target.memory.exists(&root).await.unwrap());
}

fn looking(at: &str) -> Discover {
    Discover {
        at: by_tag(at),
        platform: None,
        artifact_type: None,
        annotations: Vec::new(),
        choice: Choice::All,
        depth: None,
        limits: Limits::usual(3),
    }
}

/// The tree as nested digests.
fn shape(found: &Discovered) -> String {
    let below: Vec<String> = found.referrers.iter().map(shape).collect();
    format!("{}({})", &found.node.digest.short()[..4], below.join(" "))
}

#[tokio::test]
async fn a_tree_has_the_order_of_the_lists_and_ends_at_the_depth() {
    let source = Rigged::new();
    let root = source.manifest(vec![source.file("a", "1")], None);
    let first = source.manifest(vec![source.file("b", "2")], Some(&root));
    let second = source.manifest(vec![source.file("c", "3")], Some(&root));
    let deep = source.manifest(vec![source.file("d", "4")], Some(&second));
    tagged(&source, &root, "v1").await;
    let found = discover(&source, looking("v1")).await.unwrap();
    let listed = source.memory.referrers(&root, None).await.unwrap();
    assert_eq!(found.node.digest, root.digest);
    assert_eq!(
        found.referrers.iter().map(|found| &found.node).collect::<Vec<_>>(),
        listed.iter().collect::<Vec<_>>()
    );
    let below = |node: &Descriptor| {
        let found = found.referrers.iter().find(|found| found.node.digest == node.digest).unwrap();
        found.referrers.iter().map(|found| found.node.digest.clone()).collect::<Vec<_>>()
    };
    assert_eq!((below(&first), below(&second)), (vec![], vec![deep.digest]));
    let asked = source.count("referrers");
    let shallow = Discover { depth: NonZeroUsize::new(1), ..looking("v1") };
    let shallow = discover(&source, shallow).await.unwrap();
    assert_eq!((shallow.referrers.len(), source.count("referrers") - asked), (2, 1), "{}", shape(&shallow));
    assert!(shallow.referrers.iter().all(|found| found.referrers.is_empty()));
}

#[tokio::test]
async fn only_artifacts_of_the_type_are_followed() {
    let source = Rigged::new();
    let root = source.manifest(vec![source.file("a", "1")], None);
    let config = source.blob("sig/config", "{}");
    source.manifest_with(config, Vec::new(), Some(&root));
    source.manifest(vec![source.file("b", "2")], Some(&root));
    tagged(&source, &root, "v1").await;
    let only = Discover {
        artifact_type: Some("sig/config".into()),
        annotations: Vec::new(),
        choice: Choice::All,
        ..looking("v1")
    };
    let found = discover(&source, only).await.unwrap();
    assert_eq!(found.referrers.len(), 1);
    assert_eq!(found.referrers[0].node.artifact_type.as_deref(), Some("sig/config"));
}

#[tokio::test]
async fn tags_are_given_after_one_look_at_the_manifest() {
    let end = Rigged::registry("r");
    let root = end.manifest(Vec::new(), None);
    tagged(&end, &root, "v1").await;
    let heard = Arc::new(Heard::default());
    let request = Retag { at: by_tag("v1"), tags: vec![name("a"), name("b")], limits: ONE() };
    let done = tag(&end, request, heard.clone()).await.unwrap();
    assert_eq!(done.root.digest, root.digest);
    assert_eq!(heard.lines(), ["Started manifest", "Tagged a", "Tagged b"]);
    let short = root.digest.short();
    assert_eq!(
        end.calls(),
        ["manifest v1".to_owned(), format!("put {short} a"), format!("put {short} b"), "commit".into()]
    );
}

#[tokio::test]
async fn a_tag_that_fails_is_named_when_there_are_several() {
    let plain = Rigged::new();
    let short = plain.manifest(Vec::new(), None).digest.short();
    let end = Rigged::new().breaking(format!("put {short} b"));
    let root = end.manifest(Vec::new(), None);
    tagged(&end, &root, "v1").await;
    let request = |tags: &[&str]| Retag {
        at: by_tag("v1"),
        tags: tags.iter().map(|tag| name(tag)).collect(),
        limits: ONE(),
    };
    let says = async |tags: &[&str]| tag(&end, request(tags), Arc::new(())).await.unwrap_err().to_string();
    assert_eq!(says(&["b"]).await, format!("broken: put {short} b"));
    assert_eq!(says(&["a", "b"]).await, format!("failed to tag b: broken: put {short} b"));
    assert_eq!(end.calls().last().unwrap(), "commit");
}

#[tokio::test]
async fn tags_can_be_those_of_one_manifest() {
    let end = Rigged::new();
    let (one, two) = (end.manifest(Vec::new(), None), end.index(Vec::new()));
    for (tag, node) in [("v1", &one), ("v2", &two), ("v3", &one), (one.digest.referrers_tag().as_str(), &two)]
    {
        tagged(&end, node, tag).await;
    }
    let all = async |of: Option<(Digest, Locator)>, digest_tags: DigestTags| {
        let request = Tags { after: None, of, digest_tags, limits: Limits::usual(1) };
        let pages: Vec<Vec<Tag>> = tags(&end, request).try_collect().await.unwrap();
        pages.concat()
    };
    assert_eq!(all(None, DigestTags::Listed).await.len(), 4);
    assert_eq!(all(None, DigestTags::LeftOut).await, [name("v1"), name("v2"), name("v3")]);
    let of = Some((one.digest.clone(), by_tag("v1")));
    assert_eq!(all(of, DigestTags::LeftOut).await, [name("v1"), name("v3")]);
    assert_eq!(end.count("resolve v1"), 0);
}

#[tokio::test]
async fn a_manifest_is_found_fetched_and_deleted() {
    let end = Rigged::new();
    let root = end.document(media_type::INDEX, br#"{ "manifests": [] }"#.to_vec());
    tagged(&end, &root, "v1").await;
    assert_eq!(resolve(&end, &by_tag("v1"), None).await.unwrap().digest, root.digest);
    let fetched = fetch_manifest(&end, &by_tag("v1"), None).await.unwrap();
    assert_eq!(fetched.bytes, r#"{ "manifests": [] }"#);
    let node = found(end.resolve(&by_tag("v1")).await).unwrap().unwrap();
    delete(&end, &node).await.unwrap();
    assert_eq!(end.calls().last().unwrap(), "commit");
    assert!(found(end.resolve(&by_tag("v1")).await).unwrap().is_none());
}
