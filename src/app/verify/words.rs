//! What is said of what is found, in both languages.

use crate::domain::language::{Words, words};

words! { Words:
    // What kind of thing it is.
    OBJECT_MISSING = "no object lies where the row says", "记录所指的位置没有对象";
    OBJECT_ALTERED = "its length or SHA-256 is not that of what was captured: cut, altered, swapped", "长度或 SHA-256 与采集时不符：被截断、改动或调换";
    OBJECT_UNREADABLE = "it lies there and cannot be read to its end", "对象存在，但无法完整读出";
    OBJECT_FOREIGN = "the row names another verification's object, or nothing that could be one", "记录指向另一次核验的对象，或者根本不是对象键";
    OBJECT_UNKNOWN = "no row names it, and it is a day old: what a crash leaves, or a row that is gone (also `verikeep orphans`)", "没有记录指向它，且已存在一天以上：崩溃遗留，或记录已消失（另见 `verikeep orphans`）";
    ANSWER_ALTERED = "the answer in its row is not the one that was captured", "记录中的应答与采集时不符";
    ANSWERS_MISSING = "it is archived, and no answer is kept of it", "状态为 archived，却没有保存任何应答";
    ATTEMPTS_DIFFER = "what its row sums up of its attempts is not what their rows say", "核验记录汇总的尝试与各条尝试记录不符";
    ATTEMPT_ALTERED = "the row of an attempt says what no answer says that is kept: passed, scores, times, charges, masks of the person", "尝试记录与保存的任何应答都不符：是否通过、分数、时间、计费、脱敏后的个人信息";
    ROW_UNREADABLE = "a row cannot be read as what it should be", "某条记录无法按应有的格式读出";
    VERIFICATION_MISSING = "rows are there of a verification that is not", "有属于某次核验的记录，而该核验本身不存在";

    // Which answer or medium.
    ANSWER = "answer of {}", "{} 的应答";
    AN_ANSWER = "an answer", "某个应答";
    MEDIUM = "{} {} of attempt {}", "{} {}（第 {} 次尝试）";
    MEDIUM_BEFORE = "{} {}, handed in before", "{} {}（尝试之前提交）";
    ATTEMPT = "attempt {}", "第 {} 次尝试";

    // What is wrong with it.
    NONE_THERE = "no object lies there", "该位置没有对象";
    OTHER_LENGTH = "it has {} bytes, and {} were captured", "现为 {} 字节，采集时为 {} 字节";
    OTHER_DIGEST = "its SHA-256 is {}, and that of what was captured {}", "现在的 SHA-256 为 {}，采集时为 {}";
    NO_KEY = "the row names nothing that could be an object", "记录里的不是对象键";
    OF_ANOTHER = "the object that the row names is another verification's", "记录所指的对象属于另一次核验";
    OTHER_BODY = "its bytes are not those that were captured", "内容与采集时不符";
    NOT_READ = "it is not given: {}", "读取失败：{}";
    NO_UUID = "a row has a verification_id that is no UUID", "有一条记录的 verification_id 不是 UUID";
    UNREAD_ROW = "what is in it cannot be: {}", "记录无法读取：{}";
    NO_FACTS = "the row names an object and neither length nor digest of it", "记录指向一个对象，却没有它的长度或摘要";
    COUNT_DIFFERS = "its row sums up {} attempts, and there are {}", "记录汇总为 {} 次尝试，实有 {} 次";
    PASSED_DIFFERS = "whether an attempt passed is `{}` in its row, and `{}` in theirs", "是否有尝试通过：核验记录为 `{}`，尝试记录为 `{}`";
    SAID_BY_NONE = "no answer that is kept says of it what the row says: {}", "以下各列与保存的任何应答都不符：{}";
    TOLD_BY_NONE = "no answer that is kept tells of it", "保存的应答都没有提到它";
    OF_NOBODY = "`{}` has rows of it, and `verifications` has none", "`{}` 中有它的记录，而 `verifications` 中没有";
    NAMED_BY_NONE = "no row names it; it was written at {} ({} bytes)", "没有记录指向它；写入于 {}（{} 字节）";
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_text_stands_in_both_languages() {
        let blanks = |text: &str| text.matches("{}").count();
        for (name, words) in super::ALL {
            crate::domain::language::tests::stands_in_both(name, *words);
            assert_eq!(blanks(words.en), blanks(words.zh), "{name}");
        }
    }
}
