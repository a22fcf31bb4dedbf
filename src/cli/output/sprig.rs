//! The functions that templates have beyond those of the language: the names and meanings of sprig 3.3.
//!
//! Each module below is one table of names, parameters and meanings. [`WITHHELD`] are those that are not here, and why.
//!
//! Values have no identity here, other than in Go. What changes a dict gives the changed one, and a variable named as
//! the dict gets it too where the call is an action of its own, as in `{{ $_ := set $dict "key" 1 }}`; see
//! [`super::template`]. Wherever Go would give lists and keys in an order of chance, they are sorted. Functions that
//! Go ends by a panic give errors. A number without a fraction is an `int`, wherever it comes from.
//!
//! What does not belong here: how a template is run.

mod argument;
mod case;
mod date;
mod decimal;
mod dict;
mod document;
mod encoding;
mod expression;
mod kind;
mod language;
mod layout;
mod list;
mod method;
mod number;
mod path;
mod pattern;
mod random;
mod secret;
mod syntax;
mod text;
mod version;
mod wrap;

pub(super) use self::document::read as data;
pub(super) use self::method::is_method;
use gtmpl_ng::Func;

/// What stands for one function: all its names, and what it does.
type Entry = (&'static [&'static str], Func);

/// Functions of sprig that are not here on purpose, and why.
const WITHHELD: &[(&[&str], &str)] = &[
    (&["env", "expandenv", "getHostByName"], "a template sees nothing but the result"),
    (
        &[
            "genPrivateKey",
            "genCA",
            "genCAWithKey",
            "genSelfSignedCert",
            "genSelfSignedCertWithKey",
            "genSignedCert",
            "genSignedCertWithKey",
        ],
        "keys and certificates are made by tools for that, such as openssl",
    ),
];

/// Why there is no function of this name, if it is one of sprig.
pub(super) fn withheld(name: &str) -> Option<&'static str> {
    WITHHELD.iter().find(|(names, _)| names.contains(&name)).map(|(_, reason)| *reason)
}

/// All functions by name.
pub(super) fn functions() -> impl Iterator<Item = (&'static str, Func)> {
    let tables = [
        case::FUNCTIONS,
        date::FUNCTIONS,
        dict::FUNCTIONS,
        document::FUNCTIONS,
        encoding::FUNCTIONS,
        kind::FUNCTIONS,
        language::FUNCTIONS,
        list::FUNCTIONS,
        method::FUNCTIONS,
        number::FUNCTIONS,
        path::FUNCTIONS,
        pattern::FUNCTIONS,
        random::FUNCTIONS,
        secret::FUNCTIONS,
        syntax::FUNCTIONS,
        text::FUNCTIONS,
        version::FUNCTIONS,
    ];
    let entries = tables.into_iter().flatten();
    entries.flat_map(|(names, function)| names.iter().map(|name| (*name, *function)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_withheld_is_not_there_and_the_readme_names_it() {
        let readme = include_str!("../../../README.md");
        for name in WITHHELD.iter().flat_map(|(names, _)| names.iter()) {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
            assert!(functions().all(|(known, _)| known != *name), "{name}");
        }
    }
}
