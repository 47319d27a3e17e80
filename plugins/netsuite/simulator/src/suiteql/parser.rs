//! From tokens to a query. Recursive descent, one function per level of precedence.

use rust_decimal::Decimal;

use super::QueryError;
use super::lexer::{Token, tokens};

/// A value or condition.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expr {
    /// A column, with the table's alias where one was written.
    Column(Option<String>, String),
    Text(String),
    Number(Decimal),
    Null,
    /// `*` inside COUNT.
    Star,
    /// A function, by lower-case name (`builtin.df` included).
    Call(String, Vec<Expr>),
    Negate(Box<Expr>),
    Not(Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Operator, Box<Expr>),
    IsNull(Box<Expr>, bool),
    In(Box<Expr>, Vec<Expr>, bool),
    /// `LIKE`, with `%` and `_`.
    Like(Box<Expr>, String, bool),
    /// `CASE WHEN condition THEN value ... ELSE value END`.
    Case(Vec<(Expr, Expr)>, Option<Box<Expr>>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A table in FROM or JOIN.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Source {
    pub table: String,
    pub alias: String,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Join {
    pub source: Source,
    pub on: Expr,
    /// LEFT [OUTER] JOIN: rows without a partner stay.
    pub outer: bool,
}

/// A whole query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Select {
    pub columns: Vec<(Expr, Option<String>)>,
    pub from: Source,
    pub joins: Vec<Join>,
    pub filter: Option<Expr>,
    pub group: Vec<Expr>,
    pub having: Option<Expr>,
    pub order: Vec<(Expr, bool)>,
}

/// Words that end an expression or table name, so they cannot be an alias.
const RESERVED: [&str; 22] = [
    "select", "from", "where", "group", "by", "having", "order", "join", "inner", "left", "outer", "on", "and", "or",
    "not", "as", "asc", "desc", "then", "else", "end", "when",
];

pub(super) fn parse(query: &str) -> Result<Select, QueryError> {
    let mut parser = Parser { tokens: tokens(query)?, at: 0 };
    let select = parser.select()?;
    match parser.peek() {
        None => Ok(select),
        Some(_) => Err(parser.unexpected()),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word_is(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found == word)
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word_is(word);
        self.at += usize::from(found);
        found
    }

    fn take_mark(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Mark(seen)) if *seen == mark);
        self.at += usize::from(found);
        found
    }

    fn expect_word(&mut self, word: &str) -> Result<(), QueryError> {
        if self.take_word(word) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn expect_mark(&mut self, mark: &str) -> Result<(), QueryError> {
        if self.take_mark(mark) { Ok(()) } else { Err(self.unexpected()) }
    }

    fn unexpected(&self) -> QueryError {
        let near = match self.peek() {
            None => "the end of the query".to_owned(),
            Some(Token::Word(word)) => format!("'{word}'"),
            Some(Token::Text(text)) => format!("''{text}''"),
            Some(Token::Number(number)) => format!("'{number}'"),
            Some(Token::Mark(mark)) => format!("'{mark}'"),
        };
        QueryError::new(format!("Invalid or unsupported search: unexpected token at {near}."))
    }

    fn name(&mut self) -> Result<String, QueryError> {
        match self.peek() {
            Some(Token::Word(word)) if !RESERVED.contains(&word.as_str()) => {
                let word = word.clone();
                self.at += 1;
                Ok(word)
            }
            _ => Err(self.unexpected()),
        }
    }

    fn alias(&mut self) -> Result<Option<String>, QueryError> {
        if self.take_word("as") {
            return self.name().map(Some);
        }
        let bare = matches!(self.peek(), Some(Token::Word(word)) if !RESERVED.contains(&word.as_str()));
        if bare { self.name().map(Some) } else { Ok(None) }
    }

    fn select(&mut self) -> Result<Select, QueryError> {
        self.expect_word("select")?;
        let mut columns = Vec::new();
        loop {
            let value = self.value()?;
            columns.push((value, self.alias()?));
            if !self.take_mark(",") {
                break;
            }
        }
        self.expect_word("from")?;
        let from = self.source()?;
        let joins = self.joins()?;
        let filter = if self.take_word("where") { Some(self.condition()?) } else { None };
        let group = if self.take_word("group") { self.by_list()? } else { Vec::new() };
        let having = if self.take_word("having") { Some(self.condition()?) } else { None };
        let order = if self.take_word("order") { self.order_list()? } else { Vec::new() };
        Ok(Select { columns, from, joins, filter, group, having, order })
    }

    fn source(&mut self) -> Result<Source, QueryError> {
        let table = self.name()?;
        let alias = self.alias()?.unwrap_or_else(|| table.clone());
        Ok(Source { table, alias })
    }

    fn joins(&mut self) -> Result<Vec<Join>, QueryError> {
        let mut joins = Vec::new();
        loop {
            let outer = if self.take_word("join") {
                false
            } else if self.take_word("inner") {
                self.expect_word("join")?;
                false
            } else if self.take_word("left") {
                self.take_word("outer");
                self.expect_word("join")?;
                true
            } else {
                return Ok(joins);
            };
            let source = self.source()?;
            self.expect_word("on")?;
            joins.push(Join { source, on: self.condition()?, outer });
        }
    }

    fn by_list(&mut self) -> Result<Vec<Expr>, QueryError> {
        self.expect_word("by")?;
        let mut list = vec![self.value()?];
        while self.take_mark(",") {
            list.push(self.value()?);
        }
        Ok(list)
    }

    fn order_list(&mut self) -> Result<Vec<(Expr, bool)>, QueryError> {
        self.expect_word("by")?;
        let mut list = Vec::new();
        loop {
            let value = self.value()?;
            let descending = self.take_word("desc");
            if !descending {
                self.take_word("asc");
            }
            list.push((value, descending));
            if !self.take_mark(",") {
                return Ok(list);
            }
        }
    }

    fn condition(&mut self) -> Result<Expr, QueryError> {
        let mut left = self.conjunction()?;
        while self.take_word("or") {
            left = Expr::Or(Box::new(left), Box::new(self.conjunction()?));
        }
        Ok(left)
    }

    fn conjunction(&mut self) -> Result<Expr, QueryError> {
        let mut left = self.negation()?;
        while self.take_word("and") {
            left = Expr::And(Box::new(left), Box::new(self.negation()?));
        }
        Ok(left)
    }

    fn negation(&mut self) -> Result<Expr, QueryError> {
        if self.take_word("not") { Ok(Expr::Not(Box::new(self.negation()?))) } else { self.predicate() }
    }

    fn predicate(&mut self) -> Result<Expr, QueryError> {
        let before = self.at;
        if self.take_mark("(") {
            // Either a condition in brackets or a value in brackets followed by a comparison.
            if let Ok(inner) = self.condition()
                && is_condition(&inner)
                && self.take_mark(")")
            {
                return Ok(inner);
            }
            self.at = before;
        }
        let left = self.value()?;
        self.comparison(left)
    }

    fn comparison(&mut self, left: Expr) -> Result<Expr, QueryError> {
        if self.take_word("is") {
            let negated = self.take_word("not");
            self.expect_word("null")?;
            return Ok(Expr::IsNull(Box::new(left), negated));
        }
        let negated = self.take_word("not");
        if self.take_word("in") {
            return Ok(Expr::In(Box::new(left), self.arguments()?, negated));
        }
        if self.take_word("like") {
            let Some(Token::Text(pattern)) = self.peek().cloned() else { return Err(self.unexpected()) };
            self.at += 1;
            return Ok(Expr::Like(Box::new(left), pattern, negated));
        }
        let operator = match self.peek() {
            Some(Token::Mark("=")) => Operator::Equal,
            Some(Token::Mark("<>" | "!=")) => Operator::NotEqual,
            Some(Token::Mark("<")) => Operator::Less,
            Some(Token::Mark("<=")) => Operator::LessOrEqual,
            Some(Token::Mark(">")) => Operator::Greater,
            Some(Token::Mark(">=")) => Operator::GreaterOrEqual,
            // A bare value: only CASE branches and brackets look at it, everything else refuses it.
            _ if !negated => return Ok(left),
            _ => return Err(self.unexpected()),
        };
        self.at += 1;
        let right = self.value()?;
        Ok(Expr::Compare(Box::new(left), operator, Box::new(right)))
    }

    fn arguments(&mut self) -> Result<Vec<Expr>, QueryError> {
        self.expect_mark("(")?;
        let mut list = Vec::new();
        if self.take_mark(")") {
            return Ok(list);
        }
        loop {
            list.push(if self.take_mark("*") { Expr::Star } else { self.value()? });
            if !self.take_mark(",") {
                self.expect_mark(")")?;
                return Ok(list);
            }
        }
    }

    fn value(&mut self) -> Result<Expr, QueryError> {
        if self.take_mark("-") {
            return Ok(Expr::Negate(Box::new(self.value()?)));
        }
        if self.take_mark("(") {
            let inner = self.value()?;
            self.expect_mark(")")?;
            return Ok(inner);
        }
        match self.peek().cloned() {
            Some(Token::Text(text)) => {
                self.at += 1;
                Ok(Expr::Text(text))
            }
            Some(Token::Number(number)) => {
                self.at += 1;
                Ok(Expr::Number(number))
            }
            Some(Token::Word(word)) if word == "null" => {
                self.at += 1;
                Ok(Expr::Null)
            }
            Some(Token::Word(word)) if word == "case" => self.case(),
            _ => self.column_or_call(),
        }
    }

    fn case(&mut self) -> Result<Expr, QueryError> {
        self.expect_word("case")?;
        let mut branches = Vec::new();
        while self.take_word("when") {
            let condition = self.condition()?;
            self.expect_word("then")?;
            branches.push((condition, self.value()?));
        }
        let fallback = if self.take_word("else") { Some(Box::new(self.value()?)) } else { None };
        self.expect_word("end")?;
        if branches.is_empty() { Err(self.unexpected()) } else { Ok(Expr::Case(branches, fallback)) }
    }

    fn column_or_call(&mut self) -> Result<Expr, QueryError> {
        let first = self.name()?;
        let second = if self.take_mark(".") { Some(self.name()?) } else { None };
        if matches!(self.peek(), Some(Token::Mark("("))) {
            let name = second.map_or(first.clone(), |second| format!("{first}.{second}"));
            return Ok(Expr::Call(name, self.arguments()?));
        }
        Ok(match second {
            Some(column) => Expr::Column(Some(first), column),
            None => Expr::Column(None, first),
        })
    }
}

fn is_condition(expr: &Expr) -> bool {
    matches!(
        expr,
        Expr::Not(_)
            | Expr::And(..)
            | Expr::Or(..)
            | Expr::Compare(..)
            | Expr::IsNull(..)
            | Expr::In(..)
            | Expr::Like(..)
    )
}
