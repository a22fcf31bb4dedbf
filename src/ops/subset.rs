//! Some platforms of an index, as an index of their own.
//!
//! The new index differs from the old one in the list only: all other members keep their place and their text, and
//! so do the descriptors that stay. What does not belong here: the choice of a single platform, which needs no index.

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::error::{Context, Error, Result, Side};
use crate::oci::{Descriptor, Platform, json, media_type};
use crate::transfer::Documents;

/// The annotation by which an attestation of `BuildKit` names the manifest that it is about.
const ATTESTED: &str = "vnd.docker.reference.digest";

/// What some platforms of an index are.
#[derive(Debug)]
pub(super) enum Subset {
    /// The index as it is.
    All,
    /// A manifest alone.
    One(Descriptor),
    /// A new index and its bytes.
    Some(Descriptor, Bytes),
}

/// Why there are no such platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubsetError {
    /// The manifest is no list of others.
    NoIndex,
    /// Nothing in the index is for these.
    Unmatched {
        /// What was asked for.
        wanted: Vec<Platform>,
        /// What there is.
        available: Vec<Platform>,
    },
}

impl fmt::Display for SubsetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoIndex => f.write_str("not an image index or a manifest list"),
            Self::Unmatched { wanted, .. } => write!(f, "unmatched platforms: {}", listed(wanted)),
        }
    }
}

impl std::error::Error for SubsetError {}

impl From<SubsetError> for Error {
    fn from(error: SubsetError) -> Self {
        Self::invalid(error.to_string()).caused_by(error)
    }
}

/// `[linux/amd64, linux/arm64]`
pub fn listed(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(Platform::to_string).collect();
    format!("[{}]", names.join(", "))
}

/// The manifests for these platforms, with attestations about them and whatever is for no platform.
pub(super) async fn subset(
    documents: &Documents<'_>,
    root: &Descriptor,
    platforms: &[Platform],
) -> Result<Subset> {
    if !media_type::is_index(&root.media_type) {
        return Err(SubsetError::NoIndex.into());
    }
    let bytes = documents.bytes(root).await.on(Side::Source)?;
    let members: Members = read(&bytes)?;
    let list = members.0.iter().find(|(name, _)| name == "manifests").map_or("[]", |(_, list)| list.get());
    let list: Vec<Box<RawValue>> = read(list.as_bytes())?;
    let nodes: Vec<Descriptor> =
        list.iter().map(|node| read(node.get().as_bytes())).collect::<Result<_>>()?;
    let kept = keep(&nodes, platforms)?;
    let mut left = nodes.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(node, _)| node);
    match (left.next(), left.next()) {
        _ if kept.iter().all(|kept| *kept) => Ok(Subset::All),
        (Some(only), None) => Ok(Subset::One(only.clone())),
        _ => {
            let texts = list.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(node, _)| node.get());
            let bytes = members.with_manifests(&texts.collect::<Vec<_>>())?;
            Ok(Subset::Some(Descriptor::of(&root.media_type, &bytes), bytes))
        }
    }
}

/// Which nodes stay. Every platform must be that of one.
fn keep(nodes: &[Descriptor], platforms: &[Platform]) -> Result<Vec<bool>, SubsetError> {
    let own = |node: &Descriptor| {
        node.platform.as_deref().filter(|_| !node.annotations.contains_key(ATTESTED)).cloned()
    };
    let available: Vec<Platform> = nodes.iter().filter_map(own).collect();
    let has = |wanted: &&Platform| available.iter().any(|have| have.satisfies(wanted));
    let unmatched: Vec<Platform> = platforms.iter().filter(|wanted| !has(wanted)).cloned().collect();
    if !unmatched.is_empty() {
        return Err(SubsetError::Unmatched { wanted: unmatched, available });
    }
    let matches = |node: &Descriptor| {
        own(node).is_some_and(|have| platforms.iter().any(|wanted| have.satisfies(wanted)))
    };
    let stays = |node: &Descriptor| match node.annotations.get(ATTESTED) {
        Some(about) => nodes.iter().any(|other| matches(other) && other.digest.to_string() == *about),
        None => node.platform.is_none() || matches(node),
    };
    Ok(nodes.iter().map(stays).collect())
}

fn read<'a, T: Deserialize<'a>>(document: &'a [u8]) -> Result<T> {
    serde_json::from_slice(document).map_err(|error| Error::invalid(error.to_string()))
}

/// The members of an object in their order, with their values as they are written.
struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    fn with_manifests(&self, manifests: &[&str]) -> Result<Bytes> {
        let mut text = Vec::from(*b"{");
        for (position, (name, value)) in self.0.iter().enumerate() {
            text.extend_from_slice(if position == 0 { b"" } else { b"," });
            text.extend(json::compact(name).map_err(|error| Error::invalid(error.to_string()))?);
            text.push(b':');
            if name == "manifests" {
                text.extend_from_slice(format!("[{}]", manifests.join(",")).as_bytes());
            } else {
                text.extend_from_slice(value.get().as_bytes());
            }
        }
        text.push(b'}');
        Ok(text.into())
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Memory;
    use crate::oci::Digest;

    const LISTED: &str = r#"{ "digest":"D", "platform":P, "size":1, "mediaType":"application/vnd.oci.image.manifest.v1+json" }"#;

    fn node(content: &str, platform: &str) -> String {
        let digest = Digest::of(content.as_bytes()).to_string();
        let (os, architecture) = platform.split_once('/').unwrap();
        let platform = format!(r#"{{"os":"{os}","architecture":"{architecture}"}}"#);
        LISTED.replace('D', &digest).replace('P', &platform)
    }

    async fn chosen(list: &[String], platforms: &[&str]) -> Result<Subset> {
        let index = format!(r#"{{"x":1.50, "manifests":[{}], "schemaVersion": 2}}"#, list.join(" , "));
        let source = Memory::new();
        let root = Descriptor::of(media_type::INDEX, index.as_bytes());
        source.insert(&root, Bytes::from(index));
        let platforms: Vec<Platform> = platforms.iter().map(|text| text.parse().unwrap()).collect();
        subset(&Documents::new(&source), &root, &platforms).await
    }

    #[tokio::test]
    async fn only_the_list_changes() {
        let attested = format!(r#""annotations":{{"{ATTESTED}":"{}"}}, "size""#, Digest::of(b"1"));
        let list = [
            node("1", "linux/a"),
            node("2", "linux/b"),
            node("3", "linux/c"),
            node("4", "unknown/x").replace(r#""size""#, &attested),
        ];
        let Subset::Some(root, bytes) = chosen(&list, &["linux/a", "linux/c"]).await.unwrap() else {
            panic!("no new index");
        };
        let expected =
            format!(r#"{{"x":1.50,"manifests":[{},{},{}],"schemaVersion":2}}"#, list[0], list[2], list[3]);
        assert_eq!(bytes, expected);
        assert_eq!(root.digest, Digest::of(expected.as_bytes()));
    }

    #[tokio::test]
    async fn all_or_one_need_no_new_index() {
        let list = [node("1", "linux/a"), node("2", "linux/b")];
        assert!(matches!(chosen(&list, &["linux/a", "linux/b"]).await.unwrap(), Subset::All));
        let Subset::One(only) = chosen(&list, &["linux/b", "linux/b"]).await.unwrap() else {
            panic!("not one");
        };
        assert_eq!(only.digest, Digest::of(b"2"));
    }

    #[tokio::test]
    async fn every_platform_must_be_there() {
        let list = [node("1", "linux/a"), node("2", "linux/b")];
        let error = chosen(&list, &["linux/z", "linux/b"]).await.unwrap_err();
        assert_eq!(error.to_string(), "unmatched platforms: [linux/z]");
    }
}
