//! What a file is, by its first bytes alone: what the far end called it is not believed.

/// How many bytes are looked at.
pub(super) const HEAD_BYTES: usize = 64;

/// Extension and content type.
pub(super) fn kind_of(head: &[u8]) -> (&'static str, &'static str) {
    let at = |from: usize, mark: &[u8]| head.get(from..).is_some_and(|tail| tail.starts_with(mark));
    let text = head
        .strip_prefix(b"\xef\xbb\xbf")
        .unwrap_or(head)
        .trim_ascii_start();
    let table: [(bool, &str, &str); 13] = [
        (at(0, b"\xff\xd8\xff"), "jpg", "image/jpeg"),
        (at(0, b"\x89PNG\r\n\x1a\n"), "png", "image/png"),
        (at(0, b"GIF8"), "gif", "image/gif"),
        (at(0, b"RIFF") && at(8, b"WEBP"), "webp", "image/webp"),
        (at(0, b"RIFF") && at(8, b"AVI "), "avi", "video/x-msvideo"),
        (at(0, b"BM") && head.len() > 14, "bmp", "image/bmp"),
        (at(4, b"ftypqt"), "mov", "video/quicktime"),
        (at(4, b"ftyp"), "mp4", "video/mp4"),
        (at(0, b"\x1a\x45\xdf\xa3"), "webm", "video/webm"),
        (at(0, b"FLV\x01"), "flv", "video/x-flv"),
        (at(0, b"\x1f\x8b"), "gz", "application/gzip"),
        (
            text.starts_with(b"{") || text.starts_with(b"["),
            "json",
            "application/json",
        ),
        // Never as what a browser would run.
        (text.starts_with(b"<"), "txt", "text/plain"),
    ];
    table.into_iter().find(|(fits, ..)| *fits).map_or(
        ("bin", "application/octet-stream"),
        |(_, extension, content_type)| (extension, content_type),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_bytes() {
        for (head, extension) in [
            (&b"\xff\xd8\xff\xe0\x00\x10JFIF"[..], "jpg"),
            (b"\x89PNG\r\n\x1a\n....", "png"),
            (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
            (b"\x00\x00\x00\x18ftypmp42", "mp4"),
            (b"\x1a\x45\xdf\xa3", "webm"),
            (b"\xef\xbb\xbf {\"success\":true}", "json"),
            (b"<!DOCTYPE html>", "txt"),
            (b"<svg onload=alert(1)>", "txt"),
            (b"", "bin"),
            (b"RIFF", "bin"),
            (b"hello", "bin"),
        ] {
            assert_eq!(kind_of(head).0, extension);
        }
    }
}
