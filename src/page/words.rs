//! The fixed words of pages, in both languages.

use super::text::Both;
use crate::domain::language::words;

words! { Both:
    TITLE = "Verification record", "核验记录";
    PASSED = "Passed", "通过";
    FAILED = "Not passed", "未通过";
    UNUSED = "Not used", "未核验";
    UNKNOWN = "Result unknown", "结果未知";
    UNDECIDED = "Not finished", "未完成";
    ARCHIVED = "All that the provider held was kept.", "服务方保存的内容已全部归档。";
    ABANDONED = "Nobody verified with this token.", "该 token 无人使用。";
    INCOMPLETE = "Something that existed could not be kept: see what is missing.", "部分内容未能归档，见“缺失”。";
    MISSED = "Nothing could be kept before the provider deleted it: see what is missing.", "在服务方删除之前未能归档任何内容，见“缺失”。";
    REJECTED = "The provider refused the token all its life.", "服务方始终拒绝该 token。";
    WAITING = "No attempt has been seen so far.", "尚未见到核验。";
    COLLECTING = "An attempt was seen; it is still being collected.", "已见到核验，仍在归档。";
    STATE = "State", "状态";
    REFERENCE = "Reference", "业务编号";
    APP = "App", "应用";
    PLAN = "Plan", "方案";
    TOKEN = "verify_token", "verify_token";
    ID = "verification_id", "verification_id";
    VERIFIED_AT = "Verified", "核验时间";
    ISSUED_AT = "Issued", "生成时间";
    TRACKED_AT = "Told to Verikeep", "登记时间";
    SETTLED_AT = "Settled", "归档完成";
    LEFT = "with {} left at the provider", "距服务方删除还有 {}";
    DEADLINES = "Kept by the provider until", "服务方保留至";
    DEADLINE_MEDIA = "video", "视频";
    DEADLINE_RECORD = "result and pictures", "结果和图片";
    TIMES = "Times are those of Beijing, with UTC below.", "时间为北京时间，其下为 UTC。";

    ATTEMPT = "Attempt {}", "第 {} 次核验";
    NO_ATTEMPT = "No attempt is known.", "没有核验记录。";
    CODE = "Code", "错误码";
    MESSAGE = "Message", "错误信息";
    SCORE = "Likeness", "相似度";
    AT_LEAST = "threshold", "阈值";
    LIVENESS = "Liveness", "活体分数";
    SPOOFING = "Spoofing", "合成图分数";
    RISK = "Risk", "风险";
    RISK_SOME = "risk", "有风险";
    RISK_NONE = "none", "无风险";
    DEMOTED = "Downgraded", "降级";
    YES = "yes", "是";
    NO = "no", "否";
    LOG_ID = "log_id", "log_id";

    FACE = "Face", "人脸";
    ID_FRONT = "ID card, portrait side", "身份证人像面";
    ID_BACK = "ID card, emblem side", "身份证国徽面";
    PROCESS_VIDEO = "Video", "视频";
    VIDEO = "Video", "视频";
    LIVENESS_IMAGE = "Liveness image", "活体图片";
    FINAL_FACE = "Final face", "最终人脸";
    MATCH_IMAGE = "Match image submitted by us", "比对底图";
    MEDIUM = "Medium", "媒体";
    NUMBERED = "{} {}", "{} {}";
    WANTED = "not fetched so far", "尚未取得";
    LOST = "lost", "已丢失";
    FAILED_HERE = "not given", "无法取出";
    NO_PICTURE = "no picture by its bytes: open it as a file", "内容不是可显示的图片，请作为文件打开";
    OTHER_MEDIA = "Other pictures and videos", "其他图片和视频";

    IDENTITY = "Identity", "身份信息";
    READ = "Read off the card", "证件识别";
    CONFIRMED = "Confirmed by the person", "本人确认";
    SUBMITTED = "Submitted by us", "我方提交";
    NAME = "Name", "姓名";
    NUMBER = "ID number", "证件号码";
    ID_TYPE = "Type of document", "证件类型";
    GENDER = "Gender", "性别";
    NATION = "Ethnicity", "民族";
    BIRTHDAY = "Birthday", "出生日期";
    ADDRESS = "Address", "住址";
    VALID_FROM = "Valid from", "有效期起";
    VALID_TO = "Valid to", "有效期止";
    AUTHORITY = "Issued by", "签发机关";
    DIFFERS = "differs", "不一致";
    MASKED = "Masked. get --reveal --purpose … writes the page in plain and leaves a trace of it.", "已脱敏。get --reveal --purpose … 生成未脱敏的页面，并留下访问记录。";
    TYPE_0 = "mainland identity card", "大陆居民二代身份证";
    TYPE_1 = "travel permit for residents of Hong Kong, Macao and Taiwan", "港澳台居民来往内地通行证";
    TYPE_2 = "permanent residence permit of foreigners", "外国人永久居留证";
    TYPE_3 = "passport of a citizen settled abroad", "定居国外的中国公民护照";
    TYPE_4 = "residence permit for residents of Hong Kong, Macao and Taiwan", "港澳台居民居住证";
    TYPE_5 = "travel permit for residents of Hong Kong and Macao (not of Chinese nationality)", "港澳居民来往内地通行证（非中国籍）";

    CHECKS = "Checks", "核对";
    CHECK_DIGIT = "Check digit of the ID number", "证件号码校验位";
    CHECK_VALID = "Card valid on that day", "核验当日证件有效";
    CHECK_NAME = "Name read is the name confirmed", "识别姓名与确认姓名一致";
    CHECK_NUMBER = "Number read is the number confirmed", "识别号码与确认号码一致";
    CHECK_SCORE = "Likeness reaches the threshold", "相似度达到阈值";
    CHECK_SUBMITTED = "Number submitted is the number confirmed", "提交号码与确认号码一致";
    CHECK_CHARGES = "Attempts and the provider's own counts agree", "核验次数与服务方计数一致";
    HOLDS = "holds", "符合";
    FAILS = "does not hold", "不符";

    CHARGES = "Charges", "计费";
    CHARGED = "Charged", "计费";
    CHARGE_TYPE = "Type", "计费类型";
    CHARGED_AT = "At", "计费时间";
    OCR = "Cards read", "证件识别";
    PIECES = "{} times", "{} 次";
    COUNTS = "The provider's own counts", "服务方计数";
    COUNT_VERIFY = "attempts", "核验次数";
    COUNT_OCR = "cards read", "证件识别";
    COUNT_MATCH = "match", "match（人脸对比V4）";
    COUNT_VERIFY_CHARGE = "verify", "verify（人脸实名认证V4）";
    COUNT_LIVE = "live", "live";

    MISSING = "Missing", "缺失";
    OF_ATTEMPT = "{} of attempt {}", "{}（第 {} 次核验）";
    EVERYTHING = "everything", "全部";
    FINAL_GETALL = "the last answer of getall", "最后一次 getall 应答";
    FROM_TO = "from {} to {}", "{} 至 {}";

    TIMELINE = "Timeline", "时间线";
    T_ISSUED = "the token was issued", "生成 token";
    T_SUBMITTED = "name and ID number submitted to the provider: {}", "向服务方提交姓名和证件号码：{}";
    TAKEN = "taken", "已接受";
    REFUSED = "refused: {}", "被拒绝：{}";
    UNSURE = "not known whether it was taken", "结果未知";
    T_TRACKED = "told to Verikeep by {}", "由 {} 登记";
    T_ASKED = "{} asked {} times until {}: {}", "{} 查询 {} 次，至 {}：{}";
    T_ASKED_ONCE = "{} asked: {}", "{} 查询：{}";
    T_ATTEMPT = "attempt {}: {}", "第 {} 次核验：{}";
    T_ANSWER = "answer of {} kept, {}", "保存 {} 应答，{}";
    T_KEPT = "{} kept, {}", "保存{}，{}";
    T_CAPTURED = "{} of attempt {} kept, {}", "保存{}（第 {} 次核验），{}";
    T_SETTLED = "settled: {}", "归档完成：{}";
    T_EVENT = "{} by {}: {}", "{}（{}）：{}";
    T_ACCESS = "looked at by {}: {}", "{} 查看：{}";

    PROVENANCE = "Provenance", "出处";
    FILE = "File", "文件";
    WHAT = "What", "内容";
    FETCHED_AT = "Fetched", "获取时间";
    SIZE = "Size", "大小";
    SHA256 = "SHA-256", "SHA-256";
    CHECKED = "Checked", "校验";
    CHECK_FULL = "by a digest or length of the provider's", "与服务方的摘要或长度一致";
    CHECK_ETAG = "the provider's ETag differs; the same bytes came twice", "服务方 ETag 不同，两次取得的内容相同";
    CHECK_NONE = "the provider gave nothing to check by", "服务方未提供校验依据";
    AGREES = "Every file here agrees with the digest taken when it was captured: sha256sum -c SHA256SUMS compares them again.",
        "此处每个文件都与归档时的摘要一致：可用 sha256sum -c SHA256SUMS 再次核对。";

    LOOKED = "Who looked", "访问记录";
    NOBODY_LOOKED = "Nobody.", "无。";
    WHO = "Who", "访问者";
    AT = "At", "时间";
    PURPOSE = "Purpose", "用途";
    LOOK_SEARCH = "looked for the person", "查找该人员";
    LOOK_FILES = "took the files", "取出文件";
    LOOK_REVEAL = "took the files, with the person in plain", "取出文件（未脱敏）";

    WRITTEN = "Written {} by {}", "生成于 {}，操作人 {}";

    RECORDS = "Records", "核验记录";
    RECORD = "Record", "记录";
    RESULT = "Result", "结果";
    SWITCH = "Language", "语言";

    C_PROVIDER_UNREACHABLE = "the provider could not be reached", "无法连接服务方";
    C_TOLD_LATE = "it was told too late", "登记过晚";
    C_QUOTA = "the provider's quota was spent", "服务方配额用尽";
    C_CREDENTIALS = "the credentials were not accepted", "凭证不被接受";
    C_WRONG_APP = "it was told of another app's token", "登记到了错误的应用";
    C_URL_EXPIRED = "its URL had expired", "下载地址已过期";
    C_NOT_LISTED = "the provider never listed it", "服务方从未列出";
    C_GONE_AT_PROVIDER = "it was gone at the provider", "服务方已无此内容";
    C_NOT_MEDIA = "what came was no image or video", "取得的不是图片或视频";
    C_CORRUPT = "what came was damaged", "取得的内容已损坏";
    C_FORBIDDEN_HOST = "its URL led to a host that is not allowed", "下载地址的主机不被允许";
    C_UNREADABLE = "it could not be read", "无法读取";
    C_VAULT_DOWN = "the object store was away", "对象存储不可用";
    C_DATABASE_DOWN = "the database was away", "数据库不可用";
    C_DAEMON_DOWN = "Verikeep was not running", "Verikeep 未运行";
    C_UNKNOWN = "the cause is not known", "原因不明";
}
