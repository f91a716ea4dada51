//! `key`: keys of the HTTP API.

mod shown;

use std::net::IpAddr;

use clap::{
    Args, Subcommand,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _},
};
use ipnet::IpNet;
use serde::Serialize;

use super::{
    actor::actor,
    open,
    report::{Code, Failure},
    screen::Screen,
    table::Table,
};
use crate::{
    config::{Config, suggestion},
    domain::{
        id::KeyId,
        key::{
            ApiKey, Apps, KeptKey, RATE_MAX, Scope, USUAL_ISSUES, USUAL_RATE, USUAL_TOKENS,
            check_expiry, check_name, fresh,
        },
        time::{Span, Time},
    },
    store::Store,
};
use shown::Shown;

pub(super) const EXAMPLES: &str = "\
Examples:
  KEY=$(verikeep key create --name shop --scope track --app h5)      # shown this once, alone on standard output
  verikeep key create --name audit --scope read,reveal --all-apps --expires 30d --network 10.20.0.0/16
  verikeep key list
  verikeep key revoke shop
A key is sent as `Authorization: Bearer vk_…`. What is kept of it is its SHA-256: one that is lost is revoked and made anew.
The calls that keys are for are those of docs/api.md, on http.listen of a running daemon.";

/// Make, show and revoke keys of the HTTP API.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Key {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What is done.
#[derive(Subcommand, Debug)]
pub enum Verb {
    /// Make one and print it, this once; who did is recorded.
    Create(Create),
    /// Show them, the oldest first, without what is secret.
    List(List),
    /// Revoke one, for good; who did is recorded.
    Revoke(Revoke),
}

/// What a key is for.
#[derive(Args, Debug)]
pub struct Create {
    /// What to call it: 1 to 64 characters that no other key has that is not revoked.
    #[arg(long)]
    pub name: String,
    /// What it is for; several with commas, or said again.
    #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true, value_parser = scopes())]
    pub scopes: Vec<Scope>,
    /// Whose verifications it reaches; several with commas, or said again.
    #[arg(
        long = "app",
        value_name = "APP",
        value_delimiter = ',',
        required_unless_present = "all_apps",
        conflicts_with = "all_apps"
    )]
    pub apps: Vec<String>,
    /// It reaches those of every app, also of one configured later.
    #[arg(long)]
    pub all_apps: bool,
    /// For how long it is good (`90d`), or until when (RFC 3339).
    #[arg(long, value_name = "SPAN|TIME", default_value = "90d", value_parser = expiry)]
    pub expires: Expiry,
    /// From where it may be used (`10.20.0.0/16`, `2001:db8::/32`); from everywhere when nothing is said.
    #[arg(long = "network", value_name = "CIDR", value_delimiter = ',', value_parser = network)]
    pub networks: Vec<IpNet>,
    /// How many calls a second it may make, and twice as many at once; beyond that it gets 429.
    #[arg(long, value_name = "N", default_value_t = USUAL_RATE, value_parser = clap::value_parser!(u32).range(1..=i64::from(RATE_MAX)))]
    pub rate: u32,
    /// How many new tokens it may tell from midnight to midnight (UTC); beyond that it gets 429.
    #[arg(long, value_name = "N", default_value_t = USUAL_TOKENS)]
    pub tokens_a_day: u32,
    /// How many tokens it may have generated from midnight to midnight (UTC); beyond that it gets 429.
    #[arg(long, value_name = "N", default_value_t = USUAL_ISSUES)]
    pub issues_a_day: u32,
    /// One JSON document, with the key in `key`.
    #[arg(long)]
    pub json: bool,
}

/// Which keys are shown, and how.
#[derive(Args, Debug)]
pub struct List {
    /// Also those that were revoked.
    #[arg(long)]
    pub all: bool,
    /// A line of NDJSON for each.
    #[arg(long)]
    pub json: bool,
}

/// Which key is revoked.
#[derive(Args, Debug)]
pub struct Revoke {
    /// Its identifier or its name, as `key list` shows them.
    #[arg(value_name = "ID|NAME")]
    pub handle: String,
    /// One JSON document.
    #[arg(long)]
    pub json: bool,
}

/// When a key expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expiry {
    /// Then.
    At(Time),
    /// So long after it was made.
    After(Span),
}

fn scopes() -> impl clap::builder::TypedValueParser<Value = Scope> {
    let values = Scope::ALL
        .iter()
        .map(|scope| PossibleValue::new(scope.name()).help(scope.about()));
    PossibleValuesParser::new(values)
        .try_map(|name| Scope::named(&name).ok_or("there is no such scope"))
}

fn expiry(text: &str) -> Result<Expiry, String> {
    Span::parse(text)
        .map(Expiry::After)
        .or_else(|_| Time::parse(text).map(Expiry::At))
        .map_err(|why| format!("{why}, and no span such as 90d"))
}

fn network(text: &str) -> Result<IpNet, String> {
    text.parse::<IpNet>()
        .map(|net| net.trunc())
        .or_else(|_| text.parse::<IpAddr>().map(IpNet::from))
        .map_err(|_| "no network such as 10.20.0.0/16, and no address".to_owned())
}

/// Does it.
///
/// # Errors
/// When the database cannot be reached, or a key cannot be made so.
pub(super) async fn run(
    args: &Key,
    config: &Config,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let store = match args.verb {
        Verb::Create(_) | Verb::Revoke(_) => open::store(config).await?,
        Verb::List(_) => open::reader(config).await?,
    };
    let outcome = at(args, config, &*store, screen).await;
    store.close().await;
    outcome
}

/// Does it in this database.
pub(super) async fn at(
    args: &Key,
    config: &Config,
    store: &dyn Store,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    match &args.verb {
        Verb::Create(args) => create(args, config, store, screen).await,
        Verb::List(args) => list(args, store, screen).await,
        Verb::Revoke(args) => revoke(args, store, screen).await,
    }
}

/// The key that the arguments ask for, without its secret.
fn wanted(args: &Create, config: &Config, now: Time) -> Result<ApiKey, Failure> {
    let wrong = |option, why| Failure::usage(option, why, "no key was made");
    check_name(&args.name).map_err(|why| wrong("--name", why))?;
    let unknown = args.apps.iter().find(|app| config.app(app).is_none());
    if let Some(app) = unknown {
        let names: Vec<&str> = config.apps.iter().map(|app| app.name.as_str()).collect();
        return Err(Failure::usage(
            "--app",
            "no app of that name is configured",
            suggestion(app, &names),
        ));
    }
    let expires_at = match args.expires {
        Expiry::At(at) => at,
        Expiry::After(span) => now.plus(span),
    };
    Ok(ApiKey {
        scopes: once(&args.scopes),
        apps: if args.all_apps {
            Apps::All
        } else {
            Apps::Only(once(&args.apps))
        },
        networks: once(&args.networks),
        rate: args.rate,
        tokens_a_day: args.tokens_a_day,
        issues_a_day: args.issues_a_day,
        expires_at: check_expiry(expires_at, now).map_err(|why| wrong("--expires", why))?,
        ..ApiKey::usual(KeyId::fresh(now), &args.name, &actor(), now)
    })
}

/// Each of them once, in order.
fn once<T: Clone + Ord>(told: &[T]) -> Vec<T> {
    let mut all = told.to_vec();
    all.sort();
    all.dedup();
    all
}

async fn create(
    args: &Create,
    config: &Config,
    store: &dyn Store,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    #[derive(Serialize)]
    struct Document<'k> {
        key: &'k str,
        #[serde(flatten)]
        shown: Shown<'k>,
    }
    let now = store.ping().await?;
    let key = wanted(args, config, now)?;
    let (text, digest) = fresh(key.key_id);
    let kept = KeptKey { key, digest };
    if !store.create_key(&kept).await? {
        return Err(Failure::told(
            Code::Finding,
            "--name",
            "a key of that name is not revoked",
            "choose another name, or revoke that key first: `verikeep key list` shows it",
        ));
    }
    let shown = Shown::of(&kept.key, now);
    if args.json {
        let key = text.reveal();
        screen.document(&Document { key, shown })?;
        return Ok(Code::Done);
    }
    // The key alone, so that it can be used as it stands: KEY=$(verikeep key create …)
    screen.line(text.reveal())?;
    screen.note(format!(
        "key {} ({}): {} of {}, until {}; it is not shown again",
        shown.name,
        shown.key_id,
        shown.scopes.join(" "),
        if shown.all_apps {
            "all apps".to_owned()
        } else {
            shown.whose()
        },
        shown.expires_at
    ))?;
    Ok(Code::Done)
}

async fn list(args: &List, store: &dyn Store, screen: &mut Screen<'_>) -> Result<Code, Failure> {
    let now = store.ping().await?;
    let keys = store.keys(args.all).await?;
    let mut table = Table::new([
        "id",
        "name",
        "state",
        "scopes",
        "apps",
        "networks",
        "rate",
        "tokens a day",
        "issues a day",
        "created",
        "by",
        "expires",
        "last used",
        "revoked",
    ]);
    for kept in &keys {
        let shown = Shown::of(&kept.key, now);
        if args.json {
            screen.ndjson(&shown)?;
            continue;
        }
        table.row([
            shown.key_id.to_string(),
            shown.name.to_owned(),
            shown.state.to_owned(),
            shown.scopes.join(" "),
            shown.whose(),
            shown.networks.join(" "),
            shown.rate.to_string(),
            shown.tokens_a_day.to_string(),
            shown.issues_a_day.to_string(),
            shown.created_at,
            shown.created_by.to_owned(),
            shown.expires_at,
            shown.last_used_at.unwrap_or_else(|| "never".to_owned()),
            revoked(&kept.key),
        ]);
    }
    if !args.json && keys.is_empty() {
        screen.note("there is no key: `verikeep key create` makes one")?;
    } else if !args.json {
        table.print(screen)?;
    }
    Ok(Code::Done)
}

/// When and by whom.
fn revoked(key: &ApiKey) -> String {
    key.revoked_at.map_or_else(String::new, |at| {
        format!("{at} by {}", key.revoked_by.as_deref().unwrap_or_default())
    })
}

async fn revoke(
    args: &Revoke,
    store: &dyn Store,
    screen: &mut Screen<'_>,
) -> Result<Code, Failure> {
    let now = store.ping().await?;
    let Some(done) = store.revoke_key(&args.handle, &actor(), now).await? else {
        // What was told may be a key itself: it is not repeated.
        return Err(Failure::told(
            Code::Finding,
            "key",
            "there is none of that identifier or name",
            "`verikeep key list --all` shows those that there are",
        ));
    };
    let shown = Shown::of(&done.key, now);
    if args.json {
        screen.document(&shown)?;
    } else if done.is_new {
        screen.line(format!("key {} ({}) revoked", shown.name, shown.key_id))?;
    } else {
        screen.note(format!(
            "key {} ({}) was revoked before: {}",
            shown.name,
            shown.key_id,
            revoked(&done.key)
        ))?;
    }
    Ok(Code::Done)
}
