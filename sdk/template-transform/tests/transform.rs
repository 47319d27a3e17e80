//! Cases: an object in, a document out.

use quoin_sdk::{ObjectKind, Transform};
use serde_json::json;
use transform_template::Template;

fn card(customer: serde_json::Value) -> Result<Vec<String>, quoin_sdk::Fault> {
    let card = Template::convert(ObjectKind::Customer, &customer.to_string())?;
    Ok(card.split_terminator("\r\n").map(str::to_owned).collect())
}

#[test]
fn a_customer_becomes_a_card() {
    let address = json!({"purpose": "billing", "lines": ["Hof 1", "Haus B"], "city": "Köln", "postal_code": "50667", "country": "DE"});
    let customer = json!({"name": "Aster GmbH", "vat_id": "DE123456789", "addresses": [address]});
    let wanted = [
        "BEGIN:VCARD",
        "VERSION:4.0",
        "KIND:org",
        "FN:Aster GmbH",
        "ORG:Aster GmbH",
        "X-VAT-ID:DE123456789",
        "ADR:;;Hof 1,Haus B;Köln;;50667;DE",
        "END:VCARD",
    ];
    assert_eq!(card(customer).unwrap(), wanted);
}

#[test]
fn a_text_cannot_become_a_line_of_its_own() {
    let card = card(json!({"name": "Aster; Sons,\nFN:Eve"})).unwrap();
    assert_eq!(card[3], "FN:Aster\\; Sons\\,\\nFN:Eve");
}

#[test]
fn a_long_line_is_folded_between_letters() {
    let card = card(json!({"name": "ü".repeat(100)})).unwrap();
    assert!(card.iter().all(|line| line.len() <= 75), "{card:?}");
    assert_eq!(card[3..6].concat().replace(' ', ""), format!("FN:{}", "ü".repeat(100)));
}

#[test]
fn what_has_no_card_is_refused_by_its_field() {
    let fault = card(json!({"name": "Aster GmbH", "status": "merged"})).unwrap_err();
    assert_eq!(fault.field.as_deref(), Some("/status"));
}
