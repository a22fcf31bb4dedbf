//! Commands that touch few things: each way there and back of theirs is one that somebody waits for.

use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt;
use oras::content::{Body, Source, Target};
use oras::files::Staging;
use oras::oci::{Annotations, Descriptor, Locator, Tag, media_type};
use oras::ops::{self, FileAnnotations, Files, Reach};
use oras::transfer::Limits;

use super::far::{Far, Has, trips};
use super::{by_tag, document, folder, with_referrers};

const LIMITS: fn() -> Limits = || Limits::usual(3);

/// A far registry with the artifact `v1` and three referrers.
async fn registry(has: Has) -> Arc<Far> {
    let registry = Far::new(has);
    with_referrers(&registry.repository("r"), 3).await;
    registry
}

#[tokio::test(start_paused = true)]
async fn what_only_looks_waits_once() {
    let registry = registry(Has::Api).await;
    let far = registry.repository("r");
    let at = by_tag("v1");
    let (resolved, root) = trips(ops::resolve(&far, &at, None)).await;
    let (fetched, manifest) = trips(ops::fetch_manifest(&far, &at, None)).await;
    let layer = Descriptor::of(media_type::LAYER, b"file0");
    let by_digest = Locator::Digest(layer.digest);
    let (stat, _) = trips(ops::stat_blob(&far, &by_digest)).await;
    let read = async {
        let (_, body) = ops::fetch_blob(&far, &by_digest, Arc::new(())).await.unwrap();
        body.read(9).await.unwrap()
    };
    let (content, bytes) = trips(read).await;
    assert_eq!(bytes, "file0");
    let host = registry.host();
    let (found, repositories) = trips(host.repositories(None).try_collect::<Vec<_>>()).await;
    assert_eq!(repositories.unwrap().concat(), ["r"]);
    let request = ops::Tags { after: None, of: None, digest_tags: ops::DigestTags::Listed, limits: LIMITS() };
    let (listed, pages) = trips(ops::tags(&far, request).try_collect::<Vec<_>>()).await;
    assert_eq!(manifest.unwrap().node.digest, root.unwrap().digest);
    assert_eq!(pages.unwrap().concat().len(), 1);
    assert_eq!([resolved, fetched, stat, content, found, listed], [1; 6]);
}

#[tokio::test(start_paused = true)]
async fn tags_are_given_together_after_one_look() {
    let registry = registry(Has::Api).await;
    let far = registry.repository("r");
    let tags = (0..20).map(|number| Tag::any(format!("v{number}"))).collect();
    let request = ops::Retag { at: by_tag("v1"), tags, limits: LIMITS() };
    let (there, tagged) = trips(ops::tag(&far, request, Arc::new(()))).await;
    tagged.unwrap();
    let (back, gone) = trips(ops::untag(&far, &Tag::any("v7"))).await;
    gone.unwrap();
    assert_eq!((there, back), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_blob_is_looked_for_then_begun_then_sent() {
    let far = Far::new(Has::Api).repository("r");
    let node = Descriptor::of(media_type::OCTET_STREAM, b"new");
    let (sent, put) = trips(ops::push_blob(&far, &node, Body::bytes("new"), Arc::new(()))).await;
    put.unwrap();
    let (again, put) = trips(ops::push_blob(&far, &node, Body::bytes("new"), Arc::new(()))).await;
    put.unwrap();
    let (gone, deleted) = trips(ops::delete_blob(&far, &node)).await;
    deleted.unwrap();
    assert_eq!([sent, again, gone], [3, 1, 1]);
}

/// What attaches so many files.
fn attaching(folder: &Path, subject: &str, artifact_type: &str, count: usize) -> ops::Attach {
    ops::Attach {
        subject: by_tag(subject),
        platform: None,
        artifact_type: artifact_type.to_owned(),
        files: Files {
            staging: Staging::new(folder.to_owned(), folder.to_owned(), None),
            arguments: super::names("f", count).iter().map(|text| text.parse().unwrap()).collect(),
            config: None,
            annotations: FileAnnotations::default(),
        },
        made: ops::Made::Now("2025-01-01T00:00:00Z".parse().unwrap()),
        same: ops::Same::Ignored,
        limits: LIMITS(),
    }
}

#[tokio::test(start_paused = true)]
async fn attach_waits_for_the_subject_and_then_as_a_push() {
    let folder = folder(20);
    // A few files are looked for beside the subject, and the second time are there. Without the API a list is read, written,
    // and looked at once more after a pause of four trips.
    for (has, count, wanted) in
        [(Has::Api, 1, [4, 2]), (Has::Api, 20, [5, 3]), (Has::TagSchema, 20, [12, 10])]
    {
        let registry = registry(has).await;
        let far = registry.repository("r");
        let mut there = Vec::new();
        for kind in ["a/new", "a/other"] {
            let request = attaching(folder.path(), "v1", kind, count);
            let (took, attached) = trips(ops::attach(&far, request, Arc::new(()))).await;
            attached.unwrap();
            there.push(took);
        }
        assert_eq!(there, wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_to_a_subject_that_is_missing() {
    let (folder, registry) = (folder(20), registry(Has::Api).await);
    let far = registry.repository("r");
    registry.asked();
    let request = attaching(folder.path(), "none", "a/new", 20);
    let (there, attached) = trips(ops::attach(&far, request, Arc::new(()))).await;
    attached.unwrap_err();
    let asked = registry.asked();
    assert_eq!((there, asked.order[0].as_str()), (1, "HEAD manifests"));
    assert!(
        asked.order[1..].iter().all(|asked| asked == "HEAD blobs") && asked.order.len() <= 9,
        "{asked:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_graph_is_deleted_level_by_level() {
    let registry = registry(Has::Api).await;
    let far = registry.repository("r");
    let root = far.resolve(&by_tag("v1")).await.unwrap();
    let (looked, found) = trips(ops::find_deletion(&far, &root, LIMITS())).await;
    let found = found.unwrap();
    let (gone, deleted) = trips(ops::delete_found(&far, &found, LIMITS())).await;
    deleted.unwrap();
    assert_eq!((looked, gone), (5, 4));
}

#[tokio::test(start_paused = true)]
async fn a_backup_waits_for_each_tag() {
    let registry = registry(Has::Api).await;
    let far = registry.repository("r");
    let folder = tempfile::tempdir().unwrap();
    let layout = oras::layout::Directory::create(folder.path()).unwrap();
    let (looked, backup) = trips(ops::Backup::find(&far, Vec::new(), Reach::Referrers, LIMITS())).await;
    let backup = backup.unwrap();
    let reporter: Arc<dyn oras::progress::Reporter> = Arc::new(());
    let told = |_: &Tag, copied: oras::error::Result<usize>| copied.map(drop);
    let (copied, done) = trips(backup.copy(&layout, &reporter, told)).await;
    done.unwrap();
    assert!(layout.exists(&backup.roots()[0].1).await.unwrap());
    assert_eq!((looked, copied), (2, 5));
}

#[tokio::test(start_paused = true)]
async fn a_restoration_waits_for_each_tag_and_not_for_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let layout = oras::layout::Directory::create(folder.path()).unwrap();
    with_referrers(&layout, 20).await;
    let root = layout.resolve(&by_tag("v1")).await.unwrap();
    for (tags, wanted) in [(1, 8), (2, 11)] {
        for tag in super::names("v", tags + 1).into_iter().skip(1) {
            layout.tag(&root, &Tag::any(tag)).await.unwrap();
        }
        let far = Far::new(Has::Api).repository("r");
        let backup = ops::Backup::find(&layout, Vec::new(), Reach::Referrers, LIMITS()).await.unwrap();
        let reporter: Arc<dyn oras::progress::Reporter> = Arc::new(());
        let told = |_: &Tag, copied: oras::error::Result<usize>| {
            assert_eq!(copied?, 20);
            Ok::<_, oras::error::Error>(())
        };
        let (there, done) = trips(backup.copy(&far, &reporter, told)).await;
        done.unwrap();
        assert_eq!(there, wanted, "{tags} tags");
    }
}

/// As many images, each with a platform that its config tells.
async fn images(target: &dyn Target, count: usize) -> Vec<ops::Named> {
    let mut all = Vec::new();
    for number in 0..count {
        let config = format!(r#"{{"architecture":"a{number}","os":"linux"}}"#);
        let node = Descriptor::of(media_type::CONFIG, config.as_bytes());
        target.put(&node, Body::bytes(config)).await.unwrap();
        let image = serde_json::json!({"schemaVersion": 2, "config": node, "layers": []}).to_string();
        let node = document(target, media_type::MANIFEST, image.into_bytes()).await;
        all.push(ops::Named { name: number.to_string(), at: Locator::Digest(node.digest) });
    }
    all
}

#[tokio::test(start_paused = true)]
async fn an_index_waits_for_its_manifests_and_their_configs_together() {
    for (count, wanted) in [(1, [2, 2, 4]), (20, [2, 2, 4])] {
        let far = Far::new(Has::Api).repository("r");
        let manifests = images(&far, count).await;
        let request = ops::CreateIndex {
            manifests: manifests.clone(),
            artifact_type: None,
            annotations: Annotations::new(),
        };
        let (made, index) = trips(ops::create_index(&far, request, &|_| ())).await;
        let (node, bytes) = index.unwrap();
        let listed: oras::oci::Index = serde_json::from_slice(&bytes).unwrap();
        let last = listed.manifests.last().unwrap().platform.as_ref().unwrap().to_string();
        assert_eq!((listed.manifests.len(), last), (count, format!("linux/a{}", count - 1)));
        let tags: Vec<Tag> = super::names("t", count).into_iter().map(Tag::any).collect();
        let main = Tag::any("index");
        let push = ops::push_index(&far, (&node, bytes), Some(&main), &tags, Arc::new(()));
        let (pushed, there) = trips(push).await;
        there.unwrap();
        let named = |tag: &str| ops::Named { name: tag.to_owned(), at: by_tag(tag) };
        let request = ops::UpdateIndex {
            index: named("index"),
            remove: std::collections::BTreeSet::default(),
            add: manifests,
            merge: tags.iter().map(|tag| named(tag.as_str())).collect(),
            artifact_type: None,
        };
        let (changed, index) = trips(ops::update_index(&far, request, &|_| ())).await;
        let listed: oras::oci::Index = serde_json::from_slice(&index.unwrap().1).unwrap();
        assert_eq!(listed.manifests.len(), count * (count + 2));
        assert_eq!([made, pushed, changed], wanted, "{count}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_manifest_is_pushed_with_its_tags_and_deleted() {
    let registry = registry(Has::Api).await;
    let far = registry.repository("r");
    let bytes = ops::fetch_manifest(&far, &by_tag("v1"), None).await.unwrap().bytes;
    let node = Descriptor::of(media_type::MANIFEST, &bytes);
    let request = ops::PushManifest {
        node: node.clone(),
        bytes,
        to: Some(by_tag("new")),
        tags: (0..20).map(|number| Tag::any(format!("v{number}"))).collect(),
        limits: LIMITS(),
    };
    let (there, pushed) = trips(ops::push_manifest(&far, request, Arc::new(()))).await;
    pushed.unwrap();
    let (back, deleted) = trips(ops::delete(&far, &node)).await;
    deleted.unwrap();
    assert_eq!((there, back), (3, 2));
}

/// What it takes to copy all that tags name.
fn copy_all(tags: Vec<Tag>) -> ops::CopyAll {
    ops::CopyAll {
        tags,
        reach: Reach::Graph,
        wanted: oras::transfer::Wanted::default(),
        companions: ops::Companions::Left,
        mount_from: None,
        present: oras::transfer::Present::Kept,
        platforms: Vec::new(),
        check: ops::Check::None,
        failures: ops::Failures::End,
        limits: LIMITS(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_graphs_of_several_tags_share_is_looked_for_and_sent_once() {
    let (from, to) = (Far::new(Has::Api), Far::new(Has::Api));
    let (source, target) = (from.repository("r"), to.repository("r"));
    let mut tags = Vec::new();
    for own in super::names("own", 8) {
        let files = ["shared".to_owned(), own.clone()];
        let root = super::artifact(&source, &files, None).await;
        let tag = Tag::any(own);
        source.tag(&root, &tag).await.unwrap();
        tags.push(tag);
    }
    let (trips, copied) = trips(ops::copy_all(&source, &target, &copy_all(tags), Arc::new(()))).await;
    assert_eq!(copied.unwrap().tags.len(), 8);
    let asked = to.asked();
    // The empty config, the file that all have, and one of each.
    let counts = ["HEAD blobs", "POST uploads", "PUT uploads"].map(|kind| asked.kinds.get(kind).copied());
    assert_eq!((trips, counts), (7, [Some(10); 3]), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn tags_are_compared_together_and_copied_several_at_a_time() {
    let (from, to) = (registry(Has::Api).await, Far::new(Has::Api));
    let (source, target) = (from.repository("r"), to.repository("r"));
    let tags: Vec<Tag> = (0..8).map(|number| Tag::any(format!("t{number}"))).collect();
    let request = ops::Retag { at: by_tag("v1"), tags: tags.clone(), limits: LIMITS() };
    ops::tag(&source, request, Arc::new(())).await.unwrap();
    let request = copy_all(tags);
    let (first, copied) = trips(ops::copy_all(&source, &target, &request, Arc::new(()))).await;
    assert_eq!(copied.unwrap().tags.len(), 8);
    let (again, same) = trips(ops::copy_all(&source, &target, &request, Arc::new(()))).await;
    assert!(same.unwrap().tags.iter().all(|tag| matches!(tag.outcome, Ok((_, ops::TagAction::Same)))));
    // The first has come with the manifest, and the others when it was there.
    assert_eq!((first, again), (8, 1));
}
