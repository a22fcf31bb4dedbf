//! What is told while something is tried again, and the flags for it.

use std::ffi::OsStr;

use crate::support::faults::{Fault, Faults, On};
use crate::support::{Run, Setup, World};

/// A pull of `hello:v1` through faults.
fn pull(table: &[(On, std::ops::Range<usize>, Fault)], flags: &str, variables: &[(&str, &OsStr)]) -> Run {
    let (mut world, registry, _) = World::with_artifact(Setup::default());
    let faults = Faults::before(registry.address(), table);
    world.show(faults.address(), "localhost:5000");
    world.run_with(&format!("pull {}/hello:v1 {flags} --no-tty", faults.address()), "", variables)
}

#[test]
fn each_try_has_a_line() {
    let table = [
        (On::Tagged, 0..1, Fault::Answer(503, &[])),
        (On::Blob, 0..1, Fault::Cut(2)),
        (On::Blob, 1..2, Fault::Reset(0)),
        (On::Blob, 2..3, Fault::Cut(1)),
    ];
    let run = pull(&table, "", &[]).success();
    insta::assert_snapshot!(run.stderr, @r#"
    Retrying (1 of 5): GET "http://localhost:5000/v2/hello/manifests/v1": response status code 503: Service Unavailable
    Retrying (1 of 5): GET "http://localhost:5000/v2/hello/blobs/sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" stopped at 2 of 6 bytes: unexpected EOF
    Retrying (2 of 5): GET "http://localhost:5000/v2/hello/blobs/sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03": read: connection reset by peer
    Retrying (1 of 5): GET "http://localhost:5000/v2/hello/blobs/sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" stopped at 3 of 6 bytes: unexpected EOF
    "#);
}

#[test]
fn so_many_tries_are_made_without_progress_and_no_more() {
    let blob = |times| [(On::Blob, 0..times, Fault::Cut(0))];
    assert_eq!(pull(&blob(2), "--retry 2", &[]).success().stderr.lines().count(), 2);
    let run = pull(&blob(3), "--retry 2", &[]).failure();
    assert!(run.stderr.contains("unexpected EOF"), "{run}");
    // Each byte is progress.
    let table = [(On::Blob, 0..5, Fault::Cut(1))];
    assert_eq!(pull(&table, "--retry 1", &[]).success().stderr.lines().count(), 5);
    let run = pull(&table, "--retry 0", &[]).failure();
    assert!(!run.stderr.contains("Retrying"), "{run}");
    assert_eq!(pull(&blob(1), "", &[("ORAS_RETRY", OsStr::new("1"))]).success().stderr.lines().count(), 1);
    let run = pull(&blob(1), "", &[("ORAS_RETRY", OsStr::new("0"))]).failure();
    assert!(!run.stderr.contains("Retrying"), "{run}");
    let run = pull(&blob(1), "--retry 1", &[("ORAS_RETRY", OsStr::new("0"))]);
    assert_eq!(run.success().stderr.lines().count(), 1);
}

#[test]
fn what_stands_still_is_tried_again() {
    let table = [(On::Tagged, 0..1, Fault::Silence), (On::Blob, 0..1, Fault::Stall(2))];
    let run = pull(&table, "--timeout 300ms", &[]).success();
    insta::assert_snapshot!(run.stderr, @r#"
    Retrying (1 of 5): GET "http://localhost:5000/v2/hello/manifests/v1": no answer, and no byte moved, for 300ms
    Retrying (1 of 5): GET "http://localhost:5000/v2/hello/blobs/sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03" stopped at 2 of 6 bytes: no byte came for 300ms
    "#);
    let run = pull(&table, "--retry 0", &[("ORAS_TIMEOUT", OsStr::new("200ms"))]).failure();
    insta::assert_snapshot!(run.stderr, @r#"Error: Get "http://localhost:5000/v2/hello/manifests/v1": no answer, and no byte moved, for 200ms"#);
}

#[test]
fn a_registry_that_wants_too_long_a_pause_is_named() {
    let table = [(On::Tagged, 0..1, Fault::Answer(503, &[("Retry-After", "301")]))];
    insta::assert_snapshot!(pull(&table, "", &[]).failure().stderr, @r#"Error: Get "http://localhost:5000/v2/hello/manifests/v1": the server asks to wait 301 seconds (Retry-After), beyond the 300 seconds that are waited at most"#);
}

#[test]
fn a_copy_goes_on_where_its_source_broke_and_sends_everything_once() {
    let (world, registry, _) = World::with_artifact(Setup::default());
    let table = [(On::Blob, 0..2, Fault::Cut(1))];
    let (from, to) = (Faults::before(registry.address(), table), Faults::before(registry.address(), []));
    let line = format!("cp {}/hello:v1 {}/other:v1 --no-tty", from.address(), to.address());
    let run = world.run(&line).success();
    assert_eq!(run.stderr.lines().count(), 2, "{run}");
    let sent: usize = to.seen_of(On::End).iter().map(|seen| seen.received).sum();
    // The file and the empty config.
    assert_eq!(sent, "hello\n".len() + "{}".len());
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let world = World::new();
    let told = |flags: &str, variables: &[(&str, &OsStr)]| {
        world.run_with(&format!("pull localhost:1/hello:v1 {flags}"), "", variables).failure().stderr
    };
    for (flags, message) in [
        ("--retry -1", "invalid argument \"-1\" for \"--retry\" flag: must be between 0 and 4294967295"),
        (
            "--retry x",
            "invalid argument \"x\" for \"--retry\" flag: strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
        (
            "--timeout 5",
            "invalid argument \"5\" for \"--timeout\" flag: time: missing unit in duration \"5\"",
        ),
        ("--timeout -5s", "invalid argument \"-5s\" for \"--timeout\" flag: \"-5s\" is negative"),
    ] {
        assert_eq!(told(flags, &[]), format!("Error: {message}\n"));
    }
    for (name, value, wanted) in [
        ("ORAS_RETRY", "many", "a number of tries, such as 5"),
        ("ORAS_TIMEOUT", "5", "a duration, such as 30s or 1m30s"),
    ] {
        let told = told("", &[(name, OsStr::new(value))]);
        assert_eq!(told, format!("Error: {name} is {value:?}, but should be {wanted}\n"));
    }
}
