//! Sizes as people read them.

/// `1.5 MiB`
#[must_use]
pub fn size(bytes: i64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[allow(clippy::cast_precision_loss, reason = "shown with one digit")]
    let mut amount = bytes as f64 / 1024.0;
    let mut name = "KiB";
    for unit in ["MiB", "GiB", "TiB", "PiB"] {
        // What would be rounded to 1024.0 is one of the next unit.
        if amount < 1023.95 {
            break;
        }
        amount /= 1024.0;
        name = unit;
    }
    format!("{amount:.1} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_shown_as_people_read_it() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_572_864, "1.5 MiB"),
            (1_048_575, "1.0 MiB"),
            (5_368_709_120, "5.0 GiB"),
            (i64::MAX, "8192.0 PiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
