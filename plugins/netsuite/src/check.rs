//! Whether the connection works and is set up, and the schema it relies on.

use quoin_sdk::{Fault, FaultKind, Report, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::{Api, MAX_ROWS};
use crate::config::{Config, Custom};
use crate::fault;
use crate::wire::{GovernanceLimits, QueryPage};

/// Requests that the host may have under way for a connection; `connector.toml` names the same.
const OWN_CONCURRENCY: u32 = 4;

/// Questions asked at the same time: leaves room under the smallest account limit of five.
const PARALLEL: u32 = 2;

/// The record types that are written, by canonical object.
const WRITTEN: [(&str, &[&str]); 3] = [
    ("customer", &["customer"]),
    ("billing_setup", &["job", "billingSchedule", "salesOrder"]),
    ("invoice", &["invoice", "creditMemo"]),
];

/// A list entry. Query columns, all text.
#[derive(Debug, Deserialize)]
struct Entry {
    id: String,
    #[serde(default)]
    isinactive: Option<String>,
}

/// Asks for the account's limits and whether every mapped id exists and is in use.
pub fn check(api: &Api<'_>) -> Result<Report, Fault> {
    let mut report = Report { account: Some(api.config.account.clone()), ..Report::default() };
    match api.get::<GovernanceLimits>("/services/rest/system/v1/governanceLimits") {
        Ok(limits) => {
            report.scopes.push("rest_webservices".into());
            if let Some(limit) = limits.account_concurrency_limit.filter(|limit| *limit <= OWN_CONCURRENCY) {
                report.warnings.push(format!(
                    "the account takes {limit} requests at once and this connection uses up to {OWN_CONCURRENCY}: lower its limit"
                ));
            }
        }
        Err(fault) if fault.kind == FaultKind::AuthExpired => return Err(fault),
        Err(fault) => report.warnings.push(format!("the account's limits cannot be read: {}", fault.message)),
    }
    let lists = mapped(&api.config);
    let questions = lists.iter().map(|list| question(api, list)).collect::<Result<Vec<_>, _>>()?;
    let mut asked = true;
    for (list, answer) in lists.iter().zip(api.host.send_all(questions, PARALLEL)) {
        let answer = answer?;
        if !answer.is_success() {
            let fault = fault::of_read(&answer);
            if fault.kind == FaultKind::AuthExpired {
                return Err(fault);
            }
            asked = false;
            report.warnings.push(format!("{} cannot be read: {}", list.table, fault.message));
            continue;
        }
        let page: QueryPage<Entry> = answer.json()?;
        report.warnings.extend(unusable(list, &page.items));
    }
    if asked {
        report.scopes.push("suite_analytics".into());
    }
    Ok(report)
}

/// A configured map with the table its ids are of.
struct List<'c> {
    table: &'static str,
    flag: bool,
    setting: &'static str,
    entries: Vec<(&'c String, &'c String)>,
}

fn mapped(config: &Config) -> Vec<List<'_>> {
    let all = [
        ("subsidiary", true, "subsidiaries", &config.subsidiaries),
        ("currency", false, "currencies", &config.currencies),
        ("item", true, "items", &config.items),
        ("salestaxitem", true, "tax_codes", &config.tax_codes),
        ("term", false, "terms", &config.terms),
    ];
    let lists = all.map(|(table, flag, setting, map)| List { table, flag, setting, entries: map.iter().collect() });
    lists.into_iter().filter(|list| !list.entries.is_empty()).collect()
}

fn question(api: &Api<'_>, list: &List<'_>) -> Result<Request, Fault> {
    let flag = if list.flag { ", isinactive" } else { "" };
    api.question(&format!("SELECT id{flag} FROM {} ORDER BY id", list.table), MAX_ROWS)
}

fn unusable(list: &List<'_>, there: &[Entry]) -> Vec<String> {
    let warn = |(key, id): &(&String, &String)| match there.iter().find(|entry| entry.id == **id) {
        None => Some(format!("{}.{key} = {id}: there is no such {} in NetSuite", list.setting, list.table)),
        Some(entry) if entry.isinactive.as_deref() == Some("T") => {
            Some(format!("{}.{key} = {id}: the {} is inactive in NetSuite", list.setting, list.table))
        }
        Some(_) => None,
    };
    list.entries.iter().filter_map(warn).collect()
}

/// The schema of the records that are written, by canonical object and record type: the fields this
/// connector fills, and what the account demands. A field that is gone is `null`.
pub fn discover(api: &Api<'_>) -> Result<Value, Fault> {
    let mut objects = Map::new();
    for (object, records) in WRITTEN {
        let mut shapes = Map::new();
        for record in records {
            let schema: Value = api.get(&format!("/services/rest/record/v1/metadata-catalog/{record}"))?;
            shapes.insert((*record).to_owned(), shape(&api.config, record, &schema));
        }
        objects.insert(object.to_owned(), Value::Object(shapes));
    }
    Ok(Value::Object(objects))
}

/// Body fields that are filled, by record type.
const FILLED: [(&str, &[&str]); 6] = [
    (
        "customer",
        &[
            "companyName",
            "subsidiary",
            "currency",
            "terms",
            "vatRegNumber",
            "creditLimit",
            "creditHoldOverride",
            "addressBook",
        ],
    ),
    ("job", &["entityId", "companyName", "parent", "subsidiary", "currency", "startDate", "isInactive"]),
    ("billingSchedule", &["name", "scheduleType", "project", "milestone"]),
    ("salesOrder", &["entity", "job", "subsidiary", "currency", "terms", "otherRefNum", "memo", "item"]),
    (
        "invoice",
        &[
            "entity",
            "job",
            "subsidiary",
            "currency",
            "tranDate",
            "dueDate",
            "startDate",
            "endDate",
            "otherRefNum",
            "memo",
            "item",
            "subtotal",
            "taxTotal",
            "total",
            "tranId",
        ],
    ),
    (
        "creditMemo",
        &[
            "entity",
            "job",
            "subsidiary",
            "currency",
            "createdFrom",
            "tranDate",
            "otherRefNum",
            "memo",
            "item",
            "apply",
            "subtotal",
            "taxTotal",
            "total",
            "tranId",
        ],
    ),
];

/// Columns of an item line that are filled.
const COLUMNS: [&str; 6] = ["item", "description", "quantity", "rate", "amount", "taxCode"];

fn shape(config: &Config, record: &str, schema: &Value) -> Value {
    let properties = &schema["properties"];
    let body = FILLED.iter().find(|(name, _)| *name == record).map_or(&[][..], |(_, fields)| fields);
    let mut fields: Map<String, Value> =
        body.iter().map(|name| ((*name).to_owned(), described(&properties[*name]))).collect();
    for (custom, _, _, _) in Custom::ALL.iter().filter(|(_, _, _, home)| *home == record) {
        let id = config.field(*custom);
        let place = if id.starts_with("custcol") {
            &properties["item"]["properties"]["items"]["items"]["properties"]
        } else {
            properties
        };
        fields.insert(id.to_owned(), described(&place[id]));
    }
    if body.contains(&"item") {
        let columns = &properties["item"]["properties"]["items"]["items"]["properties"];
        fields.extend(COLUMNS.iter().map(|name| (format!("item.{name}"), described(&columns[*name]))));
    }
    let required: Vec<&String> = properties
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, property)| property["nullable"] == false && property["readOnly"] != true)
        .map(|(name, _)| name)
        .collect();
    json!({"fields": fields, "required": required})
}

/// Type and limits of a field, without its label: a new label is no drift.
fn described(property: &Value) -> Value {
    let Some(property) = property.as_object() else { return Value::Null };
    let told = ["type", "format", "maxLength", "$ref", "readOnly", "nullable"];
    let mut kept: Map<String, Value> =
        told.iter().filter_map(|name| property.get(*name).map(|value| ((*name).to_owned(), value.clone()))).collect();
    if let Some(choices) = property.get("properties").and_then(|nested| nested["id"].get("enum")) {
        kept.insert("choices".into(), choices.clone());
    }
    Value::Object(kept)
}
