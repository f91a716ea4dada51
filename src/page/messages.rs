//! What the provider's messages say, in English: they come in Chinese. A translation of words, and no
//! claim about what makes the provider say them.

const TABLE: &[(&str, &str)] = &[
    ("核验成功", "verified"),
    ("身份证姓名不匹配", "name and ID number do not match"),
    ("身份证号与姓名不匹配", "name and ID number do not match"),
    (
        "身份证号与姓名不匹配或该身份证号不存在",
        "name and ID number do not match, or there is no such ID number",
    ),
    ("身份核验未通过", "identity not verified"),
    (
        "身份证号码与姓名不匹配或该身份证号码不存在",
        "name and ID number do not match, or there is no such ID number",
    ),
    ("活体检测未通过", "liveness check not passed"),
    ("活体检测失败", "liveness check failed"),
    ("用户拒绝摄像头授权", "the user refused the camera"),
    (
        "公安网图片不存在或质量过低",
        "no picture in the authority's database, or one of too low a quality",
    ),
    (
        "公安库图片不存在或质量过低",
        "no picture in the authority's database, or one of too low a quality",
    ),
    ("图片中没有人脸", "no face in the picture"),
    ("未检测到人脸", "no face found"),
    ("人脸模糊", "the face is blurred"),
    ("人脸有被遮挡", "the face is covered"),
    ("人脸光照不好", "the face is badly lit"),
    ("人脸不完整", "the face is not whole"),
    ("质量检测未通过", "quality check not passed"),
    ("未知错误", "unknown error"),
    ("系统繁忙", "system busy"),
    ("网络不可用", "no network"),
];

/// What it says in English; none when it is not known, or not Chinese.
pub(super) fn in_english(message: &str) -> Option<&'static str> {
    let message = message.trim();
    let found = TABLE.iter().find(|(chinese, _)| *chinese == message);
    found.map(|(_, english)| *english)
}
