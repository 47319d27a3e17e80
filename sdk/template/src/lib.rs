//! A connector: one line per capability. What the vendor says is in `wire.rs`, what it means in
//! `map.rs`, how it fails in `fault.rs`.

mod fault;
mod map;
mod wire;

use quoin_sdk::{
    Change, Check, Customer, Fault, Host, Item, ObjectKind, Outcome, Page, ReadRequest, Report, Request, Response,
    Sink, Source, config,
};
use serde::{Deserialize, Serialize};

/// The connector has no state: everything it needs comes with the call.
pub struct Template;

quoin_sdk::register!(Template, manifest = include_str!("../connector.toml"), powers = [check, source, sink]);

/// The fields of `connector.toml`.
#[derive(Deserialize)]
struct Config {
    base_url: String,
}

/// Where a page ended: the vendor's change number.
#[derive(Serialize, Deserialize)]
struct Position {
    changed: u64,
}

impl Check for Template {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        let me: wire::Me = call(host, Request::get(url(host, "/me")?))?.json()?;
        Ok(Report { account: Some(me.account), scopes: me.scopes, warnings: Vec::new() })
    }
}

impl Source for Template {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        if request.object != ObjectKind::Customer {
            return Err(Fault::unsupported(request.object));
        }
        let after = request.position::<Position>()?.map_or(0, |position| position.changed);
        let mut ask = Request::get(url(host, "/contacts")?).query("after", after).query("limit", request.limit);
        if !request.ids.is_empty() {
            ask = Request::get(url(host, "/contacts")?).query("ids", request.ids.join(","));
        }
        let list: wire::Contacts = call(host, ask)?.json()?;
        let changes = list.contacts.iter().map(change).collect::<Result<_, _>>()?;
        let changed = list.contacts.iter().map(|contact| contact.changed).max().unwrap_or(after);
        let page = Page { more: list.more, ..Page::of(changes) };
        if request.ids.is_empty() { page.ending_at(&Position { changed }) } else { Ok(page) }
    }
}

impl Sink for Template {
    fn apply(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        if object != ObjectKind::Customer {
            return Err(Fault::unsupported(object));
        }
        Ok(items
            .iter()
            .map(|item| write(host, item).unwrap_or_else(|fault| Outcome::after_fault(item, fault)))
            .collect())
    }

    fn lookup(host: &dyn Host, object: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        if object != ObjectKind::Customer {
            return Err(Fault::unsupported(object));
        }
        items.iter().map(|item| find(host, item)).collect()
    }
}

/// The vendor refuses a second contact with the same marker, so a repeat cannot make two.
fn write(host: &dyn Host, item: &Item) -> Result<Outcome, Fault> {
    let body = map::contact(&item.object::<Customer>()?, &item.id);
    let request = match &item.external {
        Some(id) => Request::put(url(host, &format!("/contacts/{id}"))?),
        None => Request::post(url(host, "/contacts")?),
    };
    let answer = host.send(request.json(&body)?.credential("api"))?;
    if answer.status == 409 {
        return find(host, item); // an earlier attempt got through
    }
    let written: wire::Contact = fault::refuse_write(answer)?.json()?;
    Ok(match &item.external {
        Some(_) => Outcome::updated(item, written.id),
        None => Outcome::created(item, written.id),
    })
}

fn find(host: &dyn Host, item: &Item) -> Result<Outcome, Fault> {
    let list: wire::Contacts = call(host, Request::get(url(host, "/contacts")?).query("marker", &item.id))?.json()?;
    Ok(match list.contacts.first() {
        Some(contact) => Outcome::created(item, &contact.id),
        None => Outcome::absent(item, format!("no contact is marked '{}'", item.id)),
    })
}

fn change(contact: &wire::Contact) -> Result<Change, Fault> {
    let version = Some(contact.changed.to_string());
    if contact.gone {
        return Ok(Change::delete(&contact.id, version));
    }
    Change::upsert(&contact.id, version, &map::customer(contact))
}

fn call(host: &dyn Host, request: Request) -> Result<Response, Fault> {
    fault::refuse(host.send(request.credential("api"))?)
}

fn url(host: &dyn Host, path: &str) -> Result<String, Fault> {
    Ok(format!("{}{path}", config::<Config>(host)?.base_url))
}
