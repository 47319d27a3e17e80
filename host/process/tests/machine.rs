//! Laws of the machine over random histories: what the systems answer, in which order, and when a
//! person retries, never changes what must hold.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, VecDeque};

use process::calls::{EntityCalendar, Parameters, RouteRow, Setting};
use process::machine::{self, Catalogue, World};
use process::{Cause, Command, Event, projection, shipped};
use proptest::prelude::*;
use quoin_canonical::{Id, LegalEntity, Timestamp};
use serde_json::{Value, json};

fn quote() -> Value {
    json!({
        "header": {"id": Id::derived(&["quote"]), "external": "006A"},
        "number": "Q-1", "version": 1, "opportunity": {"external": "006A"}, "status": "accepted",
        "name": "Deal", "selling_entity": "DE01", "contract_type": "sow", "currency": "EUR",
        "starts_on": "2026-03-02",
        "customer": {
            "header": {"id": Id::derived(&["customer"]), "external": "001A"}, "name": "Helix GmbH",
            "vat_id": "DE811907980", "country": "DE", "payment_terms_days": 30,
        },
        "lines": [{
            "id": "L1", "description": "Discovery",
            "billing": {
                "method": "time_and_materials",
                "roles": [{"role": "Senior", "hourly_rate": "195", "resource": "ana@advisory.example"}],
                "cap": {"limit": {"amount": "40000", "currency": "EUR"}, "mode": "fit"},
            },
        }],
    })
}

fn parameters() -> Parameters {
    let entity: LegalEntity = serde_json::from_value(json!({
        "code": "DE01", "name": "Advisory DE GmbH", "country": "DE", "currency": "EUR", "zone": "Europe/Berlin",
        "vat_id": "DE123456789", "address": {}, "default_tax": {"category": "S", "rate_percent": "19"},
    }))
    .expect("an entity");
    let route = |role: &str| RouteRow { role: role.into(), entity: None, connection: role.into() };
    Parameters {
        config: json!({"entities": ["DE01"], "tax_countries": ["DE"], "contract_types": ["sow"], "withdraw_after_days": 14}),
        entities: BTreeMap::from([(
            "DE01".to_owned(),
            EntityCalendar { entity, close_day: 5, close_time: "18:00".into() },
        )]),
        routes: ["crm", "psa", "erp", "time"].map(route).into(),
        ..Parameters::default()
    }
}

/// A log, a queue of commands, and the wheel between them.
struct House {
    catalogue: Catalogue,
    parameters: Parameters,
    world: World,
    log: Vec<Event>,
    turned: usize,
    queue: VecDeque<Command>,
}

impl House {
    fn new() -> Self {
        let mut house = Self {
            catalogue: shipped::catalogue().expect("shipped definitions"),
            parameters: parameters(),
            world: World::default(),
            log: Vec::new(),
            turned: 0,
            queue: VecDeque::new(),
        };
        house.record("quote.accepted", json!({"quote": quote()}));
        house
    }

    fn record(&mut self, kind: &str, body: Value) {
        let seq = self.log.len() as u64 + 1;
        self.log.push(Event {
            seq,
            id: Id::derived(&["test", &seq.to_string()]),
            kind: kind.into(),
            key: "Q-1".into(),
            at: "2026-03-02T10:15:00Z".parse::<Timestamp>().expect("an instant"),
            cause: Cause::default(),
            body,
        });
        self.turn();
    }

    /// Turns every recorded event, also those that turns record.
    fn turn(&mut self) {
        while let Some(event) = self.log.get(self.turned).cloned() {
            self.turned += 1;
            let setting = Setting { now: event.at, parameters: &self.parameters };
            let effects = machine::turn(&self.catalogue, &mut self.world, &event, &setting);
            self.world.deal = projection::deal(self.world.deal.take(), &event);
            self.queue.extend(effects.commands);
            for draft in effects.events {
                let seq = self.log.len() as u64 + 1;
                let (id, kind, key, at, cause, body) =
                    (draft.id, draft.kind, draft.key, draft.at, draft.cause, draft.body);
                self.log.push(Event { seq, id, kind, key, at, cause, body });
            }
        }
    }

    /// One queued command ends; when it was refused, a person retries at once.
    fn answer(&mut self, pick: usize, refuse: bool) {
        let Some(command) = self.queue.remove(pick % self.queue.len().max(1)) else { return };
        let known = json!({"instance": command.instance, "command": command.id, "role": command.role});
        if refuse {
            let mut body = known.clone();
            body["fault"] = json!({"kind": "invalid_data", "code": "X", "message": "no"});
            self.record("command.refused", body);
            let halted: Vec<_> = self.world.exceptions.values().map(|e| (e.id.clone(), e.instance.clone())).collect();
            for (exception, instance) in halted {
                self.record("exception.retry_requested", json!({"exception": exception, "instance": instance}));
            }
            return;
        }
        let mut body = known;
        body["objects"] = json!([{"external": "1", "status": "created", "data": {"number": "INV-1"}}]);
        self.record("command.done", body);
    }

    fn position(&self, kind: &str) -> Option<usize> {
        self.log.iter().position(|event| event.kind == kind)
    }

    fn confirmed(&self, role: &str, before: usize) -> bool {
        self.log[..before].iter().any(|event| event.kind == "command.done" && event.body["role"] == role)
    }
}

proptest! {
    /// Law 5: a project is active only when the shell and the billing structure are confirmed; and
    /// whatever was refused on the way, it becomes active exactly once in the end.
    #[test]
    fn activated_only_when_both_are_confirmed(answers in prop::collection::vec((any::<usize>(), prop::bool::weighted(0.3)), 0..40)) {
        let mut house = House::new();
        for (pick, refuse) in answers {
            house.answer(pick, refuse);
        }
        if let Some(at) = house.position("project.activated") {
            prop_assert!(house.position("project.shell_created").is_some_and(|shell| shell < at));
            prop_assert!(house.position("project.billing_provisioned").is_some_and(|billing| billing < at));
            prop_assert!(house.confirmed("psa", at) && house.confirmed("erp", at));
        }
        for _ in 0..200 {
            house.answer(0, false);
        }
        prop_assert_eq!(house.log.iter().filter(|event| event.kind == "project.activated").count(), 1);
        prop_assert!(house.world.exceptions.is_empty(), "{:?}", house.world.exceptions);
    }

    /// Law 1: the same log gives the same effects, byte for byte.
    #[test]
    fn same_history_same_bytes(answers in prop::collection::vec((any::<usize>(), prop::bool::weighted(0.2)), 0..30)) {
        let play = || {
            let mut house = House::new();
            for (pick, refuse) in &answers {
                house.answer(*pick, *refuse);
            }
            serde_json::to_string(&house.log).expect("JSON")
        };
        prop_assert_eq!(play(), play());
    }

    /// A second acceptance of the same quote starts nothing.
    #[test]
    fn a_second_acceptance_starts_nothing(repeats in 1_usize..4) {
        let mut house = House::new();
        let before = house.queue.len();
        for _ in 0..repeats {
            house.record("quote.accepted", json!({"quote": quote()}));
        }
        prop_assert_eq!(house.queue.len(), before);
        prop_assert_eq!(house.log.iter().filter(|event| event.kind == "gates.checked").count(), 1);
    }
}
