//! Methods of values, which the engine has not: `$time.Format "2006"` becomes `method "Format" $time "2006"`.
//!
//! Only names of methods are taken so; whether there is one, or a field of that name, is known when it runs.
//! What does not belong here: which methods there are, and what they mean.

use super::source::literal;

/// The text of an action with the methods in it as calls.
pub(super) fn called(text: &str, is_method: fn(&str) -> bool) -> String {
    let mut new = String::with_capacity(text.len());
    let mut scanner = Scanner { rest: text, is_method };
    while !scanner.rest.is_empty() {
        scanner.commands(&mut new);
        // An end without a beginning, which is the engine's to tell.
        new.push_str(scanner.take(scanner.rest.len().min(1)));
    }
    new
}

struct Scanner<'a> {
    rest: &'a str,
    is_method: fn(&str) -> bool,
}

impl<'a> Scanner<'a> {
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    /// Everything up to the end or to a `)` that closes what was opened before.
    fn commands(&mut self, new: &mut String) {
        // Whether the next word is the first of its command, which is the one that is called with arguments.
        let mut first = true;
        while let Some(letter) = self.rest.chars().next() {
            match letter {
                ')' => return,
                '|' | '=' | ',' | ':' => {
                    first = true;
                    new.push_str(self.take(1));
                }
                letter if letter.is_whitespace() => new.push_str(self.take(letter.len_utf8())),
                _ => {
                    let word = self.word(first);
                    first = first && matches!(word.as_str(), "if" | "with" | "range" | "else");
                    new.push_str(&word);
                }
            }
        }
    }

    /// One operand with the fields that are asked of it.
    fn word(&mut self, first: bool) -> String {
        if let Some(length) = literal(self.rest) {
            return self.take(length).to_owned();
        }
        let base = if self.rest.starts_with('(') {
            let mut base = self.take(1).to_owned();
            self.commands(&mut base);
            base + self.take(self.rest.len().min(1))
        } else {
            let length = self.rest.find(|letter| !is_name(letter)).unwrap_or(self.rest.len());
            match length {
                // The value itself, or a sign that is no part of a name.
                0 if !self.rest.starts_with('.') => {
                    let sign = self.rest.chars().next().map_or(0, char::len_utf8);
                    return self.take(sign).to_owned();
                }
                _ => self.take(length).to_owned(),
            }
        };
        let length = self.rest.find(|letter| !is_name(letter) && letter != '.').unwrap_or(self.rest.len());
        self.chain(base, self.rest.get(..length).unwrap_or_default(), length, first)
    }

    fn chain(&mut self, base: String, fields: &str, length: usize, first: bool) -> String {
        self.take(length);
        let names: Vec<&str> = fields.split('.').skip(1).collect();
        if !names.iter().any(|name| (self.is_method)(name)) {
            return base + fields;
        }
        let (mut chain, mut called) = (base, false);
        for name in names {
            called = (self.is_method)(name);
            if called {
                let of = if chain.is_empty() { "." } else { &chain };
                chain = format!("(method \"{name}\" {of})");
            } else {
                chain = chain + "." + name;
            }
        }
        // The arguments of the command are those of the method.
        if called && first { chain[1..chain.len() - 1].to_owned() } else { chain }
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_' || letter == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_are_called() {
        for (go, engine) in [
            (r#"$t.Format "2006""#, r#"method "Format" $t "2006""#),
            (" (now).Year | add 1 ", r#" method "Year" (now) | add 1 "#),
            ("now.Year", r#"method "Year" now"#),
            (".Year", r#"method "Year" ."#),
            (".a.b.Year", r#"method "Year" .a.b"#),
            ("with .a.Month.Year.b", r#"with (method "Year" (method "Month" .a)).b"#),
            (
                r#"$x := f (g .T.Year 1) $t.Month "a.Year""#,
                r#"$x := f (g (method "Year" .T) 1) (method "Month" $t) "a.Year""#,
            ),
            (r#""2006" | $t.Format"#, r#""2006" | method "Format" $t"#),
        ] {
            assert_eq!(called(go, is_time), engine);
        }
    }

    #[test]
    fn all_else_stays() {
        for text in
            ["", ".", ".a.b | f 1.5 -2 'c'", "$x = .Yearly.Formats", ")", "((", "f .. . ", "é.ü", r#""open"#]
        {
            assert_eq!(called(text, is_time), text);
        }
    }

    fn is_time(name: &str) -> bool {
        ["Year", "Month", "Format"].contains(&name)
    }
}
