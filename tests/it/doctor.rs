//! `doctor`: what it says of registries of every kind, what it writes, and when it fails.

use std::fs;

use oras::credentials::Credential;
use serde_json::Value;

use crate::support::hostile::{Hostile, answer};
use crate::support::{Registry, Setup, World};

/// A world with a registry, and a repository that is shown under the port of the documentation.
fn doctor(setup: Setup, line: &str) -> String {
    let (world, registry) = World::with_registry(setup);
    world.write("hi.txt", "hello\n");
    let _ = world.run(&format!("push {}/hello:v1,v2 hi.txt", registry.address())).success();
    // Addresses are as wide as they happen to be.
    let run = world.run(&line.replace("HOST", registry.address())).success();
    assert_eq!(run.stderr, "");
    let lines = run.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

/// The answers by the names of the checks.
fn answers(document: &Value) -> Vec<(String, String)> {
    let checks = document["checks"].as_object().unwrap();
    checks.iter().map(|(name, check)| (name.clone(), check["answer"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn of_a_registry_alone_most_is_not_known() {
    insta::assert_snapshot!(doctor(Setup::default(), "doctor HOST"), @"
    Check Answer Meaning
    API base http://localhost:5000/v2/ a registry answers there
    TLS no plain HTTP: whoever is on the way can read and change everything
    Authentication none nobody has to log in
    Credential none the registry does not ask for one
    Catalog yes repo ls lists the repositories
    Push not known whether anything can be pushed here (no repository is named)
    Repository not known whether its tags can be listed (no repository is named)
    Paging not known whether long lists of tags come page by page (no repository is named)
    Referrers API not known whether the registry itself lists what is attached (no repository is named)
    Ranges not known whether a download that breaks off goes on where it was (no repository is named)
    Mount not known whether cp within the registry sends its blobs (no repository is named)
    Chunks not known whether large blobs can be pushed in chunks (no repository is named)
    Chunk minimum not known whether --chunk-size may be small (no repository is named)
    Delete tags not known whether tag --remove works (no repository is named)
    Delete manifests not known whether manifest delete works (no repository is named)
    Delete blobs not known whether blob delete works (no repository is named)
    ");
}

#[test]
fn of_a_repository_what_reading_shows_is_known() {
    insta::assert_snapshot!(doctor(Setup::default(), "doctor HOST/hello"), @"
    Check Answer Meaning
    API base http://localhost:5000/v2/ a registry answers there
    TLS no plain HTTP: whoever is on the way can read and change everything
    Authentication none nobody has to log in
    Credential none the registry does not ask for one
    Catalog yes repo ls lists the repositories
    Push not known whether anything can be pushed here (only --write shows it)
    Repository yes it is there, and its tags can be listed
    Paging yes long lists of tags come page by page
    Referrers API yes the registry itself lists what is attached
    Ranges yes a download that breaks off goes on where it was, and a large one comes in parts
    Mount not known whether cp within the registry sends its blobs (only --write shows it)
    Chunks not known whether large blobs can be pushed in chunks (only --write shows it)
    Chunk minimum not known whether --chunk-size may be small (only --write shows it)
    Delete tags not known whether tag --remove works (only --write shows it)
    Delete manifests not known whether manifest delete works (only --write shows it)
    Delete blobs not known whether blob delete works (only --write shows it)
    ");
}

#[test]
fn with_write_everything_is_known_and_nothing_stays() {
    let (world, registry) = World::with_registry(Setup { referrers_api: false, ..Setup::default() });
    world.write("hi.txt", "hello\n");
    let repository = format!("{}/hello", registry.address());
    let _ = world.run(&format!("push {repository}:v1 hi.txt")).success();
    registry.clear_log();
    let document = world.run(&format!("doctor --write {repository} --format json")).success().json();
    let unknown = ["credential"];
    for (name, answer) in answers(&document) {
        assert_eq!(answer == "unknown", unknown.contains(&name.as_str()), "{name}: {answer}");
    }
    assert_eq!(document["checks"]["referrers"]["answer"], "no");
    assert_eq!(document["leftBehind"], Value::Array(Vec::new()));
    assert_eq!(world.run(&format!("repo tags {repository}")).success().stdout, "v1\n");
    let _ = world.run(&format!("pull {repository}:v1 -o out")).success();
    // All that was stored was removed by its own name.
    let count = |beginning: &str| registry.log().iter().filter(|line| line.starts_with(beginning)).count();
    assert_eq!(count("DELETE hello/blobs/<digest>"), 1, "{:#?}", registry.log());
    assert_eq!(count("DELETE hello/manifests/"), 2, "{:#?}", registry.log());
}

#[test]
fn who_is_let_in_is_told_and_never_the_secret() {
    for (setup, scheme) in [(Setup::passwords(), "basic"), (Setup::tokens(), "bearer")] {
        let (world, registry) = World::with_registry(setup);
        registry.log_in(&world);
        let host = registry.address();
        let run = world.run(&format!("doctor {host} --format json")).success();
        let checks = &run.json()["checks"];
        assert_eq!(checks["authentication"]["scheme"], scheme);
        assert_eq!(checks["credential"]["answer"], "yes");
        assert_eq!(checks["credential"]["username"], "alice");
        assert!(checks["credential"]["file"].as_str().unwrap().ends_with("config.json"), "{run}");
        let text = world.run(&format!("doctor {host} -u alice -p wonderland")).success();
        assert!(text.stdout.contains("as typed; the registry takes it"), "{text}");
        for run in [run, text] {
            assert!(!run.to_string().contains("wonderland"), "{run}");
            assert!(!run.to_string().contains("YWxpY2U6"), "{run}");
        }
    }
}

#[test]
fn who_is_not_let_in_is_told_what_is_known_and_fails() {
    for setup in [Setup::passwords(), Setup::tokens()] {
        let (world, registry) = World::with_registry(setup);
        for flags in ["", "-u alice -p wrong"] {
            let run = world.run(&format!("doctor {}/hello {flags}", registry.address())).failure();
            assert!(run.stdout.contains("\nAuthentication   "), "{run}");
            assert!(
                run.stdout.contains(if flags.is_empty() { "wants one" } else { "does not take it" }),
                "{run}"
            );
            assert!(!run.stdout.contains("Ranges"), "{run}");
            assert!(run.stderr.contains("Error"), "{run}");
        }
    }
}

#[test]
fn a_host_that_is_no_registry_fails() {
    let world = World::new();
    let gone = Registry::start(Setup::default()).address().to_owned();
    let run = world.run(&format!("doctor {gone} --retry 0")).failure();
    assert!(run.stdout.is_empty() && run.stderr.starts_with("Error"), "{run}");
    let pages = Hostile::start(|_, _| answer(404).body("<html>"));
    let run = world.run(&format!("doctor {} --plain-http", pages.address())).failure();
    assert!(run.stdout.is_empty() && run.stderr.contains("404"), "{run}");
    let run = world.run("doctor --write localhost:1").failure();
    assert!(run.stderr.contains("--write needs a repository"), "{run}");
    let run = world.run("doctor localhost:1/a:v1").failure();
    assert!(run.stderr.contains("invalid repository"), "{run}");
}

#[test]
fn what_a_hostile_registry_says_is_escaped_bounded_and_no_reason_to_fail() {
    let world = World::new();
    let hostile = Hostile::start(|asked, _| match asked.line.as_str() {
        "GET /v2/" => answer(200).body("{}"),
        line if line.contains("_catalog") => answer(200).endless("x".repeat(65536)),
        line if line.contains("tags/list") => {
            answer(400).body(r#"{"errors":[{"code":"EVIL","message":"\u001b[2J\nCheck"}]}"#)
        }
        line if line.contains("/referrers/") => {
            answer(200).header("Content-Type", "text/html").body("<html>")
        }
        _ => answer(404),
    });
    let run = world.run(&format!("doctor {}/r --plain-http --retry 0", hostile.address())).success();
    assert!(run.stdout.contains("\nCatalog            not known "), "{run}");
    assert!(run.stdout.contains("than the limit of 4194304 bytes)"), "{run}");
    assert!(run.stdout.contains(r"evil: \x1b[2J\x0aCheck"), "{run}");
    assert!(!run.stdout.contains('\u{1b}'), "{run}");
    assert!(hostile.asked().iter().all(|asked| asked.line.starts_with("GET ")), "{:?}", hostile.asked());
}

#[test]
fn a_credential_is_not_sent_where_nobody_asks_for_it() {
    let (world, registry) = World::with_registry(Setup::default());
    let hostile = Hostile::start(|_, _| answer(200).body("{}"));
    let auth =
        Credential { username: "alice".to_owned(), password: "wonderland".into(), ..Credential::default() };
    let login = format!("login {} -u {} --password-stdin", registry.address(), auth.username);
    let _ = world.run_with_input(&login, auth.password.expose()).success();
    let file = world.docker_config().join("config.json");
    let config = fs::read_to_string(&file).unwrap().replace(registry.address(), &hostile.address());
    fs::write(file, config).unwrap();
    let run = world.run(&format!("doctor {} --plain-http", hostile.address())).success();
    assert!(run.stdout.contains("config.json; the registry does not ask"), "{run}");
    assert!(!hostile.has_heard("YWxpY2U6"), "{:?}", hostile.asked());
}
