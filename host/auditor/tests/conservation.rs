//! The ledger is kept from the log, survives a restart, and tells a person what does not balance.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../../billing/tests/common/mod.rs"]
mod common;

use std::sync::Arc;

use auditor::Auditor;
use billing::AccountEvent;
use common::*;
use ports::{Commit, Ledger, Op};
use process::{Cause, EventDraft, ExceptionStatus};
use quoin_canonical::Id;
use reconcile::conservation::Kept;
use store::MemoryStore;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const KEY: &str = "Q-2026-0042";

struct Running {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

fn start(ledger: &Arc<MemoryStore>) -> Running {
    let (stop, stopped) = watch::channel(false);
    let auditor = Auditor::new(ledger.clone() as Arc<dyn Ledger>);
    Running { stop, task: tokio::spawn(auditor::run(auditor, stopped)) }
}

impl Running {
    async fn end(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

/// Records billing events as a turn does; gives the number of the last one.
async fn record(ledger: &MemoryStore, turn: &str, events: &[AccountEvent]) -> u64 {
    let ops = events.iter().enumerate().map(|(at, event)| {
        Op::Append(EventDraft {
            id: Id::derived(&[turn, &at.to_string()]),
            kind: event.kind().to_owned(),
            key: KEY.to_owned(),
            at: "2026-03-31T16:00:00Z".parse().unwrap(),
            cause: Cause { event: Some(Id::derived(&[turn])), ..Cause::default() },
            body: event.to_body().unwrap(),
        })
    });
    let receipt = ledger.commit(Commit { expect: Vec::new(), ops: ops.collect() }).await.unwrap();
    *receipt.seqs.last().unwrap()
}

/// The kept ledger once it knows an event.
async fn kept(ledger: &MemoryStore, seq: u64) -> Kept {
    let mut work = ledger.head();
    loop {
        work.mark_unchanged();
        if let Some((value, _)) = ledger.document("conservation", KEY).await {
            let kept: Kept = serde_json::from_value(value).unwrap();
            if kept.book.as_ref().is_some_and(|book| book.through.seq >= seq) {
                return kept;
            }
        }
        // The auditor's own commits append nothing as long as all is well: look again at once.
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_ledger_follows_the_log_and_goes_on_after_a_restart() {
    let ledger = Arc::new(MemoryStore::new());
    let mut book = Book::open(&helix_quote());
    let entry = book.entry("one", "L1", "ana@advisory.example", "2026-03-10", 480);
    book.time(&entry);
    let seq = record(&ledger, "first", &book.events).await;
    let running = start(&ledger);
    let statement = kept(&ledger, seq).await.statement.unwrap();
    assert_eq!((statement.approved_minutes, statement.imbalances.len()), (dec("480"), 0));
    running.end().await;

    let known = book.events.len();
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    book.post(&invoice);
    let seq = record(&ledger, "second", &book.events[known..]).await;
    let running = start(&ledger);
    let after = kept(&ledger, seq).await;
    assert!(after.book.unwrap().against(book.account()).is_empty());
    assert!(ledger.exceptions(true, 10).await.is_empty());
    running.end().await;
}

#[tokio::test]
async fn an_hour_billed_twice_becomes_an_exception_with_its_cause_and_closes_by_itself() {
    let ledger = Arc::new(MemoryStore::new());
    let running = start(&ledger);
    let mut book = Book::open(&helix_quote());
    let entry = book.entry("one", "L1", "ana@advisory.example", "2026-03-10", 480);
    book.time(&entry);
    let run = book.run("2026-03-31");
    record(&ledger, "all", &book.events).await;
    let Some(AccountEvent::InvoiceDrafted(drafted)) =
        run.iter().find(|event| event.kind() == "billing.invoice_drafted")
    else {
        panic!("nothing was drafted")
    };
    let mut twice = drafted.clone();
    twice.invoice.header.id = Some(id("another document"));
    twice.billing_events.iter_mut().for_each(|event| event.id = id(event.id.as_str()));
    let seq = record(&ledger, "twice", &[AccountEvent::InvoiceDrafted(twice)]).await;
    kept(&ledger, seq).await;
    let open = ledger.exceptions(false, 10).await;
    let [exception] = open.as_slice() else { panic!("{open:#?}") };
    assert_eq!((exception.fault.code.as_str(), exception.owner.as_str()), ("NOT_CONSERVED", "finance-operations"));
    assert!(exception.suggestion.contains(&format!("event {seq} (billing.invoice_drafted)")), "{exception:?}");
    let told = ledger.events_of_key(KEY, seq, 10).await;
    assert_eq!(told.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["exception.opened"]);

    let gone = billing::event::InvoiceDiscarded { invoice: id("another document"), by: None, reason: None };
    let seq = record(&ledger, "gone", &[AccountEvent::InvoiceDiscarded(gone)]).await;
    kept(&ledger, seq).await;
    assert!(ledger.exceptions(false, 10).await.is_empty());
    let closed = ledger.exceptions(true, 10).await;
    assert!(matches!(&closed[0].status, ExceptionStatus::Resolved { by, .. } if by == "conservation"));
    running.end().await;
}
