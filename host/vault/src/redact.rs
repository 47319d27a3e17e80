//! Striking secrets out of text, in the notations that logs and vendors' errors show them in.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Shorter values are not struck out, in bytes: they would hit ordinary words, and a secret that
/// short protects nothing.
const MIN_SECRET_BYTES: usize = 6;
/// Lines of a value of several lines (a PEM key) are struck out singly from this length, in bytes.
const MIN_LINE_BYTES: usize = 16;
/// What stands in the place of a secret.
const STRUCK: &[u8] = b"[redacted]";

/// All notations of all live values, ready to be looked for in one pass.
pub(crate) struct Redactor {
    /// Sorted, without duplicates.
    patterns: Vec<Zeroizing<Vec<u8>>>,
    /// One bit per pair of first bytes, so that nearly every position is passed over at once.
    starts: Box<[u64; 1024]>,
}

impl Redactor {
    pub(crate) fn new<'a>(values: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut patterns = Vec::new();
        for value in values.filter(|value| value.len() >= MIN_SECRET_BYTES) {
            notations(value, &mut patterns);
        }
        patterns.sort_unstable_by(|one, other| one.as_slice().cmp(other.as_slice()));
        patterns.dedup();
        let mut starts = Box::new([0; 1024]);
        for pattern in &patterns {
            if let [first, second, ..] = pattern.as_slice() {
                let (word, bit) = place(*first, *second);
                starts[word] |= bit;
            }
        }
        Self { patterns, starts }
    }

    /// The text with every notation of every value replaced.
    pub(crate) fn redact(&self, text: &str) -> String {
        let bytes = text.as_bytes();
        let mut out: Vec<u8> = Vec::new();
        let (mut kept, mut at) = (0, 0);
        while at + 1 < bytes.len() {
            let Some(mut end) = self.match_at(bytes, at) else {
                at += 1;
                continue;
            };
            out.extend_from_slice(&bytes[kept..at]);
            // Secrets may overlap, such as a password within a connection string: strike the union.
            let mut inside = at + 1;
            while inside < end {
                end = end.max(self.match_at(bytes, inside).unwrap_or(end));
                inside += 1;
            }
            out.extend_from_slice(STRUCK);
            (kept, at) = (end, end);
        }
        if kept == 0 {
            return text.to_owned();
        }
        out.extend_from_slice(&bytes[kept..]);
        // A value that is not UTF-8 may have been cut out of the middle of a character.
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// End of the longest pattern that starts here.
    fn match_at(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let rest = bytes.get(at..)?;
        let [first, second, ..] = rest else {
            return None;
        };
        let (word, bit) = place(*first, *second);
        if self.starts[word] & bit == 0 {
            return None;
        }
        let from = self.patterns.partition_point(|pattern| pattern.get(..2) < rest.get(..2));
        self.patterns[from..]
            .iter()
            .take_while(|pattern| pattern.get(..2) == rest.get(..2))
            .filter(|pattern| rest.starts_with(pattern))
            .map(|pattern| at + pattern.len())
            .max()
    }
}

fn place(first: u8, second: u8) -> (usize, u64) {
    let pair = usize::from(first) << 8 | usize::from(second);
    (pair / 64, 1 << (pair % 64))
}

fn notations(value: &[u8], patterns: &mut Vec<Zeroizing<Vec<u8>>>) {
    let mut add = |text: &[u8]| {
        if text.len() >= MIN_SECRET_BYTES {
            patterns.push(Zeroizing::new(text.to_vec()));
        }
    };
    add(value);
    add(hex::encode(value).as_bytes());
    add(hex::encode_upper(value).as_bytes());
    for shift in 0..3 {
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            add(base64_core(value, shift, engine).as_bytes());
        }
    }
    let Ok(text) = std::str::from_utf8(value) else {
        return;
    };
    add(text.trim().as_bytes());
    for encoded in url_notations(text) {
        add(encoded.as_bytes());
        add(lower_escapes(&encoded).as_bytes());
    }
    if let Ok(quoted) = serde_json::to_string(text) {
        let quoted = Zeroizing::new(quoted);
        add(quoted.trim_matches('"').as_bytes());
    }
    for line in text.lines().map(str::trim).filter(|line| line.len() >= MIN_LINE_BYTES && !line.starts_with("-----")) {
        add(line.as_bytes());
    }
}

/// The characters of a base64 text that depend on the value alone, when the value stands `shift`
/// bytes (modulo 3) after the start of what was encoded, as a password does in `user:password`.
fn base64_core(value: &[u8], shift: usize, engine: &impl Engine) -> Zeroizing<String> {
    let mut padded = Zeroizing::new(vec![0; shift]);
    padded.extend_from_slice(value);
    let encoded = Zeroizing::new(engine.encode(&padded));
    let start = (shift * 8).div_ceil(6);
    // At the start of a text the last, partly filled character is the value's too.
    let end = if shift == 0 { encoded.len() } else { padded.len() * 8 / 6 };
    Zeroizing::new(encoded.get(start..end).unwrap_or_default().to_owned())
}

/// Percent-encoded as by RFC 3986, as by HTML forms, and with everything but letters and digits.
fn url_notations(text: &str) -> [Zeroizing<String>; 3] {
    const UNRESERVED: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    const FORM: percent_encoding::AsciiSet =
        NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'*').remove(b' ');
    [
        Zeroizing::new(utf8_percent_encode(text, &UNRESERVED).to_string()),
        Zeroizing::new(utf8_percent_encode(text, &FORM).to_string().replace(' ', "+")),
        Zeroizing::new(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()),
    ]
}

/// `%2F` as `%2f`, which some libraries write.
fn lower_escapes(encoded: &str) -> Zeroizing<String> {
    let mut lower = Zeroizing::new(String::with_capacity(encoded.len()));
    let mut escape = 0;
    for character in encoded.chars() {
        escape = if character == '%' { 3 } else { escape };
        lower.push(if escape > 0 { character.to_ascii_lowercase() } else { character });
        escape = usize::saturating_sub(escape, 1);
    }
    lower
}
