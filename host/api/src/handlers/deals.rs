//! `GET /api/v1/deals`

use axum::extract::{OriginalUri, State};

use super::extract::Query;
use crate::page::{Page, PageQuery, Paged};
use crate::read::{self, Deal};
use crate::{ApiState, Problem};

/// Deals, by their key.
#[utoipa::path(
    get, path = "/deals", tag = "deals", operation_id = "listDeals", params(PageQuery),
    responses((status = 200, description = "A page of deals", body = Page<Deal>), (status = 400, body = Problem))
)]
pub async fn deals(
    State(state): State<ApiState>,
    Query(query): Query<PageQuery>,
    OriginalUri(uri): OriginalUri,
) -> Result<Paged<Deal>, Problem> {
    let after = query.cursor.as_deref().unwrap_or("");
    let page = read::deals::list(state.ledger.as_ref(), after, query.limit()?).await;
    Ok(Paged { page, uri })
}
