//! Case files as text, read back by the rules of each format.

use super::super::document::{tests::facts, write};
use super::*;
use crate::formats::tests::reparse::{read_html, read_markdown};

/// What strangers write.
const HOSTILE: [&str; 7] = [
    "<script>alert(1)</script>",
    "=cmd|'/c calc'!A1",
    "a|b\\|c",
    "line\nbreak\r\nand\ttab",
    "\u{202e}gnp.exe\u{202c} \u{200f}",
    " `*_[x](y)_*` & &amp; \"q\" ~~ http://x.y #",
    "\u{1b}]0;title\u{7}",
];

/// The table after a heading.
fn after<'a>(text: &'a str, heading: &str) -> &'a str {
    text.split_once(heading).unwrap_or_else(|| panic!("no {heading} in {text}")).1
}

#[test]
fn cells_by_strangers_are_the_same_when_read_back() {
    for hostile in HOSTILE {
        let file = write(&facts(hostile));
        let html = render(&file, CaseFormat::Html).unwrap();
        assert_eq!(read_html(after(&html, "Who carries it"))[0][1], hostile);
        let examples = read_html(after(&html, "1 of 270 clicks"));
        assert_eq!((examples[0][3].as_str(), examples[0][5].as_str()), (hostile, hostile));
        assert!(!html.contains("<script"), "{html}");

        let markdown = render(&file, CaseFormat::Markdown).unwrap();
        let table = |heading| {
            let lines = after(&markdown, heading).lines().skip_while(|line| !line.starts_with('|'));
            let rows: Vec<&str> = lines.take_while(|line| line.starts_with('|')).collect();
            read_markdown(&rows.join("\n"))
        };
        assert_eq!(table("Who carries it")[1][1], hostile);
        assert_eq!(table("1 of 270 clicks")[1][5], hostile);

        let json: serde_json::Value = serde_json::from_str(&render(&file, CaseFormat::Json).unwrap()).unwrap();
        assert_eq!(json["findings"][0]["sources"][0]["value"], hostile);
        assert_eq!(json["implicated"]["money"][0]["payout"], "12345.678900", "money keeps its digits");
    }
}

#[test]
fn outside_of_cells_nothing_acts() {
    let file = write(&facts("\u{202e}evil\u{1b}[31m<b>"));
    let html = render(&file, CaseFormat::Html).unwrap();
    let (head, _) = html.split_once("Who carries it").unwrap();
    assert!(!head.contains(['\u{202e}', '\u{1b}']) && !head.contains("evil<b>"), "{head}");
}

#[test]
fn the_page_is_whole() {
    let html = render(&write(&facts("bad")), CaseFormat::Html).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.trim_end().ends_with("</html>"));
    for part in ["<svg", "class=\"after\"", "12,345.6789", "59.1 %", "nothing left", "5.8 %"] {
        assert!(html.contains(part), "no {part} in {html}");
    }
    for tag in ["section", "table", "ul", "figure", "details", "tr"] {
        let (open, close) = (html.matches(&format!("<{tag}")).count(), html.matches(&format!("</{tag}>")).count());
        assert_eq!(open, close, "{tag}");
    }
}
