//! Reading quotes: by cursor over `SystemModstamp` and `Id`, or by opportunity ids.
//!
//! A poll begins a few minutes before the last stamp it saw, because a record can become visible
//! after a later-stamped one; then it goes on exactly where the last page ended until it has all.
//!
//! A won deal that cannot be understood must neither block the deals behind it nor vanish. It is
//! left out of its page and remembered in the cursor; once nothing else is new, reading fails with
//! its reason until somebody mends it.

use quoin_sdk::jiff::SignedDuration;
use quoin_sdk::{Change, Fault, Host, Level, Page, ReadRequest, Timestamp};
use serde::{Deserialize, Serialize};

use crate::api;
use crate::config::Config;
use crate::map;
use crate::wire::{self, ACCOUNT, ACCOUNT_FIELDS, LINE, LINE_FIELDS, Members, OPPORTUNITY, QUOTE_FIELDS, Row};

/// Read again before the last stamp; the manifest says the same.
const OVERLAP: SignedDuration = SignedDuration::from_secs(300);

/// Quotes in one page: one query for them and one for their lines.
const PAGE_ROWS: u32 = 200;

/// Won deals that wait to be mended; with more than these something is wrong with the mapping
/// itself, and the page fails at once.
const MAX_WAITING: usize = 50;

/// Where reading stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Position {
    /// Stamp of the last record seen.
    since: Option<Timestamp>,
    /// Its id, while a poll is under way; `None` between polls.
    after: Option<String>,
    /// Won deals that could not be understood.
    #[serde(default)]
    waiting: Vec<String>,
}

/// One page.
///
/// # Errors
/// What the vendor refuses; or the reason why a won deal cannot be understood.
pub fn quotes(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
    let config = Config::of(host)?;
    if request.ids.is_empty() { next_page(host, &config, request) } else { by_ids(host, &config, &request.ids) }
}

fn by_ids(host: &dyn Host, config: &Config, ids: &[String]) -> Result<Page, Fault> {
    if let Some(wrong) = ids.iter().find(|id| !wire::is_id(id)) {
        return Err(Fault::invalid("/header/external", format!("'{wrong}' is no record id")));
    }
    let mut read = Read::default();
    for chunk in ids.chunks(api::IDS_PER_QUERY) {
        let list = api::id_list(chunk.iter().map(String::as_str));
        read.add(host, config, &format!("WHERE Id IN ({list})"))?;
    }
    match read.broken.into_iter().next() {
        Some((_, fault)) if read.changes.is_empty() => Err(fault),
        _ => Ok(Page::of(read.changes)),
    }
}

fn next_page(host: &dyn Host, config: &Config, request: &ReadRequest) -> Result<Page, Fault> {
    let mut position: Position = request.position()?.unwrap_or_default();
    let limit = request.limit.clamp(1, PAGE_ROWS);
    let filter = match (position.since, &position.after) {
        (None, _) => String::new(),
        (Some(since), None) => {
            let from = since.checked_sub(OVERLAP).unwrap_or(Timestamp::UNIX_EPOCH);
            format!("WHERE SystemModstamp > {} ", wire::soql_moment(from))
        }
        (Some(since), Some(after)) => {
            let stamp = wire::soql_moment(since);
            format!("WHERE SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{after}') ")
        }
    };
    let mut read = Read::default();
    let last = read.add(host, config, &format!("{filter}ORDER BY SystemModstamp, Id LIMIT {limit}"))?;
    let more = read.rows == limit as usize;
    let news = last.as_ref().is_some_and(|(stamp, _)| position.since.is_none_or(|since| *stamp > since));

    position.waiting.retain(|id| !read.seen.contains(id));
    position.waiting.extend(read.broken.iter().map(|(id, _)| id.clone()));
    if let Some((_, fault)) = read.broken.into_iter().next()
        && (position.waiting.len() > MAX_WAITING || (!news && !more))
    {
        return Err(fault);
    }
    if !news && !more && !position.waiting.is_empty() {
        still_waiting(host, config, &mut position.waiting, &mut read.changes)?;
    }
    if let Some((stamp, id)) = last {
        position.since = Some(stamp);
        position.after = Some(id);
    }
    if !more {
        position.after = None;
    }
    let mut page = Page::of(read.changes).ending_at(&position)?;
    page.more = more;
    Ok(page)
}

/// Looks again at what waits to be mended. What is fine by now is delivered.
fn still_waiting(
    host: &dyn Host,
    config: &Config,
    waiting: &mut Vec<String>,
    changes: &mut Vec<Change>,
) -> Result<(), Fault> {
    let mut again = Read::default();
    let list = api::id_list(waiting.iter().map(String::as_str));
    again.add(host, config, &format!("WHERE Id IN ({list})"))?;
    if let Some((_, fault)) = again.broken.into_iter().next() {
        return Err(fault);
    }
    waiting.clear();
    changes.extend(again.changes);
    Ok(())
}

/// What was read so far.
#[derive(Default)]
struct Read {
    changes: Vec<Change>,
    /// Won deals that could not be understood, and why.
    broken: Vec<(String, Fault)>,
    /// Every id that came.
    seen: Vec<String>,
    rows: usize,
}

impl Read {
    /// Reads the opportunities that a clause selects, with their lines. Returns stamp and id of the
    /// last one.
    fn add(&mut self, host: &dyn Host, config: &Config, clause: &str) -> Result<Option<(Timestamp, String)>, Fault> {
        let opportunities = api::query(host, config, &select(config, clause), true)?;
        let lines = lines_of(host, config, &opportunities)?;
        let mut last = None;
        for opportunity in &opportunities {
            let row = Row::new(OPPORTUNITY, config, opportunity);
            let id = row.text("Id")?.unwrap_or_default();
            let stamp = row.moment("SystemModstamp")?.unwrap_or(Timestamp::UNIX_EPOCH);
            self.rows += 1;
            self.seen.push(id.clone());
            self.one(host, config, opportunity, &lines, &id)?;
            last = Some((stamp, id));
        }
        Ok(last)
    }

    fn one(
        &mut self,
        host: &dyn Host,
        config: &Config,
        opportunity: &Members,
        lines: &[(String, Members)],
        id: &str,
    ) -> Result<(), Fault> {
        let row = Row::new(OPPORTUNITY, config, opportunity);
        let version = row.text("SystemModstamp")?;
        if row.flag("IsDeleted")? {
            self.changes.push(Change::delete(id, version));
            return Ok(());
        }
        let own: Vec<&Members> = lines.iter().filter(|(owner, _)| owner == id).map(|(_, line)| line).collect();
        let mapped = map::quote(config, opportunity, &own)
            .and_then(|quote| quote.map(|quote| Change::upsert(id, version, &quote)).transpose());
        match mapped {
            Ok(Some(change)) => self.changes.push(change),
            Ok(None) => {}
            Err(fault) if wire::is_drift(&fault) => return Err(fault),
            Err(fault) => {
                let number = row.text("Quote_Number__c")?.unwrap_or_default();
                let message = format!("opportunity {id} (quote {number}): {}", fault.message);
                // While sales still works on a deal, it may be incomplete; it comes again when changed.
                let level = if row.flag("IsWon")? { Level::Error } else { Level::Debug };
                host.log(level, &message, &[("opportunity", id), ("quote", &number), ("code", &fault.code)]);
                if level == Level::Error {
                    self.broken.push((id.to_owned(), Fault { message, ..fault }));
                }
            }
        }
        Ok(())
    }
}

/// `SELECT …` for opportunities with their accounts, under the org's own names.
fn select(config: &Config, clause: &str) -> String {
    let mut fields: Vec<String> =
        QUOTE_FIELDS.iter().filter_map(|field| config.field(OPPORTUNITY, field)).map(Into::into).collect();
    if !matches!(config.currency(), Ok(Some(_))) {
        fields.extend(config.field(OPPORTUNITY, "CurrencyIsoCode").map(Into::into));
    }
    let account = ACCOUNT_FIELDS.iter().filter_map(|field| config.field(ACCOUNT, field));
    fields.extend(account.map(|field| format!("Account.{field}")));
    format!("SELECT {} FROM Opportunity {clause}", fields.join(", "))
}

/// The lines of these opportunities, each with its opportunity's id.
fn lines_of(host: &dyn Host, config: &Config, opportunities: &[Members]) -> Result<Vec<(String, Members)>, Fault> {
    let fields: Vec<&str> = LINE_FIELDS.iter().filter_map(|field| config.field(LINE, field)).collect();
    let mut ids = Vec::new();
    for opportunity in opportunities {
        let row = Row::new(OPPORTUNITY, config, opportunity);
        if row.text("Quote_Number__c")?.is_some() && !row.flag("IsDeleted")? {
            ids.extend(row.text("Id")?);
        }
    }
    let mut lines = Vec::new();
    for chunk in ids.chunks(api::IDS_PER_QUERY) {
        let list = api::id_list(chunk.iter().map(String::as_str));
        let soql = format!("SELECT {} FROM OpportunityLineItem WHERE OpportunityId IN ({list})", fields.join(", "));
        for line in api::query(host, config, &soql, false)? {
            let owner = Row::new(LINE, config, &line).text("OpportunityId")?.unwrap_or_default();
            lines.push((owner, line));
        }
    }
    Ok(lines)
}
