//! Invoice and credit note: which business term (BT) goes into which element, in schema order.

use quoin_sdk::{
    Address, Currency, Customer, Decimal, Fault, Invoice, InvoiceLine, InvoiceType, Money, Period, TaxCategory,
    TaxSubtotal, TaxTreatment,
};

use crate::xml::Xml;

/// BT-24: the core standard, without national rules on top.
const CUSTOMIZATION: &str = "urn:cen.eu:en16931:2017";
const AGGREGATES: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2";
const BASICS: &str = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2";
const INVOICE: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2";
const CREDIT_NOTE: &str = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2";

/// Type of a document that a credit note refers to as its project (UNTDID 1001, EN 16931-3-2).
const PROJECT_DOCUMENT: &str = "50";

/// Writes a document.
///
/// # Errors
/// With the rule's id and the field, when the invoice lacks what every document must say.
pub fn write(invoice: &Invoice) -> Result<String, Fault> {
    let number = present(invoice.number.as_deref(), "/number", "BR-02", "the document has no number; post it first")?;
    let seller = invoice.seller_address.as_ref().filter(|address| !address.country.is_empty()).ok_or_else(|| {
        broken("/seller_address", "BR-08", "the seller's address is not on the document; it was drafted without one")
    })?;
    let buyer_country = country_of(&invoice.buyer)
        .ok_or_else(|| broken("/buyer", "BR-11", "neither address, country nor VAT id tells the buyer's country"))?;
    let credit = invoice.kind == InvoiceType::CreditNote;
    let (root, namespace) = if credit { ("CreditNote", CREDIT_NOTE) } else { ("Invoice", INVOICE) };
    let mut xml = Xml::new(root, &[("", namespace), ("cac", AGGREGATES), ("cbc", BASICS)]);
    head(&mut xml, invoice, number, credit);
    references(&mut xml, invoice, credit);
    xml.within("cac:AccountingSupplierParty", |xml| {
        let vat_id = Some(invoice.seller_vat_id.as_str());
        party(xml, &invoice.seller_name, Some(seller), &seller.country, vat_id);
    });
    xml.within("cac:AccountingCustomerParty", |xml| {
        let buyer = &invoice.buyer;
        party(xml, &buyer.name, billing_address(buyer), &buyer_country, buyer.vat_id.as_deref());
    });
    delivery(&mut xml, invoice, &buyer_country);
    terms(&mut xml, invoice, credit);
    tax_total(&mut xml, invoice);
    totals(&mut xml, invoice);
    for item in &invoice.lines {
        line(&mut xml, item, invoice.currency, credit);
    }
    Ok(xml.finish())
}

fn present<'a>(value: Option<&'a str>, field: &str, rule: &str, message: &str) -> Result<&'a str, Fault> {
    value.filter(|value| !value.trim().is_empty()).ok_or_else(|| broken(field, rule, message))
}

fn broken(field: &str, rule: &str, message: &str) -> Fault {
    Fault::invalid(field, format!("{rule}: {message}"))
}

fn head(xml: &mut Xml, invoice: &Invoice, number: &str, credit: bool) {
    xml.text("cbc:CustomizationID", CUSTOMIZATION);
    xml.text("cbc:ID", number);
    xml.text("cbc:IssueDate", &invoice.issued_on.to_string());
    if !credit {
        xml.text("cbc:DueDate", &invoice.due_on.to_string());
    }
    let (element, code) = match invoice.kind {
        InvoiceType::Invoice => ("cbc:InvoiceTypeCode", "380"),
        InvoiceType::Prepayment => ("cbc:InvoiceTypeCode", "386"),
        InvoiceType::CreditNote => ("cbc:CreditNoteTypeCode", "381"),
    };
    xml.text(element, code);
    xml.text("cbc:DocumentCurrencyCode", invoice.currency.code());
    if let Some(of) = &invoice.period {
        period(xml, of);
    }
}

fn period(xml: &mut Xml, period: &Period) {
    xml.within("cac:InvoicePeriod", |xml| {
        xml.text("cbc:StartDate", &period.from.to_string());
        xml.text("cbc:EndDate", &period.to.to_string());
    });
}

/// BT-25, BT-12 and BT-11; a credit note has no element of its own for the project.
fn references(xml: &mut Xml, invoice: &Invoice, credit: bool) {
    if let Some(preceding) = &invoice.preceding_invoice {
        xml.within("cac:BillingReference", |xml| {
            xml.within("cac:InvoiceDocumentReference", |xml| xml.text("cbc:ID", preceding));
        });
    }
    if !invoice.contract_number.is_empty() {
        xml.within("cac:ContractDocumentReference", |xml| xml.text("cbc:ID", &invoice.contract_number));
    }
    let Some(project) = invoice.project_code.as_deref().filter(|code| !code.is_empty()) else { return };
    if credit {
        xml.within("cac:AdditionalDocumentReference", |xml| {
            xml.text("cbc:ID", project);
            xml.text("cbc:DocumentTypeCode", PROJECT_DOCUMENT);
        });
    } else {
        xml.within("cac:ProjectReference", |xml| xml.text("cbc:ID", project));
    }
}

/// Seller (BG-4) or buyer (BG-7).
fn party(xml: &mut Xml, name: &str, address: Option<&Address>, country: &str, vat_id: Option<&str>) {
    xml.within("cac:Party", |xml| {
        xml.within("cac:PostalAddress", |xml| postal_address(xml, address, country));
        if let Some(vat_id) = vat_id.filter(|id| !id.is_empty()) {
            xml.within("cac:PartyTaxScheme", |xml| {
                xml.text("cbc:CompanyID", vat_id);
                tax_scheme(xml);
            });
        }
        xml.within("cac:PartyLegalEntity", |xml| xml.text("cbc:RegistrationName", name));
    });
}

fn postal_address(xml: &mut Xml, address: Option<&Address>, country: &str) {
    if let Some(address) = address {
        let mut lines = address.lines.iter().map(String::as_str);
        xml.optional("cbc:StreetName", lines.next());
        xml.optional("cbc:AdditionalStreetName", lines.next());
        xml.optional("cbc:CityName", Some(&address.city));
        xml.optional("cbc:PostalZone", Some(&address.postal_code));
        let rest: Vec<&str> = lines.collect();
        if !rest.is_empty() {
            // BT-162 holds one line; what the address has beyond is kept in it.
            xml.within("cac:AddressLine", |xml| xml.text("cbc:Line", &rest.join(", ")));
        }
    }
    xml.within("cac:Country", |xml| xml.text("cbc:IdentificationCode", country));
}

fn billing_address(buyer: &Customer) -> Option<&Address> {
    buyer.addresses.iter().find(|address| address.purpose == "billing").or_else(|| buyer.addresses.first())
}

/// BT-55: of the billing address, else of tax residence, else as the VAT id begins (Greece: EL).
fn country_of(buyer: &Customer) -> Option<String> {
    let address = billing_address(buyer).map(|address| address.country.clone()).filter(|country| !country.is_empty());
    let vat = || {
        let prefix: String = buyer.vat_id.as_deref()?.chars().take(2).collect();
        (prefix.len() == 2).then(|| if prefix == "EL" { "GR".to_owned() } else { prefix })
    };
    address.or_else(|| buyer.country.clone()).or_else(vat)
}

/// An intra-community supply names where it went (rule BR-IC-12).
fn delivery(xml: &mut Xml, invoice: &Invoice, country: &str) {
    if !invoice.lines.iter().any(|line| line.tax.category == TaxCategory::K) {
        return;
    }
    xml.within("cac:Delivery", |xml| {
        xml.within("cac:DeliveryLocation", |xml| {
            xml.within("cac:Address", |xml| {
                xml.within("cac:Country", |xml| xml.text("cbc:IdentificationCode", country));
            });
        });
    });
}

/// BT-20. A credit note has no due date; its terms say what it settles (rule BR-CO-25).
fn terms(xml: &mut Xml, invoice: &Invoice, credit: bool) {
    let note = match &invoice.preceding_invoice {
        Some(preceding) if credit => format!("Settled against invoice {preceding}"),
        _ => format!("Due on {}", invoice.due_on),
    };
    xml.within("cac:PaymentTerms", |xml| xml.text("cbc:Note", &note));
}

fn tax_total(xml: &mut Xml, invoice: &Invoice) {
    xml.within("cac:TaxTotal", |xml| {
        amount(xml, "cbc:TaxAmount", &invoice.totals.tax);
        for row in &invoice.tax {
            xml.within("cac:TaxSubtotal", |xml| {
                amount(xml, "cbc:TaxableAmount", &row.taxable);
                amount(xml, "cbc:TaxAmount", &row.tax);
                xml.within("cac:TaxCategory", |xml| {
                    let reason = reason_of(invoice, row);
                    category(xml, row.category, row.rate_percent, reason);
                });
            });
        }
    });
}

/// BT-120: the reason that the lines of a category give.
fn reason_of<'a>(invoice: &'a Invoice, row: &TaxSubtotal) -> Option<&'a str> {
    let fits = |tax: &&TaxTreatment| tax.category == row.category && tax.rate_percent == row.rate_percent;
    invoice.lines.iter().map(|line| &line.tax).filter(fits).find_map(|tax| tax.exemption_reason.as_deref())
}

fn category(xml: &mut Xml, category: TaxCategory, rate: Option<Decimal>, reason: Option<&str>) {
    let code = match category {
        TaxCategory::S => "S",
        TaxCategory::Z => "Z",
        TaxCategory::E => "E",
        TaxCategory::AE => "AE",
        TaxCategory::K => "K",
        TaxCategory::G => "G",
        TaxCategory::O => "O",
        TaxCategory::L => "L",
        TaxCategory::M => "M",
    };
    xml.text("cbc:ID", code);
    if let Some(rate) = rate {
        xml.text("cbc:Percent", &rate.normalize().to_string());
    }
    xml.optional("cbc:TaxExemptionReason", reason);
    tax_scheme(xml);
}

fn tax_scheme(xml: &mut Xml) {
    xml.within("cac:TaxScheme", |xml| xml.text("cbc:ID", "VAT"));
}

fn totals(xml: &mut Xml, invoice: &Invoice) {
    let totals = &invoice.totals;
    let sum: Decimal = invoice.lines.iter().map(|line| line.net.amount).sum();
    xml.within("cac:LegalMonetaryTotal", |xml| {
        amount(xml, "cbc:LineExtensionAmount", &Money::new(sum, invoice.currency));
        amount(xml, "cbc:TaxExclusiveAmount", &totals.net);
        amount(xml, "cbc:TaxInclusiveAmount", &totals.gross);
        if !totals.prepaid.amount.is_zero() {
            amount(xml, "cbc:PrepaidAmount", &totals.prepaid);
        }
        amount(xml, "cbc:PayableAmount", &totals.due);
    });
}

fn line(xml: &mut Xml, line: &InvoiceLine, currency: Currency, credit: bool) {
    let (element, quantity) = match credit {
        true => ("cac:CreditNoteLine", "cbc:CreditedQuantity"),
        false => ("cac:InvoiceLine", "cbc:InvoicedQuantity"),
    };
    xml.within(element, |xml| {
        xml.text("cbc:ID", &line.id);
        let (value, unit) = (line.quantity.value.normalize().to_string(), line.quantity.unit.code());
        xml.attributed(quantity, &[("unitCode", unit)], &value);
        amount(xml, "cbc:LineExtensionAmount", &line.net);
        if let Some(of) = &line.service_period {
            period(xml, of);
        }
        xml.within("cac:Item", |xml| {
            xml.text("cbc:Name", &line.description);
            xml.within("cac:ClassifiedTaxCategory", |xml| {
                category(xml, line.tax.category, line.tax.rate_percent, None);
            });
        });
        xml.within("cac:Price", |xml| {
            let price = line.unit_price.normalize().to_string();
            xml.attributed("cbc:PriceAmount", &[("currencyID", currency.code())], &price);
            xml.attributed("cbc:BaseQuantity", &[("unitCode", unit)], "1");
        });
    });
}

/// An amount with the decimals of its currency (rules BR-DEC-09 to BR-DEC-23).
fn amount(xml: &mut Xml, element: &str, money: &Money) {
    let mut value = money.amount.normalize();
    value.rescale(value.scale().max(money.currency.minor_units()));
    xml.attributed(element, &[("currencyID", money.currency.code())], &value.to_string());
}
