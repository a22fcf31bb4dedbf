//! Layouts that other programs have written: how they are read, as the folders and as the tars that they are.
//!
//! They lie in `fixtures/layouts`, and the README there says where they come from.

use std::fs::File;
use std::path::Path;

use crate::support::{Registry, Setup, World};

const MANIFEST: &str = "sha256:44687d23db540fdcd2268c3d146f02500af4bf731fc83b33c55c359414bb808f";
const INDEX: &str = "sha256:7790a1cf97d2541f878eede1c42fbae6cdd5dc975b55dfd3dd60d585dc469790";
const REFERRER: &str = "sha256:6c04f8a7ac7154dfef67e18b66dc43de780902472a9ad5f462f3301c3717b9bb";
/// buildah makes another image of it each time it is asked.
const OF_BUILDAH: &str = "sha256:44944836b41e60970535b100329047b13d08b178cf7c51daa127dde40bbf257b";

/// A layout: its name, what is named in it with its digest, and its tags.
type Layout = (&'static str, &'static [(&'static str, &'static str)], &'static str);

const LAYOUTS: &[Layout] = &[
    ("buildah", &[(":v1", OF_BUILDAH)], "v1\n"),
    (
        "buildah-index",
        &[
            (":many", INDEX),
            ("@sha256:44687d23db540fdcd2268c3d146f02500af4bf731fc83b33c55c359414bb808f", MANIFEST),
        ],
        "many\n",
    ),
    ("crane", &[("@sha256:44687d23db540fdcd2268c3d146f02500af4bf731fc83b33c55c359414bb808f", MANIFEST)], ""),
    (
        "crane-index",
        &[("@sha256:7790a1cf97d2541f878eede1c42fbae6cdd5dc975b55dfd3dd60d585dc469790", INDEX)],
        "",
    ),
    (
        "regctl",
        &[(":many", INDEX)],
        "many\nsha256-7790a1cf97d2541f878eede1c42fbae6cdd5dc975b55dfd3dd60d585dc469790\n",
    ),
    ("regctl-export", &[(":v1", MANIFEST)], "v1\n"),
    ("skopeo", &[(":v1", MANIFEST), (":many", INDEX)], "many\nv1\n"),
    ("skopeo-archive", &[(":v1", MANIFEST)], "v1\n"),
];

/// A layout as the tar that it is, and as a folder.
fn both(world: &World, name: &str) -> [String; 2] {
    let tar = format!("{name}.tar");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/layouts").join(&tar);
    std::fs::copy(&fixture, world.path(&tar)).unwrap_or_else(|error| panic!("{name}: {error}"));
    tar::Archive::new(File::open(fixture).unwrap()).unpack(world.path(name)).unwrap();
    [tar, name.to_owned()]
}

#[test]
fn what_is_named_is_found_and_copied_as_it_is() {
    let (world, registry) = World::with_registry(Setup::default());
    for (name, named, tags) in LAYOUTS {
        for place in both(&world, name) {
            assert_eq!(
                world.run(&format!("repo tags --oci-layout {place}")).success().stdout,
                *tags,
                "{place}"
            );
            for (number, (reference, digest)) in named.iter().enumerate() {
                let from = format!("{place}{reference}");
                let found = world.run(&format!("resolve --oci-layout {from}")).success().stdout;
                assert_eq!(found.trim(), *digest, "{from}");
                let (copy, layout) =
                    (format!("{}/{name}:{number}", registry.address()), format!("of-{place}:{number}"));
                for to in [&copy, &format!("--to-oci-layout {layout}")] {
                    let _ = world.run(&format!("cp -r --from-oci-layout {from} {to}")).success();
                }
                for copied in [copy, format!("--oci-layout {layout}")] {
                    assert_eq!(world.run(&format!("resolve {copied}")).success().stdout, found, "{copied}");
                }
            }
        }
    }
}

#[test]
fn a_referrer_that_only_a_list_under_a_tag_names_is_found_and_goes_along() {
    let (world, registry) = World::with_registry(Setup::default());
    let copy = format!("{}/copy:many", registry.address());
    for place in both(&world, "regctl") {
        let _ = world.run(&format!("cp -r --from-oci-layout {place}:many {copy}")).success();
        for graph in [format!("--oci-layout {place}:many"), copy.clone()] {
            let found = world.run(&format!("discover {graph} --format json")).success().json();
            assert_eq!(found["referrers"][0]["digest"], REFERRER, "{graph}");
            assert_eq!(found["referrers"][0]["artifactType"], "application/example.sig", "{graph}");
        }
    }
}

#[test]
fn those_with_tags_are_restored_to_a_registry() {
    for (name, named, tags) in LAYOUTS.iter().filter(|(_, _, tags)| !tags.is_empty()) {
        let world = World::new();
        for place in both(&world, name) {
            let registry = Registry::start(Setup::default());
            let repository = format!("{}/again", registry.address());
            let _ = world.run(&format!("restore --input {place} {repository}")).success();
            let restored = world.run(&format!("repo tags {repository}")).success().stdout;
            assert_eq!(restored, *tags, "{place}");
            let (reference, digest) = named[0];
            let found = world.run(&format!("resolve {repository}{reference}")).success().stdout;
            assert_eq!(found.trim(), digest, "{place}");
        }
    }
}

#[test]
fn writing_to_them_keeps_what_they_say() {
    for (name, named, _) in LAYOUTS {
        let world = World::new();
        let [_, folder] = both(&world, name);
        let before: serde_json::Value =
            serde_json::from_str(&world.read(&format!("{folder}/index.json"))).unwrap();
        world.write("file", "more\n");
        let _ = world.run(&format!("push --oci-layout {folder}:more file")).success();
        let after: serde_json::Value =
            serde_json::from_str(&world.read(&format!("{folder}/index.json"))).unwrap();
        for entry in before["manifests"].as_array().unwrap() {
            assert!(after["manifests"].as_array().unwrap().contains(entry), "{name}: {entry} in {after}");
        }
        let (reference, digest) = named[0];
        let found = world.run(&format!("resolve --oci-layout {folder}{reference}")).success().stdout;
        assert_eq!(found.trim(), digest, "{name}");
    }
}
