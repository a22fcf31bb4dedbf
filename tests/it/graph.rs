//! Whole graphs: planned, copied and looked at, drawn, and deleted again.

use crate::support::hostile::{Hostile, answer, image};
use crate::support::{Registry, STEADY, Setup, World};

/// An artifact with a signature and a signed SBOM, and a second registry.
fn world() -> (World, [Registry; 2], String) {
    let (mut world, first, artifact) = World::with_artifact(Setup::default());
    let second = Registry::start(Setup::default());
    world.show(second.address(), "localhost:5001");
    attach(&world, &artifact, "sig/example", "2024-05-01");
    let sbom = attach(&world, &artifact, "sbom/example", "2024-05-02");
    attach(&world, &sbom, "sig/example", "2024-05-03");
    (world, [first, second], artifact)
}

/// Attaches something that was made on that day; its reference.
fn attach(world: &World, artifact: &str, kind: &str, day: &str) -> String {
    let created = format!("org.opencontainers.image.created={day}T10:00:00Z");
    let line = format!("attach {artifact} --artifact-type {kind} -a {created} -a day={day}");
    let digest = world.run(&line).success().line_after("Digest: ");
    let repository = artifact.split('@').next().unwrap();
    let repository = repository.strip_suffix(":v1").unwrap_or(repository);
    format!("{repository}@{digest}")
}

fn referrers(world: &World, artifact: &str) -> usize {
    let found = world.run(&format!("discover {artifact} --format json")).success().json();
    count(&found) - 1
}

fn count(found: &serde_json::Value) -> usize {
    1 + found["referrers"].as_array().unwrap().iter().map(count).sum::<usize>()
}

#[test]
fn a_plan_tells_of_everything_and_changes_nothing() {
    let (world, registries, artifact) = world();
    let copy = format!("{}/copy:v1,v2", registries[1].address());
    let plan = world.run(&format!("cp -r --dry-run --concurrency 1 {artifact} {copy}")).success();
    insta::assert_snapshot!(plan, @"
    Would copy  5891b5b522d5 hi.txt (6 B)
    Would copy  44136fa355b3 application/vnd.oci.empty.v1+json (2 B)
    Would copy  bcd76ee5c28a application/vnd.oci.image.manifest.v1+json (584 B)
    Would copy  be2f13ad0dfd application/vnd.oci.image.manifest.v1+json (693 B)
    Would copy  70b6beb9db8e application/vnd.oci.image.manifest.v1+json (694 B)
    Would copy  d2f7925817b8 application/vnd.oci.image.manifest.v1+json (693 B)
    Would tag   v1
    Would tag   v2
    Would copy [registry] localhost:5000/hello:v1 => [registry] localhost:5001/copy:v1
    To copy: 6 (2.61 KB), to mount: 0 (0 B), existing: 0 (0 B), tags: 2
    Digest: sha256:bcd76ee5c28a3fa6d090ecc1b81b716422aefb73257bb3844217122c9c777d73
    ");
    let asked = registries[1].log();
    assert!(asked.iter().all(|request| request.starts_with("HEAD")), "{asked:?}");
    let _ = world.run(&format!("cp -r --dry-run {artifact} --to-oci-layout new:v1")).success();
    assert!(!world.path("new").exists());
    let _ = world.run(&format!("cp -r {artifact} {copy}")).success();
    let again = world.run(&format!("cp -r --dry-run {artifact} {copy} --format json")).success().json();
    assert_eq!(again["dryRun"], true);
    assert!(again["nodes"].as_array().unwrap().iter().all(|node| node["action"] == "existing"), "{again}");
    let within = format!("{}/other:v1", registries[0].address());
    let plan = world.run(&format!("cp --dry-run {artifact} {within}")).success();
    assert!(plan.stdout.contains("Would mount 5891b5b522d5 hi.txt (6 B)"), "{plan}");
}

#[test]
fn a_copy_is_a_document_with_each_node() {
    let (world, registries, artifact) = world();
    let copy = format!("{}/copy:v1", registries[1].address());
    let done = world.run(&format!("cp -r {artifact} {copy} --format json")).success().json();
    assert_eq!(done["source"], "localhost:5000/hello:v1");
    assert_eq!(done["destination"], "localhost:5001/copy:v1");
    assert_eq!((&done["tags"], &done["dryRun"]), (&serde_json::json!(["v1"]), &false.into()));
    // The empty config, the file, the artifact and what refers to it.
    assert_eq!(done["nodes"].as_array().unwrap().len(), 6);
    let template = "{{range .nodes}}{{.action}} {{end}}";
    let line =
        format!("cp -r {artifact} {}/third:v1 --format 'go-template={template}'", registries[1].address());
    assert_eq!(world.run(&line).success().stdout.trim(), ["copied"; 6].join(" "));
}

#[test]
fn a_copy_is_looked_at_afterwards() {
    let (world, registries, artifact) = world();
    for copy in [format!("{}/copy:v1", registries[1].address()), "--to-oci-layout lay:v1".to_owned()] {
        let done = world.run(&format!("cp -r --verify {artifact} {copy}")).success();
        assert!(done.stdout.ends_with("\nVerified 6 nodes (2.61 KB)\n"), "{done}");
    }
    // A layout that says to have what it has not.
    let digest = world.run(&format!("manifest fetch {artifact}")).success().json()["layers"][0]["digest"]
        .as_str()
        .unwrap()
        .replace("sha256:", "blobs/sha256/");
    std::fs::remove_file(world.path(format!("lay/{digest}"))).unwrap();
    let failed = world.run(&format!("cp -r --verify {artifact} --to-oci-layout lay:v1")).failure();
    assert!(
        failed.stderr.contains("verification failed, 1 gap of the copy: sha256:5891b5b522d5"),
        "{failed}"
    );
    let _ = world.run(&format!("cp -r --force --verify {artifact} --to-oci-layout lay:v1")).success();
}

#[test]
fn types_choose_what_goes_along() {
    let (world, registries, artifact) = world();
    for (flags, count) in [
        ("--artifact-type sig/example", 1),
        ("--artifact-type sig/example --artifact-type sbom/example", 3),
        ("--exclude-artifact-type sig/example", 1),
        ("--exclude-artifact-type sbom/example", 1),
        ("", 3),
    ] {
        let copy = format!(
            "{}/copy{}:v1",
            registries[1].address(),
            flags.replace([' ', '/'], "-").replace("--", "x")
        );
        let _ = world.run(&format!("cp -r {flags} {artifact} {copy}")).success();
        assert_eq!(referrers(&world, &copy), count, "{flags}");
    }
    let alone = world.run(&format!("cp --artifact-type a/b {artifact} {}/x:v1", registries[1].address()));
    assert!(alone.failure().stderr.contains("--artifact-type can only be used with --recursive"));
}

#[test]
fn documents_under_tags_of_digests_go_along() {
    let (world, registries, artifact) = world();
    let digest = world.run(&format!("resolve {artifact}")).success().stdout.trim().replace(':', "-");
    let repository = artifact.trim_end_matches(":v1");
    let _ = world.run(&format!("push {repository}:{digest}.sig {STEADY} -a k=1")).success();
    let about =
        world.run(&format!("resolve {repository}:{digest}.sig")).success().stdout.trim().replace(':', "-");
    let _ = world.run(&format!("push {repository}:{about}.att {STEADY} -a k=2")).success();
    let copy = format!("{}/copy", registries[1].address());
    let tags = || world.run(&format!("repo tags {copy}")).success().stdout;
    let _ = world.run(&format!("cp -r {artifact} {copy}:v1")).success();
    assert_eq!(tags(), "v1\n");
    let _ = world.run(&format!("cp -r --verify --include-digest-tags {artifact} {copy}:v1")).success();
    let mut all = vec![format!("{digest}.sig"), format!("{about}.att"), "v1".to_owned()];
    all.sort();
    assert_eq!(tags().lines().collect::<Vec<_>>(), all);
}

#[test]
fn a_failure_in_the_middle_leaves_the_old_graph_under_the_tag() {
    let (world, registries, artifact) = world();
    let copy = format!("{}/copy:v1", registries[1].address());
    let _ = world.run(&format!("push {copy} {STEADY} -a old=1")).success();
    let old = world.run(&format!("resolve {copy}")).success().stdout;
    let digest = oras::oci::Digest::of(b"nowhere");
    let manifest =
        crate::support::hostile::image(&format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":7}}"#));
    world.write("broken.json", manifest);
    let broken = format!("{}/hello:broken", registries[0].address());
    let pushed = world.run(&format!("manifest push {broken} broken.json"));
    if pushed.code == Some(0) {
        let _ = world.run(&format!("cp -r {broken} {copy}")).failure();
    }
    assert_eq!(world.run(&format!("resolve {copy}")).success().stdout, old);
    let _ = world.run(&format!("cp -r --verify {artifact} {copy}")).success();
    assert_eq!(referrers(&world, &copy), 3);
}

/// An artifact with a layer that is nowhere.
fn push_broken(world: &World, registry: &Registry) -> String {
    let digest = oras::oci::Digest::of(b"nowhere");
    let node = format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":7}}"#);
    world.write("broken.json", image(&node));
    let broken = format!("{}/hello:broken", registry.address());
    let _ = world.run(&format!("manifest push {broken} broken.json")).success();
    broken
}

#[test]
fn a_tag_that_fails_is_told_and_the_others_go_if_they_may() {
    let (world, registries, artifact) = world();
    push_broken(&world, &registries[0]);
    let _ = world.run(&format!("tag {artifact} a z")).success();
    let (from, to) = (artifact.trim_end_matches(":v1"), format!("{}/copy", registries[1].address()));
    let run = world.run(&format!("cp --all-tags --concurrency 1 {from} {to}")).failure();
    assert!(run.stderr.contains("broken"), "{run}");
    assert_eq!(world.run(&format!("repo tags {to}")).success().stdout, "a\n");
    let run = world.run(&format!("cp --all-tags --keep-going {from} {to}")).failure();
    assert!(run.stderr.contains("1 of 4 tags were not copied:\n- broken: "), "{run}");
    assert_eq!(world.run(&format!("repo tags {to}")).success().stdout, "a\nv1\nz\n");
}

#[test]
fn many_tags_go_to_another_repository() {
    let (world, registries, artifact) = world();
    let (from, to) = (artifact.trim_end_matches(":v1"), format!("{}/copy", registries[1].address()));
    for number in 2..6 {
        let _ = world.run(&format!("push {from}:v{number} hi.txt {STEADY} -a n={number}")).success();
    }
    let _ = world.run(&format!("tag {from}:v5 latest")).success();
    let tags = || world.run(&format!("repo tags {to}")).success().stdout.replace('\n', " ");
    let _ = world.run(&format!("cp --all-tags --include 'v.*' --exclude 'v[34]' {from} {to}")).success();
    assert_eq!(tags(), "v1 v2 v5 ");
    registries[1].clear_log();
    let again = world.run(&format!("cp --all-tags {from} {to} --format json")).success().json();
    let actions: Vec<_> =
        again["tags"].as_array().unwrap().iter().map(|tag| tag["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["copied", "existing", "existing", "copied", "copied", "existing"]);
    let blobs =
        registries[1].log().into_iter().filter(|request| request.starts_with("HEAD copy/blobs")).count();
    assert!(blobs <= 4, "what one tag has shown the others need not ask: {blobs}");
    let _ = world.run(&format!("cp --all-tags -r {from} {to}")).success();
    assert_eq!(referrers(&world, &format!("{to}:v1")), 3);
    let bad = world.run(&format!("cp --all-tags {artifact} {to}")).failure();
    assert!(bad.stderr.contains("a repository is copied with --all-tags"), "{bad}");
}

#[test]
fn many_tags_are_planned_looked_at_and_told() {
    let (world, registries, artifact) = world();
    let (from, to) = (artifact.trim_end_matches(":v1"), format!("{}/copy", registries[1].address()));
    let _ = world.run(&format!("tag {artifact} v2")).success();
    let plan = world.run(&format!("cp --all-tags -r --dry-run {from} {to}")).success();
    let end = "2 tags to copy, 0 the same, 0 failed\nTo copy: 6 (2.61 KB), to mount: 0 (0 B), existing: 0 (0 B), tags: 2\n";
    assert!(plan.stdout.ends_with(end) && plan.stdout.starts_with("Would copy tag  v1 sha256:"), "{plan}");
    let asked = registries[1].log();
    assert!(asked.iter().all(|request| request.starts_with("HEAD")), "{asked:?}");
    let done = world.run(&format!("cp --all-tags -r --verify {from} {to} --format json")).success().json();
    assert_eq!(done["verified"], serde_json::json!({"nodes": 6, "bytes": 2672}));
    assert_eq!((done["nodes"].as_array().unwrap().len(), &done["dryRun"]), (6, &false.into()));
    // What is the same is looked at as well.
    let again = world.run(&format!("cp --all-tags --verify {from} {to}")).success();
    assert!(
        again.stdout.ends_with("0 tags copied, 2 the same, 0 failed\nVerified 3 nodes (592 B)\n"),
        "{again}"
    );
}

#[test]
fn of_each_tag_the_platform_is_copied() {
    let (world, registries, artifact) = world();
    let (from, to) = (artifact.trim_end_matches(":v1"), format!("{}/copy", registries[1].address()));
    for arch in ["amd64", "arm64"] {
        let line = format!("push {from}:{arch} hi.txt {STEADY} --artifact-platform linux/{arch}");
        let _ = world.run(&line).success();
    }
    let _ = world.run(&format!("manifest index create {from}:all amd64 arm64")).success();
    let line = format!("cp --all-tags --include all --platform linux/arm64 --verify {from} {to}");
    let _ = world.run(&line).success();
    let digest = |reference: String| world.run(&format!("resolve {reference}")).success().stdout;
    assert_eq!(digest(format!("{to}:all")), digest(format!("{from}:arm64")));
    let both = line.replace("linux/arm64", "linux/arm64,linux/amd64");
    let _ = world.run(&both).success();
    assert_eq!(digest(format!("{to}:all")), digest(format!("{from}:all")));
    let none = world.run(&line.replace("arm64", "riscv64")).failure();
    assert!(none.stderr.contains("tag all"), "{none}");
}

#[test]
fn filters_and_the_latest_choose_what_is_found() {
    let (world, _registries, artifact) = world();
    let found = |flags: &str| {
        let found = world.run(&format!("discover {artifact} {flags} --format json")).success().json();
        found["referrers"].as_array().unwrap().clone()
    };
    assert_eq!(found("--filter day=2024-05-01").len(), 1);
    assert_eq!(found("--filter day=2024-05-01 --filter x=y").len(), 0);
    let latest = found("--latest");
    assert_eq!((latest.len(), &latest[0]["artifactType"]), (1, &"sbom/example".into()));
    assert_eq!(latest[0]["referrers"].as_array().unwrap().len(), 1);
    let bad = world.run(&format!("discover {artifact} --filter day")).failure();
    assert!(bad.stderr.contains("expecting an annotation as <key>=<value>"), "{bad}");
}

#[test]
fn a_graph_is_drawn() {
    let (world, _registries, artifact) = world();
    for (format, begins, arrow) in
        [("mermaid", "flowchart LR\n", " --> "), ("dot", "digraph referrers {\n", " -> ")]
    {
        let drawn = world.run(&format!("discover {artifact} --format {format}")).success().stdout;
        assert!(drawn.starts_with(begins), "{drawn}");
        assert_eq!(drawn.matches(arrow).count(), 3, "{drawn}");
    }
    let _ = world.run(&format!("discover {artifact} -o dot")).failure();
}

#[test]
fn a_graph_is_deleted_as_a_whole() {
    for referrers_api in [true, false] {
        let (world, registry, artifact) = World::with_artifact(Setup { referrers_api, ..Setup::default() });
        attach(&world, &artifact, "sig/example", "2024-05-01");
        let sbom = attach(&world, &artifact, "sbom/example", "2024-05-02");
        attach(&world, &sbom, "sig/example", "2024-05-03");
        let _ = world.run(&format!("tag {artifact} stable")).success();
        let plan = world.run(&format!("manifest delete -r --dry-run {artifact}")).success().stdout;
        assert_eq!(plan.matches("Referrer sha256:").count(), 3, "{plan}");
        assert!(plan.contains("Tag      stable\n"), "{plan}");
        assert!(
            plan.ends_with("Would delete [registry] localhost:5000/hello:v1 and 3 referrers\n"),
            "{plan}"
        );
        assert_eq!(referrers(&world, &artifact), 3);
        let run = world.run_with_input(&format!("manifest delete -r {artifact}"), "n\n").success();
        assert!(run.stdout.contains("Operation cancelled."), "{run}");
        registry.clear_log();
        let _ = world.run(&format!("manifest delete -r --force {artifact}")).success();
        let log = registry.log();
        let deleted = log.iter().filter(|request| request.starts_with("DELETE hello/manifests/<digest> 202"));
        assert!(deleted.count() >= 4, "{log:#?}");
        let tags = world.run(&format!("repo tags {}", artifact.trim_end_matches(":v1")));
        if referrers_api {
            assert!(tags.failure().stderr.contains("repository name not known"));
            assert_eq!(world.run(&format!("repo ls {}", registry.address())).success().stdout, "");
        } else {
            // Older lists of the tag schema have no name, and nobody knows of them.
            assert_eq!(tags.success().stdout, "");
        }
    }
}

#[test]
fn what_an_index_has_in_it_is_not_deleted_before_the_index() {
    let (world, _registry, artifact) = World::with_artifact(Setup::default());
    let repository = artifact.trim_end_matches(":v1");
    let _ = world.run(&format!("manifest index create {repository}:all v1")).success();
    let _ = world.run(&format!("manifest index create {repository}:outer all")).success();
    let plan = world.run(&format!("manifest delete --dry-run {artifact}")).success().stdout;
    assert_eq!(plan.matches("Parent   sha256:").count(), 1, "{plan}");
    let refused = world.run_with_input(&format!("manifest delete -r {artifact}"), "y\n").failure();
    assert!(refused.stderr.contains("has it in it and stays"), "{refused}");
    let _ = world.run(&format!("manifest delete -r --force {artifact}")).success();
    let _ = world.run(&format!("resolve {artifact}")).failure();
}

#[test]
fn a_tag_goes_and_its_manifest_stays() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let repository = artifact.trim_end_matches(":v1");
    let _ = world.run(&format!("tag {artifact} v2 v3")).success();
    registry.clear_log();
    let run = world.run(&format!("tag --remove {artifact} {repository}:v2")).success();
    assert_eq!(
        run.stdout,
        "Removed [registry] localhost:5000/hello:v1\nRemoved [registry] localhost:5000/hello:v2\n"
    );
    assert_eq!(registry.log(), ["DELETE hello/manifests/v1 202", "DELETE hello/manifests/v2 202"]);
    assert_eq!(world.run(&format!("repo tags {repository}")).success().stdout, "v3\n");
    let none = world.run(&format!("tag --remove {artifact}")).failure();
    assert!(none.stderr.contains("not found"), "{none}");
    let digest = world.run(&format!("resolve {repository}:v3")).success().stdout;
    let _ = world.run(&format!("tag --remove {repository}@{}", digest.trim())).failure();
    let _ = world.run(&format!("cp {repository}:v3 --to-oci-layout lay:v1,v2")).success();
    let _ = world.run("tag --remove --oci-layout lay:v1").success();
    assert_eq!(world.run("repo tags --oci-layout lay").success().stdout, "v2\n");
}

#[test]
fn a_registry_that_does_not_remove_tags_alone_is_told() {
    let registry = Hostile::start(|_, _| answer(405).body(r#"{"errors":[{"code":"UNSUPPORTED"}]}"#));
    let world = World::new();
    let run = world.run(&format!("tag --remove --plain-http {}/r:v1", registry.address())).failure();
    assert!(run.stderr.contains("does not remove a tag alone, nothing was deleted"), "{run}");
}
