//! Calls: addresses, and queries over all their pages.

use std::collections::BTreeSet;

use quoin_sdk::{Fault, FaultKind, Host, Request, Response};

use crate::config::Config;
use crate::fault;
use crate::wire::{Members, QueryPage};

/// Credential slot of every call.
const SLOT: &str = "api";

/// Pages of one query that are followed: the vendor may cut 200 rows into small pages, but not
/// into more than these.
const MAX_PAGES: usize = 50;

/// Ids in one `IN` list: 200 of them keep the URL far below the vendor's 16,384 bytes.
pub const IDS_PER_QUERY: usize = 200;

/// An address below `/services/data/vNN.0`.
pub fn url(config: &Config, path: &str) -> String {
    format!("{}/services/data/v{}{path}", config.base_url, config.api_version)
}

/// A GET whose success is all there is to look at.
///
/// # Errors
/// What the vendor refuses, mapped.
pub fn get(host: &dyn Host, config: &Config, url: String) -> Result<Response, Fault> {
    send(host, config, Request::get(url), false)
}

/// A request whose answer is a success or a mapped fault.
///
/// # Errors
/// What the vendor refuses, mapped; or that no answer came.
pub fn send(host: &dyn Host, config: &Config, request: Request, writing: bool) -> Result<Response, Fault> {
    let response = host.send(request.credential(SLOT))?;
    if response.is_success() { Ok(response) } else { Err(fault::of(config, &response, writing)) }
}

/// All rows of a query, over all its pages, each once: the vendor may repeat a row when data moves
/// between two pages. `with_deleted` sees the recycle bin too. Queries must select `Id`.
///
/// # Errors
/// What the vendor refuses, mapped.
pub fn query(host: &dyn Host, config: &Config, soql: &str, with_deleted: bool) -> Result<Vec<Members>, Fault> {
    let resource = if with_deleted { "/queryAll" } else { "/query" };
    let mut response = send(host, config, Request::get(url(config, resource)).query("q", soql), false)?;
    let mut rows = Vec::new();
    let mut seen = BTreeSet::new();
    for _ in 0..MAX_PAGES {
        let page: QueryPage = response.json()?;
        let id = |row: &Members| row.get("Id").map(|id| id.get().to_owned());
        rows.extend(page.records.into_iter().filter(|row| seen.insert(id(row))));
        match page.next_records_url {
            Some(next) if !page.done => response = get(host, config, format!("{}{next}", config.base_url))?,
            _ => return Ok(rows),
        }
    }
    Err(Fault::new(FaultKind::Other, "TOO_MANY_PAGES", format!("one query came in more than {MAX_PAGES} pages")))
}

/// `'a','b'`: ids that were checked with [`crate::wire::is_id`].
pub fn id_list<'a>(ids: impl IntoIterator<Item = &'a str>) -> String {
    ids.into_iter().map(|id| format!("'{id}'")).collect::<Vec<_>>().join(",")
}
