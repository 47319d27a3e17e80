//! Room `console`.
