//! From text to tokens.

use rust_decimal::Decimal;

use super::QueryError;

/// A token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name or keyword, in lower case.
    Word(String),
    /// A quoted text, quotes removed.
    Text(String),
    /// A number.
    Number(Decimal),
    /// An operator or punctuation mark.
    Mark(&'static str),
}

const MARKS: [&str; 14] = ["<=", ">=", "<>", "!=", "||", "=", "<", ">", "(", ")", ",", ".", "*", "-"];

/// Splits a query; a trailing semicolon is no part of SuiteQL and refused like any other mark.
pub(super) fn tokens(query: &str) -> Result<Vec<Token>, QueryError> {
    let mut found = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, length) = if first == '\'' {
            quoted(rest)?
        } else if first.is_ascii_digit() {
            number(rest)?
        } else if first.is_ascii_alphabetic() || first == '_' {
            word(rest)
        } else {
            mark(rest)?
        };
        found.push(token);
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    Ok(found)
}

fn quoted(rest: &str) -> Result<(Token, usize), QueryError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\'' {
            text.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == '\'') {
            text.push('\'');
            chars.next();
        } else {
            return Ok((Token::Text(text), at + 1));
        }
    }
    Err(QueryError::new("Quoted string not properly terminated."))
}

fn number(rest: &str) -> Result<(Token, usize), QueryError> {
    let length = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let digits = rest.get(..length).unwrap_or_default();
    let value = digits.parse().map_err(|_| QueryError::new(format!("Invalid number '{digits}'.")))?;
    Ok((Token::Number(value), length))
}

fn word(rest: &str) -> (Token, usize) {
    let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
    (Token::Word(rest.get(..length).unwrap_or_default().to_ascii_lowercase()), length)
}

fn mark(rest: &str) -> Result<(Token, usize), QueryError> {
    MARKS.iter().find(|mark| rest.starts_with(**mark)).map(|mark| (Token::Mark(mark), mark.len())).ok_or_else(|| {
        let near: String = rest.chars().take(10).collect();
        QueryError::new(format!("Invalid character near '{near}'."))
    })
}
