//! Functions of words and of the case of their letters.
//!
//! What does not belong here: text that is not looked at as words.

use super::argument::functions;

functions! {
    "upper"(text: String) => text.chars().map(capital).collect::<String>();
    "lower"(text: String) => text.chars().map(small).collect::<String>();
    "title"(text: String) => title(&text);
    "untitle"(text: String) => first_of_words(&text, small);
    "swapcase"(text: String) => swapped(&text);
    "initials"(text: String) => text.split_whitespace().filter_map(|word| word.chars().next()).collect::<String>();
    "snakecase"(text: String) => joined(&text, '_');
    "kebabcase"(text: String) => joined(&text, '-');
    "camelcase"(text: String) => pascal(&text);
}

/// The capital of a letter. One that has none of its own, like `ß`, stays.
fn capital(letter: char) -> char {
    let mut capitals = letter.to_uppercase();
    match (capitals.next(), capitals.next()) {
        (Some(capital), None) => capital,
        _ => letter,
    }
}

/// The small form of a letter, without marks that it would need in some languages.
fn small(letter: char) -> char {
    letter.to_lowercase().next().unwrap_or(letter)
}

/// The text with another first letter of every word.
fn first_of_words(text: &str, change: fn(char) -> char) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut first = true;
    for letter in text.chars() {
        if first && !letter.is_whitespace() {
            changed.push(change(letter));
        } else {
            changed.push(letter);
        }
        first = letter.is_whitespace();
    }
    changed
}

/// Every word with a capital. Words end at what is no letter, digit or low line.
fn title(text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    let mut before = ' ';
    for letter in text.chars() {
        let separates = if before.is_ascii() {
            !before.is_ascii_alphanumeric() && before != '_'
        } else {
            !before.is_alphanumeric() && before.is_whitespace()
        };
        if separates {
            changed.push(capital(letter));
        } else {
            changed.push(letter);
        }
        before = letter;
    }
    changed
}

/// Capitals become small; small letters become capitals.
fn swapped(text: &str) -> String {
    let mut changed = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_uppercase() {
            changed.push(small(letter));
        } else {
            changed.push(capital(letter));
        }
    }
    changed
}

fn connects(letter: char) -> bool {
    letter == '-' || letter == '_' || letter.is_whitespace()
}

/// Small words with a connector between them. A word begins at a capital, and at digits that small letters follow,
/// but not within a word that begins with digits.
fn joined(text: &str, connector: char) -> String {
    let letters: Vec<char> = text.chars().collect();
    let mut changed = String::with_capacity(text.len() + 8);
    let mut word = 0;
    for (at, letter) in letters.iter().copied().enumerate() {
        if connects(letter) {
            changed.push(connector);
            word = at + 1;
            continue;
        }
        if at > word && begins(&letters[word..at], &letters[at..]) {
            changed.push(connector);
            word = at;
        }
        changed.push(small(letter));
    }
    changed
}

/// Whether a word begins after these letters.
fn begins(word: &[char], rest: &[char]) -> bool {
    let ([first, ..], [.., before], [letter, after @ ..]) = (word, word, rest) else { return false };
    let small_after = after.first().is_some_and(|after| after.is_lowercase());
    if letter.is_uppercase() {
        before.is_lowercase() || before.is_numeric() || before.is_uppercase() && small_after
    } else if letter.is_numeric() && before.is_alphabetic() && !first.is_numeric() {
        let number = after.iter().take_while(|letter| letter.is_numeric()).count();
        after.get(number).is_some_and(|next| next.is_lowercase())
    } else {
        false
    }
}

/// Words with a capital and nothing between them. A word of capitals becomes small after its first letter.
fn pascal(text: &str) -> String {
    let start = text.find(|letter| !connects(letter)).unwrap_or(text.len());
    let (leading, text) = text.split_at(start);
    let end = text.trim_end_matches(connects).len();
    let (text, trailing) = text.split_at(end);
    let mut changed = leading.to_owned();
    let mut connectors = 0;
    // Whether the word began with a capital and has had nothing but capitals so far.
    let mut capitals = None;
    for letter in text.chars() {
        if connects(letter) {
            // One connector between words goes, more of them stay.
            if connectors > 0 {
                changed.push(letter);
            }
            connectors += 1;
            capitals = None;
            continue;
        }
        connectors = 0;
        match capitals {
            None => {
                capitals = Some(letter.is_uppercase());
                changed.push(capital(letter));
            }
            Some(true) if letter.is_uppercase() => changed.push(small(letter)),
            Some(_) => {
                capitals = Some(false);
                changed.push(letter);
            }
        }
    }
    changed + trailing
}
