//! The turning loop: events of a partition, in order, in batches; one commit a batch.

use std::sync::Arc;

use ports::{CommitError, PARTITIONS};
use process::calls::Setting;
use process::{machine, projection};
use tokio::sync::watch;

use crate::load::Batch;
use crate::{IDLE, Wheel};

/// Events decided in one commit: enough to share a flush, few enough to keep a commit small.
const BATCH_EVENTS: usize = 128;

/// Name of the wheel's position in the log.
pub(crate) const CONSUMER: &str = "wheel";

/// Turns every `wheel.limits.turners`-th partition, beginning with `turner`.
pub(crate) async fn turn_partitions(wheel: Wheel, turner: u16, mut stop: watch::Receiver<bool>) {
    let mut head = wheel.ledger.head();
    let mine: Vec<u16> = (0..PARTITIONS).filter(|partition| partition % wheel.limits.turners == turner).collect();
    let mut positions = Vec::with_capacity(mine.len());
    for partition in &mine {
        positions.push(wheel.ledger.position(CONSUMER, *partition).await);
    }
    while !*stop.borrow() {
        head.mark_unchanged();
        let mut moved = false;
        for (partition, position) in mine.iter().zip(positions.iter_mut()) {
            match turn_batch(&wheel, *partition, *position).await {
                Ok(to) => {
                    moved |= to != *position;
                    *position = to;
                }
                Err(CommitError::Precondition(expect)) => {
                    tracing::info!(?expect, "somebody else changed what this turn had loaded; deciding again");
                    *position = wheel.ledger.position(CONSUMER, *partition).await;
                    moved = true;
                }
                Err(error) => {
                    tracing::error!(%error, "the wheel stops: the store accepts nothing");
                    return;
                }
            }
        }
        if !moved {
            tokio::select! { _ = head.changed() => {}, _ = stop.changed() => {}, () = tokio::time::sleep(IDLE) => {} }
        }
    }
}

/// Decides the next events of a partition and commits the result; gives the new position.
async fn turn_batch(wheel: &Wheel, partition: u16, position: u64) -> Result<u64, CommitError> {
    let events = wheel.ledger.events(partition, position, BATCH_EVENTS).await;
    let Some(last) = events.last().map(|event| event.seq) else { return Ok(position) };
    let mut batch = Batch::default();
    for event in &events {
        if event.key.starts_with('~') {
            continue; // Belongs to a connection, not to a deal.
        }
        batch.load(wheel, event).await;
        let setting = Setting { now: event.at, parameters: &wheel.parameters };
        let catalogue = Arc::clone(&wheel.catalogue);
        let world = batch.world(&event.key);
        let effects = machine::turn(&catalogue, world, event, &setting);
        let before = world.deal.take();
        world.deal = projection::deal(before, event);
        batch.note(event, effects);
    }
    batch.commit(wheel, partition, position, last).await?;
    Ok(last)
}
