//! JSON as Go writes it: the only maker of bytes that get digested.
//!
//! oras builds manifests with Go's `encoding/json`, which escapes `<`, `>`, `&`, U+2028 and U+2029. A digest
//! depends on every byte, so the same is done here. Source: the documentation of `encoding/json`, `Marshal`.

use std::io;

use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter};

/// Compact, without a newline at the end.
///
/// # Errors
/// A value that JSON has no form for, such as a map with keys that are no text.
pub fn compact<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    write(value, CompactFormatter)
}

/// Indented by two blanks, without a newline at the end.
///
/// # Errors
/// As [`compact`].
pub fn pretty<T: Serialize + ?Sized>(value: &T) -> serde_json::Result<Vec<u8>> {
    write(value, PrettyFormatter::with_indent(b"  "))
}

/// Any JSON document indented by two blanks as Go's `json.Indent` does: order of keys, numbers and escapes stay
/// as they are, only the white space between them changes.
///
/// # Errors
/// The bytes are not one JSON document.
pub fn indent(document: &[u8]) -> serde_json::Result<Vec<u8>> {
    serde_json::from_slice::<IgnoredAny>(document)?;
    let mut out = Vec::with_capacity(document.len() * 2);
    let (mut depth, mut quoted, mut escaped, mut opened) = (0_usize, false, false, false);
    for &byte in document {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            out.push(byte);
            continue;
        }
        if byte.is_ascii_whitespace() {
            continue;
        }
        let closes = matches!(byte, b'}' | b']');
        depth -= usize::from(closes);
        // An empty list or object stays on its line.
        if opened != closes {
            line(&mut out, depth);
        }
        opened = matches!(byte, b'{' | b'[');
        depth += usize::from(opened);
        quoted = byte == b'"';
        out.push(byte);
        match byte {
            b',' => line(&mut out, depth),
            b':' => out.push(b' '),
            _ => {}
        }
    }
    Ok(out)
}

/// Reads a document, which is an object. To serde a list is an object too, whose fields come in order, and such a one
/// must not pass for a manifest without layers.
///
/// # Errors
/// What is wrong with the text.
pub fn object<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let read = match first_letter(text) {
        Some(b'{') => serde_json::from_slice(text),
        found => match serde_json::from_slice::<IgnoredAny>(text) {
            Ok(_) => {
                return Err(format!(
                    "expected an object, found {}",
                    match found {
                        Some(b'[') => "a list",
                        Some(b'"') => "a string",
                        Some(b't' | b'f') => "a boolean",
                        Some(b'n') => "null",
                        _ => "a number",
                    }
                ));
            }
            Err(error) => Err(error),
        },
    };
    read.map_err(|error| mistake(text, &error))
}

fn first_letter(text: &[u8]) -> Option<u8> {
    text.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// What is wrong with a text that is no JSON, in the words of Go for the mistakes that are made: nothing at all,
/// something that was cut, and something that is no JSON from its first letter on.
pub fn mistake(text: &[u8], error: &serde_json::Error) -> String {
    match first_letter(text) {
        None => "EOF".to_owned(),
        _ if error.is_eof() => "unexpected EOF".to_owned(),
        Some(first) if error.is_syntax() && !matches!(first, b'{' | b'[' | b'"') => {
            format!("invalid character {:?} looking for beginning of value", char::from(first))
        }
        _ => error.to_string(),
    }
}

fn line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.resize(out.len() + 2 * depth, b' ');
}

fn write<T: Serialize + ?Sized, F: Formatter>(value: &T, layout: F) -> serde_json::Result<Vec<u8>> {
    let mut out = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut out, Go(layout)))?;
    Ok(out)
}

/// A layout with Go's additional escapes in strings.
struct Go<F>(F);

/// Hands the named methods on to the inner layout.
macro_rules! forward {
    ($($method:ident($($argument:ident: $kind:ty),*)),* $(,)?) => {
        $(fn $method<W: ?Sized + io::Write>(&mut self, writer: &mut W $(, $argument: $kind)*) -> io::Result<()> {
            self.0.$method(writer $(, $argument)*)
        })*
    };
}

impl<F: Formatter> Formatter for Go<F> {
    forward!(
        begin_array(),
        end_array(),
        begin_array_value(first: bool),
        end_array_value(),
        begin_object(),
        end_object(),
        begin_object_key(first: bool),
        end_object_key(),
        begin_object_value(),
        end_object_value(),
    );

    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut plain = 0;
        for (at, letter) in fragment.char_indices() {
            if matches!(letter, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') {
                writer.write_all(&fragment.as_bytes()[plain..at])?;
                write!(writer, "\\u{:04x}", u32::from(letter))?;
                plain = at + letter.len_utf8();
            }
        }
        writer.write_all(&fragment.as_bytes()[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_other_letters_are_not() {
        let bytes = compact(&["<a&b>", "é\u{2028}", "\"\\\n\u{1}\u{7f}"]).unwrap();
        let expected = r#"["\u003ca\u0026b\u003e","é\u2028","\"\\\n\u0001"#.to_owned() + "\u{7f}\"]";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
    }

    #[test]
    fn pretty_has_two_blanks() {
        let value = serde_json::json!({"a": [], "b": {"c": [1, "<"]}});
        let expected =
            "{\n  \"a\": [],\n  \"b\": {\n    \"c\": [\n      1,\n      \"\\u003c\"\n    ]\n  }\n}";
        assert_eq!(String::from_utf8(pretty(&value).unwrap()).unwrap(), expected);
    }

    #[test]
    fn a_document_is_an_object() {
        #[derive(Debug, serde::Deserialize)]
        struct Document {
            #[serde(default)]
            name: String,
        }
        let read = |text: &str| object::<Document>(text.as_bytes()).map(|document| document.name);
        assert_eq!(read(" {\"name\":\"a\"}"), Ok("a".to_owned()));
        for (text, why) in [
            ("[]", "expected an object, found a list"),
            ("[\"a\"]", "expected an object, found a list"),
            ("7", "expected an object, found a number"),
            ("\"a\"", "expected an object, found a string"),
            ("null", "expected an object, found null"),
            ("<p>", "invalid character '<' looking for beginning of value"),
            ("", "EOF"),
            ("[", "unexpected EOF"),
            ("{", "unexpected EOF"),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text}");
        }
    }

    #[test]
    fn indenting_changes_white_space_only() {
        let document = br#" {"b":[1.50,{}, [ ]],"a":"\"{,\u003c","c":{"d":1e5}}"#;
        let expected = r#"{
  "b": [
    1.50,
    {},
    []
  ],
  "a": "\"{,\u003c",
  "c": {
    "d": 1e5
  }
}"#;
        assert_eq!(String::from_utf8(indent(document).unwrap()).unwrap(), expected);
        assert!(indent(b"{").is_err());
        assert!(indent(b"{} {}").is_err());
    }
}
