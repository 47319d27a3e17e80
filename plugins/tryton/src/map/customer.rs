//! Customers as parties.

use quoin_sdk::{Address, Customer, CustomerStatus};

use crate::wire::{Id, Identifier, NewAddress, NewParty, Party, creating};

/// Ids that a party needs.
#[derive(Debug, Clone, Default)]
pub struct Targets {
    /// Country of each address, in their order.
    pub countries: Vec<Option<Id>>,
    /// Payment term, where it is the same for all companies.
    pub payment_term: Option<Id>,
}

/// A VAT id as it is compared: upper case, without the marks people write between its digits.
pub fn plain_vat_id(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// The addresses that a new party gets: the customer's, or its country alone.
pub fn addresses(customer: &Customer) -> Vec<Address> {
    if !customer.addresses.is_empty() {
        return customer.addresses.clone();
    }
    let country = customer.country.clone().unwrap_or_default();
    vec![Address { purpose: "billing".into(), country, ..Address::default() }]
}

/// A new party. Its code is our canonical id: Tryton keeps codes unique, so a second party for the
/// same customer cannot be made.
pub fn new(customer: &Customer, canonical_id: &str, vat_type: &str, targets: &Targets) -> NewParty {
    let countries = targets.countries.iter().copied().chain(std::iter::repeat(None));
    let addresses =
        addresses(customer).iter().zip(countries).map(|(address, country)| new_address(address, country)).collect();
    NewParty {
        name: Some(customer.name.clone()),
        code: Some(canonical_id.to_owned()),
        active: None,
        customer_payment_term: targets.payment_term,
        addresses: Some(creating(addresses)),
        identifiers: identifier(customer, vat_type).map(|identifier| creating(vec![identifier])),
    }
}

fn new_address(address: &Address, country: Option<Id>) -> NewAddress {
    NewAddress {
        street: address.lines.join("\n"),
        postal_code: address.postal_code.clone(),
        city: address.city.clone(),
        country,
        invoice: matches!(address.purpose.as_str(), "billing" | "registered" | ""),
    }
}

fn identifier(customer: &Customer, vat_type: &str) -> Option<Identifier> {
    let code = customer.vat_id.as_deref().map(plain_vat_id).filter(|code| !code.is_empty())?;
    Some(Identifier { kind: Some(vat_type.to_owned()), code })
}

/// What to change on a party. One that this connection wrote or linked before is kept in step;
/// one just recognised is only completed where it is empty. `None` when nothing.
pub fn changes(
    customer: &Customer,
    vat_type: &str,
    payment_term: Option<Id>,
    have: &Party,
    linked: bool,
) -> Option<NewParty> {
    let inactive = matches!(customer.status, CustomerStatus::Inactive | CustomerStatus::Merged);
    let wanted = identifier(customer, vat_type);
    let has_vat = |vat: &Identifier| have.identifiers.iter().any(|known| plain_vat_id(&known.code) == vat.code);
    let typed = have.identifiers.iter().any(|known| known.kind.as_deref() == Some(vat_type));
    let patch = NewParty {
        name: (linked && have.name.as_deref() != Some(customer.name.as_str())).then(|| customer.name.clone()),
        active: (linked && inactive && have.active).then_some(false),
        customer_payment_term: payment_term.filter(|term| {
            if linked { have.customer_payment_term != Some(*term) } else { have.customer_payment_term.is_none() }
        }),
        identifiers: wanted.filter(|vat| !has_vat(vat) && (linked || !typed)).map(|vat| creating(vec![vat])),
        ..NewParty::default()
    };
    (patch != NewParty::default()).then_some(patch)
}
