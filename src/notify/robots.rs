//! Robots of DingTalk, WeCom and Feishu (Lark) groups: how each wants to be asked, and how it says
//! no, which it does with HTTP 200.
//!
//! Sources: DingTalk "自定义机器人安全设置" and "错误码"; WeCom "消息推送配置说明" and "全局错误码";
//! Feishu "自定义机器人使用指南".

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    NotSent,
    markdown::{inert, markdown, text},
    render::fitted,
};
use crate::{
    domain::{language::Language, message::Message, secret::Secret, time::Time},
    provider::post::{Answer, Poster},
};

/// The longest text that each takes, in bytes of UTF-8, with room for the frame around it.
const DINGTALK_BYTES_MAX: usize = 18_000;
const WECOM_BYTES_MAX: usize = 4_000;
const FEISHU_BYTES_MAX: usize = 20_000;

/// Whose robot it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Robot {
    Dingtalk,
    Wecom,
    Feishu,
}

impl Robot {
    pub(super) async fn send(
        self,
        poster: &Poster,
        secret: Option<&Secret>,
        body: Value,
        now: Time,
    ) -> Result<(), NotSent> {
        let (body, query) = self.signed(body, secret, now);
        let query: Vec<(&str, &str)> = query.iter().map(|(key, text)| (*key, &**text)).collect();
        let answer = poster.post(body.to_string().into(), &query, None).await?;
        self.judge(&answer)
    }

    /// The body of a message, without a signature.
    pub(super) fn body(self, message: &Message, language: Language) -> Value {
        match self {
            Self::Dingtalk => {
                let (page, text) = fitted(message, language, DINGTALK_BYTES_MAX, markdown);
                json!({
                    "msgtype": "markdown",
                    "markdown": { "title": inert(&page.title), "text": text },
                })
            }
            Self::Wecom => {
                let (_, text) = fitted(message, language, WECOM_BYTES_MAX, markdown);
                json!({ "msgtype": "markdown", "markdown": { "content": text } })
            }
            // A post of plain text elements has no markup; tags of mentions are made inert all the
            // same.
            Self::Feishu => {
                let (page, text) = fitted(message, language, FEISHU_BYTES_MAX, |page| {
                    text(page).lines().map(inert).collect::<Vec<_>>().join("\n")
                });
                let lines: Vec<Value> = text
                    .lines()
                    .map(|line| json!([{ "tag": "text", "text": line }]))
                    .collect();
                let locale = match language {
                    Language::En => "en_us",
                    Language::Zh => "zh_cn",
                };
                let content = json!({ "title": inert(&page.title), "content": lines });
                json!({ "msg_type": "post", "content": { "post": { locale: content } } })
            }
        }
    }

    /// The body and what is added to the query: DingTalk's is signed there, Feishu's in the body,
    /// WeCom's not at all.
    fn signed(
        self,
        mut body: Value,
        secret: Option<&Secret>,
        now: Time,
    ) -> (Value, Vec<(&'static str, String)>) {
        let Some(secret) = secret else {
            return (body, Vec::new());
        };
        let secret = secret.reveal();
        match self {
            Self::Dingtalk => {
                let timestamp = now.0.to_string();
                let sign = hmac(secret, &format!("{timestamp}\n{secret}"));
                (body, vec![("timestamp", timestamp), ("sign", sign)])
            }
            Self::Feishu => {
                let timestamp = now.0.div_euclid(1000).to_string();
                let sign = hmac(&format!("{timestamp}\n{secret}"), "");
                if let Some(fields) = body.as_object_mut() {
                    fields.insert("timestamp".to_owned(), timestamp.into());
                    fields.insert("sign".to_owned(), sign.into());
                }
                (body, Vec::new())
            }
            Self::Wecom => (body, Vec::new()),
        }
    }

    /// Whether it has taken the message.
    fn judge(self, answer: &Answer) -> Result<(), NotSent> {
        if !(200..300).contains(&answer.http_status) {
            return Err(NotSent::of_status(answer.http_status));
        }
        let field = match self {
            Self::Dingtalk | Self::Wecom => "errcode",
            Self::Feishu => "code",
        };
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        // Feishu's older form of the same answer.
        let code = said.get(field).or_else(|| said.get("StatusCode"));
        match code.and_then(Value::as_i64) {
            Some(0) => Ok(()),
            Some(code) => Err(self.refused(field, code)),
            None => Err(NotSent::for_now(
                "what was answered is no answer of such a robot; see that kind and url belong together",
            )),
        }
    }

    /// What a code says; the text beside it is not repeated, for it may hold what was sent.
    fn refused(self, field: &str, code: i64) -> NotSent {
        let because = |why: &str| format!("{field} {code}: {why}");
        match (self, code) {
            (Self::Dingtalk | Self::Wecom, -1) => {
                NotSent::for_now(because("the robot's service is busy"))
            }
            (Self::Dingtalk, 130_101 | 410_100)
            | (Self::Wecom, 45_009 | 45_033)
            | (Self::Feishu, 11_232 | 11_233) => NotSent::for_now(because(
                "too often: a robot takes about 20 messages a minute",
            )),
            (Self::Dingtalk, 310_000) | (Self::Feishu, 19_021 | 19_022 | 19_024) => {
                NotSent::lasting(because(
                    "refused by the robot's security settings; correct the secret and see that this machine's clock is right, allow its address, or add the keyword \"Verikeep\"",
                ))
            }
            (Self::Dingtalk, 300_001 | 400_013 | 400_101 | 400_102 | 400_106 | 430_101)
            | (Self::Wecom, 93_000)
            | (Self::Feishu, 19_001) => NotSent::lasting(because(
                "no such robot; correct the url, or make another robot",
            )),
            _ => NotSent::lasting(because(
                "refused; its meaning stands in the robot's documents",
            )),
        }
    }
}

fn hmac(key: &str, text: &str) -> String {
    // It takes a key of any length.
    Hmac::<Sha256>::new_from_slice(key.as_bytes()).map_or_else(
        |_| String::new(),
        |mut mac| {
            mac.update(text.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        },
    )
}
