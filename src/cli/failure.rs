//! Why a command failed, in the words of the user: the one place where failures are worded.
//!
//! A failure has up to three parts, each on its own line: what happened, how the command is to be typed, and what to
//! do about it. What happened is either a mistake in what was typed or an error of the library, and for the latter
//! the [`Scene`] says who is to blame.
//!
//! What does not belong here: clap's mistakes, which [`super::usage`] words.

mod report;

use std::path::PathBuf;

use oras::error::{Error, Kind, Side};

use super::output::text::visible;
use super::place::Place;
use super::signals::Ending;
use super::usage::Usage;

/// Why a command failed.
#[derive(Debug)]
pub(crate) struct Failure {
    cause: Cause,
    heading: Option<String>,
    usage: Option<String>,
    advice: Option<String>,
    /// What programs call it, where the cause does not say so.
    code: Option<&'static str>,
}

#[derive(Debug)]
enum Cause {
    Mistake(String),
    Reference(String),
    Library(Error),
    /// An error that says by itself where it happened.
    Unblamed(Error),
    OutputClosed,
    Terminated,
}

/// What is known of a run when it fails.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scene {
    /// The command as it is typed: `oras manifest fetch`.
    pub(crate) command: String,
    /// The places it works on. Only a command with two ends gives them sides.
    pub(crate) places: Vec<(Option<Side>, Place)>,
    /// The files that credentials were looked for in, and for which side.
    pub(crate) credential_files: Vec<(Option<Side>, PathBuf)>,
}

impl Failure {
    fn new(cause: Cause) -> Self {
        Self { cause, heading: None, usage: None, advice: None, code: None }
    }

    /// Something in what was typed cannot be.
    pub(crate) fn mistake(message: impl Into<String>) -> Self {
        Self::new(Cause::Mistake(message.into()))
    }

    /// An error that says by itself where something was missing, as oras tells it of several tags.
    pub(crate) fn unblamed(error: Error) -> Self {
        if error.is_not_found() { Self::new(Cause::Unblamed(error)) } else { error.into() }
    }

    /// Something that was typed is no reference.
    pub(crate) fn reference(message: impl Into<String>) -> Self {
        Self::new(Cause::Reference(message.into()))
    }

    /// Nobody reads stdout any more.
    pub(crate) fn output_closed() -> Self {
        Self::new(Cause::OutputClosed)
    }

    /// Whoever looks after processes wants this one to end.
    pub(crate) fn terminated() -> Self {
        Self::new(Cause::Terminated)
    }

    /// The same with how the command is to be typed.
    #[must_use]
    pub(crate) fn usage(mut self, usage: &Usage) -> Self {
        self.usage = Some(usage.line());
        self
    }

    /// The same with what to do about it.
    #[must_use]
    pub(crate) fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }

    /// The same with what programs call it: not every mistake is one of typing.
    #[must_use]
    pub(crate) fn code(mut self, code: &'static str) -> Self {
        self.code = Some(code);
        self
    }

    /// The same, told as part of a larger step, if it is about what was typed as a reference.
    #[must_use]
    pub(crate) fn about_reference(mut self, step: &str) -> Self {
        if let Cause::Reference(message) = &mut self.cause {
            message.insert_str(0, &format!("{step}: "));
        }
        self
    }

    /// The same below a heading, which is not told where the registry itself or the credentials are to blame.
    #[must_use]
    pub(crate) fn heading(mut self, heading: impl Into<String>) -> Self {
        self.heading = Some(heading.into());
        self
    }

    /// The same with a question before the advice, if it is about what was typed as a reference.
    #[must_use]
    pub(crate) fn asking(mut self, question: &str) -> Self {
        if let (Cause::Reference(_), Some(advice)) = (&self.cause, &mut self.advice) {
            advice.insert_str(0, &format!("{question} "));
        }
        self
    }

    /// Whether nobody would read about it.
    pub(crate) fn is_quiet(&self) -> bool {
        matches!(self.cause, Cause::OutputClosed)
    }

    /// The signal that the program is to end by, if it is not to end by its exit code.
    pub(crate) fn signal(&self) -> Option<Ending> {
        matches!(self.cause, Cause::Terminated).then_some(Ending::Terminate)
    }

    /// The text for stderr, without the end of its last line.
    pub(crate) fn explain(&self, scene: &Scene) -> String {
        let (text, hints) = self.parts(scene);
        [vec![text], hints].concat().join("\n")
    }

    /// What happened, and how the command is to be typed and what to do about it.
    fn parts(&self, scene: &Scene) -> (String, Vec<String>) {
        let (text, advice) = match &self.cause {
            Cause::Mistake(message) | Cause::Reference(message) => (format!("Error: {message}"), None),
            Cause::Library(error) => explain(error, self.heading.as_deref(), scene),
            Cause::Unblamed(error) => (format!("Error: {}", visible(&error.to_string())), None),
            Cause::Terminated => ("Error: terminated".to_owned(), None),
            Cause::OutputClosed => (String::new(), None),
        };
        (text, [self.usage.clone(), self.advice.clone().or(advice)].into_iter().flatten().collect())
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(Cause::Library(error))
    }
}

/// Who is to blame, what happened, and what to do about it.
fn explain(error: &Error, heading: Option<&str>, scene: &Scene) -> (String, Option<String>) {
    let place = scene.place(error.side());
    let from_registry = match error.kind() {
        Kind::NotFound { .. } => match place {
            Some((_, place)) => place.reference().is_some(),
            None => scene.places.iter().any(|(_, place)| place.reference().is_some()),
        },
        // A command about a registry as a whole has no other place that could be meant.
        Kind::Refused(refusal) => refusal.from_registry || scene.places.is_empty(),
        _ => false,
    };
    // Titles, paths and the words of servers are in it.
    let told = visible(&error.to_string()).into_owned();
    let message = match error.kind() {
        // The registry's own words say enough.
        Kind::Refused(refusal) if from_registry => visible(&refusal.to_string()).into_owned(),
        Kind::Refused(_) | Kind::NoCredential => told,
        _ => heading.map_or_else(|| told.clone(), |heading| format!("{heading}\n{told}")),
    };
    let text = match place {
        Some((Some(side), place)) => format!("Error from {} {}: {message}", name(*side), place.blamed()),
        _ if from_registry => format!("Error response from registry: {message}"),
        _ => format!("Error: {message}"),
    };
    let advice = match error.kind() {
        Kind::NoCredential => Some(scene.credential_advice(error.side())),
        Kind::Refused(refusal) if from_registry && refusal.status == 401 => {
            place.and_then(|(_, place)| scene.namespace_advice(place))
        }
        _ => None,
    };
    (text, advice)
}

fn name(side: Side) -> &'static str {
    match side {
        Side::Source => "source",
        Side::Destination => "destination",
    }
}

impl Scene {
    /// The place of a side; of a command with one end, that end.
    fn place(&self, side: Option<Side>) -> Option<&(Option<Side>, Place)> {
        match self.places.as_slice() {
            [only @ (None, _)] => Some(only),
            places => places.iter().find(|(of, _)| of.is_some() && *of == side),
        }
    }

    /// Without a side it was the first place, from which a copy is resolved.
    fn credential_advice(&self, side: Option<Side>) -> String {
        let side = side.or_else(|| self.places.first().and_then(|(side, _)| *side));
        let files =
            self.credential_files.iter().filter(|(of, _)| of.is_none() || *of == side).map(|(_, file)| file);
        let path = match files.collect::<Vec<_>>().as_slice() {
            [file] => format!(" at {:?}", file.display().to_string()),
            _ => String::new(),
        };
        format!(
            "Please check whether the registry credential stored in the authentication file{path} is correct"
        )
    }

    /// Docker Hub has no repositories of one part, and says no to them as if a password were missing.
    fn namespace_advice(&self, place: &Place) -> Option<String> {
        let mut reference = place.reference()?.clone();
        if reference.registry != "docker.io" || reference.repository.contains('/') {
            return None;
        }
        reference.repository.insert_str(0, "library/");
        Some(format!("Namespace seems missing. Do you mean `{} {reference}`?", self.command))
    }
}

#[cfg(test)]
mod tests;
