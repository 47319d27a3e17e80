//! Between the vendor's shapes and the canonical ones: pure, the heart of a connector.

use quoin_sdk::{Credit, CreditStatus, Currency, Customer, CustomerStatus, Header, Money};

use super::wire::{Contact, NewContact};

/// A contact as a canonical customer.
pub fn customer(contact: &Contact) -> Customer {
    let currency = contact.currency_code.as_deref().and_then(Currency::from_code);
    let limit = contact.credit_limit.zip(currency).map(|(amount, currency)| Money::new(amount, currency));
    Customer {
        details: None,
        header: Header { external: Some(contact.id.clone()), ..Header::default() },
        name: contact.name.clone(),
        parent_name: None,
        vat_id: contact.vat_no.clone(),
        country: None,
        addresses: Vec::new(),
        payment_terms_days: None,
        currency,
        credit: limit.map(|limit| Credit { status: CreditStatus::Ok, limit: Some(limit), reason: None }),
        status: CustomerStatus::Active,
    }
}

/// A canonical customer as a contact, marked with its canonical id.
pub fn contact(customer: &Customer, marker: &str) -> NewContact {
    NewContact {
        name: customer.name.clone(),
        vat_no: customer.vat_id.clone(),
        credit_limit: customer.credit.as_ref().and_then(|credit| credit.limit).map(|limit| limit.amount),
        currency_code: customer.currency.map(|currency| currency.code().to_owned()),
        marker: marker.to_owned(),
    }
}
