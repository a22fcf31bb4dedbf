//! `manifest index create` and `manifest index update`.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    let repository = format!("{}/hello", registry.address());
    for (tag, platform) in [("amd64", "linux/amd64"), ("arm64", "linux/arm64/v8")] {
        let line = format!("push {repository}:{tag} --artifact-platform {platform} {STEADY}");
        let _ = world.run(&line).success();
    }
    (world, registry, repository)
}

fn digest(world: &World, reference: &str) -> String {
    world.run(&format!("resolve {reference}")).success().stdout.trim().to_owned()
}

#[test]
fn manifests_become_an_index() {
    let (world, _registry, repository) = world();
    insta::assert_snapshot!(world.run(&format!("manifest index create {repository}:v1,latest amd64 arm64")).success(), @"
    Fetching  amd64
    Fetched   sha256:a353473aa8d9fa85c5974a0e8cb0247ff885db615245332388d1837bc36e1d89 amd64
    Fetching  arm64
    Fetched   sha256:dd7de8bd9c6cb4711467a04c1aaba0470f7a0eff3d0f49eb7813c45b7f14d28a arm64
    Packed    eab8f19ca28b application/vnd.oci.image.index.v1+json
    Pushed    [registry] localhost:5000/hello:v1
    Tagged latest
    Digest: sha256:eab8f19ca28bfa80ec623f5b32e77cfbe3ef29808ab3f7db4779f3fcd7983fc8
    ");
    insta::assert_snapshot!(world.run(&format!("manifest fetch {repository}:latest")).success(), @r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:a353473aa8d9fa85c5974a0e8cb0247ff885db615245332388d1837bc36e1d89","size":529,"platform":{"architecture":"amd64","os":"linux"},"artifactType":"application/vnd.unknown.artifact.v1"},{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:dd7de8bd9c6cb4711467a04c1aaba0470f7a0eff3d0f49eb7813c45b7f14d28a","size":529,"platform":{"architecture":"arm64","os":"linux","variant":"v8"},"artifactType":"application/vnd.unknown.artifact.v1"}]}[no newline]"#);
}

#[test]
fn an_index_gets_and_loses_manifests() {
    let (world, _registry, repository) = world();
    let _ = world.run(&format!("manifest index create {repository}:v1 amd64")).success();
    let amd64 = digest(&world, &format!("{repository}:amd64"));
    let line = format!("manifest index update {repository}:v1 --add arm64 --remove {amd64} --tag v2");
    insta::assert_snapshot!(world.run(&line).success(), @"
    Fetching  v1
    Fetched   sha256:2f7964927b4dc32844900821df568f557be2f34ac4b090769fbebaf1ad1ad000 v1
    Removed   sha256:a353473aa8d9fa85c5974a0e8cb0247ff885db615245332388d1837bc36e1d89
    Fetching  arm64
    Fetched   sha256:dd7de8bd9c6cb4711467a04c1aaba0470f7a0eff3d0f49eb7813c45b7f14d28a arm64
    Added     sha256:dd7de8bd9c6cb4711467a04c1aaba0470f7a0eff3d0f49eb7813c45b7f14d28a arm64
    Updated   sha256:fecfe722bdf72f3b79e4a07cf5ccbe043bbeea49dacaa83d00313a16fe51e01e
    Pushed    [registry] localhost:5000/hello:v1
    Tagged v2
    Digest: sha256:fecfe722bdf72f3b79e4a07cf5ccbe043bbeea49dacaa83d00313a16fe51e01e
    ");
    insta::assert_snapshot!(world.run(&format!("manifest index update {repository}:v1 --remove {amd64}")).failure(), @"
    Fetching  v1
    Fetched   sha256:fecfe722bdf72f3b79e4a07cf5ccbe043bbeea49dacaa83d00313a16fe51e01e v1
    --- stderr
    Error: sha256:a353473aa8d9fa85c5974a0e8cb0247ff885db615245332388d1837bc36e1d89 does not exist in the index v1
    --- exit code 1
    ");
    insta::assert_snapshot!(world.run(&format!("manifest index update {repository}:v1")).success(), @"Nothing to update as no change is requested");
}

#[test]
fn an_index_that_is_named_by_digest_is_shown_by_its_own() {
    let (world, _registry, repository) = world();
    let amd64 = digest(&world, &format!("{repository}:amd64"));
    let run = world.run(&format!("manifest index create {repository}@{amd64} arm64")).success();
    insta::assert_snapshot!(run, @"
    Fetching  arm64
    Fetched   sha256:dd7de8bd9c6cb4711467a04c1aaba0470f7a0eff3d0f49eb7813c45b7f14d28a arm64
    Packed    fecfe722bdf7 application/vnd.oci.image.index.v1+json
    Pushed    [registry] localhost:5000/hello
    Digest: sha256:fecfe722bdf72f3b79e4a07cf5ccbe043bbeea49dacaa83d00313a16fe51e01e
    ");
    let made = run.line_after("Digest: ");
    let _ = world.run(&format!("manifest fetch {repository}@{made}")).success();
}

#[test]
fn an_index_for_a_file_or_stdout_is_not_pushed() {
    let (world, registry, repository) = world();
    let run = world.run(&format!("manifest index create {repository}:v1 amd64 -o index.json")).success();
    insta::assert_snapshot!(run, @"
    Fetching  amd64
    Fetched   sha256:a353473aa8d9fa85c5974a0e8cb0247ff885db615245332388d1837bc36e1d89 amd64
    Packed    2f7964927b4d application/vnd.oci.image.index.v1+json
    Digest: sha256:2f7964927b4dc32844900821df568f557be2f34ac4b090769fbebaf1ad1ad000
    ");
    let run = world.run(&format!("manifest index create {repository}:v1 amd64 --output -")).success();
    assert_eq!(run.stdout, world.read("index.json"));
    registry.clear_log();
    let _ = world.run(&format!("manifest index update {repository}:v1 --add amd64 -o -")).failure();
    assert_eq!(registry.log(), ["GET hello/manifests/v1 404"]);
}

#[test]
fn a_name_that_is_none_is_told_before_anything_is_asked() {
    let (world, registry, repository) = world();
    registry.clear_log();
    insta::assert_snapshot!(world.run(&format!("manifest index create {repository}:v1 amd64 a,b")).failure(), @r#"
    --- stderr
    Error: could not find the manifest a,b: invalid reference: invalid tag "a,b"
    --- exit code 1
    "#);
    assert!(registry.log().is_empty());
}

#[test]
fn a_layout_that_is_only_read_may_be_a_tar_and_is_not_made() {
    let world = World::new();
    let line = format!("push --oci-layout layout:v1 --artifact-platform linux/amd64 {STEADY}");
    let _ = world.run(&line).success();
    let mut archive = tar::Builder::new(std::fs::File::create(world.path("layout.tar")).unwrap());
    archive.append_dir_all("", world.path("layout")).unwrap();
    archive.finish().unwrap();
    let of = |layout: &str| {
        world.run(&format!("manifest index create --oci-layout {layout}:v2 v1 -o -")).success().stdout
    };
    assert_eq!(of("layout.tar"), of("layout"));
    let _ = world.run("manifest index create --oci-layout absent:v1 -o -").failure();
    assert!(!world.path("absent").exists());
    // Written again, an index is no mistake.
    for _ in 0..2 {
        let _ = world.run("manifest index create --oci-layout layout v1").success();
    }
}
