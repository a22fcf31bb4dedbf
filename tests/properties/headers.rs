//! Headers that a registry or a client may send.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use http::header::{HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use oras::content::{Body, ByteStream, Source, Target};
use oras::error::Result;
use oras::oci::{Descriptor, Locator, Reference, media_type};
use oras::registry::{Access, ReferrersMode, Repository};
use oras::server::{Config, Local};
use oras::transport::{Carrier, Client, Settings};
use proptest::prelude::*;

use super::cases;

const HEADERS: &[&str] = &[
    "www-authenticate",
    "link",
    "retry-after",
    "date",
    "content-range",
    "content-length",
    "content-type",
    "location",
    "range",
    "docker-content-digest",
    "oci-subject",
    "oci-filters-applied",
    "oci-chunk-min-length",
    "docker-upload-uuid",
    "warning",
    "accept-ranges",
];

const STATUS: &[u16] =
    &[200, 201, 202, 206, 301, 307, 308, 400, 401, 403, 404, 405, 413, 416, 429, 500, 502, 503];

/// What stands in such headers, cut into parts and put together anew.
const PARTS: &[&str] = &[
    "Bearer ",
    "Basic ",
    "realm=",
    "\"",
    "\\",
    ",",
    " ",
    "=",
    "http://h:5000/",
    "http://other/t",
    "service=",
    "scope=",
    "<",
    ">",
    "; rel=\"next\"",
    "/v2/r/tags/list?n=1",
    "bytes",
    "bytes ",
    "bytes=",
    "-",
    "/",
    "*",
    "0",
    "1",
    "3",
    "18446744073709551615",
    "99999999999999999999",
    "-1",
    "Wed, 21 Oct 2015 07:28:00 GMT",
    "sha256:",
    "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
    "application/json",
    "application/vnd.oci.image.index.v1+json",
    "..",
    "//",
    "?",
    "#",
    "%",
    "%00",
    "[",
    "]",
    ":",
];

fn value() -> impl Strategy<Value = HeaderValue> {
    let parts = proptest::collection::vec(proptest::sample::select(PARTS), 0..10);
    let parts = parts.prop_map(|parts| parts.concat().into_bytes());
    let any = proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![6 => parts, 1 => any].prop_map(|mut bytes| {
        // Of the rest no header can consist.
        bytes.retain(|byte| *byte == b'\t' || (*byte >= b' ' && *byte != 127));
        HeaderValue::from_bytes(&bytes).unwrap()
    })
}

fn headers() -> impl Strategy<Value = Vec<(HeaderName, HeaderValue)>> {
    let name = proptest::sample::select(HEADERS).prop_map(HeaderName::from_static);
    proptest::collection::vec((name, value()), 0..6)
}

type Answers = Vec<(u16, Vec<(HeaderName, HeaderValue)>, &'static str)>;

fn answers() -> impl Strategy<Value = Answers> {
    let body = proptest::sample::select(
        &["", "{}", r#"{"tags":["a","b"]}"#, r#"{"token":"t"}"#, r#"{"manifests":[]}"#][..],
    );
    proptest::collection::vec((proptest::sample::select(STATUS), headers(), body), 1..5)
}

/// A registry that gives these answers, whatever is asked, one after the other and over again.
struct Strange(Answers, std::sync::atomic::AtomicUsize);

#[async_trait]
impl Carrier for Strange {
    async fn carry(&self, request: Request<ByteStream>) -> Result<Response<ByteStream>> {
        // Read as far as it is given, as a network would.
        request.into_body().try_for_each(|_| async { Ok(()) }).await?;
        let turn = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (status, headers, body) = &self.0[turn % self.0.len()];
        let mut answer = Response::new(stream::iter([Ok((*body).into())]).boxed());
        *answer.status_mut() = StatusCode::from_u16(*status).unwrap();
        answer.headers_mut().extend(headers.iter().cloned());
        Ok(answer)
    }
}

/// Asks for everything that a registry can be asked for.
async fn ask_all(repository: &Repository) {
    let (tag, blob) = ("v1".parse().unwrap(), Descriptor::of(media_type::LAYER, b"{}"));
    let manifest = Descriptor::of(media_type::INDEX, b"{}");
    let _ = repository.resolve(&Locator::Tag(tag)).await;
    let _ = repository.manifest(&Locator::Digest(manifest.digest.clone())).await;
    let _ = repository.exists(&blob).await;
    // What is taken for right is right.
    if let Ok(read) = repository.fetch(&blob).read(99).await {
        assert_eq!(read, "{}");
    }
    let _ = repository.tags(None).collect::<Vec<_>>().await;
    let _ = repository.referrers(&manifest, None).await;
    let _ = repository.put(&blob, Body::bytes("{}")).await;
    let _ = repository.put_unnamed(stream::iter([Ok("{}".into())]).boxed()).await;
    let _ = repository.put(&manifest, Body::bytes("{}")).await;
    let _ = repository.delete(&manifest).await;
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn whatever_a_registry_answers_the_client_comes_to_an_end(answers in answers()) {
        // Time passes only when everybody waits, so that pauses take none.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let carrier = Arc::new(Strange(answers, 0.into()));
            let settings = Settings { plain_http: true, carrier: Some(carrier), ..Settings::default() };
            let client = Client::new("h:5000", settings).unwrap();
            let reference: Reference = "h:5000/r".parse().unwrap();
            let repository = Repository::new(client, &reference, Access::default(), ReferrersMode::default());
            let day = Duration::from_secs(24 * 60 * 60);
            tokio::time::timeout(day, ask_all(&repository)).await.expect("a day is enough");
        });
    }

    #[test]
    fn whatever_a_client_sends_the_registry_answers(
        headers in headers(),
        method in proptest::sample::select(&["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "STRANGE"][..]),
        path in proptest::collection::vec(proptest::sample::select(&[
            "/v2/", "r", "/", "blobs/", "uploads/", "manifests/", "tags/list", "referrers/", "v1", "?n=", "&last=", "?digest=", "..", "%2e", "%00", "0",
            "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "18446744073709551616", "_catalog", "A",
        ][..]), 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let local = Local::new(Config::new(([127, 0, 0, 1], 0).into())).unwrap();
        let uri = format!("http://localhost/v2/{}", path.concat());
        let blob = Request::builder()
            .method("POST")
            .uri("http://localhost/v2/r/blobs/uploads/?digest=sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
            .header("host", "localhost");
        let strange = Request::builder().method(method).uri(uri).header("host", "localhost");
        runtime.block_on(async {
            let body = || stream::iter([Ok("{}".into())]).boxed();
            assert!(local.answer(blob.body(body()).unwrap()).await.status().is_success());
            let Ok(mut request) = strange.body(body()) else { return };
            request.headers_mut().extend(headers);
            let answer = local.answer(request).await;
            assert!(answer.status() != StatusCode::INTERNAL_SERVER_ERROR);
            let length = answer.headers().get("content-length").cloned();
            let bytes: Vec<_> = answer.into_body().try_collect().await.unwrap();
            let bytes = bytes.concat().len();
            if let Some(length) = length && method != "HEAD" {
                assert_eq!(length.to_str().unwrap(), bytes.to_string());
            }
        });
    }
}
