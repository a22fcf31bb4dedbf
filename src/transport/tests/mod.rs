//! Requests against a server that says exactly what a test wants it to say.

mod auth;
mod connections;
mod http2;
mod realm;
mod redirect;
mod retry;
mod server;
mod tls;
mod watch;

use http::Method;

use super::*;
use crate::error::Result;
use server::Server;

/// How tests reach a server: without TLS and without pauses.
fn settings() -> Settings {
    let retry = Retry::default().at_once();
    Settings { plain_http: true, user_agent: "test/1".to_owned(), retry, ..Settings::default() }
}

fn client(server: &Server, settings: Settings) -> Client {
    Client::new(&server.registry(), settings).unwrap()
}

fn request(client: &Client, method: Method, path: &str) -> Request {
    Request::new(method, client.base().join(path).unwrap())
}

async fn get(client: &Client, path: &str) -> Result<Response> {
    client.send(request(client, Method::GET, path)).await
}

/// The status and the body of an answer, as text.
async fn told(answer: Result<Response>) -> String {
    let answer = answer.unwrap();
    let status = answer.status.as_u16();
    let body = answer.read(1024).await.unwrap();
    format!("{status} {}", String::from_utf8_lossy(&body))
}
