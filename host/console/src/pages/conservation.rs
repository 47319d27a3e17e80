//! The conservation ledger: of the firm with its contracts, and of one contract.

use api::Principal;
use api::read;
use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;

use super::{Refused, render};
use crate::ConsoleState;
use crate::view::conservation::{self as view, Bar, ContractRow, Wrong};
use crate::view::{Amount, Chrome};

#[derive(Template)]
#[template(path = "conservation.html")]
pub(crate) struct ConservationPage {
    chrome: Chrome,
    firms: Vec<Vec<Bar>>,
    rows: Vec<ContractRow>,
    wrong: usize,
}

#[derive(Template)]
#[template(path = "conservation_contract.html")]
pub(crate) struct ContractPage {
    chrome: Chrome,
    contract: String,
    customer: String,
    units: usize,
    through: u64,
    bars: Vec<Bar>,
    lines: Vec<Bar>,
    unnamed: Vec<(String, Amount)>,
    wrong: Vec<Wrong>,
}

/// `GET /console/conservation`
pub async fn show(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
) -> Result<Response, Refused> {
    let found = read::conservation::all(state.api.ledger.as_ref()).await?;
    let chrome = Chrome::of(&state, &who, "Conservation", "conservation", None).await;
    Ok(render(&ConservationPage {
        chrome,
        firms: found.firm.iter().map(|firm| view::firm(firm, &found.contracts)).collect(),
        rows: found.contracts.iter().map(view::row).collect(),
        wrong: found.firm.iter().map(|firm| firm.imbalances).sum(),
    }))
}

/// `GET /console/conservation/{contract}`
pub async fn contract(
    State(state): State<ConsoleState>,
    Extension(who): Extension<Principal>,
    Path(contract): Path<String>,
) -> Result<Response, Refused> {
    let statement = read::conservation::one(state.api.ledger.as_ref(), &contract).await?.statement;
    let title = format!("Conservation of {contract}");
    let chrome = Chrome::of(&state, &who, &title, "conservation", Some(&contract)).await;
    Ok(render(&ContractPage {
        chrome,
        customer: statement.customer.clone(),
        units: statement.units,
        through: statement.through.seq,
        bars: view::contract(&statement),
        lines: view::lines(&statement),
        unnamed: view::unnamed(&statement),
        wrong: view::wrong(&statement),
        contract,
    }))
}
