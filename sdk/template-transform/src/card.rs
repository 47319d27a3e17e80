//! The card itself: RFC 6350, one content line per fact.

use quoin_sdk::{Address, Customer, CustomerStatus, Fault};

/// Longest line without its break, octets (section 3.2).
const LINE_OCTETS: usize = 75;

/// Writes a customer's card.
///
/// # Errors
/// Names the canonical field that a card cannot say.
pub fn write(customer: &Customer) -> Result<String, Fault> {
    if customer.status == CustomerStatus::Merged {
        return Err(Fault::invalid(
            "/status",
            "a merged customer has no card of its own; convert the customer that it was merged into",
        ));
    }
    let mut card = Card::default();
    card.line("BEGIN", "VCARD");
    card.line("VERSION", "4.0");
    card.line("KIND", "org");
    card.line("FN", &text(&customer.name));
    card.line("ORG", &text(&customer.name));
    if let Some(parent) = &customer.parent_name {
        card.line("RELATED;TYPE=parent;VALUE=text", &text(parent));
    }
    if let Some(vat_id) = &customer.vat_id {
        card.line("X-VAT-ID", &text(vat_id));
    }
    for address in &customer.addresses {
        card.line("ADR", &postal(address));
    }
    card.line("END", "VCARD");
    Ok(card.0)
}

/// Post box, extension, street, city, region, code, country (section 6.3.1).
fn postal(address: &Address) -> String {
    let street = address.lines.iter().map(|line| text(line)).collect::<Vec<_>>().join(",");
    ["", "", &street, &text(&address.city), "", &text(&address.postal_code), &text(&address.country)].join(";")
}

/// A text as a value: what would end it is escaped (section 3.4), and a line break stays one line.
fn text(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            ',' => escaped.push_str("\\,"),
            ';' => escaped.push_str("\\;"),
            '\n' => escaped.push_str("\\n"),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// Content lines.
#[derive(Default)]
struct Card(String);

impl Card {
    /// Adds a line, folded where it is too long: the rest goes on after a break and a space.
    fn line(&mut self, name: &str, value: &str) {
        let mut octets = 0;
        for letter in name.chars().chain(std::iter::once(':')).chain(value.chars()) {
            if octets + letter.len_utf8() > LINE_OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(letter);
            octets += letter.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}
