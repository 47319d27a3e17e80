//! Room `rust`.
