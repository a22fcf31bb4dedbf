//! `--format` and `--template`: in which form a result is wanted.
//!
//! What does not belong here: the forms themselves.

use clap::Args;

use crate::cli::failure::Failure;

/// The form of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Format {
    /// Lines for people.
    Text,
    /// The tree of referrers.
    Tree,
    /// The table of direct referrers.
    Table,
    /// A flowchart of Mermaid.
    Mermaid,
    /// The language of Graphviz.
    Dot,
    /// A document.
    Json,
    /// What a Go template makes of the document.
    Template(String),
}

/// Which forms a command has, the way a mistake lists them; the last is the one without a flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Forms(&'static [&'static str]);

impl Forms {
    /// Of most commands.
    pub(crate) const RESULT: Self = Self(&["json", "go-template", "text"]);
    /// Of `discover`.
    pub(crate) const REFERRERS: Self = Self(&["table", "json", "go-template", "mermaid", "dot", "tree"]);
    /// Of `discover` by the flag of old.
    pub(crate) const OLD_REFERRERS: Self = Self(&["table", "json", "go-template", "tree"]);
}

/// The form of the result.
#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// [Experimental] format output using a custom template: 'json' prints in JSON format, 'go-template' prints using
    /// the given Go template
    #[arg(long, value_name = "string")]
    format: Option<String>,

    /// [Experimental] template string used to format output
    #[arg(long, value_name = "string")]
    template: Option<String>,
}

impl FormatArgs {
    /// The form that is wanted, of those that the command has.
    pub(crate) fn choose(&self, forms: Forms) -> Result<Format, Failure> {
        choose(self.format.as_deref(), self.template.as_deref(), forms)
    }

    /// Whether `--format` was used, and with which value.
    pub(crate) fn typed(&self) -> Option<&str> {
        self.format.as_deref()
    }
}

/// The form named by the value of `--format`, with the value of `--template`.
pub(crate) fn choose(format: Option<&str>, template: Option<&str>, forms: Forms) -> Result<Format, Failure> {
    let names = forms.0;
    let name = format.unwrap_or_else(|| names.last().copied().unwrap_or_default());
    let template = template.filter(|template| !template.is_empty());
    if template.is_some() && name != "go-template" {
        return Err(Failure::mistake("--template must be used with --format go-template"));
    }
    let (name, template) = match name.split_once('=') {
        Some(("go-template", template)) => ("go-template", Some(template).filter(|text| !text.is_empty())),
        _ => (name, template),
    };
    match (name, template) {
        _ if !names.contains(&name) => Err(Failure::mistake(format!("invalid format type: {name:?}"))
            .advice(format!("supported types: {}", names.join(", ")))),
        ("go-template", Some(template)) => Ok(Format::Template(template.to_owned())),
        ("go-template", None) => {
            Err(Failure::mistake("\"go-template\" format specified but no template given")
                .advice("use `--format go-template=TEMPLATE` to specify the template"))
        }
        ("json", _) => Ok(Format::Json),
        ("tree", _) => Ok(Format::Tree),
        ("table", _) => Ok(Format::Table),
        ("mermaid", _) => Ok(Format::Mermaid),
        ("dot", _) => Ok(Format::Dot),
        _ => Ok(Format::Text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_comes_with_the_format_or_on_its_own() {
        let wanted = Format::Template("{{.x}}".to_owned());
        assert_eq!(choose(Some("go-template={{.x}}"), None, Forms::RESULT).unwrap(), wanted);
        assert_eq!(choose(Some("go-template"), Some("{{.x}}"), Forms::RESULT).unwrap(), wanted);
        assert!(choose(Some("go-template"), None, Forms::RESULT).is_err());
        assert!(choose(Some("json"), Some("{{.x}}"), Forms::RESULT).is_err());
    }

    #[test]
    fn without_a_flag_it_is_the_form_for_people() {
        assert_eq!(choose(None, None, Forms::RESULT).unwrap(), Format::Text);
        assert_eq!(choose(None, None, Forms::REFERRERS).unwrap(), Format::Tree);
        assert!(choose(Some("tree"), None, Forms::RESULT).is_err());
    }
}
