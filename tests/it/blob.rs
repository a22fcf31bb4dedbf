//! `blob fetch`, `blob push` and `blob delete`.

use oras::oci::Digest;

use crate::support::{Registry, Setup, World};

const DIGEST: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("hi.txt", "hello\n");
    let repository = format!("{}/hello", registry.address());
    (world, registry, repository)
}

#[test]
fn a_blob_is_pushed_once() {
    let (world, registry, repository) = world();
    insta::assert_snapshot!(world.run(&format!("blob push {repository} hi.txt")).success(), @"
    Uploading 5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    Uploaded  5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    Pushed: [registry] localhost:5000/hello
    Digest: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    ");
    insta::assert_snapshot!(world.run(&format!("blob push {repository} hi.txt")).success(), @"
    Exists    5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    Pushed: [registry] localhost:5000/hello
    Digest: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    ");
    insta::assert_snapshot!(registry.log().join("\n"), @"
    HEAD hello/blobs/<digest> 404
    POST hello/blobs/uploads/ 202
    PUT hello/blobs/uploads/<session> 201
    HEAD hello/blobs/<digest> 200
    ");
}

#[test]
fn a_blob_is_fetched_with_one_request() {
    let (world, registry, repository) = world();
    let _ = world.run(&format!("blob push {repository} hi.txt")).success();
    registry.clear_log();
    let line = format!("blob fetch {repository}@{DIGEST} -o out.txt --descriptor");
    insta::assert_snapshot!(world.run(&line).success(), @r#"{"mediaType":"application/octet-stream","digest":"sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","size":6}[no newline]"#);
    assert_eq!(world.read("out.txt"), "hello\n");
    assert_eq!(registry.log(), ["GET hello/blobs/<digest> 200"]);
    let run = world.run(&format!("blob get {repository}@{DIGEST} --output -")).success();
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("hello\n", ""));
}

#[test]
fn what_is_not_what_was_asked_for_does_not_become_a_file() {
    let world = World::new();
    world.write("hi.txt", "hello\n");
    let _ = world.run("blob push --oci-layout lay hi.txt").success();
    let blob = world.path(format!("lay/blobs/sha256/{}", &DIGEST["sha256:".len()..]));
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, "jello\n").unwrap();
    let before = world.tree();
    let fetch = |file: &str| world.run(&format!("blob fetch --oci-layout lay@{DIGEST} -o {file}"));
    insta::assert_snapshot!(fetch("out.txt").failure(), @"
    --- stderr
    Error: mismatched digest
    --- exit code 1
    ");
    assert_eq!(world.tree(), before);
    world.write("out.txt", "kept\n");
    let _ = fetch("out.txt").failure();
    assert_eq!(world.read("out.txt"), "kept\n");
    assert_eq!(fetch("-").failure().stdout, "");
}

#[test]
fn stdin_is_sent_as_it_comes_and_must_be_what_was_promised() {
    let (world, _registry, repository) = world();
    let push = |size: u64, text: &str| {
        world.run_with_input(&format!("blob push {repository}@{DIGEST} - --size {size}"), text)
    };
    insta::assert_snapshot!(push(7, "hello\n").failure(), @"
    Uploading 5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    --- stderr
    Error: content of 6 bytes where sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 has 7
    --- exit code 1
    ");
    insta::assert_snapshot!(push(5, "hello\n").failure(), @"
    Uploading 5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    --- stderr
    Error: content is longer than the 5 bytes of sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    --- exit code 1
    ");
    insta::assert_snapshot!(push(6, "jello\n").failure(), @"
    Uploading 5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    --- stderr
    Error: mismatched digest
    --- exit code 1
    ");
    let _ = world.run(&format!("blob fetch {repository}@{DIGEST} --descriptor")).failure();
    insta::assert_snapshot!(push(6, "hello\n").success(), @"
    Uploading 5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    Uploaded  5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    Pushed: [registry] localhost:5000/hello@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    Digest: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    ");
}

#[test]
fn stdin_of_which_nothing_is_known_is_hashed_on_the_way() {
    let (world, registry, repository) = world();
    insta::assert_snapshot!(world.run_with_input(&format!("blob push {repository} -"), "hello\n").success(), @"
    Uploaded  5891b5b522d5 application/vnd.oci.image.layer.v1.tar
    Pushed: [registry] localhost:5000/hello
    Digest: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    ");
    assert_eq!(registry.log(), ["POST hello/blobs/uploads/ 202", "PUT hello/blobs/uploads/<session> 201"]);
    registry.clear_log();
    let line = format!("blob push {repository} - --chunk-size 4b --descriptor --media-type a/b");
    insta::assert_snapshot!(world.run_with_input(&line, "hello again\n").success(), @r#"{"mediaType":"a/b","digest":"sha256:d9a4c6676a62cb3b8ca0b8459ab341837cdba8543316c8574b454ccc24d4c690","size":12}[no newline]"#);
    insta::assert_snapshot!(registry.log().join("\n"), @"
    POST hello/blobs/uploads/ 202
    PATCH hello/blobs/uploads/<session> 202
    PATCH hello/blobs/uploads/<session> 202
    PATCH hello/blobs/uploads/<session> 202
    PUT hello/blobs/uploads/<session> 201
    ");
    let digest = Digest::of(b"hello again\n");
    let fetched = world.run(&format!("blob fetch {repository}@{digest} -o -")).success();
    assert_eq!(fetched.stdout, "hello again\n");
    let _ = world.run_with_input("blob push --oci-layout lay -", "hello again\n").success();
    assert_eq!(world.read(&format!("lay/blobs/sha256/{}", digest.hex())), "hello again\n");
    let _ = world.run_with_input("blob push --oci-layout lay -", "hello again\n").success();
    insta::assert_snapshot!(world.run_with_input(&format!("blob push {repository}@{digest} -"), "x").failure(), @"
    --- stderr
    Error: `--size` must be provided if the blob is read from stdin
    --- exit code 1
    ");
}

#[test]
fn deletion_asks_first_and_force_does_not() {
    let (world, _registry, repository) = world();
    let _ = world.run(&format!("blob push {repository} hi.txt")).success();
    let line = format!("blob delete {repository}@{DIGEST}");
    insta::assert_snapshot!(world.run_with_input(&line, "n\n").success(), @r#"Are you sure you want to delete the blob "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"? [y/N] Operation cancelled."#);
    insta::assert_snapshot!(world.run_with_input(&line, "y\n").success(), @r#"Are you sure you want to delete the blob "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"? [y/N] Deleted [registry] localhost:5000/hello@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"#);
    insta::assert_snapshot!(world.run(&line).failure(), @"
    --- stderr
    Error: localhost:5000/hello@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03: the specified blob does not exist
    --- exit code 1
    ");
    insta::assert_snapshot!(world.run(&format!("{line} --force")).success(), @"Missing localhost:5000/hello@sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
}

#[test]
fn a_manifest_type_makes_no_manifest_of_a_blob() {
    let (world, _registry, repository) = world();
    let kind = "application/vnd.oci.image.manifest.v1+json";
    insta::assert_snapshot!(world.run(&format!("blob push {repository} hi.txt --media-type {kind}")).success(), @"
    Uploading 5891b5b522d5 application/vnd.oci.image.manifest.v1+json
    Uploaded  5891b5b522d5 application/vnd.oci.image.manifest.v1+json
    Pushed: [registry] localhost:5000/hello
    Digest: sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
    ");
    assert_eq!(world.run(&format!("blob fetch {repository}@{DIGEST} -o -")).success().stdout, "hello\n");
}

#[test]
fn the_end_of_a_blob_is_not_printed_before_all_of_it_is_checked() {
    let world = World::new();
    let mut content = vec![b'x'; 3_000_000];
    world.write("large", &content);
    let _ = world.run("blob push --oci-layout lay large").success();
    let digest = Digest::of(&content);
    content[0] = b'y';
    let blob = world.path(format!("lay/blobs/sha256/{}", digest.hex()));
    std::fs::remove_file(&blob).unwrap();
    std::fs::write(&blob, &content).unwrap();
    let run = world.run(&format!("blob fetch --oci-layout lay@{digest} -o -")).failure();
    assert_eq!(run.stderr, "Error: mismatched digest\n");
    assert!(run.stdout.len() < content.len(), "{} bytes", run.stdout.len());
}
