//! What a plugin wrote, turned into what may leave: method, headers, body.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use policy::network::{Denial, ReadingPosts, Target, judge_read};
use ports::{Access, HttpRequest, SendError};

/// Headers of one request, at most.
const MAX_HEADERS: usize = 100;
/// Names and values of all headers together, in bytes: above it, common servers refuse.
const MAX_HEADER_BYTES: usize = 32 * 1024;

/// A request that may leave, before its credential.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Option<Bytes>,
}

pub(crate) fn denied(denial: &Denial) -> SendError {
    SendError::Denied(denial.to_string())
}

fn refuse(rule: &'static str, message: impl Into<String>, remedy: &str) -> SendError {
    denied(&Denial { rule, message: message.into(), remedy: remedy.to_owned() })
}

/// Checks everything about a request but its origin. `target` is its URL, read before.
pub(crate) fn admit(
    request: HttpRequest,
    target: Target,
    access: Access,
    reading_posts: &ReadingPosts,
    idempotency_header: Option<&HeaderName>,
    request_limit_bytes: u64,
) -> Result<Admitted, SendError> {
    let method = method(&request.method)?;
    if access == Access::Read {
        judge_read(method.as_str(), target.path(), reading_posts).map_err(|denial| denied(&denial))?;
    }
    let mut headers = headers(&request.headers, access)?;
    if let (Some(name), Some(key)) = (idempotency_header, &request.idempotency_key) {
        headers.insert(name, header_value(name.as_str(), key)?);
    }
    let body = request.body.filter(|body| !body.is_empty());
    if let Some(length) = body.as_ref().map(|body| body.len() as u64).filter(|length| *length > request_limit_bytes) {
        return Err(refuse(
            "request-size",
            format!("the body has {length} bytes, the limit is {request_limit_bytes}"),
            "send less at once, or raise request_limit_bytes in the connection's settings",
        ));
    }
    Ok(Admitted { method, target, headers, body })
}

fn method(name: &str) -> Result<Method, SendError> {
    let known_form = !name.is_empty() && name.len() <= 16 && name.bytes().all(|byte| byte.is_ascii_uppercase());
    match Method::from_bytes(name.as_bytes()) {
        Ok(method) if known_form && method != Method::CONNECT && method != Method::TRACE => Ok(method),
        _ => Err(refuse(
            "method",
            "the method is not one that may leave",
            "use GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS, in capitals",
        )),
    }
}

fn headers(given: &[(String, String)], access: Access) -> Result<HeaderMap, SendError> {
    let bytes: usize = given.iter().map(|(name, value)| name.len() + value.len()).sum();
    if given.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err(refuse(
            "header-limit",
            format!("{} headers of {bytes} bytes; the limits are {MAX_HEADERS} and {MAX_HEADER_BYTES}", given.len()),
            "send fewer headers",
        ));
    }
    let mut headers = HeaderMap::with_capacity(given.len() + 3);
    for (name, value) in given {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| refuse("header-form", "a header's name is not a token", "use letters, digits and '-'"))?;
        judge_header(parsed.as_str(), access)?;
        if parsed == http::header::ACCEPT_ENCODING {
            // The host negotiates compression and hands on plain bytes, whatever was asked for.
            continue;
        }
        let value = header_value(name, value)?;
        headers.append(parsed, value);
    }
    Ok(headers)
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, SendError> {
    HeaderValue::from_str(value).map_err(|_| {
        refuse(
            "header-form",
            format!("the value of header '{name}' holds control or non-ASCII characters"),
            "encode it",
        )
    })
}

/// `name` in lower case.
fn judge_header(name: &str, access: Access) -> Result<(), SendError> {
    let why = match name {
        "authorization" | "cookie" | "cookie2" | "set-cookie" => {
            Some("credentials are attached by the host; name a credential slot in the request")
        }
        "host" => Some("the host is taken from the URL"),
        "connection" | "keep-alive" | "te" | "trailer" | "transfer-encoding" | "upgrade" | "content-length"
        | "expect" | "http2-settings" => Some("the host manages the connection and the length of the body"),
        "x-http-method-override" | "x-http-method" | "x-method-override" if access == Access::Read => {
            Some("a read grant does not cover a method that another one hides")
        }
        _ if name.starts_with("proxy-") => Some("the host uses no proxy on a plugin's behalf"),
        _ => None,
    };
    match why {
        None => Ok(()),
        Some(why) => Err(refuse("header-reserved", format!("header '{name}' may not be set by a plugin"), why)),
    }
}
