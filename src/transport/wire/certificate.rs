//! What a server's certificate says for people: who issued it, and until when it is good.
//!
//! Only these two are read, of a certificate that was judged elsewhere, so a reader of nested lengths is all it takes.
//! Source: RFC 5280 section 4.1; X.690 for the encoding.
//!
//! What does not belong here: whether a certificate is to be trusted.

use jiff::Timestamp;

/// Tags of X.690.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const IDENTIFIER: u8 = 0x06;
const VERSION: u8 = 0xa0;
const SHORT_TIME: u8 = 0x17;
const LONG_TIME: u8 = 0x18;
/// The attributes by which an issuer is called, the best first: common name, organisation.
const NAMES: [&[u8]; 2] = [&[0x55, 0x04, 0x03], &[0x55, 0x04, 0x0a]];

/// The issuer, as far as it has a name that is text, and the last moment at which the certificate is good. None where
/// these bytes are no certificate.
pub(super) fn read(bytes: &[u8]) -> Option<(Option<String>, Timestamp)> {
    let signed = inside(&mut &*bytes, SEQUENCE)?;
    let mut fields = inside(&mut &*signed, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        next(&mut fields)?;
    }
    // The serial number and the algorithm of the signature.
    next(&mut fields)?;
    next(&mut fields)?;
    let issuer = inside(&mut fields, SEQUENCE)?;
    let mut validity = inside(&mut fields, SEQUENCE)?;
    next(&mut validity)?;
    Some((NAMES.iter().find_map(|kind| named(issuer, kind)), time(next(&mut validity)?)?))
}

/// The first attribute of this kind in a name.
fn named(mut name: &[u8], kind: &[u8]) -> Option<String> {
    while let Some(mut set) = inside(&mut name, SET) {
        while let Some(mut attribute) = inside(&mut set, SEQUENCE) {
            if inside(&mut attribute, IDENTIFIER) == Some(kind) {
                let (_, text) = next(&mut attribute)?;
                return Some(String::from_utf8_lossy(text).into_owned());
            }
        }
    }
    None
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ`; two digits of a year are of 1950 to 2049.
fn time((tag, text): (u8, &[u8])) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z').filter(|text| text.is_ascii())?;
    let (year, rest) = match tag {
        SHORT_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            (format!("{}{year}", if year < "50" { "20" } else { "19" }), rest)
        }
        LONG_TIME => text.split_at_checked(4).map(|(year, rest)| (year.to_owned(), rest))?,
        _ => return None,
    };
    let pair = |at: usize| rest.get(at..at + 2);
    let [month, day, hour, minute, second] = [pair(0)?, pair(2)?, pair(4)?, pair(6)?, pair(8)?];
    format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z").parse().ok()
}

/// The content of the next element, which must have this tag. Nothing is taken otherwise.
fn inside<'a>(rest: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let mut after = *rest;
    let (found, content) = next(&mut after)?;
    (found == tag).then(|| {
        *rest = after;
        content
    })
}

/// The tag and the content of the next element.
fn next<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (&tag, after) = rest.split_first()?;
    let (&first, mut after) = after.split_first()?;
    let length = if first < 0x80 {
        usize::from(first)
    } else {
        // How many bytes the length has. No certificate needs more than four.
        let (digits, behind) =
            after.split_at_checked(usize::from(first & 0x7f)).filter(|(d, _)| d.len() <= 4)?;
        after = behind;
        digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit))
    };
    let (content, after) = after.split_at_checked(length)?;
    *rest = after;
    Some((tag, content))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn the_issuer_and_the_end_are_read() {
        for (year, organisation, issuer) in [(2031, false, "Example CA"), (2051, true, "Example Ltd")] {
            let mut params = CertificateParams::new(vec!["h".to_owned()]).unwrap();
            params.distinguished_name = rcgen::DistinguishedName::new();
            let kind = if organisation { DnType::OrganizationName } else { DnType::CommonName };
            params.distinguished_name.push(DnType::CountryName, "DE");
            params.distinguished_name.push(kind, issuer);
            params.not_after = rcgen::date_time_ymd(year, 2, 3);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let (name, end) = read(certificate.der()).unwrap();
            assert_eq!(name.as_deref(), Some(issuer));
            assert_eq!(end.to_string(), format!("{year}-02-03T00:00:00Z"));
        }
    }

    #[test]
    fn what_is_cut_anywhere_is_no_certificate() {
        let params = CertificateParams::new(vec!["h".to_owned()]).unwrap();
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let whole = certificate.der();
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]), None, "{end}");
        }
        for (place, wrong) in [(0, 0x31), (1, 0x89), (4, 0x02)] {
            let mut bytes = whole.to_vec();
            bytes[place] = wrong;
            assert_eq!(read(&bytes), None, "{place}");
        }
    }
}
