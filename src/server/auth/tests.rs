//! The check of whole requests.

use axum::body::Body;
use base64::Engine;
use http::Request;

use super::*;
use crate::server::incoming::Incoming;

fn call(request: http::request::Builder, body: &'static str) -> Call {
    let (parts, body) = request.body(Body::from(body)).unwrap().into_parts();
    let body = Incoming::new(body, &parts.headers, 1000, Duration::from_secs(1));
    Call::new(parts, body, "http://h:5000".into())
}

fn basic(password: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("alice:{password}"));
    format!("Basic {encoded}")
}

fn guard(scheme: Scheme, others: Others) -> Arc<Guard> {
    let users = Users::parse(&format!("alice:{}", bcrypt::hash("secret", 4).unwrap())).unwrap();
    Guard::new(&Authentication { users, scheme, others }, Duration::from_secs(60), None).unwrap()
}

const PUSH: Need<'static> = Need::Repository("a/b", &[Action::Pull, Action::Push]);
const PULL: Need<'static> = Need::Repository("a/b", &[Action::Pull]);

fn challenge(fault: Fault) -> String {
    fault.into_response().headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned()
}

#[tokio::test]
async fn basic_wants_the_password_and_lets_others_read_where_they_may() {
    let refused = guard(Scheme::Basic, Others::Refused);
    let read = guard(Scheme::Basic, Others::Read);
    let anonymous = call(Request::get("/"), "");
    assert_eq!(challenge(refused.admit(&anonymous, &PULL).await.unwrap_err()), "Basic realm=\"oras\"");
    read.admit(&anonymous, &PULL).await.unwrap();
    read.admit(&anonymous, &PUSH).await.unwrap_err();
    // A login must be able to tell a wrong password.
    read.admit(&anonymous, &Need::Login).await.unwrap_err();
    let known = call(Request::get("/").header("Authorization", basic("secret")), "");
    refused.admit(&known, &PUSH).await.unwrap();
    let wrong = call(Request::get("/").header("Authorization", basic("wrong")), "");
    read.admit(&wrong, &PULL).await.unwrap_err();
}

async fn issued(guard: &Guard, call: &Call) -> serde_json::Value {
    let body = guard.token(call).await.unwrap().into_body();
    serde_json::from_slice(&axum::body::to_bytes(body, 10_000).await.unwrap()).unwrap()
}

fn bearing(token: &serde_json::Value) -> Call {
    call(
        Request::get("/").header("Authorization", format!("Bearer {}", token["token"].as_str().unwrap())),
        "",
    )
}

#[tokio::test]
async fn a_token_is_good_for_its_scope_only() {
    let guard = guard(Scheme::Token, Others::Refused);
    let says = challenge(guard.admit(&call(Request::get("/"), ""), &PUSH).await.unwrap_err());
    let expected = r#"Bearer realm="http://h:5000/token",service="oras",scope="repository:a/b:pull,push""#;
    assert_eq!(says, expected);
    let asking = Request::get("/token?service=oras&scope=repository:a/b:pull&offline_token=true");
    let token = issued(&guard, &call(asking.header("Authorization", basic("secret")), "")).await;
    assert_eq!(token["expires_in"], 60);
    guard.admit(&bearing(&token), &PULL).await.unwrap();
    let says = challenge(guard.admit(&bearing(&token), &PUSH).await.unwrap_err());
    assert!(says.ends_with(",error=\"insufficient_scope\""), "{says}");
    let refresh = token["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={refresh}&scope=repository:a/b:pull,push");
    let token = issued(&guard, &call(Request::post("/token"), form.leak())).await;
    guard.admit(&bearing(&token), &PUSH).await.unwrap();
}

#[tokio::test]
async fn a_form_with_a_password_gets_a_token_and_a_wrong_one_does_not() {
    let guard = guard(Scheme::Token, Others::Refused);
    let form = "grant_type=password&username=alice&password=secret&scope=repository:a/b:pull";
    let token = issued(&guard, &call(Request::post("/token"), form)).await;
    assert!(token.get("refresh_token").is_none());
    guard.admit(&bearing(&token), &PULL).await.unwrap();
    for form in [
        "grant_type=password&username=alice&password=wrong",
        "grant_type=password&username=bob&password=secret",
        "grant_type=refresh_token&refresh_token=made-up",
    ] {
        let refused = guard.token(&call(Request::post("/token"), form)).await.unwrap_err();
        assert_eq!(refused.into_response().status(), 401, "{form}");
    }
}

#[tokio::test]
async fn without_a_name_there_is_a_token_for_reading_where_that_is_allowed() {
    let asking = || call(Request::get("/token?scope=repository:a/b:pull,push"), "");
    let refused = guard(Scheme::Token, Others::Refused).token(&asking()).await.unwrap_err();
    assert_eq!(challenge(refused), "Basic realm=\"oras\"");
    let open = guard(Scheme::Token, Others::Read);
    let token = issued(&open, &asking()).await;
    open.admit(&bearing(&token), &PULL).await.unwrap();
    open.admit(&bearing(&token), &PUSH).await.unwrap_err();
}

#[tokio::test]
async fn a_token_is_given_for_a_few_scopes_only() {
    let guard = guard(Scheme::Token, Others::Read);
    let asked = |scopes: &str| call(Request::get(format!("/token?scope={scopes}")), "");
    let some = guard.token(&asked(&"a:b:c%20".repeat(500))).await.unwrap();
    let body = axum::body::to_bytes(some.into_body(), 10_000).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&body).matches("a:b:c").count(), 64);
    let many = guard.token(&asked(&"a:b:c%20".repeat(5000))).await;
    assert_eq!(many.unwrap_err().into_response().status(), StatusCode::BAD_REQUEST);
}
