//! The fields that the provider's documents name, for each query. Source: the tables of the
//! original (二, 验证后查询接口) and, where they differ, its examples. A `?` at the end: not required (必选
//! 否), or only in an example.

use crate::domain::answer::Endpoint;

/// Paths, `[]` for the elements of an array.
pub(super) const fn fields(endpoint: Endpoint) -> &'static [&'static str] {
    match endpoint {
        Endpoint::Getall => GETALL,
        Endpoint::Detail => DETAIL,
        Endpoint::Media => MEDIA,
        Endpoint::Simple => SIMPLE,
        Endpoint::Stat => STAT,
        _ => &[],
    }
}

const SIMPLE: &[&str] = &[
    "success",
    "result",
    "result.image",
    "code?",
    "message?",
    "log_id",
];

#[rustfmt::skip]
const DETAIL: &[&str] = &[
    "success", "result", "is_demote?", "code?", "message?", "log_id",
    "result.idcard_ocr_result?", "result.idcard_ocr_result.address?", "result.idcard_ocr_result.birthday?", "result.idcard_ocr_result.name?",
    "result.idcard_ocr_result.id_card_number?", "result.idcard_ocr_result.gender?", "result.idcard_ocr_result.nation?",
    "result.idcard_ocr_result.expire_time?", "result.idcard_ocr_result.issue_authority?", "result.idcard_ocr_result.issue_time?",
    "result.idcard_images?", "result.idcard_images.front_base64?", "result.idcard_images.back_base64?",
    "result.verify_result", "result.verify_result.liveness_score", "result.verify_result.score", "result.verify_result.spoofing",
    "result.idcard_confirm", "result.idcard_confirm.name", "result.idcard_confirm.idcard_number",
];

#[rustfmt::skip]
const STAT: &[&str] = &[
    "success", "result", "log_id",
    "result.Verify_FIN", "result.Verify_FIN[].error_code", "result.Verify_FIN[].count",
    "result.Sessioncode", "result.Sessioncode[].error_code", "result.Sessioncode[].count",
    "result.OCR", "result.OCR[].error_code", "result.OCR[].count",
    "result.verify", "result.verify[].error_code", "result.verify[].count",
    "result.VideoLiveness", "result.VideoLiveness[].error_code", "result.VideoLiveness[].count",
    "result.Livenesscolorful", "result.Livenesscolorful[].error_code", "result.Livenesscolorful[].count",
    "result.VerifySec", "result.VerifySec[].error_code", "result.VerifySec[].count",
];

const MEDIA: &[&str] = &[
    "success",
    "result",
    "result.processVideo",
    "result.video",
    "result.images",
    "result.extInfo",
    "log_id",
];

/// What was read off the card stands beside `idcard_confirm` in the table, and inside it in the
/// example.
#[rustfmt::skip]
const GETALL: &[&str] = &[
    "success", "log_id", "result",
    "result.verify_count", "result.ocr_charge_count", "result.match_charge_count", "result.verify_charge_count", "result.verify_result",
    "result.verify_result[].order", "result.verify_result[].is_verify_passed", "result.verify_result[].code", "result.verify_result[].message",
    "result.verify_result[].verify_time", "result.verify_result[].is_charged", "result.verify_result[].charge_type", "result.verify_result[].charge_time",
    "result.verify_result[].is_ocr_charge?", "result.verify_result[].ocr_charge_time?", "result.verify_result[].ocr_count?",
    "result.verify_result[].verify_detail", "result.verify_result[].verify_detail.face_image", "result.verify_result[].verify_detail.verify_log_id",
    "result.verify_result[].verify_detail.score", "result.verify_result[].verify_detail.threshold", "result.verify_result[].verify_detail.liveness_score",
    "result.verify_result[].verify_detail.spoofing_score?", "result.verify_result[].verify_detail.risk_level?",
    "result.verify_result[].verify_detail.risk_tag?", "result.verify_result[].verify_detail.is_demote?",
    "result.verify_result[].idcard_confirm", "result.verify_result[].idcard_confirm.name", "result.verify_result[].idcard_confirm.idcard_number",
    "result.verify_result[].idcard_confirm.idcard_type",
    "result.verify_result[].idcard_ocr_result?", "result.verify_result[].idcard_ocr_result.address?", "result.verify_result[].idcard_ocr_result.birthday?",
    "result.verify_result[].idcard_ocr_result.name?", "result.verify_result[].idcard_ocr_result.idcard_number?",
    "result.verify_result[].idcard_ocr_result.idcard_type?", "result.verify_result[].idcard_ocr_result.gender?",
    "result.verify_result[].idcard_ocr_result.nation?", "result.verify_result[].idcard_ocr_result.issue_time?",
    "result.verify_result[].idcard_ocr_result.expire_time?", "result.verify_result[].idcard_ocr_result.issue_authority?",
    "result.verify_result[].idcard_images?", "result.verify_result[].idcard_images.front_image?", "result.verify_result[].idcard_images.back_image?",
    "result.verify_result[].idcard_confirm.idcard_ocr_result?", "result.verify_result[].idcard_confirm.idcard_ocr_result.address?",
    "result.verify_result[].idcard_confirm.idcard_ocr_result.birthday?", "result.verify_result[].idcard_confirm.idcard_ocr_result.name?",
    "result.verify_result[].idcard_confirm.idcard_ocr_result.idcard_number?", "result.verify_result[].idcard_confirm.idcard_ocr_result.idcard_type?",
    "result.verify_result[].idcard_confirm.idcard_ocr_result.gender?", "result.verify_result[].idcard_confirm.idcard_ocr_result.nation?",
    "result.verify_result[].idcard_confirm.idcard_ocr_result.issue_time?", "result.verify_result[].idcard_confirm.idcard_ocr_result.expire_time?",
    "result.verify_result[].idcard_confirm.idcard_ocr_result.issue_authority?", "result.verify_result[].idcard_confirm.idcard_images?",
    "result.verify_result[].idcard_confirm.idcard_images.front_image?", "result.verify_result[].idcard_confirm.idcard_images.back_image?",
];
