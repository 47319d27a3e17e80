//! Content on its way in: at once, in pieces, resumed, mounted from another repository, or given up.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use quoin_package::PluginName;
use tokio::fs::OpenOptions;
use tokio::io::AsyncWriteExt;

use super::route::{parse_digest, unknown_upload};
use super::{CONTENT_DIGEST, Call, no_method, on_disk};
use crate::digest::{Algorithm, Digest};
use crate::error::{Code, Refusal};
use crate::name::Repository;
use crate::registry::{Need, Registry};
use crate::store::{Upload, UploadId, digest_of};

/// `POST …/blobs/uploads/`
pub async fn begin(call: Call, repository: Repository) -> Result<Response, Refusal> {
    if call.method != Method::POST {
        return Err(no_method(&call.method));
    }
    call.app.permit(&call.headers, Need::Push(&repository))?;
    if let Some(name) = call.query("digest-algorithm")
        && Algorithm::parse(name).is_none()
    {
        let message = format!("'{name}' is no digest algorithm of this registry; use sha256 or sha512");
        return Err(Refusal::invalid(Code::DigestInvalid, message));
    }
    if let Some(mounted) = mount(&call, &repository)? {
        return Ok(mounted);
    }
    let digest = call.query("digest").map(parse_digest).transpose()?;
    let id = call.app.store.begin_upload(&repository)?;
    let Some(digest) = digest else { return Ok(progress(StatusCode::ACCEPTED, &repository, id, 0)) };
    let upload = taken(&call.app, &repository, id)?;
    let Call { app, headers, body, .. } = call;
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let received = receive(&app, &repository, &upload, 0, length, body).await;
    finish(app, repository, upload, digest, received).await
}

/// What a client asks to mount; `None` when it does not, or it is not there.
fn mount(call: &Call, repository: &Repository) -> Result<Option<Response>, Refusal> {
    let Some(digest) = call.query("mount") else { return Ok(None) };
    let digest = parse_digest(digest)?;
    let from = call.query("from").and_then(Repository::parse);
    call.app.permit(&call.headers, Need::Pull)?;
    let limit = limit(&call.app, repository);
    let size = std::fs::metadata(call.app.store.blob_path(&digest)).map(|metadata| metadata.len());
    if size.is_ok_and(|size| size > limit) || !call.app.store.mount(repository, &digest, from.as_ref())? {
        return Ok(None);
    }
    Ok(Some(created(repository, &digest)))
}

/// `PATCH`, `PUT`, `GET` and `DELETE` of an upload.
pub async fn go_on(call: Call, repository: Repository, id: UploadId) -> Result<Response, Refusal> {
    call.app.permit(&call.headers, Need::Push(&repository))?;
    let upload = taken(&call.app, &repository, id)?;
    let size = upload.size()?;
    match call.method {
        Method::GET | Method::HEAD => Ok(progress(StatusCode::NO_CONTENT, &repository, id, size)),
        Method::DELETE => {
            call.app.store.end_upload(&upload)?;
            Ok(StatusCode::NO_CONTENT.into_response())
        }
        Method::PATCH => {
            let length = piece(&call, size)?;
            let size = receive(&call.app, &repository, &upload, size, length, call.body).await?;
            Ok(progress(StatusCode::ACCEPTED, &repository, id, size))
        }
        Method::PUT => {
            let digest = call.query("digest").ok_or_else(|| {
                Refusal::invalid(Code::DigestInvalid, "the closing PUT names the digest of the whole: ?digest=sha256:…")
            })?;
            let digest = parse_digest(digest)?;
            let length = piece(&call, size)?;
            let Call { app, body, .. } = call;
            let received = receive(&app, &repository, &upload, size, length, body).await;
            finish(app, repository, upload, digest, received).await
        }
        _ => Err(no_method(&call.method)),
    }
}

fn taken(app: &Arc<Registry>, repository: &Repository, id: UploadId) -> Result<Upload, Refusal> {
    let upload = app.store.upload(&app.busy, repository, id).map_err(|error| match error.kind() {
        std::io::ErrorKind::ResourceBusy => Refusal::new(
            StatusCode::CONFLICT,
            Code::BlobUploadInvalid,
            "another request writes to this upload; wait for its answer, then ask for the upload's range",
        ),
        _ => error.into(),
    })?;
    upload.ok_or_else(|| unknown_upload(&id.to_string()))
}

/// The bytes a piece will have, when it says so; refused when it does not follow what is there.
fn piece(call: &Call, size: u64) -> Result<Option<u64>, Refusal> {
    let length = call.header("content-length").and_then(|text| text.parse().ok());
    let Some(text) = call.header("content-range") else { return Ok(length) };
    let spec = text.strip_prefix("bytes ").unwrap_or(text).split('/').next().unwrap_or_default();
    let range = spec.split_once('-').and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
    let Some((first, last)) = range.filter(|(first, last): &(u64, u64)| first <= last) else {
        let message = format!("Content-Range '{text}' is not of the form 0-99");
        return Err(Refusal::invalid(Code::BlobUploadInvalid, message));
    };
    if first != size {
        return Err(Refusal::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            Code::BlobUploadInvalid,
            format!("the upload has {size} bytes, so the next piece begins at {size}, not at {first}"),
        )
        .with_header("range", range_of(size)));
    }
    let promised = last - first + 1;
    if length.is_some_and(|length| length != promised) {
        let message = format!("Content-Range names {promised} bytes, Content-Length another number");
        return Err(Refusal::invalid(Code::SizeInvalid, message));
    }
    Ok(Some(promised))
}

/// Appends a body to an upload, or leaves the upload as it was. The new size.
async fn receive(
    app: &Registry,
    repository: &Repository,
    upload: &Upload,
    size: u64,
    promised: Option<u64>,
    body: Body,
) -> Result<u64, Refusal> {
    let limit = limit(app, repository);
    let mut file = OpenOptions::new().append(true).open(&upload.path).await?;
    let mut now = size;
    let mut pieces = body.into_data_stream();
    let mut refused = None;
    while let Some(piece) = pieces.next().await {
        let Ok(piece) = piece else {
            // What arrived before the line broke stays: the client asks for the range and goes on.
            file.flush().await?;
            let message = "the body broke off; ask for the upload's range and go on from there";
            return Err(Refusal::invalid(Code::BlobUploadInvalid, message));
        };
        now += piece.len() as u64;
        if now > limit {
            refused = Some(too_large(limit, repository));
            break;
        }
        file.write_all(&piece).await?;
    }
    file.flush().await?;
    if refused.is_none() && promised.is_some_and(|promised| promised != now - size) {
        let message = format!("{} bytes came instead of those that were promised; send the piece again", now - size);
        refused = Some(Refusal::invalid(Code::SizeInvalid, message));
    }
    match refused {
        None => Ok(now),
        Some(refusal) => {
            file.set_len(size).await?;
            Err(refusal)
        }
    }
}

fn limit(app: &Registry, repository: &Repository) -> u64 {
    match PluginName::of_repository(repository.as_str()) {
        Some(_) => app.settings.component_bytes_max,
        None => app.settings.blob_bytes_max,
    }
}

fn too_large(limit: u64, repository: &Repository) -> Refusal {
    let mend = match PluginName::of_repository(repository.as_str()) {
        Some(_) => {
            "build the plugin in release (cargo xtask plugins, or --profile plugin), or leave engine features out"
        }
        None => "ask the operator to raise --max-blob-mib",
    };
    Refusal::too_large(
        Code::SizeInvalid,
        format!("the content is larger than the {limit} bytes that {repository} takes; {mend}"),
    )
}

/// Checks the digest, flushes, and gives the content its name. An upload that fails here is over.
async fn finish(
    app: Arc<Registry>,
    repository: Repository,
    upload: Upload,
    digest: Digest,
    received: Result<u64, Refusal>,
) -> Result<Response, Refusal> {
    if let Err(refusal) = received {
        if refusal.status == StatusCode::PAYLOAD_TOO_LARGE {
            app.store.end_upload(&upload)?;
        }
        return Err(refusal);
    }
    on_disk(move || {
        let found = digest_of(&upload.path, digest.algorithm())?;
        if found != digest {
            app.store.end_upload(&upload)?;
            return Err(Refusal::invalid(
                Code::DigestInvalid,
                format!("the content is {found}, not {digest}: it was changed or cut off on its way; send it again"),
            ));
        }
        std::fs::File::open(&upload.path)?.sync_all()?;
        app.store.admit(&repository, &digest, &upload.path)?;
        app.store.end_upload(&upload)?;
        Ok(created(&repository, &digest))
    })
    .await
}

fn created(repository: &Repository, digest: &Digest) -> Response {
    let headers =
        [(header::LOCATION.as_str(), format!("/v2/{repository}/blobs/{digest}")), (CONTENT_DIGEST, digest.to_string())];
    (StatusCode::CREATED, headers).into_response()
}

fn progress(status: StatusCode, repository: &Repository, id: UploadId, size: u64) -> Response {
    let headers = [
        (header::LOCATION.as_str(), format!("/v2/{repository}/blobs/uploads/{id}")),
        (header::RANGE.as_str(), range_of(size)),
        ("docker-upload-uuid", id.to_string()),
    ];
    (status, headers).into_response()
}

/// `0-<last byte>`. Nothing is written `0-0` too: the specification has no other form for it.
fn range_of(size: u64) -> String {
    format!("0-{}", size.saturating_sub(1))
}
