//! The bytes of oras 1.3.6 for every row of the rules. `golden.txt` holds, a line each, the name of the case, the
//! digest and the manifest that `oras push --oci-layout` and `oras attach` of that version stored for it.

use super::*;
use crate::oci::Digest;

const CREATED_AT: &str = "2024-01-01T00:00:00Z";

fn file() -> Descriptor {
    titled(Descriptor::of(media_type::LAYER, b"hello\n"), "a.txt")
}

fn titled(mut node: Descriptor, title: &str) -> Descriptor {
    node.annotations.insert(annotations::TITLE.to_owned(), title.to_owned());
    node
}

fn parts(artifact_type: Option<&str>, image_spec: Option<ImageSpec>, layers: Vec<Descriptor>) -> Parts {
    let artifact =
        Artifact { artifact_type: artifact_type.map(str::to_owned), image_spec, ..Artifact::default() };
    Parts {
        artifact,
        config: None,
        layers,
        subject: None,
        annotations: Annotations::new(),
        config_annotations: Annotations::new(),
        made: Made::At(CREATED_AT.parse().unwrap()),
    }
}

fn for_platform(mut parts: Parts, platform: &str) -> Parts {
    parts.artifact.platform = Some(platform.parse().unwrap());
    parts
}

fn with_config(parts: Parts, kind: &str) -> Parts {
    Parts { config: Some(Descriptor::of(kind, br#"{"x":1}"#)), ..parts }
}

/// As with an annotation file that has something for each part.
fn annotated(mut parts: Parts) -> Parts {
    let text = |map: &[(&str, &str)]| -> Annotations {
        map.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    parts.annotations = text(&[(annotations::CREATED, CREATED_AT), ("z", "<&>"), ("a", "é\u{2028}")]);
    parts.config_annotations = text(&[("ck", "cv")]);
    for layer in &mut parts.layers {
        layer.annotations.insert("lk".into(), "lv".into());
    }
    parts
}

fn attached() -> Parts {
    let digest = "sha256:937372526a8351ba6b87b299fe9281576e1c9262695190ddb1e3c3a02676d796".parse().unwrap();
    let mut subject = Descriptor::new(media_type::MANIFEST, digest, 583);
    subject.annotations.insert(annotations::CREATED.into(), CREATED_AT.into());
    subject.annotations.insert(annotations::REF_NAME.into(), "file".into());
    subject.artifact_type = Some(media_type::UNKNOWN_ARTIFACT.into());
    Parts { subject: Some(subject), ..parts(Some("s/g"), None, vec![file()]) }
}

fn case(name: &str) -> Parts {
    let (old, typed, unknown) = (Some(ImageSpec::V1_0), Some("t/y"), media_type::UNKNOWN_CONFIG);
    let (none, one) = (Vec::new, || vec![file()]);
    match name {
        "nothing" => parts(None, None, none()),
        "file" => parts(None, None, one()),
        "two" => {
            let second = titled(Descriptor::of(media_type::LAYER, br#"{"x":1}"#), "c.json");
            parts(None, None, vec![file(), second])
        }
        "type" => parts(typed, None, one()),
        "type_empty" => parts(typed, Some(ImageSpec::V1_1), none()),
        "config" => with_config(parts(None, None, one()), unknown),
        "config_typed" => with_config(parts(Some(""), None, none()), "c/t"),
        "config_type" => with_config(parts(typed, None, none()), "c/t"),
        "config_type_file" => with_config(parts(typed, None, one()), unknown),
        "v10" => parts(None, old, none()),
        "v10_file" => {
            let mut layer = file();
            layer.media_type = "l/t".into();
            parts(None, old, vec![layer])
        }
        "v10_type" => parts(typed, old, one()),
        "v10_config" => with_config(parts(None, old, one()), unknown),
        "platform" => for_platform(parts(None, None, one()), "linux/arm64/v8"),
        "platform_v10" => for_platform(parts(None, old, one()), "windows/amd64:10.0"),
        "platform_type" => for_platform(parts(typed, None, none()), "linux/amd64"),
        "ann" => annotated(parts(None, None, one())),
        "ann_empty" => annotated(parts(None, None, none())),
        "ann_config" => annotated(with_config(parts(None, None, one()), unknown)),
        "ann_v10" => annotated(parts(None, old, one())),
        "ann_platform" => annotated(for_platform(parts(None, None, one()), "linux/amd64")),
        "attach_file" => attached(),
        other => panic!("no such case: {other}"),
    }
}

#[test]
fn every_row_has_the_bytes_of_oras() {
    let lines: Vec<&str> = include_str!("golden.txt").lines().collect();
    assert_eq!(lines.len(), 22);
    for line in lines {
        let [name, digest, manifest] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("three columns: {line}")
        };
        let packed = pack(case(name)).unwrap();
        assert_eq!(std::str::from_utf8(&packed.bytes).unwrap(), manifest, "{name}");
        assert_eq!(packed.root.digest.to_string(), digest, "{name}");
    }
}

#[test]
fn blobs_that_are_no_files_come_along() {
    let made = |name: &str| -> Vec<String> {
        let packed = pack(case(name)).unwrap();
        for (node, bytes) in &packed.blobs {
            assert_eq!(node.digest, Digest::of(bytes), "{name}");
        }
        packed.blobs.iter().map(|(_, bytes)| String::from_utf8(bytes.to_vec()).unwrap()).collect()
    };
    assert_eq!(made("nothing"), ["{}", "{}"]);
    assert_eq!(made("config_type"), ["{}"]);
    assert_eq!(made("config"), Vec::<String>::new());
    assert_eq!(made("platform"), [r#"{"architecture":"arm64","os":"linux","variant":"v8"}"#]);
}

#[test]
fn the_root_tells_the_type_of_its_config_where_it_has_none() {
    assert_eq!(pack(case("v10")).unwrap().root.artifact_type.as_deref(), Some(media_type::UNKNOWN_CONFIG));
    let root = pack(case("type")).unwrap().root;
    assert_eq!(root.artifact_type.as_deref(), Some("t/y"));
    assert_eq!(root.annotations.get(annotations::CREATED).unwrap(), CREATED_AT);
}

#[test]
fn wishes_that_do_not_go_together_are_refused() {
    let says = |parts: Parts| pack(parts).unwrap_err().to_string();
    let (old, new) = (Some(ImageSpec::V1_0), Some(ImageSpec::V1_1));
    assert_eq!(
        says(with_config(parts(None, new, Vec::new()), "c/t")),
        "missing artifact type for OCI image-spec v1.1 artifacts"
    );
    assert_eq!(
        says(with_config(parts(Some("t/y"), old, Vec::new()), "c/t")),
        "--artifact-type and --config cannot both be provided for 1.0 OCI image"
    );
    assert_eq!(
        says(for_platform(parts(Some("t/y"), old, Vec::new()), "linux/amd64")),
        "artifact type cannot be customized for OCI image-spec v1.0 when platform is specified"
    );
}

#[test]
fn types_and_times_must_have_their_shape() {
    let says = |parts: Parts| pack(parts).unwrap_err().to_string();
    let bad = with_config(parts(Some("bad"), None, Vec::new()), "worse");
    assert_eq!(says(bad), "invalid artifactType format: bad: invalid media type");
    let worse = with_config(parts(None, None, Vec::new()), "worse");
    assert_eq!(says(worse), "invalid config mediaType format: worse: invalid media type");
    let mut late = parts(None, None, Vec::new());
    late.annotations.insert(annotations::CREATED.into(), "xx".into());
    assert!(says(late).starts_with("invalid date and time format: "));
}
