//! What waits for a person, and how it goes on: asked to, by itself, or not at all.

use quoin_canonical::Id;
use serde_json::{Value, json};

use super::{Halt, Instance, State, Turn, label};
use crate::definition::Step;
use crate::wheel::{Exception, ExceptionStatus};

impl Turn<'_> {
    pub(super) fn retry_requested(&mut self) {
        let catalogue = self.catalogue;
        let Some((found, exception)) = self.addressed("exception") else { return };
        if !matches!(&found.state, State::Halted { exception: open, .. } if *open == exception) {
            return;
        }
        let Some(flow) = catalogue.flow(found) else { return };
        let id = found.id.clone();
        let Some(mut instance) = self.world.instances.remove(&id) else { return };
        let by = self.event.cause.by.clone().unwrap_or_else(|| "operator".to_owned());
        self.resolve(&exception, &by);
        instance.failed.clear();
        self.drive(instance, flow);
    }

    /// What an instance waited for has happened: it tries again without being asked.
    pub(super) fn resume_halted(&mut self) {
        let catalogue = self.catalogue;
        for id in catalogue.resumes(self.event) {
            let Some(mut instance) = self.world.instances.get(&id).cloned() else { continue };
            let State::Halted { exception, .. } = instance.state.clone() else { continue };
            let Some(flow) = catalogue.flow(&instance) else { continue };
            let by = self.event.body.pointer("/approved/by").or_else(|| self.event.body.get("by"));
            let by = by.and_then(Value::as_str).unwrap_or(&self.event.kind).to_owned();
            self.resolve(&exception, &by);
            instance.failed.clear();
            self.drive(instance, flow);
        }
    }

    /// The policy's time to mend an exception is over: the instance that still waits is ended. Decided
    /// in one turn, so that no retry comes in between.
    pub(super) fn overdue(&mut self) {
        let exception = self.event.body.get("exception").cloned().unwrap_or(Value::Null);
        let Ok(exception) = serde_json::from_value::<Exception>(exception) else { return };
        let Some(mut instance) = self.world.instances.get(&exception.instance).cloned() else { return };
        if instance.state != (State::Halted { exception: exception.id.clone(), since: exception.opened_at }) {
            return;
        }
        let (id, step) = (exception.id.clone(), exception.step.clone());
        let body = json!({"exception": id, "instance": instance.id, "step": step, "fault": exception.fault});
        self.world.exceptions.insert(id.clone(), exception);
        self.resolve(&id, "the policy's time limit");
        self.draft("exception.withdrawn", body, Some(step));
        instance.state = State::Withdrawn;
        self.keep(instance);
    }

    pub(super) fn resolve(&mut self, id: &Id, by: &str) {
        let Some(mut exception) = self.world.exceptions.remove(id) else { return };
        exception.status = ExceptionStatus::Resolved { at: self.setting.now, by: by.to_owned() };
        self.draft(
            "exception.resolved",
            json!({"exception": id, "by": by, "step": exception.step}),
            Some(exception.step.clone()),
        );
        self.effects.exceptions.push(exception);
    }

    pub(super) fn halt(&mut self, instance: &mut Instance, step: &Step, halt: Halt) {
        let id = Id::derived(&["exception", instance.id.as_str(), &step.id]);
        let hours = i64::from(step.due_hours);
        let buyer = self.world.group.as_ref().and_then(|group| group.buyer());
        let exception = Exception {
            id: id.clone(),
            key: instance.key.clone(),
            customer: match (&self.world.deal, buyer) {
                (Some(deal), _) => deal.customer.clone(),
                (None, buyer) => buyer.map(|buyer| buyer.name.clone()).unwrap_or_default(),
            },
            instance: instance.id.clone(),
            step: label(instance, step),
            amount: self.world.deal.as_ref().map(|deal| deal.value.to_string()),
            owner: halt.owner.unwrap_or_else(|| step.owner.clone()),
            due: self.setting.now.saturating_add(jiff::SignedDuration::from_hours(hours)).unwrap_or(self.setting.now),
            suggestion: step.suggestion.clone(),
            opened_at: self.setting.now,
            status: ExceptionStatus::Open,
            fault: halt.fault,
        };
        let body = serde_json::to_value(&exception).unwrap_or(Value::Null);
        self.draft("exception.opened", json!({"exception": body}), Some(exception.step.clone()));
        instance.state = State::Halted { exception: id.clone(), since: self.setting.now };
        self.world.exceptions.insert(id, exception.clone());
        self.effects.exceptions.push(exception);
    }
}
