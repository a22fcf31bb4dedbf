//! File arguments, `path[:type]`.
//!
//! The text alone; whether there is such a file is seen when it is staged.

use std::str::FromStr;

use super::names::System;
use crate::error::{Error, Result};

/// A file argument: a path, and the media type typed behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileArgument {
    /// The file or folder, as typed.
    pub path: String,
    /// What was typed behind the last colon: its type, or nothing; `None` without a colon.
    pub media_type: Option<String>,
}

impl FromStr for FileArgument {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text, System::OWN)
    }
}

impl FileArgument {
    fn parse(text: &str, system: System) -> Result<Self> {
        let colon = text.rfind(':').filter(|colon| !system.is_of_drive(text, *colon));
        let (path, media_type) = match colon {
            Some(colon) => (&text[..colon], Some(text[colon + 1..].to_owned())),
            None => (text, None),
        };
        if path.is_empty() {
            return Err(Error::invalid(format!("found empty file path in {text:?}")));
        }
        system.check_argument(path)?;
        Ok(Self { path: path.to_owned(), media_type })
    }

    /// The type that was typed; an empty one is none.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.media_type.as_deref().filter(|kind| !kind.is_empty())
    }
}

/// Refuses absolute paths, all of them in one message.
///
/// # Errors
/// There is one.
pub fn refuse_absolute<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let absolute: Vec<&str> = paths.into_iter().filter(|path| System::OWN.is_absolute(path)).collect();
    if absolute.is_empty() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "absolute file paths are insecure and not recommended. If it's intentional, use \
         --disable-path-validation flag to skip this check: {}",
        absolute.join(", ")
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (String, Option<String>) {
        let argument: FileArgument = text.parse().unwrap();
        (argument.path, argument.media_type)
    }

    #[test]
    fn the_type_stands_behind_the_last_colon() {
        let pair = |path: &str, kind: &str| (path.to_owned(), Some(kind.to_owned()));
        assert_eq!(parse("a.txt"), ("a.txt".to_owned(), None));
        assert_eq!(parse("a.txt:text/plain"), pair("a.txt", "text/plain"));
        assert_eq!(parse("a:b:text/plain"), pair("a:b", "text/plain"));
        assert_eq!(parse("a:b:"), pair("a:b", ""));
        assert_eq!("a:".parse::<FileArgument>().unwrap().kind(), None);
        assert_eq!(parse("-"), ("-".to_owned(), None));
    }

    #[test]
    fn an_empty_path_is_refused() {
        for text in ["", ":", ":text/plain"] {
            let error = text.parse::<FileArgument>().unwrap_err();
            assert_eq!(error.to_string(), format!("found empty file path in {text:?}"));
        }
    }

    #[test]
    fn on_windows_the_colon_of_a_drive_belongs_to_the_path() {
        let parse = |text: &str| FileArgument::parse(text, System::Windows).unwrap();
        let cases = [
            (r"C:\x\y", r"C:\x\y", None),
            (r"C:\x\y:a/b", r"C:\x\y", Some("a/b")),
            ("C:/x:a/b", "C:/x", Some("a/b")),
            (r".\readme.md:application/markdown", r".\readme.md", Some("application/markdown")),
            (r".\details", r".\details", None),
            ("c:text", "c", Some("text")),
        ];
        for (text, path, kind) in cases {
            let argument = parse(text);
            assert_eq!((argument.path.as_str(), argument.media_type.as_deref()), (path, kind), "{text}");
        }
        let error = FileArgument::parse("a?b", System::Windows).unwrap_err().to_string();
        assert_eq!(error, "reserved characters found in the file path: a?b");
        // Elsewhere a drive is a name as any other.
        assert_eq!(super::FileArgument::parse(r"C:\x", System::Unix).unwrap().path, "C");
    }

    #[cfg(unix)]
    #[test]
    fn all_absolute_paths_are_listed() {
        assert!(refuse_absolute(["a", "../b", "./c"]).is_ok());
        let error = refuse_absolute(["/etc/hostname", "a", "/b"]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "absolute file paths are insecure and not recommended. If it's intentional, use \
             --disable-path-validation flag to skip this check: /etc/hostname, /b"
        );
    }
}
