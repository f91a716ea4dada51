//! Synthetic persons. Names come from small tables and ID numbers from area codes that no place has
//! (99….), with a correct check digit, so that they pass every format rule and belong to nobody.
//! They serve as canaries as well: where one of them turns up that should not, something leaks.

use super::dice::{Dice, word};

const FAMILY: &[&str] = &[
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "高", "欧阳", "司马",
];
const GIVEN: &[&str] = &[
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "秀英", "建国", "晓东", "雨桐", "子涵", "梓萱", "浩然", "思远", "嘉怡", "俊熙", "若曦",
    "一诺", "䶮",
];
const NATIONS: &[&str] = &["汉", "汉族", "回", "满", "壮族", "维吾尔族"];
const PLACES: &[&str] = &["虚构省示例市测试区", "仿真自治区样本市", "演示省无名县"];

/// One synthetic person with an identity card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Two to four characters; a few carry the rare interpunct of minority names.
    pub name: String,
    /// 18 characters, the last a check digit (0–9 or X, GB 11643).
    pub id_number: String,
    /// `19960216`.
    pub birthday: String,
    /// 男 or 女, in agreement with the number.
    pub gender: &'static str,
    /// With or without 族, as the provider's examples have both.
    pub nation: &'static str,
    /// Of no real place.
    pub address: String,
    /// 签发机关.
    pub issue_authority: String,
    /// `20121103`.
    pub issued_on: String,
    /// `20221103`, or `长期` for cards without an end.
    pub expires_on: String,
}

impl Person {
    /// The person who uses the token number `token` of a provider.
    pub(crate) fn of_token(seed: u64, token: u64) -> Self {
        Self::thrown(Dice::of(seed, &[word("fact"), token, word("person"), 0]))
    }

    /// The person that `dice` throws.
    pub(crate) fn thrown(mut dice: Dice) -> Self {
        let family = dice.one_of(FAMILY).copied().unwrap_or("王");
        let given = dice.one_of(GIVEN).copied().unwrap_or("伟");
        let name = if dice.happens(4) {
            format!("阿依{given}·{family}木江")
        } else {
            format!("{family}{given}")
        };
        let year = dice.within(1950, 2005);
        let birthday = format!("{year}{:02}{:02}", dice.within(1, 13), dice.within(1, 29));
        let female = dice.happens(50);
        let order = dice.within(0, 500) * 2 + u64::from(!female);
        let id_number = with_check_digit(&format!(
            "99{:04}{birthday}{order:03}",
            dice.within(0, 10_000)
        ));
        let place = dice.one_of(PLACES).copied().unwrap_or("演示省");
        let issued_year = dice.within(2010, 2024);
        let day = format!("{:02}{:02}", dice.within(1, 13), dice.within(1, 29));
        let expires_on = if dice.happens(20) {
            "长期".to_owned()
        } else {
            format!("{}{day}", issued_year + 10)
        };
        Self {
            name,
            id_number,
            birthday,
            gender: if female { "女" } else { "男" },
            nation: dice.one_of(NATIONS).copied().unwrap_or("汉"),
            address: format!("{place}幸福路{}号", dice.within(1, 999)),
            issue_authority: format!("{place}公安局"),
            issued_on: format!("{issued_year}{day}"),
            expires_on,
        }
    }
}

/// Appends the check digit of GB 11643-1999 (ISO 7064 MOD 11-2) to 17 digits.
pub(crate) fn with_check_digit(seventeen: &str) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = seventeen
        .chars()
        .zip(WEIGHTS)
        .map(|(digit, weight)| digit.to_digit(10).unwrap_or(0) * weight)
        .sum();
    let check = match (12 - sum % 11) % 11 {
        10 => 'X',
        digit => char::from_digit(digit, 10).unwrap_or('0'),
    };
    format!("{seventeen}{check}")
}

/// Every text that a person may carry in part.
#[cfg(test)]
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    let tables = [FAMILY, GIVEN, NATIONS, PLACES].into_iter().flatten();
    tables.copied().chain(["阿依·木江幸福路号公安局男女长期"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_digit_is_that_of_the_standard() {
        // The example printed in GB 11643-1999, appendix A.
        assert_eq!(with_check_digit("11010519491231002"), "11010519491231002X");
        assert_eq!(with_check_digit("44052418800101001"), "440524188001010014");
    }

    #[test]
    fn numbers_have_18_characters_and_an_area_no_place_has() {
        for index in 0..500 {
            let person = Person::thrown(Dice::of(3, &[index]));
            assert_eq!(person.id_number.len(), 18);
            assert!(person.id_number.starts_with("99"));
            assert_eq!(person.id_number.get(6..14), Some(person.birthday.as_str()));
        }
    }
}
