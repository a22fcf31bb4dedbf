//! What was found out of a registry, as a document and as a table.

use std::fmt;

use jiff::Timestamp;
use oras::credentials::{Credential, Stored};
use oras::error::{Error, Kind};
use oras::registry::{Capability, Finding, Greeting, Scheme};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::super::whoami::kind;
use super::words;
use crate::cli::output::Outcome;
use crate::cli::output::text::visible;

/// A certificate that ends sooner is warned of.
const SOON: i64 = 30;

/// What was found out.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    registry: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    repository: Option<String>,
    #[serde(serialize_with = "by_name")]
    checks: Vec<Check>,
    /// What was written and could not be removed; nothing where nothing was to be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    left_behind: Option<Vec<String>>,
}

/// One thing that was found out.
#[derive(Serialize)]
struct Check {
    #[serde(skip)]
    name: &'static str,
    #[serde(skip)]
    title: &'static str,
    answer: &'static str,
    /// The answer for people.
    #[serde(skip)]
    shown: String,
    #[serde(flatten)]
    facts: Map<String, Value>,
    meaning: String,
}

impl Check {
    /// What the answer means, with its reason.
    fn in_words(&self) -> String {
        match self.facts.get("because").and_then(Value::as_str) {
            Some(because) => format!("{} ({because})", self.meaning),
            None => self.meaning.clone(),
        }
    }
}

/// A credential, without anything that is secret.
pub(super) struct Given {
    username: String,
    kind: &'static str,
    file: Option<String>,
    helper: Option<String>,
}

impl Given {
    /// One from the command line.
    pub(super) fn typed(credential: &Credential) -> Self {
        Self { username: credential.username.clone(), kind: kind(credential), file: None, helper: None }
    }

    /// One from a file, or from the helper that the file names.
    pub(super) fn stored(stored: &Stored) -> Self {
        let (file, helper) = (Some(stored.file.display().to_string()), stored.helper.clone());
        Self { file, helper, ..Self::typed(&stored.credential) }
    }

    /// Who it is: a name, or what stands for one.
    fn name(&self) -> String {
        if self.username.is_empty() { self.kind.to_owned() } else { self.username.clone() }
    }

    /// Where it comes from.
    fn origin(&self) -> String {
        match (&self.file, &self.helper) {
            (None, _) => "as typed".to_owned(),
            (Some(file), None) => format!("from {file}"),
            (Some(file), Some(helper)) => format!("from docker-credential-{helper}, as {file} says"),
        }
    }

    fn facts(&self) -> Map<String, Value> {
        facts([
            ("username", Some(self.username.clone()).filter(|name| !name.is_empty())),
            ("kind", Some(self.kind.to_owned())),
            ("file", self.file.clone()),
            ("helper", self.helper.clone()),
        ])
    }
}

impl Report {
    /// Nothing yet.
    pub(super) fn new(registry: &str, repository: Option<&str>) -> Self {
        let (registry, repository) = (registry.to_owned(), repository.map(str::to_owned));
        Self { registry, repository, checks: Vec::new(), left_behind: None }
    }

    /// Adds how the registry is reached, and how it asks who is there.
    pub(super) fn meet(&mut self, greeting: &Greeting, insecure: bool, now: Timestamp) {
        let url = facts([("url", Some(greeting.base.to_string())), ("ledTo", greeting.led_to.clone())]);
        let meaning = greeting
            .led_to
            .as_ref()
            .map_or_else(|| "a registry answers there".to_owned(), |to| format!("it leads to {to}"));
        self.add("base", "API base", "yes", greeting.base.to_string(), url, meaning);
        self.add_tls(greeting, insecure, now);
        let (answer, shown, meaning) = match &greeting.scheme {
            Scheme::None => ("no", "none", "nobody has to log in".to_owned()),
            Scheme::Basic => ("yes", "Basic", "the password is sent with every request".to_owned()),
            Scheme::Bearer(realm) => {
                ("yes", "Bearer", format!("{realm} is sent the password, and gives tokens"))
            }
            Scheme::Unknown => {
                ("unknown", "not known", "the registry asks in a way that oras does not know".to_owned())
            }
        };
        let realm = match &greeting.scheme {
            Scheme::Bearer(realm) => Some(realm.clone()),
            _ => None,
        };
        let scheme = Some(shown.to_lowercase()).filter(|_| answer != "unknown");
        let facts = facts([("scheme", scheme), ("realm", realm)]);
        self.add("authentication", "Authentication", answer, shown.to_owned(), facts, meaning);
    }

    fn add_tls(&mut self, greeting: &Greeting, insecure: bool, now: Timestamp) {
        if greeting.base.scheme() == "http" {
            let meaning = "plain HTTP: whoever is on the way can read and change everything";
            return self.add("tls", "TLS", "no", "no".to_owned(), Map::new(), meaning.to_owned());
        }
        let Some(secured) = &greeting.secured else {
            let meaning = "the connection does not tell how it is secured";
            return self.add("tls", "TLS", "unknown", "not known".to_owned(), Map::new(), meaning.to_owned());
        };
        let mut meaning = match secured.expiry.map(|end| (days(now, end), end.strftime("%Y-%m-%d"))) {
            _ if insecure => "nobody checks the certificate, because of --insecure".to_owned(),
            Some((days, end)) if days < SOON => {
                format!("trusted, but only for {days} more days, until {end}")
            }
            Some((days, end)) => format!("trusted for {days} more days, until {end}"),
            None => "trusted".to_owned(),
        };
        if let Some(issuer) = &secured.issuer {
            meaning += &["; issued by ", issuer].concat();
        }
        let expiry = secured.expiry.map(|end| end.to_string());
        let version = secured.version.map(str::to_owned);
        let known = [("version", version), ("issuer", secured.issuer.clone()), ("expiry", expiry)];
        let shown = secured.version.unwrap_or("yes").to_owned();
        self.add("tls", "TLS", "yes", shown, facts(known), meaning);
    }

    /// Adds who was let in, or why nobody was.
    pub(super) fn let_in(&mut self, scheme: &Scheme, given: Option<&Given>, refused: Option<&Error>) {
        let (answer, meaning) = match (scheme, given, refused) {
            (_, _, Some(error)) if matches!(error.kind(), Kind::Network { .. }) => {
                ("unknown", format!("the registry did not say: {error}"))
            }
            (_, Some(_), Some(error)) => ("no", format!("the registry does not take it: {error}")),
            (_, None, Some(error)) => ("no", format!("the registry wants one: {error}")),
            (Scheme::None, _, None) => ("unknown", "the registry does not ask for one".to_owned()),
            (_, Some(_), None) => ("yes", "the registry takes it".to_owned()),
            (_, None, None) => ("unknown", "strangers are let in, perhaps not everywhere".to_owned()),
        };
        let shown = given.map_or_else(|| "none".to_owned(), Given::name);
        let meaning = given.map_or(meaning.clone(), |given| format!("{}; {meaning}", given.origin()));
        let known = given.map(Given::facts).unwrap_or_default();
        self.add("credential", "Credential", answer, shown, known, meaning);
    }

    /// Adds what it can do, and what was left behind.
    pub(super) fn take(&mut self, findings: &[(Capability, Finding)], left: Option<Vec<String>>) {
        for (capability, finding) in findings {
            let words = words::of(*capability);
            let (answer, because, bytes) = match finding {
                Finding::Yes => ("yes", None, None),
                Finding::Bytes(bytes) => ("yes", None, Some(*bytes)),
                Finding::No(reason) => ("no", words::because(reason), None),
                Finding::Unknown(reason) => ("unknown", words::because(reason), None),
            };
            let shown = match bytes {
                Some(bytes) => format!("{bytes} bytes"),
                None if answer == "unknown" => "not known".to_owned(),
                None => answer.to_owned(),
            };
            let mut known = facts([("because", because.map(std::borrow::Cow::into_owned))]);
            known.extend(bytes.map(|bytes| ("bytes".to_owned(), Value::from(bytes))));
            let meaning = words.meaning(finding).to_owned();
            self.add(words.name, words.title, answer, shown, known, meaning);
        }
        self.left_behind = left;
    }

    fn add(
        &mut self,
        name: &'static str,
        title: &'static str,
        answer: &'static str,
        shown: String,
        facts: Map<String, Value>,
        meaning: String,
    ) {
        self.checks.push(Check { name, title, answer, shown, facts, meaning });
    }
}

impl Outcome for Report {
    fn text(&self, out: &mut dyn fmt::Write) -> fmt::Result {
        let rows = self.checks.iter().map(|check| {
            [check.title.into(), visible(&check.shown), visible(&check.in_words()).into_owned().into()]
        });
        let rows: Vec<_> =
            std::iter::once(["Check".into(), "Answer".into(), "Meaning".into()]).chain(rows).collect();
        let width =
            |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
        let (first, second) = (width(0), width(1));
        for [title, answer, meaning] in &rows {
            writeln!(out, "{title:first$}   {answer:second$}   {meaning}")?;
        }
        match self.left_behind.as_deref() {
            None => Ok(()),
            Some([]) => writeln!(out, "Everything that was pushed is deleted again."),
            Some(left) => {
                writeln!(out, "The registry did not delete what was pushed:")?;
                left.iter().try_for_each(|name| writeln!(out, "  {}", visible(name)))
            }
        }
    }
}

/// The whole days from one moment to another.
fn days(now: Timestamp, end: Timestamp) -> i64 {
    (end.as_second() - now.as_second()) / (24 * 60 * 60)
}

/// The facts that there are.
fn facts<const N: usize>(facts: [(&str, Option<String>); N]) -> Map<String, Value> {
    let known = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?))));
    known.collect()
}

fn by_name<S: Serializer>(checks: &[Check], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(checks.iter().map(|check| (check.name, check)))
}
