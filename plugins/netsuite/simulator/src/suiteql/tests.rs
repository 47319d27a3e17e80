//! Queries in, rows or refusals out.

use rust_decimal::Decimal;

use super::*;

struct Fixture;

fn row(cells: &[(&str, Cell)]) -> Row {
    cells.iter().map(|(name, cell)| ((*name).to_owned(), cell.clone())).collect()
}

impl Tables for Fixture {
    fn table(&self, name: &str) -> Option<Table> {
        let stamp = |text: &str| Cell::Stamp(text.parse().expect("a civil date and time"));
        match name {
            "transaction" => Some(Table::new(
                &["id", "type", "tranid", "trandate", "status", "lastmodifieddate", "entity"],
                vec![
                    row(&[
                        ("id", Cell::id(1)),
                        ("type", Cell::Text("CustInvc".into())),
                        ("tranid", Cell::Text("INV-0001".into())),
                        ("trandate", Cell::Date("2026-03-31".parse().expect("a date"))),
                        ("status", Cell::Text("A".into())),
                        ("df:status", Cell::Text("Invoice : Open".into())),
                        ("lastmodifieddate", stamp("2026-03-31T10:00:00")),
                        ("entity", Cell::id(7)),
                    ]),
                    row(&[
                        ("id", Cell::id(2)),
                        ("type", Cell::Text("CustPymt".into())),
                        ("tranid", Cell::Text("PYMT-0001".into())),
                        ("trandate", Cell::Date("2026-04-20".parse().expect("a date"))),
                        ("status", Cell::Text("C".into())),
                        ("lastmodifieddate", stamp("2026-04-20T08:30:15")),
                        ("entity", Cell::id(7)),
                    ]),
                ],
            )),
            "transactionline" => Some(Table::new(
                &["transaction", "id", "netamount", "memo"],
                [(1, 1, "-22800.00"), (1, 2, "-36000.00"), (3, 1, "5")]
                    .into_iter()
                    .map(|(transaction, id, amount)| {
                        row(&[
                            ("transaction", Cell::id(transaction)),
                            ("id", Cell::id(id)),
                            ("netamount", Cell::Number(amount.parse::<Decimal>().expect("a number"))),
                        ])
                    })
                    .collect(),
            )),
            _ => None,
        }
    }
}

fn ask(query: &str) -> String {
    match run(query, &Fixture, DateStyle::MonthDayYear) {
        Ok(rows) => rows
            .iter()
            .map(|row| row.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" "))
            .collect::<Vec<_>>()
            .join("; "),
        Err(QueryError(text)) => format!("! {text}"),
    }
}

#[test]
fn answers() {
    let cases = [
        ("SELECT id, tranid FROM transaction", "id=1 tranid=INV-0001; id=2 tranid=PYMT-0001"),
        ("select ID from TRANSACTION where Type = 'CustPymt'", "id=2"),
        ("SELECT id FROM transaction WHERE type = 'custpymt'", ""),
        // Dates print in the account's style and lose their time; TO_CHAR is the way out.
        ("SELECT trandate FROM transaction WHERE id = 1", "trandate=3/31/2026"),
        ("SELECT lastmodifieddate FROM transaction WHERE id = 2", "lastmodifieddate=4/20/2026"),
        (
            "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS stamp FROM transaction ORDER BY stamp DESC",
            "stamp=2026-04-20 08:30:15; stamp=2026-03-31 10:00:00",
        ),
        (
            "SELECT id FROM transaction WHERE lastmodifieddate > TO_TIMESTAMP('2026-04-20 08:30:14', 'YYYY-MM-DD HH24:MI:SS')",
            "id=2",
        ),
        ("SELECT id FROM transaction WHERE trandate <= TO_DATE('2026-03-31', 'YYYY-MM-DD')", "id=1"),
        ("SELECT BUILTIN.DF(status) AS status FROM transaction", "status=Invoice : Open; "),
        (
            "SELECT t.tranid, SUM(-l.netamount) AS total FROM transaction t JOIN transactionline l ON l.transaction = t.id GROUP BY t.tranid",
            "tranid=INV-0001 total=58800",
        ),
        (
            "SELECT t.id, l.id AS line FROM transaction t LEFT OUTER JOIN transactionline l ON l.transaction = t.id ORDER BY t.id, l.id",
            "id=1 line=1; id=1 line=2; id=2",
        ),
        ("SELECT COUNT(*) AS n FROM transaction WHERE id IN (2, 3)", "n=1"),
        ("SELECT COUNT(*) AS n FROM transaction WHERE id = 99", "n=0"),
        (
            "SELECT t.type, SUM(CASE WHEN l.id = 1 THEN l.netamount ELSE 0 END) AS first FROM transaction t JOIN transactionline l ON l.transaction = t.id GROUP BY t.type HAVING COUNT(*) > 1",
            "type=CustInvc first=-22800",
        ),
        (
            "SELECT id FROM transaction WHERE (trandate > TO_DATE('2026-01-01', 'YYYY-MM-DD') AND id = 1) OR (id = 2 AND NOT type = 'x')",
            "id=1; id=2",
        ),
        ("SELECT id FROM transaction WHERE UPPER(tranid) LIKE 'PYMT-%'", "id=2"),
        ("SELECT id FROM transaction WHERE REPLACE(tranid, '-', '') = 'INV0001'", "id=1"),
        ("SELECT id FROM transactionline WHERE memo IS NULL AND transaction = 3", "id=1"),
        ("SELECT id FROM transactionline WHERE memo = 'x' OR memo <> 'x'", ""),
        ("SELECT id FROM transaction WHERE tranid = 'it''s'", ""),
        ("SELECT MAX(trandate) AS latest FROM transaction", "latest=4/20/2026"),
    ];
    for (query, expected) in cases {
        assert_eq!(ask(query), expected, "{query}");
    }
}

#[test]
fn refuses_what_it_cannot_do() {
    let cases = [
        ("SELECT id FROM nothing", "Record 'nothing' was not found"),
        ("SELECT foo FROM transaction", "Field 'foo' for record 'transaction' was not found"),
        ("SELECT t.id FROM transaction t JOIN transactionline l ON l.nope = t.id", "Field 'nope'"),
        ("SELECT id FROM transaction t JOIN transactionline l ON l.transaction = t.id", "ambiguously"),
        ("SELECT * FROM transaction", "unexpected token"),
        ("SELECT id FROM transaction;", "Invalid character"),
        ("SELECT id FROM transaction WHERE", "the end of the query"),
        ("SELECT id FROM transaction WHERE id", "a condition was expected"),
        ("SELECT REGEXP_LIKE(id, 'x') AS x FROM transaction", "REGEXP_LIKE"),
        ("SELECT TO_CHAR(trandate, 'DD MON YY') AS x FROM transaction", "Date format not recognized"),
        ("SELECT id FROM transaction WHERE tranid = 'open", "not properly terminated"),
        ("UPDATE transaction SET id = 1", "unexpected token"),
    ];
    for (query, reason) in cases {
        let answer = ask(query);
        assert!(answer.starts_with("! Invalid search query.") && answer.contains(reason), "{query} gave {answer}");
    }
}
