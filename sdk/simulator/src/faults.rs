//! The switchboard's plugs: which requests go wrong, how, and how often.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is cut before the vendor's code sees the request.
    DropRequest,
    /// The vendor carries it out, then the connection is cut without an answer.
    DropAnswerAfterCommit,
    /// The vendor starts `delay_ms` later. It carries on when the client has given up by then.
    Delay,
    /// The vendor carries it out at once and answers `delay_ms` later.
    DelayAnswer,
    /// Too many requests, in the vendor's dialect.
    Throttle,
    /// 5xx in the vendor's dialect; `status` chooses which. Nothing is carried out.
    ServerError,
    /// The vendor carries it out, then answers a 5xx.
    ServerErrorAfterCommit,
    /// Half of the answer's body arrives, then the connection is cut.
    Truncate,
    /// A proxy's HTML page instead of an answer; `status` is 502 unless given. Nothing is carried out.
    Html,
    /// The token expires with this request.
    ExpireToken,
    /// The credential may not do this.
    Forbidden,
    /// A 401 whose text repeats the credential that was sent, as careless vendors do.
    EchoCredential,
    /// The rows of the page arrive twice.
    DuplicatePage,
    /// `field` is gone from the answer, wherever it stood.
    FieldRemoved,
    /// `field` is called `to` in the answer.
    FieldRenamed,
    /// `field` has another JSON type in the answer: text becomes an object, everything else text.
    FieldRetyped,
    /// A write must carry `field`; without it the vendor refuses.
    NewRequiredField,
    /// The version of the API in the path is retired.
    VersionRetired,
    /// A fault of the vendor's own; see the simulator's help.
    #[serde(untagged)]
    Own(String),
}

impl Fault {
    /// The name on the wire.
    pub fn name(&self) -> String {
        match self {
            Fault::Own(name) => name.clone(),
            known => serde_json::to_value(known).ok().and_then(|v| v.as_str().map(Into::into)).unwrap_or_default(),
        }
    }
}

/// One plugged-in fault.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// Which requests: `POST /path-prefix`, or `/path-prefix` for any method. `*` stands for any
    /// characters; the query counts as part of the path.
    pub route: String,
    /// What goes wrong.
    pub fault: Fault,
    /// How many requests it hits; 0 means all until it is removed.
    #[serde(default = "once")]
    pub times: u32,
    /// How many matching requests pass unharmed first.
    #[serde(default)]
    pub after: u32,
    /// Milliseconds, for the delays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// HTTP status, for `server_error` and `html`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Seconds the client is told to wait, for `throttle`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Field, for the field faults.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// New name, for `field_renamed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The vendor's own choice, for faults with variants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Requests hit so far.
    #[serde(default)]
    pub hits: u32,
}

fn once() -> u32 {
    1
}

impl FaultSpec {
    /// Whether a request is one of those meant.
    fn matches(&self, method: &str, target: &str) -> bool {
        let (wanted_method, pattern) = match self.route.split_once(' ') {
            Some((method, pattern)) => (Some(method), pattern),
            None => (None, self.route.as_str()),
        };
        let method_fits = wanted_method.is_none_or(|wanted| wanted == "*" || wanted.eq_ignore_ascii_case(method));
        method_fits && glob_prefix(pattern, target)
    }
}

/// Whether `text` starts with what `pattern` describes, where `*` is any run of characters.
fn glob_prefix(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| text.strip_prefix(first)) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    true
}

/// The plugged-in faults.
#[derive(Debug, Default)]
pub(crate) struct FaultTable {
    plugs: Mutex<Vec<FaultSpec>>,
}

impl FaultTable {
    pub(crate) fn plug(&self, spec: FaultSpec) {
        self.plugs.lock().unwrap_or_else(PoisonError::into_inner).push(spec);
    }

    pub(crate) fn clear(&self) {
        self.plugs.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn list(&self) -> Vec<FaultSpec> {
        self.plugs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The fault for this request, if any: the first plug that matches and is not used up. A
    /// matching plug that still lets requests pass counts this one and lets it pass.
    pub(crate) fn take(&self, method: &str, target: &str) -> Option<FaultSpec> {
        let mut plugs = self.plugs.lock().unwrap_or_else(PoisonError::into_inner);
        for plug in plugs.iter_mut() {
            if !plug.matches(method, target) || (plug.times > 0 && plug.hits >= plug.times) {
                continue;
            }
            if plug.after > 0 {
                plug.after -= 1;
                continue;
            }
            plug.hits += 1;
            return Some(plug.clone());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(route: &str, times: u32, after: u32) -> FaultSpec {
        serde_json::from_value(serde_json::json!({"route": route, "fault": "throttle", "times": times, "after": after}))
            .unwrap()
    }

    #[test]
    fn routes_match_by_method_prefix_and_star() {
        let cases = [
            ("POST /a", "POST", "/a/b", true),
            ("post /a", "POST", "/a", true),
            ("GET /a", "POST", "/a", false),
            ("/a", "PATCH", "/abc", true),
            ("* /a", "PATCH", "/abc", true),
            ("GET /x/*/lines", "GET", "/x/17/lines?q=1", true),
            ("GET /x/*/lines", "GET", "/x/17/rows", false),
            ("GET /q*Opportunity", "GET", "/query?q=SELECT+Id+FROM+Opportunity", true),
        ];
        for (route, method, target, expected) in cases {
            assert_eq!(spec(route, 1, 0).matches(method, target), expected, "{route} on {method} {target}");
        }
    }

    #[test]
    fn a_plug_hits_as_often_as_asked() {
        let table = FaultTable::default();
        table.plug(spec("/a", 2, 1));
        let hits: Vec<bool> = (0..5).map(|_| table.take("GET", "/a").is_some()).collect();
        assert_eq!(hits, [false, true, true, false, false]);
        table.plug(spec("/b", 0, 0));
        assert!((0..9).all(|_| table.take("GET", "/b").is_some()));
    }

    #[test]
    fn unknown_names_are_kept_as_the_vendors_own() {
        let fault: Fault = serde_json::from_value("row_lock".into()).unwrap();
        assert_eq!(fault, Fault::Own("row_lock".into()));
        let fault: Fault = serde_json::from_value("drop_request".into()).unwrap();
        assert_eq!((fault.name().as_str(), &fault), ("drop_request", &Fault::DropRequest));
    }
}
