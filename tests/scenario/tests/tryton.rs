//! The same script with a real Tryton 8.0 as the ERP: from the accepted quote through the built host
//! to posted and paid invoices and the credit note, by Tryton's own figures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use scenario::{Erp, ErpChoice, Stage, StageOptions, script};

#[tokio::test(flavor = "multi_thread")]
async fn tryton_from_accepted_quote_to_paid_invoice_and_credit_note() {
    let options = StageOptions::from_workspace().with_erp(ErpChoice::Tryton);
    let mut stage = Stage::set(options).await.unwrap_or_else(|error| panic!("{error:#}"));
    let mut report = script::happy_path(&mut stage).await.unwrap_or_else(|error| panic!("March: {error:#}"));
    script::april(&mut stage, &mut report).await.unwrap_or_else(|error| panic!("April: {error:#}"));
    let report = report.finish();
    assert!(report.ok, "wrong figures:\n{}", report.failures().join("\n"));

    let Erp::Tryton(books) = &stage.erp else { panic!("the stage has another ERP") };
    let posted = books.posted().await.expect("Tryton tells");
    let shown: Vec<String> = posted
        .iter()
        .map(|one| format!("{} {} {} + {} = {}, open {}", one.number, one.state, one.net, one.tax, one.gross, one.open))
        .collect();
    assert_eq!(
        shown,
        [
            "INV-00001 posted 58800.00 + 11172.00 = 69972.00, open 29972.00",
            "INV-00002 posted 6400.00 + 1216.00 = 7616.00, open 7616.00",
            "INV-00003 posted -300.00 + -57.00 = -357.00, open -357.00",
            "INV-00004 posted 17500.00 + 3325.00 = 20825.00, open 20825.00",
        ]
    );
}
