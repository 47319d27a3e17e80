//! Rude guests: one component that misbehaves in every way the sandbox must survive. A connection's
//! configuration names the way.
//!
//! Lives here: the misbehaviour, and its list. Never enters: what the sandbox should do about it,
//! which the sandbox's own tests say, one per name.

mod behave;
#[cfg(target_arch = "wasm32")]
mod raw;

/// Every way to misbehave in a read. A name without a test of that name fails the sandbox's tests.
pub const GUESTS: &[&str] = &[
    "polite",
    "infinite_loop",
    "loop_of_host_calls",
    "patient",
    "sleeper",
    "allocation_bomb",
    "deep_recursion",
    "deep_recursion_with_frames",
    "deep_json",
    "huge_output",
    "million_small_texts",
    "too_many_changes",
    "bad_json",
    "wrong_canonical_field",
    "unknown_canonical_field",
    "invalid_by_rule",
    "empty_external",
    "huge_cursor",
    "panic",
    "exit",
    "out_of_bounds",
    "divide_by_zero",
    "forbidden_host",
    "forbidden_write_in_read",
    "request_flood",
    "batch_flood",
    "huge_answer",
    "secret_fishing",
    "secret_oracle",
    "log_flood",
    "stderr_flood",
    "own_fault",
    "clock_probing",
    "clock_step",
    "hanging_host_call",
    "version_dependent",
    "priced",
];

/// Every way to misbehave in a write.
pub const SINK_GUESTS: &[&str] = &[
    "sink_polite",
    "sink_too_few",
    "sink_wrong_key",
    "sink_created_without_id",
    "sink_rejected_without_fault",
    "sink_wrong_data",
    "sink_unknown_kind",
    "sink_dies_after_sending",
];

/// Every way to misbehave in a webhook proof.
pub const WEBHOOK_GUESTS: &[&str] =
    &["webhook_polite", "webhook_uses_network", "webhook_bad_status", "webhook_huge_body"];
