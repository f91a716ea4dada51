//! From what was written to the typed configuration: one function a section. Findings are left on
//! the way; a value that is wrong counts as its default, so that everything after it is checked as
//! well.

use std::path::{Path, PathBuf};

use tokio_cron_scheduler::JobBuilder;

use super::{
    alarms,
    apps::{self, OfAll},
    database, http, keys, notify, options,
    options::Variables,
    paths, proxy,
    secrets::{self, Folders},
    section::Section,
    shape::{Config, CreateOnly, Identity, Limits, Schedule, Sealing, Vault, defaults},
};
use crate::domain::{
    access::Purpose,
    address::VaultUrl,
    identity::{Columns, IndexKey},
    traffic::Rules,
};

/// Reads the whole file.
pub(super) fn config(
    top: &Section<'_>,
    file: Option<PathBuf>,
    folders: &Folders,
    variables: &Variables,
) -> Config {
    let data_dir = top
        .text("data_dir")
        .map_or_else(|| defaults::DATA_DIR.to_owned(), |text| text.value);
    let data_dir = paths::absolute(&folders.base, &data_dir);
    let plain = Config::embedded(data_dir.clone(), Vec::new());
    let schedule = schedule(&top.section("schedule", keys::SCHEDULE));
    let rules = alarms::read(&top.section("alarms", keys::ALARMS), &Rules::default());
    let of_all = proxy::said(&top.section("provider", keys::PROVIDER), "proxy").flatten();
    let of_all = OfAll {
        schedule: &schedule,
        rules: &rules,
        proxy: of_all.as_ref(),
    };
    let apps = apps::all(top, &of_all, folders);
    let config = Config {
        file,
        database: database::read(
            &top.section("database", keys::DATABASE),
            plain.database,
            folders,
            variables,
        ),
        vault: vault(
            &top.section("vault", keys::VAULT),
            plain.vault,
            folders,
            variables,
        ),
        sealing: sealing(&top.section("sealing", keys::SEALING)),
        identity: identity(&top.section("identity", keys::IDENTITY), &data_dir, folders),
        purpose: purpose(&top.section("access", keys::ACCESS)),
        http: http::read(&top.section("http", keys::HTTP)),
        limits: limits(&top.section("limits", keys::LIMITS)),
        notify: notify::all(top, &apps, of_all.proxy, folders),
        heartbeat: notify::heartbeat(top, of_all.proxy, folders),
        apps,
        schedule,
        data_dir,
    };
    proxy::warn_of_variables(top, &config, variables);
    config
}

fn vault(section: &Section<'_>, plain: Vault, folders: &Folders, variables: &Variables) -> Vault {
    let url = section.text("url").and_then(|text| {
        let read = text.value.parse::<VaultUrl>();
        let url = read.map_err(|wrong| section.wrong("url", wrong)).ok()?;
        Some(match url.folder().map(Path::to_string_lossy) {
            Some(folder) => VaultUrl::of_folder(paths::absolute(&folders.base, &folder)),
            None => url,
        })
    });
    let create_only = section.choice(
        "create_only",
        &[
            ("probe", CreateOnly::Probe),
            ("on", CreateOnly::On),
            ("off", CreateOnly::Off),
        ],
    );
    // Of a URL that is wrong nothing is known, and so nothing of what would be right for it.
    let of_this_url = if section.has("url") {
        url.as_ref()
    } else {
        Some(&plain.url)
    };
    let (options, insecure) = of_this_url
        .map(|url| options::all(section, url, folders, variables))
        .unwrap_or_default();
    Vault {
        url: url.unwrap_or(plain.url),
        options,
        insecure,
        create_only: create_only.map(|word| word.value).unwrap_or_default(),
    }
}

fn sealing(section: &Section<'_>) -> Sealing {
    let todo =
        "set mode = \"off\" and let the bucket or the disk encrypt, until a version that seals";
    match section.choice("mode", &[("off", true), ("recipients", false)]) {
        Some(mode)
            if mode.value
                && !section
                    .texts("recipients")
                    .is_none_or(|recipients| recipients.is_empty()) =>
        {
            section.warn(
                "recipients",
                "are not used while mode is \"off\": objects lie as they came",
                "take them out, so that nobody believes otherwise",
            );
        }
        Some(mode) if mode.value => {}
        Some(_) => section.fail("mode", "sealing is not built into this version yet", todo),
        // Whoever names recipients wants sealing; starting without would be a lie.
        None if section.has("recipients") => section.fail(
            "recipients",
            "sealing is not built into this version yet",
            todo,
        ),
        None => {}
    }
    Sealing::Off
}

fn identity(section: &Section<'_>, data_dir: &Path, folders: &Folders) -> Identity {
    let columns = section
        .choice(
            "columns",
            &[("masked", Columns::Masked), ("plain", Columns::Plain)],
        )
        .map(|word| word.value)
        .unwrap_or_default();
    let named = section.text("index_key_file").or_else(|| {
        let usual = [&*folders.base, data_dir].map(|folder| folder.join(defaults::INDEX_KEY_FILE));
        if let Some(usual) = usual.into_iter().find(|file| file.exists()) {
            return Some(super::section::At {
                value: usual.to_string_lossy().into_owned(),
                path: section.path("index_key_file"),
                place: section.place.clone(),
            });
        }
        if !section.has("index_key_file") {
            section.warn(
                "index_key_file",
                "there is no index key, so that an ID number cannot be looked up",
                "run `verikeep init`, or name a file of 64 hex digits",
            );
        }
        None
    });
    let index_key = named.and_then(|named| {
        let text = secrets::read(section, &named, folders)?;
        if folders.lies_below(&named.value, data_dir) {
            section.findings.warn(
                &named.path,
                &named.place,
                "lies in data_dir, beside what it opens: a copy of that folder gives away whom the masks hide",
                "move it out of data_dir; beside the configuration file it is found by itself. Where identity.index_key_file names it, change that",
            );
        }
        let key = index_key(&text);
        if let Err(why) = &key {
            section
                .findings
                .fail(&named.path, &named.place, why.clone(), INDEX_KEY_TODO);
        }
        key.ok()
    });
    Identity { columns, index_key }
}

const INDEX_KEY_TODO: &str =
    "it must hold 64 hex digits: keep the key you have; `openssl rand -hex 32` makes a new one";

/// The index key that a file holds, for those who are not configured by it.
///
/// # Errors
/// Why there is none, and the way out.
pub(crate) fn index_key_in(file: &Path) -> Result<IndexKey, secrets::Wrong> {
    let text = secrets::secret_file(file)?;
    index_key(text.reveal()).map_err(|why| (why, INDEX_KEY_TODO))
}

fn index_key(text: &str) -> Result<IndexKey, String> {
    let bytes = from_hex(text).ok_or_else(|| "is no key of hex digits".to_owned())?;
    IndexKey::new(bytes)
}

fn purpose(section: &Section<'_>) -> Purpose {
    let words = [
        ("optional", Purpose::Optional),
        ("required", Purpose::Required),
    ];
    let told = section.choice("purpose", &words);
    told.map(|word| word.value).unwrap_or_default()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    digits?
        .chunks(2)
        .map(|pair| {
            if let [high, low] = pair {
                Some(high * 16 + low)
            } else {
                None
            }
        })
        .collect()
}

fn schedule(section: &Section<'_>) -> Schedule {
    let plain = Schedule::default();
    Schedule {
        first_poll: section
            .span("first_poll", false)
            .map_or(plain.first_poll, |span| span.value),
        final_grace: section
            .span("final_grace", true)
            .map_or(plain.final_grace, |span| span.value),
        tidy: cron(section, "tidy").unwrap_or(plain.tidy),
        relearn: cron(section, "relearn").unwrap_or(plain.relearn),
    }
}

fn limits(section: &Section<'_>) -> Limits {
    let plain = Limits::default();
    Limits {
        free_bytes_min: section
            .bytes("free_bytes_min")
            .map_or(plain.free_bytes_min, |bytes| bytes.value),
    }
}

fn cron(section: &Section<'_>, key: &str) -> Option<String> {
    let text = section.text(key)?.value;
    if JobBuilder::new().with_schedule(&text).is_ok() {
        return Some(text);
    }
    section.fail(
        key,
        "is no cron expression",
        "write six fields, seconds first, in UTC: \"0 17 3 * * *\" is every day at 03:17",
    );
    None
}
