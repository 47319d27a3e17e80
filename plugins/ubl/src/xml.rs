//! Just enough XML: elements, attributes, text, escaped once and here.

/// A document under way.
pub struct Xml {
    text: String,
    open: Vec<&'static str>,
}

impl Xml {
    /// Begins a document with its root element and namespaces.
    pub fn new(root: &'static str, namespaces: &[(&str, &str)]) -> Self {
        let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        text.push('<');
        text.push_str(root);
        for (prefix, uri) in namespaces {
            let name = if prefix.is_empty() { " xmlns".to_owned() } else { format!(" xmlns:{prefix}") };
            text.push_str(&format!("{name}=\"{uri}\""));
        }
        text.push_str(">\n");
        Self { text, open: vec![root] }
    }

    /// An element with text.
    pub fn text(&mut self, name: &str, value: &str) {
        self.attributed(name, &[], value);
    }

    /// An element with text, where there is any.
    pub fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.trim().is_empty()) {
            self.text(name, value);
        }
    }

    /// An element with attributes and text.
    pub fn attributed(&mut self, name: &str, attributes: &[(&str, &str)], value: &str) {
        self.indent();
        self.text.push('<');
        self.text.push_str(name);
        for (attribute, value) in attributes {
            self.text.push_str(&format!(" {attribute}=\"{}\"", escaped(value)));
        }
        self.text.push('>');
        self.text.push_str(&escaped(value));
        self.text.push_str(&format!("</{name}>\n"));
    }

    /// An element with elements in it.
    pub fn within(&mut self, name: &'static str, content: impl FnOnce(&mut Self)) {
        self.indent();
        self.text.push_str(&format!("<{name}>\n"));
        self.open.push(name);
        content(self);
        self.open.pop();
        self.indent();
        self.text.push_str(&format!("</{name}>\n"));
    }

    /// The whole document.
    pub fn finish(mut self) -> String {
        if let Some(root) = self.open.pop() {
            self.text.push_str(&format!("</{root}>\n"));
        }
        self.text
    }

    fn indent(&mut self) {
        self.text.push_str(&"  ".repeat(self.open.len()));
    }
}

/// Text as XML 1.0 takes it: what it forbids altogether (most control characters) becomes a space.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(c),
            c if c < ' ' || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_text_becomes_markup() {
        for (text, xml) in [
            ("Müller & Söhne", "Müller &amp; Söhne"),
            ("<script>", "&lt;script&gt;"),
            ("5\" pipe", "5&quot; pipe"),
            ("bell\u{7}", "bell "),
            ("two\nlines", "two\nlines"),
            ("]]>", "]]&gt;"),
        ] {
            assert_eq!(escaped(text), xml);
        }
    }

    #[test]
    fn elements_close_in_order() {
        let mut xml = Xml::new("a", &[("", "urn:a"), ("b", "urn:b")]);
        xml.within("b:c", |xml| xml.attributed("b:d", &[("unit", "H&R")], "1"));
        xml.optional("b:e", Some("  "));
        let expected =
            "<a xmlns=\"urn:a\" xmlns:b=\"urn:b\">\n  <b:c>\n    <b:d unit=\"H&amp;R\">1</b:d>\n  </b:c>\n</a>\n";
        assert_eq!(xml.finish().split_once("?>\n").map(|(_, rest)| rest), Some(expected));
    }
}
