//! Sessions that are opened while the blob is being looked for.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use http::{Method, StatusCode};

use super::{node, put};
use crate::content::{Body, ByteStream, Source, Target};
use crate::error::Result;
use crate::oci::{Descriptor, media_type};
use crate::registry::ReferrersMode::Api;
use crate::registry::script::{Answer, Asked, Script, answer};
use crate::registry::upload::ahead::MOST;
use crate::registry::{Access, Repository};
use crate::transport::{Carrier, Client, Settings};

/// What a blob is looked for over a long line.
const LATE: Duration = Duration::from_millis(200);

/// A registry that opens the session `/up`, and has the blob or not.
fn usual(asked: &Asked, has: bool) -> Answer {
    match asked.method.as_str() {
        "POST" => answer(202).header("Location", "/up"),
        "HEAD" => answer(if has { 200 } else { 404 }).late(LATE),
        "DELETE" => answer(204),
        _ => answer(201),
    }
}

/// The first two requests, which go out together, and all others.
fn together(script: &Script) -> ([String; 2], Vec<String>) {
    let mut log = script.log();
    let rest = log.split_off(2);
    log.sort();
    (log.try_into().unwrap(), rest)
}

fn look_and_open() -> [String; 2] {
    [format!("HEAD blobs/{}", node().digest), "POST blobs/uploads/".to_owned()]
}

fn other(text: &str) -> Descriptor {
    Descriptor::of(media_type::LAYER, text.as_bytes())
}

fn posts(log: &[String]) -> usize {
    log.iter().filter(|line| line.starts_with("POST")).count()
}

#[tokio::test]
async fn a_blob_that_is_missing_has_its_session_already() {
    let script = Script::start(|asked| usual(asked, false)).await;
    let repository = script.repository(Api);
    assert!(repository.lacks(&node()).await.unwrap());
    repository.put(&node(), Body::bytes("abc")).await.unwrap();
    repository.commit().await.unwrap();
    assert_eq!(together(&script), (look_and_open(), vec![put("/up?")]));
}

#[tokio::test]
async fn the_session_of_a_blob_that_is_there_is_given_up() {
    let script = Script::start(|asked| usual(asked, true)).await;
    let repository = script.repository(Api);
    assert!(!repository.lacks(&node()).await.unwrap());
    repository.commit().await.unwrap();
    assert_eq!(together(&script), (look_and_open(), vec!["DELETE /up".to_owned()]));
}

#[tokio::test]
async fn a_session_that_nothing_is_put_into_is_given_up_at_the_end() {
    let script = Script::start(|asked| usual(asked, false)).await;
    let repository = script.repository(Api);
    assert!(repository.lacks(&node()).await.unwrap());
    repository.commit().await.unwrap();
    assert_eq!(together(&script), (look_and_open(), vec!["DELETE /up".to_owned()]));
}

#[tokio::test]
async fn the_session_of_a_blob_that_is_there_is_not_waited_for_but_a_moment_at_the_end() {
    let script = Script::start(|asked| match asked.method.as_str() {
        "POST" => usual(asked, true).body([b'x'; 20]).slowly(Duration::from_secs(600)),
        _ => usual(asked, true),
    })
    .await;
    let repository = script.repository(Api);
    let run = async {
        assert!(!repository.lacks(&node()).await.unwrap());
        repository.commit().await.unwrap();
    };
    tokio::time::timeout(Duration::from_secs(60), run).await.unwrap();
    assert_eq!(together(&script), (look_and_open(), Vec::new()));
}

#[tokio::test]
async fn a_session_that_is_refused_is_asked_for_once_more_and_only_that_tells() {
    for status in [401, 403, 404, 500] {
        let script = Script::start(move |asked| match asked.method.as_str() {
            "POST" => answer(status).body(r#"{"errors":[{"code":"DENIED","message":"no"}]}"#),
            _ => usual(asked, false),
        })
        .await;
        let repository = script.repository(Api);
        assert!(!repository.exists(&node()).await.unwrap());
        let plain = repository.put(&node(), Body::bytes("abc")).await.unwrap_err();
        let before = script.log().len();
        let repository = script.repository(Api);
        assert!(repository.lacks(&node()).await.unwrap());
        let ahead = repository.put(&node(), Body::bytes("abc")).await.unwrap_err();
        assert_eq!((ahead.to_string(), script.log().len()), (plain.to_string(), 2 * before + 1), "{status}");
    }
}

#[tokio::test]
async fn it_neither_asks_for_a_token_nor_hides_why_the_search_failed() {
    let script = Script::start(|asked| {
        if asked.target.starts_with("/token") {
            return answer(401);
        }
        let realm = format!("Bearer realm=\"http://{}/token\",service=s", asked.headers["host"]);
        let late = if asked.method == "HEAD" { LATE } else { Duration::ZERO };
        answer(401).header("WWW-Authenticate", realm).late(late)
    })
    .await;
    let plain = script.repository(Api).exists(&node()).await.unwrap_err().to_string();
    let ahead = script.repository(Api).lacks(&node()).await.unwrap_err().to_string();
    let tokens = script.log().iter().filter(|line| line.contains("/token")).count();
    assert_eq!((ahead, tokens), (plain, 2));
}

#[tokio::test]
async fn none_is_opened_ahead_where_the_answer_comes_at_once() {
    let script = Script::start(|asked| match asked.method.as_str() {
        "HEAD" => answer(404),
        _ => usual(asked, false).late(LATE),
    })
    .await;
    let repository = script.repository(Api);
    for _ in 0..5 {
        repository.exists(&node()).await.unwrap();
    }
    assert!(repository.lacks(&node()).await.unwrap());
    assert_eq!(posts(&script.log()), 0);
}

#[tokio::test]
async fn only_a_few_are_opened_ahead() {
    let script = Script::start(|asked| usual(asked, false)).await;
    let repository = script.repository(Api);
    let nodes: Vec<_> = (0..MOST + 3).map(|number| other(&number.to_string())).collect();
    for lacks in join_all(nodes.iter().map(|node| repository.lacks(node))).await {
        assert!(lacks.unwrap());
    }
    assert_eq!(posts(&script.log()), MOST);
}

#[tokio::test]
async fn none_is_opened_ahead_where_a_number_of_connections_was_named() {
    let script = Script::start(|asked| usual(asked, false)).await;
    let settings = Settings { plain_http: true, connections: Some(3), ..Settings::default() };
    let client = Client::new(&script.address(), settings).unwrap();
    let reference = format!("{}/r", script.address()).parse().unwrap();
    let repository = Repository::new(client, &reference, Access::default(), Api);
    assert!(repository.lacks(&node()).await.unwrap());
    assert_eq!(script.log(), look_and_open()[..1]);
}

#[tokio::test]
async fn the_empty_one_is_there_in_a_registry_that_was_asked_before() {
    let script = Script::start(|asked| usual(asked, false)).await;
    let repository = script.repository(Api);
    assert!(repository.lacks(&Descriptor::empty()).await.unwrap());
    assert_eq!(posts(&script.log()), 1);
    let repository = script.repository(Api);
    repository.exists(&node()).await.unwrap();
    assert!(repository.lacks(&Descriptor::empty()).await.unwrap());
    assert_eq!(posts(&script.log()), 1);
}

/// A registry over a long line, and the methods that it was asked by.
#[derive(Default)]
struct Line(Mutex<Vec<Method>>);

#[async_trait]
impl Carrier for Line {
    async fn carry(&self, request: http::Request<ByteStream>) -> Result<http::Response<ByteStream>> {
        self.0.lock().unwrap().push(request.method().clone());
        tokio::time::sleep(Duration::from_millis(50)).await;
        let mut answer = http::Response::new(stream::empty().boxed());
        *answer.status_mut() = StatusCode::NOT_FOUND;
        Ok(answer)
    }
}

#[tokio::test(start_paused = true)]
async fn over_tls_none_is_opened_before_the_first_answer() {
    let line = Arc::new(Line::default());
    let settings = Settings { carrier: Some(line.clone()), ..Settings::default() };
    let client = Client::new("h", settings).unwrap();
    let repository = Repository::new(client, &"h/r".parse().unwrap(), Access::default(), Api);
    assert!(repository.lacks(&node()).await.unwrap());
    assert_eq!(*line.0.lock().unwrap(), [Method::HEAD]);
    assert!(repository.lacks(&other("second")).await.unwrap());
    assert_eq!(*line.0.lock().unwrap(), [Method::HEAD, Method::HEAD, Method::POST]);
}
