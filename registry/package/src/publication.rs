//! What a manifest must say before strangers may install it, and what one version changes for those
//! who run the version before.

use serde::{Deserialize, Serialize};

use crate::manifest::{Manifest, ObjectContract, PackageKind};

/// What changed from one version's manifest to the next, one sentence each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// What a running connection would lose or stumble over.
    #[serde(default)]
    pub breaking: Vec<String>,
    /// What the plugin asks for beyond what it had: an operator should look before taking it.
    #[serde(default)]
    pub wider: Vec<String>,
}

/// Checks what a published manifest must satisfy beyond being readable.
///
/// # Errors
/// The field, what is wrong with it, and what to write instead.
pub fn publishable(manifest: &Manifest) -> Result<(), String> {
    if manifest.description.trim().is_empty() {
        return Err("connector.toml, description: it is empty; say in one sentence what the plugin does".into());
    }
    if !is_spdx(&manifest.license) {
        return Err(format!(
            "connector.toml, license: '{}' is no SPDX expression; write one such as \"Apache-2.0\" or \"MIT OR Apache-2.0\"",
            manifest.license
        ));
    }
    manifest.network.origins.iter().try_for_each(|origin| origin_is_narrow(manifest, origin))
}

fn origin_is_narrow(manifest: &Manifest, origin: &str) -> Result<(), String> {
    let refuse = |why: &str| Err(format!("connector.toml, network.origins: '{origin}' {why}"));
    for field in placeholders(origin) {
        if !manifest.config.iter().any(|known| known.field == field) {
            return refuse(&format!("takes '{field}', which is no [[config]] field; add it or correct the name"));
        }
    }
    if origin.starts_with('{') {
        return Ok(()); // a whole origin that the operator writes down himself
    }
    let Some(host) = origin.strip_prefix("https://") else {
        return refuse("is not https; name an https origin, or take a whole origin from a field: \"{base_url}\"");
    };
    if host.starts_with('[') {
        return refuse("is an address; name a host, so that its certificate can be checked");
    }
    let (name, port) = host.rsplit_once(':').unwrap_or((host, "443"));
    if port != "443" {
        return refuse("names a port; a published plugin reaches 443, others come from a field: \"{base_url}\"");
    }
    if name.contains('/') || name.is_empty() {
        return refuse("has a path or no host; an origin is https://host");
    }
    let suffix = name.strip_prefix("*.").unwrap_or(name);
    if suffix.contains('*') || (name.starts_with("*.") && suffix.split('.').count() < 2) {
        return refuse("is too wide; name the host, or one level below it: \"https://*.vendor.com\"");
    }
    if name.split('.').all(|part| part.parse::<u32>().is_ok()) {
        return refuse("is an address; name a host, so that its certificate can be checked");
    }
    Ok(())
}

fn placeholders(origin: &str) -> impl Iterator<Item = &str> {
    origin.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(field, _)| field))
}

/// Whether a text has the form of an SPDX licence expression (annex D of the SPDX specification 2.3).
fn is_spdx(text: &str) -> bool {
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    let (mut depth, mut wants_id) = (0_i32, true);
    for word in spaced.split_whitespace() {
        match word {
            "(" if wants_id => depth += 1,
            ")" if !wants_id => depth -= 1,
            "AND" | "OR" | "WITH" if !wants_id => wants_id = true,
            "(" | ")" | "AND" | "OR" | "WITH" => return false,
            id if wants_id && id.chars().all(|c| c.is_ascii_alphanumeric() || "-.+:".contains(c)) => wants_id = false,
            _ => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0 && !wants_id
}

/// What changes for those who run `old` when they take `new`.
pub fn changes(old: &Manifest, new: &Manifest) -> Changes {
    let mut changes = Changes::default();
    if old.kind != new.kind {
        let name = |kind| if kind == PackageKind::Transform { "a transform" } else { "a connector" };
        changes.breaking.push(format!("is {} now, and was {}", name(new.kind), name(old.kind)));
    }
    objects(old, new, &mut changes);
    configuration(old, new, &mut changes);
    reach(old, new, &mut changes);
    changes
}

fn objects(old: &Manifest, new: &Manifest, changes: &mut Changes) {
    for before in &old.objects {
        let name = &before.name;
        let Some(after) = new.object(name) else {
            changes.breaking.push(format!("no longer handles the object {name}"));
            continue;
        };
        lost(before, after, changes);
    }
    for after in &new.objects {
        let before = old.object(&after.name);
        let (name, read, write) = (&after.name, before.is_some_and(|b| b.read), before.is_some_and(|b| b.write));
        if after.read && !read {
            changes.wider.push(format!("reads the object {name}"));
        }
        if after.write && !write {
            changes.wider.push(format!("writes the object {name}"));
        }
        if new.kind == PackageKind::Transform && before.is_none() {
            changes.wider.push(format!("converts the object {name}"));
        }
    }
}

fn lost(before: &ObjectContract, after: &ObjectContract, changes: &mut Changes) {
    let name = &before.name;
    if before.read && !after.read {
        changes.breaking.push(format!("no longer reads the object {name}"));
    }
    if before.write && !after.write {
        changes.breaking.push(format!("no longer writes the object {name}"));
    }
    if let (Some(was), Some(is)) = (&before.cursor, &after.cursor)
        && (was.field != is.field || was.tie_break != is.tie_break)
    {
        changes.breaking.push(format!("follows {} by another field: stored positions no longer fit", before.name));
    }
}

fn configuration(old: &Manifest, new: &Manifest, changes: &mut Changes) {
    for before in &old.config {
        match new.config.iter().find(|after| after.field == before.field) {
            None => changes.breaking.push(format!("no longer knows the configuration field {}", before.field)),
            Some(after) if after.kind != before.kind => {
                changes.breaking.push(format!("the configuration field {} changed its kind", before.field));
            }
            Some(_) => {}
        }
    }
    for after in new.config.iter().filter(|after| after.required && after.default.is_none()) {
        let was_required = old.config.iter().any(|before| before.field == after.field && before.required);
        if !was_required {
            changes.breaking.push(format!("needs the configuration field {}", after.field));
        }
    }
    for after in &new.credentials {
        if !old.credentials.iter().any(|before| before.slot == after.slot) {
            changes.wider.push(format!("asks for the credential '{}'", after.slot));
        }
    }
    if old.webhook.is_some() && new.webhook.is_none() {
        changes.breaking.push("no longer takes webhooks".into());
    }
    if old.webhook.is_none() && new.webhook.is_some() {
        changes.wider.push("takes webhooks".into());
    }
}

fn reach(old: &Manifest, new: &Manifest, changes: &mut Changes) {
    for origin in new.network.origins.iter().filter(|origin| !old.network.origins.contains(origin)) {
        changes.wider.push(format!("reaches {origin}"));
    }
    for post in new.network.reading_posts.iter().filter(|post| !old.network.reading_posts.contains(post)) {
        changes.wider.push(format!("counts {post} as reading"));
    }
    let pairs = [
        ("memory_mib", old.limits.memory_mib, new.limits.memory_mib),
        ("response_bytes", old.limits.response_bytes, new.limits.response_bytes),
        ("concurrent_requests", old.limits.concurrent_requests, new.limits.concurrent_requests),
    ];
    for (name, before, after) in pairs.into_iter().filter(|(_, before, after)| after > before) {
        changes.wider.push(format!("asks for {name} = {after} instead of {before}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = r#"
id = "address-book"
name = "Address book"
version = "1.0.0"
contract = "1.0"
description = "Customers."
license = "Apache-2.0"
[network]
origins = ["https://api.vendor.com"]
[[config]]
field = "team"
help = "Team."
[[object]]
name = "customer"
write = true
repeat = "unique_marker"
"#;

    fn manifest(text: &str) -> Manifest {
        Manifest::parse(text).unwrap()
    }

    #[test]
    fn licences_are_expressions() {
        for (text, good) in [
            ("Apache-2.0", true),
            ("MIT OR Apache-2.0", true),
            ("(MIT OR Apache-2.0) AND BSD-3-Clause", true),
            ("Apache-2.0 WITH LLVM-exception", true),
            ("LicenseRef-acme", true),
            ("", false),
            ("proprietary, all rights", false),
            ("MIT OR", false),
            ("(MIT", false),
        ] {
            assert_eq!(is_spdx(text), good, "{text}");
        }
    }

    #[test]
    fn origins_are_narrow() {
        for (origin, part) in [
            ("https://*", "too wide"),
            ("https://*.com", "too wide"),
            ("http://api.vendor.com", "not https"),
            ("https://10.0.0.1", "an address"),
            ("https://[::1]", "an address"),
            ("https://api.vendor.com:8443", "a port"),
            ("https://{tenant}.vendor.com", "no [[config]] field"),
            ("https://api.vendor.com/v1", "a path"),
        ] {
            let text = BASE.replace("https://api.vendor.com", origin);
            let error = publishable(&manifest(&text)).unwrap_err();
            assert!(error.contains(part), "{origin}: {error}");
        }
        for origin in ["https://{team}.vendor.com", "https://*.vendor.com", "{team}", "https://api.vendor.com"] {
            assert_eq!(publishable(&manifest(&BASE.replace("https://api.vendor.com", origin))), Ok(()), "{origin}");
        }
    }

    #[test]
    fn a_plugin_that_becomes_another_kind_breaks_and_a_further_object_widens() {
        let (id, about) = BASE.split_once("[network]").unwrap();
        assert!(about.contains("customer"));
        let transform = |objects: &[&str]| {
            let objects: String = objects.iter().map(|name| format!("[[object]]\nname = \"{name}\"\n")).collect();
            manifest(&format!("kind = \"transform\"{id}{objects}"))
        };
        let found = changes(&manifest(BASE), &transform(&["customer"]));
        assert!(found.breaking.contains(&"is a transform now, and was a connector".to_owned()), "{found:?}");
        let found = changes(&transform(&["customer"]), &transform(&["customer", "invoice"]));
        assert_eq!((found.breaking.len(), found.wider), (0, vec!["converts the object invoice".to_owned()]));
    }

    #[test]
    fn what_is_lost_breaks_and_what_is_asked_widens() {
        let old = manifest(BASE);
        assert_eq!(changes(&old, &old), Changes::default());
        let table = [
            (BASE.replace("\"customer\"", "\"project\""), vec!["no longer handles the object customer"], 1),
            (
                BASE.replace("field = \"team\"", "field = \"group\""),
                vec!["no longer knows the configuration field team"],
                0,
            ),
            (
                BASE.replace("help = \"Team.\"", "help = \"Team.\"\nrequired = true"),
                vec!["needs the configuration field team"],
                0,
            ),
            (BASE.replace("https://api.vendor.com", "https://evil.example"), vec![], 1),
            (format!("{BASE}[limits]\nmemory_mib = 128\n"), vec![], 1),
        ];
        for (text, breaking, wider) in table {
            let found = changes(&old, &manifest(&text));
            assert_eq!(found.breaking, breaking, "{text}");
            assert_eq!(found.wider.len(), wider, "{text}: {:?}", found.wider);
        }
    }
}
