//! Runs the rule tables beside this file: every case of every `.txt` is a test of its own.
//!
//! A case begins in the first column with its id and a title. Its steps are indented:
//! `verb arguments => what follows`. A step without `=>` must merely succeed. Numbers are compared
//! as written. `rules.txt` lists the rules that must have a case. `refused CODE words` matches a refusal of that code whose text has all the words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod amounts;
#[path = "../common/mod.rs"]
mod common;
mod document;
mod objects;
mod rules;
#[allow(dead_code, reason = "every runner uses a part of it")]
mod story;

use std::collections::BTreeSet;

use libtest_mimic::{Arguments, Failed, Trial};

const TABLES: [(&str, &str); 12] = [
    ("rounding", include_str!("rounding.txt")),
    ("rates", include_str!("rates.txt")),
    ("time", include_str!("time.txt")),
    ("caps", include_str!("caps.txt")),
    ("fixed", include_str!("fixed.txt")),
    ("retainer", include_str!("retainer.txt")),
    ("corrections", include_str!("corrections.txt")),
    ("revenue", include_str!("revenue.txt")),
    ("agreement", include_str!("agreement.txt")),
    ("approvals", include_str!("approvals.txt")),
    ("bad-input", include_str!("bad-input.txt")),
    ("en16931", include_str!("en16931.txt")),
];

#[derive(Debug, Clone)]
struct Case {
    id: String,
    title: String,
    steps: Vec<Step>,
}

#[derive(Debug, Clone)]
struct Step {
    line: usize,
    text: String,
    wanted: Option<String>,
}

fn main() {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    let mut seen = BTreeSet::new();
    for (file, text) in TABLES {
        for case in parse(text) {
            seen.insert(rules::rule_of(&case.id).to_owned());
            let name = format!("billing::{file}::{} {}", case.id, case.title);
            trials.push(Trial::test(name, move || {
                rules::ran(&case.id);
                run(file, &case)
            }));
        }
    }
    for (file, text) in stories() {
        for case in parse(&text) {
            let file = file.clone();
            trials.push(Trial::test(format!("billing::stories::{file} {}", case.title), move || run(&file, &case)));
        }
    }
    trials.push(Trial::test("billing::every rule has a case, and every case a rule", move || {
        let gaps = rules::gaps(&seen);
        if gaps.is_empty() { Ok(()) } else { Err(gaps.join("\n").into()) }
    }));
    let conclusion = libtest_mimic::run(&arguments, trials);
    #[allow(clippy::print_stdout, reason = "the runner's own closing line")]
    if let Some(summary) = rules::summary() {
        println!("{summary}");
    }
    conclusion.exit();
}

/// The stories that broke a law once (`laws/` prints them), by file name.
fn stories() -> Vec<(String, String)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let files = std::fs::read_dir(folder).expect("tests/stories is there").map(|entry| entry.unwrap().path());
    let mut stories: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap()))
        .collect();
    stories.sort();
    stories
}

fn parse(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        if !line.starts_with(' ') {
            let (id, title) = bare.split_once(' ').unwrap_or((bare, ""));
            cases.push(Case { id: id.into(), title: title.trim().into(), steps: Vec::new() });
            continue;
        }
        let (text, wanted) = match bare.split_once("=>") {
            Some((text, wanted)) => (text.trim(), Some(wanted.trim().to_owned())),
            None => (bare, None),
        };
        let case = cases.last_mut().expect("a step stands under a case");
        case.steps.push(Step { line: at + 1, text: text.into(), wanted });
    }
    cases
}

fn run(file: &str, case: &Case) -> Result<(), Failed> {
    if !case.steps.iter().any(|step| step.wanted.is_some()) {
        return Err("a case without any => checks nothing".into());
    }
    let mut world = World::default();
    for step in &case.steps {
        let outcome = world.step(&step.text);
        let fail = |found: &str, wanted: &str| -> Failed {
            format!("{file}.txt line {}: {}\n   found: {found}\n  wanted: {wanted}", step.line, step.text).into()
        };
        match (&outcome, &step.wanted) {
            (Ok(_), None) => {}
            (Ok(found), Some(wanted)) if squeeze(found) == squeeze(wanted) => {}
            (Err(found), Some(wanted)) if refused_as(found, wanted) => {}
            (Ok(found) | Err(found), wanted) => return Err(fail(found, wanted.as_deref().unwrap_or("success"))),
        }
    }
    world.story.survives_the_log();
    Ok(())
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused_as(found: &str, wanted: &str) -> bool {
    let mut words = wanted.split_whitespace();
    words.next() == Some("refused") && words.all(|word| found.contains(word))
}

/// What the steps of one case work on.
#[derive(Default)]
pub struct World {
    amounts: amounts::Amounts,
    story: story::Story,
    document: document::Document,
}

impl World {
    fn step(&mut self, text: &str) -> Result<String, String> {
        if let Some(outcome) = objects::step(text) {
            return outcome;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        let (verb, rest) = words.split_first().ok_or("an empty step")?;
        let known = self
            .amounts
            .step(verb, rest)
            .or_else(|| self.story.step(verb, rest))
            .or_else(|| self.document.step(verb, rest));
        known.unwrap_or_else(|| Err(format!("there is no verb '{verb}'")))
    }
}
