//! Countries by their ISO 3166-1 alpha-2 codes.

/// The officially assigned codes, sorted, one per line; lines with `#` are comments.
const CODES: &str = include_str!("../data/iso3166-1.txt");

/// All codes, in alphabetical order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    CODES.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// A bit for each code: its first letter is the row, its second the bit. Every address of every object is checked.
const ASSIGNED: [u32; 26] = assigned(CODES.as_bytes());

const fn assigned(lines: &[u8]) -> [u32; 26] {
    let mut rows = [0; 26];
    let mut at = 0;
    while at < lines.len() {
        if lines[at].is_ascii_uppercase() {
            rows[(lines[at] - b'A') as usize] |= 1 << (lines[at + 1] - b'A');
        }
        while at < lines.len() && lines[at] != b'\n' {
            at += 1;
        }
        at += 1;
    }
    rows
}

/// Whether `code` is an officially assigned ISO 3166-1 alpha-2 code, in capitals. `EL` and `UK` are
/// not: VAT ids use the first for Greece, and the second is only reserved.
pub fn is_country(code: &str) -> bool {
    match code.as_bytes() {
        [row @ b'A'..=b'Z', bit @ b'A'..=b'Z'] => ASSIGNED[usize::from(row - b'A')] >> (bit - b'A') & 1 == 1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_assigns_249_codes() {
        assert_eq!(codes().count(), 249);
        assert!(codes().is_sorted(), "the data file is sorted");
        assert!(codes().all(is_country));
        assert_eq!(ASSIGNED.iter().map(|row| row.count_ones()).sum::<u32>(), 249);
        assert!(codes().all(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())));
    }

    #[test]
    fn codes_are_exact() {
        assert!(is_country("DE") && is_country("GR") && is_country("GB"));
        assert!(!is_country("EL") && !is_country("UK") && !is_country("de") && !is_country("") && !is_country("D"));
    }
}
