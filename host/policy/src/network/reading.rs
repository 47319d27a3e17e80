//! Reads and writes are different grants: what may leave under a read grant.

use super::Denial;

/// Path prefixes to which a POST is a read, as a manifest declares them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadingPosts(Vec<String>);

impl ReadingPosts {
    /// Takes `POST /path` or `/path`, already filled.
    pub fn new<T: AsRef<str>>(prefixes: &[T]) -> Self {
        let path = |text: &str| text.strip_prefix("POST").unwrap_or(text).trim().to_owned();
        Self(prefixes.iter().map(|prefix| path(prefix.as_ref())).filter(|path| path.starts_with('/')).collect())
    }

    /// Whether a POST to this path is a read. A prefix ends at a segment: `/query` does not cover
    /// `/queryAll`. Below it no escaped slash or doubled slash is followed, since the vendor might
    /// read those as another path.
    pub fn admits(&self, path: &str) -> bool {
        self.0.iter().any(|prefix| {
            path.strip_prefix(prefix.as_str())
                .is_some_and(|rest| (rest.is_empty() || rest.starts_with('/') != prefix.ends_with('/')) && plain(rest))
        })
    }
}

fn plain(rest: &str) -> bool {
    let lower = rest.to_ascii_lowercase();
    !["//", "%2f", "%5c", "%2e", ";"].iter().any(|odd| lower.contains(odd))
}

/// Whether a request may leave under a read grant.
///
/// # Errors
/// A [`Denial`] of rule `read-grant`.
pub fn judge_read(method: &str, path: &str, reading_posts: &ReadingPosts) -> Result<(), Denial> {
    match method {
        "GET" | "HEAD" => Ok(()),
        "POST" if reading_posts.admits(path) => Ok(()),
        "POST" => Err(Denial::new(
            "read-grant",
            format!("POST {path} is a write, and this call runs under a read grant"),
            format!("if it only reads, in connector.toml under [network]: reading_posts = [\"POST {path}\"]"),
        )),
        _ => Err(Denial::new(
            "read-grant",
            format!("{method} {path} is a write, and this call runs under a read grant"),
            "write in the plugin's apply or transition, which run under a write grant",
        )),
    }
}
