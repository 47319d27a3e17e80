//! One request on the wire, and whether it may have arrived.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use ports::{HttpResponse, SendError};
use reqwest::{Client, Request};
use tokio::time::{Instant, timeout_at};

use crate::answer::{self, BodyError};
use crate::credential::Stamp;
use crate::gate::Admitted;

/// A body that notes when it is first asked for.
struct NotingBody {
    bytes: Option<Bytes>,
    left: Arc<AtomicBool>,
}

impl Body for NotingBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.left.store(true, Ordering::Release);
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Sends a request and takes the answer. Errors carry no query and no header; the caller passes
/// them through the redactor.
pub(crate) async fn transmit(
    client: &Client,
    admitted: Admitted,
    stamp: Option<&Stamp>,
    deadline: Instant,
    response_limit_bytes: u64,
) -> Result<HttpResponse, SendError> {
    let left = admitted.body.as_ref().map(|_| Arc::new(AtomicBool::new(false)));
    let request = assemble(admitted, stamp, left.as_ref());
    let has_left = || left.as_ref().map(|left| left.load(Ordering::Acquire));
    let mut response = match timeout_at(deadline, client.execute(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(answer::classify(&error, has_left())),
        Err(_) if has_left() == Some(false) => {
            return Err(SendError::NotSent("no connection before the deadline".into()));
        }
        Err(_) => {
            return Err(SendError::UnknownOutcome("no answer before the deadline".into()));
        }
    };
    let status = response.status().as_u16();
    let broken = |what: &str| SendError::UnknownOutcome(format!("status {status} came, but its body {what}"));
    let mut body = match timeout_at(deadline, answer::collect(&mut response, response_limit_bytes)).await {
        Ok(Ok(body)) => body,
        Ok(Err(BodyError::TooLarge)) => {
            return Err(SendError::TooLarge { limit_bytes: response_limit_bytes });
        }
        Ok(Err(BodyError::Broken(error))) => {
            return Err(broken(&format!("broke off: {}", answer::causes(&error))));
        }
        Err(_) => return Err(broken("did not end before the deadline")),
    };
    let mut headers = answer::headers(response.headers());
    if let Some(stamp) = stamp {
        answer::strike_echo(stamp.echoes(), &mut headers, &mut body);
    }
    Ok(HttpResponse { status, headers, body })
}

fn assemble(admitted: Admitted, stamp: Option<&Stamp>, left: Option<&Arc<AtomicBool>>) -> Request {
    let mut request = Request::new(admitted.method, admitted.target.into_url());
    *request.headers_mut() = admitted.headers;
    if let Some(stamp) = stamp {
        request.headers_mut().insert(stamp.header.clone(), stamp.value.clone());
    }
    if let (Some(bytes), Some(left)) = (admitted.body, left) {
        let body = NotingBody { bytes: Some(bytes), left: Arc::clone(left) };
        *request.body_mut() = Some(reqwest::Body::wrap(body));
    }
    request
}
