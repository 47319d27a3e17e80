//! The billing policy that a configuration names: read, checked, and held against the rest of the file.

use std::collections::BTreeSet;
use std::path::Path;

use billing::approval::AUTOMATIC;
use policy::book::{BOOK_LIMIT_BYTES, PolicyBook};

use crate::config::{Config, ConfigError};

/// The policy book: the one that `[policy] book` names, or the standard one, in which every choice
/// has its default.
///
/// # Errors
/// All that is wrong with it, each with code and path; an example that does not hold; an entity or a
/// role that only one of the two files knows.
pub(crate) fn book(config: &Config) -> Result<PolicyBook, ConfigError> {
    let Some(path) = &config.policy.book else { return Ok(PolicyBook::default()) };
    let wrong = |message: String| ConfigError::at(format!("policy.book {}", path.display()), message);
    let book = PolicyBook::read(&text(path)?).map_err(|problems| {
        let lines: Vec<String> = problems
            .iter()
            .map(|problem| format!("\n  {} at {}: {}", problem.code, problem.path, problem.message))
            .collect();
        wrong(format!("is no valid policy:{}", lines.concat()))
    })?;
    let outcomes = book.outcomes();
    let broken: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.holds)
        .map(|outcome| {
            let (case, found, wanted) = (&outcome.case, &outcome.found, &outcome.wanted);
            format!("\n  version {}: {case}: {found}, but the example wants {wanted}", outcome.version)
        })
        .collect();
    if !broken.is_empty() {
        return Err(wrong(format!("decides otherwise than its own examples say:{}", broken.concat())));
    }
    for entity in
        book.versions.iter().flat_map(|version| version.billing.tax.keys().chain(version.billing.rounding.keys()))
    {
        if !config.entities.contains_key(entity) {
            return Err(wrong(format!("has rules for '{entity}', but there is no [entity.{entity}]")));
        }
    }
    approvers(config, &book)?;
    Ok(book)
}

fn text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |reason: String| ConfigError::Unreadable { path: path.display().to_string(), reason };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > BOOK_LIMIT_BYTES as u64 {
        return Err(unreadable(format!("{size} bytes; a policy has at most {BOOK_LIMIT_BYTES}")));
    }
    std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))
}

/// The roles that some version asks for an approval.
fn roles(book: &PolicyBook) -> BTreeSet<&str> {
    let asked = book.versions.iter().flat_map(|version| {
        let limits = version.billing.approvals.iter().map(|limit| limit.role.as_str());
        let finance = (version.billing.review_drafts || !version.billing.approvals.is_empty())
            .then_some(version.billing.owners.finance.as_str());
        limits.chain(finance)
    });
    asked.filter(|role| *role != AUTOMATIC).collect()
}

/// A token approves only in roles that the policy knows.
fn approvers(config: &Config, book: &PolicyBook) -> Result<(), ConfigError> {
    let known = roles(book);
    for (index, token) in config.tokens.iter().enumerate() {
        if let Some(role) = token.approves.iter().find(|role| !known.contains(role.as_str())) {
            let known: Vec<&str> = known.into_iter().collect();
            let message =
                format!("the billing policy asks no role '{role}' for approval; it asks: {}", known.join(", "));
            return Err(ConfigError::at(format!("token[{index}].approves"), message));
        }
    }
    Ok(())
}

/// What there is to say about the policy: its versions, and roles that nobody holds.
pub(crate) fn facts(config: &Config, book: &PolicyBook) -> Vec<String> {
    let versions: Vec<String> = match config.policy.book {
        None => vec!["every default; name a book under [policy] to choose".to_owned()],
        Some(_) => {
            book.versions.iter().map(|version| format!("version {} from {}", version.number, version.from)).collect()
        }
    };
    let mut facts = vec![format!("billing policy '{}': {}", book.name, versions.join(", "))];
    let held: BTreeSet<&str> = config.tokens.iter().flat_map(|token| &token.approves).map(String::as_str).collect();
    let missing = roles(book).into_iter().filter(|role| !held.contains(role));
    facts.extend(missing.map(|role| format!("nobody approves as '{role}': add it to `approves` of a [[token]]")));
    facts
}
