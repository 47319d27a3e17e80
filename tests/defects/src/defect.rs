//! What is done wrong.

use quoin_sdk::{
    Change, Customer, Fault, FaultKind, Host, Item, Op, Outcome, Page, ReadRequest, Report, Status, config,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{read, write};

/// How often a connector without manners asks again.
const HAMMERED: usize = 20;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    defect: String,
    #[serde(default)]
    spare_text: String,
}

/// A defect.
pub struct Defect(Config);

impl Defect {
    /// The one that the configuration names.
    pub fn of(host: &dyn Host) -> Result<Self, Fault> {
        config(host).map(Self)
    }

    /// Whether it is this one.
    pub fn is(&self, name: &str) -> bool {
        self.0.defect == name
    }

    /// What check says.
    pub fn report(&self, report: Result<Report, Fault>) -> Result<Report, Fault> {
        match self.0.defect.as_str() {
            "nobody" => report.map(|report| Report { account: None, ..report }),
            "no_scopes" => report.map(|report| Report { scopes: Vec::new(), ..report }),
            "blind_check" => Ok(report.unwrap_or(Report {
                account: Some("demo".into()),
                scopes: vec!["all".into()],
                warnings: Vec::new(),
            })),
            _ => report,
        }
    }

    /// What reading gives.
    pub fn page(&self, host: &dyn Host, request: &ReadRequest, page: Result<Page, Fault>) -> Result<Page, Fault> {
        match self.0.defect.as_str() {
            "silent_reading" => return Ok(page.unwrap_or_default()),
            "everything_passes" => return page.map_err(|fault| Fault { kind: FaultKind::Transient, ..fault }),
            "no_wait" => return page.map_err(|fault| Fault { retry_after_ms: None, ..fault }),
            "hammers" if page.is_err() => {
                let mut again = read::customers(host, request);
                for _ in 1..HAMMERED {
                    again = read::customers(host, request);
                }
                return again;
            }
            _ => {}
        }
        let mut page = page?;
        match self.0.defect.as_str() {
            "forgets_on_resume" if request.cursor.is_some() && page.changes.len() > 1 => {
                page.changes.remove(0);
            }
            "no_tie_break" => page.next = moved(page.next, |position| position["id"] = json!("~")),
            "no_overlap" if !page.more && request.ids.is_empty() => {
                let last = page.changes.last().and_then(|last| Some((last.version.clone()?, last.external.clone())));
                if let Some((version, external)) = last {
                    page.next = Some(json!({"changed": version, "id": external}).to_string().into_bytes());
                }
            }
            "stands_still" if page.more => page.next = request.cursor.clone().or(page.next),
            "cursor_with_ids" if !request.ids.is_empty() => page.next = Some(b"{}".to_vec()),
            "more_than_asked" if !request.ids.is_empty() => {
                page = read::customers(host, &ReadRequest { ids: Vec::new(), ..request.clone() })?;
                page.next = None;
            }
            "no_deletes" => page.changes.retain(|change| change.op == Op::Upsert),
            "counts_rows" => numbered(&mut page)?,
            "tells" => told(&mut page, &self.0.spare_text)?,
            _ => {}
        }
        Ok(page)
    }

    /// What becomes of a write.
    pub fn write(&self, host: &dyn Host, item: &Item) -> Outcome {
        let mut item = item.clone();
        match self.0.defect.as_str() {
            // A marker that differs from attempt to attempt recognises nothing.
            "new_marker" => item.id = format!("{}-{}", item.id, host.now()),
            "changes_nothing" => {
                if let Some(external) = &item.external {
                    return Outcome::updated(&item, external);
                }
            }
            _ => {}
        }
        let mut outcome = write::customer(host, &item);
        match (self.0.defect.as_str(), outcome.status) {
            ("hopes", Status::Unknown) => Outcome::created(&item, "c-1"),
            ("gives_up", Status::Unknown | Status::Retry) => {
                outcome.status = Status::Rejected;
                outcome
            }
            ("tries_again", Status::Rejected) => {
                outcome.status = Status::Retry;
                outcome
            }
            ("vague", _) => {
                outcome.fault = outcome.fault.map(|fault| Fault { field: None, ..fault });
                outcome
            }
            _ => outcome,
        }
    }
}

/// A cursor with something changed in it.
fn moved(cursor: Option<Vec<u8>>, change: impl FnOnce(&mut Value)) -> Option<Vec<u8>> {
    let mut position: Value = serde_json::from_slice(&cursor?).ok()?;
    change(&mut position);
    Some(position.to_string().into_bytes())
}

/// Every record is known by its place on the page, so the same one twice is two.
fn numbered(page: &mut Page) -> Result<(), Fault> {
    for (row, change) in page.changes.iter_mut().enumerate().filter(|(_, change)| change.op == Op::Upsert) {
        let mut customer: Customer = change.object()?;
        customer.header.external = None;
        *change = Change::upsert(format!("row-{row}"), change.version.clone(), &customer)?;
    }
    Ok(())
}

/// A text that nobody should see, in a name.
fn told(page: &mut Page, text: &str) -> Result<(), Fault> {
    for change in page.changes.iter_mut().filter(|change| change.op == Op::Upsert) {
        let mut customer: Customer = change.object()?;
        customer.parent_name = Some(text.to_owned());
        *change = Change::upsert(change.external.clone(), change.version.clone(), &customer)?;
    }
    Ok(())
}

/// Hexadecimal as bytes; nothing when it is none.
pub fn from_hex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}
