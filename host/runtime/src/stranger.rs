//! The field of a JSON source that did not go into its normal form, found without building a tree
//! of the source: it is read once more, beside the normal form.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// JSON pointer (RFC 6901) to a field of the source that the normal form does not have. Empty values
/// are no loss: the normal form leaves them out. A source that cannot be walked is strange as a whole.
pub fn stranger<'de>(source: impl Deserializer<'de>, normal: &Value) -> Option<String> {
    Within(normal).deserialize(source).unwrap_or_else(|_| Some(String::new()))
}

/// A name as a part of a JSON pointer.
pub fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Reads a value beside its normal form.
struct Within<'a>(&'a Value);

/// Reads a field's name, and looks for it in the normal form.
struct Field<'a>(&'a Value);

/// What `Field` found.
enum Found<'a> {
    Taken(&'a str, &'a Value),
    Stranger(String),
    /// The normal form is no object here: what it is was judged when the object was read.
    Elsewhere,
}

/// Reads a value that the normal form does not have.
struct Empty;

/// What `Within` and `Empty` say of a value that is neither list nor object.
macro_rules! scalars {
    ($says:expr, $says_of_null:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($says)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($says)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($says)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($says)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($says)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($says_of_null)
        }
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("JSON")
        }
    };
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = Option<String>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = Option<String>;
    scalars!(None, None);

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        while let Some(found) = fields.next_key_seed(Field(self.0))? {
            let here = match found {
                Found::Taken(name, taken) => {
                    let below = fields.next_value_seed(Within(taken))?;
                    below.map(|path| format!("/{}{path}", pointer_part(name)))
                }
                Found::Stranger(name) => {
                    let empty = fields.next_value_seed(Empty)?;
                    (!empty).then(|| format!("/{}", pointer_part(&name)))
                }
                Found::Elsewhere => fields.next_value::<IgnoredAny>().map(|_| None)?,
            };
            first = first.or(here);
        }
        Ok(first)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        for (at, taken) in self.0.as_array().into_iter().flatten().enumerate() {
            match items.next_element_seed(Within(taken))? {
                Some(below) => first = first.or(below.map(|path| format!("/{at}{path}"))),
                None => return Ok(first),
            }
        }
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first)
    }
}

impl<'de, 'a> DeserializeSeed<'de> for Field<'a> {
    type Value = Found<'a>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Field<'a> {
    type Value = Found<'a>;

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let Value::Object(fields) = self.0 else { return Ok(Found::Elsewhere) };
        Ok(match fields.get_key_value(name) {
            Some((name, taken)) => Found::Taken(name, taken),
            None => Found::Stranger(name.to_owned()),
        })
    }

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a name")
    }
}

impl<'de> DeserializeSeed<'de> for Empty {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<bool, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Empty {
    type Value = bool;
    scalars!(false, true);

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        let mut empty = true;
        while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {
            empty = false;
        }
        Ok(empty)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut empty = true;
        while items.next_element::<IgnoredAny>()?.is_some() {
            empty = false;
        }
        Ok(empty)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_missed_wherever_it_is_unless_it_is_empty() {
        let normal = json!({"a": 1, "list": [{"b": "x"}, {"c": {"d": true}}], "text": "t"});
        for (source, path) in [
            (r#"{"a": 2, "list": [{"b": "y"}, {"c": {"d": false}}], "text": "u"}"#, None),
            (r#"{"a": 1, "e": null, "f": [], "g": {}}"#, None),
            (r#"{"a": 1, "e": 0}"#, Some("/e")),
            (r#"{"a": 1, "e": [1]}"#, Some("/e")),
            (r#"{"a": 1, "e": {"f": null}}"#, Some("/e")),
            (r#"{"list": [{"b": "x", "z": 1}]}"#, Some("/list/0/z")),
            (r#"{"list": [{}, {"c": {"d": true, "e/f": "g"}}], "h": 1}"#, Some("/list/1/c/e~1f")),
            (r#"{"list": [{}, {}, {"more": 1}]}"#, None),
            (r#"{"text": {"was": "an object"}}"#, None),
            (r#"{"a": "#, Some("")),
        ] {
            let read = stranger(&mut serde_json::Deserializer::from_str(source), &normal);
            assert_eq!(read.as_deref(), path, "{source}");
            if let Ok(tree) = serde_json::from_str::<Value>(source) {
                assert_eq!(stranger(&tree, &normal).as_deref(), path, "{source} as a tree");
            }
        }
    }
}
