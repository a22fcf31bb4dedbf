//! Registries that give something else than what was asked for, or too much of it.

use oras::oci::Digest;

use crate::support::World;
use crate::support::hostile::{Answer, Artifact, Hostile, INDEX, MANIFEST, answer, image, manifest};

/// Pulls from a registry with these things and returns what was said. An old file stays, and nothing else is there.
#[track_caller]
fn refused(things: Vec<(String, Answer)>, says: &str) -> Hostile {
    let (world, registry) = (World::new(), Hostile::registry(things));
    world.write("out/old.txt", "old");
    let run = world.run(&format!("pull --plain-http {}/r:v1 -o out", registry.address())).failure();
    assert!(run.stderr.contains(says), "{says}\n{run}");
    assert!(!run.stderr.contains('\u{1b}') && run.stderr.len() < 4000, "{run}");
    assert_eq!(world.tree(), ["out/", "out/old.txt 3"], "{run}");
    assert!(world.left_over().is_empty());
    registry
}

fn good() -> Artifact {
    Artifact::new(&[("old.txt", b"hello", ""), ("dir/new.txt", b"second", "")])
}

#[test]
fn a_blob_that_is_not_what_its_digest_says_gets_no_name() {
    for (other, says) in [
        (answer(200).body("HELLO"), "mismatched digest"),
        (answer(200).body("hell"), "mismatch Content-Length"),
        (answer(200).body("hello and more"), "mismatch Content-Length"),
        (answer(200).endless("hello"), "content is longer than the 5 bytes"),
        (answer(200), "content of 0 bytes"),
        (answer(200).header("Docker-Content-Digest", "sha256:../../x").body("hello"), "invalid"),
        (
            answer(200).header("Docker-Content-Digest", &Digest::of(b"x").to_string()).body("hello"),
            "digest mismatch",
        ),
        (answer(204), "204"),
        (answer(206).body("hello"), "206"),
        (answer(299).body("hello"), "299"),
        (answer(404).header("Content-Type", "text/html").endless("<html>\u{1b}[2J"), "not found"),
        (
            answer(418).body(r#"{"errors":[{"code":"A","message":"\u001b[2J\u009b\u202e"}]}"#),
            r"\x1b[2J\x9b\u{202e}",
        ),
    ] {
        refused(good().but(0, other), says);
    }
}

#[test]
fn a_manifest_that_is_none_is_told_and_bounded() {
    let deep = format!(r#"{{"layers":{}"#, "[".repeat(100_000));
    let with = |layers: &str| manifest(MANIFEST, &image(layers));
    let layer = |digest: &str, size: &str| {
        with(&format!(
            r#"{{"mediaType":"a/b","digest":"{digest}","size":{size},"annotations":{{"org.opencontainers.image.title":"x"}}}}"#
        ))
    };
    let hex = "a".repeat(64);
    for (other, says) in [
        (answer(200).header("Content-Type", "text/html").body("<html></html>"), "not found"),
        (answer(200).body("{}"), "no media type"),
        (manifest(MANIFEST, "<html>\u{1b}[2J</html>"), "invalid"),
        (manifest(MANIFEST, &deep), "invalid"),
        (answer(200).header("Content-Type", MANIFEST).endless(" "), "limit of 4194304 bytes"),
        (
            manifest(MANIFEST, "{}").header("Docker-Content-Digest", &format!("sha256:{hex}")),
            "mismatched digest",
        ),
        (layer(&format!("sha256:{hex}"), "-1"), "invalid"),
        (layer(&format!("sha256:{hex}"), "1e30"), "invalid"),
        (layer(&format!("sha256:{hex}"), "18446744073709551615"), "not found"),
        (layer(&format!("md5:{hex}"), "1"), "unsupported digest algorithm"),
        (layer("sha256:../../../../etc/passwd", "1"), "invalid"),
        (layer(&format!("sha256:{}\\u001b", "a".repeat(63)), "1"), "invalid"),
    ] {
        refused(vec![("manifests/v1".to_owned(), other)], says);
    }
}

#[test]
fn headers_without_end_end_the_answer() {
    let mut other = answer(200);
    for number in 0..5000 {
        other = other.header(&format!("X-{number}"), &"a".repeat(500));
    }
    refused(vec![("manifests/v1".to_owned(), other.body("{}"))], "malformed HTTP response");
}

#[test]
fn many_thousand_layers_are_taken_one_by_one() {
    let digest = Digest::of(b"x");
    let layers = vec![format!(r#"{{"mediaType":"a/b","digest":"{digest}","size":1}}"#); 30_000].join(",");
    let things = [("manifests/v1".to_owned(), manifest(MANIFEST, &image(&layers)))];
    let (world, registry) = (World::new(), Hostile::registry(things));
    let _ = world.run(&format!("pull --plain-http {}/r:v1 -o out", registry.address())).success();
    assert!(world.tree().is_empty());
}

#[test]
fn an_index_that_names_itself_and_wrong_manifests_gets_nothing_written() {
    let wrong = Digest::of(b"what the registry does not give");
    let index = |digest: &Digest| {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{INDEX}","digest":"{digest}","size":9}}]}}"#
        )
    };
    let text = index(&wrong);
    let inner = index(&wrong).replace(r#""size":9"#, &format!(r#""size":{}"#, text.len() + 2));
    let things = vec![
        ("manifests/v1".to_owned(), manifest(INDEX, &inner)),
        (format!("manifests/{wrong}"), manifest(INDEX, &inner)),
    ];
    refused(things, "mismatch");
}

#[test]
fn lists_end_although_the_registry_does_not() {
    let endless = Hostile::start(|asked, _| {
        let path = asked.line.split(' ').nth(1).unwrap_or_default();
        let page = answer(200).header("Content-Type", "application/json");
        match path {
            "/v2/circle/tags/list" => page
                .header("Link", "</v2/circle/tags/list?last=a>; rel=\"next\"")
                .body(r#"{"tags":["a\u001b[2J","../b"]}"#),
            "/v2/circle/tags/list?last=a" => {
                page.header("Link", "</v2/circle/tags/list>; rel=\"next\"").body(r#"{"tags":["c"]}"#)
            }
            "/v2/foreign/tags/list" => {
                page.header("Link", "<http://127.0.0.1:1/x>; rel=\"next\"").body(r#"{"tags":["a"]}"#)
            }
            "/v2/huge/tags/list" => page.endless("                "),
            _ => answer(404),
        }
    });
    let world = World::new();
    for (name, says) in
        [("circle", "already read"), ("foreign", "not the same origin"), ("huge", "limit of 4194304 bytes")]
    {
        let run = world.run(&format!("repo tags --plain-http {}/{name}", endless.address())).failure();
        assert!(run.stderr.contains(says), "{run}");
        assert!(!run.stdout.contains('\u{1b}'), "{run}");
    }
}

#[test]
fn referrers_that_are_made_up_without_end_come_to_one() {
    let root = image("");
    let registry = Hostile::start(move |asked, _| {
        let path = asked.line.split([' ', '?']).nth(1).unwrap_or_default();
        if path.ends_with("/manifests/v1") {
            return manifest(MANIFEST, &root);
        }
        let Some((_, subject)) = path.split_once("/referrers/") else { return answer(404) };
        let next = Digest::of(subject.as_bytes());
        // Of a type in which nobody can look whether it names the subject.
        let entry = format!(r#"{{"mediaType":"x/y","digest":"{next}","size":9,"artifactType":"a/b"}}"#);
        // Itself, one that is new each time, and things that are no descriptors.
        let itself = entry.replace(&next.to_string(), subject);
        let list = format!(r#"{{"schemaVersion":2,"manifests":[{itself},{entry},7,{{"digest":"../x"}}]}}"#);
        manifest(INDEX, &list)
    });
    let world = World::new();
    let artifact = format!("{}/r:v1", registry.address());
    let run = world.run(&format!("discover --plain-http {artifact}")).failure();
    assert!(run.stderr.contains("more than 1000 levels of referrers"), "{run}");
    let run = world.run(&format!("cp -r --from-plain-http {artifact} --to-oci-layout copy:v1")).failure();
    assert!(run.stderr.contains("more than 1000 levels of referrers"), "{run}");
}
