//! `index.json` as it is read: an entry at a time.
//!
//! There may be tens of thousands of entries, and the tree of all their values would take many times the room of the
//! document. What does not belong here: what the entries mean.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Entry, MANIFESTS};

/// The document in its parts. Of a field that comes twice the last one counts.
pub(super) struct Parts {
    /// All fields but the entries, whose place is held by a null.
    pub(super) fields: Map<String, Value>,
    pub(super) entries: Vec<Arc<Entry>>,
}

impl<'de> Deserialize<'de> for Parts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PartsVisitor)
    }
}

struct PartsVisitor;

impl<'de> Visitor<'de> for PartsVisitor {
    type Value = Parts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Parts, M::Error> {
        let mut parts = Parts { fields: Map::new(), entries: Vec::new() };
        while let Some(name) = map.next_key::<String>()? {
            if name == MANIFESTS {
                parts.entries = map.next_value::<Option<Entries>>()?.unwrap_or_default().0;
                parts.fields.insert(name, Value::Null);
            } else {
                parts.fields.insert(name, map.next_value()?);
            }
        }
        parts.fields.entry(MANIFESTS).or_insert(Value::Null);
        Ok(parts)
    }
}

#[derive(Default)]
struct Entries(Vec<Arc<Entry>>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<Entries, S::Error> {
        let mut entries = Vec::new();
        while let Some(written) = list.next_element::<&RawValue>()? {
            entries.push(Entry::read(written).map_err(S::Error::custom)?);
        }
        Ok(Entries(entries))
    }
}
