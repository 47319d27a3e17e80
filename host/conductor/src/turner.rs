//! The turning loop: events of a turner's partitions, each partition in order, in batches; one
//! commit a batch.

use ports::{CommitError, PARTITIONS};
use process::calls::Setting;
use process::{machine, projection};
use tokio::sync::watch;

use crate::load::{Batch, Worlds};
use crate::{IDLE, Wheel};

/// Events decided in one commit: enough to share a flush, few enough to keep a commit small.
const BATCH_EVENTS: usize = 128;

/// Name of the wheel's position in the log.
pub(crate) const CONSUMER: &str = "wheel";

/// A partition, and the last event of it that is done.
struct Place {
    partition: u16,
    position: u64,
}

/// Turns every `wheel.limits.turners`-th partition, beginning with `turner`.
pub(crate) async fn turn_partitions(wheel: Wheel, turner: u16, mut stop: watch::Receiver<bool>) {
    let mut head = wheel.ledger.head();
    let mut places = Vec::new();
    for partition in (0..PARTITIONS).filter(|partition| partition % wheel.limits.turners == turner) {
        places.push(Place { partition, position: wheel.ledger.position(CONSUMER, partition).await });
    }
    let mut worlds = Worlds::default();
    let mut most = BATCH_EVENTS;
    while !*stop.borrow() {
        head.mark_unchanged();
        match turn_batch(&wheel, &mut worlds, &mut places, most).await {
            Ok(0) => {
                tokio::select! { _ = head.changed() => {}, _ = stop.changed() => {}, () = tokio::time::sleep(IDLE) => {} }
            }
            Ok(_) => most = (most * 2).min(BATCH_EVENTS),
            Err(CommitError::Precondition(expect)) => {
                tracing::info!(?expect, "somebody else changed what this turn had loaded; deciding again");
                for place in &mut places {
                    place.position = wheel.ledger.position(CONSUMER, place.partition).await;
                }
            }
            Err(CommitError::TooLarge { bytes, limit_bytes }) if most > 1 => {
                tracing::info!(bytes, limit_bytes, events = most, "too much for one commit; deciding less at a time");
                most /= 2;
            }
            Err(error) => {
                tracing::error!(%error, "the wheel stops: the store does not accept its turn");
                return;
            }
        }
        // So that a busy partition does not keep the others waiting.
        places.rotate_left(1);
    }
}

/// Decides the next events, `most` of them, and commits the result; gives their number.
async fn turn_batch(
    wheel: &Wheel,
    worlds: &mut Worlds,
    places: &mut [Place],
    most: usize,
) -> Result<usize, CommitError> {
    let mut batch = Batch::default();
    let mut moves = Vec::new();
    let mut taken = 0;
    for (index, place) in places.iter().enumerate() {
        let events = match most - taken {
            0 => break,
            room => wheel.ledger.events(place.partition, place.position, room).await,
        };
        let Some(last) = events.last().map(|event| event.seq) else { continue };
        taken += events.len();
        // A key that begins with ~ belongs to a connection, not to a deal.
        for event in events.iter().filter(|event| !event.key.starts_with('~')) {
            let world = worlds.load(wheel, event).await;
            let setting = Setting { now: event.at, parameters: &wheel.parameters };
            let effects = machine::turn(&wheel.catalogue, world, event, &setting);
            let before = world.deal.take();
            world.deal = projection::deal(before, event);
            worlds.note(&mut batch, event, effects);
        }
        batch.moved(place.partition, place.position, last);
        moves.push((index, last));
    }
    if taken > 0 {
        worlds.commit(wheel, batch).await?;
    }
    for (index, last) in moves {
        if let Some(place) = places.get_mut(index) {
            place.position = last;
        }
    }
    Ok(taken)
}
