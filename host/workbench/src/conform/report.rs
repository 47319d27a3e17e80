//! How it ended: for people, and as the certificate that a registry takes.

use quoin_package::Manifest;
use quoin_trust::Certificate;
use serde::Serialize;

use super::stage::Skip;
use super::{SUITE, words_of};

/// How one case ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The connector keeps the rule.
    Passed,
    /// It does not: what was seen, and what to mend.
    Failed(String),
    /// It cannot be tried, and why.
    Skipped(String),
}

/// One rule tried on one object.
#[derive(Debug, Clone, Serialize)]
pub struct Case {
    /// The rule.
    pub rule: &'static str,
    /// What the rule holds a connector to.
    pub words: &'static str,
    /// The object; empty where it is about the whole connector.
    pub object: String,
    /// How it ended.
    pub verdict: Verdict,
}

impl Case {
    /// `rule object`
    pub fn title(&self) -> String {
        format!("{} {}", self.rule, self.object).trim_end().to_owned()
    }
}

/// How the suite ended. As JSON it is the certificate, with the cases beside.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// What a registry reads.
    #[serde(flatten)]
    pub certificate: Certificate,
    /// Plugin id and version.
    pub plugin: String,
    /// SHA-256 of the component, hex.
    pub component: String,
    /// Every case, in order.
    pub cases: Vec<Case>,
}

impl Report {
    /// An empty one.
    pub(super) fn new() -> Self {
        let certificate = Certificate {
            suite: SUITE.to_owned(),
            contract: "1.0".to_owned(),
            passed: 0,
            failed: 0,
            skipped: std::collections::BTreeMap::new(),
        };
        Self { certificate, plugin: String::new(), component: String::new(), cases: Vec::new() }
    }

    pub(super) fn about(&mut self, manifest: &Manifest, digest: &str) {
        self.certificate.contract = manifest.contract.clone();
        self.plugin = format!("{} {}", manifest.id, manifest.version);
        self.component = digest.to_owned();
    }

    pub(super) fn add(&mut self, rule: &'static str, object: &str, result: anyhow::Result<()>) {
        let words = words_of(rule);
        let verdict = match result {
            Ok(()) => Verdict::Passed,
            Err(error) => match error.downcast_ref::<Skip>() {
                Some(Skip(reason)) => Verdict::Skipped(reason.clone()),
                None => Verdict::Failed(format!("{error:#}")),
            },
        };
        let case = Case { rule, words, object: object.to_owned(), verdict };
        match &case.verdict {
            Verdict::Passed => self.certificate.passed += 1,
            Verdict::Failed(_) => self.certificate.failed += 1,
            Verdict::Skipped(reason) => {
                self.certificate.skipped.insert(case.title(), reason.clone());
            }
        }
        self.cases.push(case);
    }

    /// Titles of the cases that failed, for tests and summaries.
    pub fn failed(&self) -> Vec<String> {
        let failed = self.cases.iter().filter(|case| matches!(case.verdict, Verdict::Failed(_)));
        failed.map(Case::title).collect()
    }
}
