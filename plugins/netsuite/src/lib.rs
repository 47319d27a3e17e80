//! Connector for netsuite.
