//! What `check` looks at beyond the configuration: database, object store, and each app at the
//! provider.

use std::{io::ErrorKind, net::SocketAddr, sync::Arc};

use tokio::net::TcpSocket;

use super::{
    super::{
        open,
        report::{Code, Failure},
        status::beside::ask,
        words::Said,
    },
    Row, channels,
    token::Look,
    words,
};
use crate::{
    app,
    config::{App, Config, Finding},
    domain::{
        answer::{Endpoint, ProviderError},
        identity::IndexKey,
        installation::{Database, Foreign, Joint, index_key, join},
        language::Words,
        secret::Secret,
        time::{Clock, Span, Time},
    },
    provider::{
        Probe, RateLimiters,
        http::{Api, Limits},
    },
    store::{self, Depth},
    vault::{CreateOnlyFound, ProbeReport},
    worker::clock::SystemClock,
};

/// More than this between two clocks is worth a look: deadlines are reckoned with ours.
const SKEW_LOOK: Span = Span::seconds(30);
/// More than this, and signed requests are refused (bce-auth-v1 is good for half an hour).
const SKEW_MOST: Span = Span::minutes(10);
/// An access_token that ends sooner than this is odd: the provider's last 30 days.
const TOKEN_LEAST: Span = Span::hours(24);

/// Looks at all of it, but for what `findings` leave in doubt; `offline` leaves out what is behind a
/// network.
pub(in crate::cli) async fn all(config: &Config, findings: &[Finding], offline: bool) -> Vec<Row> {
    let is_known = |part: &str| !findings.iter().any(|finding| finding.spoils(part));
    let mut rows = Vec::new();
    let (database_here, vault_here) = (
        config.database.url.file().is_some(),
        config.vault.url.folder().is_some(),
    );
    if !is_known("database") {
        rows.push(unread("database"));
    } else if database_here || !offline {
        rows.extend(database(config).await);
    }
    if !is_known("vault") {
        rows.push(unread("object store"));
    } else if vault_here || !offline {
        rows.extend(vault(config).await);
    }
    let all_known = ["database", "vault", "identity"].into_iter().all(is_known);
    if all_known && ((database_here && vault_here) || !offline) {
        rows.extend(installation(config).await);
    }
    if is_known("http") {
        let (of_pages, pages) = config.http.pages();
        rows.push(listen("http.listen", config.http.listen, pages).await);
        if of_pages != "http.listen" {
            rows.push(listen(of_pages, pages, pages).await);
        }
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if ["notify", "heartbeat_url"].into_iter().all(is_known) {
        rows.extend(channels::rows(config, &clock));
    } else {
        rows.push(unread("channels"));
    }
    if !offline {
        let quotas = Arc::new(RateLimiters::new(Arc::clone(&clock)));
        match Api::new(&Limits::default()) {
            Ok(api) => {
                for (at, one) in config.apps.iter().enumerate() {
                    if is_known("provider") && is_known(&format!("apps[{at}]")) {
                        rows.extend(provider(one, &api, &quotas, &clock).await);
                    } else {
                        rows.push(unread(&format!("app {}", one.name)));
                    }
                }
            }
            Err(problem) => rows.extend(Row::of_failure(problem.into())),
        }
    }
    rows
}

/// What could not be looked at.
fn unread(what: &str) -> Row {
    Row::warn(what, words::UNREAD, words::CORRECT_FIRST)
}

/// Whether the daemon could listen there: the address is taken and given back. One that runs is asked
/// for its pages.
async fn listen(what: &str, address: SocketAddr, pages: SocketAddr) -> Row {
    let bound = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }
    .and_then(|socket| {
        // As the daemon does; without listening, so that nobody else is kept out meanwhile.
        socket.set_reuseaddr(true)?;
        socket.bind(address)
    });
    let Err(error) = bound else {
        return Row::ok(what, Said::filled(words::FREE, [address.to_string()]));
    };
    let todo = match error.kind() {
        ErrorKind::AddrInUse => {
            if ask(pages).await.is_some_and(|daemon| daemon.says.is_some()) {
                return Row::ok(what, words::RUNS);
            }
            let found = Said::filled(words::HELD, [address.to_string()]);
            let values = [what.to_owned(), address.port().to_string()];
            let todo = Said::filled(words::NAME_OTHER_OR_STOP, values);
            return Row::fail(Code::Finding, what, found, todo);
        }
        ErrorKind::PermissionDenied => words::PORT_ABOVE,
        ErrorKind::AddrNotAvailable => words::OWN_ADDRESS,
        _ => words::OTHER_ADDRESS,
    };
    let found = Said::filled(
        words::CANNOT_LISTEN,
        [address.to_string(), error.to_string()],
    );
    Row::fail(Code::Finding, what, found, todo)
}

/// Asks every query of the app once for a token. Nothing is stored.
pub(in crate::cli) async fn looks(
    app: &App,
    token: &Secret,
) -> Result<Vec<(Endpoint, Look)>, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let client = app::client(
        app,
        &Api::new(&Limits::default())?,
        &Arc::new(RateLimiters::new(Arc::clone(&clock))),
        &clock,
    )?;
    let mut looks = Vec::with_capacity(Endpoint::QUERIES.len());
    for endpoint in Endpoint::QUERIES {
        looks.push((endpoint, client.look(endpoint, token).await));
    }
    Ok(looks)
}

async fn database(config: &Config) -> Vec<Row> {
    let what = "database";
    let report = match store::check_schema(&config.database.url).await {
        Ok(report) => report,
        Err(error) => return Row::of_failure(error.into()),
    };
    if let Err(failure) = open::sound(config, Depth::Whole).await {
        return Row::of_failure(failure);
    }
    if let Err(error) = store::check_rights(&config.database.url).await {
        return Row::of_failure(error.into());
    }
    if let Err(error) = store::check_pooler(&config.database.url).await {
        return Row::of_failure(error.into());
    }
    if report.found == 0 {
        return vec![Row::ok(what, words::EMPTY)];
    }
    if !report.is_current() {
        let found = Said::filled(
            words::OLD_SCHEMA,
            [report.found.to_string(), report.needed.to_string()],
        );
        return vec![Row::warn(what, found, words::MIGRATE)];
    }
    let store = match open::store(config).await {
        Ok(store) => store,
        Err(failure) => return Row::of_failure(failure),
    };
    let pinged = store.ping().await;
    store.close().await;
    match pinged {
        Ok(theirs) => {
            let apart = theirs.since(SystemClock.now());
            vec![
                match clock(words::DATABASE_BEHIND, words::DATABASE_AHEAD, apart) {
                    Some((found, todo)) => Row::warn(what, found, todo),
                    None => {
                        let plain =
                            || Said::filled(words::REACHED_SCHEMA, [report.found.to_string()]);
                        let newer = report.newer();
                        let found = newer
                            .map_or_else(plain, |schema| Said::filled(words::REACHED, [schema]));
                        Row::ok(what, found)
                    }
                },
            ]
        }
        Err(error) => Row::of_failure(error.into()),
    }
}

async fn vault(config: &Config) -> Vec<Row> {
    let vault = match app::vault(config) {
        Ok(vault) => vault,
        Err(error) => return Row::of_failure(error.into()),
    };
    match vault.probe().await {
        Ok(report) => vault_rows(report),
        Err(error) => Row::of_failure(error.into()),
    }
}

/// Whether database, vault and index key belong together; writes nothing. What could not be reached
/// has been told already.
async fn installation(config: &Config) -> Option<Row> {
    let what = "installation";
    let report = store::check_schema(&config.database.url).await.ok()?;
    let known = match report.found {
        0 => Database::default(),
        _ if report.is_current() => {
            let store = open::reader(config).await.ok()?;
            let known = store.installation().await;
            store.close().await;
            known.ok()?
        }
        _ => return None,
    };
    let vault = app::vault(config).ok()?;
    let found = match app::installation::look(&vault, &known).await {
        Ok(found) => found,
        Err(error) => {
            return Some(Row::warn(
                what,
                Said::filled(words::NOT_COMPARED, [error.to_string()]),
                words::VAULT_URL,
            ));
        }
    };
    let key = config.identity.index_key.as_ref().map(IndexKey::id);
    let key_known = known
        .installation
        .as_ref()
        .and_then(|installation| installation.index_key_id.as_deref());
    let joined =
        join(&known, &found).and_then(|joint| index_key(key_known, key.as_deref()).map(|_| joint));
    Some(match (joined, &known.installation) {
        (Ok(Joint::Joined), Some(known)) => Row::ok(
            what,
            Said::filled(words::JOINED, [known.installation_id.to_string()]),
        ),
        (Ok(_), _) => Row::ok(what, words::WILL_JOIN),
        (Err(Foreign { what, why, todo }), _) => Row::fail(Code::Configuration, what, why, todo),
    })
}

fn vault_rows(report: ProbeReport) -> Vec<Row> {
    let what = "object store";
    let mut rows = vec![Row::ok(what, words::WRITTEN)];
    let refuses = match report.create_only {
        CreateOnlyFound::Works => None,
        CreateOnlyFound::Ignored => Some(words::REPLACES),
        CreateOnlyFound::Refused => Some(words::NO_CREATE_ONLY),
    };
    match (refuses, report.puts_create_only) {
        (None, _) => rows.push(Row::ok(what, words::REFUSES_OVERWRITE)),
        // Keys are never used twice, so that this is a second line of defence only.
        (Some(found), false) => rows.push(Row::warn(what, found, words::NO_NEED)),
        (Some(found), true) => rows.push(Row::fail(
            Code::Configuration,
            "vault.create_only",
            found,
            words::CREATE_ONLY_OFF,
        )),
    }
    if !report.deletes {
        rows.push(Row::warn(what, words::NO_DELETE, words::WRITE_ONCE));
    }
    if report.open_to_others {
        rows.push(Row::warn(what, words::FOLDER_OPEN, words::CHMOD_VAULT));
    }
    if report.objects_open {
        rows.push(Row::warn(what, words::OBJECTS_OPEN, words::CHMOD_OBJECTS));
    }
    rows
}

async fn provider(
    one: &App,
    api: &Api,
    quotas: &Arc<RateLimiters>,
    clock: &Arc<dyn Clock>,
) -> Vec<Row> {
    let what = format!("app {}", one.name);
    let probed: Result<Probe, ProviderError> = match app::client(one, api, quotas, clock) {
        Ok(client) => client.probe().await,
        Err(problem) => Err(problem),
    };
    match probed {
        Ok(probe) => provider_rows(&what, &probe, clock.now()),
        Err(problem) => match Failure::from(problem) {
            Failure::Told {
                code, why, todo, ..
            } => vec![Row::fail(code, what, why, todo)],
            other => Row::of_failure(other),
        },
    }
}

fn provider_rows(what: &str, probe: &Probe, now: Time) -> Vec<Row> {
    let mut rows = Vec::new();
    match probe.expires_at {
        Some(end) if end.since(now) < TOKEN_LEAST => rows.push(Row::warn(
            what,
            Said::filled(words::ENDS_SOON, [end.to_string()]),
            words::REAL_PROVIDER,
        )),
        Some(end) => rows.push(Row::ok(
            what,
            Said::filled(words::GRANTED, [end.to_string()]),
        )),
        None => rows.push(Row::ok(what, words::ACCEPTED)),
    }
    if probe.has_scope == Some(false) {
        rows.push(Row::warn(what, words::NO_SCOPE, words::SWITCH_ON));
    }
    match probe.skew {
        Some(apart) if apart.0.abs() > SKEW_MOST.0 => {
            let found = Said::filled(words::APART, [Span(apart.0.abs()).to_string()]);
            rows.push(Row::fail(Code::Finding, what, found, words::SET_CLOCK));
        }
        Some(apart) => match clock(words::PROVIDER_BEHIND, words::PROVIDER_AHEAD, apart) {
            Some((found, todo)) => rows.push(Row::warn(what, found, todo)),
            None => rows.push(Row::ok(what, words::AGREE)),
        },
        None => rows.push(Row::warn(what, words::NO_TIME, words::KEEP_CLOCK)),
    }
    rows
}

/// What is to be said of two clocks, when they are too far apart.
fn clock(behind: Words, ahead: Words, apart: Span) -> Option<(Said, Words)> {
    let which = if apart.0 < 0 { behind } else { ahead };
    (apart.0.abs() > SKEW_LOOK.0).then(|| {
        let span = Span(apart.0.abs()).to_string();
        (Said::filled(which, [span]), words::KEEP_CLOCKS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cli::check::Grade, domain::language::Language};

    fn grades(rows: &[Row]) -> Vec<Grade> {
        rows.iter().map(|row| row.level).collect()
    }

    #[test]
    fn what_an_object_store_lacks_is_told_by_how_much_it_matters() {
        let good = ProbeReport {
            create_only: CreateOnlyFound::Works,
            puts_create_only: true,
            deletes: true,
            open_to_others: false,
            objects_open: false,
        };
        assert_eq!(grades(&vault_rows(good)), [Grade::Ok, Grade::Ok]);
        let lacking = ProbeReport {
            create_only: CreateOnlyFound::Ignored,
            puts_create_only: false,
            deletes: false,
            open_to_others: true,
            objects_open: true,
        };
        assert_eq!(
            grades(&vault_rows(lacking)),
            [
                Grade::Ok,
                Grade::Warn,
                Grade::Warn,
                Grade::Warn,
                Grade::Warn
            ]
        );
        let insisted = vault_rows(ProbeReport {
            create_only: CreateOnlyFound::Refused,
            ..good
        });
        assert_eq!(
            (grades(&insisted), insisted[1].code),
            (vec![Grade::Ok, Grade::Fail], Code::Configuration)
        );
    }

    #[test]
    fn clocks_and_permissions_are_told_apart() {
        let now = Time(1_795_421_701_000);
        let probe = |skew_ms, has_scope| Probe {
            skew: Some(Span(skew_ms)),
            has_scope,
            expires_at: Some(now.plus(Span::hours(720))),
        };
        assert_eq!(
            grades(&provider_rows("app h5", &probe(900, Some(true)), now)),
            [Grade::Ok, Grade::Ok]
        );
        assert_eq!(
            grades(&provider_rows("app h5", &probe(-60_000, Some(false)), now)),
            [Grade::Ok, Grade::Warn, Grade::Warn]
        );
        assert_eq!(
            grades(&provider_rows("app h5", &probe(3_600_000, None), now)),
            [Grade::Ok, Grade::Fail]
        );
        let (said, _) =
            clock(words::DATABASE_BEHIND, words::DATABASE_AHEAD, Span(-60_000)).unwrap();
        for (language, text) in [
            (Language::En, "the database's clock is 1m behind ours"),
            (Language::Zh, "数据库时钟比本机慢 1m"),
        ] {
            assert_eq!(said.in_(language), text);
        }
    }
}
