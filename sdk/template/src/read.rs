//! Reading: who we are, and pages of changes.

use quoin_sdk::jiff::SignedDuration;
use quoin_sdk::{Change, Fault, Host, Page, ReadRequest, Report, Request, Timestamp};
use serde::{Deserialize, Serialize};

use super::api::{ask, url};
use super::{map, wire};

/// The vendor commits late by up to so much: that far a finished reading goes back
/// (`overlap_seconds` in `connector.toml`).
const OVERLAP: SignedDuration = SignedDuration::from_secs(5);

/// What the connector needs.
const SCOPES: [&str; 2] = ["contacts.read", "contacts.write"];

/// Where a page ended: the vendor's stamp, and the id that breaks ties of it.
#[derive(Serialize, Deserialize)]
struct Position {
    changed: Timestamp,
    id: String,
}

impl Position {
    /// In the middle of a reading: exactly behind the last record. At its end: a little before it,
    /// because a record with an earlier stamp may still turn up.
    fn after(last: &wire::Contact, more: bool) -> Self {
        if more {
            return Self { changed: last.changed, id: last.id.clone() };
        }
        Self { changed: last.changed - OVERLAP, id: String::new() }
    }
}

/// Who we are at the vendor, and what is missing there.
pub fn who_we_are(host: &dyn Host) -> Result<Report, Fault> {
    let me: wire::Me = ask(host, Request::get(url(host, "/me")?))?.json()?;
    let missing = SCOPES.into_iter().filter(|scope| !me.scopes.iter().any(|has| has == scope));
    let warnings = missing.map(|scope| format!("the token lacks the scope '{scope}'; make one that has it")).collect();
    Ok(Report { account: Some(me.account), scopes: me.scopes, warnings })
}

/// A page of contacts.
pub fn customers(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
    let from = request.position::<Position>()?;
    let list = Request::get(url(host, "/contacts")?).query("limit", request.limit);
    let list = match &from {
        _ if !request.ids.is_empty() => list.query("ids", request.ids.join(",")),
        Some(from) => list.query("changed_from", from.changed).query("after_id", &from.id),
        None => list,
    };
    let list: wire::Contacts = ask(host, list)?.json()?;
    let changes = list.contacts.iter().map(change).collect::<Result<_, _>>()?;
    let page = Page { more: list.more, ..Page::of(changes) };
    match (list.contacts.last(), from) {
        _ if !request.ids.is_empty() => Ok(page),
        (Some(last), _) => page.ending_at(&Position::after(last, list.more)),
        (None, Some(from)) => page.ending_at(&from),
        (None, None) => Ok(page),
    }
}

fn change(contact: &wire::Contact) -> Result<Change, Fault> {
    let version = Some(contact.changed.to_string());
    if contact.gone {
        return Ok(Change::delete(&contact.id, version));
    }
    Change::upsert(&contact.id, version, &map::customer(contact))
}
