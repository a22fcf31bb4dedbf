//! What a request needs and what its sender was given, in the scopes of tokens.

use std::fmt;

/// The most scopes of a token; a request needs two at most.
const MOST: usize = 64;

/// What is done to a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Action {
    Pull,
    Push,
    Delete,
}

impl Action {
    fn name(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Delete => "delete",
        }
    }
}

/// What an endpoint needs.
#[derive(Debug)]
pub(in crate::server) enum Need<'a> {
    /// To know who asks.
    Login,
    /// To list the repositories.
    Catalog,
    /// To do this to the repository.
    Repository(&'a str, &'static [Action]),
}

impl Need<'_> {
    /// The scope to ask a token for.
    pub(super) fn scope(&self) -> Option<String> {
        match self {
            Self::Login => None,
            Self::Catalog => Some("registry:catalog:*".to_owned()),
            Self::Repository(name, actions) => {
                let actions: Vec<_> = actions.iter().map(|action| action.name()).collect();
                Some(format!("repository:{name}:{}", actions.join(",")))
            }
        }
    }
}

/// What a sender may do.
#[derive(Debug, Clone)]
pub(in crate::server) struct Grant(Extent);

#[derive(Debug, Clone)]
enum Extent {
    All,
    Reading,
    Listed(Vec<Scope>),
}

/// `type:name:action,action`
#[derive(Debug, Clone)]
struct Scope {
    kind: String,
    name: String,
    actions: Vec<String>,
}

impl Scope {
    fn parse(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        let (name, actions) = rest.rsplit_once(':')?;
        let actions = actions.split(',').filter(|action| !action.is_empty()).map(str::to_owned).collect();
        Some(Self { kind: kind.to_owned(), name: name.to_owned(), actions })
    }

    fn has(&self, kind: &str, name: &str, action: &str) -> bool {
        self.kind == kind
            && self.name == name
            && self.actions.iter().any(|known| known == action || known == "*")
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.kind, self.name, self.actions.join(","))
    }
}

impl Grant {
    /// Everything.
    pub(in crate::server) fn all() -> Self {
        Self(Extent::All)
    }

    /// Reading everything.
    pub(super) fn reading() -> Self {
        Self(Extent::Reading)
    }

    /// Of the scopes that were asked for, what this grant has; several stand in one text with blanks between them.
    pub(super) fn narrowed<'a>(&self, asked: impl Iterator<Item = &'a str>) -> Self {
        let scopes = asked.flat_map(str::split_whitespace).filter_map(Scope::parse);
        let scopes = scopes.map(|mut scope| {
            if matches!(self.0, Extent::Reading) && scope.kind == "repository" {
                let reads = scope.has("repository", &scope.name, "pull");
                scope.actions = if reads { vec!["pull".to_owned()] } else { Vec::new() };
            }
            scope
        });
        let scopes = scopes.filter(|scope| !scope.actions.is_empty());
        Self(Extent::Listed(scopes.take(MOST).collect()))
    }

    /// Whether that may be done to the repository.
    pub(in crate::server) fn allows(&self, name: &str, action: Action) -> bool {
        match &self.0 {
            Extent::All => true,
            Extent::Reading => action == Action::Pull,
            Extent::Listed(scopes) => scopes.iter().any(|scope| scope.has("repository", name, action.name())),
        }
    }

    /// Whether it is enough.
    pub(super) fn covers(&self, need: &Need<'_>) -> bool {
        match need {
            Need::Login => !matches!(self.0, Extent::Reading),
            Need::Repository(name, actions) => actions.iter().all(|action| self.allows(name, *action)),
            Need::Catalog => match &self.0 {
                Extent::Listed(scopes) => scopes.iter().any(|scope| scope.has("registry", "catalog", "*")),
                Extent::All | Extent::Reading => true,
            },
        }
    }

    /// The scopes, as a token service tells them.
    pub(super) fn scope(&self) -> String {
        match &self.0 {
            Extent::Listed(scopes) => scopes.iter().map(Scope::to_string).collect::<Vec<_>>().join(" "),
            Extent::All | Extent::Reading => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_covers_what_it_names() {
        let grant = Grant::all().narrowed(["repository:a/b:pull,push repository:c:*"].into_iter());
        assert!(grant.covers(&Need::Repository("a/b", &[Action::Pull, Action::Push])));
        assert!(!grant.covers(&Need::Repository("a/b", &[Action::Delete])));
        assert!(grant.covers(&Need::Repository("c", &[Action::Delete])));
        assert!(!grant.covers(&Need::Repository("a", &[Action::Pull])));
        assert!(!grant.covers(&Need::Catalog));
        assert!(grant.covers(&Need::Login));
    }

    #[test]
    fn a_reader_gets_nothing_but_reading() {
        let grant = Grant::reading().narrowed(["repository:a:pull,push", "repository:b:push"].into_iter());
        assert_eq!(grant.scope(), "repository:a:pull");
        assert!(!grant.covers(&Need::Repository("a", &[Action::Pull, Action::Push])));
        assert!(!grant.covers(&Need::Repository("b", &[Action::Push])));
    }
}
