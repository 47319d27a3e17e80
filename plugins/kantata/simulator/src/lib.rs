//! Kantata OX as it behaves, for tests and certification of its connector: bearer tokens, the
//! side-loading envelope with its 200-row pages, subjects with nested external references, custom
//! fields, and the pull feed of events that is unordered, repeats itself and forgets after nine days.
//!
//! Lives here: Kantata's shapes, rules and words. Never enters: the connector, the host.
//!
//! `schema.rs` is the table of collections; `account.rs` the state, `rules/` what Kantata checks and
//! derives, `query.rs` filters and envelopes, `routes.rs` the door, `act.rs` what people do in the
//! user interface.

mod account;
mod act;
mod events;
mod query;
mod refusal;
mod routes;
mod rules;
mod schema;
mod seed;

use quoin_simulator::Kit;
use quoin_simulator::axum::Router;

use account::Account;
use refusal::KantataDialect;

/// The token that is valid at the start, unless `--option token=…` names another.
pub const TOKEN: &str = "kantata-token";

/// Kantata's routes on this kit. Seeds: none (an account with its custom fields and nobody but the
/// administrator) or `scenario` (people, roles and the project template of the acceptance script).
pub fn build(kit: Kit) -> Router {
    let account = Account::new(kit.clone());
    kit.dialect(KantataDialect { account: account.clone() });
    let for_reset = account.clone();
    kit.on_reset(move || for_reset.reset());
    act::register(&kit, &account);
    routes::router(account)
}
