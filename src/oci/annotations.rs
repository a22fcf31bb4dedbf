//! Annotations: an ordered map of text, and the keys that have a meaning here.
//!
//! The map is ordered by key because manifests are digested: the same annotations must always give the same
//! bytes. Source: image-spec, `annotations.md`, and for the `io.deis.oras` keys the ORAS documentation.

use std::collections::{BTreeMap, btree_map};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Annotations of a manifest or a descriptor, in the order of their keys.
///
/// A clone is the same map until one of the two is changed: of thousands of referrers each stands in several lists at
/// once. Without annotations there is no map at all.
#[derive(Debug, Clone, Default)]
pub struct Annotations(Option<Arc<Map>>);

type Map = BTreeMap<String, String>;

static NONE: Map = Map::new();

impl Annotations {
    /// No annotations.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        Map::is_empty(self)
    }
}

impl Deref for Annotations {
    type Target = Map;

    fn deref(&self) -> &Map {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for Annotations {
    fn deref_mut(&mut self) -> &mut Map {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl PartialEq for Annotations {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Annotations {}

impl From<Map> for Annotations {
    fn from(map: Map) -> Self {
        Self((!map.is_empty()).then(|| Arc::new(map)))
    }
}

impl<const N: usize> From<[(String, String); N]> for Annotations {
    fn from(pairs: [(String, String); N]) -> Self {
        Map::from(pairs).into()
    }
}

impl FromIterator<(String, String)> for Annotations {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Map::from_iter(pairs).into()
    }
}

impl IntoIterator for Annotations {
    type Item = (String, String);
    type IntoIter = btree_map::IntoIter<String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}

impl<'a> IntoIterator for &'a Annotations {
    type Item = (&'a String, &'a String);
    type IntoIter = btree_map::Iter<'a, String, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Map::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::from)
    }
}

/// When the artifact was made, RFC 3339.
pub const CREATED: &str = "org.opencontainers.image.created";
/// The name of the file that a layer holds, with `/` between its parts.
pub const TITLE: &str = "org.opencontainers.image.title";
/// The tag of an entry in a layout's `index.json`.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// The digest of the uncompressed archive of a packed folder.
pub const CONTENT_DIGEST: &str = "io.deis.oras.content.digest";
/// `true` on a layer that is an archive to be unpacked under its title.
pub const CONTENT_UNPACK: &str = "io.deis.oras.content.unpack";
/// Which filters a registry applied to its list of referrers.
pub const FILTERS_APPLIED: &str = "org.opencontainers.referrers.filtersApplied";

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Annotations {
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn a_clone_is_shared_until_it_is_changed() {
        let one = of(&[("a", "1")]);
        let mut two = one.clone();
        assert!(Arc::ptr_eq(one.0.as_ref().unwrap(), two.0.as_ref().unwrap()));
        two.insert("b".to_owned(), "2".to_owned());
        assert_eq!((one, two), (of(&[("a", "1")]), of(&[("b", "2"), ("a", "1")])));
    }

    #[test]
    fn none_are_none_however_they_came_to_be() {
        let mut emptied = of(&[("a", "1")]);
        emptied.remove("a");
        assert_eq!(emptied, Annotations::new());
        assert!(emptied.is_empty() && of(&[]).0.is_none());
        assert_eq!(serde_json::from_str::<Annotations>("{}").unwrap(), emptied);
    }

    #[test]
    fn keys_are_written_in_their_order() {
        let text = serde_json::to_string(&of(&[("b", "2"), ("a", "1")])).unwrap();
        assert_eq!(text, r#"{"a":"1","b":"2"}"#);
        assert_eq!(of(&[("b", "2"), ("a", "1")]).into_iter().next().unwrap().0, "a");
    }
}
