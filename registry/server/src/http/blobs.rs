//! Content: whole, in part, or its size alone.

use std::path::PathBuf;

use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;
use quoin_package::PluginName;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt, SeekFrom};

use super::{CONTENT_DIGEST, Call, may_pull, no_method};
use crate::digest::Digest;
use crate::error::{Code, Refusal};
use crate::name::Repository;
use crate::registry::Need;

/// Bytes read from the disk at once.
const PIECE_BYTES: u64 = 128 << 10;

/// `GET`, `HEAD` and `DELETE` of content.
pub async fn answer(call: Call, repository: &Repository, digest: &Digest) -> Result<Response, Refusal> {
    match call.method {
        Method::GET | Method::HEAD => get(call, repository, digest).await,
        Method::DELETE => delete(&call, repository, digest),
        _ => Err(no_method(&call.method)),
    }
}

async fn get(call: Call, repository: &Repository, digest: &Digest) -> Result<Response, Refusal> {
    may_pull(&call)?;
    harmless(&call, repository, digest)?;
    let Some((path, size)) = call.app.store.blob(repository, digest)? else { return Err(unknown(digest)) };
    let range = match call.header("range") {
        None => None,
        Some(text) => wanted(text, size)?,
    };
    let (status, first, length) = match range {
        None => (StatusCode::OK, 0, size),
        Some((first, last)) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
    };
    let body = if call.method == Method::HEAD { Body::empty() } else { body(path, first, length).await? };
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH.as_str(), length.to_string()),
        (header::ACCEPT_RANGES.as_str(), "bytes".to_owned()),
        (header::ETAG.as_str(), format!("\"{digest}\"")),
        (header::CACHE_CONTROL.as_str(), "max-age=31536000, immutable".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS.as_str(), "nosniff".to_owned()),
        (CONTENT_DIGEST, digest.to_string()),
    ];
    let mut response = (status, headers, body).into_response();
    if let Some((first, last)) = range
        && let Ok(value) = format!("bytes {first}-{last}/{size}").parse()
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// Refuses the component of a version that was revoked.
fn harmless(call: &Call, repository: &Repository, digest: &Digest) -> Result<(), Refusal> {
    let Some(name) = PluginName::of_repository(repository.as_str()) else { return Ok(()) };
    let index = call.app.index()?;
    let releases = index.plugin(&name).into_iter().flat_map(|plugin| plugin.releases.values());
    let revoked = releases
        .filter(|release| release.published.component == *digest)
        .find_map(|release| release.attention.revoked.as_ref().map(|reason| (&release.published.version, reason)));
    match revoked {
        Some((version, reason)) => Err(Refusal::denied(format!(
            "{name} {version} was revoked and must not run: {reason}; take another version"
        ))),
        None => Ok(()),
    }
}

/// One range of RFC 9110 section 14.1.2, as first and last byte. Several ranges, and other units, are answered whole.
fn wanted(text: &str, size: u64) -> Result<Option<(u64, u64)>, Refusal> {
    let Some(spec) = text.trim().strip_prefix("bytes=").filter(|spec| !spec.contains(',')) else { return Ok(None) };
    let Some((from, to)) = spec.trim().split_once('-') else { return Ok(None) };
    let range = match (from.parse::<u64>().ok(), to.parse::<u64>().ok()) {
        (Some(first), Some(last)) if last < first => return Ok(None),
        (Some(first), Some(last)) => (first, last.min(size.saturating_sub(1))),
        (Some(first), None) if to.is_empty() => (first, size.saturating_sub(1)),
        (None, Some(count)) if from.is_empty() => {
            (if count == 0 { size } else { size.saturating_sub(count) }, size.saturating_sub(1))
        }
        _ => return Ok(None),
    };
    if range.0 >= size {
        let refusal = Refusal::new(
            StatusCode::RANGE_NOT_SATISFIABLE,
            Code::SizeInvalid,
            format!("the content has {size} bytes; the range begins behind its end"),
        );
        return Err(refusal.with_header("content-range", format!("bytes */{size}")));
    }
    Ok(Some(range))
}

async fn body(path: PathBuf, first: u64, length: u64) -> Result<Body, Refusal> {
    let mut file = File::open(path).await?;
    file.seek(SeekFrom::Start(first)).await?;
    let pieces = stream::try_unfold((file, length), |(mut file, left)| async move {
        if left == 0 {
            return Ok::<_, std::io::Error>(None);
        }
        let mut piece = vec![0; usize::try_from(left.min(PIECE_BYTES)).unwrap_or(0)];
        file.read_exact(&mut piece).await?;
        let read = piece.len() as u64;
        Ok(Some((Bytes::from(piece), (file, left - read))))
    });
    Ok(Body::from_stream(pieces))
}

fn delete(call: &Call, repository: &Repository, digest: &Digest) -> Result<Response, Refusal> {
    call.app.permit(&call.headers, Need::Push(repository))?;
    if PluginName::of_repository(repository.as_str()).is_some() {
        return Err(Refusal::unsupported(
            "content of a plugin is never deleted; take a version back with `quoin registry yank` or `quoin registry revoke`",
        ));
    }
    if !call.app.settings.deletion {
        return Err(Refusal::unsupported("this registry deletes nothing; it was started with --no-delete"));
    }
    if !call.app.store.unlink(repository, digest)? {
        return Err(unknown(digest));
    }
    call.app.store.sweep(std::slice::from_ref(digest))?;
    Ok(StatusCode::ACCEPTED.into_response())
}

fn unknown(digest: &Digest) -> Refusal {
    Refusal::unknown(Code::BlobUnknown, format!("this repository holds no content {digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_means_them() {
        for (text, range) in [
            ("bytes=0-3", Some((0, 3))),
            ("bytes=4-", Some((4, 9))),
            ("bytes=-3", Some((7, 9))),
            ("bytes=-99", Some((0, 9))),
            ("bytes=2-99", Some((2, 9))),
            ("bytes=5-4", None),
            ("bytes=0-1,3-4", None),
            ("lines=0-1", None),
            ("bytes=a-b", None),
        ] {
            assert_eq!(wanted(text, 10).unwrap(), range, "{text}");
        }
        for text in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            assert_eq!(wanted(text, 10).unwrap_err().status, StatusCode::RANGE_NOT_SATISFIABLE, "{text}");
        }
        assert!(wanted("bytes=0-", 0).is_err());
    }
}
