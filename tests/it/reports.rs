//! What programs read on stderr: a failure as one line of JSON, and events as they happen.

use std::ffi::OsStr;

use serde_json::Value;

use crate::support::faults::{Fault, Faults, On};
use crate::support::registry::PASSWORD;
use crate::support::{Run, STEADY, Setup, World};

/// What is said on stderr, each line of which must be an object that says what it is.
#[track_caller]
fn events(run: &Run) -> Vec<Value> {
    let read = |line: &str| {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}\n{run}"));
        assert!(event["event"].is_string(), "{line}");
        event
    };
    run.stderr.lines().map(read).collect()
}

/// The same in few words, without what differs from run to run.
fn told(run: &Run) -> String {
    let digests = short_digests(&run.stderr);
    let times = |line: &str| line.find(",\"seconds\":").or_else(|| line.find(",\"pause\":"));
    let steady = |line: &str| match times(line) {
        Some(end) => format!("{}}}\n", &line[..end]),
        None => format!("{line}\n"),
    };
    digests.lines().map(steady).collect()
}

/// Digests with twelve letters.
fn short_digests(text: &str) -> String {
    let short = |piece: &str| {
        let end = piece.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(piece.len());
        format!("{}{}", &piece[..end.min(12)], &piece[end..])
    };
    let mut pieces = text.split("sha256:");
    let first = pieces.next().unwrap_or_default().to_owned();
    [first].into_iter().chain(pieces.map(short)).collect::<Vec<_>>().join("sha256:")
}

#[test]
fn a_failure_is_one_line_whatever_fails() {
    let (world, _registry, artifact) = World::with_artifact(Setup::default());
    let repository = artifact.trim_end_matches(":v1");
    let mut said = String::new();
    for line in [
        "bogus",
        "pus",
        "push --bogus",
        "pull -x",
        "repo ls",
        "push foo hi.txt",
        &format!("pull {repository}:none"),
        &format!("repo tags {repository}/none"),
        &format!("cp {repository}:none {repository}:v2"),
        &format!("pull {artifact} --oci-layout --oci-layout-path x"),
    ] {
        let run = world.run(&format!("{line} --error-format json")).failure();
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
        assert_eq!(events(&run)[0]["event"], "error");
        said.push_str(&run.stderr.replace("{\"event\":\"error\",", "{"));
    }
    insta::assert_snapshot!(said, @r#"
    {"message":"unknown command \"bogus\" for \"oras\"","code":"USAGE","status":null,"host":null,"hint":"Run 'oras --help' for usage."}
    {"message":"unknown command \"pus\" for \"oras\"\n\nDid you mean this?\n\tpull\n\tpush\n","code":"USAGE","status":null,"host":null,"hint":"Run 'oras --help' for usage."}
    {"message":"unknown flag: --bogus","code":"USAGE","status":null,"host":null,"hint":null}
    {"message":"unknown shorthand flag: 'x' in -x","code":"USAGE","status":null,"host":null,"hint":null}
    {"message":"\"oras repo ls\" requires exactly 1 argument but got 0","code":"USAGE","status":null,"host":null,"hint":"Usage: oras repo ls [flags] <registry>\nPlease specify exactly 1 argument as the target registry to list repositories from. Run \"oras repo ls -h\" for more options and examples"}
    {"message":"\"foo\": invalid reference: missing registry or repository","code":"INVALID_REFERENCE","status":null,"host":null,"hint":"Please make sure the provided reference is in the form of <registry>/<repo>[:tag|@digest]"}
    {"message":"Error response from registry: localhost:5000/hello:none: not found","code":"MANIFEST_UNKNOWN","status":404,"host":"localhost:5000","hint":null}
    {"message":"Error response from registry: name unknown: repository name not known to registry","code":"NAME_UNKNOWN","status":404,"host":"localhost:5000","hint":null}
    {"message":"Error from source registry for \"localhost:5000/hello:none\": localhost:5000/hello:none: not found","code":"MANIFEST_UNKNOWN","status":404,"host":"localhost:5000","hint":null}
    {"message":"--oci-layout-path, --oci-layout cannot be used at the same time","code":"USAGE","status":null,"host":null,"hint":null}
    "#);
}

#[test]
fn the_code_says_what_kind_of_failure_it_is() {
    let (world, registry, artifact) = World::with_artifact(Setup::default());
    let repository = artifact.trim_end_matches(":v1");
    let faults = Faults::before(registry.address(), [(On::Blob, 0..9, Fault::Answer(429, &[]))]);
    for (line, code) in [
        ("push localhost:1/hello:v1 nofile", "FILE"),
        ("pull localhost:1/hello:v1 --retry 0", "UNREACHABLE"),
        ("resolve --oci-layout none:v1", "NOT_FOUND"),
        ("restore --input none localhost:1/hello", "NOT_FOUND"),
        ("restore --input hi.txt localhost:1/hello", "INVALID"),
        ("login :x -u a -p b", "INVALID_REFERENCE"),
        ("whoami localhost:1", "NO_CREDENTIAL"),
        (&format!("blob push {repository} hi.txt --size 7"), "MISMATCH"),
        (&format!("manifest push {repository}:v2 hi.txt"), "INVALID"),
        (&format!("tag {artifact}"), "USAGE"),
        (&format!("pull {}/hello:v1 -o out --retry 0", faults.address()), "TOOMANYREQUESTS"),
    ] {
        let run = world.run(&format!("{line} --error-format json")).failure();
        let last: Value = serde_json::from_str(run.stderr.lines().last().unwrap()).unwrap();
        assert_eq!((&last["code"], &last["event"]), (&code.into(), &"error".into()), "{line}\n{run}");
    }
}

#[test]
fn a_refusal_has_the_code_of_the_registry_its_status_and_its_host() {
    let (world, registry) = World::with_registry(Setup::passwords());
    let at =
        |flags: &str| world.run(&format!("pull {}/hello:v1 --error-format json {flags}", registry.address()));
    let none = &events(&at("").failure())[0];
    assert_eq!((&none["code"], &none["status"]), (&"NO_CREDENTIAL".into(), &Value::Null));
    assert_eq!(none["host"], "localhost:5000");
    assert!(none["hint"].as_str().unwrap().starts_with("Please check whether the registry credential"));
    let run = at("-u alice -p wrong-secret").failure();
    assert!(!run.stderr.contains("wrong-secret") && !run.stderr.contains(PASSWORD), "{run}");
    let last = run.stderr.lines().last().unwrap();
    let wrong: Value = serde_json::from_str(last).unwrap();
    assert_eq!((&wrong["code"], &wrong["status"]), (&"UNAUTHORIZED".into(), &401.into()));
    assert_eq!(wrong["host"], "localhost:5000");
}

#[test]
fn the_form_can_be_in_the_environment_and_text_is_the_usual_one() {
    let world = World::new();
    let with = |line: &str, value: &str| {
        world.run_with(line, "", &[("ORAS_ERROR_FORMAT", OsStr::new(value))]).failure().stderr
    };
    assert!(with("push --bogus", "json").starts_with("{\"event\":\"error\","));
    assert!(with("pull foo", "json").starts_with("{\"event\":\"error\","));
    assert!(with("pull foo --error-format text", "json").starts_with("Error: "));
    assert!(with("push --bogus --error-format=text", "json").starts_with("Error: "));
    assert!(with("pull foo", "").starts_with("Error: "));
    assert!(with("pull foo --progress json", "text").contains("{\"event\":\"error\","));
    let wrong = "Error: ORAS_ERROR_FORMAT is \"xml\", but should be text or json\n";
    assert_eq!(with("version", "xml"), wrong);
    assert_eq!(with("--bogus", "xml"), "Error: unknown flag: --bogus\n");
    assert_eq!(with("pull foo --error-format json", "xml").lines().count(), 1);
    let refused = |line: &str| world.run(line).failure().stderr;
    assert!(refused("pull foo --format json").starts_with("Error: "));
    assert_eq!(
        refused("pull foo --error-format xml"),
        "Error: invalid argument \"xml\" for \"--error-format\" flag: must be text or json\n"
    );
    assert_eq!(
        refused("pull foo --progress bar"),
        "Error: invalid argument \"bar\" for \"--progress\" flag: must be auto, plain or json\n"
    );
    assert!(
        refused("resolve foo --progress json").starts_with("{\"event\":\"error\","),
        "it has no progress"
    );
}

#[test]
fn each_event_has_a_line_in_place_of_status_lines() {
    let (mut world, registry, artifact) = World::with_artifact(Setup::default());
    let push = world
        .run(&format!("push {artifact} hi.txt -a k=v --progress json --concurrency 1 {STEADY}"))
        .success();
    insta::assert_snapshot!(push.stdout, @"
    Pushed [registry] localhost:5000/hello:v1
    ArtifactType: application/vnd.unknown.artifact.v1
    Digest: sha256:7eddb57b0311f9dc506a4a448f1b643f3fb65a149aeab9827abffe4e44f7f706
    ");
    insta::assert_snapshot!(told(&push), @r#"
    {"event":"preparing","name":"hi.txt"}
    {"event":"exists","name":null,"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3","size":2}
    {"event":"exists","name":"hi.txt","mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5","size":6}
    {"event":"started","name":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:7eddb57b0311","size":592}
    {"event":"done","name":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:7eddb57b0311","size":592}
    {"event":"summary","done":1,"exists":2,"skipped":0,"mounted":0,"restored":0,"failed":0,"bytes":592}
    "#);
    let cp = world
        .run(&format!("cp {artifact} {}/other:v1 --progress json --concurrency 1", registry.address()))
        .success();
    insta::assert_snapshot!(told(&cp), @r#"
    {"event":"mounted","name":null,"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3","size":2}
    {"event":"mounted","name":"hi.txt","mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5","size":6}
    {"event":"started","name":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:7eddb57b0311","size":592}
    {"event":"done","name":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:7eddb57b0311","size":592}
    {"event":"summary","done":1,"exists":0,"skipped":0,"mounted":2,"restored":0,"failed":0,"bytes":592}
    "#);
    let table = [(On::Blob, 0..1, Fault::Cut(2))];
    let faults = Faults::before(registry.address(), table);
    world.show(faults.address(), "localhost:5000");
    let pull = format!("pull {}/hello:v1 -o out --progress json", faults.address());
    let pull = world.run(&pull).success();
    insta::assert_snapshot!(told(&pull), @r#"
    {"event":"started","name":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:7eddb57b0311","size":592}
    {"event":"started","name":"hi.txt","mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5","size":6}
    {"event":"retry","method":"GET","url":"http://localhost:5000/v2/hello/blobs/sha256:5891b5b522d5","bytes":2,"size":6,"reason":"unexpected EOF","attempt":1,"attempts":5}
    {"event":"done","name":"hi.txt","mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:5891b5b522d5","size":6}
    {"event":"done","name":null,"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:7eddb57b0311","size":592}
    {"event":"summary","done":2,"exists":0,"skipped":0,"mounted":0,"restored":0,"failed":0,"bytes":598}
    "#);
    let printed = world.run(&format!("pull {artifact} -o - --progress json -v")).success();
    assert_eq!(printed.stdout, "hello\n");
    assert_eq!(events(&printed)[0]["event"], "warning");
}

#[test]
fn what_happened_is_summed_up_before_the_failure() {
    let (world, _registry, artifact) = World::with_artifact(Setup::default());
    world.write("out/hi.txt/in-the-way", "");
    let run = world.run(&format!("pull {artifact} -o out --progress json --debug")).failure();
    let events = events(&run);
    let names: Vec<&str> =
        events.iter().rev().take(2).map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(names, ["error", "summary"]);
    assert!(events.iter().any(|event| event["event"] == "failed" && event["name"] == "hi.txt"), "{run}");
    assert!(events.iter().any(|event| event["event"] == "debug"), "{run}");
}

#[test]
fn a_hostile_name_is_whole_and_moves_no_cursor() {
    let (world, _registry, artifact) = World::with_artifact(Setup::default());
    let title = "a\u{1b}[31mb\u{202e}.txt";
    let titles = serde_json::json!({ "hi.txt": { "org.opencontainers.image.title": title } });
    world.write("titles.json", titles.to_string());
    let line = format!("push {artifact} hi.txt --annotation-file titles.json --progress json --force");
    let run = world.run(&line).success();
    assert!(!run.stderr.contains(['\u{1b}', '\u{202e}']), "{run}");
    assert!(events(&run).iter().any(|event| event["name"] == title), "{run}");
}

#[test]
fn plain_progress_keeps_the_status_lines() {
    let (world, _registry, artifact) = World::with_artifact(Setup::default());
    let lines = |flag: &str| world.run(&format!("pull {artifact} -o out {flag}")).success();
    assert_eq!(lines("--progress plain"), lines(""));
    assert_eq!(lines("--progress auto"), lines(""));
}
