//! The outlines of letters, from a font that has those of the simulated persons alone.

use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

const FONT: &[u8] = include_bytes!("../../assets/letters.ttf");

/// One letter on its way into a path: font units to points, upside down.
struct Pen<'a> {
    path: &'a mut PathBuilder,
    x: f32,
    y: f32,
    scale: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + x * self.scale, self.y - y * self.scale)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        let ((x1, y1), (x, y)) = (self.at(x1, y1), self.at(x, y));
        self.path.quad_to(x1, y1, x, y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let ((x1, y1), (x2, y2), (x, y)) = (self.at(x1, y1), self.at(x2, y2), self.at(x, y));
        self.path.cubic_to(x1, y1, x2, y2, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// `text` from `x` on, standing on the line `y`, and where the next letter would begin.
pub(super) fn outlined(text: &str, x: f32, y: f32, size: f32) -> (Option<Path>, f32) {
    let mut path = PathBuilder::new();
    let mut at = x;
    if let Ok(face) = Face::parse(FONT, 0) {
        let scale = size / f32::from(face.units_per_em());
        for letter in text.chars() {
            // Glyph 0 is the box that stands for what is missing.
            let glyph = face.glyph_index(letter).unwrap_or(GlyphId(0));
            let mut pen = Pen {
                path: &mut path,
                x: at,
                y,
                scale,
            };
            face.outline_glyph(glyph, &mut pen);
            at += f32::from(face.glyph_hor_advance(glyph).unwrap_or(0)) * scale;
        }
    }
    (path.finish(), at)
}

/// Whether the font has every letter of `text`.
#[cfg(test)]
pub(super) fn has(text: &str) -> bool {
    Face::parse(FONT, 0).is_ok_and(|face| text.chars().all(|one| face.glyph_index(one).is_some()))
}
