//! Random contracts and what happens to them, as lines of a rule table.

use proptest::prelude::*;

use crate::common::{day, laws};
use crate::story::Story;

/// What a contract agrees: every combination may meet.
#[derive(Debug, Clone)]
pub struct Terms {
    currency: u8,
    review: bool,
    full: bool,
    payers: u8,
    wide_cap: bool,
    payer_cap: bool,
    mode: u8,
    beyond: u8,
    hours: bool,
    retention: bool,
    credit_progress: bool,
    advance: bool,
    expenses_count: bool,
    group: bool,
}

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Step {
    Time { key: u8, line: u8, who: u8, day: u8, minutes: u32, kind: u8 },
    Expense { key: u8, line: u8, day: u8, cents: u32, kind: u8 },
    Again { which: u8 },
    Run { day: u8 },
    Post { which: u8 },
    Release { which: u8 },
    Accept { milestone: u8 },
    Progress { percent: u16, day: u8 },
    Reevaluate,
    Goodwill { cents: u32 },
    WriteOff { key: u8 },
    RaiseCap { cents: u32 },
    Pay { cents: u32 },
    CloseAdvance { day: u8 },
    Reject,
}

/// A contract and its history.
#[derive(Debug, Clone)]
pub struct History {
    terms: Terms,
    steps: Vec<Step>,
}

/// Independent inputs, and another order of them.
#[derive(Debug, Clone)]
pub struct Order {
    terms: Terms,
    steps: Vec<Step>,
    seed: u64,
}

const CURRENCIES: [&str; 4] = ["EUR", "USD", "JPY", "KWD"];
/// The cap of L1, in hundredths: less than half a day's work, so that histories do reach it.
const CAP_CENTS: u32 = 70_000;
const MODES: [&str; 3] = ["fit", "block", "spill"];

fn terms() -> impl Strategy<Value = Terms> {
    let first = (0..8u8, any::<bool>(), any::<bool>(), 0..6u8, any::<bool>(), any::<bool>(), 0..5u8);
    let second = (0..4u8, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (first, second).prop_map(|((currency, review, full, payers, wide_cap, payer_cap, mode), second)| {
        let (beyond, hours, retention, credit_progress, advance, expenses_count, group) = second;
        Terms {
            currency,
            review,
            full,
            payers,
            wide_cap,
            payer_cap,
            mode,
            beyond,
            hours,
            retention,
            credit_progress,
            advance,
            expenses_count,
            group,
        }
    })
}

fn time() -> impl Strategy<Value = Step> {
    (0..8u8, 0..6u8, 0..2u8, 0..60u8, 1..700u32, 0..8u8).prop_map(|(key, line, who, day, minutes, kind)| Step::Time {
        key,
        line,
        who,
        day,
        minutes,
        kind,
    })
}

fn expense() -> impl Strategy<Value = Step> {
    (0..4u8, 0..2u8, 0..60u8, 1..50_000u32, 0..6u8).prop_map(|(key, line, day, cents, kind)| Step::Expense {
        key,
        line,
        day,
        cents,
        kind,
    })
}

/// Contracts with up to 23 steps.
pub fn histories() -> impl Strategy<Value = History> {
    let step = prop_oneof![
        6 => time(),
        2 => expense(),
        1 => any::<u8>().prop_map(|which| Step::Again { which }),
        3 => (0..70u8).prop_map(|day| Step::Run { day }),
        3 => any::<u8>().prop_map(|which| Step::Post { which }),
        1 => any::<u8>().prop_map(|which| Step::Release { which }),
        1 => (0..4u8).prop_map(|milestone| Step::Accept { milestone }),
        1 => (0..=1000u16, 0..60u8).prop_map(|(percent, day)| Step::Progress { percent, day }),
        2 => Just(Step::Reevaluate),
        1 => (1..50_000u32).prop_map(|cents| Step::Goodwill { cents }),
        2 => (0..8u8).prop_map(|key| Step::WriteOff { key }),
        1 => (1..40_000u32).prop_map(|cents| Step::RaiseCap { cents }),
        1 => (1..200_000u32).prop_map(|cents| Step::Pay { cents }),
        1 => (30..70u8).prop_map(|day| Step::CloseAdvance { day }),
        1 => Just(Step::Reject),
    ];
    (terms(), proptest::collection::vec(step, 1..24)).prop_map(|(terms, steps)| History { terms, steps })
}

/// Contracts with up to 19 entries and expenses, and a seed to shuffle them by.
pub fn orders() -> impl Strategy<Value = Order> {
    let step = prop_oneof![4 => time(), 1 => expense()];
    let steps = proptest::collection::vec(step, 1..20);
    (terms(), steps, any::<u64>()).prop_map(|(terms, steps, seed)| Order { terms, steps, seed })
}

impl Terms {
    fn code(&self) -> &'static str {
        CURRENCIES[usize::from(self.currency).min(4) % 4]
    }

    fn roles(&self) -> &'static str {
        "Senior=195.50:ana Junior=99.99:ben"
    }

    fn capped(&self, limit: u32) -> String {
        let mode = MODES[usize::from(self.mode) % 3];
        format!("line L1 time {} cap={}.{:02}:{mode}", self.roles(), limit / 100, limit % 100)
    }

    fn spills(&self) -> bool {
        MODES[usize::from(self.mode) % 3] == "spill"
    }

    fn payers(&self) -> u8 {
        self.payers.saturating_sub(3)
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("currency {}", self.code())];
        let review = if self.review { " review" } else { "" };
        let full = if self.full { " credit=full" } else { "" };
        lines.push(format!("policy deleted=credit{review}{full}"));
        lines.push(self.capped(CAP_CENTS));
        lines.push("line L2 fixed 10000.00 33.333/33.334/33.333".into());
        lines.push(format!("line L3 time {}", self.roles()));
        lines.push(format!("line L4 fixed {} progress", if self.code() == "JPY" { "7777" } else { "7777.77" }));
        lines.push(format!("terms L4 progress={}", if self.credit_progress { "credit" } else { "carry_forward" }));
        if self.spills() && self.beyond > 0 {
            lines.push(format!("terms L1 beyond={}", ["rate:80.00", "line:L3", "free"][usize::from(self.beyond - 1)]));
        }
        if self.hours {
            lines.push("terms L3 hours=5@0.00,10@77.70,rest".into());
        }
        if self.retention {
            lines.push("terms L2 retention=7.5".into());
        }
        if self.group {
            lines.push("terms L3 group=other".into());
        }
        lines.extend(self.agreement());
        lines.push("open".into());
        lines
    }

    fn agreement(&self) -> Vec<String> {
        let mut lines = Vec::new();
        match self.payers() {
            0 => {
                if self.advance {
                    lines.push("agree advance ADV1 L3 1500.00 2026-03-05".into());
                }
            }
            1 => lines.extend(["agree payer A 60".into(), "agree payer B 40 remainder".into()]),
            _ => lines.extend([
                "agree payer A 33.33".into(),
                "agree payer B 33.33 remainder".into(),
                "agree payer C 33.34".into(),
            ]),
        }
        if self.wide_cap {
            lines.push("agree cap 1500.00:fit".into());
        }
        if self.payer_cap && self.payers() > 0 {
            lines.push("agree cap 900.00:fit payer=A".into());
        }
        if self.expenses_count {
            lines.push("agree expenses-count".into());
        }
        if self.code() != "EUR" {
            lines.push(format!("agree fx {} EUR 0.9137 2026-01-01", self.code()));
        }
        if self.code() != "GBP" {
            lines.push(format!("agree fx GBP {} 1.1717 2026-01-01", self.code()));
        }
        lines
    }
}

fn date(offset: u8) -> String {
    day("2026-03-02").checked_add(jiff::Span::new().days(i64::from(offset))).unwrap().to_string()
}

/// One step in words; `revision` makes each version of an entry its own.
fn words(step: &Step, revision: usize, terms: &Terms) -> Vec<String> {
    let one = |line: String| vec![line];
    match step {
        Step::Time { key, line, who, day, minutes, kind } => {
            let line = ["L1", "L1", "L1", "L3", "L2", "L4"][usize::from(*line)];
            let who = ["ana", "ben"][usize::from(*who)];
            let kind = ["free", "complimentary", "rejected", "deleted"].get(usize::from(*kind)).unwrap_or(&"");
            one(format!("time k{key} {line} {who} {} {minutes}min rev={revision} {kind}", date(*day)).trim_end().into())
        }
        Step::Expense { key, line, day, cents, kind } => {
            let line = ["L1", "L3"][usize::from(*line)];
            let kind = match kind {
                0 => " rejected".to_owned(),
                1 => " currency=GBP markup=5".to_owned(),
                2 => " own".to_owned(),
                _ => " markup=10".to_owned(),
            };
            let currency =
                if kind.contains("currency") { String::new() } else { format!(" currency={}", terms.code()) };
            one(format!(
                "expense x{key} {line} {} {}.{:02}{currency}{kind} rev={revision}",
                date(*day),
                cents / 100,
                cents % 100
            ))
        }
        Step::Again { .. } => Vec::new(),
        Step::Run { day } => one(format!("run {}", date(*day))),
        Step::Post { which } => one(format!("post-out {which}")),
        Step::Release { which } => one(format!("release-out {which}")),
        Step::Accept { milestone: 3 } => one("accept L2 RETENTION 2026-03-25".into()),
        Step::Accept { milestone } => one(format!("accept L2 M{} 2026-03-20", milestone + 1)),
        Step::Progress { percent, day } => one(format!("progress L4 {}.{} {}", percent / 10, percent % 10, date(*day))),
        Step::Reevaluate => one("reevaluate L1".into()),
        Step::Goodwill { cents } => one(format!("goodwill g{revision} {}.{:02}", cents / 100, cents % 100)),
        Step::WriteOff { key } => one(format!("write-off k{key}")),
        Step::RaiseCap { cents } => vec![terms.capped(CAP_CENTS + cents), "amend".into()],
        Step::CloseAdvance { day } => one(format!("close-advance ADV1 {}", date(*day))),
        Step::Reject => one("reject-out".into()),
        Step::Pay { cents } => one(format!("pay p{revision} {}.{:02}", cents / 100, cents % 100)),
    }
}

impl History {
    /// The history as the lines of a case; change orders only ever raise the cap.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.terms.lines();
        let mut told: Vec<String> = Vec::new();
        let mut raised = 0;
        for (revision, step) in self.steps.iter().enumerate() {
            let step = match step {
                Step::RaiseCap { cents } => {
                    raised += cents;
                    Step::RaiseCap { cents: raised }
                }
                other => other.clone(),
            };
            if let Step::Again { which } = step {
                lines.extend(told.get(usize::from(which) % told.len().max(1)).cloned());
                continue;
            }
            let new = words(&step, revision + 1, &self.terms);
            if matches!(step, Step::Time { .. } | Step::Expense { .. }) {
                told.extend(new.iter().cloned());
            }
            lines.extend(new);
        }
        lines
    }
}

impl Order {
    /// The inputs in their first order.
    pub fn lines(&self) -> Vec<String> {
        self.in_order(&(0..self.steps.len()).collect::<Vec<_>>())
    }

    fn in_order(&self, order: &[usize]) -> Vec<String> {
        let mut lines = self.terms.lines();
        for at in order {
            // Each is its own entry: what has the same key is not independent.
            for line in words(&self.steps[*at], 1, &self.terms) {
                let mut parts: Vec<String> = line.split(' ').map(str::to_owned).collect();
                parts[1] = format!("{}-{at}", parts[1]);
                lines.push(parts.join(" "));
                if at % 3 == 0 {
                    lines.push(parts.join(" "));
                }
            }
        }
        lines.push("accept L2 M1 2026-03-20".into());
        lines.push("progress L4 33.3 2026-03-20".into());
        lines
    }
}

/// Plays lines; a refusal is an answer, an unknown word is a fault of the test.
pub fn play(lines: &[String], mut after: impl FnMut(&Story)) -> Story {
    let mut story = Story::default();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(Err(said)) = story.step(words[0], &words[1..]) {
            assert!(said.starts_with("refused"), "{line}: {said}");
        }
        after(&story);
    }
    story
}

/// Laws 1 to 6 after every step; 7, 9 and 10 at the end; law 4 once all is done.
pub fn keeps_the_laws(history: &History) {
    let mut seen = 0;
    let mut story = play(&history.lines(), |story| {
        if let Some(book) = story.book().filter(|book| book.events.len() > seen) {
            seen = book.events.len();
            laws::check(book.account());
        }
    });
    story.check_laws().unwrap();
    story.complete();
    let book = story.book().unwrap();
    laws::check(book.account());
    laws::fixed_prices_are_billed(book.account());
    laws::survives(&book.events, book.account());
}

/// Law 8: the run's documents are the same to the byte, in whatever order the inputs came.
pub fn order_changes_nothing(order: &Order) {
    let first: Vec<usize> = (0..order.steps.len()).collect();
    let other = shuffled(first.clone(), order.seed);
    let documents = |order_of: &[usize]| {
        let mut story = play(&order.in_order(order_of), |_| {});
        let before = story.book().unwrap().events.len();
        let words = ["2026-04-30"];
        let _ = story.step("run", &words);
        serde_json::to_string(&story.book().unwrap().events[before..]).unwrap()
    };
    let (one, two) = (documents(&first), documents(&other));
    assert!(one == two, "law 8: {one} is not {two}");
}

/// A shuffle that depends on the seed alone.
fn shuffled(mut order: Vec<usize>, mut seed: u64) -> Vec<usize> {
    for at in (1..order.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, usize::try_from(seed >> 33).unwrap() % (at + 1));
    }
    order
}
