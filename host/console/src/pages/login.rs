//! Coming in and going out.

use askama::Template;
use axum::extract::{Form, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::render;
use crate::ConsoleState;
use crate::session::{enter, leave, own_path, query_value};

#[derive(Template)]
#[template(path = "login.html")]
pub(crate) struct LoginPage<'a> {
    next: &'a str,
    refused: bool,
}

/// `GET /console/login`
pub async fn form(uri: Uri) -> Response {
    let next = query_value(&uri, "next").unwrap_or_default();
    render(&LoginPage { next: own_path(&next), refused: false })
}

/// What the form holds.
#[derive(Deserialize)]
pub struct LoginForm {
    token: String,
    #[serde(default)]
    next: String,
}

/// `POST /console/login`
pub async fn submit(State(state): State<ConsoleState>, Form(form): Form<LoginForm>) -> Response {
    enter(&state, form.token.trim(), own_path(&form.next))
}

/// `POST /console/logout`
pub async fn out(State(state): State<ConsoleState>) -> Response {
    leave(&state)
}

/// The form again, saying that the token is not known.
pub fn refused(next: &str) -> Response {
    let mut response = render(&LoginPage { next: own_path(next), refused: true });
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNAUTHORIZED;
    }
    response.into_response()
}
