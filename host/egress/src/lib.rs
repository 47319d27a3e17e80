//! Room `egress`.
