//! Writing, and what became of what was written.

use quoin_sdk::{Customer, Fault, Host, Item, Outcome, Request};

use super::api::{ask, url};
use super::{fault, map, wire};

/// Makes or changes a contact.
pub fn customer(host: &dyn Host, item: &Item) -> Outcome {
    written(host, item).unwrap_or_else(|fault| Outcome::after_fault(item, fault))
}

/// The vendor refuses a second contact with the same marker, so a repeat cannot make two.
fn written(host: &dyn Host, item: &Item) -> Result<Outcome, Fault> {
    let body = map::contact(&item.object::<Customer>()?, &item.id);
    let request = match &item.external {
        Some(id) => Request::put(url(host, &format!("/contacts/{id}"))?),
        None => Request::post(url(host, "/contacts")?),
    };
    let answer = host.send(request.json(&body)?.credential("api"))?;
    if answer.status == 409 {
        return find(host, item); // an earlier attempt got through
    }
    let written: wire::Written = fault::refuse_write(answer)?.json()?;
    Ok(match &item.external {
        Some(_) => Outcome::updated(item, written.id),
        None => Outcome::created(item, written.id),
    })
}

/// The contact with our marker.
pub fn find(host: &dyn Host, item: &Item) -> Result<Outcome, Fault> {
    let list = Request::get(url(host, "/contacts")?).query("marker", &item.id);
    let list: wire::Contacts = ask(host, list)?.json()?;
    Ok(match list.contacts.first() {
        Some(contact) => Outcome::created(item, &contact.id),
        None => Outcome::absent(item, format!("no contact is marked '{}'", item.id)),
    })
}
