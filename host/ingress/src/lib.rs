//! Room `ingress`.
