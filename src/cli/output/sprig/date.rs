//! Functions of times and of durations.
//!
//! Times are text in the form that Go prints them in, and are read from that, from RFC 3339, and from seconds since
//! 1970. The zone of this machine is UTC: what a template prints must not depend on where it runs. Text that is no
//! time is an error, where sprig would take the time of day for it.
//!
//! What does not belong here: the layouts that times are written in, which are in [`super::layout`].

use std::fmt::Write;

use gtmpl_ng::Value;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

use super::argument::{Answer, Argument, Outcome, functions};
use super::layout;
use crate::cli::env::Env;

/// How Go prints a time.
const PRINTED: &str = "2006-01-02 15:04:05.999999999 -0700 MST";
const RFC_3339: &str = "2006-01-02T15:04:05Z07:00";
const DAY: &str = "2006-01-02";

functions! {
    "now"() => Time::from(Env::default().now()).printed();
    "date"(layout: String, time: Time) => time.universal().written(&layout);
    "dateInZone" | "date_in_zone"(layout: String, time: Time, zone: String) =>
        time.moved(&zone).map(|time| time.written(&layout));
    "htmlDate"(time: Time) => time.universal().written(DAY);
    "htmlDateInZone"(time: Time, zone: String) => time.moved(&zone).map(|time| time.written(DAY));
    "toDate"(layout: String, text: String) => layout::read(&layout, &text).unwrap_or(Time::ZERO).printed();
    "mustToDate"(layout: String, text: String) => layout::read(&layout, &text).map(Time::printed);
    "dateModify" | "date_modify"(change: String, time: Time) => time.changed(&change).unwrap_or(time).printed();
    "mustDateModify" | "must_date_modify"(change: String, time: Time) => time.changed(&change).map(Time::printed);
    "unixEpoch"(time: Time) => time.at.as_second().to_string();
    "ago"(time: Time) => printed(rounded(Env::default().now().duration_since(time.at)));
    "duration"(seconds: Value) => printed(SignedDuration::from_secs(seconds_of(&seconds)));
    "durationRound"(duration: Value) => round(&duration);
}

/// The methods of times.
pub(super) const TIME_METHODS: &[&str] = &[
    "Add",
    "AddDate",
    "After",
    "Before",
    "Compare",
    "Day",
    "Equal",
    "Format",
    "Hour",
    "IsZero",
    "Local",
    "Minute",
    "Month",
    "Nanosecond",
    "Second",
    "String",
    "Sub",
    "UTC",
    "Unix",
    "UnixMicro",
    "UnixMilli",
    "UnixNano",
    "Weekday",
    "Year",
    "YearDay",
];
/// The methods of durations.
pub(super) const DURATION_METHODS: &[&str] =
    &["Hours", "Microseconds", "Milliseconds", "Minutes", "Nanoseconds", "Seconds", "String"];

/// What a method gives of a time or a duration, if the text is one and has it.
pub(super) fn method(name: &str, text: &str, given: &[Value]) -> Option<Outcome<Value>> {
    if let Some(time) = Time::read(&Value::from(text)) {
        return time.method(name, given);
    }
    if !given.is_empty() {
        return None;
    }
    let duration = duration(text).ok()?;
    let whole = |number: i128| Value::from(i64::try_from(number).unwrap_or(i64::MAX));
    Some(match name {
        "Hours" => (duration.as_secs_f64() / 3600.0).answer(),
        "Minutes" => (duration.as_secs_f64() / 60.0).answer(),
        "Seconds" => duration.as_secs_f64().answer(),
        "Milliseconds" => Ok(whole(duration.as_millis())),
        "Microseconds" => Ok(whole(duration.as_micros())),
        "Nanoseconds" => Ok(whole(duration.as_nanos())),
        _ => return None,
    })
}

/// A time, and the zone it is told in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    pub(super) at: Timestamp,
    pub(super) offset: Offset,
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self { at, offset: Offset::UTC }
    }
}

impl Argument for Time {
    const NAME: &'static str = "time";
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Timestamp::from_second(number.as_i64()?).ok().map(Self::from),
            Value::String(text) => [PRINTED, RFC_3339].iter().find_map(|form| layout::read(form, text).ok()),
            _ => None,
        }
    }
}

impl Time {
    /// Go's zero: the first day of the first year.
    const ZERO: Self = Self { at: Timestamp::constant(-62_135_596_800, 0), offset: Offset::UTC };

    fn written(self, form: &str) -> String {
        layout::written(form, self)
    }

    fn method(self, name: &str, given: &[Value]) -> Option<Outcome<Value>> {
        let number =
            |form: &str| self.written(form).trim_start().parse::<i64>().map_err(|error| error.to_string());
        let since = |scale: i128| {
            i64::try_from(self.at.as_nanosecond().div_euclid(scale)).map_err(|error| error.to_string())
        };
        Some(match (name, given) {
            ("Year", []) => number("2006").answer(),
            ("Month", []) => self.written("January").answer(),
            ("Day", []) => number("2").answer(),
            ("Weekday", []) => self.written("Monday").answer(),
            ("YearDay", []) => number("002").answer(),
            ("Hour", []) => number("15").answer(),
            ("Minute", []) => number("4").answer(),
            ("Second", []) => number("5").answer(),
            ("Nanosecond", []) => i64::from(self.at.subsec_nanosecond()).answer(),
            ("Unix", []) => since(1_000_000_000).answer(),
            ("UnixMilli", []) => since(1_000_000).answer(),
            ("UnixMicro", []) => since(1_000).answer(),
            ("UnixNano", []) => since(1).answer(),
            ("IsZero", []) => (self.at == Self::ZERO.at).answer(),
            ("UTC" | "Local", []) => self.universal().printed().answer(),
            ("Format", [Value::String(layout)]) => self.written(layout).answer(),
            ("Add", [change]) => {
                let nanoseconds = match change {
                    Value::Number(number) => SignedDuration::from_nanos(number.as_i64()?),
                    Value::String(text) => duration(text).ok()?,
                    _ => return None,
                };
                self.later(nanoseconds).map(Self::printed).answer()
            }
            ("AddDate", [Value::Number(years), Value::Number(months), Value::Number(days)]) => self
                .on_another_day(years.as_i64()?, months.as_i64()?, days.as_i64()?)
                .map(Self::printed)
                .answer(),
            ("Sub", [other]) => printed(self.at.duration_since(Self::read(other)?.at)).answer(),
            (_, [other]) => Ok(super::version::compared(name, self.at.cmp(&Self::read(other)?.at))?),
            _ => return None,
        })
    }

    /// So many years, months and days later; a day that a month has not is one of the next.
    fn on_another_day(self, years: i64, months: i64, days: i64) -> Outcome<Self> {
        let wrong = |error: jiff::Error| error.to_string();
        let here = self.offset.to_datetime(self.at);
        let months = i64::from(here.year()) * 12 + i64::from(here.month()) - 1 + years * 12 + months;
        let year = i16::try_from(months.div_euclid(12)).map_err(|error| error.to_string())?;
        let month = i8::try_from(months.rem_euclid(12) + 1).map_err(|error| error.to_string())?;
        let days = jiff::Span::new().try_days(days + i64::from(here.day()) - 1).map_err(wrong)?;
        let first = jiff::civil::Date::new(year, month, 1).map_err(wrong)?;
        let date = first.checked_add(days).map_err(wrong)?;
        let at = self.offset.to_timestamp(date.to_datetime(here.time())).map_err(wrong)?;
        Ok(Self { at, ..self })
    }

    fn later(self, duration: SignedDuration) -> Outcome<Self> {
        let at = self.at.checked_add(duration).map_err(|error| error.to_string())?;
        Ok(Self { at, ..self })
    }

    fn printed(self) -> String {
        self.written(PRINTED)
    }

    fn universal(self) -> Self {
        self.at.into()
    }

    /// The same time in another zone.
    fn moved(self, zone: &str) -> Outcome<Self> {
        match zone {
            "" | "UTC" | "GMT" | "Etc/UTC" | "Local" | "Z" => Ok(self.universal()),
            other => Err(format!("the time zone {other:?} is not known, only UTC")),
        }
    }

    fn changed(self, change: &str) -> Outcome<Self> {
        self.later(duration(change)?)
    }
}

/// Reads `1h15m30.5s`.
fn duration(text: &str) -> Outcome<SignedDuration> {
    let wrong = || format!("time: invalid duration {text:?}");
    let (negative, mut rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Ok(SignedDuration::ZERO);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut nanoseconds = 0_i128;
    while !rest.is_empty() {
        let end = rest
            .find(|letter: char| !letter.is_ascii_digit() && letter != '.')
            .ok_or_else(|| format!("time: missing unit in duration {text:?}"))?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|letter: char| letter.is_ascii_digit() || letter == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let scale: i128 = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return Err(format!("time: unknown unit {unit:?} in duration {text:?}")),
        };
        nanoseconds = part(number, scale).and_then(|part| nanoseconds.checked_add(part)).ok_or_else(wrong)?;
        rest = after;
    }
    let nanoseconds = if negative { -nanoseconds } else { nanoseconds };
    // Go's durations have 64 bits.
    i64::try_from(nanoseconds).map(SignedDuration::from_nanos).map_err(|_| wrong())
}

/// A number with a fraction, times a scale.
fn part(number: &str, scale: i128) -> Option<i128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(15)];
    let read = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
    let of = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
    read(whole)?.checked_mul(scale)?.checked_add(read(fraction)?.checked_mul(scale)? / of)
}

/// To whole seconds.
fn rounded(duration: SignedDuration) -> SignedDuration {
    let half = SignedDuration::from_millis(if duration.is_negative() { -500 } else { 500 });
    SignedDuration::from_secs((duration + half).as_secs())
}

/// Writes `1h15m30.5s`.
fn printed(duration: SignedDuration) -> String {
    let sign = if duration.is_negative() { "-" } else { "" };
    let (seconds, nanoseconds) = (duration.as_secs().unsigned_abs(), duration.subsec_nanos().unsigned_abs());
    if seconds == 0 && nanoseconds != 0 {
        let (number, unit) = match nanoseconds {
            1_000_000.. => (f64::from(nanoseconds) / 1e6, "ms"),
            1_000.. => (f64::from(nanoseconds) / 1e3, "µs"),
            _ => (f64::from(nanoseconds), "ns"),
        };
        return format!("{sign}{number}{unit}");
    }
    let mut text = sign.to_owned();
    // Writing to a string does not fail.
    if seconds >= 3600 {
        let _ = write!(text, "{}h", seconds / 3600);
    }
    if seconds >= 60 {
        let _ = write!(text, "{}m", seconds / 60 % 60);
    }
    let fraction = format!(".{nanoseconds:09}");
    let _ = write!(text, "{}{}s", seconds % 60, fraction.trim_end_matches('0').trim_end_matches('.'));
    text
}

fn seconds_of(value: &Value) -> i64 {
    match value {
        Value::String(text) => text.parse().unwrap_or(0),
        Value::Number(number) => number.as_i64().unwrap_or(0),
        _ => 0,
    }
}

/// The largest unit that is more than one: `3d`. A number counts nanoseconds; a time is taken as how long ago it was.
fn round(value: &Value) -> String {
    const UNITS: [(u64, &str); 6] =
        [(31_536_000, "y"), (2_592_000, "mo"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
    let span = match (value, Time::read(value)) {
        (Value::Number(number), _) => SignedDuration::from_nanos(number.as_i64().unwrap_or(0)),
        (_, Some(time)) => Env::default().now().duration_since(time.at),
        (Value::String(text), None) => duration(text).unwrap_or_default(),
        _ => SignedDuration::ZERO,
    };
    let span = span.unsigned_abs();
    let unit = UNITS.iter().find(|(seconds, _)| span > std::time::Duration::from_secs(*seconds));
    unit.map_or_else(|| "0s".to_owned(), |(seconds, unit)| format!("{}{unit}", span.as_secs() / seconds))
}
