//! `GET /api/v1/events`

use axum::extract::{OriginalUri, State};
use process::Event;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Query;
use crate::page::{Page, PageQuery, Paged};
use crate::read::events::Filter;
use crate::read::{self, schema::EventSchema};
use crate::{ApiState, Problem};

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventQuery {
    /// Of this business key only.
    key: Option<String>,
    /// Of this kind only; of every kind that starts so when it ends in a dot (`billing.`).
    kind: Option<String>,
    /// After this sequence number: the same as `cursor`, for callers that keep their own position.
    after: Option<u64>,
    /// Where the last page ended: the `next` of its answer.
    cursor: Option<String>,
    /// At most so many items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<usize>,
}

/// The log, oldest first.
#[utoipa::path(
    get, path = "/events", tag = "events", operation_id = "listEvents", params(EventQuery),
    responses((status = 200, description = "A page of events", body = Page<EventSchema>), (status = 400, body = Problem))
)]
pub async fn events(
    State(state): State<ApiState>,
    Query(query): Query<EventQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Paged<Event>, Problem> {
    let page = PageQuery { cursor: query.cursor, limit: query.limit };
    let after = page.after_seq()?.max(query.after.unwrap_or(0));
    let filter = Filter { key: query.key, kind: query.kind };
    let found = read::events::after(state.ledger.as_ref(), &filter, after, page.limit()?).await;
    let page = Page { items: found.events, next: found.next.map(|seq| seq.to_string()) };
    Ok(Paged { page, uri })
}
