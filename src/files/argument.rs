//! File arguments, `path[:type]`.
//!
//! The text alone; whether there is such a file is seen when it is staged.

use std::str::FromStr;

use super::path;
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
        let colon = text.rfind(':').filter(|colon| !is_drive(text, *colon));
        let (path, media_type) = match colon {
            Some(colon) => (&text[..colon], Some(text[colon + 1..].to_owned())),
            None => (text, None),
        };
        if path.is_empty() {
            return Err(Error::invalid(format!("found empty file path in {text:?}")));
        }
        if cfg!(windows) && path.contains(['<', '>', '"', '|', '?', '*']) {
            return Err(Error::invalid(format!("reserved characters found in the file path: {path}")));
        }
        Ok(Self { path: path.to_owned(), media_type })
    }
}

impl FileArgument {
    /// The type that was typed; an empty one is none.
    #[must_use]
    pub fn kind(&self) -> Option<&str> {
        self.media_type.as_deref().filter(|kind| !kind.is_empty())
    }
}

/// Whether this colon is that of `C:\`, which belongs to the path on Windows.
fn is_drive(text: &str, colon: usize) -> bool {
    let bytes = text.as_bytes();
    cfg!(windows)
        && colon == 1
        && bytes[0].is_ascii_alphabetic()
        && matches!(bytes.get(2), Some(b'\\' | b'/'))
}

/// Refuses absolute paths, all of them in one message.
///
/// # Errors
/// There is one.
pub fn refuse_absolute<'a>(paths: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let absolute: Vec<&str> = paths.into_iter().filter(|path| path::is_absolute(path)).collect();
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

    #[cfg(windows)]
    #[test]
    fn the_colon_of_a_drive_belongs_to_the_path() {
        assert_eq!(parse(r"C:\x\y"), (r"C:\x\y".to_owned(), None));
        assert_eq!(parse(r"C:\x\y:a/b"), (r"C:\x\y".to_owned(), Some("a/b".to_owned())));
        assert!(r"a?b".parse::<FileArgument>().is_err());
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
