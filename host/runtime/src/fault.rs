//! What it means when a call has no result.

use ports::{CallError, GuestFault, GuestFaultClass, Secrets};
use process::{Fault, FaultKind};
use wasmtime::component::ResourceTableError;
use wasmtime::{PoolConcurrencyLimitError, Trap};
use wasmtime_wasi::I32Exit;

use crate::bindings::imports::quoin::types::types::{Fault as Border, FaultKind as BorderKind};
use crate::call::{HANDLES, State};
use crate::door::cut;

/// What is kept of a plugin's last words, bytes.
const LAST_WORDS_BYTES: usize = 2 << 10;
/// What is kept of a fault's texts, bytes.
const FAULT_TEXT_BYTES: usize = 4 << 10;

/// A plugin that misbehaved.
pub fn guest(class: GuestFaultClass, message: impl Into<String>) -> CallError {
    CallError::Guest(GuestFault { class, message: message.into() })
}

/// The host has no place now; nothing was done.
pub fn busy(message: impl Into<String>) -> CallError {
    let fault = Fault { retry_after_ms: Some(1_000), ..Fault::new(FaultKind::Unavailable, "HOST_BUSY", message) };
    CallError::Fault(fault)
}

/// The wall clock ran out.
pub fn timeout(state: &State, wall_ms: u64) -> CallError {
    let waiting = state.door.calls.iter().rev().find(|call| call.status.is_none() && call.micros == 0);
    let at = waiting.map(|call| format!(", while waiting for {} {}", call.method, call.target)).unwrap_or_default();
    guest(GuestFaultClass::Timeout, format!("stopped after {wall_ms} ms{at}"))
}

/// Classifies how wasmtime ended a call. The limiter's record comes before the trap: a plugin that
/// is refused memory only aborts.
pub fn classify(error: &wasmtime::Error, state: &State, secrets: &dyn Secrets) -> CallError {
    use GuestFaultClass as Class;
    if error.is::<PoolConcurrencyLimitError>() {
        return busy("every place for plugin calls is taken");
    }
    let words = secrets.redact(&state.stderr.tail(LAST_WORDS_BYTES));
    let said = if words.is_empty() { String::new() } else { format!(": {words}") };
    let trap = error.downcast_ref::<Trap>();
    if state.cpu_spent || trap == Some(&Trap::Interrupt) {
        return guest(Class::Timeout, format!("used more processor time than one call may{said}"));
    }
    if let Some(wanted) = state.meter.refused_bytes() {
        let limit = state.meter.limit_bytes();
        return guest(Class::Memory, format!("asked for {wanted} bytes; limits.memory_mib grants {limit}{said}"));
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return guest(Class::Trap, format!("ended itself with exit code {}{said}", exit.0));
    }
    match trap {
        Some(Trap::StackOverflow) => guest(Class::Stack, format!("recursed past its stack{said}")),
        Some(trap) => guest(Class::Trap, format!("{trap}{said}")),
        None => unlifted(error, &said),
    }
}

/// No trap: what it returned could not be lifted.
fn unlifted(error: &wasmtime::Error, said: &str) -> CallError {
    let text = error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ");
    let text = cut(&text, LAST_WORDS_BYTES);
    if text.contains("allocated for hostcalls") {
        return guest(GuestFaultClass::OutputTooLarge, "returned more than one call may; ask for fewer records");
    }
    if text.contains("handle limit exceeded") || matches!(error.downcast_ref(), Some(ResourceTableError::Full)) {
        return guest(GuestFaultClass::Handles, format!("held more than {HANDLES} handles at once{said}"));
    }
    if text.contains("exceeds memory limits") {
        return guest(GuestFaultClass::Memory, format!("{text}; raise limits.memory_mib"));
    }
    guest(GuestFaultClass::Malformed, format!("{text}{said}"))
}

/// A plugin's own fault.
pub fn lifted(fault: Border, secrets: &dyn Secrets) -> Fault {
    let text = |text: &str| secrets.redact(cut(text, FAULT_TEXT_BYTES));
    Fault {
        kind: kind(fault.kind),
        code: text(&fault.code),
        message: text(&fault.message),
        field: fault.field.as_deref().map(text),
        retry_after_ms: fault.retry_after_ms,
    }
}

fn kind(kind: BorderKind) -> FaultKind {
    match kind {
        BorderKind::AuthExpired => FaultKind::AuthExpired,
        BorderKind::Permission => FaultKind::Permission,
        BorderKind::NotFound => FaultKind::NotFound,
        BorderKind::Conflict => FaultKind::Conflict,
        BorderKind::InvalidData => FaultKind::InvalidData,
        BorderKind::RateLimited => FaultKind::RateLimited,
        BorderKind::Transient => FaultKind::Transient,
        BorderKind::Unavailable => FaultKind::Unavailable,
        BorderKind::Unsupported => FaultKind::Unsupported,
        BorderKind::Config => FaultKind::Config,
        BorderKind::Internal => FaultKind::Internal,
        BorderKind::Other => FaultKind::Other,
    }
}
