//! The pages, one file each: read through the API's functions, fill a template.

pub mod approvals;
pub mod clock;
pub mod conservation;
pub mod deal;
pub mod deals;
pub mod exceptions;
pub mod find;
pub mod invoice;
pub mod login;
pub mod plugins;
pub mod reconciliation;
pub mod systems;

use api::Problem;
use askama::Template;
use axum::http::{StatusCode, Uri};
use axum::response::{Html, IntoResponse, Response};

/// A page that says no, with what to do.
pub struct Refused(pub Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    title: &'a str,
    detail: &'a str,
    hint: &'a str,
    code: &'a str,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let page =
            ProblemPage { title: &problem.title, detail: &problem.detail, hint: &problem.hint, code: &problem.code };
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, render(&page)).into_response()
    }
}

/// A filled template as an answer.
fn render(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            (StatusCode::INTERNAL_SERVER_ERROR, "this page could not be rendered; the host's log says why")
                .into_response()
        }
    }
}

/// No such page.
pub async fn missing(uri: Uri) -> Refused {
    Refused(Problem::not_found("page", uri.path(), "the deals are at /console"))
}

/// A form that did not come from our own page.
pub fn foreign_form() -> Response {
    Refused(Problem::new(
        StatusCode::FORBIDDEN,
        "foreign-form",
        "this form came from another site",
        "open the console and ask for it there",
    ))
    .into_response()
}
