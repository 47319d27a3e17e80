//! Three vendors that speak just enough of their protocols for the measured flow: they keep
//! nothing, so that what is measured is not them. The real behaviour is in the simulators.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Method, Response, StatusCode, Uri};
use axum::serve::ListenerExt;
use serde_json::{Map, Value, json};

/// The quote of every flow number.
pub(crate) const QUOTE_PREFIX: &str = "B-";
/// The account that all deals belong to: an existing customer of every system.
pub(crate) const ACCOUNT: &str = "001000000000001AAA";

/// Requests answered, and the source of record ids.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// Id of a flow's opportunity.
pub(crate) fn opportunity_id(flow: u32) -> String {
    format!("006{flow:012}AAA")
}

/// An answer.
pub(crate) struct Answer {
    /// Status.
    pub(crate) status: u16,
    /// Where a record was made.
    pub(crate) location: Option<String>,
    /// JSON, unless null.
    pub(crate) body: Value,
}

impl Answer {
    fn json(status: u16, body: Value) -> Self {
        Self { status, location: None, body }
    }
}

/// Answers a request to any of the three, by its path.
pub(crate) fn answer(method: &str, path: &str, query: &str, body: &[u8]) -> Answer {
    let number = ANSWERED.fetch_add(1, Ordering::Relaxed) + 1;
    if path == "/answered" {
        return Answer::json(200, json!({"answered": number - 1}));
    }
    if path.ends_with("/token") {
        return Answer::json(
            200,
            json!({"access_token": "a-token-of-the-bench", "token_type": "Bearer", "expires_in": 3600}),
        );
    }
    match (method, path.starts_with("/services/data/"), path.starts_with("/services/rest/record/")) {
        ("GET", true, _) => queried(query),
        ("GET", _, true) => Answer::json(
            404,
            json!({"type": "about:blank", "title": "Not Found", "status": 404,
            "o:errorDetails": [{"detail": "The record instance does not exist.", "o:errorCode": "NONEXISTENT_ID"}]}),
        ),
        ("PUT", _, true) => {
            Answer { status: 204, location: Some(format!("http://stub{path}/{number}")), body: Value::Null }
        }
        ("GET", ..) => Answer::json(
            200,
            json!({"count": 0, "results": [], "external_references": {},
            "meta": {"count": 0, "page_count": 0, "page_number": 1, "page_size": 20}}),
        ),
        _ => created(number, body),
    }
}

/// A workspace as it was sent, under a new id.
fn created(number: u64, body: &[u8]) -> Answer {
    let sent: Value = serde_json::from_slice(body).unwrap_or_default();
    let id = number.to_string();
    let workspace = json!({"id": id, "title": sent["workspace"]["title"], "currency": "EUR", "archived": false});
    let results = json!([{"key": "workspaces", "id": id}]);
    Answer::json(200, json!({"count": 1, "results": results, "workspaces": Map::from_iter([(id, workspace)])}))
}

/// The records that a query names by id.
fn queried(query: &str) -> Answer {
    let soql = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "q")
        .map(|(_, q)| q.into_owned())
        .unwrap_or_default();
    let of_line = soql.contains("FROM OpportunityLineItem");
    let ids = soql.split('\'').skip(1).step_by(2);
    let records: Vec<Value> = ids.map(|id| if of_line { line(id) } else { opportunity(id) }).collect();
    Answer::json(200, json!({"totalSize": records.len(), "done": true, "records": records}))
}

fn opportunity(id: &str) -> Value {
    let flow: u64 = id.get(3..15).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    json!({
        "Id": id, "IsDeleted": false, "SystemModstamp": "2026-03-02T10:15:00.000+0000", "Name": format!("Deal {flow}"),
        "AccountId": ACCOUNT, "StageName": "Closed Won", "IsClosed": true, "IsWon": true,
        "LastStageChangeDate": "2026-03-02T10:15:00.000+0000", "Quote_Number__c": format!("{QUOTE_PREFIX}{flow}"),
        "Quote_Version__c": 1.0, "Selling_Entity__c": "DE01", "Contract_Type__c": "sow", "Project_Template__c": null,
        "Template_Version__c": null, "Start_Date__c": "2026-03-03", "Target_Margin__c": 35.0, "CurrencyIsoCode": "EUR",
        "Billed_With__c": null, "Advances__c": null,
        "Account": {
            "Name": "Aster GmbH", "Parent": {"Name": "Aster Group AG"}, "VAT_Id__c": "DE811907980",
            "BillingStreet": "Lindenallee 12", "BillingCity": "Hamburg", "BillingPostalCode": "20095",
            "BillingCountryCode": "DE", "Payment_Terms_Days__c": 30, "Credit_Status__c": "OK", "Credit_Reason__c": null,
        },
    })
}

fn line(opportunity: &str) -> Value {
    let terms = r#"{"roles":[{"role":"Senior","hourly_rate":195.00,"resource":"ana@advisory.example","hours":120},{"role":"Consultant","hourly_rate":150.00,"resource":"ben@advisory.example","hours":110}]}"#;
    json!({
        "Id": format!("00k{}", opportunity.get(3..).unwrap_or_default()), "OpportunityId": opportunity, "SortOrder": 1,
        "Line_Id__c": "L1", "Description": "Discovery", "Quantity": 1.0, "UnitPrice": 40_000.0, "TotalPrice": 40_000.0,
        "ServiceDate": null, "Billing_Model__c": "Time and Materials", "NTE_Limit__c": 40_000.0, "NTE_Mode__c": "fit",
        "Overage_Rate__c": null, "Cost_Estimate__c": null, "Tax_Category__c": "S", "Tax_Rate__c": 19.0,
        "Tax_Exemption_Reason__c": null, "Terms__c": terms, "Discount": null, "Discount_Reason__c": null,
    })
}

/// Serves until standard input closes; prints the address first.
pub(crate) async fn serve() -> anyhow::Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    // Answers are small: waiting for more to send would be measured as the vendor's slowness.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let app = Router::new().fallback(|method: Method, uri: Uri, body: Bytes| async move {
        response(answer(method.as_str(), uri.path(), uri.query().unwrap_or_default(), &body))
    });
    writeln!(std::io::stdout(), "http://{address}")?;
    let (closed, parent_gone) = tokio::sync::oneshot::channel();
    // A thread, because a blocking read of standard input cannot be cancelled.
    std::thread::spawn(move || {
        let mut rest = [0_u8; 64];
        while matches!(std::io::stdin().read(&mut rest), Ok(count) if count > 0) {}
        closed.send(())
    });
    tokio::select! {
        served = axum::serve(listener, app) => served?,
        _ = parent_gone => {}
    }
    Ok(())
}

fn response(answer: Answer) -> Response<Body> {
    let body = if answer.body.is_null() { Body::empty() } else { Body::from(answer.body.to_string()) };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert("content-type", axum::http::HeaderValue::from_static("application/json"));
    if let Some(location) = answer.location.and_then(|location| location.parse().ok()) {
        headers.insert("location", location);
    }
    response
}

/// The vendors as a child process; it ends when this is dropped.
pub(crate) struct Vendors {
    /// Their origin.
    pub(crate) url: String,
    child: Child,
}

impl Vendors {
    /// Starts them.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--part", "vendors"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("no output to read")?).read_line(&mut line)?;
        Ok(Self { url: line.trim().to_owned(), child })
    }

    /// Requests answered so far.
    pub(crate) async fn answered(&self) -> anyhow::Result<u64> {
        let answer: Value = reqwest::get(format!("{}/answered", self.url)).await?.json().await?;
        answer["answered"].as_u64().context("no count")
    }
}

impl Drop for Vendors {
    fn drop(&mut self) {
        // A child that is gone already is what we want.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
