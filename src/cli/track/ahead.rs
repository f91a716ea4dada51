//! Lines read ahead by a thread of their own, so that waiting for a pipe never keeps what was read
//! from being tracked.

use std::{
    io::{self, BufRead},
    thread,
};

use tokio::{
    sync::mpsc::{Receiver, Sender, channel},
    time::{Duration, Instant, timeout_at},
};

use super::{CHUNK, input};
use crate::domain::token::TrackRequest;

/// How long a line waits for others to be tracked with.
const WAIT_MAX: Duration = Duration::from_secs(1);

/// A line with its number, or why it is wrong.
pub(super) type Line = Result<(u64, TrackRequest), (u64, String)>;

/// A line as it was read.
struct One {
    line: Line,
    /// How much of the input was read until its end, in bytes.
    bytes: u64,
    notes: Vec<String>,
}

/// A line, or why nothing of the input can be read.
type Said = Result<One, String>;

/// The lines of an input, as they come.
pub(super) struct Ahead(Receiver<Said>);

/// Lines to be tracked together: at most [`CHUNK`] of them, and none that has waited for longer
/// than [`WAIT_MAX`].
pub(super) struct Together {
    pub(super) lines: Vec<Line>,
    /// How much of the input was read until their end, in bytes.
    pub(super) bytes: u64,
    /// What a person should hear of how they were read.
    pub(super) notes: Vec<String>,
}

/// Begins to read. The thread ends with the input; one that waits for a pipe ends with the process.
///
/// # Errors
/// When no thread can be had.
pub(super) fn read<R: BufRead>(
    input: impl FnOnce() -> R + Send + 'static,
    defaults: input::Defaults,
) -> io::Result<Ahead> {
    let (said, heard) = channel(CHUNK);
    thread::Builder::new()
        .name("input".to_owned())
        .spawn(move || say(input(), defaults, &said))?;
    Ok(Ahead(heard))
}

fn say<R: BufRead>(input: R, defaults: input::Defaults, said: &Sender<Said>) {
    let mut lines = match input::open(input, defaults) {
        Ok(lines) => lines,
        Err(why) => {
            // Nobody listens any more: nothing is left to be said.
            let _ = said.blocking_send(Err(why));
            return;
        }
    };
    while let Some(line) = lines.next() {
        let one = One {
            line,
            bytes: lines.bytes(),
            notes: lines.notes(),
        };
        if said.blocking_send(Ok(one)).is_err() {
            return;
        }
    }
}

impl Ahead {
    /// The next lines; none when there are no more.
    ///
    /// # Errors
    /// Why nothing of the input can be read.
    #[allow(
        clippy::disallowed_methods,
        reason = "one limit over several reads of an input, in real time"
    )]
    pub(super) async fn next(&mut self) -> Result<Option<Together>, String> {
        let Some(first) = self.0.recv().await else {
            return Ok(None);
        };
        let One { line, bytes, notes } = first?;
        let mut together = Together {
            lines: vec![line],
            bytes,
            notes,
        };
        let until = Instant::now() + WAIT_MAX;
        while together.lines.len() < CHUNK {
            // The end of the input and the end of patience are the same here: these lines are
            // tracked, and the next look tells.
            let Ok(Some(said)) = timeout_at(until, self.0.recv()).await else {
                break;
            };
            let one = said?;
            together.lines.push(one.line);
            together.bytes = one.bytes;
            together.notes.extend(one.notes);
        }
        Ok(Some(together))
    }
}
