//! What every target must show, whatever it is made of.
//!
//! Each sentence below is played with every kind of target on its own empty instance. What only one kind does, such
//! as the files of a layout or the requests of a repository, is tested beside its code.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

#[path = "contract/worlds.rs"]
mod worlds;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, future, stream};
use oras::content::{Body, Put, Target};
use oras::oci::{
    Algorithm, Annotations, Descriptor, Digest, Index, Locator, Manifest, Tag, json, media_type,
};

/// A manifest of the given kind with one layer, and a subject if there is one.
fn artifact(kind: &str, layer: &Descriptor, subject: Option<&Descriptor>) -> (Descriptor, Bytes) {
    let manifest = Manifest {
        schema_version: 2,
        media_type: media_type::MANIFEST.to_owned(),
        artifact_type: Some(kind.to_owned()),
        config: Descriptor::empty(),
        layers: vec![layer.clone()],
        subject: subject.map(Descriptor::bare),
        annotations: Annotations::from([("kind".to_owned(), kind.to_owned())]),
    };
    let bytes = json::compact(&manifest).unwrap();
    (Descriptor::of(media_type::MANIFEST, &bytes), bytes.into())
}

fn blob(content: &str) -> Descriptor {
    Descriptor::of(media_type::LAYER, content.as_bytes())
}

fn tag(name: &str) -> Locator {
    Locator::Tag(name.parse().unwrap())
}

fn digest(node: &Descriptor) -> Locator {
    Locator::Digest(node.digest.clone())
}

/// Puts a blob.
async fn put(target: &dyn Target, content: &str) -> Descriptor {
    let node = blob(content);
    target.put(&node, Body::bytes(content.to_owned())).await.unwrap();
    node
}

/// Puts an artifact of one layer with everything that it is made of.
async fn push(target: &dyn Target, kind: &str, subject: Option<&Descriptor>) -> (Descriptor, Bytes) {
    let layer = put(target, kind).await;
    target.put(&Descriptor::empty(), Body::bytes("{}")).await.unwrap();
    let (node, bytes) = artifact(kind, &layer, subject);
    target.put(&node, Body::bytes(bytes.clone())).await.unwrap();
    (node, bytes)
}

async fn push_tagged(target: &dyn Target, kind: &str, name: &str) -> Descriptor {
    let (node, _) = push(target, kind, None).await;
    target.tag(&node, &name.parse().unwrap()).await.unwrap();
    node
}

async fn tags(target: &dyn Target, after: Option<&str>) -> Vec<String> {
    let pages: Vec<Vec<Tag>> = target.tags(after).try_collect().await.unwrap();
    pages.into_iter().flatten().map(|tag| tag.to_string()).collect()
}

/// A body that can be read only once, in pieces.
fn once(content: &Bytes) -> Body {
    let pieces: Vec<_> = content.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    Body::once(Some(content.len() as u64), stream::iter(pieces).boxed())
}

async fn what_was_put_is_there_and_may_be_put_again(target: &dyn Target) {
    let node = blob("content");
    assert!(!target.exists(&node).await.unwrap());
    assert_eq!(target.put(&node, Body::bytes("content")).await.unwrap(), Put::Stored);
    assert!(target.exists(&node).await.unwrap());
    // Whether it was there is not worth a request, so not every target can say.
    target.put(&node, Body::bytes("content")).await.unwrap();
    let found = target.stat(&node.digest).await.unwrap();
    assert_eq!((found.digest, found.size), (node.digest.clone(), node.size));
    assert_eq!(target.fetch(&node).read(100).await.unwrap(), "content");
    let (manifest, bytes) = push(target, "a/b", None).await;
    assert!(target.exists(&manifest).await.unwrap());
    target.put(&manifest, Body::bytes(bytes.clone())).await.unwrap();
    assert_eq!(target.fetch(&manifest).read(10_000).await.unwrap(), bytes);
}

async fn a_manifest_is_found_by_tag_and_digest(target: &dyn Target) {
    let (node, bytes) = push(target, "a/b", None).await;
    assert!(target.resolve(&digest(&node)).await.unwrap().same_content(&node));
    assert!(target.resolve(&tag("v1")).await.unwrap_err().is_not_found());
    target.tag(&node, &"v1".parse().unwrap()).await.unwrap();
    assert!(target.resolve(&tag("v1")).await.unwrap().same_content(&node));
    for at in [tag("v1"), digest(&node)] {
        let (found, content) = target.manifest(&at).await.unwrap();
        assert!(found.same_content(&node));
        assert_eq!(content, bytes);
    }
    assert_eq!(target.fetch(&node).read(10_000).await.unwrap(), bytes);
}

async fn a_manifest_can_come_with_its_tag(target: &dyn Target) {
    let layer = put(target, "layer").await;
    put(target, "{}").await;
    let (node, bytes) = artifact("a/b", &layer, None);
    let put = target.put_tagged(&node, Body::bytes(bytes.clone()), &"v1".parse().unwrap()).await.unwrap();
    assert_eq!(put, Put::Stored);
    // Again with another tag: the content is there, the tag is not.
    target.put_tagged(&node, Body::bytes(bytes), &"v2".parse().unwrap()).await.unwrap();
    assert_eq!(tags(target, None).await, ["v1", "v2"]);
    assert!(target.resolve(&tag("v2")).await.unwrap().same_content(&node));
}

async fn a_tag_moves_and_leaves_the_manifest(target: &dyn Target) {
    let first = push_tagged(target, "a/b", "v1").await;
    let second = push_tagged(target, "a/c", "v1").await;
    assert!(target.resolve(&tag("v1")).await.unwrap().same_content(&second));
    assert!(target.exists(&first).await.unwrap());
    assert!(target.resolve(&digest(&first)).await.unwrap().same_content(&first));
    assert_eq!(tags(target, None).await, ["v1"]);
}

async fn tags_come_sorted_and_after_the_one_that_is_named(target: &dyn Target) {
    let node = push_tagged(target, "a/b", "v2").await;
    for name in ["v10", "latest", "v1"] {
        target.tag(&node, &name.parse().unwrap()).await.unwrap();
    }
    assert_eq!(tags(target, None).await, ["latest", "v1", "v10", "v2"]);
    assert_eq!(tags(target, Some("v1")).await, ["v10", "v2"]);
    assert_eq!(tags(target, Some("m")).await, ["v1", "v10", "v2"]);
    assert!(tags(target, Some("v2")).await.is_empty());
}

async fn wrong_bytes_are_refused_and_never_visible(target: &dyn Target) {
    let node = blob("content");
    for wrong in ["Content", "conten", "content!", ""] {
        assert!(target.put(&node, Body::bytes(wrong)).await.is_err(), "{wrong}");
        assert!(!target.exists(&node).await.unwrap(), "{wrong}");
        assert!(target.stat(&node.digest).await.unwrap_err().is_not_found(), "{wrong}");
    }
    let layer = put(target, "layer").await;
    put(target, "{}").await;
    let ((manifest, _), (_, other)) = (artifact("a/b", &layer, None), artifact("a/c", &layer, None));
    assert!(target.put(&manifest, Body::bytes(other)).await.is_err());
    assert!(!target.exists(&manifest).await.unwrap());
    // And the right bytes are still welcome.
    assert_eq!(target.put(&node, Body::bytes("content")).await.unwrap(), Put::Stored);
}

async fn a_manifest_that_is_none_is_refused(target: &dyn Target) {
    let node = Descriptor::of(media_type::MANIFEST, b"<html>");
    assert!(target.put(&node, Body::bytes("<html>")).await.is_err());
    assert!(!target.exists(&node).await.unwrap());
}

async fn referrers_are_told_with_type_and_annotations(target: &dyn Target) {
    let (subject, _) = push(target, "a/b", None).await;
    assert!(target.referrers(&subject, None).await.unwrap().is_empty());
    let (signature, _) = push(target, "sig/x", Some(&subject)).await;
    let (bill, _) = push(target, "sbom/x", Some(&subject)).await;
    push(target, "sig/y", Some(&signature)).await;
    let mut all = target.referrers(&subject, None).await.unwrap();
    all.sort_by(|a, b| a.artifact_type.cmp(&b.artifact_type));
    let told: Vec<_> =
        all.iter().map(|node| (&node.digest, node.artifact_type.as_deref().unwrap())).collect();
    assert_eq!(told, [(&bill.digest, "sbom/x"), (&signature.digest, "sig/x")]);
    assert_eq!(all[0].annotations.get("kind").unwrap(), "sbom/x");
    assert!(all[0].same_content(&bill));
    let signatures = target.referrers(&subject, Some("sig/x")).await.unwrap();
    assert_eq!(signatures.iter().map(|node| &node.digest).collect::<Vec<_>>(), [&signature.digest]);
    assert!(target.referrers(&subject, Some("none/x")).await.unwrap().is_empty());
}

async fn a_referrer_may_come_before_its_subject(target: &dyn Target) {
    let layer = blob("later");
    let (subject, bytes) = artifact("a/b", &layer, None);
    let (signature, _) = push(target, "sig/x", Some(&subject)).await;
    put(target, "later").await;
    target.put(&subject, Body::bytes(bytes)).await.unwrap();
    let told = target.referrers(&subject, None).await.unwrap();
    assert_eq!(told.iter().map(|node| &node.digest).collect::<Vec<_>>(), [&signature.digest]);
}

async fn an_index_and_what_it_lists_are_manifests(target: &dyn Target) {
    let (first, _) = push(target, "a/b", None).await;
    let (second, _) = push(target, "a/c", None).await;
    let bytes = json::compact(&Index::new(vec![first.clone(), second])).unwrap();
    let index = Descriptor::of(media_type::INDEX, &bytes);
    target.put_tagged(&index, Body::bytes(bytes), &"all".parse().unwrap()).await.unwrap();
    assert!(target.resolve(&tag("all")).await.unwrap().same_content(&index));
    assert!(target.resolve(&digest(&first)).await.unwrap().same_content(&first));
    assert_eq!(tags(target, None).await, ["all"]);
}

async fn deleting_a_manifest_takes_its_tags_and_nothing_of_others(target: &dyn Target) {
    let gone = push_tagged(target, "a/b", "v1").await;
    target.tag(&gone, &"v2".parse().unwrap()).await.unwrap();
    let kept = push_tagged(target, "a/c", "v3").await;
    let alone = put(target, "alone").await;
    target.delete(&gone).await.unwrap();
    assert!(!target.exists(&gone).await.unwrap());
    for at in [tag("v1"), tag("v2"), digest(&gone)] {
        assert!(target.resolve(&at).await.unwrap_err().is_not_found(), "{at}");
    }
    assert_eq!(tags(target, None).await, ["v3"]);
    assert!(target.resolve(&tag("v3")).await.unwrap().same_content(&kept));
    // Shared with the deleted one, named by the other alone, and named by nobody.
    for node in [&Descriptor::empty(), &blob("a/c"), &alone] {
        assert!(target.exists(node).await.unwrap(), "{node:?}");
    }
}

async fn a_deleted_referrer_is_not_told_any_more(target: &dyn Target) {
    let subject = push_tagged(target, "a/b", "v1").await;
    let (first, _) = push(target, "sig/x", Some(&subject)).await;
    let (second, _) = push(target, "sig/y", Some(&subject)).await;
    target.delete(&first).await.unwrap();
    let told = target.referrers(&subject, None).await.unwrap();
    assert_eq!(told.iter().map(|node| &node.digest).collect::<Vec<_>>(), [&second.digest]);
    assert!(target.exists(&subject).await.unwrap());
}

async fn a_deleted_blob_is_gone(target: &dyn Target) {
    let node = put(target, "content").await;
    let kept = put(target, "kept").await;
    target.delete(&node).await.unwrap();
    assert!(!target.exists(&node).await.unwrap());
    assert!(target.fetch(&node).open(0).await.err().unwrap().is_not_found());
    assert!(target.exists(&kept).await.unwrap());
    assert_eq!(target.put(&node, Body::bytes("content")).await.unwrap(), Put::Stored);
}

async fn a_manifest_outlives_its_tag(target: &dyn Target) {
    let node = push_tagged(target, "a/b", "v1").await;
    target.tag(&node, &"v2".parse().unwrap()).await.unwrap();
    target.untag(&"v1".parse().unwrap()).await.unwrap();
    assert_eq!(tags(target, None).await, ["v2"]);
    target.untag(&"v2".parse().unwrap()).await.unwrap();
    assert!(tags(target, None).await.is_empty());
    assert!(target.resolve(&digest(&node)).await.unwrap().same_content(&node));
}

async fn what_is_not_there_is_not_found(target: &dyn Target) {
    push_tagged(target, "a/b", "v1").await;
    let layer = blob("none");
    let (node, _) = artifact("none/x", &layer, None);
    let name: Tag = "none".parse().unwrap();
    let not_found = |error: oras::error::Error| assert!(error.is_not_found(), "{error}");
    not_found(target.resolve(&Locator::Tag(name.clone())).await.unwrap_err());
    not_found(target.resolve(&digest(&node)).await.unwrap_err());
    not_found(target.manifest(&digest(&node)).await.unwrap_err());
    not_found(target.stat(&layer.digest).await.unwrap_err());
    not_found(target.tag(&node, &name).await.unwrap_err());
    not_found(target.untag(&name).await.unwrap_err());
    for node in [&node, &layer] {
        assert!(!target.exists(node).await.unwrap());
        not_found(target.fetch(node).open(0).await.err().unwrap());
        not_found(target.delete(node).await.unwrap_err());
    }
    assert!(target.referrers(&node, None).await.unwrap().is_empty());
    assert_eq!(tags(target, None).await, ["v1"]);
}

async fn a_body_opens_at_any_offset(target: &dyn Target) {
    let content = "0123456789".repeat(50_000);
    let node = put(target, &content).await;
    let body = target.fetch(&node);
    assert!(body.can_reopen());
    for from in [0, 3, 300_000, node.size - 1] {
        let pieces: Vec<Bytes> = body.open(from).await.unwrap().try_collect().await.unwrap();
        assert!(pieces.concat() == content.as_bytes()[usize::try_from(from).unwrap()..], "{from}");
    }
}

async fn a_body_that_comes_once_is_taken(target: &dyn Target) {
    let content = Bytes::from_static(b"from a pipe, in pieces");
    let node = Descriptor::of(media_type::LAYER, &content);
    assert_eq!(target.put(&node, once(&content)).await.unwrap(), Put::Stored);
    assert_eq!(target.fetch(&node).read(100).await.unwrap(), content);
    put(target, "{}").await;
    let (manifest, bytes) = artifact("a/b", &node, None);
    assert_eq!(target.put(&manifest, once(&bytes)).await.unwrap(), Put::Stored);
    assert_eq!(target.fetch(&manifest).read(10_000).await.unwrap(), bytes);
}

async fn a_blob_of_which_nothing_is_known_is_taken(target: &dyn Target) {
    for content in ["", "short", &"content of some length".repeat(100)] {
        for _ in 0..2 {
            let stream = once(&Bytes::from(content.to_owned())).open(0).await.unwrap();
            let node = target.put_unnamed(stream).await.unwrap();
            assert_eq!((&node.digest, node.size), (&blob(content).digest, content.len() as u64));
            assert_eq!(target.fetch(&node).read(5000).await.unwrap(), content);
        }
    }
    let broken = [Ok(Bytes::from("broken")), Err(oras::error::Error::invalid("gone"))];
    let error = target.put_unnamed(stream::iter(broken).boxed()).await.unwrap_err();
    assert_eq!(error.to_string(), "gone");
    assert!(!target.exists(&blob("broken")).await.unwrap());
}

async fn other_algorithms_and_no_bytes_are_content_too(target: &dyn Target) {
    for algorithm in Algorithm::ALL {
        for content in ["", "content"] {
            let digest = algorithm.digest(content.as_bytes());
            let node = Descriptor::new(media_type::LAYER, digest, content.len() as u64);
            assert_eq!(target.put(&node, Body::bytes(content)).await.unwrap(), Put::Stored, "{node:?}");
            assert_eq!(target.fetch(&node).read(100).await.unwrap(), content, "{node:?}");
        }
    }
}

async fn many_tasks_may_write_at_once(target: &dyn Target) {
    let pushes = (0..20).map(|number| async move {
        let (kind, name) = (format!("kind/{number}"), format!("v{number}"));
        let node = push_tagged(target, &kind, &name).await;
        target.commit().await.unwrap();
        assert!(target.resolve(&tag(&name)).await.unwrap().same_content(&node));
    });
    future::join_all(pushes).await;
    assert_eq!(tags(target, None).await.len(), 20);
}

async fn a_commit_changes_nothing_that_is_seen(target: &dyn Target) {
    target.commit().await.unwrap();
    let subject = push_tagged(target, "a/b", "v1").await;
    let (signature, _) = push(target, "sig/x", Some(&subject)).await;
    for _ in 0..2 {
        target.commit().await.unwrap();
        assert!(target.resolve(&tag("v1")).await.unwrap().same_content(&subject));
        assert!(target.referrers(&subject, None).await.unwrap()[0].same_content(&signature));
        assert_eq!(tags(target, None).await, ["v1"]);
    }
    let absent = Digest::of(b"absent");
    assert!(target.stat(&absent).await.unwrap_err().is_not_found());
}

/// Plays every sentence with one kind of target.
macro_rules! contract {
    ($kind:ident, $with:path: $($sentence:ident),* $(,)?) => {
        mod $kind {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $sentence() {
                    let world = $with().await;
                    super::$sentence(&world.target).await;
                }
            )*
        }
    };
}

/// Names every sentence, for the kinds of target that are listed.
macro_rules! targets {
    ($($kind:ident: $with:path),* $(,)?) => {
        $(
            contract!($kind, $with:
                what_was_put_is_there_and_may_be_put_again,
                a_manifest_is_found_by_tag_and_digest,
                a_manifest_can_come_with_its_tag,
                a_tag_moves_and_leaves_the_manifest,
                tags_come_sorted_and_after_the_one_that_is_named,
                wrong_bytes_are_refused_and_never_visible,
                a_manifest_that_is_none_is_refused,
                referrers_are_told_with_type_and_annotations,
                a_referrer_may_come_before_its_subject,
                an_index_and_what_it_lists_are_manifests,
                deleting_a_manifest_takes_its_tags_and_nothing_of_others,
                a_deleted_referrer_is_not_told_any_more,
                a_deleted_blob_is_gone,
                a_manifest_outlives_its_tag,
                what_is_not_there_is_not_found,
                a_body_opens_at_any_offset,
                a_body_that_comes_once_is_taken,
                a_blob_of_which_nothing_is_known_is_taken,
                other_algorithms_and_no_bytes_are_content_too,
                many_tasks_may_write_at_once,
                a_commit_changes_nothing_that_is_seen,
            );
        )*
    };
}

targets!(
    memory: crate::worlds::memory,
    directory: crate::worlds::directory,
    repository_in_memory: crate::worlds::repository_in_memory,
    repository_in_a_folder: crate::worlds::repository_in_a_folder,
    repository_in_chunks: crate::worlds::repository_in_chunks,
);
