//! The template's transform with one defect at a time: what the conformance suite must find. The
//! object itself names the defect, in `header.ext`: a transform has no configuration.
//!
//! Lives here: what authors get wrong. Never enters: which rule must notice it, which the suite's
//! own tests say.

#[allow(missing_docs, reason = "the template's modules are included as they are")]
#[path = "../../../sdk/template-transform/src/card.rs"]
mod card;

use std::collections::HashSet;

use quoin_sdk::{Customer, Fault, FaultKind, ObjectKind, Transform};

/// The transform.
pub struct Misprints;

quoin_sdk::register_transform!(Misprints, manifest = include_str!("../connector.toml"));

/// Addresses that the defect `small` takes.
const FEW: usize = 20;

impl Transform for Misprints {
    fn convert(_: ObjectKind, data: &str) -> Result<String, Fault> {
        let customer: Customer = serde_json::from_str(data).map_err(|error| Fault::invalid("", error.to_string()))?;
        let defect = customer.header.ext.get("defect").map_or("", String::as_str);
        let written = card::write(&customer);
        match defect {
            "empty" => written.map(|_| String::new()),
            "unordered" => written.map(|card| unordered(&card)),
            "vague" => written.map_err(|fault| Fault { field: None, ..fault }),
            "blames_the_host" => written.map_err(|fault| Fault { kind: FaultKind::Internal, ..fault }),
            "takes_everything" => written.or_else(|_| Ok("BEGIN:VCARD\r\nEND:VCARD\r\n".to_owned())),
            "expects" => written.map(|card| format!("{card}{}", expected(&customer))),
            "raw" => written.map(|card| card.replacen("FN:", &format!("FN:{}\r\nNICKNAME:", customer.name), 1)),
            "raw_markup" => written.map(|_| format!("<card>{}</card>", customer.name)),
            "raw_json" => written.map(|_| format!("{{\"name\": \"{}\"}}", customer.name)),
            "small" if customer.addresses.len() > FEW => loop {
                std::hint::black_box(());
            },
            _ => written,
        }
    }
}

/// Lines in the order of a table that is another in every instance.
fn unordered(card: &str) -> String {
    let lines: HashSet<&str> = card.lines().collect();
    lines.into_iter().collect::<Vec<_>>().join("\r\n")
}

/// What an author takes for granted.
#[allow(clippy::expect_used, reason = "this is the defect")]
fn expected(customer: &Customer) -> String {
    let vat_id = customer.vat_id.as_deref().expect("every customer of ours has one");
    format!("NOTE:{vat_id}\r\n").replace(vat_id, "checked")
}
