//! Deals to start with: the one of the acceptance scenario, and many of a kind for measurements.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::org::Org;

/// Quote number of the scenario's deal.
pub const SCENARIO_QUOTE: &str = "Q-2026-0042";

/// Id of the scenario's opportunity: the first record of its kind in a seeded org.
pub const SCENARIO_OPPORTUNITY: &str = "006000000000004AAA";

/// When sales entered the scenario's deal.
fn entered() -> Timestamp {
    // 2026-02-20T09:00:00Z: before the scenario begins.
    Timestamp::from_second(1_771_578_000).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Helix GmbH under Helix Group AG, and quote Q-2026-0042 version 3 in negotiation.
pub fn seed_scenario(org: &mut Org) {
    let at = entered();
    let parent = org.insert(
        "Account",
        json!({"Name": "Helix Group AG", "BillingStreet": "Bahnhofstrasse 1", "BillingCity": "Zürich",
               "BillingPostalCode": "8001", "BillingCountryCode": "CH", "CurrencyIsoCode": "EUR"}),
        at,
    );
    let account = org.insert(
        "Account",
        json!({"Name": "Helix GmbH", "ParentId": parent, "BillingStreet": "Lindenallee 12", "BillingCity": "Hamburg",
               "BillingPostalCode": "20095", "BillingCountryCode": "DE", "CurrencyIsoCode": "EUR",
               "VAT_Id__c": "DE811907980", "Payment_Terms_Days__c": 30, "Credit_Status__c": "OK"}),
        at,
    );
    let service = org.insert("Product2", json!({"Name": "Professional services", "ProductCode": "PS"}), at);
    let deal = Deal {
        account: &account,
        product: &service,
        name: "Helix delivery platform",
        quote: SCENARIO_QUOTE,
        version: 3,
    };
    insert_deal(org, &deal, at);
}

struct Deal<'a> {
    account: &'a str,
    product: &'a str,
    name: &'a str,
    quote: &'a str,
    version: u32,
}

/// An opportunity in negotiation with the scenario's three lines.
fn insert_deal(org: &mut Org, deal: &Deal<'_>, at: Timestamp) -> String {
    let opportunity = org.insert(
        "Opportunity",
        json!({
            "Name": deal.name, "AccountId": deal.account, "StageName": "Negotiation", "CloseDate": "2026-03-02",
            "Amount": 166_400.0, "CurrencyIsoCode": "EUR", "Quote_Number__c": deal.quote, "Quote_Version__c": deal.version,
            "Selling_Entity__c": "DE01", "Contract_Type__c": "sow", "Project_Template__c": "PT-CONSULT",
            "Template_Version__c": 7, "Start_Date__c": "2026-03-03", "Target_Margin__c": 35.0,
        }),
        at,
    );
    for mut line in lines() {
        line["OpportunityId"] = json!(opportunity);
        line["Product2Id"] = json!(deal.product);
        line["CurrencyIsoCode"] = json!("EUR");
        org.insert("OpportunityLineItem", line, at);
    }
    opportunity
}

/// L1 discovery by the hour with a cap, L2 a fixed build with three milestones, L3 a retainer.
fn lines() -> [Value; 3] {
    let roles = r#"{"roles":[{"role":"Senior","hourly_rate":195.00,"resource":"ana@advisory.example","hours":120},{"role":"Consultant","hourly_rate":150.00,"resource":"ben@advisory.example","hours":110}]}"#;
    let milestones = r#"{"milestones":[{"code":"M1","name":"Concept accepted","percent":30,"due_on":"2026-03-27"},{"code":"M2","name":"Build accepted","percent":50,"due_on":"2026-05-29"},{"code":"M3","name":"Go-live accepted","percent":20,"due_on":"2026-06-30"}]}"#;
    [
        json!({"SortOrder": 1, "Line_Id__c": "L1", "Description": "Discovery", "Quantity": 1.0, "UnitPrice": 40_000.0,
               "TotalPrice": 40_000.0, "Billing_Model__c": "Time and Materials", "NTE_Limit__c": 40_000.0,
               "NTE_Mode__c": "fit", "Tax_Category__c": "S", "Tax_Rate__c": 19.0, "Terms__c": roles}),
        json!({"SortOrder": 2, "Line_Id__c": "L2", "Description": "Build", "Quantity": 1.0, "UnitPrice": 120_000.0,
               "TotalPrice": 120_000.0, "Billing_Model__c": "Fixed Fee", "Cost_Estimate__c": 80_000.0,
               "Tax_Category__c": "S", "Tax_Rate__c": 19.0, "Terms__c": milestones}),
        json!({"SortOrder": 3, "Line_Id__c": "L3", "Description": "Care retainer", "Quantity": 40.0, "UnitPrice": 160.0,
               "TotalPrice": 6_400.0, "Billing_Model__c": "Retainer", "Overage_Rate__c": 185.0,
               "ServiceDate": "2026-04-01", "Tax_Category__c": "S", "Tax_Rate__c": 19.0}),
    ]
}

/// Many deals like the scenario's, spread over customers of their own. Returns id and quote number
/// of each.
pub fn seed_many(org: &mut Org, prefix: &str, count: u32, customers: u32, at: Timestamp) -> Vec<(String, String)> {
    let service = org.insert("Product2", json!({"Name": "Professional services", "ProductCode": "PS"}), at);
    let accounts: Vec<String> = (1..=customers.max(1))
        .map(|number| {
            let fields = json!({"Name": format!("{prefix} customer {number:05} GmbH"), "BillingStreet": format!("Hauptstraße {number}"),
                "BillingCity": "Köln", "BillingPostalCode": "50667", "BillingCountryCode": "DE", "CurrencyIsoCode": "EUR",
                "VAT_Id__c": vat_id(prefix, number), "Payment_Terms_Days__c": 30, "Credit_Status__c": "OK"});
            org.insert("Account", fields, at)
        })
        .collect();
    (1..=count)
        .map(|number| {
            let quote = format!("{prefix}-{number:05}");
            let name = format!("{prefix} deal {number:05}");
            let account = &accounts[(number as usize - 1) % accounts.len()];
            let deal = Deal { account, product: &service, name: &name, quote: &quote, version: 1 };
            (insert_deal(org, &deal, at), quote)
        })
        .collect()
}

/// A German VAT id in form, different for every prefix and number.
fn vat_id(prefix: &str, number: u32) -> String {
    let start = prefix.bytes().fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 9_000;
    format!("DE{:09}", u64::from(start) * 100_000 + u64::from(number))
}
