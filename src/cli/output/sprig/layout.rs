//! Times written and read in a layout of Go, which shows how the second of January 2006, 15:04:05, is written.
//!
//! What does not belong here: what is done with times.

use std::fmt::Write;

use jiff::civil::{Date, Time as Clock};
use jiff::tz::Offset;

use super::argument::Outcome;
use super::date::Time;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// A part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Year,
    ShortYear,
    Month,
    MonthName,
    ShortMonthName,
    Day,
    DayOfYear,
    DayName,
    ShortDayName,
    Hour,
    Hour12,
    Minute,
    Second,
    Half(Case),
    Zone(Zone),
    ZoneName,
    /// So many digits; those at the end that are zero are left out if the layout has nines.
    Fraction {
        digits: usize,
        zeros: bool,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    Capital,
    Small,
}

/// How the distance to UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Zone {
    /// `Z` stands for none.
    letter: bool,
    colon: bool,
    parts: usize,
}

/// To how many letters a number is filled up, and with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pad(usize, char);

const NONE: Pad = Pad(0, ' ');
const ZERO: Pad = Pad(2, '0');
const BLANK: Pad = Pad(2, ' ');

const fn zone(letter: bool, colon: bool, parts: usize) -> Field {
    Field::Zone(Zone { letter, colon, parts })
}

/// What stands for a field in a layout: of those with the same beginning the longer one first.
const SIGNS: [(&str, Field, Pad); 34] = [
    ("January", Field::MonthName, NONE),
    ("Jan", Field::ShortMonthName, NONE),
    ("Monday", Field::DayName, NONE),
    ("Mon", Field::ShortDayName, NONE),
    ("MST", Field::ZoneName, NONE),
    ("002", Field::DayOfYear, Pad(3, '0')),
    ("01", Field::Month, ZERO),
    ("02", Field::Day, ZERO),
    ("03", Field::Hour12, ZERO),
    ("04", Field::Minute, ZERO),
    ("05", Field::Second, ZERO),
    ("06", Field::ShortYear, ZERO),
    ("15", Field::Hour, ZERO),
    ("1", Field::Month, NONE),
    ("2006", Field::Year, Pad(4, '0')),
    ("2", Field::Day, NONE),
    ("__2", Field::DayOfYear, Pad(3, ' ')),
    ("_2006", Field::Year, Pad(4, '0')),
    ("_2", Field::Day, BLANK),
    ("3", Field::Hour12, NONE),
    ("4", Field::Minute, NONE),
    ("5", Field::Second, NONE),
    ("PM", Field::Half(Case::Capital), NONE),
    ("pm", Field::Half(Case::Small), NONE),
    ("-070000", zone(false, false, 3), NONE),
    ("-07:00:00", zone(false, true, 3), NONE),
    ("-0700", zone(false, false, 2), NONE),
    ("-07:00", zone(false, true, 2), NONE),
    ("-07", zone(false, false, 1), NONE),
    ("Z070000", zone(true, false, 3), NONE),
    ("Z07:00:00", zone(true, true, 3), NONE),
    ("Z0700", zone(true, false, 2), NONE),
    ("Z07:00", zone(true, true, 2), NONE),
    ("Z07", zone(true, false, 1), NONE),
];

/// The next field and what is after it; `None` if a letter that stands for itself is next.
fn next(layout: &str) -> Option<(Field, Pad, &str)> {
    if let Some(rest) = layout.strip_prefix(['.', ',']) {
        let digit = rest.chars().next().filter(|digit| matches!(digit, '0' | '9'))?;
        let after = rest.trim_start_matches(digit);
        let digits = rest.len() - after.len();
        let field = Field::Fraction { digits, zeros: digit == '0' };
        return (!after.starts_with(|next: char| next.is_ascii_digit())).then_some((field, NONE, after));
    }
    SIGNS.iter().find_map(|(sign, field, pad)| {
        let rest = layout.strip_prefix(sign)?;
        let short_name = matches!(field, Field::ShortMonthName | Field::ShortDayName);
        let longer_word = short_name && rest.starts_with(|next: char| next.is_ascii_lowercase());
        (!longer_word).then_some((*field, *pad, rest))
    })
}

/// Writes a time.
pub(super) fn written(layout: &str, time: Time) -> String {
    let (mut text, mut rest) = (String::new(), layout);
    while let Some(letter) = rest.chars().next() {
        if let Some((field, pad, after)) = next(rest) {
            if rest.starts_with("_2006") {
                text.push('_');
            }
            write_field(&mut text, field, pad, time);
            rest = after;
        } else {
            text.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    text
}

fn write_field(text: &mut String, field: Field, Pad(width, fill): Pad, time: Time) {
    let civil = time.offset.to_datetime(time.at);
    let month = MONTHS[usize::try_from(civil.month() - 1).unwrap_or_default()];
    let day = DAYS[usize::try_from(civil.weekday().to_monday_zero_offset()).unwrap_or_default()];
    let number = match field {
        Field::MonthName => return text.push_str(month),
        Field::ShortMonthName => return text.push_str(&month[..3]),
        Field::DayName => return text.push_str(day),
        Field::ShortDayName => return text.push_str(&day[..3]),
        Field::Half(case) => {
            let half = if civil.hour() < 12 { "am" } else { "pm" };
            let half = if case == Case::Capital { half.to_uppercase() } else { half.to_owned() };
            return text.push_str(&half);
        }
        Field::Zone(zone) => return write_zone(text, zone, time.offset.seconds()),
        Field::ZoneName if time.offset == Offset::UTC => return text.push_str("UTC"),
        Field::ZoneName => {
            let zone = Zone { letter: false, colon: false, parts: 2 };
            return write_zone(text, zone, time.offset.seconds());
        }
        Field::Fraction { digits, zeros } => {
            let all = format!(".{:09}", civil.subsec_nanosecond());
            let shown = &all[..=digits.min(9)];
            let shown = if zeros { shown } else { shown.trim_end_matches('0').trim_end_matches('.') };
            return text.push_str(shown);
        }
        Field::Year => i32::from(civil.year()),
        Field::ShortYear => i32::from(civil.year()).rem_euclid(100),
        Field::Month => civil.month().into(),
        Field::Day => civil.day().into(),
        Field::DayOfYear => civil.day_of_year().into(),
        Field::Hour => civil.hour().into(),
        Field::Hour12 => (i32::from(civil.hour()) + 11) % 12 + 1,
        Field::Minute => civil.minute().into(),
        Field::Second => civil.second().into(),
    };
    let number = number.to_string();
    text.extend(std::iter::repeat_n(fill, width.saturating_sub(number.len())));
    text.push_str(&number);
}

fn write_zone(text: &mut String, zone: Zone, seconds: i32) {
    if zone.letter && seconds == 0 {
        return text.push('Z');
    }
    let colon = if zone.colon { ":" } else { "" };
    let sign = if seconds < 0 { '-' } else { '+' };
    let seconds = seconds.unsigned_abs();
    // Writing to a string does not fail.
    let _ = write!(text, "{sign}{:02}", seconds / 3600);
    if zone.parts > 1 {
        let _ = write!(text, "{colon}{:02}", seconds / 60 % 60);
    }
    if zone.parts > 2 {
        let _ = write!(text, "{colon}{:02}", seconds % 60);
    }
}

/// What was read of a time.
struct Found {
    year: i16,
    month: i8,
    day: i8,
    day_of_year: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    afternoon: Option<bool>,
    offset: Offset,
}

/// Reads a time; it is in UTC if it does not say more.
pub(super) fn read(layout: &str, text: &str) -> Outcome<Time> {
    let wrong = |at: &str, rest: &str| {
        format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {at:?}")
    };
    let mut found = Found {
        year: 0,
        month: 1,
        day: 1,
        day_of_year: None,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        afternoon: None,
        offset: Offset::UTC,
    };
    let (mut form, mut rest) = (layout, text);
    while let Some(letter) = form.chars().next() {
        if let Some((field, pad, after)) = next(form) {
            if form.starts_with("_2006") {
                rest = rest.strip_prefix('_').ok_or_else(|| wrong("_2006", rest))?;
            }
            let sign = &form[..form.len() - after.len()];
            rest = read_field(&mut found, field, pad, rest).ok_or_else(|| wrong(sign, rest))?;
            form = after;
            // A fraction may follow the seconds, even if the layout has none.
            if field == Field::Second && !matches!(next(form), Some((Field::Fraction { .. }, ..))) {
                rest = read_fraction(&mut found, rest);
            }
        } else {
            rest = rest.strip_prefix(letter).ok_or_else(|| wrong(&letter.to_string(), rest))?;
            form = &form[letter.len_utf8()..];
        }
    }
    if !rest.is_empty() {
        return Err(format!("parsing time {text:?}: extra text: {rest:?}"));
    }
    found.time().ok_or_else(|| format!("parsing time {text:?}: out of range"))
}

impl Found {
    fn time(self) -> Option<Time> {
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let date = match self.day_of_year {
            Some(day) => Date::new(self.year, 1, 1).ok()?.with().day_of_year(day).build().ok()?,
            None => Date::new(self.year, self.month, self.day).ok()?,
        };
        let clock = Clock::new(hour, self.minute, self.second, self.nanosecond).ok()?;
        let at = self.offset.to_timestamp(date.to_datetime(clock)).ok()?;
        Some(Time { at, offset: self.offset })
    }
}

/// A number of so many digits, and what is after it.
fn digits(text: &str, least: usize, most: usize) -> Option<(i16, &str)> {
    let count = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let number = text.get(..count).filter(|_| count >= least)?.parse().ok()?;
    Some((number, &text[count..]))
}

/// Which of the names the text begins with, shortened to so many letters.
fn name<'a>(names: &[&str], letters: usize, text: &'a str) -> Option<(i16, &'a str)> {
    names.iter().zip(0..).find_map(|(name, at)| {
        let name = &name[..name.len().min(letters)];
        let start = text.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name))?;
        Some((at, &text[start.len()..]))
    })
}

fn read_field<'a>(found: &mut Found, field: Field, Pad(width, fill): Pad, text: &'a str) -> Option<&'a str> {
    let least = if fill == '0' { width } else { 1 };
    let text = if width > 0 && fill == ' ' { text.trim_start_matches(' ') } else { text };
    let small = |(number, rest): (i16, &'a str)| Some((i8::try_from(number).ok()?, rest));
    let two = |least: usize| digits(text, least.max(1), 2).and_then(small);
    let rest;
    match field {
        Field::Year => (found.year, rest) = digits(text, 4, 4)?,
        Field::ShortYear => {
            let (year, after) = digits(text, 2, 2)?;
            (found.year, rest) = (if year >= 69 { 1900 + year } else { 2000 + year }, after);
        }
        Field::Month => (found.month, rest) = two(least)?,
        Field::MonthName | Field::ShortMonthName => {
            let letters = if field == Field::MonthName { 9 } else { 3 };
            let (month, after) = name(&MONTHS, letters, text).and_then(small)?;
            (found.month, rest) = (month + 1, after);
        }
        Field::DayName => rest = name(&DAYS, 9, text)?.1,
        Field::ShortDayName => rest = name(&DAYS, 3, text)?.1,
        Field::Day => (found.day, rest) = two(least)?,
        Field::DayOfYear => {
            let (day, after) = digits(text, least, 3)?;
            (found.day_of_year, rest) = (Some(day), after);
        }
        Field::Hour => (found.hour, rest) = two(1)?,
        Field::Hour12 => (found.hour, rest) = two(least)?,
        Field::Minute => (found.minute, rest) = two(least)?,
        Field::Second => (found.second, rest) = two(least)?,
        Field::Half(_) => {
            let (half, after) = name(&["AM", "PM"], 2, text)?;
            (found.afternoon, rest) = (Some(half == 1), after);
        }
        Field::Fraction { .. } => rest = read_fraction(found, text),
        Field::Zone(zone) => (found.offset, rest) = read_zone(zone, text)?,
        Field::ZoneName => rest = zone_name(text)?,
    }
    Some(rest)
}

/// Digits after a point, if there are any.
fn read_fraction<'a>(found: &mut Found, text: &'a str) -> &'a str {
    let Some(rest) = text.strip_prefix(['.', ',']) else { return text };
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    let nine = format!("{:0<9}", &rest[..count.min(9)]);
    if count == 0 {
        return text;
    }
    found.nanosecond = nine.parse().unwrap_or_default();
    &rest[count..]
}

fn read_zone(zone: Zone, text: &str) -> Option<(Offset, &str)> {
    if let Some(rest) = text.strip_prefix('Z').filter(|_| zone.letter) {
        return Some((Offset::UTC, rest));
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let mut rest = text.strip_prefix(['+', '-'])?;
    let mut seconds = 0_i32;
    for scale in &[3600, 60, 1][..zone.parts] {
        if zone.colon && *scale != 3600 {
            rest = rest.strip_prefix(':')?;
        }
        let (number, after) = digits(rest, 2, 2)?;
        (seconds, rest) = (seconds + i32::from(number) * scale, after);
    }
    Some((Offset::from_seconds(sign * seconds).ok()?, rest))
}

/// The name of a zone: capitals, or what stands for one without a name. Which zone it is has to be said beside it.
fn zone_name(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(|letter: char| letter.is_ascii_uppercase());
    if rest.len() < text.len() {
        return Some(rest);
    }
    let digits = text.strip_prefix(['+', '-'])?;
    let rest = digits.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (rest.len() < digits.len()).then_some(rest)
}
