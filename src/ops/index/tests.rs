//! Indexes of manifests in memory.

use super::*;
use crate::transfer::rigged::{Heard, Rigged};

fn named(node: &Descriptor) -> Named {
    Named { name: "x".to_owned(), at: Locator::Digest(node.digest.clone()) }
}

fn creation(manifests: &[&Descriptor]) -> CreateIndex {
    let manifests = manifests.iter().map(|node| named(node)).collect();
    CreateIndex { manifests, artifact_type: None, annotations: Annotations::new() }
}

fn change(index: &Descriptor) -> UpdateIndex {
    UpdateIndex {
        index: named(index),
        remove: BTreeSet::new(),
        add: Vec::new(),
        merge: Vec::new(),
        artifact_type: None,
    }
}

async fn created(source: &Rigged, manifests: &[&Descriptor]) -> Result<Index> {
    let (node, bytes) = create_index(source, creation(manifests), &|_| ()).await?;
    assert_eq!(node, Descriptor::of(media_type::INDEX, &bytes));
    parsed(&bytes)
}

fn image(source: &Rigged, config_type: &str, config: &str) -> Descriptor {
    let config = source.blob(config_type, config);
    source.manifest_with(config, Vec::new(), None)
}

#[tokio::test]
async fn a_platform_is_what_the_config_of_an_image_tells() {
    let source = Rigged::new();
    for (config_type, config, expected) in [
        (
            media_type::CONFIG,
            r#"{"architecture":"amd64","os":"linux","variant":"","x":1}"#,
            Some("linux/amd64"),
        ),
        (
            media_type::DOCKER_CONFIG,
            r#"{"architecture":"arm","os":"linux","variant":"v7"}"#,
            Some("linux/arm/v7"),
        ),
        (media_type::CONFIG, r#"{"architecture":null,"os":"linux","os.features":null}"#, Some("linux/")),
        (media_type::CONFIG, r#"{"architecture":"amd64"}"#, Some("/amd64")),
        (media_type::CONFIG, r#"{"variant":"v8"}"#, None),
        (media_type::CONFIG, "{}", None),
        (media_type::CONFIG, "[1]", None),
        ("a/b", r#"{"architecture":"amd64","os":"linux"}"#, None),
    ] {
        let image = image(&source, config_type, config);
        let index = created(&source, &[&image]).await.unwrap();
        let platform = index.manifests[0].platform.as_ref().map(ToString::to_string);
        assert_eq!(platform.as_deref(), expected, "{config}");
    }
}

#[tokio::test]
async fn an_artifact_type_is_that_of_the_manifest_or_of_a_config_that_is_none_of_an_image() {
    let source = Rigged::new();
    let typed = |kind: &str, document: &str| {
        source.document(kind, document.replace("TYPE", kind).replace("EMPTY", media_type::EMPTY).into_bytes())
    };
    let config = |kind: &str| image(&source, kind, "{}");
    for (node, expected) in [
        (config("c/d"), Some("c/d")),
        (config(media_type::EMPTY), None),
        (config(media_type::CONFIG), None),
        (config(media_type::DOCKER_CONFIG), None),
        (
            typed(media_type::INDEX, r#"{"mediaType":"TYPE","artifactType":"a/b","manifests":[]}"#),
            Some("a/b"),
        ),
        (typed(media_type::INDEX, r#"{"mediaType":"TYPE","artifactType":"","manifests":[]}"#), None),
        (typed(media_type::DOCKER_LIST, r#"{"mediaType":"TYPE","artifactType":"a/b"}"#), Some("a/b")),
    ] {
        let index = created(&source, &[&node]).await.unwrap();
        let listed = &index.manifests[0];
        assert_eq!(listed.artifact_type.as_deref(), expected, "{node:?}");
        assert!(listed.same_content(&node));
    }
}

#[tokio::test]
async fn what_is_no_manifest_is_refused_and_so_is_a_config_that_is_too_large() {
    let source = Rigged::new();
    let artifact = source.document(media_type::ARTIFACT, br#"{"blobs":[]}"#.to_vec());
    let error = created(&source, &[&artifact]).await.unwrap_err();
    assert_eq!(error.to_string(), "x is not a manifest");
    let absent = Descriptor::of(media_type::MANIFEST, b"absent");
    let error = created(&source, &[&absent]).await.unwrap_err();
    assert_eq!(error.to_string(), "could not find the manifest x: not found");
    let large = Descriptor::new(media_type::CONFIG, Digest::of(b"large"), DOCUMENT_LIMIT + 1);
    let large = source.manifest_with(large, Vec::new(), None);
    let error = created(&source, &[&large]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "config size 4194305 exceeds the limit of 4194304 bytes: size exceeds limit"
    );
    let broken = source.document(media_type::MANIFEST, b"{".to_vec());
    assert!(created(&source, &[&broken]).await.unwrap_err().to_string().starts_with("invalid manifest: "));
}

#[tokio::test]
async fn the_first_failure_in_the_order_of_the_names_is_told_and_what_stands_before_it() {
    let source = Rigged::new();
    let (one, broken) = (image(&source, "c/d", "1"), source.document(media_type::MANIFEST, b"{".to_vec()));
    let absent = Descriptor::of(media_type::MANIFEST, b"absent");
    let fails = async |nodes: [&Descriptor; 3]| {
        let manifests = nodes.iter().zip(["a", "b", "c"]);
        let manifests =
            manifests.map(|(node, name)| Named { name: name.to_owned(), ..named(node) }).collect();
        let steps = std::sync::Mutex::new(Vec::new());
        let told = |step: IndexStep<'_>| {
            steps.lock().unwrap().push(match step {
                IndexStep::Fetching(named) => format!("Fetching {}", named.name),
                IndexStep::Fetched(named, _) => format!("Fetched {}", named.name),
                other => format!("{other:?}"),
            });
        };
        let request = CreateIndex { manifests, ..creation(&[]) };
        let error = create_index(&source, request, &told).await.unwrap_err().to_string();
        (error, steps.into_inner().unwrap())
    };
    let (error, steps) = fails([&one, &broken, &absent]).await;
    assert!(error.starts_with("invalid manifest: "), "{error}");
    assert_eq!(steps, ["Fetching a", "Fetched a", "Fetching b", "Fetched b"]);
    let (error, steps) = fails([&one, &absent, &broken]).await;
    assert_eq!(error, "could not find the manifest b: not found");
    assert_eq!(steps, ["Fetching a", "Fetched a", "Fetching b"]);
}

#[tokio::test]
async fn a_change_removes_then_adds_then_merges_and_leaves_the_rest() {
    let source = Rigged::new();
    let [one, two, three] = ["1", "2", "3"].map(|text| image(&source, "c/d", text));
    let other = source.index(vec![three.clone(), one.clone()]);
    let text = format!(
        r#"{{"manifests":[{},{},{}],"artifactType":"a/b","subject":{},"annotations":{{"k":"v"}},"x-new":[1]}}"#,
        serde_json::to_string(&one).unwrap(),
        serde_json::to_string(&Descriptor {
            platform: Some(Box::new("l/a".parse().unwrap())),
            ..two.clone()
        })
        .unwrap(),
        serde_json::to_string(&one).unwrap(),
        serde_json::to_string(&three.bare()).unwrap(),
    );
    let root = source.document(media_type::DOCKER_LIST, text.into_bytes());
    let steps = std::sync::Mutex::new(Vec::new());
    let told = |step: IndexStep<'_>| steps.lock().unwrap().push(format!("{step:?}"));
    let request = UpdateIndex {
        remove: BTreeSet::from([one.digest.clone()]),
        add: vec![named(&one)],
        merge: vec![named(&other)],
        ..change(&root)
    };
    let (node, bytes) = update_index(&source, request, &told).await.unwrap();
    let index: Index = parsed(&bytes).unwrap();
    let listed: Vec<&Digest> = index.manifests.iter().map(|node| &node.digest).collect();
    assert_eq!(listed, [&two, &one, &three, &one].map(|node| &node.digest));
    assert!(index.manifests[0].platform.is_some());
    assert_eq!(index.subject, Some(three.bare()));
    assert_eq!(
        (index.annotations.get("k").unwrap().as_str(), index.artifact_type.as_deref()),
        ("v", Some("a/b"))
    );
    assert_eq!(index.other["x-new"], serde_json::json!([1]));
    assert_eq!(
        (node.media_type.as_str(), index.media_type.as_str()),
        (media_type::DOCKER_LIST, media_type::DOCKER_LIST)
    );
    let words: Vec<String> =
        steps.into_inner().unwrap().iter().map(|step| step.split('(').next().unwrap().to_owned()).collect();
    assert_eq!(
        words,
        ["Fetching", "Fetched", "Removed", "Fetching", "Fetched", "Added", "Fetching", "Fetched", "Merged"]
    );
}

#[tokio::test]
async fn an_artifact_type_is_replaced_or_removed() {
    let source = Rigged::new();
    let root = source.document(media_type::INDEX, br#"{"artifactType":"a/b","manifests":null}"#.to_vec());
    for (new, expected) in [(None, Some("a/b")), (Some("c/d"), Some("c/d")), (Some(""), None)] {
        let request = UpdateIndex { artifact_type: new.map(str::to_owned), ..change(&root) };
        let (_, bytes) = update_index(&source, request, &|_| ()).await.unwrap();
        assert_eq!(parsed::<Index>(&bytes).unwrap().artifact_type.as_deref(), expected);
    }
}

#[tokio::test]
async fn only_indexes_are_changed_and_merged_and_only_what_is_listed_is_removed() {
    let source = Rigged::new();
    let one = image(&source, "c/d", "1");
    let root = source.index(Vec::new());
    let fails =
        async |request: UpdateIndex| update_index(&source, request, &|_| ()).await.unwrap_err().to_string();
    assert_eq!(fails(change(&one)).await, "x is not an index");
    assert_eq!(fails(UpdateIndex { merge: vec![named(&one)], ..change(&root) }).await, "x is not an index");
    let absent = UpdateIndex { remove: BTreeSet::from([one.digest.clone()]), ..change(&root) };
    assert_eq!(fails(absent).await, format!("{} does not exist in the index x", one.digest));
    let gone = Descriptor::of(media_type::INDEX, b"gone");
    assert_eq!(fails(change(&gone)).await, "could not find the index x: not found");
}

#[tokio::test]
async fn an_index_comes_with_its_first_tag_or_by_its_digest() {
    let bytes = json::compact(&Index::new(Vec::new())).unwrap();
    let node = Descriptor::of(media_type::INDEX, &bytes);
    let short = node.digest.short();
    for (main, others, calls, told) in [
        (None, &[][..], &["put"][..], &["Done index"][..]),
        (Some("a"), &[], &["put a"], &["Done index"]),
        (Some("a"), &["b", "c"], &["put a", "put b", "put c"], &["Done index", "Tagged b", "Tagged c"]),
        (None, &["b", "c"], &["put b", "put c"], &["Done index", "Tagged b", "Tagged c"]),
    ] {
        let (target, heard) = (Rigged::registry("r"), Arc::new(Heard::default()));
        let main = main.map(Tag::any);
        let others: Vec<Tag> = others.iter().map(|tag| Tag::any(*tag)).collect();
        let index = (&node, bytes.clone().into());
        push_index(&target, index, main.as_ref(), &others, heard.clone()).await.unwrap();
        let mut expected: Vec<String> =
            calls.iter().map(|call| call.replacen("put", &format!("put {short}"), 1)).collect();
        expected.push("commit".to_owned());
        assert_eq!(target.calls(), expected);
        assert_eq!(heard.lines(), told);
    }
}

#[test]
fn the_order_of_the_fields_is_that_of_oras() {
    // As it came from the real oras 1.3.6.
    let golden = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","artifactType":"x/y","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:943cfd01039eccf759dceb379d0add982488c5ac6a68d8a4e8887571d665d7f8","size":578,"platform":{"architecture":"amd64","os":"linux"},"artifactType":"application/vnd.unknown.artifact.v1"}],"annotations":{"b":"\u003c","k":"v"}}"#;
    let index: Index = parsed(golden.as_bytes()).unwrap();
    assert_eq!(made(&index).unwrap().1, golden.as_bytes());
}
