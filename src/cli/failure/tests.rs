//! The words of failures.

use oras::error::Refusal;
use oras::oci::problems;

use super::*;
use crate::cli::place::Form;
use crate::cli::usage::Count;

fn place(raw: &str, form: Form<'_>) -> Place {
    Place::parse(raw, form).unwrap()
}

fn scene(raw: &str, form: Form<'_>) -> Scene {
    Scene { command: "oras pull".into(), places: vec![(None, place(raw, form))], ..Scene::default() }
}

fn two_ends() -> Scene {
    let places = vec![
        (Some(Side::Source), place("h:1/a:x", Form::Registry)),
        (Some(Side::Destination), place("dir:v", Form::Layout)),
    ];
    Scene { command: "oras cp".into(), places, ..Scene::default() }
}

fn refusal(status: u16, body: &[u8], from_registry: bool) -> Error {
    Error::new(Kind::Refused(Refusal {
        method: http::Method::GET,
        url: "http://h/v2/".into(),
        status: http::StatusCode::from_u16(status).unwrap(),
        problems: problems(body),
        from_registry,
    }))
}

fn explained(error: Error, scene: &Scene) -> String {
    Failure::from(error).explain(scene)
}

#[test]
fn a_mistake_has_up_to_three_lines() {
    let usage = Usage { path: "oras x", arguments: "<a>", count: Count::Exactly(1), purpose: "a thing" };
    let failure = Failure::mistake("no").usage(&usage).advice("try again");
    assert_eq!(failure.explain(&Scene::default()), "Error: no\nUsage: oras x <a>\ntry again");
    assert_eq!(Failure::mistake("no").explain(&Scene::default()), "Error: no");
}

#[test]
fn what_is_not_in_a_registry_is_the_registrys_answer() {
    let error = || Error::not_found("h/r:v1").within("failed to resolve digest");
    let told = "failed to resolve digest: h/r:v1: not found";
    assert_eq!(
        explained(error(), &scene("h/r:v1", Form::Registry)),
        format!("Error response from registry: {told}")
    );
    for form in [Form::Layout, Form::InLayout("dir")] {
        assert_eq!(explained(error(), &scene("dir:v1", form)), format!("Error: {told}"));
    }
}

#[test]
fn the_own_words_of_a_registry_stand_alone() {
    let body = br#"{"errors":[{"code":"DENIED","message":"no\u001b[2J"}]}"#;
    let scene = scene("h/r:v1", Form::Registry);
    let error = refusal(403, body, true).within("failed to push");
    assert_eq!(explained(error, &scene), "Error response from registry: denied: no\\x1b[2J");
    let error = refusal(403, b"", true).within("failed to push");
    let told = "GET \"http://h/v2/\": response status code 403: Forbidden";
    assert_eq!(explained(error, &scene), format!("Error response from registry: {told}"));
    let error = refusal(403, b"", false).within("failed to push");
    assert_eq!(explained(error, &scene), format!("Error: failed to push: {told}"));
    let error = refusal(403, b"", false).within("failed to log in");
    assert_eq!(explained(error, &Scene::default()), format!("Error response from registry: {told}"));
}

#[test]
fn the_side_of_a_copy_is_named() {
    let error = Error::not_found("h:1/a:x").on(Side::Source);
    let told = "Error from source registry for \"h:1/a:x\": h:1/a:x: not found";
    assert_eq!(explained(error, &two_ends()), told);
    let error = Error::invalid("no").on(Side::Destination);
    assert_eq!(explained(error, &two_ends()), "Error from destination oci-layout for \"dir:v\": no");
    let error = Error::not_found("h:1/a:x");
    assert_eq!(explained(error, &two_ends()), "Error response from registry: h:1/a:x: not found");
}

#[test]
fn a_missing_credential_points_to_the_file_if_there_is_one_only() {
    let mut scene = scene("h/r:v1", Form::Registry);
    scene.credential_files = vec![(None, "/c.json".into())];
    let error = || Error::new(Kind::NoCredential);
    let advice = "Please check whether the registry credential stored in the authentication file";
    let told = format!("Error: basic credential not found\n{advice} at \"/c.json\" is correct");
    assert_eq!(explained(error(), &scene), told);
    assert_eq!(Failure::from(error()).heading("could not list").explain(&scene), told);
    scene.credential_files.push((None, "/d.json".into()));
    let told = format!("Error: basic credential not found\n{advice} is correct");
    assert_eq!(explained(error(), &scene), told);
}

#[test]
fn docker_hub_wants_a_namespace() {
    let scene = scene("docker.io/alpine:3", Form::Registry);
    let told = explained(refusal(401, br#"{"errors":[{"code":"UNAUTHORIZED"}]}"#, true), &scene);
    assert_eq!(
        told,
        "Error response from registry: unauthorized\n\
         Namespace seems missing. Do you mean `oras pull docker.io/library/alpine:3`?"
    );
}

#[test]
fn a_heading_stands_over_what_only_the_network_knows() {
    let failure = Failure::from(Error::invalid("no route")).heading("could not list");
    assert_eq!(failure.explain(&Scene::default()), "Error: could not list\nno route");
    let failure = Failure::from(refusal(404, b"", true)).heading("could not list");
    assert!(!failure.explain(&Scene::default()).contains("could not list"));
}
