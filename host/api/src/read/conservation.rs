//! The conservation ledger: per contract, firm-wide, and counted again from the log.

use billing::{Account, AccountEvent};
use ports::Ledger;
pub use reconcile::conservation::{BucketRow, FirmStatement, Imbalance, LineRow, Statement, UnitKind};
use reconcile::conservation::{ContractBook, Difference, EventRef, Kept, compare, firm, statement};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::Problem;

/// Contracts added up at most; a firm with more reads them one by one.
pub const CONTRACTS_MAX: usize = 20_000;

/// Books read from the store at once.
const SCAN_PAGE: usize = 500;

/// Where every approved unit and every contracted amount is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConservationView {
    /// All contracts together, per currency.
    #[schema(value_type = Vec<Object>)]
    pub firm: Vec<FirmStatement>,
    /// Contract by contract.
    #[schema(value_type = Vec<Object>)]
    pub contracts: Vec<Statement>,
    /// Whether everything is in exactly one bucket.
    pub balances: bool,
}

/// One contract's ledger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContractConservation {
    /// The ledger in print.
    #[schema(value_type = Object)]
    pub statement: Statement,
    /// Whether everything is in exactly one bucket.
    pub balances: bool,
}

/// The ledger of one contract, counted again from the log, and where it parts from what is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Recount {
    /// Contract number.
    pub contract: String,
    /// Events that were read again.
    pub events: usize,
    /// The last of them that the kept ledger knows.
    #[schema(value_type = Object)]
    pub through: EventRef,
    /// Units where the kept ledger and the log part.
    #[schema(value_type = Vec<Object>)]
    pub kept_differs: Vec<Difference>,
    /// Units where the log's ledger and billing's account, made of the same events, part.
    #[schema(value_type = Vec<Object>)]
    pub account_differs: Vec<Difference>,
    /// Whether all three agree and everything is in exactly one bucket.
    pub agrees: bool,
    /// The ledger as the log makes it.
    #[schema(value_type = Object)]
    pub statement: Statement,
}

/// The ledger of all contracts.
///
/// # Errors
/// 409 when there are more than [`CONTRACTS_MAX`].
pub async fn all(ledger: &dyn Ledger) -> Result<ConservationView, Problem> {
    let mut contracts: Vec<Statement> = Vec::new();
    let mut after = String::new();
    loop {
        let page = ledger.documents("conservation", "", &after, SCAN_PAGE).await;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        contracts.extend(page.iter().filter_map(|(_, value)| printed(value)));
        if contracts.len() > CONTRACTS_MAX {
            return Err(Problem::new(
                axum::http::StatusCode::CONFLICT,
                "too-many-contracts",
                format!("there are more than {CONTRACTS_MAX} contracts"),
                "ask for one contract: GET /api/v1/conservation/{contract}",
            ));
        }
    }
    let balances = contracts.iter().all(Statement::balances);
    Ok(ConservationView { firm: firm(&contracts), contracts, balances })
}

/// The ledger of one contract.
///
/// # Errors
/// 404 when it has none.
pub async fn one(ledger: &dyn Ledger, contract: &str) -> Result<ContractConservation, Problem> {
    let found = ledger.document("conservation", contract).await.and_then(|(value, _)| printed(&value));
    let statement = found.ok_or_else(|| unknown(contract))?;
    Ok(ContractConservation { balances: statement.balances(), statement })
}

/// Reads a contract's events again, makes the ledger anew, and compares.
///
/// # Errors
/// 404 when the contract has no billing events.
pub async fn recount(ledger: &dyn Ledger, contract: &str) -> Result<Recount, Problem> {
    let kept: Kept = match ledger.document("conservation", contract).await {
        Some((value, _)) => serde_json::from_value(value).unwrap_or_default(),
        None => Kept::default(),
    };
    let known = kept.book.as_ref().map_or(u64::MAX, |book| book.through.seq);
    let (mut book, mut account): (Option<ContractBook>, Option<Account>) = (None, None);
    let (mut events, mut after) = (0, 0);
    'read: loop {
        let page = ledger.events_of_key(contract, after, SCAN_PAGE).await;
        let Some(last) = page.last() else { break };
        after = last.seq;
        for event in &page {
            // The kept ledger may be a moment behind; what it does not know yet is not compared.
            if event.seq > known {
                break 'read;
            }
            if let Ok(Some(known)) = AccountEvent::from_kind_and_body(&event.kind, &event.body) {
                events += 1;
                billing::evolve(&mut account, &known);
                ContractBook::post(&mut book, EventRef { seq: event.seq, kind: event.kind.clone() }, &known);
            }
        }
    }
    let book = book.ok_or_else(|| unknown(contract))?;
    let holdings = book.holdings();
    let kept_differs = compare(&kept.book.map(|kept| kept.holdings()).unwrap_or_default(), &holdings);
    let account_differs = account.as_ref().map(|account| book.against(account)).unwrap_or_default();
    let statement = statement(&book);
    Ok(Recount {
        contract: contract.to_owned(),
        events,
        through: book.through.clone(),
        agrees: kept_differs.is_empty() && account_differs.is_empty() && statement.balances(),
        kept_differs,
        account_differs,
        statement,
    })
}

fn printed(value: &Value) -> Option<Statement> {
    serde_json::from_value(value.get("statement")?.clone()).ok()
}

fn unknown(contract: &str) -> Problem {
    Problem::not_found(
        "contract",
        contract,
        "a contract has a ledger once its deal passed the gates; `quoin conservation` lists them",
    )
}
