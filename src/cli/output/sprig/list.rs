//! Functions of lists.
//!
//! What does not belong here: lists of numbers that are counted, which are in [`super::number`].

use gtmpl_ng::Value;

use super::argument::{List, Outcome, functions, held, is_empty, text_of};
use super::text::texts;

functions! {
    "list" | "tuple"(; values) => values.iter().map(held).collect::<List>();
    "append" | "push" | "mustAppend" | "mustPush"(list: List, value: Value) => [list, vec![value]].concat();
    "prepend" | "mustPrepend"(list: List, value: Value) => [vec![value], list].concat();
    "concat"(; lists) => concatenated(lists);
    "first" | "mustFirst"(list: List) => list.first().cloned().unwrap_or(Value::Nil);
    "last" | "mustLast"(list: List) => list.last().cloned().unwrap_or(Value::Nil);
    "rest" | "mustRest"(list: List) => list.get(1..).unwrap_or_default().to_vec();
    "initial" | "mustInitial"(list: List) => list.split_last().map(|(_, list)| list.to_vec()).unwrap_or_default();
    "reverse" | "mustReverse"(list: List) => list.into_iter().rev().collect::<List>();
    "sortAlpha"(value: Value) => sorted(&value);
    "compact" | "mustCompact"(list: List) => list.into_iter().filter(|value| !is_empty(value)).collect::<List>();
    "uniq" | "mustUniq"(list: List) => unique(list);
    "without" | "mustWithout"(list: List; omitted) =>
        list.into_iter().filter(|value| !omitted.contains(value)).collect::<List>();
    "has" | "mustHas"(value: Value, list: Value) => contains(&value, &list);
    "slice" | "mustSlice"(list: List; indices) => slice(&list, indices);
    "chunk" | "mustChunk"(size: i64, list: List) => chunks(size, &list);
    "all"(; values) => values.iter().all(|value| !is_empty(value));
    "any"(; values) => values.iter().any(|value| !is_empty(value));
    "coalesce"(; values) => values.iter().find(|value| !is_empty(value)).cloned().unwrap_or(Value::Nil);
}

fn concatenated(lists: &[Value]) -> Outcome<List> {
    let mut all = List::new();
    for list in lists {
        match list {
            Value::Array(list) => all.extend(list.iter().cloned()),
            other => return Err(format!("Cannot concat type {}", super::kind::kind_of(other))),
        }
    }
    Ok(all)
}

fn sorted(value: &Value) -> Vec<String> {
    if !matches!(value, Value::Array(_)) {
        return vec![text_of(value)];
    }
    let mut texts = texts(value);
    texts.sort();
    texts
}

/// Every value once, where it is first.
fn unique(list: List) -> List {
    let mut kept = List::new();
    for value in list {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

fn contains(value: &Value, list: &Value) -> Outcome<bool> {
    match list {
        Value::NoValue | Value::Nil => Ok(false),
        Value::Array(list) => Ok(list.contains(value)),
        other => Err(format!("Cannot find has on type {}", super::kind::kind_of(other))),
    }
}

fn slice(list: &List, indices: &[Value]) -> Outcome<Value> {
    if list.is_empty() {
        return Ok(Value::Nil);
    }
    let index = |at: usize, otherwise: usize| match indices.get(at) {
        None => Ok(otherwise),
        Some(index) => {
            let index = super::number::integer(index);
            usize::try_from(index).map_err(|_| format!("slice index {index} out of bounds"))
        }
    };
    let (start, end) = (index(0, 0)?, index(1, list.len())?);
    let part = list.get(start..end).ok_or_else(|| format!("slice bounds out of range [{start}:{end}]"))?;
    Ok(Value::from(part.to_vec()))
}

fn chunks(size: i64, list: &List) -> Outcome<List> {
    match usize::try_from(size) {
        Ok(size @ 1..) => Ok(list.chunks(size).map(|chunk| Value::from(chunk.to_vec())).collect()),
        _ => Err("the size of a chunk must be greater than 0".to_owned()),
    }
}
