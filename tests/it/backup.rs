//! `backup` and `restore`: tags of a repository as a layout, and back.

use crate::support::{Registry, Run, STEADY, Setup, World};

const ONE: &str = "--concurrency 1";

/// A registry with a repository of two tags, the first of which has a referrer.
fn world() -> (World, Registry, String) {
    let (world, registry, _) = World::with_artifact(Setup::default());
    world.write("two.txt", "hello again\n");
    let repository = format!("{}/hello", registry.address());
    let _ = world.run(&format!("push {repository}:v2 hi.txt two.txt {STEADY}")).success();
    let _ = world.run(&format!("attach {repository}:v1 --artifact-type sig/example {STEADY}")).success();
    (world, registry, repository)
}

/// What was printed, without the time that it took.
fn timeless(run: Run) -> String {
    let text = run.success().to_string();
    let (before, after) = text.rsplit_once(" in ").unwrap();
    let time = after.trim_end().trim_end_matches('.');
    assert!(time.ends_with('s') && time.starts_with(|first: char| first.is_ascii_digit()), "{time}");
    format!("{before} in [time]{}", after.replace(time, ""))
}

/// The names of what is in the working folder.
fn left(world: &World) -> Vec<String> {
    let tree = world.tree();
    tree.into_iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn all_tags_go_into_a_folder() {
    let (world, _registry, repository) = world();
    let run = world.run(&format!("backup -o b {repository} {ONE}"));
    insta::assert_snapshot!(timeless(run), @r#"
    Found 2 tag(s) in localhost:5000/hello: v1, v2
    Pulling   44136fa355b3 application/vnd.oci.empty.v1+json
    Pulled    44136fa355b3 application/vnd.oci.empty.v1+json
    Pulling   5891b5b522d5 hi.txt
    Pulled    5891b5b522d5 hi.txt
    Pulling   bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pulled    bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pulled tag v1 with 0 referrer(s)
    Exists    44136fa355b3 application/vnd.oci.empty.v1+json
    Exists    5891b5b522d5 hi.txt
    Pulling   d9a4c6676a62 two.txt
    Pulled    d9a4c6676a62 two.txt
    Pulling   0d3d74ffd235 application/vnd.oci.image.manifest.v1+json
    Pulled    0d3d74ffd235 application/vnd.oci.image.manifest.v1+json
    Pulled tag v2 with 0 referrer(s)
    Successfully backed up 2 tag(s) from "localhost:5000/hello" to "b" in [time].
    "#);
    insta::assert_snapshot!(world.read("b/index.json"), @r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73","size":584,"annotations":{"org.opencontainers.image.ref.name":"v1"}},{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:0d3d74ffd23565b01858788687c2ecb5fee4683a5a6e5cee96a2280626b541c9","size":791,"annotations":{"org.opencontainers.image.ref.name":"v2"}}]}"#);
    insta::assert_snapshot!(left(&world).join("\n"), @"
    b/
    b/blobs/
    b/blobs/sha256/
    b/blobs/sha256/0d3d74ffd23565b01858788687c2ecb5fee4683a5a6e5cee96a2280626b541c9
    b/blobs/sha256/44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
    b/blobs/sha256/5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    b/blobs/sha256/bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    b/blobs/sha256/d9a4c6676a62cb3b8ca0b8459ab341837cdba8543316c8574b454ccc24d4c690
    b/index.json
    b/oci-layout
    hi.txt
    two.txt
    ");
}

#[test]
fn referrers_go_with_them_into_a_tar_and_back() {
    let (world, registry, repository) = world();
    let run = world.run(&format!("backup -o b.tar --include-referrers {repository}:v1 {ONE}"));
    insta::assert_snapshot!(timeless(run), @r#"
    Found 1 tag(s) in localhost:5000/hello: v1
    Pulling   5891b5b522d5 hi.txt
    Pulled    5891b5b522d5 hi.txt
    Pulling   44136fa355b3 application/vnd.oci.empty.v1+json
    Pulled    44136fa355b3 application/vnd.oci.empty.v1+json
    Pulling   bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pulled    bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pulling   b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Pulled    b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Pulled tag v1 with 1 referrer(s)
    Exporting to b.tar
    Exported to b.tar (9.5 KB)
    Successfully backed up 1 tag(s) from "localhost:5000/hello" to "b.tar" in [time].
    "#);
    let other = format!("{}/other", registry.address());
    let run = world.run(&format!("restore --input b.tar {other} {ONE}"));
    insta::assert_snapshot!(timeless(run), @r#"
    Loaded backup archive: b.tar (9.5 KB)
    Found 1 tag(s) in the backup: v1
    Pushing   5891b5b522d5 hi.txt
    Pushed    5891b5b522d5 hi.txt
    Pushing   44136fa355b3 application/vnd.oci.empty.v1+json
    Pushed    44136fa355b3 application/vnd.oci.empty.v1+json
    Pushing   bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pushed    bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pushing   b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Pushed    b724c7891a63 application/vnd.oci.image.manifest.v1+json
    Pushed tag v1 with 1 referrer(s)
    Successfully restored 1 tag(s) to "localhost:5000/other" in [time]
    "#);
    let graph = |artifact: &str| world.run(&format!("discover {artifact}:v1 --format json")).success().json();
    assert_eq!(graph(&other)["referrers"][0]["digest"], graph(&repository)["referrers"][0]["digest"]);
    let _ = world.run(&format!("pull {other}:v1 -o out")).success();
    assert_eq!(world.read("out/hi.txt"), "hello\n");
}

#[test]
fn a_dry_run_sends_nothing() {
    let (world, registry, repository) = world();
    let _ = world.run(&format!("backup -o b --include-referrers {repository}")).success();
    registry.clear_log();
    let run = world.run(&format!("restore --input b --dry-run {}/other", registry.address()));
    insta::assert_snapshot!(run.success(), @r#"
    Found 2 tag(s) in the backup: v1, v2
    Dry run: would push tag v1 with 1 referrer(s)
    Dry run: would push tag v2 with 0 referrer(s)
    Dry run complete: 2 tag(s) would be restored to "localhost:5000/other" (no data pushed)
    "#);
    assert!(registry.log().is_empty());
}

#[test]
fn referrers_of_the_parts_of_an_index_count() {
    let (world, registry, repository) = world();
    let digest = |name: &str| {
        let text = world.run(&format!("manifest fetch --descriptor {repository}:{name}")).success().stdout;
        text.trim().to_owned()
    };
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{},{}]}}"#,
        digest("v1"),
        digest("v2")
    );
    // A layout that others made: its index of manifests is an entry as any other.
    let _ = world.run(&format!("backup -o b --include-referrers {repository}:v1,v2")).success();
    let root = oras::oci::Descriptor::of("application/vnd.oci.image.index.v1+json", index.as_bytes());
    world.write(&format!("b/blobs/sha256/{}", root.digest.hex()), &index);
    let mut list: serde_json::Value = serde_json::from_str(&world.read("b/index.json")).unwrap();
    let mut entry = serde_json::to_value(&root).unwrap();
    entry["annotations"] = serde_json::json!({"org.opencontainers.image.ref.name": "all"});
    list["manifests"].as_array_mut().unwrap().push(entry);
    world.write("b/index.json", list.to_string());
    let other = format!("{}/other", registry.address());
    let restored = world.run(&format!("restore --input b {other}:all")).success();
    assert!(restored.stdout.contains("\nPushed tag all with 1 referrer(s)\n"), "{restored}");
    let again = world.run(&format!("backup -o c --include-referrers {other}:all")).success();
    assert!(again.stdout.contains("\nPulled tag all with 1 referrer(s)\n"), "{again}");
}

#[test]
fn a_second_run_moves_only_what_is_missing() {
    let (world, registry, repository) = world();
    let _ = world.run(&format!("backup -o b {repository}:v1")).success();
    registry.clear_log();
    let run = world.run(&format!("backup -o b {repository} {ONE}"));
    insta::assert_snapshot!(timeless(run), @r#"
    Found 2 tag(s) in localhost:5000/hello: v1, v2
    Exists    bcd76ee5c28a application/vnd.oci.image.manifest.v1+json
    Pulled tag v1 with 0 referrer(s)
    Exists    44136fa355b3 application/vnd.oci.empty.v1+json
    Exists    5891b5b522d5 hi.txt
    Pulling   d9a4c6676a62 two.txt
    Pulled    d9a4c6676a62 two.txt
    Pulling   0d3d74ffd235 application/vnd.oci.image.manifest.v1+json
    Pulled    0d3d74ffd235 application/vnd.oci.image.manifest.v1+json
    Pulled tag v2 with 0 referrer(s)
    Successfully backed up 2 tag(s) from "localhost:5000/hello" to "b" in [time].
    "#);
    insta::assert_snapshot!(registry.log().join("\n"), @"
    GET hello/tags/list 200
    HEAD hello/manifests/v1 200
    HEAD hello/manifests/v2 200
    GET hello/manifests/<digest> 200
    GET hello/blobs/<digest> 200
    ");
    let other = format!("{}/other", registry.address());
    let _ = world.run(&format!("restore --input b {other}")).success();
    registry.clear_log();
    let _ = world.run(&format!("restore --input b --exclude-referrers {other} {ONE}")).success();
    insta::assert_snapshot!(registry.log().join("\n"), @"
    HEAD other/manifests/<digest> 200
    PUT other/manifests/v1 201
    HEAD other/manifests/<digest> 200
    PUT other/manifests/v2 201
    ");
}

#[test]
fn a_failed_backup_leaves_nothing() {
    let (world, registry, repository) = world();
    let before = left(&world);
    let _ = world.run(&format!("push {}/untagged hi.txt", registry.address())).success();
    for output in ["b", "b.tar", "B.TAR", "deep/er/b"] {
        for what in ["hello:v1,nope", "hello:nope", "none", "untagged"] {
            let line = format!("backup -o {output} {}/{what}", registry.address());
            let _ = world.run(&line).failure();
            assert_eq!(left(&world), before, "{line}");
        }
        let _ = world.run(&format!("backup -o {output} localhost:1/hello")).failure();
        assert_eq!(left(&world), before, "{output}");
    }
    assert!(world.left_over().is_empty());
    // Where there is a tar already, it stays as it is.
    world.write("b.tar", "older");
    let _ = world.run(&format!("backup -o b.tar {repository}:nope")).failure();
    assert_eq!(world.read("b.tar"), "older");
}

/// A registry with two tags, the content of the second of which is lost; and the file that would have it.
fn broken(world: &World, folder: &std::path::Path) -> (Registry, String, std::path::PathBuf) {
    let registry = Registry::start(Setup { folder: Some(folder.to_owned()), ..Setup::default() });
    world.write("hi.txt", "hello\n");
    world.write("two.txt", "hello again\n");
    let repository = format!("{}/hello", registry.address());
    let _ = world.run(&format!("push {repository}:v1 hi.txt {STEADY}")).success();
    let _ = world.run(&format!("push {repository}:v2 two.txt {STEADY}")).success();
    let blob = oras::oci::Digest::of(b"hello again\n");
    let files = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let stored = files.map(walkdir::DirEntry::into_path).find(|path| path.ends_with(blob.hex())).unwrap();
    std::fs::remove_file(&stored).unwrap();
    (registry, repository, stored)
}

#[test]
fn a_folder_that_breaks_off_has_what_was_complete_and_goes_on() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let (registry, repository, stored) = broken(&world, folder.path());
    let _ = world.run(&format!("backup -o b {repository}")).failure();
    assert_eq!(world.run("repo tags --oci-layout b").success().stdout, "v1\n");

    std::fs::write(&stored, "hello again\n").unwrap();
    registry.clear_log();
    let run = world.run(&format!("backup -o b {repository}")).success();
    assert!(run.stdout.contains("Exists    bcd76ee5c28a"), "{run}");
    assert_eq!(registry.log().iter().filter(|line| line.starts_with("GET hello/blobs/")).count(), 1);
    assert_eq!(world.run("repo tags --oci-layout b").success().stdout, "v1\nv2\n");
}

#[cfg(unix)]
#[test]
fn a_tar_that_breaks_off_has_no_name_and_the_next_one_goes_on() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let (registry, repository, stored) = broken(&world, folder.path());
    let before = left(&world);
    let run = world.run(&format!("backup -o b.tar {repository}")).failure();
    let (why, place) =
        (format!("{}: not found", oras::oci::Digest::of(b"hello again\n")), format!("from \"{repository}\""));
    let kept =
        "What was copied is kept beside \"b.tar\"; the next backup to the same file goes on from there";
    let says = format!("Error: failed to back up tag \"v2\" {place} to \"b.tar\": {why}\n{kept}\n");
    assert_eq!(run.stderr, says);
    assert!(!world.path("b.tar").exists() && left(&world).len() > before.len());

    // Of the first tag only the manifest is read again; the tag itself is not wanted any more, nor what it needs alone.
    std::fs::write(&stored, "hello again\n").unwrap();
    registry.clear_log();
    let _ = world.run(&format!("backup -o b.tar {repository}:v2")).success();
    assert_eq!(registry.log().iter().filter(|line| line.starts_with("GET hello/blobs/")).count(), 1);
    assert_eq!(left(&world).len(), before.len() + 1);
    assert_eq!(world.run("repo tags --oci-layout b.tar").success().stdout, "v2\n");
    let tar = std::fs::read(world.path("b.tar")).unwrap();
    let first = oras::oci::Digest::of(b"hello\n");
    assert!(!tar.windows(64).any(|bytes| bytes == first.hex().as_bytes()));
}

#[test]
fn a_layout_that_cannot_be_restored_is_told_before_anything_is_sent() {
    let (world, registry, _repository) = world();
    let _ = world.run("push --oci-layout-path weird example.com/x:v1 hi.txt").success();
    std::fs::create_dir(world.path("folder")).unwrap();
    registry.clear_log();
    let to = format!("{}/other", registry.address());
    for dry in ["", " --dry-run"] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(world.run(&format!("restore --input weird {to}{dry}")).failure(), @r#"
            Found 1 tag(s) in the backup: example.com/x:v1
            --- stderr
            Error: failed to restore tag "example.com/x:v1" from "weird" to "localhost:5000/other": invalid reference: invalid tag "example.com/x:v1"
            --- exit code 1
            "#);
            insta::assert_snapshot!(world.run(&format!("restore --input folder {to}{dry}")).failure(), @r#"
            --- stderr
            Error: no tags found in OCI layout "folder"
            If you want to list available tags in "folder", use "oras repo tags --oci-layout"
            --- exit code 1
            "#);
        }
    }
    assert!(registry.log().is_empty());
    assert_eq!(std::fs::read_dir(world.path("folder")).unwrap().count(), 0);
}
