//! Room `billing`.
