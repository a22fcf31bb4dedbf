//! Pages, good and hostile.

use futures_util::{StreamExt, TryStreamExt};

use super::Pages;
use crate::content::Source;
use crate::registry::Host;
use crate::registry::ReferrersMode::Api;
use crate::registry::script::{Script, answer};
use crate::transport::Request;

#[tokio::test]
async fn pages_come_one_by_one_until_there_is_no_link() {
    let script = Script::start(|asked| match asked.target.as_str() {
        "/v2/r/tags/list?last=0" => {
            answer(200).header("Link", "</v2/r/tags/list?last=b>; rel=\"next\"").body(r#"{"tags":["a","b"]}"#)
        }
        "/v2/r/tags/list?last=b" => {
            answer(200).header("Link", "<list?last=c>; rel=next").body(r#"{"name":"r","tags":null}"#)
        }
        _ => answer(200).body(r#"{"tags":["d"]}"#),
    })
    .await;
    let repository = script.repository(Api);
    let pages: Vec<_> = repository.tags(Some("0")).try_collect().await.unwrap();
    let shown: Vec<String> = pages.concat().iter().map(ToString::to_string).collect();
    assert_eq!((pages.len(), shown), (3, vec!["a".to_owned(), "b".to_owned(), "d".to_owned()]));
}

#[tokio::test]
async fn a_link_elsewhere_or_back_is_an_error_after_its_page() {
    let links = [
        ("<http://evil:1/x>", "invalid next link \"http://evil:1/x\": not the same origin as \"http://"),
        ("</v2/r/tags/list>", "the page was already read"),
        ("/v2/r/tags/list", "missing '<'"),
        ("</v2/r/tags/list", "missing '>'"),
    ];
    for (link, text) in links {
        let script = Script::start(move |_| answer(200).header("Link", link).body(r#"{"tags":["a"]}"#)).await;
        let repository = script.repository(Api);
        let mut pages = repository.tags(None);
        assert_eq!(pages.next().await.unwrap().unwrap().len(), 1);
        let error = pages.next().await.unwrap().unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
        assert!(pages.next().await.is_none());
        assert_eq!(script.log().len(), 1);
    }
}

#[tokio::test]
async fn what_is_no_page_is_told_as_the_registry_says_it() {
    let script = Script::start(|asked| match asked.target.as_str() {
        "/v2/" => answer(200),
        "/v2/_catalog" => answer(404),
        "/v2/_catalog?last=a" => answer(200).body("<html>"),
        _ => answer(404).body(r#"{"errors":[{"code":"NAME_UNKNOWN"}]}"#),
    })
    .await;
    let repository = script.repository(Api);
    let error = repository.tags(None).next().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "name unknown");
    let host = Host::new(script.client(), &script.address());
    host.ping().await.unwrap();
    let error = host.repositories(None).next().await.unwrap().unwrap_err().to_string();
    assert!(error.ends_with("_catalog\": response status code 404: Not Found"), "{error}");
    let error = host.repositories(Some("a")).next().await.unwrap().unwrap_err().to_string();
    assert!(error.contains("failed to decode response"), "{error}");
}

#[tokio::test]
async fn pages_without_end_come_to_one() {
    let script = Script::start(|asked| {
        let next = format!("<{}1>; rel=\"next\"", asked.target);
        answer(200).header("Link", next).body(r#"{"tags":["a"]}"#)
    })
    .await;
    let client = script.repository(Api).client().clone();
    let first = Request::new(http::Method::GET, client.base().join("/list?last=1").unwrap());
    let mut pages = Pages { limit: 3, ..Pages::new(client, "tag", first) };
    for _ in 0..3 {
        assert!(pages.next().await.unwrap().is_some());
    }
    let error = pages.next().await.unwrap_err().to_string();
    assert_eq!(error, "tag listing exceeded 3 pages: too many pages");
    assert!(pages.next().await.unwrap().is_none());
    assert_eq!(script.log().len(), 3);
}
