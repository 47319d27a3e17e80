//! Who may do what with the API and the console: roles, permissions, and one table between them.
//!
//! A permission that the table does not list is refused to everybody.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a caller is trusted with. Each role has all that the roles before it have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads everything the business sees.
    Viewer,
    /// Also keeps things going: retries what failed, starts billing runs.
    Operator,
    /// Also changes what runs: loads plugins, sets the clock of a demonstration.
    Admin,
}

impl Role {
    /// Every role, the least trusted first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Admin];

    /// The name used in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Admin => "admin",
        }
    }

    /// The role of a name; `None` when there is none.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing a caller may want to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Read deals, timelines, events and invoices.
    ReadBusiness,
    /// Read what waits for a person.
    ReadExceptions,
    /// Read which plugins and connections there are, the clock, and the description of the API.
    ReadPlatform,
    /// Try again what failed for good.
    RetryException,
    /// Start a billing run.
    RunBilling,
    /// Decide about documents that wait, within the limits of the billing policy.
    Approve,
    /// Let a connection ask its vendor who we are, and for its schema.
    CheckConnection,
    /// Load or replace a plugin.
    LoadPlugin,
    /// Move the business clock, where it can be set at all.
    SetClock,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Permission; 9] = [
        Permission::ReadBusiness,
        Permission::ReadExceptions,
        Permission::ReadPlatform,
        Permission::RetryException,
        Permission::RunBilling,
        Permission::Approve,
        Permission::CheckConnection,
        Permission::LoadPlugin,
        Permission::SetClock,
    ];

    /// What it allows, as it reads in a refusal.
    pub fn words(self) -> &'static str {
        match self {
            Permission::ReadBusiness => "read deals and invoices",
            Permission::ReadExceptions => "read exceptions",
            Permission::ReadPlatform => "read plugins, connections and the clock",
            Permission::RetryException => "retry an exception",
            Permission::RunBilling => "start a billing run",
            Permission::Approve => "approve or reject",
            Permission::CheckConnection => "check a connection",
            Permission::LoadPlugin => "load a plugin",
            Permission::SetClock => "set the clock",
        }
    }
}

/// The least trusted role that has each permission.
const GRANTS: [(Permission, Role); 9] = [
    (Permission::ReadBusiness, Role::Viewer),
    (Permission::ReadExceptions, Role::Viewer),
    (Permission::ReadPlatform, Role::Viewer),
    (Permission::RetryException, Role::Operator),
    (Permission::RunBilling, Role::Operator),
    (Permission::Approve, Role::Operator),
    (Permission::CheckConnection, Role::Operator),
    (Permission::LoadPlugin, Role::Admin),
    (Permission::SetClock, Role::Admin),
];

/// A judgement, with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Yes or no.
    pub allowed: bool,
    /// Why, in words for the caller and the audit.
    pub reason: String,
}

/// Whether a role has a permission. What the table does not grant is refused.
pub fn may(role: Role, permission: Permission) -> Decision {
    let least = GRANTS.iter().find(|(granted, _)| *granted == permission).map(|(_, role)| *role);
    match least {
        Some(least) if role >= least => {
            Decision { allowed: true, reason: format!("role {role} may {}", permission.words()) }
        }
        Some(least) => Decision {
            allowed: false,
            reason: format!("role {role} may not {}; that needs role {least} or more", permission.words()),
        },
        None => Decision { allowed: false, reason: format!("no role is granted to {}", permission.words()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_what_the_table_says_and_nothing_else() {
        use Permission::*;
        let expected: [(Permission, [bool; 3]); 9] = [
            // permission, viewer, operator, admin
            (ReadBusiness, [true, true, true]),
            (ReadExceptions, [true, true, true]),
            (ReadPlatform, [true, true, true]),
            (RetryException, [false, true, true]),
            (RunBilling, [false, true, true]),
            (Approve, [false, true, true]),
            (CheckConnection, [false, true, true]),
            (LoadPlugin, [false, false, true]),
            (SetClock, [false, false, true]),
        ];
        assert_eq!(expected.map(|row| row.0), Permission::ALL, "a permission has no row here");
        for (permission, row) in expected {
            for (role, allowed) in Role::ALL.into_iter().zip(row) {
                let decision = may(role, permission);
                assert_eq!(decision.allowed, allowed, "{role}, {permission:?}: {}", decision.reason);
                assert!(decision.reason.contains(role.as_str()), "{}", decision.reason);
            }
        }
    }

    #[test]
    fn a_refusal_names_the_role_that_would_do() {
        let decision = may(Role::Viewer, Permission::LoadPlugin);
        assert_eq!(decision.reason, "role viewer may not load a plugin; that needs role admin or more");
    }

    #[test]
    fn role_names_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }
}
