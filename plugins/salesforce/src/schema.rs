//! Who we are, what the org lacks, and the description of every mapped field for drift detection.

use quoin_sdk::{Fault, Host, Report, Request};
use serde_json::{Map, Value, json};

use crate::api;
use crate::config::Config;
use crate::fault;
use crate::wire::{
    ACCOUNT, ACCOUNT_FIELDS, Describe, DescribedField, LINE, LINE_FIELDS, OPPORTUNITY, QUOTE_FIELDS, Resources,
    STATUS_FIELDS,
};

/// The objects read for a quote, with their mapped fields.
const READ: &[(&str, &[&str])] = &[(OPPORTUNITY, QUOTE_FIELDS), (ACCOUNT, ACCOUNT_FIELDS), (LINE, LINE_FIELDS)];

/// Descriptions asked for at the same time.
const PARALLEL: u32 = 3;

/// Asks who we are and whether the org has every field with the right that is needed.
///
/// # Errors
/// What the vendor refuses, mapped.
pub fn check(host: &dyn Host) -> Result<Report, Fault> {
    let config = Config::of(host)?;
    let resources: Resources = api::get(host, &config, api::url(&config, ""))?.json()?;
    // https://login.salesforce.com/id/{organization}/{user}
    let mut parts = resources.identity.rsplit('/');
    let (user, organization) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut report = Report::default();
    if !organization.is_empty() {
        report.account = Some(format!("organization {organization}, user {user}"));
    }
    if let Some(expected) = &config.organization_id
        && expected.get(..15) != organization.get(..15)
    {
        report.warnings.push(format!("'organization_id' is {expected}, but the credential belongs to {organization}"));
    }
    for ((object, fields), described) in READ.iter().zip(describe_all(host, &config)?) {
        report.scopes.push(format!("read {object}"));
        for field in fields.iter().filter(|field| !field.contains('.')) {
            missing(&config, object, field, &described, &mut report.warnings);
        }
        if *object == OPPORTUNITY {
            writable(&config, &described, &mut report);
        }
    }
    Ok(report)
}

fn find<'a>(described: &'a Describe, name: &str) -> Option<&'a DescribedField> {
    described.fields.iter().find(|field| field.name == name)
}

fn missing(config: &Config, object: &str, field: &str, described: &Describe, warnings: &mut Vec<String>) -> bool {
    let Some(own) = config.field(object, field) else { return true };
    let lacks = find(described, own).is_none();
    if lacks {
        warnings.push(format!("{object}.{own} does not exist, or the integration user may not see it"));
    }
    lacks
}

fn writable(config: &Config, described: &Describe, report: &mut Report) {
    let mut all = true;
    for (field, _) in STATUS_FIELDS {
        if missing(config, OPPORTUNITY, field, described, &mut report.warnings) {
            all = false;
            continue;
        }
        let own = config.field(OPPORTUNITY, field).unwrap_or(field);
        if find(described, own).is_some_and(|field| !field.updateable) {
            report.warnings.push(format!("{OPPORTUNITY}.{own} is read-only for the integration user"));
            all = false;
        }
    }
    if all {
        report.scopes.push(format!("write {OPPORTUNITY}.Quoin_*"));
    }
}

/// The descriptions of the objects in [`READ`], in order.
fn describe_all(host: &dyn Host, config: &Config) -> Result<Vec<Describe>, Fault> {
    let request =
        |object: &&str| Request::get(api::url(config, &format!("/sobjects/{object}/describe"))).credential("api");
    let requests = READ.iter().map(|(object, _)| request(object)).collect();
    let answers = host.send_all(requests, PARALLEL).into_iter().map(|answer| {
        let answer = answer?;
        if answer.is_success() { answer.json() } else { Err(fault::of(config, &answer, false)) }
    });
    answers.collect()
}

/// Every mapped field as the org describes it, by canonical object and vendor object. A field that
/// is gone is `null`. Fields that the org requires for new records stand in `required`, so that a
/// new one shows.
///
/// # Errors
/// What the vendor refuses, mapped.
pub fn discover(host: &dyn Host) -> Result<Value, Fault> {
    let config = Config::of(host)?;
    let mut quote = Map::new();
    let mut deal_status = Map::new();
    for ((object, fields), described) in READ.iter().zip(describe_all(host, &config)?) {
        let names = fields.iter().filter(|field| !field.contains('.')).copied();
        quote.insert((*object).to_owned(), mapped(&config, object, names, &described));
        if *object == OPPORTUNITY {
            let names = STATUS_FIELDS.iter().map(|(field, _)| *field);
            deal_status.insert((*object).to_owned(), mapped(&config, object, names, &described));
        }
    }
    Ok(json!({"quote": quote, "deal_status": deal_status}))
}

fn mapped<'a>(config: &'a Config, object: &str, names: impl Iterator<Item = &'a str>, described: &Describe) -> Value {
    let fields: Map<String, Value> = names
        .filter_map(|name| config.field(object, name))
        .map(|own| (own.to_owned(), find(described, own).map_or(Value::Null, shape)))
        .collect();
    let mut required: Vec<&str> = described
        .fields
        .iter()
        .filter(|field| field.createable && !field.nillable && !field.defaulted_on_create)
        .map(|field| field.name.as_str())
        .collect();
    required.sort_unstable();
    json!({"fields": fields, "required": required})
}

fn shape(field: &DescribedField) -> Value {
    let choices: Vec<&str> = field.picklist_values.iter().filter(|v| v.active).map(|v| v.value.as_str()).collect();
    json!({
        "type": field.r#type, "length": field.length, "precision": field.precision, "scale": field.scale,
        "nillable": field.nillable, "updateable": field.updateable, "picklist": choices,
    })
}
