//! `demo`: simulator, daemon and a batch of tokens, start to finish.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    open::stop_on_signals,
    people::{count, counted, size},
    progress::Progress,
    report::{Code, Failure},
    screen::Screen,
    table::Table,
};
use crate::{
    app::demo::{Report, give},
    domain::time::Span,
};

pub(super) const EXAMPLES: &str = "\
Examples:
  verikeep demo
  verikeep demo --dir /tmp/verikeep-demo --keep-serving
Windows are seconds instead of days; everything else is as it is in earnest. Ends with 1 when what was archived is not what the simulated
provider held.";

/// See it all at work: a simulated provider, the daemon, a batch of tokens, and what was archived
/// in the end.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// Where to put the database and the objects; they stay, and the next demo begins anew.
    #[arg(long, value_name = "DIR", default_value = "verikeep-demo")]
    pub dir: PathBuf,
    /// Keep the simulated provider and the daemon running afterwards, to look around.
    #[arg(long)]
    pub keep_serving: bool,
}

/// Simulator, daemon and a batch of tokens, start to finish.
pub(super) async fn run(args: &Demo, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let stop = stop_on_signals()?;
    let mut progress: Option<Progress> = None;
    let given = give(Path::new(&args.dir), &stop, |settled, total| {
        let progress =
            progress.get_or_insert_with(|| Progress::new("archiving", Some(total as u64), screen));
        progress.at(
            settled as u64,
            format!("{settled} of {total} settled"),
            screen,
        );
    })
    .await;
    if let Some(progress) = progress {
        progress.end();
    }
    let given = given?;
    let code = tell(&given.report, screen)?;
    if args.keep_serving {
        screen.note(format!(
            "the simulated provider goes on at {} (Ctrl-C ends it)",
            given.simulator.base_url()
        ))?;
        given.serve_until(&stop).await?;
    } else {
        given.end().await?;
    }
    Ok(code)
}

/// Tells what was archived and where it lies.
///
/// # Errors
/// When the stream fails.
fn tell(report: &Report, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    endings(report).print(screen)?;
    figures(report, screen)?;
    let wrong: usize = report
        .endings
        .iter()
        .filter(|ending| !ending.as_it_should)
        .map(|ending| ending.tokens)
        .sum();
    if wrong > 0 {
        screen.note(format!(
            "\nerror: of {} some did not end as they should: this is a defect of Verikeep, please tell us",
            counted(i64::try_from(wrong).unwrap_or(i64::MAX), "token")
        ))?;
        places(report, screen)?;
        return Ok(Code::Finding);
    }
    screen.line(format!(
        "\nevery one of {} ended as it should",
        count(
            i64::try_from(
                report
                    .endings
                    .iter()
                    .map(|ending| ending.tokens)
                    .sum::<usize>()
            )
            .unwrap_or(i64::MAX)
        )
    ))?;
    places(report, screen)?;
    Ok(Code::Done)
}

/// How each kind of life ended.
fn endings(report: &Report) -> Table {
    let mut table = Table::new([
        "what happened to the person",
        "tokens",
        "became",
        "as it should",
    ]);
    for ending in &report.endings {
        let states: Vec<String> = ending
            .states
            .iter()
            .map(|(state, number)| {
                if ending.states.len() > 1 {
                    format!("{state} {number}")
                } else {
                    state.clone()
                }
            })
            .collect();
        table.row([
            ending.life.clone(),
            ending.tokens.to_string(),
            states.join(", "),
            if ending.as_it_should { "yes" } else { "NO" }.to_owned(),
        ]);
    }
    table
}

/// How much was kept, and how close it was.
fn figures(report: &Report, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let figures = &report.status;
    let media: i64 = figures
        .media
        .iter()
        .filter(|row| row.state == "stored")
        .map(|row| row.count)
        .sum();
    let bytes: i64 = figures.media.iter().map(|row| row.bytes).sum::<i64>() + figures.answer_bytes;
    let (verify, media_kept, records) = report.windows;
    screen.line(format!(
        "\n{} and {} kept, {}; the provider forgot videos after {media_kept} and the rest after {records}, persons had {verify}",
        counted(figures.answers, "answer"),
        counted(media, "medium").replace("mediums", "media"),
        size(bytes)
    ))?;
    if let Some(left) = figures.least_left_ms {
        screen.line(format!(
            "the least time that was left when something was captured: {}",
            Span(left)
        ))?;
    }
    Ok(())
}

/// Where it lies, and how to look at it: lines that can be pasted.
fn places(report: &Report, screen: &mut Screen<'_>) -> Result<(), Failure> {
    let Report { example, .. } = report;
    // As it was called: the program need not be installed.
    let program = std::env::args()
        .next()
        .unwrap_or_else(|| "verikeep".to_owned());
    let program = pasted(Path::new(&program));
    let config = pasted(&report.config);
    screen.line(format!(
        "
  rows      {}
  objects   {}

Look around:
  {program} list --config {config}
  {program} show --config {config} {token}
  {program} verify --config {config}
  echo {} | {program} list --config {config} --id-number - --purpose demonstration

Somebody who {}: answers, faces, both sides of the ID card and the video, as files:
  {program} get --config {config} {token} --out {} --purpose demonstration",
        report.database.display(),
        report.objects.display(),
        example.id_number,
        example.life,
        pasted(&report.case),
        token = example.verify_token,
    ))?;
    Ok(())
}

/// A path as a shell reads it as one word.
fn pasted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%".contains(letter);
    if !text.is_empty() && text.chars().all(plain) {
        return text.into_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_to_a_shell() {
        for (path, word) in [
            ("verikeep-demo/case", "verikeep-demo/case"),
            ("/tmp/two words", "'/tmp/two words'"),
            ("it's", r"'it'\''s'"),
            ("a$(b)", "'a$(b)'"),
            ("", "''"),
            ("演示", "'演示'"),
        ] {
            assert_eq!(pasted(Path::new(path)), word);
        }
    }
}
