//! Countries by their ISO 3166-1 alpha-2 codes.

/// The officially assigned codes, sorted, one per line; lines with `#` are comments.
const CODES: &str = include_str!("../data/iso3166-1.txt");

/// All codes, in alphabetical order.
pub fn codes() -> impl Iterator<Item = &'static str> {
    CODES.lines().filter(|line| !line.starts_with('#') && !line.is_empty())
}

/// Whether `code` is an officially assigned ISO 3166-1 alpha-2 code, in capitals. `EL` and `UK` are
/// not: VAT ids use the first for Greece, and the second is only reserved.
pub fn is_country(code: &str) -> bool {
    code.len() == 2 && codes().any(|known| known == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standard_assigns_249_codes() {
        assert_eq!(codes().count(), 249);
        assert!(codes().is_sorted(), "the data file is sorted");
        assert!(codes().all(|code| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())));
    }

    #[test]
    fn codes_are_exact() {
        assert!(is_country("DE") && is_country("GR") && is_country("GB"));
        assert!(!is_country("EL") && !is_country("UK") && !is_country("de") && !is_country("") && !is_country("D"));
    }
}
