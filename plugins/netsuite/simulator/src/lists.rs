//! What an account administrator set up beforehand: companies, currencies, terms, tax codes,
//! items, ledger accounts. The ids are those of `README.md`.

use rust_decimal::Decimal;

/// A company of the group.
#[derive(Debug, Clone)]
pub struct Subsidiary {
    /// Internal id.
    pub id: u64,
    /// Name.
    pub name: &'static str,
    /// Internal id of its base currency.
    pub currency: u64,
}

/// A currency.
#[derive(Debug, Clone)]
pub struct Currency {
    /// Internal id.
    pub id: u64,
    /// ISO 4217 code.
    pub symbol: &'static str,
}

/// Payment terms.
#[derive(Debug, Clone)]
pub struct Term {
    /// Internal id.
    pub id: u64,
    /// Name.
    pub name: &'static str,
    /// Days until due.
    pub days: i64,
}

/// A tax code.
#[derive(Debug, Clone)]
pub struct TaxCode {
    /// Internal id.
    pub id: u64,
    /// Name.
    pub name: &'static str,
    /// Percent.
    pub rate: Decimal,
    /// Whether it may be used.
    pub active: bool,
}

/// Something that can be sold.
#[derive(Debug, Clone)]
pub struct Item {
    /// Internal id.
    pub id: u64,
    /// Name.
    pub name: &'static str,
    /// Internal id of the ledger account that its sales post to.
    pub account: u64,
}

/// A ledger account.
#[derive(Debug, Clone)]
pub struct LedgerAccount {
    /// Internal id.
    pub id: u64,
    /// Number.
    pub number: &'static str,
    /// Name.
    pub name: &'static str,
    /// Type code in SuiteQL.
    pub kind: &'static str,
}

/// Ledger account: receivables.
pub const RECEIVABLE: u64 = 119;
/// Ledger account: money received, not yet banked.
pub const UNDEPOSITED: u64 = 120;
/// Ledger account: VAT owed.
pub const TAX_PAYABLE: u64 = 240;
/// Ledger account: billed but not yet earned. Sales of services post here; revenue is recognised
/// by journals.
pub const DEFERRED: u64 = 230;
/// Ledger account: revenue.
pub const INCOME: u64 = 400;
/// Ledger account: cost of services.
pub const COST: u64 = 500;

/// All lists.
#[derive(Debug, Clone)]
#[allow(missing_docs)]
pub struct Lists {
    pub subsidiaries: Vec<Subsidiary>,
    pub currencies: Vec<Currency>,
    pub terms: Vec<Term>,
    pub tax_codes: Vec<TaxCode>,
    pub items: Vec<Item>,
    pub accounts: Vec<LedgerAccount>,
}

impl Default for Lists {
    fn default() -> Self {
        let tax = |id, name, rate: i64| TaxCode { id, name, rate: Decimal::from(rate), active: true };
        let item = |id, name| Item { id, name, account: DEFERRED };
        let account = |id, number, name, kind| LedgerAccount { id, number, name, kind };
        Self {
            subsidiaries: vec![
                Subsidiary { id: 1, name: "Advisory Group", currency: 1 },
                Subsidiary { id: 2, name: "Advisory DE GmbH", currency: 1 },
                Subsidiary { id: 3, name: "Advisory UK Ltd", currency: 3 },
            ],
            currencies: vec![
                Currency { id: 1, symbol: "EUR" },
                Currency { id: 2, symbol: "USD" },
                Currency { id: 3, symbol: "GBP" },
                Currency { id: 4, symbol: "CHF" },
            ],
            terms: vec![
                Term { id: 1, name: "Due on receipt", days: 0 },
                Term { id: 2, name: "Net 30", days: 30 },
                Term { id: 3, name: "Net 60", days: 60 },
                Term { id: 4, name: "Net 14", days: 14 },
            ],
            tax_codes: vec![
                tax(5, "S-DE 19%", 19),
                tax(6, "S-DE 7%", 7),
                tax(7, "Z-DE", 0),
                tax(8, "RC-DE reverse charge", 0),
                tax(9, "ES-DE intra-community", 0),
                tax(10, "X-DE export", 0),
                tax(11, "E-DE exempt", 0),
                tax(12, "O-DE outside scope", 0),
                tax(13, "S-GB 20%", 20),
            ],
            items: vec![
                item(101, "Consulting, time and materials"),
                item(102, "Fixed fee services"),
                item(103, "Retainer"),
                item(104, "Expenses rebilled"),
            ],
            accounts: vec![
                account(RECEIVABLE, "1200", "Accounts Receivable", "AcctRec"),
                account(UNDEPOSITED, "1100", "Undeposited Funds", "OthCurrAsset"),
                account(DEFERRED, "2300", "Deferred Revenue", "DeferRevenue"),
                account(TAX_PAYABLE, "2400", "VAT payable", "OthCurrLiab"),
                account(INCOME, "4000", "Consulting revenue", "Income"),
                account(COST, "5000", "Cost of services", "COGS"),
            ],
        }
    }
}

impl Lists {
    /// The id and display name behind a reference; `None` when it leads nowhere or to something
    /// that may not be used any more.
    pub fn find(&self, list: &str, id: u64) -> Option<String> {
        match list {
            "subsidiary" => self.subsidiaries.iter().find(|s| s.id == id).map(|s| s.name.to_owned()),
            "currency" => self.currencies.iter().find(|c| c.id == id).map(|c| c.symbol.to_owned()),
            "term" => self.terms.iter().find(|t| t.id == id).map(|t| t.name.to_owned()),
            "salesTaxItem" => self.tax_codes.iter().find(|t| t.id == id && t.active).map(|t| t.name.to_owned()),
            "item" => self.items.iter().find(|i| i.id == id).map(|i| i.name.to_owned()),
            _ => None,
        }
    }

    /// Percent of a tax code.
    pub fn tax_rate(&self, id: u64) -> Option<Decimal> {
        self.tax_codes.iter().find(|code| code.id == id).map(|code| code.rate)
    }

    /// A tax code by id or by the beginning of its name.
    pub fn tax_code_mut(&mut self, wanted: &str) -> Option<&mut TaxCode> {
        self.tax_codes.iter_mut().find(|code| code.id.to_string() == wanted || code.name.starts_with(wanted))
    }
}
