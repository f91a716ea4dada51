//! A face and shoulders, from the front or slightly turned, in a field of 480 × 640.

use tiny_skia::PathBuilder;

use super::{
    canvas::{Canvas, Tone, between},
    look::{Collar, Hair, Look},
};

const DARK: Tone = [36, 28, 26];
const WHITE: Tone = [250, 250, 248];
/// Where the middle of the face is.
const MIDDLE: (f32, f32) = (240.0, 280.0);

/// How somebody looks into the camera.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pose {
    /// To the side: -1 is as far as it goes to the left, 1 to the right.
    pub turn: f32,
    /// Up (-1) and down (1).
    pub nod: f32,
    /// From 0, closed, to 1.
    pub eyes: f32,
    /// From 0, closed, to 1.
    pub mouth: f32,
}

impl Pose {
    /// Straight into the camera.
    pub(super) const STRAIGHT: Self = Self {
        turn: 0.0,
        nod: 0.0,
        eyes: 1.0,
        mouth: 0.0,
    };
}

/// Where things of a face stand.
struct Face<'a> {
    look: &'a Look,
    pose: Pose,
    /// Half the width of the head.
    half: f32,
    /// How far what lies in front is pushed aside, across and down.
    push: (f32, f32),
    shade: Tone,
}

/// Draws `look` in `pose`, without what is behind.
pub(super) fn draw(canvas: &mut Canvas, look: &Look, pose: Pose) {
    let face = Face {
        look,
        pose,
        half: 118.0 * look.width,
        push: (34.0 * pose.turn, 14.0 * pose.nod),
        shade: between(look.skin, [150, 84, 60], 0.28),
    };
    face.hair_behind(canvas);
    face.body(canvas);
    face.head(canvas);
    face.eyes(canvas);
    face.nose_and_mouth(canvas);
    face.hair_in_front(canvas);
    face.glasses(canvas);
}

impl Face<'_> {
    /// A point of the front of the face, from its middle.
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (MIDDLE.0 + x + self.push.0, MIDDLE.1 + y + self.push.1)
    }

    /// The side that is turned away is narrower.
    fn across(&self, x: f32) -> f32 {
        x * (1.0 - 0.12 * self.pose.turn * x.signum())
    }

    fn hair_behind(&self, canvas: &mut Canvas) {
        let tone = between(self.look.hair, DARK, 0.35);
        let (x, half) = (MIDDLE.0 + self.push.0 * 0.3, self.half);
        let bottom = match self.look.cut {
            Hair::Long => 560.0,
            Hair::Bob => 410.0,
            Hair::Bun => {
                canvas.oval(self.look.hair, (x, 106.0), (58.0, 50.0));
                return;
            }
            Hair::Short | Hair::Parted | Hair::Thin => return,
        };
        canvas.shape(tone, 1.0, |path| {
            path.move_to(x - half - 15.0, 260.0);
            path.cubic_to(
                x - half - 14.0,
                62.0,
                x + half + 14.0,
                62.0,
                x + half + 15.0,
                260.0,
            );
            path.cubic_to(
                x + half + 30.0,
                400.0,
                x + half + 34.0,
                bottom,
                x + half - 6.0,
                bottom,
            );
            path.line_to(x - half + 6.0, bottom);
            path.cubic_to(
                x - half - 34.0,
                bottom,
                x - half - 30.0,
                400.0,
                x - half - 15.0,
                260.0,
            );
            path.close();
        });
    }

    fn body(&self, canvas: &mut Canvas) {
        let Self { look, shade, .. } = self;
        let wide = if look.female { 186.0 } else { 212.0 };
        let (x, neck) = (MIDDLE.0, if look.female { 52.0 } else { 70.0 });
        canvas.shape(look.clothes, 1.0, |path| {
            path.move_to(x - wide, 640.0);
            path.cubic_to(x - wide, 494.0, x - 100.0, 494.0, x - neck - 8.0, 456.0);
            path.line_to(x + neck + 8.0, 456.0);
            path.cubic_to(x + 100.0, 494.0, x + wide, 494.0, x + wide, 640.0);
            path.close();
        });
        let deep = match look.collar {
            Collar::Round => 516.0,
            Collar::Pointed | Collar::Shirt => 550.0,
        };
        canvas.shape(*shade, 1.0, |path| {
            path.move_to(x - neck, 380.0);
            path.line_to(x + neck, 380.0);
            path.line_to(x + neck + 8.0, 458.0);
            if look.collar == Collar::Round {
                path.quad_to(x, 2.0 * deep - 458.0, x - neck - 8.0, 458.0);
            } else {
                path.line_to(x, deep);
                path.line_to(x - neck - 8.0, 458.0);
            }
            path.close();
        });
        if look.collar == Collar::Shirt {
            self.shirt_collar(canvas, x, neck);
        }
    }

    fn shirt_collar(&self, canvas: &mut Canvas, x: f32, neck: f32) {
        let light = between(self.look.clothes, WHITE, 0.35);
        for side in [-1.0, 1.0] {
            canvas.shape(light, 1.0, |path| {
                path.move_to(x + side * (neck + 14.0), 444.0);
                path.line_to(x + side * 4.0, 550.0);
                path.line_to(x + side * 56.0, 570.0);
                path.line_to(x + side * (neck + 44.0), 476.0);
                path.close();
            });
        }
        canvas.line(between(self.look.clothes, DARK, 0.35), 3.0, |path| {
            path.move_to(x, 554.0);
            path.line_to(x, 640.0);
        });
    }

    fn head(&self, canvas: &mut Canvas) {
        let Self {
            look, half, shade, ..
        } = self;
        let shift = self.push.0 * 0.35;
        let covered = matches!(look.cut, Hair::Long | Hair::Bob);
        for side in [-1.0_f32, 1.0].into_iter().filter(|_| !covered) {
            let hidden = (9.0 * self.pose.turn * side).max(0.0);
            let ear = MIDDLE.0 + shift + side * (half - 2.0 - hidden);
            canvas.oval(look.skin, (ear, 296.0), (17.0, 31.0));
            canvas.oval(*shade, (ear, 298.0), (8.0, 18.0));
        }
        let (x, jaw) = (MIDDLE.0 + shift, half * 0.62 * look.jaw);
        let chin = 428.0 + self.push.1;
        canvas.shape(look.skin, 1.0, |path| {
            path.move_to(x - half, 260.0);
            path.cubic_to(x - half, 96.0, x + half, 96.0, x + half, 260.0);
            path.cubic_to(
                x + half,
                340.0,
                x + jaw + 8.0,
                chin,
                x + self.push.0 * 0.4,
                chin,
            );
            path.cubic_to(x - jaw - 8.0, chin, x - half, 340.0, x - half, 260.0);
            path.close();
        });
        let blush = between(
            look.skin,
            [226, 110, 96],
            if look.female { 0.28 } else { 0.16 },
        );
        for side in [-1.0, 1.0] {
            canvas.oval(blush, self.at(self.across(side * 66.0), 66.0), (23.0, 14.0));
        }
        if look.mole {
            canvas.oval([92, 60, 48], self.at(48.0, 96.0), (3.5, 3.5));
        }
    }

    fn eyes(&self, canvas: &mut Canvas) {
        let look = self.look;
        for side in [-1.0_f32, 1.0] {
            let (x, y) = self.at(self.across(side * 52.0 * look.apart), 6.0);
            let (wide, open) = (25.0, 11.5 * look.eyes * self.pose.eyes);
            if open > 2.0 {
                canvas.shape(WHITE, 1.0, |path| {
                    path.move_to(x - wide, y);
                    path.quad_to(x, y - 2.0 * open, x + wide, y);
                    path.quad_to(x, y + 1.7 * open, x - wide, y);
                    path.close();
                });
                let iris = x + self.push.0 * 0.12;
                let round = open.min(10.5);
                canvas.oval([64, 42, 32], (iris, y - 0.6), (10.5, round));
                canvas.oval([14, 12, 12], (iris, y - 0.6), (5.5, round.min(5.5)));
                canvas.oval(WHITE, (iris + 3.0, y - 4.0), (2.4, 2.4_f32.min(round)));
            }
            let lid = if look.female { 4.6 } else { 3.4 };
            canvas.line(DARK, lid, |path| {
                path.move_to(x - wide, y);
                let bend = if open > 2.0 { -2.0 * open } else { 9.0 };
                path.quad_to(x, y + bend, x + wide, y);
            });
            let brow = between(look.hair, DARK, 0.3);
            canvas.line(brow, 7.0 * look.brows, |path| {
                let lift = y - 30.0 - 3.0 * self.pose.eyes;
                path.move_to(x - side * 24.0, lift + 2.0);
                path.quad_to(x + side * 6.0, lift - 11.0, x + side * 30.0, lift + 3.0);
            });
        }
    }

    fn nose_and_mouth(&self, canvas: &mut Canvas) {
        let Self { look, pose, .. } = self;
        let tip = 19.0 * look.nose;
        let (x, y) = self.at(self.push.0 * 0.35, 68.0);
        canvas.line(self.shade, 5.0, |path| {
            path.move_to(x - tip, y - 4.0);
            path.quad_to(x - tip * 0.6, y + 10.0, x, y + 7.0);
            path.quad_to(x + tip * 0.6, y + 10.0, x + tip, y - 4.0);
        });
        let (x, y) = self.at(self.push.0 * 0.15, 108.0);
        let (wide, gap) = (38.0 * look.mouth, 20.0 * pose.mouth);
        let lips: Tone = if look.female {
            [196, 78, 82]
        } else {
            between(look.skin, [150, 62, 58], 0.6)
        };
        canvas.shape(lips, 1.0, |path| {
            path.move_to(x - wide, y - 5.0);
            path.quad_to(x - wide * 0.3, y - 11.0, x, y - 5.0);
            path.quad_to(x + wide * 0.3, y - 11.0, x + wide, y - 5.0);
            path.quad_to(x, y + 30.0 + gap * 1.6, x - wide, y - 5.0);
            path.close();
        });
        let inner = between(lips, DARK, 0.6);
        if gap > 1.0 {
            canvas.shape(inner, 1.0, |path| {
                path.move_to(x - wide * 0.8, y + 1.0);
                path.quad_to(x, y - 3.0, x + wide * 0.8, y + 1.0);
                path.quad_to(x, y + 8.0 + gap * 1.7, x - wide * 0.8, y + 1.0);
                path.close();
            });
        }
        let thin = if gap > 1.0 { 0.0 } else { 3.0 };
        canvas.line(inner, thin, |path| {
            path.move_to(x - wide - 2.0, y - 6.0);
            path.quad_to(x, y + 14.0, x + wide + 2.0, y - 6.0);
        });
        if look.moustache {
            canvas.line(between(look.hair, look.skin, 0.15), 9.0, |path| {
                path.move_to(x - wide * 0.9, y - 14.0);
                path.quad_to(x, y - 25.0, x + wide * 0.9, y - 14.0);
            });
        }
    }

    fn hair_in_front(&self, canvas: &mut Canvas) {
        let Self { look, half, .. } = self;
        let (x, half) = (MIDDLE.0 + self.push.0 * 0.35, half + 6.0);
        // Where the hair ends at the sides, and its line over the forehead from left to right.
        let (ear, line) = match look.cut {
            Hair::Short => (262.0, [196.0, 184.0, 196.0]),
            Hair::Parted => (270.0, [238.0, 150.0, 214.0]),
            Hair::Thin => (258.0, [176.0, 140.0, 176.0]),
            Hair::Long => (318.0, [232.0, 128.0, 232.0]),
            Hair::Bob => (352.0, [214.0, 226.0, 214.0]),
            Hair::Bun => (276.0, [206.0, 138.0, 206.0]),
        };
        let [left, middle, right] = line;
        let crown = if look.cut == Hair::Thin { 84.0 } else { 62.0 };
        canvas.shape(look.hair, 1.0, |path| {
            cap(path, x, half, crown, ear, [left, middle, right])
        });
        let shine = between(look.hair, WHITE, 0.16);
        canvas.line(shine, 7.0, |path| {
            path.move_to(x - half * 0.62, 158.0);
            path.quad_to(x - half * 0.3, 122.0, x + half * 0.12, 120.0);
        });
    }

    fn glasses(&self, canvas: &mut Canvas) {
        if !self.look.glasses {
            return;
        }
        let frame = [52, 48, 52];
        let mut inner = [0.0_f32; 2];
        for (side, edge) in [-1.0_f32, 1.0].into_iter().zip(&mut inner) {
            let (x, y) = self.at(self.across(side * 52.0 * self.look.apart), 8.0);
            canvas.card(WHITE, 0.16, [x - 36.0, y - 25.0, 72.0, 52.0], 22.0);
            canvas.line(frame, 4.5, |path| {
                path.move_to(x - 36.0, y - 16.0);
                path.quad_to(x - 36.0, y - 25.0, x - 22.0, y - 25.0);
                path.line_to(x + 22.0, y - 25.0);
                path.quad_to(x + 36.0, y - 25.0, x + 36.0, y - 12.0);
                path.cubic_to(x + 36.0, y + 34.0, x - 36.0, y + 34.0, x - 36.0, y - 16.0);
                path.close();
            });
            let ear = MIDDLE.0 + self.push.0 * 0.35 + side * (self.half - 2.0);
            canvas.line(frame, 4.5, |path| {
                path.move_to(x + side * 36.0, y - 14.0);
                path.line_to(ear, y - 8.0);
            });
            *edge = x - side * 36.0;
        }
        let [left, right] = inner;
        let y = MIDDLE.1 + self.push.1;
        canvas.line(frame, 4.5, |path| {
            path.move_to(left, y);
            path.quad_to((left + right) / 2.0, y - 9.0, right, y);
        });
    }
}

/// The hair over the head: up one side, down the other, back along the forehead.
fn cap(path: &mut PathBuilder, x: f32, half: f32, crown: f32, ear: f32, line: [f32; 3]) {
    let [left, middle, right] = line;
    path.move_to(x - half, ear);
    path.cubic_to(
        x - half - 14.0,
        crown + 20.0,
        x - half * 0.5,
        crown,
        x,
        crown,
    );
    path.cubic_to(
        x + half * 0.5,
        crown,
        x + half + 14.0,
        crown + 20.0,
        x + half,
        ear,
    );
    path.quad_to(x + half - 12.0, ear - 30.0, x + half * 0.8, right);
    path.quad_to(x + half * 0.4, middle, x + half * 0.08, middle);
    path.quad_to(x - half * 0.4, middle, x - half * 0.8, left);
    path.quad_to(x - half + 12.0, ear - 30.0, x - half, ear);
    path.close();
}
