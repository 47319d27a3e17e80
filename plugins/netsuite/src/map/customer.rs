//! Customers.

use quoin_sdk::{Address, CreditStatus, Customer, CustomerStatus, Fault};

use super::fits;
use crate::config::Config;
use crate::wire::{self, AddressBookLine, Ref, Sublist};

/// A VAT id as it is compared: upper case, without the marks people write between its digits.
pub fn plain_vat_id(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// What NetSuite shall hold of a customer, in full: for a new one.
pub fn new(customer: &Customer, config: &Config) -> Result<wire::Customer, Fault> {
    let currency = customer.currency.map(|currency| config.currency(currency)).transpose()?;
    let mut book: Vec<AddressBookLine> =
        customer.addresses.iter().map(|address| address_line(address, &customer.name)).collect();
    if let (true, Some(country)) = (book.is_empty(), &customer.country) {
        // NetSuite's tax depends on the country of the address, so it is told even alone.
        let address = Address { purpose: "billing".into(), country: country.clone(), ..Address::default() };
        book.push(address_line(&address, &customer.name));
    }
    Ok(wire::Customer {
        is_person: Some(false),
        subsidiary: Some(config.customer_subsidiary()?),
        currency,
        address_book: (!book.is_empty()).then(|| Sublist::of(book)),
        ..kept(customer, config)
    })
}

/// What stays in step after the customer is there. Company, currency and addresses are the
/// accountants' from then on.
fn kept(customer: &Customer, config: &Config) -> wire::Customer {
    let credit = customer.credit.as_ref();
    let hold = credit.map(|credit| match credit.status {
        CreditStatus::Hold | CreditStatus::Blocked => Ref::to("ON"),
        CreditStatus::Ok | CreditStatus::Warn => Ref::to("AUTO"),
    });
    wire::Customer {
        company_name: Some(customer.name.clone()),
        vat_reg_number: customer.vat_id.as_deref().map(plain_vat_id),
        terms: customer.payment_terms_days.and_then(|days| config.terms(days)),
        credit_limit: credit.and_then(|credit| credit.limit).map(|limit| limit.amount),
        credit_hold_override: hold,
        is_inactive: matches!(customer.status, CustomerStatus::Inactive | CustomerStatus::Merged).then_some(true),
        ..wire::Customer::default()
    }
}

/// What to change on a customer that this connection wrote or linked before; `None` when nothing.
pub fn changes(customer: &Customer, config: &Config, have: &wire::Customer) -> Option<wire::Customer> {
    let want = kept(customer, config);
    let same_vat = want.vat_reg_number == have.vat_reg_number.as_deref().map(plain_vat_id);
    let patch = wire::Customer {
        company_name: want.company_name.filter(|name| have.company_name.as_ref() != Some(name)),
        vat_reg_number: want.vat_reg_number.filter(|_| !same_vat),
        terms: want.terms.filter(|terms| !fits(Some(terms), have.terms.as_ref())),
        credit_limit: want.credit_limit.filter(|limit| have.credit_limit != Some(*limit)),
        credit_hold_override: want
            .credit_hold_override
            .filter(|hold| !fits(Some(hold), have.credit_hold_override.as_ref())),
        is_inactive: want.is_inactive.filter(|inactive| have.is_inactive.unwrap_or(false) != *inactive),
        ..wire::Customer::default()
    };
    (patch != wire::Customer::default()).then_some(patch)
}

/// What to add to a customer that was there before us and has just been recognised: only what is
/// empty, nothing that somebody else decided. `None` when nothing.
pub fn additions(
    customer: &Customer,
    config: &Config,
    external_id: &str,
    have: &wire::Customer,
) -> Option<wire::Customer> {
    let want = kept(customer, config);
    let patch = wire::Customer {
        external_id: have.external_id.is_none().then(|| external_id.to_owned()),
        vat_reg_number: want.vat_reg_number.filter(|_| have.vat_reg_number.is_none()),
        terms: want.terms.filter(|_| have.terms.is_none()),
        ..wire::Customer::default()
    };
    (patch != wire::Customer::default()).then_some(patch)
}

fn address_line(address: &Address, addressee: &str) -> AddressBookLine {
    let line = |at: usize| address.lines.get(at).cloned();
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    AddressBookLine {
        default_billing: matches!(address.purpose.as_str(), "billing" | "registered" | ""),
        default_shipping: address.purpose == "shipping",
        label: some(&address.purpose),
        address_book_address: wire::Address {
            addressee: Some(addressee.to_owned()),
            addr1: line(0),
            addr2: line(1),
            addr3: line(2),
            city: some(&address.city),
            zip: some(&address.postal_code),
            country: some(&address.country).map(Ref::to),
        },
    }
}
