//! Addresses below `/v2/`. A repository's name may hold slashes, so they are read from their end.

use crate::digest::Digest;
use crate::error::{Code, Refusal};
use crate::name::{Repository, Tag};
use crate::store::UploadId;

/// A tag or a digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// By name.
    Tag(Tag),
    /// By content.
    Digest(Digest),
}

/// What an address means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/v2/`
    Base,
    /// `/v2/<name>/blobs/<digest>`
    Blob { repository: Repository, digest: Digest },
    /// `/v2/<name>/blobs/uploads/`
    Uploads { repository: Repository },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload { repository: Repository, id: UploadId },
    /// `/v2/<name>/manifests/<reference>`
    Manifest { repository: Repository, reference: Reference },
    /// `/v2/<name>/tags/list`
    Tags { repository: Repository },
    /// `/v2/<name>/referrers/<digest>`
    Referrers { repository: Repository, digest: Digest },
}

impl Route {
    /// Reads a path.
    ///
    /// # Errors
    /// With the code that the specification has for the part that is wrong.
    pub fn parse(path: &str) -> Result<Self, Refusal> {
        let rest = path.strip_prefix("/v2").unwrap_or(path).trim_start_matches('/');
        if rest.is_empty() {
            return Ok(Self::Base);
        }
        let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let route = match parts.as_slice() {
            [name @ .., "blobs", "uploads"] => Self::Uploads { repository: repository(name)? },
            [name @ .., "blobs", "uploads", id] => {
                let id = UploadId::parse(id).ok_or_else(|| unknown_upload(id))?;
                Self::Upload { repository: repository(name)?, id }
            }
            [name @ .., "blobs", digest] => Self::Blob { repository: repository(name)?, digest: parse_digest(digest)? },
            [name @ .., "manifests", reference] => {
                Self::Manifest { repository: repository(name)?, reference: parse_reference(reference)? }
            }
            [name @ .., "tags", "list"] => Self::Tags { repository: repository(name)? },
            [name @ .., "referrers", digest] => {
                Self::Referrers { repository: repository(name)?, digest: parse_digest(digest)? }
            }
            _ => {
                return Err(Refusal::unknown(
                    Code::Unsupported,
                    format!("{path} is no address of the OCI distribution API 1.1"),
                ));
            }
        };
        Ok(route)
    }
}

fn repository(parts: &[&str]) -> Result<Repository, Refusal> {
    let name = parts.join("/");
    Repository::parse(&name).ok_or_else(|| {
        Refusal::invalid(
            Code::NameInvalid,
            format!(
                "'{name}' is no repository; a name has parts of a-z, 0-9 and single '.', '_', '__' or hyphens inside"
            ),
        )
    })
}

/// A digest from an address or a query.
pub fn parse_digest(text: &str) -> Result<Digest, Refusal> {
    text.parse().map_err(|error: crate::digest::DigestError| Refusal::invalid(Code::DigestInvalid, error.to_string()))
}

/// A name that is neither tag nor digest stands for no manifest.
fn parse_reference(text: &str) -> Result<Reference, Refusal> {
    if text.contains(':') {
        return parse_digest(text).map(Reference::Digest);
    }
    let tag = Tag::parse(text).map(Reference::Tag);
    tag.ok_or_else(|| {
        Refusal::invalid(
            Code::ManifestInvalid,
            format!(
                "'{text}' is no tag; a tag has up to 128 of a-z, A-Z, 0-9, '_', '.' and '-' (a version's build metadata, '+…', cannot be in a tag: leave it out)"
            ),
        )
    })
}

/// An upload that is not there.
pub fn unknown_upload(id: &str) -> Refusal {
    Refusal::unknown(
        Code::BlobUploadUnknown,
        format!("there is no upload {id} here; it was ended, or nobody wrote to it for too long: begin again"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_from_their_end() {
        let digest = Digest::sha256(b"x");
        let name = |text: &str| Repository::parse(text).unwrap();
        let good = [
            ("/v2/".to_owned(), Route::Base),
            ("/v2/a/b/tags/list".to_owned(), Route::Tags { repository: name("a/b") }),
            ("/v2/a/blobs/uploads/".to_owned(), Route::Uploads { repository: name("a") }),
            (format!("/v2/a/blobs/{digest}"), Route::Blob { repository: name("a"), digest: digest.clone() }),
            (
                format!("/v2/blobs/uploads/manifests/{digest}"),
                Route::Manifest { repository: name("blobs/uploads"), reference: Reference::Digest(digest.clone()) },
            ),
            (format!("/v2/a/referrers/{digest}"), Route::Referrers { repository: name("a"), digest }),
        ];
        for (path, route) in good {
            assert_eq!(Route::parse(&path).unwrap(), route, "{path}");
        }
        for (path, code) in [
            ("/v2/A/tags/list", Code::NameInvalid),
            ("/v2/a/../b/tags/list", Code::NameInvalid),
            ("/v2/a/blobs/sha256:12", Code::DigestInvalid),
            ("/v2/a/manifests/sha256:12", Code::DigestInvalid),
            ("/v2/a/manifests/1.0.0+build", Code::ManifestInvalid),
            ("/v2/a/blobs/uploads/x", Code::BlobUploadUnknown),
            ("/v2/a", Code::Unsupported),
        ] {
            assert_eq!(Route::parse(path).unwrap_err().code, code, "{path}");
        }
    }
}
