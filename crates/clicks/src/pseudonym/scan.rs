//! Finds, in text of any kind, what is written like something that identifies a visitor.
//!
//! Goes by bytes: the text may be a URL, JSON, or a torn piece of either. Rather replaces a version number too many than
//! an address too few. Time is linear in the length of the text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::Pseudonyms;

/// Names under which a visitor or a device stands in query strings and JSON, without `_` and `-`, in lower case.
const PERSONAL_NAMES: [&[u8]; 33] = [
    b"aaid",
    b"advertisingid",
    b"afai",
    b"androidid",
    b"clientip",
    b"deviceid",
    b"email",
    b"emailaddress",
    b"gaid",
    b"googleadid",
    b"googleadvertisingid",
    b"googleaid",
    b"gpsadid",
    b"idfa",
    b"idfv",
    b"ifa",
    b"imei",
    b"imsi",
    b"ip",
    b"ipaddr",
    b"ipaddress",
    b"macaddress",
    b"meid",
    b"msisdn",
    b"oaid",
    b"phone",
    b"phonenumber",
    b"remoteaddr",
    b"rida",
    b"udid",
    b"userid",
    b"userip",
    b"xforwardedfor",
];
const NAME_BYTES_MAX: usize = 32;
/// What may follow such a name where the value is hashed already.
const HASHED: [&[u8]; 3] = [b"md5", b"sha1", b"sha256"];
/// The longest address in text: IPv6 with an IPv4 address at its end.
const ADDRESS_BYTES_MAX: usize = 45;

/// True for the name of something that identifies a visitor or a device, however it is written.
pub(super) fn is_personal_name(name: &[u8]) -> bool {
    if name.len() > NAME_BYTES_MAX {
        return false;
    }
    let plain: Vec<u8> = name.iter().filter(|byte| !matches!(byte, b'_' | b'-')).map(u8::to_ascii_lowercase).collect();
    let unhashed = HASHED.iter().find_map(|suffix| plain.strip_suffix(*suffix)).unwrap_or(&plain);
    PERSONAL_NAMES.binary_search(&unhashed).is_ok()
}

/// The text with pseudonyms; none where it holds nothing to replace.
pub(super) fn replace(pseudonyms: &Pseudonyms, text: &[u8]) -> Option<Vec<u8>> {
    let mut replaced = Vec::new();
    let (mut done, mut at) = (0, 0);
    while at < text.len() {
        let found = if may_begin(&text[..at]) { find(pseudonyms, text, at) } else { None };
        let found = found.or_else(|| find_email(pseudonyms, text, at, done));
        match found {
            Some((range, pseudonym)) => {
                replaced.extend_from_slice(&text[done..range.start]);
                replaced.extend_from_slice(pseudonym.as_bytes());
                done = range.end;
                at = range.end.max(at + 1);
            }
            None => at += 1,
        }
    }
    if done == 0 {
        return None;
    }
    replaced.extend_from_slice(&text[done..]);
    Some(replaced)
}

/// True after what ends a word, an encoded character among them.
fn may_begin(before: &[u8]) -> bool {
    match before {
        [.., b'%', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => true,
        [.., last] => !is_word(*last) || matches!(last, b'-' | b'_'),
        [] => true,
    }
}

/// What begins at a place where something may begin.
fn find(pseudonyms: &Pseudonyms, text: &[u8], at: usize) -> Option<(Range<usize>, String)> {
    let rest = &text[at..];
    let first = *rest.first()?;
    if first.is_ascii_alphabetic()
        && let Some((value, pseudonym)) = named_value(pseudonyms, text, at)
    {
        return Some((value, pseudonym));
    }
    if !first.is_ascii_hexdigit() && first != b':' {
        return None;
    }
    if let Some(id) = uuid(rest).or_else(|| hardware_address(rest)) {
        let text = std::str::from_utf8(id).ok()?;
        return (!super::is_nobody(text)).then(|| (at..at + id.len(), pseudonyms.id(text)));
    }
    let is_within_number = at >= 2 && text[at - 1] == b'.' && text[at - 2].is_ascii_digit();
    let (length, address) = ipv6(rest).or_else(|| ipv4(rest).filter(|_| !is_within_number))?;
    (!address.is_unspecified()).then(|| (at..at + length, pseudonyms.address(address)))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || !byte.is_ascii()
}

/// `name=value` of a query string, also encoded, or `"name":value` of JSON, where the name tells that it is personal.
fn named_value(pseudonyms: &Pseudonyms, text: &[u8], at: usize) -> Option<(Range<usize>, String)> {
    if at > 0 && matches!(text[at - 1], b'-' | b'_') {
        return None;
    }
    let end = at + text[at..].iter().take(NAME_BYTES_MAX + 1).take_while(|byte| is_word(**byte)).count();
    if !is_personal_name(&text[at..end]) {
        return None;
    }
    let rest = &text[end..];
    let json = after_json_name(rest);
    let (start, is_quoted, is_json) = match json {
        Some((skipped, is_quoted)) => (end + skipped, is_quoted, true),
        None if rest.starts_with(b"=") => (end + 1, false, false),
        None if rest.get(..3).is_some_and(|sign| sign.eq_ignore_ascii_case(b"%3d")) => (end + 3, false, false),
        None => return None,
    };
    let ends: &[u8] = match (is_quoted, is_json) {
        (true, _) => b"",
        (false, true) => b",]}",
        (false, false) => b"&;,'<>#)",
    };
    let length = value_length(&text[start..], ends);
    let value = std::str::from_utf8(&text[start..start + length]).ok()?;
    if is_json && !is_quoted && !value.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte)) {
        // An object, a list, or a word of JSON: what is in it is looked at as any text.
        return None;
    }
    let decoded = value.replace("%3A", ":").replace("%3a", ":");
    match pseudonyms.personal(&decoded) {
        std::borrow::Cow::Owned(pseudonym) if is_json && !is_quoted => {
            Some((start..start + length, format!("\"{pseudonym}\"")))
        }
        std::borrow::Cow::Owned(pseudonym) => Some((start..start + length, pseudonym)),
        // It stays, and nothing in it is looked at again.
        std::borrow::Cow::Borrowed(_) if length > 0 => Some((start..start + length, value.to_owned())),
        std::borrow::Cow::Borrowed(_) => None,
    }
}

/// After a name in JSON: how many bytes to its value, and whether that is in quotes. Names in `extra` may end with `#2`.
fn after_json_name(rest: &[u8]) -> Option<(usize, bool)> {
    let mut at = 0;
    while rest.get(at) == Some(&b'#') || at > 0 && rest.get(at).is_some_and(u8::is_ascii_alphanumeric) {
        at += 1;
    }
    // Within a JSON text inside JSON, quotes are escaped.
    let quote = |at: usize| match rest.get(at..)? {
        [b'"', ..] => Some(at + 1),
        [b'\\', b'"', ..] => Some(at + 2),
        _ => None,
    };
    let blank =
        |at: usize| at + rest[at.min(rest.len())..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let colon = blank(quote(at)?);
    let value = blank(colon + 1);
    (rest.get(colon) == Some(&b':')).then(|| match quote(value) {
        Some(value) => (value, true),
        None => (value, false),
    })
}

/// Up to a quote, or, where there is none, to what ends a value.
fn value_length(rest: &[u8], enders: &[u8]) -> usize {
    let is_end = |at: &usize| match rest[*at] {
        b'"' | b'\\' => true,
        b'%' if !enders.is_empty() => rest[*at..].get(..3).is_some_and(|sign| sign.eq_ignore_ascii_case(b"%26")),
        byte => enders.contains(&byte) || !enders.is_empty() && byte.is_ascii_whitespace(),
    };
    (0..rest.len()).find(is_end).unwrap_or(rest.len())
}

fn uuid(rest: &[u8]) -> Option<&[u8]> {
    const LENGTH: usize = 36;
    let candidate = rest.get(..LENGTH)?;
    let is_right = |(at, byte): (usize, &u8)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    let is_whole = !rest.get(LENGTH).is_some_and(u8::is_ascii_alphanumeric);
    (is_whole && candidate.iter().enumerate().all(is_right)).then_some(candidate)
}

/// Six pairs of digits, as network cards have them.
fn hardware_address(rest: &[u8]) -> Option<&[u8]> {
    const LENGTH: usize = 17;
    let candidate = rest.get(..LENGTH)?;
    let separator = candidate[2];
    let is_right = |(at, byte): (usize, &u8)| match at % 3 {
        2 => *byte == separator,
        _ => byte.is_ascii_hexdigit(),
    };
    let is_whole = !rest.get(LENGTH).is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == separator);
    (is_whole && matches!(separator, b':' | b'-') && candidate.iter().enumerate().all(is_right)).then_some(candidate)
}

fn ipv6(rest: &[u8]) -> Option<(usize, IpAddr)> {
    let is_of_address = |byte: &&u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let longest = rest.iter().take(ADDRESS_BYTES_MAX + 1).take_while(is_of_address).count();
    // A port, or a sentence, may go on after the address.
    let ends = (2..=longest).rev().filter(|end| !rest.get(*end).is_some_and(u8::is_ascii_alphanumeric));
    ends.filter_map(|end| std::str::from_utf8(&rest[..end]).ok())
        .filter(|candidate| candidate.bytes().filter(|byte| *byte == b':').count() >= 2)
        .find_map(|candidate| Some((candidate.len(), IpAddr::V6(candidate.parse::<Ipv6Addr>().ok()?))))
}

/// The address that a text is, with a port or not.
pub(super) fn whole_address(text: &str) -> Option<IpAddr> {
    let is_port =
        |rest: &str| rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let lenient = || ipv4(text.as_bytes()).filter(|(length, _)| *length == text.len() || is_port(&text[*length..]));
    text.parse().ok().or_else(|| lenient().map(|(_, address)| address))
}

/// Four numbers, with leading zeros or not.
fn ipv4(rest: &[u8]) -> Option<(usize, IpAddr)> {
    let (mut at, mut octets) = (0, [0_u8; 4]);
    for (group, octet) in octets.iter_mut().enumerate() {
        if group > 0 {
            (rest.get(at) == Some(&b'.')).then_some(())?;
            at += 1;
        }
        let digits = rest[at..].iter().take(4).take_while(|byte| byte.is_ascii_digit()).count();
        let number = std::str::from_utf8(&rest[at..at + digits]).ok().filter(|_| (1..=3).contains(&digits))?;
        *octet = number.parse().ok()?;
        at += digits;
    }
    let is_longer = rest.get(at) == Some(&b'.') && rest.get(at + 1).is_some_and(u8::is_ascii_digit);
    let is_whole = !is_longer && !rest.get(at).is_some_and(u8::is_ascii_alphanumeric);
    is_whole.then(|| (at, IpAddr::V4(Ipv4Addr::from(octets))))
}

/// An e-mail address around an at sign, also where that is encoded; what was replaced before is no part of it.
fn find_email(pseudonyms: &Pseudonyms, text: &[u8], at: usize, done: usize) -> Option<(Range<usize>, String)> {
    let sign = match &text[at..] {
        [b'@', ..] => 1,
        [b'%', b'4', b'0', ..] => 3,
        _ => return None,
    };
    const PART_BYTES_MAX: usize = 255;
    let is_of_local = |byte: &&u8| byte.is_ascii_alphanumeric() || b"._+-".contains(byte);
    let is_of_domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let local = text[done..at].iter().rev().take(PART_BYTES_MAX).take_while(is_of_local).count();
    let after = &text[at + sign..];
    let mut domain = after.iter().take(PART_BYTES_MAX).take_while(is_of_domain).count();
    while domain > 0 && matches!(after[domain - 1], b'.' | b'-') {
        domain -= 1;
    }
    let top = after[..domain].rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let is_domain = after[..domain].contains(&b'.') && top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic);
    if local == 0 || !is_domain {
        return None;
    }
    let local_text = std::str::from_utf8(&text[at - local..at]).ok()?;
    let domain_text = std::str::from_utf8(&after[..domain]).ok()?;
    Some((at - local..at + sign + domain, pseudonyms.id(&format!("{local_text}@{domain_text}"))))
}
