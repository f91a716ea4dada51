//! A page as text, and as the markdown that robots understand.
//!
//! Each robot understands markdown of its own, and none promises an escape. So what could begin a
//! link, an image, a mention, a tag or an emphasis is written with its full-width look-alike, which
//! means nothing to any of them.

use super::render::Page;

/// A page without any markup.
pub(super) fn text(page: &Page) -> String {
    let mut lines = page.lines.clone();
    if !page.table.is_empty() {
        lines.push(String::new());
        lines.extend(figures(page));
    }
    for entry in &page.entries {
        lines.extend([String::new(), entry.head.clone()]);
        lines.extend(
            entry
                .rows
                .iter()
                .map(|row| format!("  {}: {}", row.word, row.text)),
        );
    }
    if !page.rest.is_empty() {
        lines.push(String::new());
        lines.extend(page.rest.clone());
    }
    lines.join("\n").trim_start().to_owned()
}

/// A table as lines: a row with its heads, since columns that are not aligned cannot be read.
fn figures(page: &Page) -> impl Iterator<Item = String> {
    let heads = page.table.first().map(Vec::as_slice).unwrap_or_default();
    page.table.iter().skip(1).map(move |row| {
        let figures: Vec<String> = heads
            .iter()
            .zip(row)
            .skip(1)
            .map(|(head, figure)| format!("{head} {figure}"))
            .collect();
        let name = row.first().map(String::as_str).unwrap_or_default();
        format!("{name}: {}", figures.join("; "))
    })
}

/// A page with headings and quotes, which DingTalk's and WeCom's robots both know. Tables they do
/// not.
pub(super) fn markdown(page: &Page) -> String {
    let mut parts = vec![format!("### {}", inert(&page.title))];
    parts.extend(page.lines.iter().map(|line| inert(line)));
    parts.extend(figures(page).map(|line| format!("> {}", inert(&line))));
    for entry in &page.entries {
        parts.push(format!("#### {}", inert(&entry.head)));
        parts.extend(
            entry
                .rows
                .iter()
                .map(|row| format!("> {}: {}", inert(row.word), inert(&row.text))),
        );
    }
    parts.extend(page.rest.iter().map(|line| inert(line)));
    // Both begin a new line after an empty one alone.
    parts.join("\n\n")
}

/// A text in which a robot finds nothing but words.
pub(super) fn inert(text: &str) -> String {
    let text: String = text
        .chars()
        .map(|c| match c {
            '<' => '＜',
            '>' => '＞',
            '@' => '＠',
            '[' => '［',
            ']' => '］',
            '*' => '＊',
            '~' => '～',
            '`' => '\'',
            '\\' => '＼',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    // What looks like an address becomes a link by itself.
    text.replace("://", ":／／")
}
