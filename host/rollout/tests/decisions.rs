//! Stories of a plugin's versions: a line per decision, then who serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use proptest::prelude::*;
use rollout::{Call, Decision, Rollout, State, Version};

fn version(name: &str) -> Box<Version> {
    Box::new(Version {
        version: name.to_owned(),
        staged_at: "2026-03-02T10:00:00Z".parse().unwrap(),
        source: "a test".to_owned(),
        origin: None,
        withdrawn: None,
        revoked: None,
    })
}

/// `stage a`, `promote a`, `canary b 10`, `canary b erp`, `pin erp a`, `unpin erp`, `back`, `out b`, `revoke b`.
fn decision(line: &str) -> Decision {
    let words: Vec<&str> = line.split_whitespace().collect();
    let digest = |at: usize| words[at].to_owned();
    match words[0] {
        "stage" => Decision::Stage { digest: digest(1), version: version(words[1]) },
        "promote" => Decision::Promote { digest: digest(1) },
        "canary" => match words[2].parse() {
            Ok(share_percent) => Decision::Canary { digest: digest(1), share_percent, connections: [].into() },
            Err(_) => {
                Decision::Canary { digest: digest(1), share_percent: 0, connections: [words[2].to_owned()].into() }
            }
        },
        "pin" => Decision::Pin { connection: words[1].to_owned(), digest: digest(2) },
        "unpin" => Decision::Unpin { connection: words[1].to_owned() },
        "back" => Decision::Rollback { reason: "an operator".into() },
        "out" => Decision::Withdraw { digest: digest(1), reason: "it trapped".into() },
        "revoke" => Decision::Revoke { digest: digest(1), reason: "stolen key".into() },
        other => panic!("no decision '{other}'"),
    }
}

fn play(lines: &str) -> (Rollout, Vec<String>) {
    let mut rollout = Rollout::of("books");
    let mut refused = Vec::new();
    for (seq, line) in (1..).zip(lines.split(';').map(str::trim)) {
        match rollout.decide(&decision(line), seq * 10) {
            Ok(next) => rollout = next,
            Err(refusal) => refused.push(refusal.to_string()),
        }
    }
    (rollout, refused)
}

#[test]
fn stories() {
    // Decisions; who serves new calls of `crm`; the states of a, b, c; words of the refusal, where there is one.
    let table = [
        ("stage a", "-", "staged", ""),
        ("stage a; promote a", "a", "serving", ""),
        ("stage a; promote a; promote a", "a", "serving", "serves already"),
        ("stage a; promote a; stage b; promote b", "b", "retained serving", ""),
        ("stage a; promote a; stage b; promote b; back", "a", "serving withdrawn", ""),
        ("stage a; promote a; stage b; promote b; back; promote b", "b", "retained serving", ""),
        ("stage a; promote a; back", "a", "serving", "no version to go back to"),
        ("stage a; promote a; stage b; canary b 10", "a", "serving canary", ""),
        ("stage a; promote a; stage b; canary b crm", "b", "serving canary", ""),
        ("stage a; promote a; stage b; canary b crm; back", "a", "serving withdrawn", ""),
        ("stage a; promote a; stage b; canary b crm; promote b", "b", "retained serving", ""),
        ("stage a; canary a 10", "-", "staged", "no version serves yet"),
        ("stage a; promote a; stage b; canary b 100", "a", "serving staged", "100 % is no trial"),
        ("stage a; promote a; stage b; canary b 0", "a", "serving staged", "needs a share"),
        ("stage a; promote a; stage b; pin crm a; promote b", "a", "retained serving", ""),
        ("stage a; promote a; stage b; pin crm a; promote b; unpin crm", "b", "retained serving", ""),
        ("stage a; promote a; unpin crm", "a", "serving", "not pinned"),
        ("stage a; promote a; stage b; promote b; out b", "a", "serving withdrawn", ""),
        ("stage a; promote a; out a", "a", "serving", "no version to go back to"),
        ("stage a; promote a; stage b; promote b; revoke b", "a", "serving revoked", ""),
        ("stage a; promote a; revoke a", "barred", "revoked", ""),
        ("stage a; promote a; revoke a; promote a", "barred", "revoked", "must not run: stolen key"),
        ("stage a; promote a; revoke a; stage b; promote b", "b", "revoked serving", ""),
        ("stage a; promote a; stage b; revoke b; stage b", "a", "serving revoked", "must not run"),
        ("stage a; promote a; promote c", "a", "serving", "there is no version c"),
    ];
    for (lines, serves, states, words) in table {
        let (rollout, refused) = play(lines);
        let call = Call { connection: "crm", sticky: b"", began: None };
        let now = match &rollout.serving.barred {
            Some(_) => "barred",
            None => rollout.serving.choose(call).unwrap_or("-"),
        };
        assert_eq!(now, serves, "{lines}");
        let found: Vec<String> =
            rollout.versions.keys().map(|digest| format!("{:?}", rollout.state(digest)).to_lowercase()).collect();
        assert_eq!(found.join(" "), states, "{lines}");
        assert_eq!(refused.len(), usize::from(!words.is_empty()), "{lines}: {refused:?}");
        assert!(refused.iter().all(|said| said.contains(words)), "{lines}: {refused:?}");
    }
}

#[test]
fn a_version_is_named_by_number_or_digest() {
    let mut rollout = Rollout::of("books");
    for (digest, name) in [("aaaaaaaaaaaa", "1.0.0"), ("aaaaaabbbbbb", "1.1.0"), ("cccccccccccc", "1.1.0")] {
        let stage = Decision::Stage { digest: digest.into(), version: version(name) };
        rollout = rollout.decide(&stage, 1).unwrap();
    }
    assert_eq!(rollout.find("1.0.0").unwrap(), "aaaaaaaaaaaa");
    assert_eq!(rollout.find("aaaaaab").unwrap(), "aaaaaabbbbbb");
    assert!(rollout.find("1.1.0").unwrap_err().0.contains("1.1.0 (aaaaaabbbbbb), 1.1.0 (cccccccccccc)"));
    assert!(rollout.find("2.0.0").unwrap_err().0.contains("there are 1.0.0"));
}

proptest! {
    /// Whatever is decided in whatever order: what serves is there, was not revoked, and a state is told for it.
    #[test]
    fn what_serves_is_there_and_may_run(lines in proptest::collection::vec(
        prop::sample::select(vec![
            "stage a", "stage b", "stage c", "promote a", "promote b", "promote c", "canary a 10", "canary b crm",
            "canary c 50", "pin crm a", "pin crm b", "unpin crm", "back", "out a", "out b", "revoke a", "revoke c",
        ]),
        1..40,
    )) {
        let (rollout, _) = play(&lines.join(";"));
        for digest in rollout.serving.digests() {
            prop_assert!(rollout.versions.contains_key(digest), "{digest} serves but is not there");
            prop_assert_ne!(rollout.state(digest), State::Revoked);
        }
        prop_assert!(rollout.serving.turns.len() <= rollout::TURNS_KEPT);
        let call = Call { connection: "crm", sticky: b"x", began: Some(15) };
        if let Some(chosen) = rollout.serving.choose(call) {
            prop_assert!(rollout.serving.digests().contains(chosen));
        }
    }
}
