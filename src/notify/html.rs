//! A page as HTML for mail: tables, in the reader's own colours, and nothing that is loaded.

use super::render::Page;
use crate::domain::language::Language;

const CELL: &str = "style=\"padding:2px 12px 2px 0;text-align:left;vertical-align:top\"";

pub(super) fn html(page: &Page, language: Language) -> String {
    let mut body = format!("<h2>{}</h2>", escaped(&page.title));
    for line in &page.lines {
        body += &format!("<p>{}</p>", escaped(line));
    }
    if let Some((heads, rows)) = page.table.split_first() {
        let row = |tag: &str, cells: &[String]| -> String {
            let cells = cells
                .iter()
                .map(|cell| format!("<{tag} {CELL}>{}</{tag}>", escaped(cell)));
            format!("<tr>{}</tr>", cells.collect::<String>())
        };
        let rows: String = rows.iter().map(|cells| row("td", cells)).collect();
        body += &format!("<table>{}{rows}</table>", row("th", heads));
    }
    for entry in &page.entries {
        let rows = entry.rows.iter().map(|(word, text)| {
            format!(
                "<tr><th {CELL}>{}</th><td {CELL}>{}</td></tr>",
                escaped(word),
                escaped(text)
            )
        });
        body += &format!(
            "<h3>{}</h3><table>{}</table>",
            escaped(&entry.head),
            rows.collect::<String>()
        );
    }
    for line in &page.rest {
        body += &format!("<p>{}</p>", escaped(line));
    }
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"color-scheme\" content=\"light dark\"></head><body style=\"font-family:sans-serif\">{body}</body></html>",
        language.name()
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
