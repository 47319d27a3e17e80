//! Verbs about one document: change a field of a correct one, see which rules break.

use quoin_canonical::{Decimal, Invoice};
use serde_json::{Value, json};

use crate::common::{Book, drafted, helix_quote};

#[derive(Default)]
pub struct Document {
    value: Option<Value>,
}

impl Document {
    pub fn step(&mut self, verb: &str, words: &[&str]) -> Option<Result<String, String>> {
        Some(match (verb, words) {
            ("invoice", []) => {
                self.value = Some(correct());
                self.check()
            }
            ("set", [path, value @ ..]) => self.set(path, &value.join(" ")),
            ("remove", [path]) => self.remove(path),
            ("check", []) => self.check(),
            _ => return None,
        })
    }

    fn set(&mut self, path: &str, text: &str) -> Result<String, String> {
        let json = text.starts_with(['{', '[', '"']);
        let value = if json { serde_json::from_str(text).map_err(|error| error.to_string())? } else { json!(text) };
        let document = self.value.as_mut().ok_or("no invoice")?;
        let (parent, name) = path.rsplit_once('/').ok_or("not a path")?;
        let parent = document.pointer_mut(parent).ok_or("no such place")?;
        match parent {
            Value::Object(map) => {
                map.insert(name.into(), value);
            }
            Value::Array(list) => list[name.parse::<usize>().map_err(|error| error.to_string())?] = value,
            _ => return Err("not a container".into()),
        }
        Ok(String::new())
    }

    fn remove(&mut self, path: &str) -> Result<String, String> {
        let (parent, name) = path.rsplit_once('/').ok_or("not a path")?;
        let parent = self.value.as_mut().ok_or("no invoice")?.pointer_mut(parent).ok_or("no such place")?;
        match parent {
            Value::Object(map) => {
                map.shift_remove(name);
            }
            Value::Array(list) => {
                list.remove(name.parse::<usize>().map_err(|error| error.to_string())?);
            }
            _ => return Err("not a container".into()),
        }
        Ok(String::new())
    }

    fn check(&self) -> Result<String, String> {
        let invoice: Invoice =
            serde_json::from_value(self.value.clone().ok_or("no invoice")?).map_err(|error| error.to_string())?;
        let broken = billing::en16931::check(&invoice).err().unwrap_or_default();
        assert!(broken.iter().all(|problem| !problem.message.is_empty() && problem.path.starts_with('/')));
        let mut codes: Vec<String> = broken.into_iter().map(|problem| problem.code).collect();
        codes.sort();
        codes.dedup();
        Ok(if codes.is_empty() { "valid".into() } else { codes.join(" ") })
    }
}

/// One line of 120,000.00 in three thirds; its first milestone of 36,000.00.
fn correct() -> Value {
    let mut book = Book::open(&helix_quote());
    book.accept("L2", "M1", "2026-03-27");
    let invoice = drafted(&book.run("2026-03-31")).unwrap();
    assert_eq!(invoice.totals.gross.amount, "42840.00".parse::<Decimal>().unwrap());
    serde_json::to_value(invoice).unwrap()
}
