//! `manifest push` and `manifest fetch-config`.

use crate::support::{Registry, Setup, World};

fn world(config: &[u8]) -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    world.write("config.json", config);
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} --config config.json:application/vnd.me.config")).success();
    (world, registry, artifact)
}

#[test]
fn a_config_takes_two_requests_and_its_descriptor_one() {
    let (world, registry, artifact) = world(b"{}");
    registry.clear_log();
    assert_eq!(world.run(&format!("manifest fetch-config {artifact}")).success().stdout, "{}");
    let _ = world.run(&format!("manifest get-config {artifact} --descriptor")).success();
    insta::assert_snapshot!(registry.log().join("\n"), @"
    GET hello/manifests/v1 200
    GET hello/blobs/<digest> 200
    GET hello/manifests/v1 200
    ");
}

#[test]
fn a_large_config_is_printed_only_where_stdout_was_asked_for() {
    let large = vec![b'x'; 4 * 1024 * 1024 + 1];
    let (world, _registry, artifact) = world(&large);
    insta::assert_snapshot!(world.run(&format!("manifest fetch-config {artifact}")).failure(), @r#"
    --- stderr
    Error: config size 4194305 exceeds the limit of 4194304 bytes: size exceeds limit
    To download a large config, use "oras blob fetch --output <file> localhost:5000/hello@sha256:8d3d3c04baadfd31cbebf771836900097b5f36cc142b74e40747c7b372beab8b"
    --- exit code 1
    "#);
    let pretty = format!("manifest fetch-config {artifact} --output - --pretty");
    assert!(world.run(&pretty).failure().stderr.contains("exceeds the limit"));
    let printed = world.run(&format!("manifest fetch-config {artifact} --output -")).success().stdout;
    assert!(printed.as_bytes() == large);
    let _ = world.run(&format!("manifest fetch-config {artifact} --output out")).success();
    assert!(world.read("out").as_bytes() == large);
}

#[cfg(unix)]
#[test]
fn links_and_devices_stay_what_they_are_and_files_keep_their_permissions() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    let (world, _registry, artifact) = world(b"{}");
    let fetch = |to: &str| world.run(&format!("manifest fetch-config {artifact} -o {to}")).success();
    world.write("file", "old");
    std::fs::set_permissions(world.path("file"), Permissions::from_mode(0o640)).unwrap();
    world.link("link", "file");
    let _ = fetch("link");
    assert_eq!(world.read("file"), "{}");
    assert!(world.path("link").symlink_metadata().unwrap().is_symlink());
    assert_eq!(world.path("file").metadata().unwrap().permissions().mode() & 0o777, 0o640);
    let _ = fetch("/dev/null");
    assert!(!std::path::Path::new("/dev/null").metadata().unwrap().is_file());
}

#[test]
fn a_manifest_is_pushed_as_it_was_written() {
    let (world, registry, artifact) = world(b"{}");
    let text = "{ \"schemaVersion\":2, \"manifests\": [] }\n";
    world.write("index.json", text);
    registry.clear_log();
    let kind = "application/vnd.oci.image.index.v1+json";
    let line = format!("manifest push {artifact},v2 index.json --media-type {kind}");
    insta::assert_snapshot!(world.run(&line).success(), @"
    Uploading edd1c45341d1 application/vnd.oci.image.index.v1+json
    Uploaded  edd1c45341d1 application/vnd.oci.image.index.v1+json
    Pushed: [registry] localhost:5000/hello:v1
    Tagged v2
    Digest: sha256:edd1c45341d1bd441a863740a74ed88a635eb25d934680f1854c719a60e36f45
    ");
    insta::assert_snapshot!(world.run(&line).success(), @"
    Exists    edd1c45341d1 application/vnd.oci.image.index.v1+json
    Pushed: [registry] localhost:5000/hello:v1
    Tagged v2
    Digest: sha256:edd1c45341d1bd441a863740a74ed88a635eb25d934680f1854c719a60e36f45
    ");
    insta::assert_snapshot!(registry.log().join("\n"), @"
    HEAD hello/manifests/v1 200
    PUT hello/manifests/v1 201
    PUT hello/manifests/v2 201
    HEAD hello/manifests/v1 200
    PUT hello/manifests/v2 201
    ");
    assert_eq!(world.run(&format!("manifest fetch {artifact}")).success().stdout, text);
}

#[test]
fn a_manifest_that_is_too_large_is_not_read() {
    let (world, registry, artifact) = world(b"{}");
    world.write("large.json", vec![b' '; 4 * 1024 * 1024 + 1]);
    registry.clear_log();
    insta::assert_snapshot!(world.run(&format!("manifest push {artifact} large.json")).failure(), @"
    --- stderr
    Error: failed to read large.json: content is larger than the limit of 4194304 bytes
    --- exit code 1
    ");
    assert!(registry.log().is_empty());
}

#[cfg(unix)]
#[test]
fn a_new_file_is_readable_for_whom_the_user_says() {
    use std::os::unix::fs::PermissionsExt;

    let (world, _registry, artifact) = world(b"{}");
    let oras = env!("CARGO_BIN_EXE_oras");
    for (umask, mode) in [("077", 0o600), ("027", 0o640), ("022", 0o644)] {
        let script = format!("umask {umask} && exec {oras} manifest fetch-config {artifact} -o {umask}");
        let _ = world.run_other("sh".as_ref(), &format!("-c '{script}'")).success();
        let made = world.path(umask).metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(made, mode, "{umask}");
    }
}
