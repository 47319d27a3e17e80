//! Connector for kantata.
