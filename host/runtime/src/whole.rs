//! Whether everything in a JSON source went into its normal form, without building a tree of the
//! source: it is read once more, beside the normal form.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// True when the normal form has every field of the source. Empty values are no loss: the normal
/// form leaves them out. False also for a source that is no JSON.
pub fn is_in<'de>(source: impl Deserializer<'de>, normal: &Value) -> bool {
    Within(normal).deserialize(source).unwrap_or(false)
}

/// Reads a value beside its normal form.
struct Within<'a>(&'a Value);

/// Reads a field's name; gives its value in the normal form.
struct Field<'a>(&'a Value);

/// Reads a value that the normal form does not have.
struct Empty;

/// What `Within` and `Empty` say of a value that is neither list nor object.
macro_rules! scalars {
    ($says:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
            Ok($says)
        }
        fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
            Ok($says)
        }
        fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
            Ok($says)
        }
        fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
            Ok($says)
        }
        fn visit_str<E>(self, _: &str) -> Result<bool, E> {
            Ok($says)
        }
        fn visit_unit<E>(self) -> Result<bool, E> {
            Ok(true)
        }
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("JSON")
        }
    };
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<bool, D::Error> {
        source.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = bool;
    scalars!(true);

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<bool, A::Error> {
        let mut whole = true;
        while let Some(taken) = fields.next_key_seed(Field(self.0))? {
            whole &= match (self.0, taken) {
                (_, Some(taken)) => fields.next_value_seed(Within(taken))?,
                (Value::Object(_), None) => fields.next_value_seed(Empty)?,
                (_, None) => fields.next_value::<IgnoredAny>().map(|_| true)?,
            };
        }
        Ok(whole)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let mut whole = true;
        let mut normal = self.0.as_array().into_iter().flatten();
        loop {
            let next = match normal.next() {
                Some(taken) => items.next_element_seed(Within(taken))?,
                None => items.next_element::<IgnoredAny>()?.map(|_| true),
            };
            match next {
                Some(fits) => whole &= fits,
                None => return Ok(whole),
            }
        }
    }
}

impl<'de, 'a> DeserializeSeed<'de> for Field<'a> {
    type Value = Option<&'a Value>;
    fn deserialize<D: Deserializer<'de>>(self, source: D) -> Result<Self::Value, D::Error> {
        source.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Field<'a> {
    type Value = Option<&'a Value>;

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.get(name))
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
    scalars!(false);

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
        for (source, whole) in [
            (r#"{"a": 2, "list": [{"b": "y"}, {"c": {"d": false}}], "text": "u"}"#, true),
            (r#"{"a": 1, "e": null, "f": [], "g": {}}"#, true),
            (r#"{"a": 1, "e": 0}"#, false),
            (r#"{"a": 1, "e": [1]}"#, false),
            (r#"{"a": 1, "e": {"f": null}}"#, false),
            (r#"{"list": [{"b": "x", "z": 1}]}"#, false),
            (r#"{"list": [{}, {"c": {"d": true, "e": "f"}}]}"#, false),
            (r#"{"list": [{}, {}, {"more": 1}]}"#, true),
            (r#"{"text": {"was": "an object"}}"#, true),
            (r#"{"a": "#, false),
        ] {
            assert_eq!(is_in(&mut serde_json::Deserializer::from_str(source), &normal), whole, "{source}");
            if let Ok(tree) = serde_json::from_str::<Value>(source) {
                assert_eq!(is_in(&tree, &normal), whole, "{source} as a tree");
            }
        }
    }
}
