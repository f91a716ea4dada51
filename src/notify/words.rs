//! All fixed words of messages, in both languages.

use crate::domain::language::{Words, words};

words! { Words:
    /// A title: how bad, what kind, about what.
    BEGUN = "[Verikeep {}] {}: {}", "【Verikeep {}】{}：{}";
    LASTS = "[Verikeep {}, lasts] {}: {}", "【Verikeep {}，仍在持续】{}：{}";
    ENDED = "[Verikeep, over] {}: {}", "【Verikeep 已结束】{}：{}";
    /// A title of many: how bad, how many.
    MANY = "[Verikeep {}] {} alarms", "【Verikeep {}】{} 条告警";
    MANY_ENDED = "[Verikeep, over] {} alarms", "【Verikeep 已结束】{} 条告警";
    /// The title of a report: the day, and how many were lost.
    DAILY = "[Verikeep] {}: {} archived, {} lost", "【Verikeep】{} 日报：归档 {}，丢失 {}";
    TEST = "[Verikeep] A test message", "【Verikeep】测试消息";
    TEST_TEXT = "This channel works: alarms arrive here. Nothing is wrong, and nothing is to be done.",
        "该通道可用：告警会发到这里。一切正常，无须处理。";
    /// What has become of it.
    HAS_BEGUN = "has begun", "新告警";
    HAS_LASTED = "lasts, told {} times before", "仍在持续，此前已通知 {} 次";
    HAS_PASSED = "has begun, and is over already", "发生过，现已结束";
    HAS_ENDED = "is over", "已结束";
    /// How bad, and what has become of it.
    HOW = "{} ({})", "{}（{}）";
    /// In the place of how bad it is.
    OVER = "over", "已结束";
    STATE = "state", "状态";
    SINCE = "since", "开始时间";
    UNTIL = "until", "结束时间";
    LASTED = "for", "持续";
    TIMES = "raised", "触发次数";
    MEANS = "means", "含义";
    THREATENS = "at stake", "影响";
    TEXT = "in detail", "详情";
    FIRST = "first command", "首先执行";
    TODO = "what to do", "处理办法";
    MORE = "more", "详见";
    READ = "`verikeep explain {}`, docs/runbook.md#{}", "`verikeep explain {} --lang zh`，或 docs/runbook.zh-CN.md#{}";
    /// An instant, in UTC and in Beijing; in Chinese the other way round.
    INSTANT = "{} UTC ({} in Beijing)", "北京时间 {}（UTC {}）";
    /// What did not fit: how many, and of which kinds.
    REST = "and {} more: {}", "另有 {} 条：{}";
    REST_APPS = "and {} more apps: `verikeep status`", "另有 {} 个应用：`verikeep status`";
    APP = "app", "应用";
    TOLD = "told", "登记";
    ARCHIVED = "archived", "归档";
    OTHER = "other ends", "其他终态";
    LOST = "lost", "丢失";
    OPEN = "open", "未完成";
    LEAST_LEFT = "least time left", "最少剩余";
    CALLS = "calls of quota", "调用／配额";
    NO_ALARM = "No alarm is open.", "没有未结束的告警。";
    OPEN_ALARMS = "Open alarms: {}", "未结束的告警：{} 条";
    COMMA = ", ", "、";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_missing_in_either_language() {
        for (name, words) in ALL {
            // What is filled in has the language.
            if !["BEGUN", "COMMA", "HOW"].contains(name) {
                crate::domain::language::tests::stands_in_both(name, *words);
            }
            let gaps = |text: &str| text.matches('{').count();
            assert_eq!(gaps(words.en), gaps(words.zh), "{name}");
        }
    }
}
