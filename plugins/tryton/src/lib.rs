//! Connector for tryton.
