//! `GET /api/v1/exceptions`

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Query;
use crate::page::Page;
use crate::read::{self, ExceptionView};
use crate::{ApiState, Problem};

/// Which exceptions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExceptionQuery {
    /// Of this deal only.
    key: Option<String>,
    /// Resolved ones too.
    #[serde(default)]
    all: bool,
}

/// What waits for a person, the most urgent first.
#[utoipa::path(
    get, path = "/exceptions", tag = "exceptions", operation_id = "listExceptions", params(ExceptionQuery),
    responses((status = 200, description = "The exceptions", body = Page<ExceptionView>))
)]
pub async fn exceptions(
    State(state): State<ApiState>,
    Query(query): Query<ExceptionQuery>,
) -> Result<Json<Page<ExceptionView>>, Problem> {
    Ok(Json(Page::whole(read::exceptions::list(state.ledger.as_ref(), query.all, query.key.as_deref()).await)))
}
