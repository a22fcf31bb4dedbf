//! What an observer hears.

use std::sync::{Arc, Mutex};

use http::HeaderName;
use http::header::HeaderValue;

use super::server::{Server, reply};
use super::*;
use crate::error::Error;

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn add(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn sent(&self, request: &Sent<'_>) -> u64 {
        let mut headers: Vec<_> =
            request.headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
        headers.sort();
        self.add(format!("{} {} {}", request.method, request.url, headers.join(" ")));
        7
    }

    fn answered(&self, exchange: u64, answer: &Answered<'_>) {
        self.add(format!("{exchange}: {} {:?}", answer.status.as_u16(), answer.body));
    }

    fn failed(&self, exchange: u64, error: &Error) {
        self.add(format!("{exchange}: {error}"));
    }

    fn warned(&self, registry: &str, text: &str) {
        self.add(format!("{registry} warns: {text}"));
    }

    fn wants_bodies(&self) -> bool {
        true
    }
}

fn watched() -> (Arc<Notes>, Settings) {
    let notes = Arc::new(Notes::default());
    let observer: Arc<dyn Observer> = Arc::<Notes>::clone(&notes);
    (notes, Settings { observer: Some(observer), ..settings() })
}

#[tokio::test]
async fn hops_are_heard_and_tries_are_not() {
    let server = Server::start(|before, _| match before {
        0 => reply("302 Found", &["Location: /y?sig=secret"], "moved"),
        1 => reply("503 Service Unavailable", &[], ""),
        _ => reply("200 OK", &["Content-Type: application/json"], "{\"a\": 1}"),
    })
    .await;
    let (notes, mut settings) = watched();
    settings.headers = vec![(HeaderName::from_static("x-mine"), HeaderValue::from_static("secret"))];
    assert_eq!(told(get(&client(&server, settings), "x").await).await, "200 {\"a\": 1}");
    let base = format!("http://{}", server.address);
    assert_eq!(
        notes.taken(),
        [
            format!("GET {base}/x User-Agent=test/1 X-Mine=*****"),
            "7: 302 Redirect".to_owned(),
            format!("GET {base}/y?sig=REDACTED User-Agent=test/1 X-Mine=*****"),
            "7: 200 Text(\"{\\\"a\\\": 1}\")".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_body_is_whole_after_it_was_looked_at() {
    let long = "a".repeat(40_000);
    let body = long.clone();
    let server = Server::start(move |_, _| {
        let text = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n{body}");
        super::server::Reply::Last(text)
    })
    .await;
    let (notes, settings) = watched();
    let answer = get(&client(&server, settings), "x").await.unwrap();
    assert_eq!(answer.read(100_000).await.unwrap(), long);
    assert_eq!(notes.taken().pop().unwrap(), "7: 200 TooLarge");
}

#[tokio::test]
async fn warnings_of_the_registry_are_heard() {
    let headers =
        ["Warning: 299 - \"say \\\"hi\\\"\"", "Warning: 199 - \"not this\"", "Warning: 299 x \"nor this\""];
    let server = Server::start(move |_, _| reply("200 OK", &headers, "")).await;
    let (notes, settings) = watched();
    get(&client(&server, settings), "x").await.unwrap();
    assert_eq!(notes.taken()[1], format!("{} warns: say \"hi\"", server.address));
}

#[tokio::test]
async fn a_failure_is_heard() {
    let server = Server::start(|_, _| super::server::Reply::Last(String::new())).await;
    let (notes, settings) = watched();
    get(&client(&server, settings), "x").await.unwrap_err();
    assert!(notes.taken()[1].ends_with(": EOF"));
}
