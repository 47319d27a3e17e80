//! Contracts of one customer that are billed together: one invoice for what each of them bills.
//!
//! Each contract keeps its own account. Its run drafts a *part*, with all billing events behind it,
//! and reports it to the *group*, which has a business key and events of its own. When every member
//! has reported, or the wait is over, the group puts the parts onto one document, which is checked,
//! approved and posted like any other; then each part is posted in its own account under the
//! document's number, with its share of the tax. So caps, credits, conservation and explanation stay
//! what they are: a contract's own. Only the document, its approval and its payments are the group's.

mod decide;
mod document;
mod event;
mod explain;
mod payment;

use std::collections::BTreeMap;

use quoin_canonical::{Contract, Currency, Customer, Date, Decimal, Id, Invoice, InvoiceStatus, Money};
use serde::{Deserialize, Serialize};

use crate::account::DocumentStage;
use crate::approval::{Approval, ApprovalNeed};
use crate::event::PartShare;

pub use decide::{Report, approve, collect, credited, draft, join, posted, reject, standing};
pub use event::{
    Collected, GroupEvent, InvoiceDiscarded, InvoicePosted, InvoiceReleased, Joined, PartCredited, PartPaid,
    PaymentApplied, WholeDrafted,
};
pub use explain::explain;
pub use payment::payment;

/// What business keys of groups begin with; no quote's number does.
pub const KEY_MARK: char = '+';

/// Who is billed together, by whom, in what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupTerms {
    /// Business key of the group.
    pub key: String,
    /// What its contracts name in common, as printed on the document.
    pub name: String,
    /// The customer's canonical id.
    pub customer: Id,
    /// Code of the selling legal entity.
    pub selling_entity: String,
    /// Currency.
    pub currency: Currency,
}

impl GroupTerms {
    /// The group that a contract is billed with; `None` where it is billed on its own. Contracts
    /// of another customer, seller or currency are another group: they cannot share an invoice.
    pub fn of(contract: &Contract) -> Option<Self> {
        let name = contract.agreement.billed_with.clone()?;
        let customer = contract.customer.id()?.clone();
        let (entity, currency) = (contract.selling_entity.clone(), contract.currency);
        let key = format!("{KEY_MARK}{name}/{customer}/{entity}/{currency}");
        Some(Self { key, name, customer, selling_entity: entity, currency })
    }
}

/// Whether a business key is a group's.
pub fn is_group(key: &str) -> bool {
    key.starts_with(KEY_MARK)
}

/// A group of contracts, built from its events alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Who is billed together.
    pub terms: GroupTerms,
    /// Its contracts, and the last run that each has reported.
    pub members: BTreeMap<String, Option<Run>>,
    /// Parts that are on no document yet, by id.
    pub waiting: BTreeMap<Id, WaitingPart>,
    /// Its documents, by id.
    pub documents: BTreeMap<Id, Whole>,
    /// Payments, by id: what each counts on each part.
    pub payments: BTreeMap<Id, PaidParts>,
}

/// A billing run, as the contracts of a group know it in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Day up to which work is looked at.
    pub as_of: Date,
    /// Which of the runs up to that day: the same for all contracts that run together.
    pub name: String,
}

/// A part that waits for its document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WaitingPart {
    /// Its contract.
    pub contract: String,
    /// The part, as its contract drafted it.
    pub invoice: Invoice,
}

/// A document that bills several contracts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// The document.
    pub invoice: Invoice,
    /// Its parts, in the order of its lines.
    pub parts: Vec<Part>,
    /// How far it is.
    pub stage: DocumentStage,
    /// Who must approve it before it goes out, where the policy asks somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalNeed>,
    /// Who did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved: Option<Approval>,
    /// Credit notes against its parts, by id: gross.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub credits: BTreeMap<Id, PartCredited>,
}

/// One contract's part of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The contract.
    pub contract: String,
    /// The part's id in the contract's account.
    pub invoice: Id,
    /// What it is on the document.
    pub share: PartShare,
}

/// A payment as it counts on the parts of a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaidParts {
    /// The document.
    pub invoice: Id,
    /// How much of it counts on each part, in the order of the document's parts.
    pub amounts: Vec<Decimal>,
}

impl Group {
    /// How many documents it drafted so far: the round that parts are collected for.
    pub fn round(&self) -> usize {
        self.documents.len()
    }

    /// Whether every member has reported this run, or is further already. That a member reported an
    /// earlier run up to the same day does not count: it may be about to bring more, and a document
    /// without it could stay below a limit that both together exceed.
    pub fn is_complete(&self, run: &Run) -> bool {
        self.members.values().all(|last| last.as_ref().is_some_and(|last| last == run || last.as_of > run.as_of))
    }

    /// The customer as printed, once a part said so.
    pub fn buyer(&self) -> Option<&Customer> {
        let waiting = self.waiting.values().map(|part| &part.invoice.buyer);
        waiting.chain(self.documents.values().map(|whole| &whole.invoice.buyer)).next()
    }

    /// Paid on a document, gross.
    pub fn paid(&self, document: &Id) -> Decimal {
        let on_it = self.payments.values().filter(|paid| paid.invoice == *document);
        on_it.flat_map(|paid| &paid.amounts).sum()
    }

    /// Still to pay on a document: what is due less payments and credits. Negative when overpaid.
    pub fn open(&self, document: &Id) -> Option<Money> {
        let whole = self.documents.get(document)?;
        let due = whole.invoice.totals.due;
        Some(Money::new(due.amount - self.paid(document) - whole.credited(), due.currency))
    }

    /// Where a document stands.
    pub fn status(&self, document: &Id) -> Option<InvoiceStatus> {
        let whole = self.documents.get(document)?;
        let open = self.open(document)?.amount;
        Some(match whole.stage {
            DocumentStage::Draft => InvoiceStatus::Draft,
            DocumentStage::Released => InvoiceStatus::Approved,
            DocumentStage::Discarded => InvoiceStatus::Void,
            DocumentStage::Posted if whole.credited() >= whole.invoice.totals.gross.amount => InvoiceStatus::Credited,
            DocumentStage::Posted if open <= Decimal::ZERO => InvoiceStatus::Paid,
            DocumentStage::Posted if !self.paid(document).is_zero() => InvoiceStatus::PartiallyPaid,
            DocumentStage::Posted => InvoiceStatus::Posted,
        })
    }
}

impl Whole {
    /// On credit notes against its parts, gross.
    pub fn credited(&self) -> Decimal {
        self.credits.values().map(|credit| credit.gross.amount).sum()
    }
}

/// Applies one event. A contract that joins makes the group; every other event changes an existing one.
pub fn evolve(group: &mut Option<Group>, event: &GroupEvent) {
    if let (None, GroupEvent::Joined(joined)) = (group.as_ref(), event) {
        *group = Some(Group {
            terms: joined.group.clone(),
            members: BTreeMap::new(),
            waiting: BTreeMap::new(),
            documents: BTreeMap::new(),
            payments: BTreeMap::new(),
        });
    }
    if let Some(group) = group.as_mut() {
        group.evolve(event);
    }
}

impl Group {
    /// Applies one event.
    pub fn evolve(&mut self, event: &GroupEvent) {
        match event {
            GroupEvent::Joined(joined) => {
                self.members.entry(joined.contract.clone()).or_default();
            }
            GroupEvent::Collected(collected) => {
                let last = self.members.entry(collected.contract.clone()).or_default();
                if last.as_ref().is_none_or(|last| last.as_of <= collected.run.as_of) {
                    *last = Some(collected.run.clone());
                }
                for part in &collected.parts {
                    let Some(id) = part.header.id.clone() else { continue };
                    let waiting = WaitingPart { contract: collected.contract.clone(), invoice: part.clone() };
                    self.waiting.insert(id, waiting);
                }
            }
            GroupEvent::Drafted(drafted) => self.drafted(drafted),
            GroupEvent::Released(released) => {
                if let Some(whole) = self.documents.get_mut(&released.invoice) {
                    whole.stage = DocumentStage::Released;
                    whole.approved.clone_from(&released.approved);
                }
            }
            GroupEvent::Discarded(discarded) => {
                if let Some(whole) = self.documents.get_mut(&discarded.invoice) {
                    whole.stage = DocumentStage::Discarded;
                }
            }
            GroupEvent::Posted(posted) => {
                if let Some(whole) = self.documents.get_mut(&posted.invoice) {
                    whole.stage = DocumentStage::Posted;
                    whole.invoice.number = Some(posted.number.clone());
                    whole.invoice.status = InvoiceStatus::Posted;
                }
            }
            GroupEvent::Credited(credited) => {
                if let Some(whole) = self.documents.get_mut(&credited.invoice) {
                    whole.credits.insert(credited.credit.clone(), credited.clone());
                }
            }
            GroupEvent::Paid(applied) => {
                let amounts = applied.parts.iter().map(|part| part.amount.amount).collect();
                let paid = PaidParts { invoice: applied.invoice.clone(), amounts };
                self.payments.insert(applied.payment.clone(), paid);
            }
        }
    }

    fn drafted(&mut self, drafted: &WholeDrafted) {
        let Some(id) = drafted.invoice.header.id.clone() else { return };
        for part in &drafted.parts {
            self.waiting.remove(&part.invoice);
        }
        let whole = Whole {
            invoice: drafted.invoice.clone(),
            parts: drafted.parts.clone(),
            stage: if drafted.approval.is_none() { DocumentStage::Released } else { DocumentStage::Draft },
            approval: drafted.approval.clone(),
            approved: None,
            credits: BTreeMap::new(),
        };
        self.documents.insert(id, whole);
    }
}
