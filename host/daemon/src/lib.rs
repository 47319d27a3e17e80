//! Room `daemon`.
