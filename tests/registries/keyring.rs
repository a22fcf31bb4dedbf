//! Secrets in a real keyring: gnome-keyring's Secret Service on a bus of its own, asked by ours and by crane.

use std::path::Path;

use crate::support::registry::{PASSWORD, USER};
use crate::support::{Registry, Run, STEADY, Setup, World};
use crate::with_peers;

/// Runs a script where there is a keyring that is not locked. What it keeps is there the next time.
fn session(world: &World, script: &str) -> Run {
    let before = "set -eu\nexport XDG_RUNTIME_DIR=$PWD/run PATH=\"$PWD/bin:$PATH\"\nmkdir -p -m 700 run\n\
        printf secret | gnome-keyring-daemon --unlock --components=secrets > daemon.log 2>&1\n";
    world.write("session.sh", format!("{before}{script}\n"));
    let mut run = world.run_other(Path::new("dbus-run-session"), "-- sh session.sh");
    // What the bus says of its own limits.
    let said = run.stderr.lines().filter(|line| !line.starts_with("dbus-daemon["));
    run.stderr = said.map(|line| line.to_owned() + "\n").collect();
    run
}

/// A registry with a password, and a world with our program under both of its names.
fn world() -> (World, Registry) {
    let (world, registry) = World::with_registry(Setup::passwords());
    std::fs::create_dir(world.path("bin")).unwrap();
    world.link("bin/oras", env!("CARGO_BIN_EXE_oras"));
    world.link("bin/docker-credential-oras", env!("CARGO_BIN_EXE_oras"));
    world.write("hi.txt", "hello\n");
    (world, registry)
}

#[test]
fn a_login_is_kept_in_the_keyring_and_nowhere_else() {
    with_peers(|peers| {
        let (world, registry) = world();
        let (host, crane) = (registry.address(), peers.join("crane"));
        // What was in the file before goes.
        registry.log_in(&world);
        let login = format!("printf {PASSWORD} | oras login {host} -u {USER} --password-stdin");
        let run =
            session(&world, &format!("{login} --keyring\noras push {host}/hello:v1 hi.txt {STEADY} > log"));
        assert_eq!(run.success().to_string(), "Login Succeeded\n");
        let config = std::fs::read_to_string(world.docker_config().join("config.json")).unwrap();
        let config: serde_json::Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config, serde_json::json!({"auths": {}, "credHelpers": {host: "oras"}}));
        // Another program asks, and the next login goes where the first one went.
        let script = format!(
            "{} ls {host}/hello\n{login}\noras logout {host}\noras repo tags {host}/hello",
            crane.display()
        );
        let run = session(&world, &script).failure();
        assert_eq!(run.stdout, "v1\nLogin Succeeded\n");
        assert!(run.stderr.contains("basic credential not found"), "{run}");
    });
}

#[test]
fn other_programs_store_and_erase_as_in_any_helper() {
    with_peers(|_| {
        let (world, _registry) = world();
        let script = r#"
            helper=docker-credential-oras
            echo '{"ServerURL":"https://a.example/v1/","Username":"u","Secret":"p \"q\""}' | $helper store
            echo '{"ServerURL":"b.example","Username":"<token>","Secret":"t"}' | $helper store
            $helper list
            echo https://a.example/v1/ | $helper get
            echo
            echo b.example | $helper erase
            echo b.example | $helper erase
            $helper list
            echo b.example | $helper get"#;
        let run = session(&world, script).failure();
        let expected = r#"{"b.example":"<token>","https://a.example/v1/":"u"}
{"ServerURL":"https://a.example/v1/","Username":"u","Secret":"p \"q\""}
{"https://a.example/v1/":"u"}
credentials not found in native keychain
"#;
        assert_eq!((run.stdout.as_str(), run.stderr.as_str()), (expected, ""));
    });
}
