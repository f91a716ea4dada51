//! A picture being drawn: shapes, lines and letters in colour, over whatever stands there already.

use image::{ExtendedColorType, codecs::jpeg::JpegEncoder};
use tiny_skia::{
    Color, FillRule, GradientStop, LineCap, LinearGradient, Paint, Path, PathBuilder, Pixmap,
    Point, Rect, Shader, SpreadMode, Stroke, Transform,
};

use super::letters;

/// Small enough for the sizes that media have unless told otherwise, and edges stay clean.
const QUALITY: u8 = 70;

/// Red, green, blue.
pub(super) type Tone = [u8; 3];

/// Between `one` and `other`: 0 is the one, 1 the other.
pub(super) fn between(one: Tone, other: Tone, share: f32) -> Tone {
    let part = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share) as u8;
    let ([r, g, b], [other_r, other_g, other_b]) = (one, other);
    [part(r, other_r), part(g, other_g), part(b, other_b)]
}

/// A picture of a size, and where in it is drawn.
pub(super) struct Canvas {
    pixmap: Pixmap,
    /// From the coordinates of whoever draws to those of the picture.
    pub place: Transform,
}

impl Canvas {
    /// An empty picture; `None` when a side is 0.
    pub(super) fn new(width: u32, height: u32) -> Option<Self> {
        Some(Self {
            pixmap: Pixmap::new(width, height)?,
            place: Transform::identity(),
        })
    }

    /// Fills everything from `top` to `bottom`.
    pub(super) fn fade(&mut self, top: Tone, bottom: Tone) {
        let (width, height) = (self.pixmap.width() as f32, self.pixmap.height() as f32);
        let stops = vec![
            GradientStop::new(0.0, colour(top, 1.0)),
            GradientStop::new(1.0, colour(bottom, 1.0)),
        ];
        let shader = LinearGradient::new(
            Point::from_xy(0.0, 0.0),
            Point::from_xy(0.0, height),
            stops,
            SpreadMode::Pad,
            Transform::identity(),
        );
        if let (Some(shader), Some(all)) = (shader, Rect::from_xywh(0.0, 0.0, width, height)) {
            let paint = Paint {
                shader,
                ..Paint::default()
            };
            self.pixmap
                .fill_rect(all, &paint, Transform::identity(), None);
        }
    }

    /// Fills a shape; `opacity` is from 0 to 1.
    pub(super) fn shape(&mut self, tone: Tone, opacity: f32, draw: impl FnOnce(&mut PathBuilder)) {
        let mut builder = PathBuilder::new();
        draw(&mut builder);
        if let Some(path) = builder.finish() {
            self.fill(&path, tone, opacity);
        }
    }

    /// Draws a line with round ends.
    pub(super) fn line(&mut self, tone: Tone, width: f32, draw: impl FnOnce(&mut PathBuilder)) {
        let mut builder = PathBuilder::new();
        draw(&mut builder);
        if let Some(path) = builder.finish() {
            let stroke = Stroke {
                width,
                line_cap: LineCap::Round,
                ..Stroke::default()
            };
            self.pixmap
                .stroke_path(&path, &paint(tone, 1.0), &stroke, self.place, None);
        }
    }

    /// An ellipse around a point.
    pub(super) fn oval(&mut self, tone: Tone, (x, y): (f32, f32), (across, down): (f32, f32)) {
        if let Some(rect) = Rect::from_xywh(x - across, y - down, 2.0 * across, 2.0 * down) {
            self.shape(tone, 1.0, |path| path.push_oval(rect));
        }
    }

    /// A rectangle with round corners.
    pub(super) fn card(&mut self, tone: Tone, opacity: f32, [x, y, w, h]: [f32; 4], round: f32) {
        self.shape(tone, opacity, |path| {
            path.move_to(x + round, y);
            path.line_to(x + w - round, y);
            path.quad_to(x + w, y, x + w, y + round);
            path.line_to(x + w, y + h - round);
            path.quad_to(x + w, y + h, x + w - round, y + h);
            path.line_to(x + round, y + h);
            path.quad_to(x, y + h, x, y + h - round);
            path.line_to(x, y + round);
            path.quad_to(x, y, x + round, y);
            path.close();
        });
    }

    /// Letters from `x` on, standing on the line `y`; `size` is the height of a Chinese one.
    /// Returns where the next would begin.
    pub(super) fn letters(
        &mut self,
        text: &str,
        (x, y): (f32, f32),
        size: f32,
        (tone, opacity): (Tone, f32),
    ) -> f32 {
        let (path, end) = letters::outlined(text, x, y, size);
        if let Some(path) = path {
            self.fill(&path, tone, opacity);
        }
        end
    }

    fn fill(&mut self, path: &Path, tone: Tone, opacity: f32) {
        self.pixmap.fill_path(
            path,
            &paint(tone, opacity),
            FillRule::Winding,
            self.place,
            None,
        );
    }

    /// Three bytes for each point, row by row.
    pub(super) fn rgb(&self) -> Vec<u8> {
        // Whoever draws fills everything first, so nothing is seen through.
        self.pixmap
            .pixels()
            .iter()
            .flat_map(|point| [point.red(), point.green(), point.blue()])
            .collect()
    }

    /// As a JPEG; empty when that fails, which a picture of this size gives no cause for.
    pub(super) fn jpeg(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let (width, height) = (self.pixmap.width(), self.pixmap.height());
        match JpegEncoder::new_with_quality(&mut out, QUALITY).encode(
            &self.rgb(),
            width,
            height,
            ExtendedColorType::Rgb8,
        ) {
            Ok(()) => out,
            Err(_) => Vec::new(),
        }
    }
}

fn colour([red, green, blue]: Tone, opacity: f32) -> Color {
    let mut colour = Color::from_rgba8(red, green, blue, 255);
    colour.set_alpha(opacity);
    colour
}

fn paint(tone: Tone, opacity: f32) -> Paint<'static> {
    Paint {
        shader: Shader::SolidColor(colour(tone, opacity)),
        ..Paint::default()
    }
}
