//! Reading objects from JSON: one that cannot be read or is not valid is refused with code, field
//! and what to do, and the others of its batch go on.

use serde_json::Value;
use serde_path_to_error::Segment;

use crate::validate::Invalid;
use crate::{Canonical, Date, Unit};

/// Reads one object and checks it.
///
/// # Errors
/// What cannot be read (one problem: reading ends there), or all that is not valid.
pub fn read<T: Canonical>(value: &Value) -> Result<T, Vec<Invalid>> {
    let object: T = serde_path_to_error::deserialize(value).map_err(|error| {
        let path = pointer(error.path());
        vec![unreadable(value, path, &error.inner().to_string())]
    })?;
    object.validate()?;
    Ok(object)
}

/// Reads every object of a batch by itself, in order.
pub fn read_batch<T: Canonical>(values: &[Value]) -> Vec<Result<T, Vec<Invalid>>> {
    values.iter().map(read).collect()
}

/// What stands at the path, in words that say how to mend it.
fn unreadable(value: &Value, path: String, said: &str) -> Invalid {
    let found = value.pointer(&path);
    let text = found.and_then(Value::as_str).unwrap_or_default();
    let (code, message) = if said.starts_with("missing field") {
        ("MISSING", format!("{said}; add it"))
    } else if is_date(text) && text.parse::<Date>().is_err() {
        ("IMPOSSIBLE_DATE", format!("'{text}' is no day of the calendar; write it as YYYY-MM-DD"))
    } else if path.ends_with("/unit") {
        let codes: Vec<&str> = Unit::ALL.iter().map(|unit| unit.code()).collect();
        ("UNKNOWN_UNIT", format!("'{text}' is no unit we bill in; use one of {}", codes.join(", ")))
    } else if said.contains("ISO 4217") {
        ("UNKNOWN_CURRENCY", said.to_owned())
    } else if found.and_then(Value::as_i64).is_some_and(|number| number < 0) {
        ("NEGATIVE", "the value is below zero; take something back by a correction of its source".to_owned())
    } else if said.contains("is no decimal") {
        ("NOT_DECIMAL", said.to_owned())
    } else if said.starts_with("unknown variant") {
        ("UNKNOWN_WORD", said.to_owned())
    } else {
        ("MALFORMED", said.to_owned())
    };
    Invalid { path, code: code.into(), message }
}

fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}
