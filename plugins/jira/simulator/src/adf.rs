//! Atlassian Document Format, as far as texts of issues and worklogs use it.

use serde_json::Value;

/// Nodes that stand between paragraphs.
const BLOCKS: [&str; 12] = [
    "paragraph",
    "heading",
    "bulletList",
    "orderedList",
    "blockquote",
    "codeBlock",
    "rule",
    "panel",
    "table",
    "mediaSingle",
    "expand",
    "blockCard",
];

/// Nodes that stand in a line of text.
const INLINES: [&str; 7] = ["text", "hardBreak", "mention", "emoji", "inlineCard", "status", "date"];

/// Whether this is a document that Jira takes: `{"type":"doc","version":1,"content":[blocks]}`.
pub fn is_document(value: &Value) -> bool {
    value["type"] == "doc"
        && value["version"] == 1
        && children(value).is_some_and(|nodes| nodes.iter().all(|node| is_one_of(node, &BLOCKS)))
}

fn children(node: &Value) -> Option<&Vec<Value>> {
    node.get("content").and_then(Value::as_array)
}

fn is_one_of(node: &Value, kinds: &[&str]) -> bool {
    node["type"].as_str().is_some_and(|kind| kinds.contains(&kind)) && is_well_formed(node)
}

/// A node with the children that its type may have; without content it has none.
fn is_well_formed(node: &Value) -> bool {
    let allowed: &[&str] = match node["type"].as_str().unwrap_or_default() {
        "text" => return node["text"].as_str().is_some_and(|text| !text.is_empty()) && node.get("content").is_none(),
        "heading" if !node["attrs"]["level"].as_u64().is_some_and(|level| (1..=6).contains(&level)) => return false,
        "paragraph" | "heading" => &INLINES,
        "codeBlock" => &["text"],
        "bulletList" | "orderedList" => &["listItem"],
        "table" => &["tableRow"],
        "tableRow" => &["tableCell", "tableHeader"],
        "mediaSingle" => &["media"],
        "listItem" | "blockquote" | "panel" | "expand" | "tableCell" | "tableHeader" => &BLOCKS,
        _ => return node.get("content").is_none(),
    };
    match node.get("content") {
        None => true,
        Some(content) => content.as_array().is_some_and(|nodes| nodes.iter().all(|node| is_one_of(node, allowed))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_documents_are_documents() {
        let paragraph = |content: Value| json!({"type": "doc", "version": 1, "content": [{"type": "paragraph", "content": content}]});
        let cases = [
            (json!("text"), false),
            (json!({"type": "doc", "version": 1, "content": []}), true),
            (json!({"type": "doc", "content": []}), false),
            (json!({"type": "doc", "version": 1}), false),
            (json!({"type": "doc", "version": 1, "content": [{"type": "text", "text": "a"}]}), false),
            (json!({"type": "doc", "version": 1, "content": [{"type": "heading", "attrs": {"level": 7}}]}), false),
            (paragraph(json!([{"type": "text", "text": "a"}, {"type": "hardBreak"}])), true),
            (paragraph(json!([{"type": "text", "text": ""}])), false),
            (paragraph(json!([{"type": "paragraph"}])), false),
            (paragraph(json!([{"type": "nonsense"}])), false),
        ];
        for (value, expected) in cases {
            assert_eq!(is_document(&value), expected, "{value}");
        }
    }
}
