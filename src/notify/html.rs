//! A page as HTML for mail: in the reader's own colours, light or dark, with colours of ours only
//! where they are legible on both; narrow enough for a telephone; and with nothing that is loaded.
//! Styles stand at the elements, since many mail programs drop all others.

use super::render::{Entry, Look, Page, Row};
use crate::domain::{alarm::Severity, language::Language};

const BODY: &str = "margin:0;padding:12px;font:15px/1.5 -apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";
const COLUMN: &str = "max-width:640px;margin:0 auto;overflow-wrap:anywhere";
const TITLE: &str = "margin:4px 0 12px;font-size:19px;line-height:1.35";
const HEAD: &str = "margin:0 0 8px;font-size:17px;line-height:1.35";
const MARK: &str = "display:inline-block;margin-right:8px;padding:1px 8px;border-radius:4px;font-size:13px;color:#fff";
const LINE: &str = "margin:0 0 12px";
const ROWS: &str = "border-collapse:collapse";
const WORD: &str = "padding:3px 12px 3px 0;text-align:left;vertical-align:top;font-weight:normal;white-space:nowrap;opacity:.7";
const TEXT: &str = "padding:3px 0;text-align:left;vertical-align:top";
const CODE: &str = "padding:1px 4px;border-radius:3px;background:#8883;font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px";
/// What is wider than the page is drawn aside within it.
const WIDE: &str = "margin:0 0 16px;overflow-x:auto";
const FIGURES: &str = "border-collapse:collapse;width:100%;font-size:13px;font-variant-numeric:tabular-nums;overflow-wrap:normal";
const FIGURE: &str = "padding:5px 0 5px 8px;border-bottom:1px solid #8886";

pub(super) fn html(page: &Page, language: Language) -> String {
    // The one alarm's own head says all of it.
    let is_one = page.entries.len() == 1 && page.table.is_empty() && page.rest.is_empty();
    let mut body = String::new();
    if !is_one {
        body += &styled("h1", TITLE, &escaped(&page.title));
    }
    body.extend(page.lines.iter().map(|line| paragraph(line)));
    if let Some((heads, rows)) = page.table.split_first() {
        let rows: String = rows.iter().map(|row| figures("td", row)).collect();
        let table = styled("table", FIGURES, &(figures("th", heads) + &rows));
        body += &styled("div", WIDE, &table);
    }
    body.extend(page.entries.iter().map(entry));
    body.extend(page.rest.iter().map(|line| paragraph(line)));
    format!(
        "<!doctype html><html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>{}</title></head><body style=\"{BODY}\">{}</body></html>",
        language.name(),
        escaped(&page.title),
        styled("div", COLUMN, &body)
    )
}

fn styled(tag: &str, style: &str, inside: &str) -> String {
    format!("<{tag} style=\"{style}\">{inside}</{tag}>")
}

fn paragraph(line: &str) -> String {
    styled("p", LINE, &with_commands(line))
}

fn entry(entry: &Entry) -> String {
    let colour = match entry.severity {
        Some(Severity::Critical) => "#c5221f",
        Some(Severity::Warning) => "#a85a00",
        None => "#137333",
    };
    let mark = styled(
        "span",
        &format!("{MARK};background:{colour}"),
        &escaped(entry.mark),
    );
    let head = styled("h2", HEAD, &(mark + &escaped(&entry.head)));
    let rows: String = entry.rows.iter().map(row).collect();
    let card = format!("margin:0 0 20px;padding:2px 0 2px 12px;border-left:4px solid {colour}");
    styled("div", &card, &(head + &styled("table", ROWS, &rows)))
}

fn row(row: &Row) -> String {
    let text = match row.look {
        Look::Words => with_commands(&row.text),
        Look::Command => styled("code", CODE, &escaped(&row.text)),
        Look::Outside => escaped(&row.text),
    };
    let word = styled("th", WORD, &escaped(row.word));
    format!("<tr>{word}{}</tr>", styled("td", TEXT, &text))
}

/// A row of names and numbers: the first cell a name, the others to the right, one below the other.
fn figures(tag: &str, cells: &[String]) -> String {
    let cells = cells.iter().enumerate().map(|(place, cell)| {
        let side = match place {
            0 => "padding-left:0;text-align:left",
            _ => "text-align:right",
        };
        let end = if tag == "th" { "bottom" } else { "top" };
        let style = format!("{FIGURE};{side};vertical-align:{end}");
        styled(tag, &style, &escaped(cell))
    });
    format!("<tr>{}</tr>", cells.collect::<String>())
}

/// Our own words; what stands between backticks is a command.
fn with_commands(words: &str) -> String {
    words
        .split('`')
        .enumerate()
        .map(|(place, part)| match place % 2 {
            1 => styled("code", CODE, &escaped(part)),
            _ => escaped(part),
        })
        .collect()
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
