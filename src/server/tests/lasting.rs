//! What stays: over interrupted uploads, over a restart, beside other programs.

use std::path::Path;

use super::*;
use crate::content::Target;
use crate::layout::Directory;
use crate::oci::Tag;

fn over(folder: &Path) -> Config {
    Config { storage: Storage::Folder(folder.to_owned()), ..config() }
}

#[tokio::test]
async fn an_upload_goes_on_where_the_connection_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    for config in [config(), over(folder.path())] {
        let registry = start(config).await;
        let reply = registry.send("POST /v2/r/blobs/uploads/", &[], b"").await;
        assert_eq!((reply.status, reply.header("range")), (202, Some("0-0")));
        let session = reply.header("location").unwrap().to_owned();
        // Ten bytes are announced, four come, and then nobody is there any more.
        let head = format!("PATCH {session} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n0123");
        let mut stream = TcpStream::connect(registry.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        let reply = registry.send(&format!("GET {session}"), &[], b"").await;
        assert_eq!((reply.status, reply.header("range")), (204, Some("0-3")));
        let reply = registry.send(&format!("PATCH {session}"), &["Content-Range: 7-9"], b"789").await;
        assert_eq!((reply.status, reply.header("range")), (416, Some("0-3")));
        let reply = registry.send(&format!("PATCH {session}"), &["Content-Range: 4-6"], b"456").await;
        assert_eq!((reply.status, reply.header("range")), (202, Some("0-6")));
        let digest = Digest::of(b"0123456789");
        let reply = registry.send(&format!("PUT {session}?digest={digest}"), &[], b"789").await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let reply = registry.send(&format!("GET /v2/r/blobs/{digest}"), &[], b"").await;
        assert_eq!(reply.body, "0123456789");
        assert_eq!(registry.send(&format!("GET {session}"), &[], b"").await.status, 404);
    }
}

#[tokio::test]
async fn content_outlives_the_registry_and_half_content_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let registry = start(over(folder.path())).await;
    registry.put_index("a/b/manifests/v1", &Index::new(Vec::new())).await;
    let reply = registry.send("POST /v2/a/b/blobs/uploads/", &[], b"").await;
    let session = reply.header("location").unwrap().to_owned();
    registry.send(&format!("PATCH {session}"), &[], b"half").await;
    // As after a crash: nobody has tidied up.
    std::mem::forget(registry);
    crate::disk::write(&folder.path().join("a/b/.oras-draft"), b"half", 0o600).unwrap();
    let registry = start(over(folder.path())).await;
    let reply = registry.send("GET /v2/_catalog", &[], b"").await;
    assert_eq!(reply.body, r#"{"repositories":["a/b"]}"#);
    let reply = registry.send("GET /v2/a/b/manifests/v1", &[], b"").await;
    assert_eq!(reply.status, 200);
    assert_eq!(std::fs::read_dir(folder.path().join(".uploads")).unwrap().count(), 0);
    assert!(!folder.path().join("a/b/.oras-draft").exists());
}

#[tokio::test]
async fn what_another_program_puts_into_the_folder_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let registry = start(over(folder.path())).await;
    assert_eq!(registry.send("GET /v2/other/tags/list", &[], b"").await.status, 404);
    let layout = Directory::create(folder.path().join("other")).unwrap();
    let bytes = json::compact(&Index::new(Vec::new())).unwrap();
    let node = Descriptor::of(media_type::INDEX, &bytes);
    layout.put_tagged(&node, crate::content::Body::bytes(bytes), &Tag::any("v1")).await.unwrap();
    layout.tag(&node, &Tag::any("no tag of a registry")).await.unwrap();
    layout.commit().await.unwrap();
    let reply = registry.send("GET /v2/other/tags/list", &[], b"").await;
    assert_eq!(reply.body, r#"{"name":"other","tags":["v1"]}"#);
    let reply = registry.send(&format!("DELETE /v2/other/manifests/{}", node.digest), &[], b"").await;
    assert_eq!(reply.status, 202, "{reply:?}");
    let reply = registry.send("GET /v2/_catalog", &[], b"").await;
    assert_eq!(reply.body, r#"{"repositories":[]}"#);
}

#[tokio::test]
async fn a_mount_reaches_no_layout_outside_of_the_registry() {
    let home = tempfile::tempdir().unwrap();
    let outside = Directory::create(home.path().join("outside")).unwrap();
    let node = Descriptor::of(media_type::OCTET_STREAM, b"secret");
    outside.put(&node, crate::content::Body::bytes("secret")).await.unwrap();
    outside.commit().await.unwrap();
    let registry = start(over(&home.path().join("served"))).await;
    let absolute = home.path().join("outside").display().to_string();
    for from in ["../outside", "a/../../outside", "%2e%2e%2foutside", "a%2f..%2f..%2foutside", &absolute] {
        let mount = format!("POST /v2/r/blobs/uploads/?mount={}&from={from}", node.digest);
        let reply = registry.send(&mount, &[], b"").await;
        assert_eq!(reply.status, 202, "{from}: {reply:?}");
    }
}
