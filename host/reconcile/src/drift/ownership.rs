//! Whose word counts, field by field: a policy, read and checked.

use serde::{Deserialize, Serialize};

/// The shipped policy.
const SHIPPED: &str = include_str!("../../ownership.toml");

/// Owners that are no system: what billing and the accepted terms say.
pub(super) const CANONICAL: &str = "canonical";

/// Every owner that can be named.
const OWNERS: [&str; 5] = [CANONICAL, "crm", "psa", "erp", "time"];

/// Which fields are compared, and whose word counts on each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ownership {
    /// Version of the policy, printed with every difference it found.
    pub version: u32,
    /// The fields.
    #[serde(rename = "field")]
    pub fields: Vec<Field>,
}

/// One compared field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Canonical object kind.
    pub object: String,
    /// JSON pointer; `*` stands for any element of a list.
    pub path: String,
    /// Whose word counts: `canonical`, or the role of a system.
    pub owner: String,
    /// Who looks at a difference.
    pub team: String,
}

/// Why a policy is refused.
#[derive(Debug, thiserror::Error)]
pub enum OwnershipError {
    /// Not TOML, or not this shape; the text names line and field.
    #[error("the ownership policy cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Readable but inconsistent.
    #[error("ownership policy, field {object}{path}: {message}")]
    Invalid {
        /// Object.
        object: String,
        /// Path.
        path: String,
        /// What is wrong and how to mend it.
        message: String,
    },
}

impl Field {
    fn invalid(&self, message: String) -> OwnershipError {
        OwnershipError::Invalid { object: self.object.clone(), path: self.path.clone(), message }
    }

    fn check(&self) -> Result<(), OwnershipError> {
        if quoin_canonical::ObjectKind::parse(&self.object).is_none() {
            return Err(self.invalid("there is no such canonical object".into()));
        }
        if !self.path.starts_with('/') {
            return Err(self.invalid("a path begins with a slash, such as /totals/net".into()));
        }
        if !OWNERS.contains(&self.owner.as_str()) {
            return Err(self.invalid(format!("'{}' is no owner; use one of {}", self.owner, OWNERS.join(", "))));
        }
        Ok(())
    }
}

impl Ownership {
    /// Reads and checks a policy.
    ///
    /// # Errors
    /// [`OwnershipError`] with the field and what to do.
    pub fn parse(text: &str) -> Result<Self, OwnershipError> {
        let policy: Self = toml::from_str(text)?;
        for (at, field) in policy.fields.iter().enumerate() {
            field.check()?;
            let twice = policy.fields[..at].iter().any(|one| (&one.object, &one.path) == (&field.object, &field.path));
            if twice {
                return Err(field.invalid("the field has two owners; keep one row".into()));
            }
        }
        Ok(policy)
    }

    /// The policy with rows of one's own: a row for a field that has one already takes its place.
    ///
    /// # Errors
    /// [`OwnershipError`] with the field and what to do.
    pub fn with(mut self, rows: &[Field]) -> Result<Self, OwnershipError> {
        for (at, row) in rows.iter().enumerate() {
            if rows[..at].iter().any(|one| (&one.object, &one.path) == (&row.object, &row.path)) {
                return Err(row.invalid("the field has two owners; keep one row".into()));
            }
            row.check()?;
            self.fields.retain(|field| (&field.object, &field.path) != (&row.object, &row.path));
            self.fields.push(row.clone());
        }
        Ok(self)
    }

    /// The shipped policy.
    ///
    /// # Errors
    /// Never for the text we ship; a test reads it.
    pub fn shipped() -> Result<Self, OwnershipError> {
        Self::parse(SHIPPED)
    }

    /// The row of a field; `path` is a JSON pointer without `*`.
    pub fn of(&self, object: &str, path: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.object == object && fits(&field.path, path))
    }

    /// Whether any field of an object is compared.
    pub fn compares(&self, object: &str) -> bool {
        self.fields.iter().any(|field| field.object == object)
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == "*" || wanted == given => {}
            _ => return false,
        }
    }
}
