//! The ERP on stage: a simulated one, or a real Tryton. The script asks it for the same things.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tryton_chain::Books;

use crate::simulator::Simulator;

/// Simulated vendor.
const SIMULATED: &str = "netsuite";
/// Certificate id at the simulated ERP.
const KEY_ID: &str = "scenario-certificate";
/// Client id at the simulated ERP.
const CLIENT_ID: &str = "sim-client";

/// Milliseconds between polls of Tryton: it checks a password's hash on every request, so asking as
/// often as the simulators would keep it from working.
const TRYTON_POLL_MS: u64 = 1_000;

/// Which ERP to set on stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ErpChoice {
    /// NetSuite, simulated.
    #[default]
    Netsuite,
    /// A real Tryton 8.0, installed from PyPI.
    Tryton,
}

/// The running ERP.
pub enum Erp {
    /// A simulator, and the key it knows us by.
    Simulated {
        /// The simulator.
        simulator: Simulator,
        /// Our key for signed assertions.
        key: SigningKey,
    },
    /// A real one.
    Tryton(Box<Books>),
}

/// A document that stands in the ERP, as the ERP itself tells; amounts without sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its number.
    pub number: String,
    /// Net.
    pub net: Decimal,
    /// Tax.
    pub tax: Decimal,
    /// Gross.
    pub gross: Decimal,
}

/// A key pair for signed assertions.
pub struct SigningKey {
    private_pem: String,
    public_pem: String,
}

impl Erp {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start(choice: ErpChoice, programs: &Path, client: &reqwest::Client) -> anyhow::Result<Self> {
        match choice {
            ErpChoice::Netsuite => {
                let pair = rcgen::KeyPair::generate().context("no key pair")?;
                let key = SigningKey { private_pem: pair.serialize_pem(), public_pem: pair.public_key_pem() };
                let simulator = Simulator::start(programs, SIMULATED, client)?;
                let certificate = json!({"id": KEY_ID, "pem": key.public_pem, "client_id": CLIENT_ID});
                simulator.act("register_certificate", &certificate).await?;
                Ok(Self::Simulated { simulator, key })
            }
            ErpChoice::Tryton => Ok(Self::Tryton(Box::new(Books::open().await?))),
        }
    }

    /// The simulator, to plug faults into.
    ///
    /// # Errors
    /// When the ERP is a real one.
    pub fn simulator(&self) -> anyhow::Result<&Simulator> {
        match self {
            Self::Simulated { simulator, .. } => Ok(simulator),
            Self::Tryton(_) => bail!("a real Tryton has no switchboard of faults"),
        }
    }

    /// Its connection, from `plugin = …` on.
    pub fn connection(&self, poll_ms: u64) -> String {
        match self {
            Self::Simulated { simulator, .. } => format!(
                r#"plugin = "{SIMULATED}"
poll_ms = {poll_ms}
allow_private = ["127.0.0.1"]
[connection.config]
base_url = "{url}"
account = "1234567_SB1"
subsidiaries = {{ DE01 = "2" }}
currencies = {{ EUR = "1" }}
items = {{ time_and_materials = "101", fixed_fee = "102", retainer = "103" }}
tax_codes = {{ "S:19" = "5" }}
terms = {{ "30" = "2" }}
[connection.credential.api]
scheme = "oauth2_client_assertion"
token_url = "{url}/services/rest/auth/oauth2/v1/token"
key_id = "{KEY_ID}"
algorithm = "ES256"
scope = "rest_webservices suite_analytics"
"#,
                url = simulator.url
            ),
            Self::Tryton(books) => format!(
                r#"plugin = "tryton"
poll_ms = {poll_ms}
allow_private = ["127.0.0.1"]
[connection.config]
{config}
[connection.credential.api]
scheme = "basic"
"#,
                poll_ms = poll_ms.max(TRYTON_POLL_MS),
                config = books.connection_config()
            ),
        }
    }

    /// Names and values for the vault.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let parts = match self {
            Self::Simulated { key, .. } => [("client_id", CLIENT_ID), ("private_key", key.private_pem.as_str())],
            Self::Tryton(books) => {
                let (login, password) = books.credential();
                [("username", login), ("password", password)]
            }
        };
        parts.map(|(part, value)| (format!("erp/api/{part}"), value.to_owned())).to_vec()
    }

    /// Sets its clock; a real ERP lives in its own time, and every document brings its dates.
    ///
    /// # Errors
    /// What it answered.
    pub async fn set_clock(&self, now: &str) -> anyhow::Result<()> {
        match self {
            Self::Simulated { simulator, .. } => simulator.set_clock(now).await,
            Self::Tryton(_) => Ok(()),
        }
    }

    /// A customer pays an invoice, in part or whole.
    ///
    /// # Errors
    /// What it answered.
    pub async fn pay(&self, number: &str, amount: &str, on: &str) -> anyhow::Result<()> {
        match self {
            Self::Simulated { simulator, .. } => {
                let payment = json!({"invoice": number, "amount": amount, "date": on});
                simulator.act("record_payment", &payment).await.map(|_| ())
            }
            Self::Tryton(books) => books.pay(number, amount, on).await,
        }
    }

    /// Whether the connector reads cost and revenue from its books.
    pub fn reports_costs(&self) -> bool {
        matches!(self, Self::Simulated { .. })
    }

    /// How much of each kind is there: `customer`, `project`, `billing_setup`, `invoice`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn counts(&self) -> anyhow::Result<Value> {
        match self {
            Self::Simulated { simulator, .. } => simulator.counts().await,
            Self::Tryton(books) => {
                let invoice = |sign: &str| json!([["type", "=", "out"], ["state", "in", ["posted", "paid"]], ["total_amount", sign, {"__class__": "Decimal", "decimal": "0"}]]);
                Ok(json!({
                    "customer": books.count("party.party", json!([["identifiers", "!=", null]])).await?,
                    "project": books.count("project.work", json!([["type", "=", "project"]])).await?,
                    "billing_setup": books.count("sale.sale", json!([["state", "in", ["confirmed", "processing", "done"]]])).await?,
                    "invoice": books.count("account.invoice", invoice(">")).await?,
                    "credit_note": books.count("account.invoice", invoice("<")).await?,
                }))
            }
        }
    }

    /// The terms that stand there for each contract line, by line.
    ///
    /// # Errors
    /// When it does not answer, or a line's terms are not kept whole.
    pub async fn terms(&self) -> anyhow::Result<BTreeMap<String, Value>> {
        let texts: Vec<(String, String)> = match self {
            Self::Simulated { simulator, .. } => {
                let effects = simulator.effects("billing_setup").await?;
                let lines = effects.first().and_then(|effect| effect["data"]["item"]["items"].as_array().cloned());
                let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
                let own = |line: &Value| (text(line, "custcol_quoin_contract_line"), text(line, "custcol_quoin_terms"));
                lines.unwrap_or_default().iter().map(own).collect()
            }
            Self::Tryton(books) => {
                let lines = books.read("sale.line", json!([["type", "=", "line"]]), &["note"]).await?;
                let notes = lines.iter().filter_map(|line| line["note"].as_str()?.split_once('\n'));
                notes.map(|(line, terms)| (line.to_owned(), terms.to_owned())).collect()
            }
        };
        let parsed = texts.into_iter().map(|(line, text)| {
            let terms = serde_json::from_str(&text).with_context(|| format!("terms of {line}: {text}"))?;
            Ok((line, terms))
        });
        parsed.collect()
    }

    /// Invoices and credit notes that stand there.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn posted(&self) -> anyhow::Result<Vec<Posted>> {
        match self {
            Self::Simulated { simulator, .. } => {
                let ledger = simulator.ledger().await?;
                let effects = ledger["effects"].as_array().cloned().unwrap_or_default();
                let posted = effects
                    .iter()
                    .filter(|effect| ["invoice", "credit_note"].iter().any(|kind| effect["kind"] == *kind));
                posted.map(|effect| simulated(&effect["data"])).collect()
            }
            Self::Tryton(books) => {
                let posted = books.posted().await?.into_iter().map(|document| Posted {
                    number: document.number,
                    net: document.net.abs(),
                    tax: document.tax.abs(),
                    gross: document.gross.abs(),
                });
                Ok(posted.collect())
            }
        }
    }
}

fn simulated(data: &Value) -> anyhow::Result<Posted> {
    let amount = |field: &str| -> anyhow::Result<Decimal> {
        let text = data[field].as_str().map_or_else(|| data[field].to_string(), str::to_owned);
        text.parse().with_context(|| format!("{field} is no amount: {data}"))
    };
    Ok(Posted {
        number: data["tranId"].as_str().unwrap_or_default().to_owned(),
        net: amount("subtotal")?,
        tax: amount("taxTotal")?,
        gross: amount("total")?,
    })
}
