//! Names of repositories and tags, as the distribution specification allows them. A checked name
//! is safe in a path.

use std::fmt;

/// Longest repository name, characters: clients limit host and name together to 255.
const REPOSITORY_CHARS_MAX: usize = 200;
/// Longest tag, characters (distribution specification, "Pulling manifests").
const TAG_CHARS_MAX: usize = 128;

/// A checked repository name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(String);

impl Repository {
    /// Checks a name.
    pub fn parse(text: &str) -> Option<Self> {
        let good = text.len() <= REPOSITORY_CHARS_MAX && text.split('/').all(is_component);
        good.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first slash.
    pub fn first(&self) -> &str {
        self.0.split('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !text.starts_with(plain) || !text.ends_with(plain) {
        return false;
    }
    let separators = text.split(plain).filter(|separator| !separator.is_empty());
    separators.into_iter().all(|separator| matches!(separator, "." | "_" | "__") || separator.chars().all(|c| c == '-'))
}

/// A checked tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(String);

impl Tag {
    /// Checks a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    pub fn parse(text: &str) -> Option<Self> {
        let first = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let rest = |c: char| first(c) || c == '.' || c == '-';
        let good = text.len() <= TAG_CHARS_MAX && text.starts_with(first) && text.chars().all(rest);
        good.then(|| Self(text.to_owned()))
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_specification() {
        for (name, good) in [
            ("a", true),
            ("plugins/acme/books", true),
            ("a.b/c_d/e__f/g---h", true),
            ("a..b", false),
            ("a___b", false),
            ("a.-b", false),
            ("A", false),
            ("a//b", false),
            ("/a", false),
            ("a/", false),
            ("..", false),
            ("a/../b", false),
            ("_blobs", false),
            ("a/_tags/b", false),
            ("", false),
        ] {
            assert_eq!(Repository::parse(name).is_some(), good, "{name}");
        }
    }

    #[test]
    fn tags_follow_the_specification() {
        for (tag, good) in [
            ("latest", true),
            ("1.0.0-rc.1", true),
            ("_x", true),
            ("1.0.0+build", false),
            (".hidden", false),
            ("-x", false),
            ("a/b", false),
            ("", false),
        ] {
            assert_eq!(Tag::parse(tag).is_some(), good, "{tag}");
        }
        assert!(Tag::parse(&"x".repeat(128)).is_some());
        assert!(Tag::parse(&"x".repeat(129)).is_none());
    }
}
