//! Writes the frames of a clip to standard output, for an encoder: `film woman` or `film man`. The
//! README beside the clips has the whole command.

use std::io::{Error, Write as _, stdout};

fn main() -> std::io::Result<()> {
    let who = std::env::args().nth(1);
    let female = match who.as_deref() {
        Some("woman") => true,
        Some("man") => false,
        _ => return Err(Error::other("say who: woman or man")),
    };
    let mut out = stdout().lock();
    (0..simulator::FRAMES)
        .try_for_each(|frame| out.write_all(&simulator::film_frame(female, frame)))
}
