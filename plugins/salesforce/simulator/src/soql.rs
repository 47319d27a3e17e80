//! SOQL: the part of the language that connectors use. Everything else is refused as malformed.
//!
//! `SELECT field[, field | (SELECT … FROM Relationship …)] FROM Object [WHERE condition]
//! [ORDER BY field [ASC|DESC] [NULLS FIRST|LAST], …] [LIMIT n] [OFFSET n]`, where a condition is
//! comparisons joined by AND or by OR; both together only with brackets, as in the original.

use crate::ApiError;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Selected field paths.
    pub fields: Vec<String>,
    /// Selected child relationships.
    pub children: Vec<Query>,
    /// Object, or relationship in a child query.
    pub from: String,
    /// Filter.
    pub filter: Option<Condition>,
    /// Order: path, descending, nulls last.
    pub order: Vec<(String, bool, bool)>,
    /// At most so many rows.
    pub limit: Option<usize>,
    /// Rows left out at the beginning.
    pub offset: usize,
}

/// A filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All hold.
    And(Vec<Condition>),
    /// One holds.
    Or(Vec<Condition>),
    /// The other way round.
    Not(Box<Condition>),
    /// A field against values; several only for IN and NOT IN.
    Compare(String, Operator, Vec<Literal>),
}

/// Comparison operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
}

/// Literals.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// In single quotes.
    Text(String),
    /// A number, as written.
    Number(String),
    /// A date or a moment, as written.
    Moment(String),
    /// TRUE or FALSE.
    Boolean(bool),
    /// NULL.
    Null,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(String),
    Symbol(&'static str),
}

fn malformed(message: impl Into<String>) -> ApiError {
    ApiError::bad("MALFORMED_QUERY", message)
}

/// Parses a query.
///
/// # Errors
/// `MALFORMED_QUERY`.
pub fn parse(text: &str) -> Result<Query, ApiError> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let query = parser.query()?;
    match parser.peek() {
        None => Ok(query),
        Some(token) => Err(unexpected(Some(token))),
    }
}

fn unexpected(token: Option<&Token>) -> ApiError {
    match token {
        Some(Token::Word(word) | Token::Number(word)) => malformed(format!("unexpected token: '{word}'")),
        Some(Token::Text(text)) => malformed(format!("unexpected token: '{text}'")),
        Some(Token::Symbol(symbol)) => malformed(format!("unexpected token: '{symbol}'")),
        None => malformed("unexpected token: '<EOF>'"),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, ApiError> {
    const SYMBOLS: [&str; 11] = ["<=", ">=", "!=", "<>", "=", "<", ">", "(", ")", ",", ":"];
    let mut rest = text;
    let mut found = Vec::new();
    loop {
        rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { return Ok(found) };
        if first == '\'' {
            let (value, after) = quoted(&rest[1..])?;
            found.push(Token::Text(value));
            rest = after;
        } else if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            found.push(Token::Symbol(symbol));
            rest = &rest[symbol.len()..];
        } else {
            let end = rest
                .find(|c: char| {
                    !(c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+') || (c == ':' && first.is_ascii_digit()))
                })
                .unwrap_or(rest.len());
            if end == 0 {
                return Err(malformed(format!("line 1: unexpected character '{first}'")));
            }
            let word = rest[..end].to_owned();
            let number = first.is_ascii_digit() || first == '-';
            found.push(if number { Token::Number(word) } else { Token::Word(word) });
            rest = &rest[end..];
        }
    }
}

/// The text up to the closing quote, with `\'` and `\\` resolved, and what follows.
fn quoted(text: &str) -> Result<(String, &str), ApiError> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Ok((value, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, c @ ('\'' | '\\' | '"'))) => value.push(c),
                _ => return Err(malformed("Illegal escape sequence in string literal")),
            },
            c => value.push(c),
        }
    }
    Err(malformed("unterminated string literal"))
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Symbol(found)) if *found == symbol);
        self.at += usize::from(hit);
        hit
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let hit = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(hit);
        hit
    }

    fn expect_symbol(&mut self, symbol: &str) -> Result<(), ApiError> {
        if self.symbol(symbol) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn expect_keyword(&mut self, keyword: &str) -> Result<(), ApiError> {
        if self.keyword(keyword) { Ok(()) } else { Err(unexpected(self.peek())) }
    }

    fn word(&mut self) -> Result<String, ApiError> {
        match self.next() {
            Some(Token::Word(word)) => Ok(word),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn query(&mut self) -> Result<Query, ApiError> {
        self.expect_keyword("SELECT")?;
        let (mut fields, mut children) = (Vec::new(), Vec::new());
        loop {
            if self.symbol("(") {
                children.push(self.query()?);
                self.expect_symbol(")")?;
            } else {
                fields.push(self.word()?);
            }
            if !self.symbol(",") {
                break;
            }
        }
        self.expect_keyword("FROM")?;
        let from = self.word()?;
        let filter = if self.keyword("WHERE") { Some(self.condition()?) } else { None };
        let order = if self.keyword("ORDER") { self.order()? } else { Vec::new() };
        let limit = if self.keyword("LIMIT") { Some(self.count()?) } else { None };
        let offset = if self.keyword("OFFSET") { self.count()? } else { 0 };
        Ok(Query { fields, children, from, filter, order, limit, offset })
    }

    fn count(&mut self) -> Result<usize, ApiError> {
        match self.next() {
            Some(Token::Number(digits)) => {
                digits.parse().map_err(|_| malformed(format!("unexpected token: '{digits}'")))
            }
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn order(&mut self) -> Result<Vec<(String, bool, bool)>, ApiError> {
        self.expect_keyword("BY")?;
        let mut order = Vec::new();
        loop {
            let path = self.word()?;
            let descending = self.keyword("DESC");
            if !descending {
                self.keyword("ASC");
            }
            let mut nulls_last = false;
            if self.keyword("NULLS") {
                nulls_last = self.keyword("LAST");
                if !nulls_last {
                    self.expect_keyword("FIRST")?;
                }
            }
            order.push((path, descending, nulls_last));
            if !self.symbol(",") {
                return Ok(order);
            }
        }
    }

    /// Terms joined by AND or by OR, never by both without brackets.
    fn condition(&mut self) -> Result<Condition, ApiError> {
        let first = self.term()?;
        let (and, or) = (self.keyword("AND"), self.keyword("OR"));
        if !and && !or {
            return Ok(first);
        }
        let mut terms = vec![first, self.term()?];
        while self.keyword(if and { "AND" } else { "OR" }) {
            terms.push(self.term()?);
        }
        Ok(if and { Condition::And(terms) } else { Condition::Or(terms) })
    }

    fn term(&mut self) -> Result<Condition, ApiError> {
        if self.symbol("(") {
            let inner = self.condition()?;
            self.expect_symbol(")")?;
            return Ok(inner);
        }
        if self.keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.term()?)));
        }
        let path = self.word()?;
        let operator = self.operator()?;
        if !matches!(operator, Operator::In | Operator::NotIn) {
            return Ok(Condition::Compare(path, operator, vec![self.literal()?]));
        }
        self.expect_symbol("(")?;
        let mut values = vec![self.literal()?];
        while self.symbol(",") {
            values.push(self.literal()?);
        }
        self.expect_symbol(")")?;
        Ok(Condition::Compare(path, operator, values))
    }

    fn operator(&mut self) -> Result<Operator, ApiError> {
        match self.next() {
            Some(Token::Symbol("=")) => Ok(Operator::Equal),
            Some(Token::Symbol("!=" | "<>")) => Ok(Operator::NotEqual),
            Some(Token::Symbol("<")) => Ok(Operator::Less),
            Some(Token::Symbol("<=")) => Ok(Operator::LessOrEqual),
            Some(Token::Symbol(">")) => Ok(Operator::Greater),
            Some(Token::Symbol(">=")) => Ok(Operator::GreaterOrEqual),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("IN") => Ok(Operator::In),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("NOT") && self.keyword("IN") => Ok(Operator::NotIn),
            other => Err(unexpected(other.as_ref())),
        }
    }

    fn literal(&mut self) -> Result<Literal, ApiError> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Number(word)) if word.len() >= 10 && word.as_bytes().get(4) == Some(&b'-') => {
                Ok(Literal::Moment(word))
            }
            Some(Token::Number(word)) if word.parse::<f64>().is_ok() => Ok(Literal::Number(word)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("true") => Ok(Literal::Boolean(true)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("false") => Ok(Literal::Boolean(false)),
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("null") => Ok(Literal::Null),
            other => Err(unexpected(other.as_ref())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyset_page_is_understood() {
        let query = parse(
            "SELECT Id, Account.Parent.Name, (SELECT Id FROM OpportunityLineItems) FROM Opportunity WHERE Quote_Number__c != null \
             AND (SystemModstamp > 2026-03-02T10:15:00.000Z OR (SystemModstamp = 2026-03-02T10:15:00.000Z AND Id > '006')) \
             ORDER BY SystemModstamp ASC, Id LIMIT 200",
        )
        .unwrap();
        assert_eq!(query.fields, ["Id", "Account.Parent.Name"]);
        assert_eq!(query.children[0].from, "OpportunityLineItems");
        assert_eq!((query.from.as_str(), query.limit), ("Opportunity", Some(200)));
        assert!(matches!(&query.filter, Some(Condition::And(terms)) if matches!(terms[1], Condition::Or(_))));
    }

    #[test]
    fn what_is_not_supported_is_malformed() {
        let cases = [
            "",
            "SELECT FROM Opportunity",
            "SELECT * FROM Opportunity",
            "SELECT Id FROM Opportunity WHERE",
            "SELECT Id FROM Opportunity WHERE Name LIKE 'A%'",
            "SELECT Id FROM Opportunity WHERE A = 1 AND B = 2 OR C = 3",
            "SELECT Id FROM Opportunity GROUP BY Name",
            "SELECT Id FROM Opportunity WHERE Name = 'open",
            "SELECT Id FROM Opportunity LIMIT many",
            "SELECT Id FROM Opportunity; DROP",
            "SELECT COUNT(Id) FROM Opportunity",
        ];
        for text in cases {
            assert_eq!(parse(text).unwrap_err().code, "MALFORMED_QUERY", "{text}");
        }
    }

    #[test]
    fn quotes_inside_text_are_escaped() {
        let query = parse(r"SELECT Id FROM Account WHERE Name = 'O\'Neill \\ Co'").unwrap();
        let expected = Condition::Compare("Name".into(), Operator::Equal, vec![Literal::Text(r"O'Neill \ Co".into())]);
        assert_eq!(query.filter, Some(expected));
    }
}
