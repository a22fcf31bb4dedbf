//! `login` and `logout`, and how credentials are used afterwards.

#[cfg(unix)]
use std::fs;

use crate::support::{Registry, Setup, World};

fn world(setup: Setup) -> (World, Registry) {
    let (world, registry) = World::with_registry(setup);
    world.write("hi.txt", "hello\n");
    (world, registry)
}

#[test]
fn without_a_login_nothing_is_allowed() {
    for setup in [Setup::passwords(), Setup::tokens()] {
        let (world, registry) = world(setup);
        let run = world.run(&format!("push {}/hello:v1 hi.txt", registry.address())).failure();
        assert!(run.stderr.starts_with("Error"), "{run}");
    }
}

#[test]
fn after_a_login_everything_is_until_the_logout() {
    for setup in [Setup::passwords(), Setup::tokens()] {
        let (world, registry) = world(setup);
        registry.log_in(&world);
        let _ = world.run(&format!("push {}/hello:v1 hi.txt", registry.address())).success();
        let _ = world.run(&format!("pull {}/hello:v1 -o out", registry.address())).success();
        assert_eq!(world.run(&format!("logout {}", registry.address())).success().to_string(), "");
        let _ = world.run(&format!("pull {}/hello:v1 -o out", registry.address())).failure();
    }
}

#[test]
fn a_wrong_password_is_refused_and_not_stored() {
    let (world, registry) = world(Setup::passwords());
    let run =
        world.run_with_input(&format!("login {} -u alice --password-stdin", registry.address()), "wrong\n");
    let run = run.failure();
    assert!(run.stderr.contains("unauthorized"), "{run}");
    assert!(!world.docker_config().join("config.json").exists());
}

#[test]
fn a_missing_password_is_asked_for() {
    let (world, registry) = world(Setup::passwords());
    let run = world.run_with_input(&format!("login {}", registry.address()), "alice\nwonderland\n");
    insta::assert_snapshot!(run.success(), @"Username: Password: Login Succeeded");
}

#[test]
fn a_password_on_the_command_line_works_and_is_warned_of() {
    let (world, registry) = world(Setup::passwords());
    let run =
        world.run(&format!("push {}/hello:v1 hi.txt -u alice -p wonderland", registry.address())).success();
    assert_eq!(run.stderr, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
}

#[cfg(unix)]
#[test]
fn the_file_is_private_and_keeps_what_others_wrote() {
    use std::os::unix::fs::PermissionsExt;
    let (world, registry) = world(Setup::passwords());
    fs::create_dir_all(world.docker_config()).unwrap();
    let file = world.docker_config().join("config.json");
    fs::write(&file, r#"{"psFormat":"table","auths":{"other.example":{"auth":"YTpi"}}}"#).unwrap();
    registry.log_in(&world);
    let config: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(config["psFormat"], "table");
    assert_eq!(config["auths"]["other.example"]["auth"], "YTpi");
    assert!(config["auths"][registry.address()]["auth"].is_string());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

/// A config file with the user of the registries here under this key, and another one under that of the host.
fn config(registry: &Registry, key: &str) -> String {
    let (host, right, wrong) = (registry.address(), "YWxpY2U6d29uZGVybGFuZA==", "YWxpY2U6d3Jvbmc=");
    let key = key.replace("HOST", host);
    let others = if key == host { String::new() } else { format!(r#","{host}":{{"auth":"{wrong}"}}"#) };
    format!(r#"{{"auths":{{"{key}":{{"auth":"{right}"}}{others}}}}}"#)
}

#[test]
fn the_files_of_podman_are_asked_where_dockers_knows_nothing() {
    let (world, registry) = world(Setup::passwords());
    let line = format!("push {}/hello:v1 hi.txt", registry.address());
    for (variable, value) in [("REGISTRY_AUTH_FILE", "containers/auth.json"), ("XDG_RUNTIME_DIR", "")] {
        let path = world.path(value);
        let variables = [(variable, path.as_os_str())];
        world.write("containers/auth.json", "{");
        let run = world.run_with(&line, "", &variables).failure();
        assert!(run.stderr.contains("containers/auth.json: invalid config format"), "{run}");
        let before = config(&registry, "HOST");
        world.write("containers/auth.json", &before);
        let _ = world.run_with(&line, "", &variables).success();
        let _ = world.run_with(&format!("logout {}", registry.address()), "", &variables).success();
        assert_eq!(world.read("containers/auth.json"), before);
        let _ = world.run_with(&format!("{line} --registry-config none.json"), "", &variables).failure();
    }
    let run = world.run(&line).failure();
    assert!(run.stderr.contains("/home/.docker/config.json"), "{run}");
}

#[test]
fn a_credential_for_a_repository_wins_and_opens_no_other() {
    for setup in [Setup::passwords(), Setup::tokens()] {
        let (world, registry) = world(setup);
        let host = registry.address();
        world.write("config.json", config(&registry, "HOST/team"));
        let push =
            |repository: &str| format!("push {host}/{repository}:v1 hi.txt --registry-config config.json");
        let _ = world.run(&push("team/hello")).success();
        let _ = world.run(&push("teams/hello")).failure();
        let copy = format!(
            "cp {host}/team/hello:v1 {host}/other:v1 --from-registry-config config.json --to-registry-config config.json"
        );
        let run = world.run(&copy).failure();
        assert!(run.stderr.contains("destination"), "{run}");
    }
}

/// The address of the bus is that of nobody, so that no real keyring is touched.
#[cfg(target_os = "linux")]
#[test]
fn without_a_keyring_nothing_is_kept_anywhere() {
    let (world, registry) = world(Setup::passwords());
    let line = format!("login {} -u alice --password-stdin --keyring", registry.address());
    let nobody = world.path("bus");
    let nobody = std::ffi::OsString::from(format!("unix:path={}", nobody.display()));
    let run = world.run_with(&line, "wonderland", &[("DBUS_SESSION_BUS_ADDRESS", &nobody)]).failure();
    insta::assert_snapshot!(run, @"
    --- stderr
    Error: there is no keyring to be reached: Platform failure: DBus error: Failed to connect to socket [work]/bus: No such file or directory
    Please start a Secret Service, as gnome-keyring or KWallet, or log in without --keyring
    --- exit code 1
    ");
    assert!(registry.log().is_empty() && !world.docker_config().exists());
}

#[test]
fn whoami_tells_the_user_and_the_file_and_no_secret() {
    let (world, registry) = world(Setup::passwords());
    let host = registry.address();
    insta::assert_snapshot!(world.run(&format!("whoami {host}")).failure(), @"
    --- stderr
    Error: no credential is stored for localhost:5000
    Please log in: oras login localhost:5000
    --- exit code 1
    ");
    registry.log_in(&world);
    registry.clear_log();
    insta::assert_snapshot!(world.run(&format!("whoami {host}")).success(), @"
    Username:  alice
    Kind:      password
    Key:       localhost:5000
    File:      [world]/home/.docker/config.json
    ");
    world.write("config.json", config(&registry, "HOST/team"));
    let line = format!("whoami {host}/team/hello --registry-config config.json --format json");
    insta::assert_snapshot!(world.run(&line).success(), @r#"
    {
      "registry": "localhost:5000",
      "username": "alice",
      "kind": "password",
      "file": "config.json",
      "key": "localhost:5000/team"
    }
    "#);
    assert!(registry.log().is_empty());
    world.write("token.json", format!(r#"{{"auths":{{"{host}":{{"identitytoken":"hidden"}}}}}}"#));
    let run = world.run(&format!("whoami {host} --registry-config token.json")).success();
    insta::assert_snapshot!(run, @"
    Kind:  identity token
    Key:   localhost:5000
    File:  token.json
    ");
    insta::assert_snapshot!(world.run("whoami a/B").failure(), @r#"
    --- stderr
    Error: invalid reference: invalid repository "B"
    --- exit code 1
    "#);
}

#[cfg(unix)]
#[test]
fn whoami_names_the_helper() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new();
    world.write(
        "docker-credential-mine",
        "#!/bin/sh\necho '{\"Username\":\"alice\",\"Secret\":\"hidden\"}'\n",
    );
    fs::set_permissions(world.path("docker-credential-mine"), fs::Permissions::from_mode(0o755)).unwrap();
    world.write("config.json", r#"{"credHelpers":{"h":"mine"}}"#);
    let path = world.work();
    let run = world.run_with("whoami h --registry-config config.json", "", &[("PATH", path.as_os_str())]);
    insta::assert_snapshot!(run.success(), @"
    Username:  alice
    Kind:      password
    Key:       h
    File:      config.json
    Helper:    docker-credential-mine
    ");
}

#[test]
fn what_a_login_finds_under_a_url_a_logout_forgets() {
    let (world, registry) = world(Setup::passwords());
    let push = format!("push {}/hello:v1 hi.txt --registry-config config.json", registry.address());
    for key in ["http://HOST/v1/", "https://HOST/v2/", "https://HOST"] {
        let key = key.replace("HOST", registry.address());
        let other = r#""other.example":{"auth":"YTpi"}"#;
        let auth = r#"{"auth":"YWxpY2U6d29uZGVybGFuZA=="}"#;
        world.write("config.json", format!(r#"{{"auths":{{"{key}":{auth},{other}}}}}"#));
        let _ = world.run(&push).success();
        let line = format!("logout {} --registry-config config.json", registry.address());
        let _ = world.run(&line).success();
        let left: serde_json::Value = serde_json::from_str(&world.read("config.json")).unwrap();
        assert_eq!(left, serde_json::json!({"auths": {"other.example": {"auth": "YTpi"}}}), "{key}");
        let _ = world.run(&push).failure();
    }
}
