//! Lists by the page: opaque cursors, and a `Link` header (RFC 8288) beside the body.

use axum::Json;
use axum::http::{HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::Problem;

/// Items of a page when the caller names no number.
pub const PAGE_ITEMS_DEFAULT: usize = 100;

/// Items of a page at most: a page of the largest items stays well under ten megabytes.
pub const PAGE_ITEMS_MAX: usize = 500;

/// Which part of a list.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Where the last page ended: the `next` of its answer.
    pub cursor: Option<String>,
    /// At most so many items, 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<usize>,
}

impl PageQuery {
    /// How many items to read.
    ///
    /// # Errors
    /// When the number is out of range.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(PAGE_ITEMS_DEFAULT),
            Some(limit) if (1..=PAGE_ITEMS_MAX).contains(&limit) => Ok(limit),
            Some(limit) => Err(Problem::invalid(
                "?limit",
                format!("limit {limit} is not between 1 and {PAGE_ITEMS_MAX}"),
                "ask for less and follow `next`",
            )),
        }
    }

    /// The cursor as a sequence number; 0 at the beginning.
    ///
    /// # Errors
    /// When it is not one of ours.
    pub fn after_seq(&self) -> Result<u64, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(0) };
        cursor.parse().map_err(|_| {
            Problem::invalid(
                "?cursor",
                format!("'{cursor}' is no cursor of this list"),
                "use the `next` of an answer, unchanged",
            )
        })
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, in a stable order.
    pub items: Vec<T>,
    /// The cursor of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// A list that fits one page.
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }

    /// A page of `limit` items: when it is full there may be more, after what `cursor` says of the last.
    pub fn cut(items: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let next = if items.len() >= limit { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

/// A page as an answer, with `Link: <…>; rel="next"` when there is a next page.
pub struct Paged<T> {
    /// The page.
    pub page: Page<T>,
    /// What was asked for.
    pub uri: Uri,
}

impl<T: Serialize> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        let link = self.page.next.as_deref().and_then(|next| next_link(&self.uri, next));
        let mut answer = Json(self.page).into_response();
        if let Some(link) = link {
            answer.headers_mut().insert(header::LINK, link);
        }
        answer
    }
}

fn next_link(uri: &Uri, next: &str) -> Option<HeaderValue> {
    let others = uri.query().unwrap_or("").split('&').filter(|pair| !pair.is_empty() && !pair.starts_with("cursor="));
    let cursor = format!("cursor={}", utf8_percent_encode(next, NON_ALPHANUMERIC));
    let query: Vec<&str> = others.chain([cursor.as_str()]).collect();
    HeaderValue::from_str(&format!("<{}?{}>; rel=\"next\"", uri.path(), query.join("&"))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_keeps_the_query_and_moves_the_cursor() {
        let uri: Uri = "/api/v1/events?kind=quote.accepted&cursor=5&limit=2".parse().unwrap();
        let link = next_link(&uri, "Q-1/x").unwrap();
        assert_eq!(link, "</api/v1/events?kind=quote.accepted&limit=2&cursor=Q%2D1%2Fx>; rel=\"next\"");
    }

    #[test]
    fn limits_are_held() {
        for (limit, ok) in [(Some(0), false), (Some(1), true), (Some(500), true), (Some(501), false), (None, true)] {
            assert_eq!(PageQuery { cursor: None, limit }.limit().is_ok(), ok, "{limit:?}");
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        let query = PageQuery { cursor: Some("abc".into()), limit: None };
        assert_eq!(query.after_seq().unwrap_err().errors[0].pointer, "?cursor");
    }
}
