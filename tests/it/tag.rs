//! `tag` and `resolve`.

use crate::support::{Registry, STEADY, Setup, World};

fn world() -> (World, Registry, String) {
    let (world, registry) = World::with_registry(Setup::default());
    let artifact = format!("{}/hello:v1", registry.address());
    let _ = world.run(&format!("push {artifact} {STEADY}")).success();
    (world, registry, artifact)
}

#[test]
fn a_manifest_gets_more_names() {
    let (world, registry, artifact) = world();
    let run = world.run(&format!("tag --concurrency 1 {artifact} v2 latest"));
    insta::assert_snapshot!(run.success(), @"
    Tagging [registry] localhost:5000/hello@sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8
    Tagged v2
    Tagged latest
    ");
    let digest =
        |tag: &str| world.run(&format!("resolve {}/hello:{tag}", registry.address())).success().stdout;
    assert_eq!(digest("latest"), digest("v1"));
}

#[test]
fn a_digest_is_resolved() {
    let (world, _registry, artifact) = world();
    insta::assert_snapshot!(world.run(&format!("resolve {artifact}")).success(), @"sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8");
    insta::assert_snapshot!(world.run(&format!("resolve -l {artifact}")).success(), @"localhost:5000/hello@sha256:74fa74f73b512e52f2ffc9a3ff59715072c11e6e68f79102b3b74951592860b8");
}

#[test]
fn a_missing_tag_is_named() {
    let (world, registry, _artifact) = world();
    insta::assert_snapshot!(world.run(&format!("resolve {}/hello:none", registry.address())).failure(), @"
    --- stderr
    Error response from registry: failed to resolve digest: localhost:5000/hello:none: not found
    --- exit code 1
    ");
    insta::assert_snapshot!(world.run(&format!("tag {}/hello:none v2", registry.address())).failure(), @"
    --- stderr
    Error response from registry: localhost:5000/hello:none: not found
    --- exit code 1
    ");
}
