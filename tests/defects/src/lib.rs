//! The template's connector with one defect at a time: what the conformance suite must find. The
//! connection's configuration names the defect.
//!
//! Lives here: what authors get wrong. Never enters: which rule must notice it, which the suite's
//! own tests say.
// The template's files are an author's, who need not document a private crate.
#![allow(missing_docs, reason = "the template's modules are included as they are")]

#[path = "../../../sdk/template/src/api.rs"]
mod api;
mod defect;
#[path = "../../../sdk/template/src/fault.rs"]
mod fault;
#[path = "../../../sdk/template/src/map.rs"]
mod map;
#[path = "../../../sdk/template/src/read.rs"]
mod read;
#[path = "../../../sdk/template/src/wire.rs"]
mod wire;
#[path = "../../../sdk/template/src/write.rs"]
mod write;

use quoin_sdk::{
    Algorithm, Check, Fault, FaultKind, Host, Inbound, Item, ObjectKind, Outcome, Page, ReadRequest, Reply, Report,
    Sink, Source, Webhook,
};

use defect::Defect;

/// The connector.
pub struct Defects;

quoin_sdk::register!(Defects, manifest = include_str!("../connector.toml"), powers = [check, source, sink, webhook]);

impl Check for Defects {
    fn check(host: &dyn Host) -> Result<Report, Fault> {
        let defect = Defect::of(host)?;
        defect.report(read::who_we_are(host))
    }
}

impl Source for Defects {
    fn read(host: &dyn Host, request: &ReadRequest) -> Result<Page, Fault> {
        let defect = Defect::of(host)?;
        let page = read::customers(host, request);
        defect.page(host, request, page)
    }
}

impl Sink for Defects {
    fn apply(host: &dyn Host, _: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        let defect = Defect::of(host)?;
        Ok(items.iter().map(|item| defect.write(host, item)).collect())
    }

    fn lookup(host: &dyn Host, _: ObjectKind, items: &[Item]) -> Result<Vec<Outcome>, Fault> {
        items.iter().map(|item| write::find(host, item)).collect()
    }
}

impl Webhook for Defects {
    fn handle(host: &dyn Host, inbound: &Inbound) -> Result<Reply, Fault> {
        let defect = Defect::of(host)?;
        let given = inbound.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-signature"));
        let mac = given.map(|(_, value)| defect::from_hex(value)).unwrap_or_default();
        let proven = host.verify_hmac("webhook", Algorithm::HmacSha256, &inbound.body, &mac)?;
        if !proven && !defect.is("believes_everything") {
            return Err(Fault::new(FaultKind::Permission, "SIGNATURE", "the signature does not fit the body"));
        }
        Ok(Reply::ok().touch(ObjectKind::Customer, "c-1").delivery("d-1"))
    }
}
