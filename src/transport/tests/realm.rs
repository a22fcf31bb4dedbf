//! Token services whose names lead somewhere else the second time.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::server::{Server, reply};
use super::*;

/// Who gives one answer after the other, and the last one for ever.
struct Changing {
    answers: Vec<[u8; 4]>,
    asked: AtomicUsize,
}

/// Far away, and on this machine.
const AWAY: [u8; 4] = [192, 0, 2, 1];
const HERE: [u8; 4] = [127, 0, 0, 1];

fn changing(answers: &[[u8; 4]]) -> Settings {
    let names = Changing { answers: answers.to_vec(), asked: AtomicUsize::new(0) };
    Settings { names: Arc::new(names), ..settings() }
}

#[async_trait::async_trait]
impl Names for Changing {
    async fn addresses(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        assert_eq!(host, "tokens.test");
        let number = self.asked.fetch_add(1, Ordering::SeqCst).min(self.answers.len() - 1);
        Ok(vec![self.answers[number].into()])
    }
}

/// The words with which a client fails whose registry names `realm`, and the token service on this machine.
async fn refused(realm: impl Fn(u16) -> String) -> (String, Server) {
    let service = Server::start(|_, _| reply("200 OK", &[], r#"{"token":"t"}"#)).await;
    let challenge = format!("WWW-Authenticate: Bearer realm=\"{}\"", realm(service.address.port()));
    let elsewhere = format!("Location: http://tokens.test:{}/token", service.address.port());
    let registry = Server::start(move |_, seen| match seen.line.as_str() {
        "GET /x" => reply("401 Unauthorized", &[&challenge.replace("HOST", &seen.header("host"))], ""),
        _ => reply("307 Temporary Redirect", &[&elsewhere], ""),
    })
    .await;
    let error = get(&client(&registry, changing(&[AWAY, HERE])), "x").await.unwrap_err().to_string();
    (error, service)
}

const WORDS: &str = "bearer realm host \"tokens.test\" resolves to 127.0.0.1, in blocked prefix 127.0.0.0/8";

#[tokio::test]
async fn a_name_that_changes_between_judgement_and_dial_leads_nowhere() {
    let (error, service) = refused(|port| format!("http://tokens.test:{port}/token")).await;
    assert!(error.ends_with(WORDS), "{error}");
    assert_eq!(service.connections(), 0);
}

#[tokio::test]
async fn a_redirect_of_a_token_request_is_judged_by_what_is_dialled() {
    let (error, service) = refused(|_| "http://HOST/token".to_owned()).await;
    assert!(error.ends_with(WORDS), "{error}");
    assert_eq!(service.connections(), 0);
}

#[tokio::test]
async fn a_connection_to_a_place_that_was_not_judged_is_not_used() {
    // A redirect of content may lead to this machine, and leaves a connection there.
    let service = Server::start(|_, _| reply("200 OK", &[], r#"{"token":"t"}"#)).await;
    let there = format!("http://tokens.test:{}", service.address.port());
    let registry = Server::start(move |_, seen| {
        if seen.line == "GET /blob" {
            return reply("307 Temporary Redirect", &[&format!("Location: {there}/blob")], "");
        }
        reply("401 Unauthorized", &[&format!("WWW-Authenticate: Bearer realm=\"{there}/token\"")], "")
    })
    .await;
    let client = client(&registry, changing(&[HERE, AWAY, HERE]));
    assert!(told(get(&client, "blob").await).await.starts_with("200 "));
    let error = get(&client, "x").await.unwrap_err().to_string();
    assert!(error.ends_with(WORDS), "{error}");
    assert_eq!(service.lines(), ["GET /blob"]);
}
