//! Both sides of an identity card, in the layout of a mainland one, marked as a specimen. What
//! stands for the emblem is a rosette of our own.

use std::f32::consts::TAU;

use tiny_skia::Transform;

use super::{
    canvas::{Canvas, Tone},
    look::Look,
    portrait::{self, Pose},
};
use crate::person::Person;

const INK: Tone = [28, 28, 32];
const LABEL: Tone = [52, 112, 168];
const RED: Tone = [188, 44, 44];
const PAPER: Tone = [232, 240, 242];
/// Letters of an address in one line.
const LINE: usize = 11;
const SIZE: f32 = 34.0;

/// The side with the portrait.
pub(super) fn front(canvas: &mut Canvas, person: &Person, look: &Look) {
    paper(canvas, [212, 226, 233]);
    let label = (LABEL, 1.0);
    let ink = (INK, 1.0);
    canvas.letters("姓名", (86.0, 124.0), 27.0, label);
    canvas.letters(&person.name, (180.0, 126.0), SIZE + 4.0, ink);
    canvas.letters("性别", (86.0, 190.0), 27.0, label);
    canvas.letters(person.gender, (180.0, 192.0), SIZE, ink);
    canvas.letters("民族", (272.0, 190.0), 27.0, label);
    let nation = person.nation.strip_suffix('族').unwrap_or(person.nation);
    canvas.letters(nation, (362.0, 192.0), SIZE, ink);
    canvas.letters("出生", (86.0, 256.0), 27.0, label);
    let (year, month, day) = parts(&person.birthday);
    let mut x = 180.0;
    for (number, unit) in [(year, "年"), (month, "月"), (day, "日")] {
        x = canvas.letters(number.trim_start_matches('0'), (x, 258.0), SIZE, ink) + 10.0;
        x = canvas.letters(unit, (x, 256.0), 27.0, label) + 12.0;
    }
    canvas.letters("住址", (86.0, 322.0), 27.0, label);
    let address: Vec<char> = person.address.chars().collect();
    for (line, letters) in address.chunks(LINE).enumerate() {
        let text: String = letters.iter().collect();
        canvas.letters(&text, (180.0, 324.0 + 48.0 * line as f32), SIZE, ink);
    }
    canvas.letters("公民身份号码", (86.0, 542.0), 27.0, label);
    let mut x = 296.0;
    for letter in person.id_number.chars() {
        x = canvas.letters(&letter.to_string(), (x, 544.0), SIZE + 4.0, ink) + 6.0;
    }
    canvas.card([246, 249, 250], 0.75, [640.0, 88.0, 272.0, 363.0], 18.0);
    let before = canvas.place;
    canvas.place = Transform::from_row(0.5667, 0.0, 0.0, 0.5667, 640.0, 88.0);
    portrait::draw(canvas, look, Pose::STRAIGHT);
    canvas.place = before;
    specimen(canvas);
}

/// The other side.
pub(super) fn back(canvas: &mut Canvas, person: &Person) {
    paper(canvas, [232, 222, 221]);
    rosette(canvas, (170.0, 170.0));
    canvas.letters("居民身份证", (330.0, 160.0), 74.0, (INK, 1.0));
    canvas.letters("模拟数据 并非证件", (334.0, 232.0), 40.0, (RED, 1.0));
    canvas.letters("签发机关", (236.0, 452.0), 29.0, (LABEL, 1.0));
    canvas.letters(&person.issue_authority, (386.0, 454.0), SIZE, (INK, 1.0));
    canvas.letters("有效期限", (236.0, 522.0), 29.0, (LABEL, 1.0));
    let dotted = |day: &str| match parts(day) {
        (year, month, of_month) if day.len() == 8 => format!("{year}.{month}.{of_month}"),
        _ => day.to_owned(),
    };
    let span = format!(
        "{}-{}",
        dotted(&person.issued_on),
        dotted(&person.expires_on)
    );
    canvas.letters(&span, (386.0, 524.0), SIZE, (INK, 1.0));
    specimen(canvas);
}

/// Year, month and day of `19960216`.
fn parts(day: &str) -> (&str, &str, &str) {
    let part = |from, to| day.get(from..to).unwrap_or_default();
    (part(0, 4), part(4, 6), part(6, 8))
}

/// A card on a desk, with fine waves in `tone`.
fn paper(canvas: &mut Canvas, tone: Tone) {
    canvas.fade([112, 104, 98], [86, 80, 76]);
    canvas.card([40, 36, 34], 0.45, [27.0, 27.0, 954.0, 584.0], 34.0);
    canvas.card(PAPER, 1.0, [22.0, 20.0, 954.0, 584.0], 34.0);
    for wave in 0..7 {
        let y = 84.0 + 76.0 * wave as f32;
        canvas.line(tone, 2.5, |path| {
            path.move_to(24.0, y);
            for step in 0..6 {
                let x = 24.0 + 158.0 * step as f32;
                path.cubic_to(x + 50.0, y - 44.0, x + 108.0, y + 44.0, x + 158.0, y);
            }
        });
    }
}

/// Petals around a point.
fn rosette(canvas: &mut Canvas, (x, y): (f32, f32)) {
    canvas.oval(RED, (x, y), (92.0, 92.0));
    canvas.oval(PAPER, (x, y), (84.0, 84.0));
    for petal in 0..12 {
        let turn = TAU * petal as f32 / 12.0;
        let point = |far: f32, aside: f32| {
            let turn = turn + aside;
            (x + far * turn.cos(), y + far * turn.sin())
        };
        let tone = if petal % 2 == 0 { RED } else { [214, 122, 96] };
        canvas.shape(tone, 1.0, |path| {
            let ((tip_x, tip_y), (left_x, left_y), (right_x, right_y)) =
                (point(78.0, 0.0), point(52.0, -0.3), point(52.0, 0.3));
            path.move_to(x, y);
            path.quad_to(left_x, left_y, tip_x, tip_y);
            path.quad_to(right_x, right_y, x, y);
            path.close();
        });
    }
    canvas.oval(PAPER, (x, y), (20.0, 20.0));
    canvas.oval(RED, (x, y), (12.0, 12.0));
}

/// Says across the card that it is none.
fn specimen(canvas: &mut Canvas) {
    let before = canvas.place;
    canvas.place = Transform::from_rotate_at(-11.0, 500.0, 315.0);
    canvas.letters("样本 SPECIMEN", (112.0, 424.0), 92.0, (RED, 0.3));
    canvas.place = before;
}
