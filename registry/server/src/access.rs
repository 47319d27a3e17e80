//! Who may do what: tokens hashed at rest, sessions under a MAC, and namespaces with owners.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::{constant_time, hmac};
use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::store::durable;

/// How long a session of the token endpoint lives: a push of many large layers, not a day.
pub const SESSION_SECONDS: i64 = 900;
/// Beginning of every token, so that scanners of repositories find one that leaked.
const TOKEN_PREFIX: &str = "qrt_";

/// What a token may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Pull.
    Read,
    /// And push where its owner owns the namespace.
    Publish,
    /// And everything everywhere.
    Admin,
}

/// What those may do who show no token.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anonymous {
    /// Nothing.
    None,
    /// Pull.
    #[default]
    Pull,
    /// And push into ordinary repositories: for a machine of one's own, or a test.
    Push,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Whose token it is.
    pub owner: String,
    /// What it may do.
    pub scope: Scope,
}

/// A token at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// Its id, part of its value.
    pub id: String,
    /// Whose.
    pub owner: String,
    /// What it may do.
    pub scope: Scope,
    /// SHA-256 of its value, hexadecimal. The value is 32 random bytes, so it cannot be guessed from this.
    pub sha256: String,
    /// When it stops to work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

/// The tokens of a registry: a file each, read when one is shown, so that a change counts at once.
pub struct Tokens {
    folder: PathBuf,
    temporary: PathBuf,
    session_key: hmac::Key,
}

#[derive(Serialize, Deserialize)]
struct Session {
    caller: Option<Caller>,
    expires: i64,
}

impl Tokens {
    /// Opens the tokens of a registry's folder.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn open(root: &Path) -> io::Result<Self> {
        let (folder, temporary) = (root.join("tokens"), root.join("temporary"));
        durable::make_folder(&folder)?;
        durable::make_folder(&temporary)?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o700))?;
        let file = root.join("tokens/session.key");
        let key = match durable::read(&file)? {
            Some(key) if key.len() == 32 => key,
            _ => {
                let key: [u8; 32] = crate::random();
                durable::write(&temporary, &file, &key)?;
                std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600))?;
                key.to_vec()
            }
        };
        Ok(Self { folder, temporary, session_key: hmac::Key::new(hmac::HMAC_SHA256, &key) })
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }

    /// Makes a token; its value is returned and kept nowhere.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn issue(&self, owner: &str, scope: Scope, expires: Option<Timestamp>) -> io::Result<(Token, String)> {
        let (id, secret) = (hex::encode(crate::random::<6>()), hex::encode(crate::random::<32>()));
        let value = format!("{TOKEN_PREFIX}{id}_{secret}");
        let sha256 = Digest::sha256(value.as_bytes()).hex().to_owned();
        let token = Token { id, owner: owner.to_owned(), scope, sha256, expires };
        durable::write(&self.temporary, &self.path(&token.id), &serde_json::to_vec(&token)?)?;
        Ok((token, value))
    }

    /// Takes a token back; whether there was one.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn revoke(&self, id: &str) -> io::Result<bool> {
        Ok(is_id(id) && durable::remove(&self.path(id))?)
    }

    /// All tokens.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn list(&self) -> io::Result<Vec<Token>> {
        let mut tokens = Vec::new();
        for name in durable::names(&self.folder)?.iter().filter(|name| name.ends_with(".json")) {
            if let Some(bytes) = durable::read(&self.folder.join(name))? {
                tokens.push(serde_json::from_slice(&bytes)?);
            }
        }
        Ok(tokens)
    }

    /// Whose token this is.
    fn known(&self, value: &str, now: Timestamp) -> io::Result<Option<Caller>> {
        let id = value.strip_prefix(TOKEN_PREFIX).and_then(|rest| rest.split_once('_')).map(|(id, _)| id);
        let Some(id) = id.filter(|id| is_id(id)) else { return Ok(None) };
        let Some(bytes) = durable::read(&self.path(id))? else { return Ok(None) };
        let token: Token = serde_json::from_slice(&bytes)?;
        let shown = Digest::sha256(value.as_bytes());
        let same = constant_time::verify_slices_are_equal(shown.hex().as_bytes(), token.sha256.as_bytes()).is_ok();
        let valid = same && token.expires.is_none_or(|expires| now < expires);
        Ok(valid.then_some(Caller { owner: token.owner, scope: token.scope }))
    }

    /// A short-lived token for clients that ask the token endpoint; also for those without a token.
    pub fn session(&self, caller: Option<Caller>, now: Timestamp) -> String {
        let session = Session { caller, expires: now.as_second() + SESSION_SECONDS };
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&session).unwrap_or_default());
        let mac = URL_SAFE_NO_PAD.encode(hmac::sign(&self.session_key, body.as_bytes()));
        format!("{body}.{mac}")
    }

    fn of_session(&self, value: &str, now: Timestamp) -> Option<Option<Caller>> {
        let (body, mac) = value.split_once('.')?;
        hmac::verify(&self.session_key, body.as_bytes(), &URL_SAFE_NO_PAD.decode(mac).ok()?).ok()?;
        let session: Session = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()?;
        (now.as_second() < session.expires).then_some(session.caller)
    }

    /// Who asks, by the `Authorization` header.
    ///
    /// # Errors
    /// When the tokens cannot be read.
    pub fn caller(&self, headers: &HeaderMap, now: Timestamp) -> io::Result<Shown> {
        let Some(value) = headers.get(header::AUTHORIZATION) else { return Ok(Shown::Nothing) };
        let Some((scheme, rest)) = value.to_str().ok().and_then(|text| text.split_once(' ')) else {
            return Ok(Shown::Unknown);
        };
        let token = match scheme.to_ascii_lowercase().as_str() {
            "bearer" => rest.trim().to_owned(),
            "basic" => {
                let pair = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
                match pair.as_deref().and_then(|pair| pair.split_once(':')) {
                    Some((_, password)) => password.to_owned(),
                    None => return Ok(Shown::Unknown),
                }
            }
            _ => return Ok(Shown::Unknown),
        };
        if let Some(caller) = self.known(&token, now)? {
            return Ok(Shown::Caller(caller));
        }
        Ok(match self.of_session(&token, now) {
            Some(Some(caller)) => Shown::Caller(caller),
            Some(None) => Shown::Guest,
            None => Shown::Unknown,
        })
    }
}

/// What a request showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// No token at all.
    Nothing,
    /// A session that the token endpoint gave to somebody without a token.
    Guest,
    /// A token that nobody knows, or that has expired.
    Unknown,
    /// A good token.
    Caller(Caller),
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    fn shown(tokens: &Tokens, value: &str, now: Timestamp) -> Shown {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        tokens.caller(&headers, now).unwrap()
    }

    #[test]
    fn a_token_counts_until_it_expires_or_is_taken_back() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let expires = now + SignedDuration::from_hours(1);
        let (token, value) = tokens.issue("ana", Scope::Publish, Some(expires)).unwrap();
        let ana = Shown::Caller(Caller { owner: "ana".into(), scope: Scope::Publish });
        assert_eq!(shown(&tokens, &format!("Bearer {value}"), now), ana);
        let basic = STANDARD.encode(format!("anything:{value}"));
        assert_eq!(shown(&tokens, &format!("Basic {basic}"), now), ana);
        assert_eq!(shown(&tokens, &format!("Bearer {value}"), expires), Shown::Unknown);
        assert_eq!(shown(&tokens, &format!("Bearer {value}0"), now), Shown::Unknown);
        assert_eq!(shown(&tokens, "Bearer qrt_../x_y", now), Shown::Unknown);
        let at_rest = std::fs::read_to_string(tokens.path(&token.id)).unwrap();
        assert!(!at_rest.contains(&value) && !at_rest.contains(value.rsplit('_').next().unwrap()));
        assert!(tokens.revoke(&token.id).unwrap());
        assert_eq!(shown(&tokens, &format!("Bearer {value}"), now), Shown::Unknown);
        assert!(!tokens.revoke("session").unwrap());
    }

    #[test]
    fn a_session_ends_and_cannot_be_made() {
        let folder = tempfile::tempdir().unwrap();
        let tokens = Tokens::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let caller = Caller { owner: "ana".into(), scope: Scope::Read };
        let session = tokens.session(Some(caller.clone()), now);
        assert_eq!(shown(&tokens, &format!("Bearer {session}"), now), Shown::Caller(caller));
        let later = now + SignedDuration::from_secs(SESSION_SECONDS);
        assert_eq!(shown(&tokens, &format!("Bearer {session}"), later), Shown::Unknown);
        assert_eq!(shown(&tokens, &format!("Bearer {}", tokens.session(None, now)), now), Shown::Guest);
        let elsewhere = tempfile::tempdir().unwrap();
        let foreign = Tokens::open(elsewhere.path()).unwrap().session(None, now);
        assert_eq!(shown(&tokens, &format!("Bearer {foreign}"), now), Shown::Unknown);
    }
}
