//! Templates in the words of the engine: what Go's have and the engine lacks, said in another way.
//!
//! - Literals: the engine knows few of Go's escapes, and takes those of raw ones for such.
//! - `{{else with X}}` becomes `{{else}}{{with X}}` with a second `{{end}}` in its place.
//! - `{{$_ := set $dict ...}}` becomes `{{$dict = set $dict ...}}`. Whoever writes the former wants the dict of that
//!   name to change; values have no identity here, so it is the name that gets the changed dict.
//!
//! - `{{$time.Format "2006"}}` becomes `{{method "Format" $time "2006"}}`; see [`super::chain`].
//! - `{{X}}` becomes `{{X | shown}}`, because the engine prints values that have a text of their own in its own way.
//!
//! What is no template stays as it is, for the engine to say so. What does not belong here: how it runs.

use super::super::sprig::is_method;
use super::chain::called;

/// Functions that change the dict they are given.
const CHANGING: [&str; 6] = ["set", "unset", "merge", "mergeOverwrite", "mustMerge", "mustMergeOverwrite"];

/// What ends an action that prints something.
pub(super) const SHOWN: &str = " | shown";

/// The same template for the engine.
pub(super) fn rewritten(text: &str) -> String {
    let mut new = String::with_capacity(text.len());
    // For every open block, how many ends it has in what is written.
    let mut open: Vec<usize> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, action) = rest.split_at(start);
        new.push_str(before);
        let Some(length) = length(action) else {
            rest = action;
            break;
        };
        let (action, after) = action.split_at(length);
        write_action(&mut new, action, &mut open);
        rest = after;
    }
    new + rest
}

/// How long the action is that the text begins with, if it has an end.
fn length(text: &str) -> Option<usize> {
    let inner = &text[2..];
    let comment = inner.strip_prefix("/*").or_else(|| inner.strip_prefix("- /*"));
    let mut at = match comment {
        Some(comment) => text.len() - comment.len() + comment.find("*/")?,
        None => 2,
    };
    loop {
        let rest = &text[at..];
        if rest.starts_with("}}") {
            return Some(at + 2);
        }
        at += literal(rest).or_else(|| rest.chars().next().map(char::len_utf8))?;
    }
}

/// How long the literal is that the text begins with; all that is left if it has no end.
pub(super) fn literal(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|quote| "\"'`".contains(*quote))?;
    let mut escaped = false;
    let end = text.char_indices().skip(1).find(|(_, letter)| {
        let end = *letter == quote && !escaped;
        escaped = *letter == '\\' && !escaped && quote != '`';
        end
    });
    Some(end.map_or(text.len(), |(at, _)| at + 1))
}

fn write_action(new: &mut String, action: &str, open: &mut Vec<usize>) {
    let inner = &action[2..action.len() - 2];
    let (left, inner) = inner.strip_prefix("- ").map_or(("", inner), |inner| ("- ", inner));
    let (inner, right) = inner.strip_suffix(" -").map_or((inner, ""), |inner| (inner, " -"));
    let words: Vec<&str> = inner.split_whitespace().take(5).collect();
    let mut inner = with_literals(inner);
    let comment = inner.trim_start().starts_with("/*");
    if !comment {
        inner = called(&inner, is_method);
    }
    match words.as_slice() {
        ["if" | "range" | "with" | "block" | "define", ..] => open.push(1),
        ["else", "with", ..] => {
            if let Some(ends) = open.last_mut() {
                *ends += 1;
            }
            let with = inner.trim_start().trim_start_matches("else");
            inner = format!("else}}}}{{{{{}", with.trim_start());
        }
        ["end"] => {
            for _ in 1..open.pop().unwrap_or(1) {
                new.push_str("{{");
                new.push_str(left);
                new.push_str("end}}");
            }
        }
        ["$_", ":=" | "=", function, dict, ..] if CHANGING.contains(function) && is_name(dict) => {
            inner = inner.replacen("$_", dict, 1).replacen(":=", "=", 1);
        }
        // Go takes a last command that is empty.
        _ if !comment && prints(&words) && !inner.trim_end().ends_with('|') => inner.push_str(SHOWN),
        _ => {}
    }
    new.extend(["{{", left, &inner, right, "}}"]);
}

/// Whether an action with these words prints something.
fn prints(words: &[&str]) -> bool {
    let assigns = words.iter().skip(1).any(|word| matches!(*word, ":=" | "="));
    let language = ["if", "with", "range", "block", "define", "template", "else", "end", "break", "continue"];
    !assigns && words.first().is_some_and(|first| !language.contains(first))
}

/// The name of a variable.
fn is_name(word: &str) -> bool {
    let name = word.strip_prefix('$').unwrap_or_default();
    !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || letter == '_')
}

/// The text with its literals in the form that the engine reads.
fn with_literals(text: &str) -> String {
    let mut new = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = literal(rest).unwrap_or(letter.len_utf8());
        let (part, after) = rest.split_at(length);
        match value(part) {
            Some(value) => {
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                new.extend(["\"", &value, "\""]);
            }
            None => new.push_str(part),
        }
        rest = after;
    }
    new
}

/// What a literal of text stands for; `None` if it is none, or none that Go would take.
fn value(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('`') {
        return raw.strip_suffix('`').map(|raw| raw.replace('\r', ""));
    }
    let mut rest = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::with_capacity(rest.len());
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        if letter != '\\' {
            bytes.extend(letter.encode_utf8(&mut [0; 4]).bytes());
            continue;
        }
        rest = escape(rest, &mut bytes)?;
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads what follows a backslash; returns what is after it.
fn escape<'a>(text: &'a str, bytes: &mut Vec<u8>) -> Option<&'a str> {
    let sign = text.chars().next()?;
    let rest = &text[sign.len_utf8()..];
    let (digits, base) = match sign {
        'x' => (2, 16),
        'u' => (4, 16),
        'U' => (8, 16),
        '0'..='7' => (3, 8),
        _ => {
            bytes.push(match sign {
                'a' => 7,
                'b' => 8,
                't' => b'\t',
                'n' => b'\n',
                'v' => 11,
                'f' => 12,
                'r' => b'\r',
                '"' => b'"',
                '\\' => b'\\',
                _ => return None,
            });
            return Some(rest);
        }
    };
    let number = if base == 8 { text } else { rest };
    let code = u32::from_str_radix(number.get(..digits)?, base).ok()?;
    if sign == 'u' || sign == 'U' {
        bytes.extend(char::from_u32(code)?.encode_utf8(&mut [0; 4]).bytes());
    } else {
        bytes.push(u8::try_from(code).ok()?);
    }
    Some(&number[digits..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_those_of_go() {
        for (go, engine) in [
            (r#"{{"a\tb"}}"#, "{{\"a\tb\"}}"),
            (r#"{{"\x41\u00e9\U0001F600\101\a\v"}}"#, "{{\"Aé😀A\u{7}\u{b}\"}}"),
            (r#"{{`raw \n "x"` | upper}}"#, r#"{{"raw \\n \"x\"" | upper}}"#),
            ("{{`two\nlines`}}", r#"{{"two\nlines"}}"#),
            (r#"{{"}}" | print '"' "\""}}"#, r#"{{"}}" | print '"' "\""}}"#),
        ] {
            assert_eq!(rewritten(go).replace(SHOWN, ""), engine);
        }
    }

    #[test]
    fn what_is_no_literal_of_go_stays_as_it_is() {
        for text in [
            r#"{{"\q"}}"#,
            r#"{{"open}}"#,
            "{{'a",
            "{{`raw}} x",
            "{{/* \" */}}",
            "{{- /* }} */ -}} \"\\q\"",
            "a {{",
            "}}",
        ] {
            assert_eq!(rewritten(text).replace(SHOWN, ""), text);
        }
    }

    #[test]
    fn what_is_printed_goes_through_what_shows_it() {
        for action in [".a", "$x | f", "(f)", "template2"] {
            assert_eq!(rewritten(&format!("{{{{- {action} -}}}}")), format!("{{{{- {action} | shown -}}}}"));
        }
        for action in ["$x := 1", "$x = f", "if .a", "end", "else", "/* a */", "template \"a\" .", "break"] {
            let text = format!("{{{{{action}}}}}");
            assert_eq!(rewritten(&text), text);
        }
    }

    #[test]
    fn a_with_after_else_is_a_block_of_its_own() {
        let text =
            "{{with .a}}1{{else with .b}}2{{if .c}}{{end}}{{else with .d}}3{{- end -}} 4{{if .e}}{{end}}";
        let expected = "{{with .a}}1{{else}}{{with .b}}2{{if .c}}{{end}}{{else}}{{with .d}}3{{- end}}{{- end}}{{- end -}} 4{{if .e}}{{end}}";
        assert_eq!(rewritten(text), expected);
    }

    #[test]
    fn a_dict_that_is_changed_gets_its_change() {
        assert_eq!(rewritten(r#"{{- $_ := set $d "k" 1 -}}"#), r#"{{- $d = set $d "k" 1 -}}"#);
        for text in [
            r#"{{$x := set $d "k" 1}}"#,
            "{{$_ := set .d 1 2}}",
            "{{$_ := get $d 1}}",
            r#"{{"{{$_ := set $d 1}}"}}"#,
        ] {
            assert_eq!(rewritten(text), text);
        }
    }
}
