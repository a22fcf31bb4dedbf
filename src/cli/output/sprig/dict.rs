//! Functions of dicts.
//!
//! What does not belong here: dicts that other functions give, as the parts of a URL.

use gtmpl_ng::Value;

use super::argument::{Argument, Dict, List, Outcome, functions, held, is_empty, text_of};
use super::kind::kind_of;

functions! {
    "dict"(; pairs) => dict(pairs);
    "get"(dict: Dict, key: String) => dict.get(&key).cloned().unwrap_or_else(|| Value::from(""));
    "set"(dict: Dict, key: String, value: Value) => with(dict, key, value);
    "unset"(dict: Dict, key: String) => dict.into_iter().filter(|(name, _)| *name != key).collect::<Dict>();
    "hasKey"(dict: Dict, key: String) => dict.contains_key(&key);
    "pluck"(key: String; dicts) => pluck(&key, dicts);
    "keys"(; dicts) => keys(dicts);
    "values"(dict: Dict) => sorted(dict).into_iter().map(|(_, value)| value).collect::<List>();
    "pick"(dict: Dict; keys) => picked(dict, keys, Wanted::Named);
    "omit"(dict: Dict; keys) => picked(dict, keys, Wanted::Others);
    "merge" | "mustMerge"(dict: Dict; others) => merged(dict, others, fill);
    "mergeOverwrite" | "mustMergeOverwrite"(dict: Dict; others) => merged(dict, others, overwrite);
    "dig"(; path) => dig(path);
    "deepCopy" | "mustDeepCopy"(value: Value) => value;
}

fn dict(pairs: &[Value]) -> Dict {
    let value = |pair: &[Value]| pair.get(1).map_or_else(|| Value::from(""), held);
    pairs.chunks(2).map(|pair| (text_of(&pair[0]), value(pair))).collect()
}

fn with(mut dict: Dict, key: String, value: Value) -> Dict {
    dict.insert(key, value);
    dict
}

fn sorted(dict: Dict) -> Vec<(String, Value)> {
    let mut entries: Vec<_> = dict.into_iter().collect();
    entries.sort_by(|one, other| one.0.cmp(&other.0));
    entries
}

fn as_dict(value: &Value) -> Outcome<Dict> {
    Dict::read(value).ok_or_else(|| format!("expected a dict; found {}", kind_of(value)))
}

fn as_key(value: &Value) -> Outcome<String> {
    String::read(value).ok_or_else(|| format!("expected a string as key; found {}", kind_of(value)))
}

fn pluck(key: &str, dicts: &[Value]) -> Outcome<List> {
    let mut found = List::new();
    for dict in dicts {
        found.extend(as_dict(dict)?.remove(key));
    }
    Ok(found)
}

fn keys(dicts: &[Value]) -> Outcome<Vec<String>> {
    let mut all = Vec::new();
    for dict in dicts {
        all.extend(sorted(as_dict(dict)?).into_iter().map(|(key, _)| key));
    }
    Ok(all)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Named,
    Others,
}

fn picked(mut dict: Dict, keys: &[Value], wanted: Wanted) -> Outcome<Dict> {
    let keys = keys.iter().map(as_key).collect::<Outcome<Vec<_>>>()?;
    dict.retain(|key, _| keys.contains(key) == (wanted == Wanted::Named));
    Ok(dict)
}

fn merged(mut dict: Dict, others: &[Value], add: fn(&mut Dict, Dict)) -> Outcome<Dict> {
    for other in others {
        add(&mut dict, as_dict(other)?);
    }
    Ok(dict)
}

/// Adds what says nothing yet, in the dicts within as well.
fn fill(dict: &mut Dict, other: Dict) {
    for (key, value) in other {
        match (dict.get_mut(&key), value) {
            (Some(Value::Map(mine)), Value::Map(theirs)) => fill(mine, theirs),
            (Some(mine), _) if !is_empty(mine) => {}
            (_, value) => {
                dict.insert(key, value);
            }
        }
    }
}

/// Puts over what is there whatever there is, in the dicts within as well.
fn overwrite(dict: &mut Dict, other: Dict) {
    for (key, value) in other {
        match (dict.get_mut(&key), value) {
            (Some(Value::Map(mine)), Value::Map(theirs)) => overwrite(mine, theirs),
            (_, value) => {
                dict.insert(key, value);
            }
        }
    }
}

/// The value at the end of a path of keys: `dig "a" "b" "otherwise" $dict`.
fn dig(given: &[Value]) -> Outcome<Value> {
    let [keys @ .., otherwise, dict] = given else {
        return Err("dig needs at least three arguments".to_owned());
    };
    if keys.is_empty() {
        return Err("dig needs at least three arguments".to_owned());
    }
    let mut value = dict.clone();
    for key in keys {
        match as_dict(&value)?.remove(&as_key(key)?) {
            Some(below) => value = below,
            None => return Ok(otherwise.clone()),
        }
    }
    Ok(value)
}
