//! Challenges and what answers them.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, future, stream};

use super::server::{Reply, Seen, Server, reply};
use super::*;
use crate::content::Body;
use crate::credentials::{Credential, Store};
use crate::error::Kind;

fn user() -> Credential {
    Credential { username: "u".into(), password: "p".into(), ..Credential::default() }
}

fn known(credential: Credential) -> Settings {
    Settings { credential: Some(credential), ..settings() }
}

/// A registry that wants a token, and its token service under `/token`. Tokens are numbered; those below `oldest` are
/// not taken any more.
fn bearer(oldest: usize) -> impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static {
    let given = std::sync::atomic::AtomicUsize::new(0);
    move |_, seen: &Seen| {
        if seen.line.contains("/token") {
            let number = given.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            return reply("200 OK", &[], &format!("{{\"token\": \"t{number}\", \"access_token\": null}}"));
        }
        let number = seen.header("authorization").strip_prefix("Bearer t").and_then(|text| text.parse().ok());
        if number.is_some_and(|number: usize| number >= oldest) {
            return reply("200 OK", &[], "in");
        }
        let scope = if seen.line.starts_with("GET") { "pull" } else { "pull,push" };
        let realm = format!("http://{}/token?x=1", seen.header("host"));
        let challenge = format!(
            "WWW-Authenticate: Bearer realm=\"{realm}\",service=\"the service\",scope=\"repository:a/b:{scope}\""
        );
        reply("401 Unauthorized", &[&challenge], "who")
    }
}

fn hinted(client: &Client, method: Method) -> Request {
    request(client, method, "x").scope(Scope::repository("a/b", &[Action::Push, Action::Pull]))
}

#[tokio::test]
async fn an_anonymous_token_serves_all_requests_of_a_scope() {
    let server = Server::start(bearer(0)).await;
    let client = client(&server, settings());
    assert_eq!(told(client.send(hinted(&client, Method::GET)).await).await, "200 in");
    assert_eq!(told(client.send(hinted(&client, Method::PUT)).await).await, "200 in");
    let token = "GET /token?scope=repository%3Aa%2Fb%3Apull%2Cpush&service=the+service&x=1";
    assert_eq!(server.lines(), ["GET /x", token, "GET /x", "PUT /x"]);
    assert_eq!(server.seen()[1].header("authorization"), "");
}

#[tokio::test]
async fn another_scope_is_another_token() {
    let server = Server::start(bearer(0)).await;
    let client = client(&server, settings());
    get(&client, "x").await.unwrap();
    let put = request(&client, Method::PUT, "x").scope(Scope::repository("c", &[Action::Push]));
    client.send(put).await.unwrap();
    let last = server.lines()[4].clone();
    assert_eq!(
        last,
        "GET /token?scope=repository%3Aa%2Fb%3Apull%2Cpush&scope=repository%3Ac%3Apush&service=the+service&x=1"
    );
}

#[tokio::test]
async fn a_password_goes_to_the_token_service_only() {
    let server = Server::start(bearer(0)).await;
    let client = client(&server, known(user()));
    assert_eq!(told(get(&client, "x").await).await, "200 in");
    let seen: Vec<String> = server.seen().iter().map(|seen| seen.header("authorization")).collect();
    assert_eq!(seen, ["", "Basic dTpw", "Bearer t0"]);
}

#[tokio::test]
async fn a_refresh_token_is_exchanged_by_a_form() {
    let server = Server::start(|_, seen| match seen.line.as_str() {
        "POST /token" => reply("200 OK", &[], "{\"access_token\": \"new\"}"),
        _ if seen.header("authorization") == "Bearer new" => reply("200 OK", &[], "in"),
        _ => {
            let realm = format!("http://{}/token", seen.header("host"));
            let challenge = format!(
                "WWW-Authenticate: Bearer realm=\"{realm}\",service=s,scope=\"repository:r:pull x:y:z\""
            );
            reply("401 Unauthorized", &[&challenge], "")
        }
    })
    .await;
    let token = Credential { refresh_token: "r&t".into(), ..Credential::default() };
    assert_eq!(told(get(&client(&server, known(token)), "x").await).await, "200 in");
    let post = &server.seen()[1];
    assert_eq!(
        post.body,
        "client_id=oras-go&grant_type=refresh_token&refresh_token=r%26t&scope=repository%3Ar%3Apull+x%3Ay%3Az&service=s"
    );
    assert_eq!(post.header("content-type"), "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let server = Server::start(bearer(0)).await;
    let token = Credential { access_token: "t9".into(), ..Credential::default() };
    assert_eq!(told(get(&client(&server, known(token)), "x").await).await, "200 in");
    assert_eq!(server.lines(), ["GET /x", "GET /x"]);
}

#[tokio::test]
async fn many_at_once_ask_for_one_token() {
    let server = Server::start(bearer(0)).await;
    let client = client(&server, settings());
    let all = (0..8).map(|_| async { told(client.send(hinted(&client, Method::GET)).await).await });
    assert!(future::join_all(all).await.iter().all(|answer| answer == "200 in"));
    assert_eq!(server.lines().iter().filter(|line| line.contains("/token")).count(), 1);
}

#[tokio::test]
async fn two_clients_may_share_tokens() {
    let server = Server::start(bearer(0)).await;
    let settings = settings();
    for _ in 0..2 {
        let client = client(&server, settings.clone());
        client.send(hinted(&client, Method::GET)).await.unwrap();
    }
    assert_eq!(server.lines().len(), 4);
}

#[tokio::test]
async fn a_token_that_is_not_taken_any_more_is_replaced_in_the_middle_of_uploads() {
    let server = Server::start(bearer(1)).await;
    let client = client(&server, settings());
    // The first token is refused, and it was new: that is final.
    assert_eq!(told(client.send(hinted(&client, Method::GET)).await).await, "401 who");
    let body = Body::reopening(Some(2), |_| async { Ok(stream::iter([Ok(Bytes::from("ab"))]).boxed()) });
    let answer = client.send(hinted(&client, Method::PUT).body(body)).await;
    assert_eq!(told(answer).await, "200 in");
    let last = server.seen().pop().unwrap();
    assert_eq!((last.body.as_str(), last.header("authorization").as_str()), ("ab", "Bearer t1"));
}

#[tokio::test]
async fn a_body_that_comes_once_cannot_be_sent_after_a_challenge() {
    let server = Server::start(bearer(0)).await;
    let client = client(&server, settings());
    let body = Body::once(Some(2), stream::iter([Ok(Bytes::from("ab"))]).boxed());
    let error = client.send(hinted(&client, Method::PUT).body(body)).await.unwrap_err().to_string();
    assert!(error.ends_with("request body is not rewindable"), "{error}");
}

/// A registry that wants user name and password.
fn basic(_: usize, seen: &Seen) -> Reply {
    if seen.header("authorization") == "Basic dTpw" {
        return reply("200 OK", &[], "in");
    }
    reply("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"r\""], "who")
}

#[tokio::test]
async fn basic_is_sent_up_front_after_the_first_challenge() {
    let server = Server::start(basic).await;
    let client = client(&server, known(user()));
    assert_eq!(told(get(&client, "x").await).await, "200 in");
    assert_eq!(told(get(&client, "y").await).await, "200 in");
    assert_eq!(server.lines(), ["GET /x", "GET /x", "GET /y"]);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let server = Server::start(basic).await;
    let wrong = Credential { password: "wrong".into(), ..user() };
    assert_eq!(told(get(&client(&server, known(wrong)), "x").await).await, "401 who");
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn no_credential_or_half_a_one_is_told() {
    let server = Server::start(basic).await;
    let error = get(&client(&server, settings()), "x").await.unwrap_err();
    assert!(matches!(error.kind(), Kind::NoCredential));
    assert_eq!(error.to_string(), "basic credential not found");
    let half = Credential { username: "u".into(), ..Credential::default() };
    let error = get(&client(&server, known(half)), "x").await.unwrap_err().to_string();
    let url = format!("http://{}/x", server.address);
    assert_eq!(error, format!("GET {url:?}: missing username or password for basic auth"));
}

#[tokio::test]
async fn stored_credentials_are_found_by_host_and_port() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(vec![folder.path().join("config.json")]);
    let server = Server::start(basic).await;
    store.put(&server.registry(), &user()).await.unwrap();
    let settings = Settings { store: Some(Arc::new(store)), ..settings() };
    assert_eq!(told(get(&client(&server, settings), "x").await).await, "200 in");
}

#[tokio::test]
async fn a_challenge_from_elsewhere_gets_nothing() {
    let away = Server::start(basic).await;
    let target = format!("Location: http://{}/y", away.address);
    let server = Server::start(move |_, _| reply("302 Found", &[&target], "")).await;
    assert_eq!(told(get(&client(&server, known(user())), "x").await).await, "401 who");
    assert_eq!(away.seen().len(), 1);
}

#[tokio::test]
async fn what_a_token_service_says_wrong_is_told() {
    for (status, body, words) in [
        ("200 OK", "{}", "empty token returned"),
        ("200 OK", "<p>", "failed to decode response: invalid character '<' looking for beginning of value"),
        ("403 Forbidden", r#"{"errors": [{"code": "DENIED", "message": "no"}]}"#, "denied: no"),
    ] {
        let server = Server::start(move |_, seen| {
            if seen.line.starts_with("GET /token") {
                return reply(status, &[], body);
            }
            let challenge =
                format!("WWW-Authenticate: Bearer realm=\"http://{}/token\"", seen.header("host"));
            reply("401 Unauthorized", &[&challenge], "")
        })
        .await;
        let error = get(&client(&server, settings()), "x").await.unwrap_err().to_string();
        assert!(error.ends_with(words), "{error}");
    }
}

#[tokio::test]
async fn a_token_request_is_not_led_to_another_origin_with_its_body() {
    let away = Server::start(|_, _| reply("200 OK", &[], "{\"access_token\": \"t\"}")).await;
    let target = format!("Location: http://{}/t", away.address);
    let server = Server::start(move |_, seen| {
        if seen.line.starts_with("POST") {
            return reply("307 x", &[&target], "");
        }
        let challenge = format!("WWW-Authenticate: Bearer realm=\"http://{}/token\"", seen.header("host"));
        reply("401 Unauthorized", &[&challenge], "")
    })
    .await;
    let token = Credential { refresh_token: "r".into(), ..Credential::default() };
    let error = get(&client(&server, known(token)), "x").await.unwrap_err().to_string();
    let to = format!("http://{}/t", away.address);
    let words =
        format!("Post {to:?}: POST {to:?}: refusing to resend a token request body to another origin");
    assert!(error.ends_with(&words), "{error}");
    assert_eq!(away.seen().len(), 0);
}
