//! `GET /api/v1/timeline/{number}`

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};

use super::extract::{Path, Query};
use crate::page::PageQuery;
use crate::read::{self, Timeline};
use crate::{ApiState, Problem};

/// Everything that happened to one deal, oldest first, by its quote, invoice or project number.
#[utoipa::path(
    get, path = "/timeline/{number}", tag = "deals", operation_id = "getTimeline",
    params(("number" = String, Path, description = "Quote, invoice or project number", example = "Q-2026-0042"), PageQuery),
    responses((status = 200, description = "A part of the timeline", body = Timeline), (status = 404, body = Problem))
)]
pub async fn timeline(
    State(state): State<ApiState>,
    Path(number): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<(HeaderMap, Json<Timeline>), Problem> {
    let ledger = state.ledger.as_ref();
    let key = read::timeline::resolve(ledger, &number).await?;
    let limit = query.limit()?;
    let part = read::timeline::part(ledger, &key, query.after_seq()?, limit).await;
    let mut headers = HeaderMap::new();
    if let Some(next) = &part.next {
        let link = format!("<?cursor={next}&limit={limit}>; rel=\"next\"");
        headers.extend(HeaderValue::from_str(&link).ok().map(|link| (header::LINK, link)));
    }
    Ok((headers, Json(part)))
}
