//! Connector for jira.
