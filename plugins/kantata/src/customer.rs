//! Customers: found by VAT id, then by our reference, then by name; created only when none of them
//! finds anything, and never when more than one group could be meant. A group that people made is
//! recognised, marked and completed, not rewritten.

use std::collections::BTreeMap;

use quoin_sdk::{Customer, Fault, FaultKind, Item, Outcome};
use serde_json::json;

use crate::api::Api;
use crate::map;
use crate::wire::{Envelope, WorkspaceGroup};

const MODEL: &str = "customer";
const VAT_MODEL: &str = "vat_id";

/// A group and what marks it.
struct Found {
    group: WorkspaceGroup,
    /// The name in our reference, when the group carries it with this canonical id.
    said_name: Option<String>,
    /// Carries the reference with the VAT id, or the customer has none.
    vat_marked: bool,
}

/// Brings the group of one customer to what the item says.
pub fn settle(api: &Api<'_>, item: &Item) -> Result<Outcome, Fault> {
    let customer: Customer = item.object()?;
    if item.delete {
        let message = "a Kantata group may hold other projects; remove it there by hand";
        return Ok(Outcome::rejected(item, Fault::new(FaultKind::Unsupported, "DELETE_CUSTOMER", message)));
    }
    let found = match find(api, item, &customer)? {
        Some(found) => found,
        None => match create(api, item, &customer) {
            // Another deal of the same customer made it between our search and our write.
            Err(taken) if taken.kind == FaultKind::Conflict => find(api, item, &customer)?.ok_or(taken)?,
            done => return done,
        },
    };
    let said_name = found.said_name.as_deref();
    let fields = map::customer(&customer, Some((&found.group, said_name)));
    let id = &found.group.id;
    let said = said_name == Some(customer.name.trim());
    if fields.is_empty() && said && found.vat_marked {
        return Ok(Outcome::unchanged(item, id));
    }
    if !fields.is_empty() {
        api.put("workspace_groups", id, "workspace_group", fields).map_err(taken_name)?;
    }
    if !said {
        let extra = [("external_message", customer.name.trim())];
        api.mark(("WorkspaceGroup", id), &api.config.service_name, (MODEL, &item.id), &extra)?;
    }
    if !found.vat_marked {
        mark_vat(api, &customer, id)?;
    }
    Ok(Outcome::updated(item, id))
}

/// A second reference holds the VAT id: a group has no field for it, and one reference per service
/// name is allowed.
fn vat_service(api: &Api<'_>) -> String {
    format!("{}-vat", api.config.service_name)
}

fn create(api: &Api<'_>, item: &Item, customer: &Customer) -> Result<Outcome, Fault> {
    let mut fields = map::customer(customer, None);
    fields.insert("external_reference".into(), api.reference(MODEL, &item.id, customer.name.trim()));
    let answer = api.post("workspace_groups", &json!({ "workspace_group": fields })).map_err(taken_name)?;
    let created = answer.ordered("workspace_groups", &answer.workspace_groups);
    let id = created.first().map(|group| group.id.clone()).ok_or_else(no_row)?;
    mark_vat(api, customer, &id)?;
    Ok(Outcome::created(item, id))
}

fn no_row() -> Fault {
    Fault::unknown_outcome("Kantata answered the creation of a group without the group")
}

/// Group names are unique: a name taken between our search and our write is a conflict, not bad data.
fn taken_name(fault: Fault) -> Fault {
    if fault.kind == FaultKind::InvalidData && fault.field.as_deref() == Some("/name") {
        Fault { kind: FaultKind::Conflict, ..fault }
    } else {
        fault
    }
}

fn mark_vat(api: &Api<'_>, customer: &Customer, id: &str) -> Result<(), Fault> {
    let Some(vat_id) = &customer.vat_id else { return Ok(()) };
    let vat_id = map::plain_vat_id(vat_id);
    api.mark(("WorkspaceGroup", id), &vat_service(api), (VAT_MODEL, &vat_id), &[])
}

/// The one group meant, if there is one.
fn find(api: &Api<'_>, item: &Item, customer: &Customer) -> Result<Option<Found>, Fault> {
    if let Some(external) = &item.external {
        let envelope = api.get("workspace_groups", &[("only", external)])?;
        if let Some(group) = groups(&envelope).into_iter().next() {
            return judge(api, item, customer, group).map(Some);
        }
    }
    type LookUp = fn(&Api<'_>, &Item, &Customer) -> Result<Vec<WorkspaceGroup>, Fault>;
    let steps: [LookUp; 3] = [by_vat, by_mark, by_name];
    for step in steps {
        let mut candidates = step(api, item, customer)?;
        if candidates.len() > 1 {
            return Err(ambiguous(customer, &candidates));
        }
        if let Some(group) = candidates.pop() {
            return judge(api, item, customer, group).map(Some);
        }
    }
    Ok(None)
}

fn by_vat(api: &Api<'_>, _: &Item, customer: &Customer) -> Result<Vec<WorkspaceGroup>, Fault> {
    let Some(vat_id) = &customer.vat_id else { return Ok(Vec::new()) };
    let mut found = BTreeMap::new();
    if let Some(field) = &api.config.vat_field_id {
        // As written, and as people may have typed it: several values of one field mean any of them.
        let filter = format!("({field}:{vat_id}):({field}:{})", map::plain_vat_id(vat_id));
        let envelope = api.get("workspace_groups", &[("by_custom_text_value", &filter), ("per_page", "20")])?;
        found.extend(groups(&envelope).into_iter().map(|group| (group.id.clone(), group)));
    }
    let marked = api.marked_as(&vat_service(api), "WorkspaceGroup", VAT_MODEL, &map::plain_vat_id(vat_id))?;
    found.extend(fetch(api, marked.into_iter().map(|row| row.subject_id))?);
    Ok(found.into_values().collect())
}

fn by_mark(api: &Api<'_>, item: &Item, _: &Customer) -> Result<Vec<WorkspaceGroup>, Fault> {
    let marked = api.marked("WorkspaceGroup", MODEL, &item.id)?;
    Ok(fetch(api, marked.into_iter().map(|row| row.subject_id))?.into_values().collect())
}

fn by_name(api: &Api<'_>, _: &Item, customer: &Customer) -> Result<Vec<WorkspaceGroup>, Fault> {
    let query = [("matching", customer.name.trim()), ("companies_only", "true"), ("per_page", "200")];
    let envelope = api.get("workspace_groups", &query)?;
    let mut same = groups(&envelope);
    same.retain(|group| map::same_name(&group.name, &customer.name));
    Ok(same)
}

fn groups(envelope: &Envelope) -> Vec<WorkspaceGroup> {
    envelope.ordered("workspace_groups", &envelope.workspace_groups).into_iter().cloned().collect()
}

fn fetch(api: &Api<'_>, ids: impl Iterator<Item = String>) -> Result<BTreeMap<String, WorkspaceGroup>, Fault> {
    let ids: Vec<String> = ids.collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let envelope = api.get("workspace_groups", &[("only", &ids.join(",")), ("per_page", "200")])?;
    Ok(groups(&envelope).into_iter().map(|group| (group.id.clone(), group)).collect())
}

/// A group that already belongs to another customer of ours is not this one, whatever its name.
fn judge(api: &Api<'_>, item: &Item, customer: &Customer, group: WorkspaceGroup) -> Result<Found, Fault> {
    let query = [("subject_type", "WorkspaceGroup"), ("subject_id", group.id.as_str()), ("per_page", "200")];
    let envelope = api.get("external_references", &query)?;
    let mut rows = envelope.ordered("external_references", &envelope.external_references);
    rows.retain(|row| row.subject_id == group.id);
    let service = &api.config.service_name;
    let mark = rows.iter().find(|row| row.service_name == *service && row.service_model == MODEL);
    if let Some(other) = mark.filter(|mark| mark.service_model_ref != item.id) {
        let message = format!(
            "group '{}' ({}) already stands for customer {}; merge the two customers, or give this one its own group",
            group.name, group.id, other.service_model_ref
        );
        return Err(Fault::new(FaultKind::Conflict, "OTHER_CUSTOMER", message));
    }
    let vat_service = vat_service(api);
    let vat_marked = customer.vat_id.as_ref().is_none_or(|vat_id| {
        let plain = map::plain_vat_id(vat_id);
        rows.iter().any(|row| row.service_name == vat_service && row.service_model_ref == plain)
    });
    let said_name = mark.map(|mark| mark.external_message.clone().unwrap_or_default());
    Ok(Found { said_name, vat_marked, group })
}

fn ambiguous(customer: &Customer, candidates: &[WorkspaceGroup]) -> Fault {
    let named: Vec<String> = candidates.iter().map(|group| format!("'{}' ({})", group.name, group.id)).collect();
    let message = format!(
        "several groups could be '{}': {}; merge them, or give only one of them the VAT id",
        customer.name,
        named.join(", ")
    );
    Fault::new(FaultKind::Conflict, "AMBIGUOUS", message)
}
