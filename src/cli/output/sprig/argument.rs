//! What the functions take and give, and the tables they are written in.
//!
//! What does not belong here: what a function means.

use std::collections::HashMap;

use gtmpl_ng::{FuncError, Number, NumberKind, Value};

/// A dict.
pub(super) type Dict = HashMap<String, Value>;
/// A list.
pub(super) type List = Vec<Value>;
/// What a function gives, or why it cannot.
pub(super) type Outcome<T> = Result<T, String>;

/// The most bytes or elements that a function makes out of a number alone.
pub(super) const LIMIT: usize = 16 * 1024 * 1024;

/// Writes a table of functions: names, typed parameters, after `;` the list of those that may follow, and the value.
macro_rules! functions {
    ($($name:literal $(| $alias:literal)* ($($argument:ident: $kind:ty),* $(; $rest:ident)?) => $body:expr;)*) => {
        pub(super) const FUNCTIONS: &[super::Entry] = &[$((&[$name $(, $alias)*], |given| {
            let least = <[&str]>::len(&[$(stringify!($argument)),*]);
            let most = if <[&str]>::is_empty(&[$(stringify!($rest))?]) { Some(least) } else { None };
            #[allow(unused_mut, reason = "some functions take nothing")]
            let mut given = $crate::cli::output::sprig::argument::Arguments::new($name, given, least, most)?;
            $(let $argument = given.take::<$kind>()?;)*
            $(let $rest = given.rest();)?
            given.answer($body)
        })),*];
    };
}
pub(super) use functions;

/// The arguments of one call.
pub(super) struct Arguments<'a> {
    name: &'static str,
    left: &'a [Value],
}

impl<'a> Arguments<'a> {
    /// The arguments of a function with this name, if they are as many as it takes.
    pub(super) fn new(
        name: &'static str,
        given: &'a [Value],
        least: usize,
        most: Option<usize>,
    ) -> Result<Self, FuncError> {
        if given.len() < least || most.is_some_and(|most| given.len() > most) {
            let want = if most.is_some() { least.to_string() } else { format!("at least {least}") };
            let found = given.len();
            return Err(FuncError::Generic(format!(
                "wrong number of args for {name}: want {want} got {found}"
            )));
        }
        Ok(Self { name, left: given })
    }

    /// The next argument.
    pub(super) fn take<T: Argument>(&mut self) -> Result<T, FuncError> {
        let (first, left) = self.left.split_first().unwrap_or((&Value::NoValue, &[]));
        self.left = left;
        T::read(first).ok_or_else(|| {
            FuncError::Generic(match first {
                Value::NoValue | Value::Nil => format!("invalid value; expected {}", T::NAME),
                found => format!("expected {}; found {}", T::NAME, shown(found)),
            })
        })
    }

    /// The arguments that are left.
    pub(super) fn rest(&mut self) -> &'a [Value] {
        std::mem::take(&mut self.left)
    }

    /// What the call gives.
    pub(super) fn answer(&self, answer: impl Answer) -> Result<Value, FuncError> {
        answer.answer().map_err(|reason| FuncError::Generic(format!("error calling {}: {reason}", self.name)))
    }
}

/// The beginning of a value, for an error.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// What a parameter can be.
pub(super) trait Argument: Sized {
    /// What Go calls it.
    const NAME: &'static str;
    /// Reads it, if it is of that kind.
    fn read(value: &Value) -> Option<Self>;
}

impl Argument for Value {
    const NAME: &'static str = "interface {}";
    fn read(value: &Value) -> Option<Self> {
        Some(held(value))
    }
}

impl Argument for String {
    const NAME: &'static str = "string";
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            _ => None,
        }
    }
}

impl Argument for bool {
    const NAME: &'static str = "bool";
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }
}

impl Argument for i64 {
    const NAME: &'static str = "integer";
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => number.as_i64(),
            _ => None,
        }
    }
}

impl Argument for List {
    const NAME: &'static str = "list";
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Array(list) => Some(list.clone()),
            _ => None,
        }
    }
}

impl Argument for Dict {
    const NAME: &'static str = "map[string]interface {}";
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Map(dict) => Some(dict.clone()),
            // A dict that is missing is an empty one.
            Value::NoValue | Value::Nil => Some(Self::new()),
            _ => None,
        }
    }
}

/// What a function can give.
pub(super) trait Answer {
    /// The value, or the reason why there is none.
    fn answer(self) -> Outcome<Value>;
}

macro_rules! answers {
    ($($kind:ty),*) => { $(
        impl Answer for $kind {
            fn answer(self) -> Outcome<Value> {
                Ok(Value::from(self))
            }
        }
    )* };
}
answers!(Value, String, &str, bool, i64, List, Vec<String>, Dict);

impl Answer for f64 {
    fn answer(self) -> Outcome<Value> {
        // One without a fraction is shown as the whole number it is, so far as it is exact.
        #[expect(clippy::cast_possible_truncation, reason = "it is within the bounds")]
        let whole = (self.fract() == 0.0 && self.abs() < 9e15).then_some(self as i64);
        Ok(Value::Number(whole.map_or_else(|| Number::float(self), Number::from)))
    }
}

impl<T: Answer> Answer for Outcome<T> {
    fn answer(self) -> Outcome<Value> {
        self.and_then(Answer::answer)
    }
}

/// The value as text, as Go's `%v` has it.
pub(super) fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::NoValue => "<nil>".to_owned(),
        other => plain(other).to_string(),
    }
}

/// The value with text in the place of everything that has a text of its own, however deep.
pub(super) fn plain(value: &Value) -> Value {
    match value {
        Value::Object(parts) => parts.get("String").cloned().unwrap_or(Value::Nil),
        Value::Array(list) => Value::Array(list.iter().map(plain).collect()),
        Value::Map(dict) => Value::Map(dict.iter().map(|(key, value)| (key.clone(), plain(value))).collect()),
        other => other.clone(),
    }
}

/// The value as a list or a dict holds it, which cannot hold that there is none.
pub(super) fn held(value: &Value) -> Value {
    match value {
        Value::NoValue => Value::Nil,
        other => other.clone(),
    }
}

/// Whether there is no value.
pub(super) fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::NoValue | Value::Nil)
}

/// Whether the value says nothing: nothing, zero, false, or without elements.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::NoValue | Value::Nil => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Map(dict) => dict.is_empty(),
        Value::Number(number) => match number.kind() {
            NumberKind::Unsigned(number) => number == 0,
            NumberKind::Signed(number) => number == 0,
            NumberKind::Float(number) => number == 0.0,
        },
        Value::Function(_) | Value::Object(_) => false,
    }
}
