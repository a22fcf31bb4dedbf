//! Annotations: an ordered map of text, and the keys that have a meaning here.
//!
//! The map is ordered by key because manifests are digested: the same annotations must always give the same
//! bytes. Source: image-spec, `annotations.md`, and for the `io.deis.oras` keys the ORAS documentation.

use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Annotations of a manifest or a descriptor, in the order of their keys.
///
/// A clone is the same map until one of the two is changed: of thousands of referrers each stands in several lists at
/// once. Most have one annotation or two, so they are a sorted list: a tree would take half a kilobyte for the first.
/// Without annotations there is nothing at all.
#[derive(Debug, Clone, Default)]
pub struct Annotations(Option<Arc<List>>);

type Pair = (String, String);
type List = Vec<Pair>;

/// All annotations in the order of their keys.
#[derive(Debug, Clone)]
pub struct Iter<'a>(std::slice::Iter<'a, Pair>);

impl Annotations {
    /// No annotations.
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list().is_empty()
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&String> {
        let at = self.find(key).ok()?;
        self.list().get(at).map(|(_, value)| value)
    }

    /// Whether there is that key.
    pub fn contains_key(&self, key: &str) -> bool {
        self.find(key).is_ok()
    }

    /// Gives a key that value; the value that it had.
    pub fn insert(&mut self, key: String, value: String) -> Option<String> {
        let found = self.find(&key);
        let list = Arc::make_mut(self.0.get_or_insert_default());
        match found {
            Ok(at) => Some(std::mem::replace(&mut list[at].1, value)),
            Err(at) => {
                list.insert(at, (key, value));
                None
            }
        }
    }

    /// Takes a key away; the value that it had.
    pub fn remove(&mut self, key: &str) -> Option<String> {
        let at = self.find(key).ok()?;
        self.0.as_mut().map(|list| Arc::make_mut(list).remove(at).1)
    }

    /// Takes all away.
    pub fn clear(&mut self) {
        self.0 = None;
    }

    /// All of them in the order of their keys.
    pub fn iter(&self) -> Iter<'_> {
        Iter(self.list().iter())
    }

    fn list(&self) -> &[Pair] {
        self.0.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Where a key is, or would be.
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.list().binary_search_by(|(known, _)| known.as_str().cmp(key))
    }
}

impl PartialEq for Annotations {
    fn eq(&self, other: &Self) -> bool {
        self.list() == other.list()
    }
}

impl Eq for Annotations {}

impl<const N: usize> From<[Pair; N]> for Annotations {
    fn from(pairs: [Pair; N]) -> Self {
        pairs.into_iter().collect()
    }
}

impl FromIterator<Pair> for Annotations {
    /// Of several values of one key the last one counts.
    fn from_iter<I: IntoIterator<Item = Pair>>(pairs: I) -> Self {
        let mut list: List = pairs.into_iter().collect();
        list.sort_by(|one, other| one.0.cmp(&other.0));
        list.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                std::mem::swap(later, kept);
            }
            same
        });
        list.shrink_to_fit();
        Self((!list.is_empty()).then(|| Arc::new(list)))
    }
}

impl Extend<Pair> for Annotations {
    fn extend<I: IntoIterator<Item = Pair>>(&mut self, pairs: I) {
        *self = std::mem::take(self).into_iter().chain(pairs).collect();
    }
}

impl IntoIterator for Annotations {
    type Item = Pair;
    type IntoIter = std::vec::IntoIter<Pair>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default().into_iter()
    }
}

impl<'a> IntoIterator for &'a Annotations {
    type Item = (&'a String, &'a String);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a String, &'a String);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl Serialize for Annotations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

/// Reads annotations one after the other.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Annotations;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Annotations, M::Error> {
        let mut list = List::new();
        while let Some(pair) = map.next_entry()? {
            list.push(pair);
        }
        Ok(list.into_iter().collect())
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
    fn the_last_value_of_a_key_counts_however_it_came() {
        let read: Annotations = serde_json::from_str(r#"{"b":"1","a":"2","b":"3","b":"4"}"#).unwrap();
        let mut extended = of(&[("b", "1")]);
        extended.extend(of(&[("a", "2"), ("b", "4")]));
        let mut inserted = of(&[("a", "2")]);
        assert_eq!(inserted.insert("b".to_owned(), "1".to_owned()), None);
        assert_eq!(inserted.insert("b".to_owned(), "4".to_owned()).as_deref(), Some("1"));
        for all in [&read, &extended, &inserted] {
            assert_eq!(*all, of(&[("b", "4"), ("a", "2")]));
            assert_eq!(
                (all.get("b").unwrap().as_str(), all.get("c"), all.contains_key("a")),
                ("4", None, true)
            );
        }
        assert_eq!((inserted.remove("a").as_deref(), inserted.remove("a")), (Some("2"), None));
    }

    #[test]
    fn keys_are_written_in_their_order() {
        let text = serde_json::to_string(&of(&[("b", "2"), ("a", "1")])).unwrap();
        assert_eq!(text, r#"{"a":"1","b":"2"}"#);
        assert_eq!(of(&[("b", "2"), ("a", "1")]).into_iter().next().unwrap().0, "a");
    }
}
