//! What stands around every page.

use api::Principal;
use api::{format, read, stream};

use crate::ConsoleState;

/// The frame of a page.
pub struct Chrome {
    /// Title of the page.
    pub title: String,
    /// Which part of the navigation it belongs to.
    pub place: &'static str,
    /// Who looks.
    pub who: String,
    /// With which role.
    pub role: &'static str,
    /// The business clock.
    pub now: String,
    /// Whether the business clock is set by hand.
    pub manual_clock: bool,
    /// Open exceptions.
    pub exceptions: usize,
    /// Documents that wait for an approval.
    pub approvals: usize,
    /// Where live signs come from.
    pub stream: String,
}

impl Chrome {
    /// The frame of a page that follows everything, or one deal.
    pub async fn of(
        state: &ConsoleState,
        who: &Principal,
        title: &str,
        place: &'static str,
        key: Option<&str>,
    ) -> Self {
        let head = stream::head(&state.api);
        let key = key.map_or(String::new(), |key| {
            format!("&key={}", percent_encoding::utf8_percent_encode(key, percent_encoding::NON_ALPHANUMERIC))
        });
        let open = read::exceptions::list(state.api.ledger.as_ref(), false, None).await;
        let waiting = open.iter().filter(|view| view.code == read::approvals::CODE).count();
        Self {
            title: title.to_owned(),
            place,
            who: who.name.clone(),
            role: who.role.as_str(),
            now: format::absolute(state.api.clock.now()),
            manual_clock: state.api.advance_clock.is_some(),
            exceptions: open.len() - waiting,
            approvals: waiting,
            stream: format!("/console/stream?after={head}{key}"),
        }
    }
}
