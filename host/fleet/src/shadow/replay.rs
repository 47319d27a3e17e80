//! The same recorded calls through two versions: what differs in canonical objects, in requests, in money. Nothing
//! leaves the machine: the vendor's recorded answers stand in its place.

use std::collections::BTreeMap;
use std::sync::Arc;

use cassette::{Asked, Body, Call, Difference, Player, RecordedRequest, Returned, differences};
use ports::{Answer, Ask, CallError, MoneyChange, Outbound, ReadRequest, ShadowDifference, Versions};
use quoin_canonical::Decimal;
use serde_json::Value;

/// Differences told one by one; more are counted. A person reads a screen of them.
const SHOWN: usize = 100;

/// What two versions made of recorded calls.
#[derive(Debug, Default)]
pub(super) struct Compared {
    pub(super) calls: usize,
    pub(super) skipped: usize,
    pub(super) differing: usize,
    pub(super) differences: Vec<ShadowDifference>,
    pub(super) money: BTreeMap<String, (Decimal, Decimal)>,
}

impl Compared {
    /// Amounts by currency, where the versions differ.
    pub(super) fn money_changes(&self) -> Vec<MoneyChange> {
        let changed = self.money.iter().filter(|(_, (was, is))| was != is);
        changed
            .map(|(currency, (was, is))| MoneyChange {
                currency: currency.clone(),
                baseline: was.normalize().to_string(),
                candidate: is.normalize().to_string(),
                change: (is - was).normalize().to_string(),
            })
            .collect()
    }

    fn differ(&mut self, connection: &str, call: &str, of: &str, found: Vec<Difference>) -> bool {
        let any = !found.is_empty();
        let room = SHOWN.saturating_sub(self.differences.len());
        self.differences.extend(found.into_iter().take(room).map(|one| ShadowDifference {
            connection: connection.to_owned(),
            call: call.to_owned(),
            of: of.to_owned(),
            path: one.path,
            baseline: one.recorded,
            candidate: one.now,
        }));
        any
    }
}

/// One version's run over one call.
struct Played {
    returned: Returned,
    unexpected: Vec<RecordedRequest>,
    missed: Vec<RecordedRequest>,
}

/// Plays the calls of a connection through both versions. The one that serves is played too, and not taken from the
/// recording: both must see the same scrubbed data. A call in which it does not do again what it did is skipped.
pub(super) async fn compare(
    versions: &dyn Versions,
    (baseline, candidate): (&str, &str),
    connection: &str,
    calls: &[Call],
    into: &mut Compared,
) {
    for call in calls {
        let Some(ask) = ask(&call.asked) else { continue };
        into.calls += 1;
        let before = play(versions, baseline, connection, call, ask.clone()).await;
        if !before.unexpected.is_empty() || !before.missed.is_empty() {
            into.skipped += 1;
            continue;
        }
        let after = play(versions, candidate, connection, call, ask).await;
        let title = call.asked.title();
        let results = into.differ(connection, &title, "result", differences(&before.returned, &after.returned));
        let requests = into.differ(connection, &title, "request", requests(&after));
        into.differing += usize::from(results || requests);
        amounts(&before.returned, &mut into.money, |sums| &mut sums.0);
        amounts(&after.returned, &mut into.money, |sums| &mut sums.1);
    }
}

async fn play(versions: &dyn Versions, digest: &str, connection: &str, call: &Call, ask: Ask) -> Played {
    let player = Arc::new(Player::new(call.exchanges.clone()));
    let outbound = Arc::clone(&player) as Arc<dyn Outbound>;
    let called = versions.replay(connection, digest, ask, call.now, outbound).await;
    Played { returned: returned(&called.result), unexpected: player.unexpected(), missed: player.missed() }
}

fn returned(result: &Result<Answer, CallError>) -> Returned {
    match result {
        Ok(Answer::Page(page)) => Returned::page(page),
        Ok(Answer::Outcomes(outcomes)) => Returned::Outcomes(outcomes.clone()),
        Err(error) => Returned::fault(error),
    }
}

fn ask(asked: &Asked) -> Option<Ask> {
    match asked {
        Asked::Read { object, cursor, ids, limit } => Some(Ask::Read(ReadRequest {
            object: object.clone(),
            cursor: cursor.as_ref().map(Body::bytes),
            ids: ids.clone(),
            limit: *limit,
        })),
        Asked::Apply { object, items } => Some(Ask::Apply { object: object.clone(), items: items.clone() }),
        Asked::Lookup { object, items } => Some(Ask::Lookup { object: object.clone(), items: items.clone() }),
        Asked::Check | Asked::Discover => None,
    }
}

/// What a version sent instead of what was recorded: requests to the same place are compared part by part.
fn requests(played: &Played) -> Vec<Difference> {
    let mut missed: Vec<&RecordedRequest> = played.missed.iter().collect();
    let mut found = Vec::new();
    for sent in &played.unexpected {
        let same_place = |one: &&RecordedRequest| one.method == sent.method && place(&one.url) == place(&sent.url);
        let twin = missed.iter().position(same_place).map(|at| missed.remove(at));
        let name = format!("{} {}", sent.method, place(&sent.url));
        match twin {
            None => found.push(Difference { path: name, recorded: None, now: Some(shown(sent)) }),
            Some(twin) => {
                let parts = differences(&Returned::Schema(shown(twin)), &Returned::Schema(shown(sent)));
                found.extend(parts.into_iter().map(|part| Difference {
                    path: format!("{name}{}", part.path.strip_prefix("/schema").unwrap_or(&part.path)),
                    ..part
                }));
            }
        }
    }
    let gone = missed.into_iter().map(|request| Difference {
        path: format!("{} {}", request.method, place(&request.url)),
        recorded: Some(shown(request)),
        now: None,
    });
    found.extend(gone);
    found
}

/// An address without its query.
fn place(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// A request as far as versions are compared by it.
fn shown(request: &RecordedRequest) -> Value {
    let body = match &request.body {
        Some(Body::Json(value)) => value.clone(),
        Some(Body::Text(text) | Body::Base64(text)) => Value::String(text.clone()),
        None => Value::Null,
    };
    serde_json::json!({
        "url": request.url, "credential": request.credential, "idempotency_key": request.idempotency_key, "body": body,
    })
}

/// Adds up every amount of money in a result, by currency.
fn amounts(
    returned: &Returned,
    money: &mut BTreeMap<String, (Decimal, Decimal)>,
    side: fn(&mut (Decimal, Decimal)) -> &mut Decimal,
) {
    let values: Vec<&Value> = match returned {
        Returned::Page { changes, .. } => changes.iter().map(|change| &change["data"]).collect(),
        Returned::Outcomes(outcomes) => outcomes.iter().filter_map(|outcome| outcome.data.as_ref()).collect(),
        Returned::Report(_) | Returned::Schema(_) | Returned::Fault(_) => Vec::new(),
    };
    values.into_iter().for_each(|value| sum(value, money, side));
}

fn sum(
    value: &Value,
    money: &mut BTreeMap<String, (Decimal, Decimal)>,
    side: fn(&mut (Decimal, Decimal)) -> &mut Decimal,
) {
    match value {
        Value::Object(fields) => {
            let amount = fields.get("amount").and_then(Value::as_str).and_then(|text| text.parse::<Decimal>().ok());
            if let (Some(amount), Some(currency)) = (amount, fields.get("currency").and_then(Value::as_str)) {
                *side(money.entry(currency.to_owned()).or_default()) += amount;
            }
            fields.values().for_each(|value| sum(value, money, side));
        }
        Value::Array(items) => items.iter().for_each(|value| sum(value, money, side)),
        _ => {}
    }
}
