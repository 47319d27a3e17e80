//! Finding out what became of a write by walking it again: the same steps, on a door that refuses to
//! change anything. What needs nothing more is there; where a change would have to be made, it is not.

use crate::{Fault, FaultKind, Host, Item, Outcome, Status, code};

/// Whether a door to the vendor may change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A change is answered with a fault instead of being sent: for looking up.
    Read,
    /// Changes are sent.
    Write,
}

impl Mode {
    /// Asked before every change. `needs_ms` is the time a change needs at least: with less left in
    /// this call it is not begun, and the next attempt goes on from here.
    ///
    /// # Errors
    /// Code `NOT_SENT`; nothing was sent.
    pub fn permit(self, host: &dyn Host, needs_ms: u64) -> Result<(), Fault> {
        let not_sent = |why: &str| Err(Fault::new(FaultKind::Transient, code::NOT_SENT, why));
        match self {
            Mode::Read => not_sent("not all of it is there; it has to be written"),
            Mode::Write if host.remaining_ms() < needs_ms => {
                not_sent("the call's time is used up; the next attempt goes on from here")
            }
            Mode::Write => Ok(()),
        }
    }
}

/// What became of an item whose write was walked on a door of [`Mode::Read`].
///
/// A walk that ended before its first change, for a reason that would stop the write as well, left
/// nothing behind: absent, and the next attempt says why. When the vendor could not be asked, nothing
/// is known.
///
/// # Errors
/// When the credential is refused: that concerns the whole call.
pub fn look_up(item: &Item, walked: Result<Outcome, Fault>) -> Result<Outcome, Fault> {
    use FaultKind::{AuthExpired, Conflict, InvalidData, NotFound, Unsupported};
    match walked {
        Ok(mut outcome) => {
            if outcome.status == Status::Unchanged {
                outcome.status = Status::Created;
            }
            Ok(outcome)
        }
        Err(fault) if fault.code == code::NOT_SENT => Ok(Outcome::absent(item, fault.message)),
        Err(fault) => match fault.kind {
            AuthExpired => Err(fault),
            Conflict => Ok(Outcome::conflict(item, fault)),
            InvalidData | NotFound | Unsupported => Ok(Outcome::absent(item, fault.message)),
            _ => Ok(Outcome::unknown(item, fault)),
        },
    }
}

#[cfg(test)]
mod tests {
    use quoin_canonical::Customer;

    use super::*;

    fn item() -> Item {
        let customer: Customer =
            serde_json::from_str(r#"{"name":"Helix GmbH","status":"active"}"#).expect("a customer");
        Item::new("k", &customer).expect("an item")
    }

    #[test]
    fn a_walk_that_ended_tells_what_became_of_the_write() {
        use FaultKind as K;
        let cases = [
            (K::Transient, code::NOT_SENT, Status::Absent),
            (K::InvalidData, "400", Status::Absent),
            (K::NotFound, "MISSING_REFERENCE", Status::Absent),
            (K::Conflict, "AMBIGUOUS", Status::Conflict),
            (K::Transient, "503", Status::Unknown),
            (K::RateLimited, "429", Status::Unknown),
            (K::Other, "READ_FAILED", Status::Unknown),
        ];
        for (kind, code, status) in cases {
            let ended = look_up(&item(), Err(Fault::new(kind, code, "why"))).expect("an outcome");
            assert_eq!(ended.status, status, "{kind:?} {code}");
        }
        assert!(look_up(&item(), Err(Fault::new(K::AuthExpired, "401", "no"))).is_err());
        let found = look_up(&item(), Ok(Outcome::unchanged(&item(), "7"))).expect("an outcome");
        assert_eq!((found.status, found.external.as_deref()), (Status::Created, Some("7")));
    }
}
