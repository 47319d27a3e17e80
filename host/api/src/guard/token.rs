//! Bearer tokens: the host knows only their SHA-256.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use policy::access::Role;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A token as configured.
#[derive(Clone)]
pub struct Token {
    /// Who holds it: goes into the record of what they did.
    pub name: String,
    /// What they are trusted with.
    pub role: Role,
    /// SHA-256 of the token's bytes.
    pub sha256: [u8; 32],
    /// Roles of the billing policy in which they approve.
    pub approves: Vec<String>,
}

impl Token {
    /// A token from its digest in hexadecimal, as the configuration holds it.
    ///
    /// # Errors
    /// When the digest is not 64 hexadecimal digits.
    pub fn from_hex(name: impl Into<String>, role: Role, sha256: &str) -> Result<Self, String> {
        let name = name.into();
        let mut digest = [0; 32];
        hex::decode_to_slice(sha256.trim(), &mut digest).map_err(|error| {
            format!("token '{name}': sha256 is not 64 hexadecimal digits ({error}); make it with `printf %s TOKEN | sha256sum`")
        })?;
        Ok(Self { name, role, sha256: digest, approves: Vec::new() })
    }

    /// A token from its text, for hosts that make their own (a demonstration, a test).
    pub fn from_text(name: impl Into<String>, role: Role, text: &str) -> Self {
        Self { name: name.into(), role, sha256: sha256(text), approves: Vec::new() }
    }

    /// The same token for somebody who approves in these roles of the billing policy.
    pub fn approving(mut self, roles: impl IntoIterator<Item = String>) -> Self {
        self.approves = roles.into_iter().collect();
        self
    }
}

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Principal {
    /// Name of the token.
    pub name: String,
    /// What they are trusted with: `viewer`, `operator` or `admin`.
    #[schema(value_type = String)]
    pub role: Role,
    /// Roles of the billing policy in which they approve.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approves: Vec<String>,
}

/// Who a token belongs to; `None` when nobody. Every configured token is compared, each in constant
/// time, so that the answer's time tells nothing about how much of a guess was right.
pub fn principal(tokens: &[Token], text: &str) -> Option<Principal> {
    let candidate = sha256(text);
    tokens.iter().fold(None, |found, token| {
        let same = verify_slices_are_equal(&token.sha256, &candidate).is_ok();
        let found_now = || Principal { name: token.name.clone(), role: token.role, approves: token.approves.clone() };
        if same { Some(found_now()) } else { found }
    })
}

fn sha256(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_digest_alone() {
        let token = Token::from_hex(
            "ops",
            Role::Operator,
            "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b", // "secret"
        )
        .unwrap();
        let tokens = [token];
        let ops = Principal { name: "ops".into(), role: Role::Operator, approves: Vec::new() };
        assert_eq!(principal(&tokens, "secret"), Some(ops));
        for wrong in ["", "Secret", "secret ", "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"] {
            assert_eq!(principal(&tokens, wrong), None, "{wrong:?}");
        }
        assert!(Token::from_hex("ops", Role::Viewer, "secret").err().unwrap().contains("sha256sum"));
    }
}
