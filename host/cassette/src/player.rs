//! Stands in the place of the way out, and answers from a recording. Nothing leaves the machine.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ports::{CallContext, HttpRequest, HttpResponse, Outbound, SendError};

use crate::format::{Exchange, RecordedRequest};

/// [`Outbound`] that plays one call's exchanges.
#[derive(Default)]
pub struct Player {
    tape: Mutex<Tape>,
}

#[derive(Default)]
struct Tape {
    /// Recorded, and whether it was played.
    exchanges: Vec<(Exchange, bool)>,
    /// What was asked for and is not on the tape.
    unexpected: Vec<RecordedRequest>,
}

impl Player {
    /// A player with these exchanges.
    pub fn new(exchanges: Vec<Exchange>) -> Self {
        let player = Self::default();
        player.load(exchanges);
        player
    }

    /// Puts another tape in.
    pub fn load(&self, exchanges: Vec<Exchange>) {
        let exchanges = exchanges.into_iter().map(|exchange| (exchange, false)).collect();
        *self.tape.lock().unwrap_or_else(PoisonError::into_inner) = Tape { exchanges, unexpected: Vec::new() };
    }

    /// Requests that were sent and are not on the tape, in order.
    pub fn unexpected(&self) -> Vec<RecordedRequest> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner).unexpected.clone()
    }

    /// Requests that are on the tape and were not sent, in order.
    pub fn missed(&self) -> Vec<RecordedRequest> {
        let tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        tape.exchanges.iter().filter(|(_, played)| !played).map(|(exchange, _)| exchange.request.clone()).collect()
    }
}

/// Whether two requests ask for the same: method, address, body, slot and key. Headers may differ, since an SDK's
/// own may change with its version.
fn same(one: &RecordedRequest, other: &RecordedRequest) -> bool {
    (&one.method, &one.url, &one.body, &one.credential, &one.idempotency_key)
        == (&other.method, &other.url, &other.body, &other.credential, &other.idempotency_key)
}

#[async_trait]
impl Outbound for Player {
    async fn send(&self, _call: &CallContext, request: HttpRequest) -> Result<HttpResponse, SendError> {
        let sent = RecordedRequest::of(&request);
        let mut tape = self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        let found = tape.exchanges.iter_mut().find(|(exchange, played)| !played && same(&exchange.request, &sent));
        if let Some((exchange, played)) = found {
            *played = true;
            return exchange.reply.again();
        }
        let message = format!("{} {} is not on the cassette", sent.method, sent.url);
        tape.unexpected.push(sent);
        Err(SendError::Denied(message))
    }
}
