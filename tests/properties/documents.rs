//! JSON that others wrote: manifests, indexes, layouts, and docker's config.

use futures_util::StreamExt;
use oras::content::Source;
use oras::credentials::Store;
use oras::layout::Directory;
use oras::oci::{Descriptor, Digest, Document, Index, Locator, Manifest, Tag, json, media_type};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::cases;

const KEYS: &[&str] = &[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "blobs",
    "manifests",
    "subject",
    "annotations",
    "digest",
    "size",
    "data",
    "urls",
    "platform",
    "os",
    "os.version",
    "os.features",
    "architecture",
    "variant",
    "org.opencontainers.image.ref.name",
    "auths",
    "credHelpers",
    "credsStore",
    "h:5000",
    "auth",
    "identitytoken",
    "imageLayoutVersion",
    "x-other",
];

const TYPES: &[&str] = &[
    media_type::MANIFEST,
    media_type::INDEX,
    media_type::ARTIFACT,
    media_type::DOCKER_MANIFEST,
    media_type::DOCKER_LIST,
    media_type::CONFIG,
];

/// Any JSON in which the words of the specifications come often.
fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        Just(json!(2)),
        Just(json!("1.0.0")),
        Just(json!("dXNlcjpwYXNz")),
        any::<String>().prop_map(Value::from),
        proptest::sample::select(TYPES).prop_map(Value::from),
        any::<u8>().prop_map(|byte| json!(Digest::of(&[byte]))),
        any::<u8>().prop_map(|byte| json!(Descriptor::of(media_type::MANIFEST, &[byte]))),
    ];
    let key = prop_oneof![8 => proptest::sample::select(KEYS).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        let object = proptest::collection::btree_map(key.clone(), inner.clone(), 0..8);
        prop_oneof![
            1 => proptest::collection::vec(inner, 0..5).prop_map(Value::from),
            3 => object.prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Such a document, or what is left of one, or no JSON at all.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let whole = document().prop_map(|value| serde_json::to_vec(&value).unwrap());
    let broken = (document(), any::<proptest::sample::Index>(), any::<u8>()).prop_map(|(value, at, byte)| {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes
    });
    prop_oneof![4 => whole, 2 => broken, 1 => proptest::collection::vec(any::<u8>(), 0..100)]
}

fn descriptor() -> impl Strategy<Value = Descriptor> {
    let other = proptest::collection::btree_map("x-[a-z]{1,4}", document(), 0..3);
    let annotations = proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3);
    (proptest::sample::select(TYPES), any::<u8>(), any::<u64>(), annotations, other).prop_map(
        |(kind, seed, size, annotations, other)| Descriptor {
            size,
            annotations: annotations.into_iter().collect(),
            other: other.into_iter().collect::<Map<_, _>>().into(),
            ..Descriptor::of(kind, &[seed])
        },
    )
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn a_manifest_of_any_kind_is_read_or_refused(bytes in bytes()) {
        for kind in TYPES {
            if let Ok(document) = Document::parse(kind, &bytes) {
                prop_assert!(media_type::is_manifest(kind));
                let _ = (document.children().count(), document.effective_artifact_type());
            }
        }
    }

    #[test]
    fn what_was_read_is_written_and_read_again_as_the_same(bytes in bytes()) {
        if let Ok(read) = serde_json::from_slice::<Manifest>(&bytes) {
            prop_assert_eq!(serde_json::from_slice::<Manifest>(&json::compact(&read).unwrap()).unwrap(), read);
        }
        if let Ok(read) = serde_json::from_slice::<Index>(&bytes) {
            prop_assert_eq!(serde_json::from_slice::<Index>(&json::pretty(&read).unwrap()).unwrap(), read);
        }
    }

    #[test]
    fn descriptors_lose_nothing(node in descriptor()) {
        let written = json::compact(&node).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Descriptor>(&written).unwrap(), node.clone());
        let index = Index::new(vec![node]);
        let written = json::compact(&index).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Index>(&written).unwrap(), index);
    }

    #[test]
    fn indented_json_is_the_same_json(value in document()) {
        let compact = serde_json::to_vec(&value).unwrap();
        let indented = json::indent(&compact).unwrap();
        prop_assert_eq!(serde_json::from_slice::<Value>(&indented).unwrap(), value);
    }
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_layout_with_any_index_is_read_or_refused(marker in bytes(), index in bytes(), manifest in bytes()) {
        let folder = tempfile::tempdir().unwrap();
        let good = br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec();
        let write = |name: &str, content: &[u8]| std::fs::write(folder.path().join(name), content).unwrap();
        std::fs::create_dir_all(folder.path().join("blobs/sha256")).unwrap();
        let digest = Digest::of(&manifest);
        write(&format!("blobs/sha256/{}", digest.hex()), &manifest);
        write("index.json", &index);
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        for marker in [marker, good] {
            write("oci-layout", &marker);
            let Ok(layout) = Directory::open(folder.path()) else { continue };
            runtime.block_on(async {
                let node = Descriptor::new(media_type::MANIFEST, digest.clone(), manifest.len() as u64);
                let _ = layout.resolve(&Locator::Digest(digest.clone())).await;
                let _ = layout.resolve(&Locator::Tag(Tag::any("v1"))).await;
                let _ = layout.referrers(&node, None).await;
                layout.tags(None).collect::<Vec<_>>().await;
            });
        }
    }

    #[test]
    fn any_config_of_docker_is_read_or_refused_and_changing_it_loses_no_other_entry(bytes in bytes()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        std::fs::write(&path, &bytes).unwrap();
        let store = Store::new(vec![path.clone()]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let _ = store.check().await;
            if store.erase("h:5000").await.is_err() {
                // What cannot be understood is left alone.
                assert_eq!(std::fs::read(&path).unwrap(), bytes);
                return;
            }
            let (Ok(before), Ok(after)) = (
                serde_json::from_slice::<Value>(&bytes),
                serde_json::from_slice::<Value>(&std::fs::read(&path).unwrap()),
            ) else { return };
            for (key, value) in before.as_object().into_iter().flatten() {
                if !matches!(key.as_str(), "auths" | "credHelpers") {
                    assert_eq!(after.get(key), Some(value));
                }
            }
        });
    }
}
