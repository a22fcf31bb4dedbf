//! Where secrets go and where they do not.

use http::HeaderName;
use http::header::HeaderValue;

use super::server::{Reply, Server, reply};
use super::*;
use crate::content::Body;

fn to(location: &str) -> Reply {
    reply("307 Temporary Redirect", &[&format!("Location: {location}")], "")
}

fn custom() -> Settings {
    let header = |name, value| (HeaderName::from_static(name), HeaderValue::from_static(value));
    Settings { headers: vec![header("x-mine", "1"), header("authorization", "mine")], ..settings() }
}

#[tokio::test]
async fn secrets_stay_with_the_registry() {
    let away = Server::start(|_, _| reply("200 OK", &[], "there")).await;
    let target = format!("http://{}/blob", away.address);
    let server = Server::start(move |_, _| to(&target)).await;
    let answer = get(&client(&server, custom()), "x").await.unwrap();
    assert!(!answer.from_registry);
    assert_eq!(told(Ok(answer)).await, "200 there");
    let (first, second) = (&server.seen()[0], &away.seen()[0]);
    assert_eq!((first.header("authorization"), first.header("x-mine")), ("mine".into(), "1".into()));
    assert_eq!((second.header("authorization"), second.header("x-mine")), (String::new(), String::new()));
    assert_eq!((first.header("user-agent"), second.header("user-agent")), ("test/1".into(), "test/1".into()));
    assert_eq!(second.header("referer"), "");
}

#[tokio::test]
async fn authorization_is_gone_for_good_once_a_hop_was_elsewhere() {
    let home = std::sync::Arc::new(std::sync::OnceLock::<String>::new());
    let back = std::sync::Arc::clone(&home);
    let away = Server::start(move |_, _| to(&format!("http://{}/back", back.get().unwrap()))).await;
    let target = format!("http://{}/there", away.address);
    let server = Server::start(move |_, seen| match seen.line.as_str() {
        "GET /back" => reply("200 OK", &[], "home"),
        _ => to(&target),
    })
    .await;
    home.set(server.registry()).unwrap();
    assert_eq!(told(get(&client(&server, custom()), "x").await).await, "200 home");
    let back = &server.seen()[1];
    assert_eq!((back.header("authorization"), back.header("x-mine")), (String::new(), "1".into()));
}

#[tokio::test]
async fn authorization_stays_on_the_same_origin() {
    let server =
        Server::start(|before, _| if before == 0 { to("/y") } else { reply("200 OK", &[], "") }).await;
    told(get(&client(&server, custom()), "x").await).await;
    assert_eq!(server.seen()[1].header("authorization"), "mine");
}

#[tokio::test]
async fn a_loop_ends() {
    let server = Server::start(|_, _| to("/x")).await;
    let error = get(&client(&server, settings()), "x").await.unwrap_err().to_string();
    assert_eq!(error, "Get \"/x\": stopped after 10 redirects");
    assert_eq!(server.seen().len(), 10);
}

#[tokio::test]
async fn some_redirects_keep_method_and_body_and_others_do_not() {
    for (status, line, body) in
        [("307 x", "PUT /y", "b"), ("308 x", "PUT /y", "b"), ("302 x", "GET /y", ""), ("303 x", "GET /y", "")]
    {
        let server = Server::start(move |before, _| match before {
            0 => reply(status, &["Location: /y"], "moved"),
            _ => reply("200 OK", &[], ""),
        })
        .await;
        let client = client(&server, settings());
        told(client.send(request(&client, Method::PUT, "x").body(Body::bytes("b"))).await).await;
        let last = server.seen()[1].clone();
        assert_eq!((last.line.as_str(), last.body.as_str()), (line, body), "{status}");
        assert_eq!(last.connection, 0, "the connection is used again");
    }
}

#[tokio::test]
async fn a_redirect_without_a_place_is_the_answer() {
    let server = Server::start(|_, _| reply("302 Found", &[], "nowhere")).await;
    assert_eq!(told(get(&client(&server, settings()), "x").await).await, "302 nowhere");
}
