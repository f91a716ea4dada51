//! What commands say in either language, side by side. `{}` stands for what is filled in, in the
//! same order in both.

use super::people::{count, counted};
use crate::domain::language::{Language, Sentence, Words, words};

words! { Words:
    // Alarms.
    KIND = "kind", "种类";
    SEVERITY = "severity", "级别";
    MEANS = "means", "含义";
    THREATENS = "threatens", "威胁";
    SCOPE = "scope", "范围";
    FIRST = "begin with", "先运行";
    TODO = "to do", "处理";
    AVOID = "beware", "注意";
    ENDS = "ends", "结束";
    CAUSE = "losses", "损失";
    LABELLED = "{}: {}", "{}：{}";
    PART = "* **{}**: {}", "* **{}**：{}";
    HEAD = "{} ({})", "{}（{}）";
    EXPLAIN = "`verikeep explain KIND` says what it threatens, what to do and what not, and what ends it",
        "`verikeep explain KIND` 说明其威胁、处理办法、注意事项和结束条件";
    ID = "id", "编号";
    SUBJECT = "subject", "对象";
    SEEN_BY = "seen by", "发现者";
    SINCE = "since", "始于";
    TIMES = "times", "次数";
    TEXT = "text", "详情";
    ACKNOWLEDGED = "acknowledged", "已确认";
    SEEN_WORD = "{} by {}: {}", "{} 由 {} 确认：{}";
    ALARM_SEEN = "alarm {} acknowledged; it stays open until it is over", "告警 {} 已确认；问题消失之前它不会结束";
    NO_SUCH_ALARM = "no alarm with the number {} is open: `verikeep alarms` shows those that are; what was lost is acknowledged by `verikeep losses ack`",
        "没有编号为 {} 的未结束告警：`verikeep alarms` 列出现有的；损失用 `verikeep losses ack` 确认";
    NO_ALARM = "no alarm is open", "没有未结束的告警";
    ALARM = "alarm", "个告警";
    OPEN_ALARMS = "{} open", "{}未结束";
    ALARM_LINE = "{} of {}, since {}", "{}（{}），始于 {}";
    ALARM_TIMES = ", {} times", "，共 {} 次";
    ALARM_SEEN_BY = ", seen by {}", "，由 {} 发现";
    UNWRITTEN = ", known to the daemon alone", "，只有守护进程知道，尚未写入数据库";
    THREATENS_NOTHING = "nothing that is open", "没有未完成的核验";
    THREAT = "{} open, {} of them with media to fetch{}", "{}未完成，其中 {} 次还有媒体待取{}";
    VERIFICATION = "verification", "次核验";
    FORGOTTEN_SINCE = "; the first thing was to be forgotten {} ago", "；最早的一项已在 {} 前到期";
    FORGOTTEN_IN = "; the first thing is forgotten in {}", "；最早的一项在 {} 后到期";

    // Channels.
    CHANNEL = "channel", "渠道";
    APPS = "apps", "应用";
    LANGUAGE = "language", "语言";
    DAILY = "daily report", "日报";
    YES = "yes", "是";
    NO = "no", "否";
    SENT = "the message went out; see that it has arrived", "消息已发出，请确认是否收到";
    NO_CHANNEL = "nobody is told of anything: the configuration has no [[notify]] section",
        "配置中没有 [[notify]]：不会通知任何人";

    // The daemon and the configuration.
    ONE_IS_WRONG = "the configuration cannot be used, {} thing is wrong:", "配置无法使用，有 {} 处错误：";
    SOME_ARE_WRONG = "the configuration cannot be used, {} things are wrong:", "配置无法使用，共有 {} 处错误：";
    SILENT = "no daemon answers on {} (http.ops_listen, else http.listen)",
        "{} 上没有守护进程应答（http.ops_listen，未设置时为 http.listen）";
    READY = "the daemon on {} is ready", "{} 上的守护进程就绪";
    NOT_READY = "the daemon on {} is not ready:", "{} 上的守护进程未就绪：";
    INSECURE = "insecure, and allowed by the configuration: {}", "不安全，但配置允许：{}";

    // Figures.
    NOTHING_TRACKED = "nothing is tracked yet; `verikeep track` tells of tokens",
        "尚未登记任何 token；用 `verikeep track` 登记";
    APP = "app", "应用";
    ALL_APPS = "all", "合计";
    SETTLED_LAST_DAY = "settled, last day", "最近一天结案";
    SETTLED_ALL = "all", "全部";
    NEVER_SEEN = "never seen to exist", "从未见其存在";
    SHARE = "share", "占比";
    KEPT = "kept", "留存";
    STORED = "stored", "已存";
    WANTED = "wanted", "待取";
    LOST = "lost", "丢失";
    SIZE = "size", "大小";
    ANSWERS = "answers", "应答";
    QUOTA_USE = "quota use, last minute", "最近一分钟的配额";
    ENDPOINT = "endpoint", "接口";
    CALLS = "calls", "调用";
    A_SECOND = "a second", "每秒";
    TOO_FAST = "too fast", "超限";
    FAILS = "what fails at present", "目前的失败";
    VERIFICATIONS = "verifications", "核验";
    DAEMONS = "daemons", "守护进程";
    SEEN = "seen", "最近活动";
    CLOCK = "clock against the provider's", "与云端的时差";
    AGO = "{} ago", "{} 前";
    UNKNOWN_YET = "not known yet", "尚不清楚";
    CLOCK_RIGHT = "right", "一致";
    BEHIND = "{} behind", "慢 {}";
    AHEAD = "{} ahead", "快 {}";
    RECONCILED = "{}last reconciled {} ago ({}): {}, {} never tracked ({} tracked then), {} lost, {} rejected, {} in conflict, {} wrong",
        "{}上次比对在 {} 前（{}）：{}，{} 从未登记（当时补登 {}），{} 丢失，{} 被拒绝，{} 不一致，{} 有误";
    LINE = "line", "行";
    TIME_LEFT = "time left until the provider forgets something: {}", "距云端开始删除内容的剩余时间：{}";
    OVER_SINCE = "over since {} ({})", "已过 {}（{}）";
    LEFT_UNTIL = "{} ({})", "{}（{}）";
    DUE = "due now: {}, {}", "现在到期：{}，{}";
    POLL = "poll", "次查询";
    DOWNLOAD = "download", "次下载";
    OLDEST_WAITS = "; the oldest waits for {}", "；最早的已等待 {}";
    DYING = "dying again and again: {}", "反复中断：{}";
    ROW = "row", "条记录";
    LEAST_LEFT = "least time that was left at a capture: {}", "取回时剩余时间最少的一次：{}";

    // Beginning.
    NAME_KEY_FILE = "name the file that holds it, by --key-file or VERIKEEP_KEY_FILE", "用 --key-file 或 VERIKEEP_KEY_FILE 写明存放密钥的文件";
    KEY_LINE = "write the one line that `verikeep key create` printed, vk_…", "写入 `verikeep key create` 打印的那一行：vk_…";
    LIMITS = "raise the limits of the process", "调高进程的资源限制";

    // Comparing.
    COMPARING = "comparing", "核对中";
    COMPARED = "{}, {}, {} images and videos, {} compared: {}", "已核对 {}、{}、{} 个图片和视频，共 {}：{}";
    ANSWER = "answer", "个应答";
    FINDING = "finding", "项发现";
    AS_CAPTURED = "everything is as it was captured", "全部与采集时一致";
    FOUND_OF = "{} ({}): {}", "{}（{} 次）：{}";
    LEAVE_AS_IT_IS = "keep database and object store as they are, and compare them with a backup", "请保持数据库和对象存储的现状，并与备份比对";

    // Looking again and again.
    DATABASE_AWAY = "the database is not available: {}; looking again", "数据库不可用：{}；稍后再看";
    DAEMON_AWAY = "the daemon is away: {}; looking again", "守护进程不可达：{}；稍后再看";
    PROGRESS = "{} of {} settled, {} lost", "已结案 {}/{}，丢失 {}";
    PROGRESS_ALARMS = ", {} open", "，{}未结束";
    PROGRESS_LEFT = ", {} left", "，剩余 {}";
}

/// What is said of a thing: in both languages where the words are ours, as it came where they are
/// not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Words of ours.
    Words(Sentence),
    /// Words of the configuration, which has them in both.
    Told { en: String, zh: String },
    /// As it came: errors of others.
    AsIs(String),
}

impl Said {
    /// Words of ours, filled in.
    pub(super) fn filled<const N: usize>(words: Words, values: [String; N]) -> Self {
        Self::Words(Sentence::new(words, values.into()))
    }

    /// The text in a language.
    pub(super) fn in_(&self, language: Language) -> String {
        match self {
            Self::Words(sentence) => sentence.in_(language),
            Self::Told { en, zh } => match language {
                Language::En => en.clone(),
                Language::Zh => zh.clone(),
            },
            Self::AsIs(text) => text.clone(),
        }
    }

    /// Whether there is nothing to be said.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::AsIs(text) | Self::Told { en: text, .. } if text.is_empty())
    }
}

impl From<Words> for Said {
    fn from(words: Words) -> Self {
        Self::Words(words.with(&[]))
    }
}

impl From<String> for Said {
    fn from(text: String) -> Self {
        Self::AsIs(text)
    }
}

impl From<&str> for Said {
    fn from(text: &str) -> Self {
        Self::AsIs(text.to_owned())
    }
}

/// `1 token`, `2 tokens`, `2 个 token`
pub(super) fn counted_in(number: i64, one: Words, language: Language) -> String {
    match language {
        Language::En => counted(number, one.en),
        Language::Zh => format!("{} {}", count(number), one.zh),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A text is there in both languages, and is filled in with as much.
    #[track_caller]
    pub(in crate::cli) fn are_alike(all: &[(&str, Words)]) {
        let blanks = |text: &str| text.matches("{}").count();
        for (name, words) in all {
            assert_eq!(blanks(words.en), blanks(words.zh), "{name}");
            assert!(!words.en.is_empty() && !words.zh.is_empty(), "{name}");
            assert_ne!(words.en, words.zh, "{name}");
        }
    }

    #[test]
    fn everything_is_said_in_both_languages_and_filled_in_alike() {
        are_alike(ALL);
    }
}
