//! The part of JQL that is needed: clauses joined by AND, and an ORDER BY.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::PROJECT;
use crate::issue::{Content, Issue, TYPES};
use crate::site::{PROJECT_ID, State};

/// A query.
#[derive(Debug)]
pub struct Jql {
    clauses: Vec<Clause>,
    /// Field and whether descending.
    order: Vec<(Field, bool)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Project,
    Labels,
    Key,
    Type,
    Summary,
    Created,
    Updated,
}

#[derive(Debug)]
struct Clause {
    field: Field,
    operator: String,
    values: Vec<String>,
    /// The moment a date stands for.
    moment: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// Bare word.
    Word(String),
    /// In quotes.
    Quoted(String),
    /// Operator or punctuation.
    Sign(String),
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(next) = chars.next() {
        match next {
            _ if next.is_whitespace() => {}
            '"' | '\'' => {
                let mut word = String::new();
                loop {
                    match chars.next() {
                        Some('\\') => word.extend(chars.next()),
                        Some(end) if end == next => break,
                        Some(other) => word.push(other),
                        None => {
                            return Err(format!(
                                "Error in the JQL Query: The quoted string '{word}' has not been completed."
                            ));
                        }
                    }
                }
                tokens.push(Token::Quoted(word));
            }
            '(' | ')' | ',' | '=' | '~' => tokens.push(Token::Sign(next.into())),
            '!' | '<' | '>' => {
                let second = chars.next_if(|c| *c == '=' || (next == '!' && *c == '~'));
                tokens.push(Token::Sign(std::iter::once(next).chain(second).collect()));
            }
            _ => {
                let mut word = String::from(next);
                while let Some(more) = chars.next_if(|c| !c.is_whitespace() && !"()=,~!<>\"'".contains(*c)) {
                    word.push(more);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Ok(tokens)
}

fn field(name: &str) -> Result<Field, String> {
    Ok(match name.to_ascii_lowercase().as_str() {
        "project" => Field::Project,
        "labels" => Field::Labels,
        "key" | "issuekey" | "issue" | "id" => Field::Key,
        "issuetype" | "type" => Field::Type,
        "summary" => Field::Summary,
        "created" | "createddate" => Field::Created,
        "updated" | "updateddate" => Field::Updated,
        _ => return Err(format!("Field '{name}' does not exist or you do not have permission to view it.")),
    })
}

struct Parser<'a> {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
    state: &'a State,
}

impl Parser<'_> {
    fn keyword(&mut self, word: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Word(found) if found.eq_ignore_ascii_case(word))).is_some()
    }

    fn sign(&mut self, sign: &str) -> bool {
        self.tokens.next_if(|token| matches!(token, Token::Sign(found) if found == sign)).is_some()
    }

    fn value(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Word(word) | Token::Quoted(word)) => Ok(word),
            Some(Token::Sign(sign)) => Err(format!("Error in the JQL Query: Expecting a value but got '{sign}'.")),
            None => Err("Error in the JQL Query: Expecting a value before the end of the query.".into()),
        }
    }

    fn clause(&mut self) -> Result<Clause, String> {
        let name = self.value()?;
        let field = field(&name)?;
        let negated = self.keyword("not");
        let operator = match self.tokens.next() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("in") => {
                if negated { "not in" } else { "in" }.to_owned()
            }
            Some(Token::Sign(sign)) if !negated => sign,
            _ => return Err(format!("Error in the JQL Query: Expecting operator after '{name}'.")),
        };
        let mut values = Vec::new();
        if operator.ends_with("in") {
            if !self.sign("(") {
                return Err("Error in the JQL Query: Expecting '(' after 'in'.".into());
            }
            values.push(self.value()?);
            while self.sign(",") {
                values.push(self.value()?);
            }
            if !self.sign(")") {
                return Err("Error in the JQL Query: Expecting ')' or ','.".into());
            }
        } else {
            values.push(self.value()?);
        }
        self.checked(&name, Clause { field, operator, values, moment: None })
    }

    /// Refuses operators and values that the field does not know.
    fn checked(&self, name: &str, mut clause: Clause) -> Result<Clause, String> {
        let operators: &[&str] = match clause.field {
            Field::Created | Field::Updated => &["=", "!=", ">=", ">", "<=", "<"],
            Field::Summary => &["~", "!~"],
            _ => &["=", "!=", "in", "not in"],
        };
        if !operators.contains(&clause.operator.as_str()) {
            return Err(format!("The operator '{}' is not supported by the '{name}' field.", clause.operator));
        }
        for value in &clause.values {
            match clause.field {
                Field::Project if !is_project(value) => {
                    return Err(format!("The value '{value}' does not exist for the field 'project'."));
                }
                Field::Key if self.state.issue_id(value).is_err() => {
                    return Err(format!("An issue with key '{value}' does not exist for field '{name}'."));
                }
                Field::Type if !TYPES.iter().any(|(id, kind)| value == id || value.eq_ignore_ascii_case(kind)) => {
                    return Err(format!("The value '{value}' does not exist for the field '{name}'."));
                }
                Field::Created | Field::Updated => {
                    let moment = moment(value, &self.state.zone, self.state.now());
                    clause.moment = Some(moment.ok_or_else(|| {
                        format!("Date value '{value}' for field '{name}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'.")
                    })?);
                }
                _ => {}
            }
        }
        Ok(clause)
    }

    fn order(&mut self) -> Result<Vec<(Field, bool)>, String> {
        let mut order = Vec::new();
        if self.keyword("order") {
            if !self.keyword("by") {
                return Err("Error in the JQL Query: Expecting 'by' after 'order'.".into());
            }
            loop {
                let name = self.value()?;
                let descending = self.keyword("desc");
                if !descending {
                    self.keyword("asc");
                }
                order.push((field(&name)?, descending));
                if !self.sign(",") {
                    break;
                }
            }
        }
        Ok(order)
    }
}

fn is_project(value: &str) -> bool {
    value.eq_ignore_ascii_case(PROJECT) || value == PROJECT_ID || value.eq_ignore_ascii_case("Advisory")
}

/// A date in the reader's zone, to the minute, or a period before now.
fn moment(text: &str, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    if let Some(period) = text.strip_prefix('-') {
        let unit = period.chars().last()?;
        let count: i64 = period.strip_suffix(unit)?.parse().ok()?;
        let minutes = match unit {
            'm' => 1,
            'h' => 60,
            'd' => 24 * 60,
            'w' => 7 * 24 * 60,
            _ => return None,
        };
        return now.checked_sub(SignedDuration::from_mins(count.checked_mul(minutes)?)).ok();
    }
    let text = text.replace('/', "-");
    let civil = DateTime::strptime("%Y-%m-%d %H:%M", &text).ok();
    let civil = civil.or_else(|| {
        Date::strptime("%Y-%m-%d", &text).ok().map(|date| date.to_datetime(jiff::civil::Time::midnight()))
    })?;
    zone.to_ambiguous_timestamp(civil).compatible().ok()
}

impl Jql {
    /// Reads a query; the error is in Jira's words.
    pub fn parse(text: &str, state: &State) -> Result<Self, String> {
        let mut parser = Parser { tokens: tokens(text)?.into_iter().peekable(), state };
        let mut clauses = Vec::new();
        let ordered = |parser: &mut Parser<'_>| matches!(parser.tokens.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("order"));
        while parser.tokens.peek().is_some() && !ordered(&mut parser) {
            clauses.push(parser.clause()?);
            if !parser.keyword("and") {
                break;
            }
        }
        let order = parser.order()?;
        if let Some(rest) = parser.tokens.next() {
            return Err(format!(
                "Error in the JQL Query: this simulator takes clauses joined by AND; it does not know what to do with {rest:?}."
            ));
        }
        if clauses.is_empty() {
            return Err(
                "Unbounded JQL queries are not allowed here. Please add a search restriction to your query.".into()
            );
        }
        Ok(Self { clauses, order })
    }

    /// Whether an issue with this indexed content is meant.
    pub fn matches(&self, issue: &Issue, content: &Content) -> bool {
        self.clauses.iter().all(|clause| clause.holds(issue, content))
    }

    /// Puts issues into the wanted order; without one the newest come first.
    pub fn sort(&self, found: &mut [(&Issue, &Content)]) {
        found.sort_by(|(a, before), (b, after)| {
            for (field, descending) in &self.order {
                let ordering = match field {
                    Field::Created => a.created.cmp(&b.created),
                    Field::Updated => before.updated.cmp(&after.updated),
                    Field::Summary => before.text("summary").cmp(after.text("summary")),
                    _ => a.number.cmp(&b.number),
                };
                let ordering = if *descending { ordering.reverse() } else { ordering };
                if ordering.is_ne() {
                    return ordering;
                }
            }
            b.number.cmp(&a.number)
        });
    }
}

impl Content {
    fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Clause {
    fn holds(&self, issue: &Issue, content: &Content) -> bool {
        let negative = matches!(self.operator.as_str(), "!=" | "not in" | "!~");
        let any = |test: &dyn Fn(&str) -> bool| self.values.iter().any(|value| test(value)) != negative;
        match self.field {
            Field::Project => !negative,
            Field::Key => any(&|value| issue.key().eq_ignore_ascii_case(value) || issue.id.to_string() == value),
            Field::Type => any(&|value| {
                TYPES.iter().any(|(id, name)| {
                    *id == content.text("issuetype") && (*id == value || name.eq_ignore_ascii_case(value))
                })
            }),
            Field::Summary => any(&|value| content.text("summary").to_lowercase().contains(&value.to_lowercase())),
            Field::Labels => {
                let labels = content.fields.get("labels").and_then(Value::as_array);
                // What is not equal must at least be something.
                let some = labels.is_some_and(|labels| !labels.is_empty());
                some && any(&|value| labels.is_some_and(|labels| labels.iter().any(|label| label == value)))
            }
            Field::Created => self.compares(issue.created),
            Field::Updated => self.compares(content.updated),
        }
    }

    /// JQL knows minutes only.
    fn compares(&self, at: Timestamp) -> bool {
        let Some(moment) = self.moment else { return false };
        let minute = |stamp: Timestamp| stamp.as_second().div_euclid(60);
        let ordering = minute(at).cmp(&minute(moment));
        match self.operator.as_str() {
            "=" => ordering.is_eq(),
            "!=" => ordering.is_ne(),
            ">=" => ordering.is_ge(),
            ">" => ordering.is_gt(),
            "<=" => ordering.is_le(),
            _ => ordering.is_lt(),
        }
    }
}
