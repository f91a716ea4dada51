//! Mail: a page as text and as HTML, and one delivery for each recipient, so that one who is refused
//! keeps nothing from the others and nobody sees who else is told. Whoever wants to try again those
//! alone who did not get it makes a channel of each ([`Channel::apart`](crate::domain::channel::Channel::apart)).

use std::{
    fs,
    time::{Duration, SystemTime},
};

use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message as Letter, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls, TlsParameters},
    },
};
use sha2::{Digest as _, Sha256};

use super::{
    NotSent,
    html::html,
    markdown::text,
    render::{ALARMS_MAX, page},
};
use crate::domain::{
    channel::{Mail, MailTls},
    digest::hex,
    language::Language,
    message::Message,
    time::Span,
};
use crate::worker::clock::within;

/// For each step of the exchange with the server.
const STEP: Duration = Duration::from_secs(10);
/// For the whole of it: a server that falls silent is not noticed by each step.
const EXCHANGE: Span = Span::seconds(20);
const SILENT: &str = "no answer of the mail server within the time limit";

/// A mail server and whom it is to tell.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
}

/// How it went with one recipient.
enum Outcome {
    Delivered,
    /// The server's code.
    PutOff(String),
    Refused(String),
}

impl Mailer {
    pub(super) fn open(mail: &Mail) -> Result<Self, NotSent> {
        let mailbox = |address: &String| {
            let address = address.parse();
            let address = address
                .map_err(|_| NotSent::lasting("from or to holds what is no mail address"))?;
            Ok(Mailbox::new(None, address))
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&mail.host)
            .port(mail.port)
            .tls(tls(mail)?)
            .timeout(Some(STEP));
        if let Some((user, password)) = &mail.login {
            let password = password.reveal().to_owned();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            transport: builder.build(),
            from: mailbox(&mail.from)?,
            to: mail
                .to
                .iter()
                .map(mailbox)
                .collect::<Result<_, NotSent>>()?,
        })
    }

    pub(super) async fn send(&self, message: &Message, language: Language) -> Result<(), NotSent> {
        let page = page(message, language, ALARMS_MAX);
        let (plain, html) = (text(&page), html(&page, language));
        let digest = Sha256::digest(format!("{}\0{}\0{plain}", message.at, page.title));
        let id = hex(digest.get(..12).unwrap_or_default());
        let (mut put_off, mut refused) = (Vec::new(), Vec::new());
        for (place, to) in self.to.iter().enumerate() {
            let letter = self
                .letter(to, &format!("{id}.{place}"), message, &page.title)
                .multipart(MultiPart::alternative_plain_html(
                    plain.clone(),
                    html.clone(),
                ))
                .map_err(|_| NotSent::lasting("the message could not be written as mail"))?;
            let sent = within(EXCHANGE, self.transport.send(letter)).await;
            let sent = sent.ok_or_else(|| NotSent::for_now(SILENT))?;
            match outcome(sent.map(|_| ()))? {
                Outcome::Delivered => {}
                Outcome::PutOff(code) => put_off.push(code),
                Outcome::Refused(code) => refused.push(code),
            }
        }
        self.finish(&put_off, &refused)
    }

    fn letter(
        &self,
        to: &Mailbox,
        id: &str,
        message: &Message,
        title: &str,
    ) -> lettre::message::MessageBuilder {
        let at = Duration::from_millis(u64::try_from(message.at.0).unwrap_or_default());
        // Answering machines leave it alone (RFC 3834).
        let name = HeaderName::new_from_ascii_str("Auto-Submitted");
        Letter::builder()
            .from(self.from.clone())
            .to(to.clone())
            .subject(title)
            .date(SystemTime::UNIX_EPOCH + at)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(name, "auto-generated".to_owned()))
    }

    /// What the server said of all of them together.
    fn finish(&self, put_off: &[String], refused: &[String]) -> Result<(), NotSent> {
        let all = self.to.len();
        let told = |those: &[String], verb: &str| {
            let mut codes = those.to_vec();
            codes.sort();
            codes.dedup();
            let were = if those.len() == 1 { "was" } else { "were" };
            let whom = match (those.len(), all) {
                (1, 1) => "the recipient".to_owned(),
                (count, all) => format!("{count} of {all} recipients"),
            };
            format!("{whom} {were} {verb} ({})", codes.join(", "))
        };
        if !put_off.is_empty() {
            return Err(NotSent::for_now(told(put_off, "put off by the server")));
        }
        if refused.is_empty() {
            return Ok(());
        }
        let others = match all - refused.len() {
            0 => "; see that the server lets `from` send, and that `to` is right",
            _ => "; the others have it; see that `to` is right",
        };
        Err(NotSent::lasting(
            told(refused, "refused by the server") + others,
        ))
    }
}

fn tls(mail: &Mail) -> Result<Tls, NotSent> {
    if mail.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(mail.host.clone());
    if let Some(file) = &mail.ca_file {
        // A file without any would be taken for one that has none to add.
        let has_one = |pem: &String| pem.contains("-----BEGIN CERTIFICATE-----");
        let certificate = fs::read_to_string(file)
            .ok()
            .filter(has_one)
            .and_then(|pem| Certificate::from_pem(pem.as_bytes()).ok())
            .ok_or_else(|| NotSent::lasting("ca_file holds no certificates in PEM"))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    let parameters = parameters.build_rustls().map_err(|_| {
        NotSent::lasting("no certificates to trust: ca_file holds none, or the system has none")
    })?;
    Ok(match mail.tls {
        MailTls::Tls => Tls::Wrapper(parameters),
        MailTls::Starttls | MailTls::None => Tls::Required(parameters),
    })
}

/// What an exchange with the server says of its recipient; an error when it says something of the
/// server, and no other recipient need be tried. The server's words are not repeated, for they name
/// addresses.
fn outcome(sent: Result<(), lettre::transport::smtp::Error>) -> Result<Outcome, NotSent> {
    let Err(error) = sent else {
        return Ok(Outcome::Delivered);
    };
    let Some(code) = error.status().map(|code| code.to_string()) else {
        return Err(unreached(&error));
    };
    match &*code {
        "530" | "534" | "535" | "538" => Err(NotSent::lasting(format!(
            "the mail server refuses the login ({code}); correct user and password"
        ))),
        "421" | "454" => Err(NotSent::for_now(format!(
            "the mail server is not available for now ({code})"
        ))),
        _ if error.is_permanent() => Ok(Outcome::Refused(code)),
        _ => Ok(Outcome::PutOff(code)),
    }
}

fn unreached(error: &lettre::transport::smtp::Error) -> NotSent {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    if error.is_timeout() {
        NotSent::for_now(SILENT)
    } else if error.is_response() {
        NotSent::for_now(
            "what the mail server answers is no SMTP; see that port and tls belong together",
        )
    } else if error.is_client() {
        // Of the client's own words, which name no address: no STARTTLS, no mechanism to log in by.
        NotSent::lasting(format!("the mail server cannot be used: {cause}"))
    } else {
        NotSent::for_now(format!("the mail server cannot be reached: {cause}"))
    }
}
