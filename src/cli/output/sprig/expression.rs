//! Regular expressions of Go for an engine whose dialect differs in a few places.
//!
//! Go's `\d`, `\w`, `\s` and `\b` know ASCII only, `\Q...\E` quotes, a brace that counts nothing is a letter, and
//! there are no classes in classes. What does not belong here: what is searched.

/// The same expression in the other dialect. What is no expression stays none.
pub(super) fn translated(pattern: &str) -> String {
    let mut new = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    // Whether this is inside of brackets.
    let mut class = false;
    while let Some(letter) = rest.chars().next() {
        let after = &rest[letter.len_utf8()..];
        let taken = match letter {
            '\\' => write_escape(&mut new, after),
            '[' if class => {
                let name = after.strip_prefix(':').and_then(|name| Some(name.find(":]")? + 3));
                new.push_str(if name.is_some() { "" } else { "\\" });
                new.push_str(&rest[..=name.unwrap_or(0)]);
                name.unwrap_or(0)
            }
            '[' => {
                class = true;
                // A bracket that follows at once does not close.
                let start = ["^]", "]", "^"].into_iter().find(|start| after.starts_with(start)).unwrap_or("");
                new.push('[');
                new.push_str(&start.replace(']', "\\]"));
                start.len()
            }
            ']' => {
                class = false;
                new.push(']');
                0
            }
            '&' | '~' if class => {
                new.extend(['\\', letter]);
                0
            }
            '{' if !class && !counts(after) => {
                new.push_str("\\{");
                0
            }
            _ => {
                new.push(letter);
                0
            }
        };
        rest = &after[taken..];
    }
    new
}

/// Whether a brace that this follows says how often.
fn counts(text: &str) -> bool {
    let Some((range, _)) = text.split_once('}') else { return false };
    let (least, most) = range.split_once(',').unwrap_or((range, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !least.is_empty() && digits(least) && digits(most)
}

/// Writes what a backslash and this text begin with; returns how much of the text that is.
fn write_escape(new: &mut String, text: &str) -> usize {
    let Some(sign) = text.chars().next() else {
        new.push('\\');
        return 0;
    };
    let class = match sign {
        'd' => "[0-9]",
        'D' => "[^0-9]",
        'w' => "[0-9A-Za-z_]",
        'W' => "[^0-9A-Za-z_]",
        's' => "[\\t\\n\\f\\r ]",
        'S' => "[^\\t\\n\\f\\r ]",
        'b' => "(?-u:\\b)",
        'B' => "(?-u:\\B)",
        '<' => "<",
        '>' => ">",
        'Q' => {
            let (quoted, end) =
                text[1..].split_once("\\E").map_or((&text[1..], 0), |(quoted, _)| (quoted, 2));
            new.push_str(&regex::escape(quoted));
            return 1 + quoted.len() + end;
        }
        // The brace of `\p{L}` and `\x{41}` belongs to them.
        'p' | 'P' | 'x' if text[1..].starts_with('{') => {
            let length = text.find('}').map_or(text.len(), |end| end + 1);
            new.push('\\');
            new.push_str(&text[..length]);
            return length;
        }
        _ => {
            new.extend(['\\', sign]);
            return sign.len_utf8();
        }
    };
    new.push_str(class);
    sign.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_means_the_same_in_both_dialects() {
        for (go, ours) in [
            (r"^a.c$", r"^a.c$"),
            (r"\d+[\w.]", r"[0-9]+[[0-9A-Za-z_].]"),
            (r"[]a]", r"[\]a]"),
            (r"[^]a]", r"[^\]a]"),
            (r"[[:alpha:]&&[]", r"[[:alpha:]\&\&\[]"),
            (r"\Qa.b\E+", r"a\.b+"),
            (r"\Qa.b", r"a\.b"),
            (r#"{"a"}{2}x{3,}"#, r#"\{"a"}{2}x{3,}"#),
            (r"\p{Greek}\x{41}\pN", r"\p{Greek}\x{41}\pN"),
            (r"\<a\>", "<a>"),
            ("a\\", "a\\"),
        ] {
            assert_eq!(translated(go), ours);
        }
    }
}
