//! What refers to a manifest: finding it, and copying it along.

use super::*;

async fn recursive(source: &Rigged, target: &Rigged, root: &Descriptor, tags: &[Tag]) -> Run {
    let (documents, heard) = (Documents::new(source), Arc::new(Heard::default()));
    let copier = copier(&documents, target, &heard);
    let found = closure(&documents, root, &Wanted::default(), Limits::usual(3)).await.unwrap();
    let outcome = copier.closure(&found, tags).await;
    Run { outcome, heard: heard.lines() }
}

#[tokio::test]
async fn all_that_refers_to_a_manifest_comes_and_the_tag_comes_last() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    let root = source.manifest(vec![source.file("a", "1")], None);
    let sbom = source.manifest(vec![source.file("sbom", "2")], Some(&root));
    let signature = source.manifest(vec![source.file("signature", "3")], Some(&sbom));
    let old = format!(
        r#"{{"mediaType":"{}","artifactType":"x/y","blobs":[],"subject":{}}}"#,
        media_type::ARTIFACT,
        serde_json::to_string(&root.bare()).unwrap()
    );
    let old = source.document(media_type::ARTIFACT, old.into_bytes());
    let run = recursive(&source, &target, &root, &[tag("v1")]).await;
    run.outcome.unwrap();
    for node in [&root, &sbom, &signature, &old] {
        assert!(target.memory.exists(node).await.unwrap());
    }
    let calls = target.calls();
    assert_eq!(*calls.last().unwrap(), format!("put {} v1", short(&root)));
    assert_eq!(target.count(&format!("put {}", short(&root))), 2);
    assert_eq!(source.count("referrers"), 4);
}

#[tokio::test]
async fn a_top_that_is_there_does_not_hide_a_root_that_is_not() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let root = source.manifest(vec![source.file("a", "1")], None);
    let top = source.manifest(Vec::new(), Some(&root));
    let bytes = source.memory.fetch(&top).read(9999).await.unwrap();
    target.memory.put(&top, Body::bytes(bytes)).await.unwrap();
    let run = recursive(&source, &target, &root, &[tag("v1")]).await;
    run.outcome.unwrap();
    assert_eq!(target.memory.resolve(&Locator::Tag(tag("v1"))).await.unwrap().digest, root.digest);
    let again = recursive(&source, &target, &root, &[tag("v1")]).await;
    assert_eq!(again.heard, ["Existed manifest"]);
}

#[tokio::test]
async fn what_refers_to_the_parts_of_an_index_counts_as_referring_to_it() {
    let source = Rigged::new();
    let part = source.manifest(vec![source.file("a", "1")], None);
    let root = source.index(vec![part.clone()]);
    let about = source.manifest(Vec::new(), Some(&part));
    let found = closure(&Documents::new(&source), &root, &Wanted::default(), Limits::usual(3)).await.unwrap();
    assert_eq!(found.all.iter().map(|node| &node.digest).collect::<Vec<_>>(), [&root.digest, &about.digest]);
    // What refers to a part does not hold the index.
    let target = Rigged::new();
    recursive(&source, &target, &root, &[tag("v1")]).await.outcome.unwrap();
    assert!(target.memory.exists(&root).await.unwrap() && target.memory.exists(&about).await.unwrap());
}

/// A source whose lists of referrers are made up.
struct Liar<F> {
    inner: Rigged,
    list: F,
}

#[async_trait::async_trait]
impl<F: Fn(&Descriptor) -> Vec<Descriptor> + Send + Sync> Source for Liar<F> {
    async fn resolve(&self, at: &Locator) -> Result<Descriptor> {
        self.inner.resolve(at).await
    }
    async fn stat(&self, blob: &Digest) -> Result<Descriptor> {
        self.inner.stat(blob).await
    }
    async fn exists(&self, node: &Descriptor) -> Result<bool> {
        self.inner.exists(node).await
    }
    fn fetch(&self, node: &Descriptor) -> Body {
        self.inner.fetch(node)
    }
    async fn referrers(&self, node: &Descriptor, _: Option<&str>) -> Result<Vec<Descriptor>> {
        Ok((self.list)(node))
    }
    fn tags(&self, after: Option<&str>) -> futures_util::stream::BoxStream<'_, Result<Vec<Tag>>> {
        self.inner.tags(after)
    }
}

#[tokio::test]
async fn referrers_that_are_made_up_as_one_asks_come_to_an_end() {
    let inner = Rigged::new();
    let root = inner.manifest(Vec::new(), None);
    // Of a type in which nobody looks.
    let list = |node: &Descriptor| vec![Descriptor::of("x/y", node.digest.hex().as_bytes())];
    let endless = Liar { inner, list };
    let error =
        closure(&Documents::new(&endless), &root, &Wanted::default(), Limits::usual(3)).await.unwrap_err();
    assert_eq!(error.to_string(), "more than 1000 levels of referrers");
    assert!(bounded(1, 100_001).is_err() && bounded(1000, 100_000).is_ok());
}

#[tokio::test]
async fn a_list_is_believed_where_the_manifest_says_the_same() {
    let inner = Rigged::new();
    let root = inner.manifest(Vec::new(), None);
    let foreign = inner.manifest(vec![inner.file("b", "2")], None);
    let own = inner.manifest(vec![inner.file("c", "3")], Some(&root));
    let of_another = inner.manifest(vec![inner.file("d", "4")], Some(&foreign));
    // Everything refers to everything, in a circle.
    let all = [root.clone(), foreign.clone(), own.clone(), of_another.clone()];
    let liar = Liar { inner, list: |_: &Descriptor| all.to_vec() };
    let documents = Documents::new(&liar);
    let found = closure(&documents, &root, &Wanted::default(), Limits::usual(3)).await.unwrap();
    assert_eq!(
        (found.all.iter().collect::<Vec<_>>(), found.tops().collect::<Vec<_>>()),
        (vec![&root, &own], vec![&own])
    );
    assert_eq!((&found.links[0].subject, &found.links[0].referrer.digest), (&root.digest, &own.digest));
}

#[tokio::test]
async fn types_choose_which_referrers_go_along() {
    let source = Rigged::new();
    let root = source.manifest(Vec::new(), None);
    let kind = |kind: &str| source.blob(kind, kind);
    let sbom = source.manifest_with(kind("sbom/x"), Vec::new(), Some(&root));
    let signature = source.manifest_with(kind("sig/x"), Vec::new(), Some(&root));
    let of_sbom = source.manifest_with(kind("sig/x"), Vec::new(), Some(&sbom));
    let documents = Documents::new(&source);
    for (only, except, all) in [
        (&[][..], &[][..], &[&root, &sbom, &signature, &of_sbom][..]),
        (&["sig/x"], &[], &[&root, &signature]),
        (&["sig/x", "sbom/x"], &[], &[&root, &sbom, &signature, &of_sbom]),
        (&[], &["sig/x"], &[&root, &sbom]),
        (&["sig/x"], &["sig/x"], &[&root]),
    ] {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        let wanted = Wanted { only: texts(only), except: texts(except) };
        let found = closure(&documents, &root, &wanted, Limits::usual(3)).await.unwrap();
        let mut found: Vec<_> = found.all.iter().map(|node| &node.digest).collect();
        let mut all: Vec<_> = all.iter().map(|node| &node.digest).collect();
        found.sort();
        all.sort();
        assert_eq!(found, all, "{wanted:?}");
    }
}

#[tokio::test]
async fn parts_of_indexes_have_referrers_at_any_depth() {
    let (source, target) = (Rigged::new(), Rigged::new());
    let part = source.manifest(vec![source.file("a", "1")], None);
    let inner = source.index(vec![part.clone()]);
    let root = source.index(vec![inner.clone(), inner.clone()]);
    let about = source.manifest(Vec::new(), Some(&part));
    let about_inner = source.manifest(vec![source.file("b", "2")], Some(&inner));
    let of_about = source.manifest(vec![source.file("c", "3")], Some(&about));
    recursive(&source, &target, &root, &[tag("v1")]).await.outcome.unwrap();
    for node in [&root, &inner, &part, &about, &about_inner, &of_about] {
        assert!(target.memory.exists(node).await.unwrap());
    }
    assert_eq!(target.count(&format!("put {}", short(&part))), 1);
}

#[tokio::test]
async fn manifests_of_docker_and_of_artifacts_in_lists_of_lists_come_once() {
    let (source, target) = (Rigged::new(), Rigged::registry("r"));
    let json = |node: &Descriptor| serde_json::to_string(&node.bare()).unwrap();
    let layer = source.file("shared", "1");
    let list_of = |kind: &str, parts: &[&Descriptor]| {
        let parts = parts.iter().map(|part| json(part)).collect::<Vec<_>>().join(",");
        let text = format!(r#"{{"schemaVersion":2,"mediaType":"{kind}","manifests":[{parts}]}}"#);
        source.document(kind, text.into_bytes())
    };
    let config = source.blob(media_type::DOCKER_CONFIG, "{}");
    let docker = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","config":{},"layers":[{}]}}"#,
        media_type::DOCKER_MANIFEST,
        json(&config),
        json(&layer)
    );
    let docker = source.document(media_type::DOCKER_MANIFEST, docker.into_bytes());
    let artifact = format!(
        r#"{{"mediaType":"{}","artifactType":"x/y","blobs":[{}]}}"#,
        media_type::ARTIFACT,
        json(&layer)
    );
    let artifact = source.document(media_type::ARTIFACT, artifact.into_bytes());
    let image = source.manifest(vec![layer.clone()], None);
    let inner = list_of(media_type::DOCKER_LIST, &[&docker, &image]);
    let root = list_of(media_type::INDEX, &[&inner, &docker, &artifact]);
    recursive(&source, &target, &root, &[tag("v1")]).await.outcome.unwrap();
    for node in [&layer, &config, &docker, &artifact, &image, &inner] {
        assert_eq!(target.count(&format!("put {}", short(node))), 1, "{}", node.media_type);
    }
    assert_eq!(target.memory.resolve(&Locator::Tag(tag("v1"))).await.unwrap().digest, root.digest);
}
