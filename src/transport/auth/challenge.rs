//! What a `WWW-Authenticate` header asks for.
//!
//! Source: RFC 9110, section 11.6.1, as far as registries use it: the first challenge of a header.
//!
//! What does not belong here: the answer.

use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// The way to authenticate that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// User name and password in every request.
    Basic,
    /// A token that somebody else gives.
    Bearer {
        /// Who gives it.
        realm: String,
        /// What the token is for, in the words of the one who gives it.
        service: String,
        /// What it is to allow.
        scope: String,
    },
}

impl Challenge {
    /// The first challenge that is understood.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get_all(WWW_AUTHENTICATE).into_iter().find_map(|value| Self::parse(value.to_str().ok()?))
    }

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_start();
        let (scheme, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service, mut scope) = (String::new(), String::new(), String::new());
        for (name, value) in parameters(rest) {
            match name.to_ascii_lowercase().as_str() {
                "realm" => realm = value,
                "service" => service = value,
                "scope" => scope = value,
                _ => {}
            }
        }
        Some(Self::Bearer { realm, service, scope })
    }
}

/// The parameters up to the first thing that is none.
fn parameters(mut rest: &str) -> Vec<(&str, String)> {
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let Some((name, value)) = rest.split_once('=') else { return found };
        let name = name.trim();
        if name.is_empty() || name.contains([' ', '\t', ',', '"']) {
            return found;
        }
        let value = value.trim_start();
        let (value, after) = if let Some(quoted) = value.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let end = value.find([',', ' ', '\t']).unwrap_or(value.len());
            (value[..end].to_owned(), &value[end..])
        };
        found.push((name, value));
        rest = after;
    }
}

/// A quoted text and what comes after its closing quote.
fn unquoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((position, letter)) = letters.next() {
        match letter {
            '"' => return (value, &text[position + 1..]),
            '\\' => value.extend(letters.next().map(|(_, escaped)| escaped)),
            other => value.push(other),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bearer(realm: &str, service: &str, scope: &str) -> Challenge {
        Challenge::Bearer { realm: realm.into(), service: service.into(), scope: scope.into() }
    }

    #[test]
    fn a_bearer_challenge_has_three_parameters() {
        let text =
            r#"Bearer realm="https://a/token",service="s, \"x\"",scope="repository:r:pull,push",error="e""#;
        assert_eq!(
            Challenge::parse(text),
            Some(bearer("https://a/token", "s, \"x\"", "repository:r:pull,push"))
        );
        assert_eq!(Challenge::parse("bEARER Realm = x , service=s"), Some(bearer("x", "s", "")));
    }

    #[test]
    fn basic_is_basic_whatever_follows() {
        assert_eq!(Challenge::parse("basic realm=\"x\", Bearer realm=\"y\""), Some(Challenge::Basic));
        assert_eq!(Challenge::parse("Basic"), Some(Challenge::Basic));
    }

    #[test]
    fn what_is_not_understood_is_passed_over() {
        let mut headers = HeaderMap::new();
        headers.append(WWW_AUTHENTICATE, "Negotiate".parse().unwrap());
        assert_eq!(Challenge::of(&headers), None);
        headers.append(WWW_AUTHENTICATE, "Basic realm=x".parse().unwrap());
        assert_eq!(Challenge::of(&headers), Some(Challenge::Basic));
    }

    #[test]
    fn a_text_that_is_cut_ends_quietly() {
        assert_eq!(Challenge::parse("Bearer realm=\"x"), Some(bearer("x", "", "")));
        assert_eq!(Challenge::parse("Bearer realm=\"x\\"), Some(bearer("x", "", "")));
        assert_eq!(Challenge::parse("Bearer =,="), Some(bearer("", "", "")));
    }

    proptest! {
        #[test]
        fn any_header_is_understood_or_not(text in any::<String>()) {
            let _ = Challenge::parse(&text);
        }

        #[test]
        fn what_is_written_as_the_rfc_wants_it_is_read_as_it_was_meant(
            realm in any::<String>(),
            service in any::<String>(),
            scope in "[a-z:/,]{0,20}",
            gap in "[ \t]{0,2},[ \t]{0,2}",
        ) {
            let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
            let (shown_realm, shown_service) = (quoted(&realm), quoted(&service));
            let text =
                format!(r#"Bearer realm="{shown_realm}"{gap}service="{shown_service}"{gap}scope="{scope}""#);
            prop_assert_eq!(Challenge::parse(&text), Some(Challenge::Bearer { realm, service, scope }));
        }
    }
}
