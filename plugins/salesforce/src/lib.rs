//! Connector for salesforce.
