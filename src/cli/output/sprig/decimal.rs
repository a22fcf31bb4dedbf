//! Sums of numbers as they are written: a tenth and two tenths are three tenths.
//!
//! What does not belong here: whole numbers.

/// The most digits after the point of a quotient.
const PLACES: u32 = 16;

/// What is done with numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sum {
    /// Adds them.
    Add,
    /// Takes the others from the first.
    Subtract,
    /// Multiplies them.
    Multiply,
    /// Divides the first by the others.
    Divide,
}

/// The sum of the first number with each of the others.
pub(super) fn sum(sum: Sum, first: f64, others: &[f64]) -> Result<f64, String> {
    let mut result = first;
    for other in others {
        result = step(sum, result, *other)?;
    }
    Ok(result)
}

fn step(sum: Sum, one: f64, other: f64) -> Result<f64, String> {
    if sum == Sum::Divide && other == 0.0 {
        return Err("decimal division by 0".to_owned());
    }
    Ok(exact(sum, one, other).unwrap_or(match sum {
        Sum::Add => one + other,
        Sum::Subtract => one - other,
        Sum::Multiply => one * other,
        Sum::Divide => one / other,
    }))
}

/// With all digits of both, if so many can be held.
fn exact(sum: Sum, one: f64, other: f64) -> Option<f64> {
    let ((one, one_places), (other, other_places)) = (digits(one)?, digits(other)?);
    let places = one_places.max(other_places);
    let scaled = |digits: i128, from: u32| digits.checked_mul(10_i128.checked_pow(places - from)?);
    let (digits, places) = match sum {
        Sum::Add => (scaled(one, one_places)?.checked_add(scaled(other, other_places)?)?, places),
        Sum::Subtract => (scaled(one, one_places)?.checked_sub(scaled(other, other_places)?)?, places),
        Sum::Multiply => (one.checked_mul(other)?, one_places + other_places),
        Sum::Divide => {
            let one = one.checked_mul(10_i128.checked_pow(PLACES + other_places)?)?;
            let other = other.checked_mul(10_i128.checked_pow(one_places)?)?;
            // Halves go away from zero.
            let half = if (one < 0) == (other < 0) { other / 2 } else { -other / 2 };
            (one.checked_add(half)? / other, PLACES)
        }
    };
    format!("{digits}e-{places}").parse().ok()
}

/// The digits without their point, and how many are after it.
fn digits(number: f64) -> Option<(i128, u32)> {
    let text = number.to_string();
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = format!("{whole}{fraction}").parse().ok()?;
    Some((digits, u32::try_from(fraction.len()).ok()?))
}
