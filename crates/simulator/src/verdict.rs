//! How an attempt can end: the provider's codes and messages, and what each implies for the rest of
//! the answer.

use super::dice::Dice;

/// One way an attempt ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// `"0"` when passed.
    pub code: &'static str,
    /// 核验成功, or the reason.
    pub message: &'static str,
    /// Whether a similarity was computed: not when the name does not match or liveness fails.
    pub scored: bool,
    /// Whether the comparison was reached, and so charged.
    pub charged: bool,
    /// Whether a face was seen at all.
    pub face: bool,
    /// Whether the identity that was typed in belongs to another person.
    pub mistyped: bool,
}

/// The one verdict that passes.
pub(crate) const PASSED: Verdict = Verdict {
    code: "0",
    message: "核验成功",
    scored: true,
    charged: true,
    face: true,
    mistyped: false,
};

/// The verdicts that do not.
pub(crate) const FAILED: &[Verdict] = &[
    Verdict {
        code: "222360",
        message: "身份核验未通过",
        scored: true,
        charged: true,
        face: true,
        mistyped: false,
    },
    Verdict {
        code: "222351",
        message: "身份证号码与姓名不匹配或该身份证号码不存在",
        scored: false,
        charged: true,
        face: true,
        mistyped: true,
    },
    Verdict {
        code: "223120",
        message: "活体检测失败",
        scored: false,
        charged: false,
        face: true,
        mistyped: false,
    },
    Verdict {
        code: "222350",
        message: "公安网图片不存在或质量过低",
        scored: false,
        charged: false,
        face: true,
        mistyped: false,
    },
    Verdict {
        code: "216500",
        message: "用户拒绝摄像头授权",
        scored: false,
        charged: false,
        face: false,
        mistyped: false,
    },
];

/// The verdict of a failed attempt; the last attempt of a life that only fails always saw a face.
pub(crate) fn drawn_failure(dice: &mut Dice, needs_face: bool) -> &'static Verdict {
    let verdict = dice
        .one_of(FAILED)
        .filter(|verdict| verdict.face || !needs_face);
    verdict.or(FAILED.first()).unwrap_or(&PASSED)
}

impl Verdict {
    /// Whether the person passed.
    pub(crate) fn passed(&self) -> bool {
        self.code == PASSED.code
    }
}
