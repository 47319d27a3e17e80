//! The list of rules beside this file: which ids must have a case, and how many rows ran.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

const LIST: &str = include_str!("rules.txt");

/// Rows that ran, per family.
static RAN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

/// One family of rules, in the order of the list.
pub struct Family {
    name: String,
    ids: Vec<String>,
}

/// The families and their ids.
///
/// # Panics
/// On a row that is not `id  accepted|added  words`.
pub fn families() -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for line in LIST.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap().to_owned();
        if !line.starts_with(' ') {
            families.push(Family { name: first, ids: Vec::new() });
            continue;
        }
        assert!(matches!(words.next(), Some("accepted" | "added")), "rules.txt: {line}");
        assert!(words.next().is_some(), "rules.txt: {line}: a rule says what it is about");
        families.last_mut().expect("an id stands under a family").ids.push(first);
    }
    families
}

/// The rule a case belongs to: a letter behind the number makes another case of the same rule.
pub fn rule_of(case: &str) -> &str {
    let bare = case.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if bare.ends_with(|c: char| c.is_ascii_digit()) { bare } else { case }
}

/// What is wrong between the list and the cases: ids without a case, cases without an id.
pub fn gaps(cases: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut listed = BTreeSet::new();
    for id in families().iter().flat_map(|family| &family.ids) {
        if !listed.insert(id.clone()) {
            wrong.push(format!("{id} is listed twice in rules.txt"));
        }
        if !cases.contains(id) {
            wrong.push(format!("{id} has no case; write one"));
        }
    }
    let unlisted = cases.iter().filter(|case| !listed.contains(*case));
    wrong.extend(unlisted.map(|case| format!("the case {case} stands for no rule; add it to rules.txt")));
    wrong
}

/// Notes that a case ran.
pub fn ran(case: &str) {
    let families = families();
    let family = families.iter().find(|family| family.ids.iter().any(|id| id == rule_of(case)));
    let name = family.map_or("?", |family| family.name.as_str());
    *RAN.lock().unwrap().entry(name.to_owned()).or_default() += 1;
}

/// How many rows ran, family by family; `None` when none did.
pub fn summary() -> Option<String> {
    let ran = RAN.lock().unwrap();
    let of = |family: &Family| {
        format!("{} {} ({} rules)", family.name, ran.get(&family.name).copied().unwrap_or(0), family.ids.len())
    };
    let families: Vec<String> = families().iter().map(of).collect();
    let total: u32 = ran.values().sum();
    (total > 0).then(|| format!("billing rows ran: {}; {total} in all", families.join(", ")))
}
