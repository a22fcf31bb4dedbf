//! `index.json`: which manifests there are, and which tags they have.
//!
//! The document belongs to all programs that use the layout, so it is kept as the JSON it was and only the entries
//! that change are made anew. An entry with `org.opencontainers.image.ref.name` is a tag; a manifest has one entry a
//! tag, or one without that annotation. Source: image-spec `image-layout.md`, section "index.json file".

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::de::{Deserialize, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use self::parts::Parts;
use crate::error::{Error, Result};
use crate::oci::{Descriptor, Digest, Tag, annotations, json, media_type};

mod parts;

/// The document, its entries and how to find them.
#[derive(Debug, Clone)]
pub(super) struct Index {
    /// All fields but the entries, whose place is held by a null.
    fields: Map<String, Value>,
    entries: Vec<Arc<Entry>>,
    /// The last entry with that tag.
    tags: HashMap<String, usize>,
    /// The first entry with that digest.
    listed: HashMap<Digest, usize>,
}

/// One entry as it is written, and as it was understood; one with a digest that nobody here knows is only kept. The
/// text is made once: a registry writes the whole list for each manifest that it takes.
#[derive(Debug)]
struct Entry {
    written: Box<RawValue>,
    node: Option<Descriptor>,
}

/// One step from an index to the next. Steps are kept until they are committed, and then made on whatever the index
/// has become.
#[derive(Debug, Clone)]
pub(super) enum Change {
    /// A manifest is there.
    List(Descriptor),
    /// A manifest has a tag, and nothing else has it.
    Tag(Descriptor, Tag),
    /// Nothing has the tag.
    Untag(Tag),
    /// These are not there.
    Remove(HashSet<Digest>),
}

const MANIFESTS: &str = "manifests";

impl Entry {
    fn new(node: Descriptor) -> Result<Arc<Self>> {
        let written = serde_json::to_value(&node).map_err(unwritable)?;
        Self::of(&written, Some(node)).map_err(unwritable)
    }

    /// An entry of a document.
    fn read(written: &RawValue) -> serde_json::Result<Arc<Self>> {
        let value: Value = serde_json::from_str(written.get())?;
        Self::of(&value, Descriptor::deserialize(&value).ok())
    }

    fn of(written: &Value, node: Option<Descriptor>) -> serde_json::Result<Arc<Self>> {
        let text = String::from_utf8(json::compact(written)?).map_err(serde_json::Error::custom)?;
        Ok(Arc::new(Self { written: RawValue::from_string(text)?, node }))
    }

    fn tag(&self) -> Option<&str> {
        self.node.as_ref().and_then(tag_of)
    }

    fn digest(&self) -> Option<&Digest> {
        self.node.as_ref().map(|node| &node.digest)
    }
}

fn unwritable(error: serde_json::Error) -> Error {
    Error::invalid("index.json cannot be written").caused_by(error)
}

fn tag_of(node: &Descriptor) -> Option<&str> {
    node.annotations.get(annotations::REF_NAME).map(String::as_str).filter(|tag| !tag.is_empty())
}

/// A node as it is listed without a tag.
fn untagged(mut node: Descriptor) -> Descriptor {
    if node.annotations.contains_key(annotations::REF_NAME) {
        node.annotations.remove(annotations::REF_NAME);
    }
    node
}

fn tagged(mut node: Descriptor, tag: &Tag) -> Descriptor {
    node.annotations.insert(annotations::REF_NAME.to_owned(), tag.as_str().to_owned());
    node
}

impl Index {
    /// The index of a layout without content.
    pub(super) fn empty() -> Self {
        let mut fields = Map::new();
        fields.insert("schemaVersion".to_owned(), Value::from(2));
        fields.insert("mediaType".to_owned(), Value::from(media_type::INDEX));
        fields.insert(MANIFESTS.to_owned(), Value::Null);
        Self { fields, entries: Vec::new(), tags: HashMap::new(), listed: HashMap::new() }
    }

    /// Reads the document.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self> {
        let Parts { fields, entries } = serde_json::from_slice(bytes).map_err(|why| {
            Error::invalid(format!("invalid OCI Image Index: failed to decode index file: {why}"))
        })?;
        let mut index = Self { fields, entries, tags: HashMap::new(), listed: HashMap::new() };
        index.find_all();
        Ok(index)
    }

    /// The document as Go writes it.
    pub(super) fn write(&self) -> Result<Vec<u8>> {
        json::compact(self).map_err(unwritable)
    }

    fn find_all(&mut self) {
        self.tags.clear();
        self.listed.clear();
        for at in 0..self.entries.len() {
            self.find(at);
        }
    }

    fn find(&mut self, at: usize) {
        let entry = &self.entries[at];
        if let Some(tag) = entry.tag() {
            self.tags.insert(tag.to_owned(), at);
        }
        if let Some(digest) = entry.digest() {
            self.listed.entry(digest.clone()).or_insert(at);
        }
    }

    fn node(&self, at: usize) -> Option<&Descriptor> {
        self.entries[at].node.as_ref()
    }

    /// The manifest with that tag, with all that its entry says.
    pub(super) fn tagged(&self, tag: &Tag) -> Option<&Descriptor> {
        self.tags.get(tag.as_str()).and_then(|&at| self.node(at))
    }

    /// The first entry with that digest.
    pub(super) fn listed(&self, digest: &Digest) -> Option<&Descriptor> {
        self.listed.get(digest).and_then(|&at| self.node(at))
    }

    /// All manifests in the order of the document, each once.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Descriptor> {
        let mut seen = HashSet::new();
        self.entries
            .iter()
            .filter_map(|entry| entry.node.as_ref())
            .filter(move |node| seen.insert(&node.digest))
    }

    /// The digests that have a tag.
    pub(super) fn tagged_digests(&self) -> HashSet<Digest> {
        self.tags.values().filter_map(|&at| self.entries[at].digest()).cloned().collect()
    }

    /// The tags after `after`, sorted.
    pub(super) fn tags(&self, after: Option<&str>) -> Vec<Tag> {
        let tags: BTreeSet<_> =
            self.tags.keys().filter(|tag| after.is_none_or(|after| tag.as_str() > after)).collect();
        tags.into_iter().map(Tag::any).collect()
    }

    /// Makes one step.
    pub(super) fn apply(&mut self, change: &Change) -> Result<()> {
        match change {
            Change::List(node) => {
                if !self.listed.contains_key(&node.digest) {
                    self.push(Entry::new(untagged(node.clone()))?);
                }
            }
            Change::Tag(node, tag) => self.tag(node, tag)?,
            Change::Untag(tag) => self.untag(tag)?,
            Change::Remove(digests) => {
                self.entries.retain(|entry| entry.digest().is_none_or(|digest| !digests.contains(digest)));
                self.find_all();
            }
        }
        Ok(())
    }

    /// Puts the tags first, as oras does; else the order stays.
    pub(super) fn arrange(&mut self) {
        if !self.entries.is_sorted_by_key(|entry| entry.tag().is_none()) {
            self.entries.sort_by_key(|entry| entry.tag().is_none());
            self.find_all();
        }
    }

    fn push(&mut self, entry: Arc<Entry>) {
        self.entries.push(entry);
        self.find(self.entries.len() - 1);
    }

    fn tag(&mut self, node: &Descriptor, tag: &Tag) -> Result<()> {
        let named = tagged(node.clone(), tag);
        if let Some(&at) = self.tags.get(tag.as_str()) {
            if let Some(known) = self.node(at).filter(|known| known.digest == node.digest) {
                // What others wrote to the entry stays.
                let mut both = known.clone();
                both.annotations.extend(named.annotations);
                both.artifact_type = named.artifact_type.or(both.artifact_type);
                self.entries[at] = Entry::new(both)?;
                return Ok(());
            }
            self.untag(tag)?;
        }
        let bare = self.listed.get(&node.digest).copied().filter(|&at| self.entries[at].tag().is_none());
        match bare {
            Some(at) => {
                self.entries[at] = Entry::new(named)?;
                self.find(at);
            }
            None => self.push(Entry::new(named)?),
        }
        Ok(())
    }

    /// A manifest that loses its last tag stays listed.
    fn untag(&mut self, tag: &Tag) -> Result<()> {
        let mut elsewhere: HashMap<Digest, usize> = HashMap::new();
        for digest in self.entries.iter().filter_map(|entry| entry.digest()) {
            *elsewhere.entry(digest.clone()).or_default() += 1;
        }
        let mut kept = Vec::with_capacity(self.entries.len());
        for entry in self.entries.drain(..) {
            if entry.tag() != Some(tag.as_str()) {
                kept.push(entry);
                continue;
            }
            let Some(node) = &entry.node else { continue };
            let entries = elsewhere.entry(node.digest.clone()).or_default();
            *entries -= 1;
            if *entries == 0 {
                kept.push(Entry::new(untagged(node.clone()))?);
            }
        }
        self.entries = kept;
        self.find_all();
        Ok(())
    }
}

impl Serialize for Index {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(self.fields.len()))?;
        for (name, value) in &self.fields {
            if name == MANIFESTS {
                let entries: Vec<&RawValue> = self.entries.iter().map(|entry| &*entry.written).collect();
                fields.serialize_entry(name, &entries)?;
            } else {
                fields.serialize_entry(name, value)?;
            }
        }
        fields.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str) -> Descriptor {
        Descriptor::of(media_type::MANIFEST, name.as_bytes())
    }

    fn names(index: &Index) -> Vec<(Digest, Option<String>)> {
        let name = |entry: &Arc<Entry>| Some((entry.digest()?.clone(), entry.tag().map(str::to_owned)));
        index.entries.iter().filter_map(name).collect()
    }

    #[test]
    fn a_manifest_has_an_entry_for_each_tag_and_one_without() {
        let (a, b) = (manifest("a"), manifest("b"));
        let mut index = Index::empty();
        let steps = [
            Change::List(a.clone()),
            Change::List(b.clone()),
            Change::Tag(a.clone(), Tag::any("v1")),
            Change::Tag(a.clone(), Tag::any("v2")),
            Change::List(a.clone()),
        ];
        for step in &steps {
            index.apply(step).unwrap();
        }
        let tag = |tag: &str| Some(tag.to_owned());
        assert_eq!(
            names(&index),
            [(a.digest.clone(), tag("v1")), (b.digest.clone(), None), (a.digest.clone(), tag("v2"))]
        );
        index.arrange();
        assert_eq!(names(&index)[1..], [(a.digest.clone(), tag("v2")), (b.digest.clone(), None)]);
        index.apply(&Change::Tag(b.clone(), Tag::any("v1"))).unwrap();
        assert_eq!(names(&index), [(a.digest.clone(), tag("v2")), (b.digest.clone(), tag("v1"))]);
        index.apply(&Change::Untag(Tag::any("v2"))).unwrap();
        assert_eq!(names(&index), [(a.digest.clone(), None), (b.digest.clone(), tag("v1"))]);
        index.apply(&Change::Remove(HashSet::from([a.digest, b.digest]))).unwrap();
        assert!(String::from_utf8(index.write().unwrap()).unwrap().ends_with(r#""manifests":[]}"#));
    }

    #[test]
    fn what_others_wrote_stays_as_it_was() {
        let digest = manifest("a").digest;
        let text = format!(
            r#"{{"schemaVersion":2,"x":{{"b":1,"a":2}},"manifests":[{{"digest":"blake3:00","size":1}},{{"mediaType":"a/b","size":1,"digest":"{digest}","annotations":{{"z":"1","org.opencontainers.image.ref.name":"v1"}},"y":[]}}],"annotations":{{"k":"v"}}}}"#
        );
        let mut index = Index::parse(text.as_bytes()).unwrap();
        assert_eq!(String::from_utf8(index.write().unwrap()).unwrap(), text);
        index.apply(&Change::Tag(Descriptor::new("a/b", digest, 1), Tag::any("v1"))).unwrap();
        let node = index.tagged(&Tag::any("v1")).unwrap();
        assert_eq!(node.annotations.get("z").unwrap(), "1");
        assert!(node.other.get("y").is_some());
        assert!(index.write().unwrap().starts_with(&text.as_bytes()[..text.find("blake3").unwrap()]));
    }

    #[test]
    fn a_list_that_is_null_is_empty_and_another_value_is_refused() {
        assert_eq!(Index::parse(br#"{"manifests":null}"#).unwrap().nodes().count(), 0);
        for bad in [&b"{"[..], b"[]", br#"{"manifests":{}}"#] {
            let says = Index::parse(bad).unwrap_err().to_string();
            assert!(says.starts_with("invalid OCI Image Index: failed to decode index file: "), "{says}");
        }
    }
}
