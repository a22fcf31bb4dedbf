//! How many connections there are where a number was named.

use futures_util::future::join_all;

use super::server::{Reply, Server, reply};
use super::*;

/// Sends requests at once over at most so many connections, which must all be answered.
async fn ask(server: &Server, most: usize, requests: usize) {
    let client = client(server, Settings { connections: Some(most), ..settings() });
    let paths: Vec<String> = (0..requests).map(|number| number.to_string()).collect();
    for answer in join_all(paths.iter().map(|path| get(&client, path))).await {
        assert_eq!(told(answer).await, "200 yes");
    }
    assert_eq!(server.lines().len(), requests);
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_more_than_were_named() {
    for most in [1, 2, 5] {
        let server = Server::start(|_, _| reply("200 OK", &[], "yes")).await;
        ask(&server, most, 200).await;
        assert!(server.connections() <= most, "{most}: {}", server.connections());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_the_server_ends_makes_room_for_another() {
    let says = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nyes";
    let old = "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nyes";
    let endless = "HTTP/1.1 200 OK\r\n\r\nyes";
    let silent = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes";
    for text in [says, old, endless, silent] {
        for most in [1, 3] {
            let server = Server::start(move |_, _| Reply::Last(text.to_owned())).await;
            ask(&server, most, 12).await;
            assert!(
                server.connections() >= 12 && server.most_open() <= most,
                "{}: {text}",
                server.most_open()
            );
        }
    }
}

/// A server that does not end its first answers, and a client with one connection.
async fn stalling(answers: usize) -> (Server, Client) {
    let server = Server::start(move |number, _| {
        if number < answers {
            Reply::Stall("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nyes".to_owned())
        } else {
            reply("200 OK", &[], "yes")
        }
    })
    .await;
    let client = client(&server, Settings { connections: Some(1), ..settings() });
    (server, client)
}

#[tokio::test]
async fn one_whose_answer_is_left_unread_makes_room_for_another() {
    let (_server, client) = stalling(3).await;
    for _ in 0..3 {
        let request = request(&client, Method::GET, "x").streamed(&Failures::default());
        assert_eq!(client.send(request).await.unwrap().status, 200);
    }
    assert_eq!(told(get(&client, "x").await).await, "200 yes");
}

#[tokio::test]
async fn what_is_not_read_yet_is_waited_for() {
    let (server, client) = stalling(1).await;
    let first = client.send(request(&client, Method::GET, "x").streamed(&Failures::default())).await.unwrap();
    let mut second = Box::pin(get(&client, "y"));
    for _ in 0..100 {
        assert!(futures_util::poll!(&mut second).is_pending());
        tokio::task::yield_now().await;
    }
    assert_eq!(server.connections(), 1);
    drop(first);
    assert_eq!(told(second.await).await, "200 yes");
}

#[tokio::test]
async fn a_token_service_of_the_registry_itself_gets_the_same_connection() {
    let server = Server::start(|_, seen| match (seen.line.as_str(), seen.header("authorization").as_str()) {
        ("GET /x", "Bearer t") => reply("200 OK", &[], "yes"),
        ("GET /x", _) => {
            let realm = format!("WWW-Authenticate: Bearer realm=\"http://{}/token\"", seen.header("host"));
            reply("401 Unauthorized", &[&realm], "no")
        }
        _ => reply("200 OK", &[], "{\"token\": \"t\"}"),
    })
    .await;
    let client = client(&server, Settings { connections: Some(1), ..settings() });
    assert_eq!(told(get(&client, "x").await).await, "200 yes");
    assert_eq!((server.lines().len(), server.connections()), (3, 1));
}
