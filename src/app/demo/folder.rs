//! The folder of a demonstration: made or cleared, with the configuration it runs on.

use std::{fmt::Write as _, path::Path};

use simulator::Simulator;

use super::{DemoError, lives::WINDOWS};
use crate::{
    config::{Config, INDEX_KEY_FILE, Source, load},
    domain::{digest::hex, identity::IndexKey, random},
};

/// The file that says a folder was made by a demonstration.
const MARK: &str = "made-by-verikeep-demo";
/// Where database and objects lie.
const DATA: &str = "data";

/// An empty folder, a new one, or one an earlier demonstration left, which is cleared.
pub(super) fn prepare(folder: &Path) -> Result<(), DemoError> {
    let failed = |error| DemoError::Folder(folder.to_owned(), error);
    if folder.exists() {
        let empty = folder.read_dir().map_err(failed)?.next().is_none();
        if !empty && !folder.join(MARK).exists() {
            return Err(DemoError::Foreign(folder.to_owned()));
        }
        for left in [DATA, super::CASE] {
            if folder.join(left).exists() {
                std::fs::remove_dir_all(folder.join(left)).map_err(failed)?;
            }
        }
    }
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::os::unix::fs::DirBuilderExt::mode(&mut std::fs::DirBuilder::new(), 0o700)
        .create(folder.join(DATA))
        .map_err(failed)?;
    std::fs::write(
        folder.join(MARK),
        "A demonstration may clear this folder.\n",
    )
    .map_err(failed)
}

/// Writes the configuration that names the simulated provider, and reads it back.
pub(super) fn write_config(folder: &Path, simulator: &Simulator) -> Result<Config, DemoError> {
    let mut text = format!(
        "# Left by `verikeep demo`: windows of seconds, and a simulated provider on loopback.\ndata_dir = \"{DATA}\"\n\n[identity]\nindex_key_file = \"{INDEX_KEY_FILE}\"\n\n[schedule]\nfirst_poll = \"400ms\"\nfinal_grace = \"800ms\"\n",
    );
    for app in simulator.apps() {
        let video = if app.records_video {
            "expected"
        } else {
            "optional"
        };
        let _ = write!(
            text,
            "\n[[apps]]\nname = \"{}\"\nbase_url = \"{}\"\napi_key = \"{}\"\nsecret_key = \"{}\"\nqps = 500\nverify_window = \"{}ms\"\nrecord_retention = \"{}ms\"\nmedia_retention = \"{}ms\"\nvideo = \"{video}\"\nmedia_hosts = [\"127.0.0.1\"]\nallow_private_media_hosts = true\n",
            app.name,
            simulator.base_url(),
            app.api_key,
            app.secret_key,
            WINDOWS.verify_ms,
            WINDOWS.record_ms,
            WINDOWS.media_ms,
        );
    }
    write_index_key(folder)?;
    let file = folder.join("verikeep.toml");
    write_private(&file, text.as_bytes())
        .map_err(|error| DemoError::Folder(file.clone(), error))?;
    let here =
        std::env::current_dir().map_err(|error| DemoError::Folder(folder.to_owned(), error))?;
    load(&Source {
        file: Some(file),
        variables: Vec::new(),
        here,
    })
    .map(|loaded| loaded.config)
    .map_err(|findings| {
        DemoError::Config(
            findings
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        )
    })
}

/// Writes a fresh key, by which a person is found by the number on their card.
fn write_index_key(folder: &Path) -> Result<(), DemoError> {
    let mut key = [0u8; IndexKey::BYTES];
    random::fill(&mut key);
    let file = folder.join(INDEX_KEY_FILE);
    write_private(&file, hex(&key).as_bytes()).map_err(|error| DemoError::Folder(file, error))
}

/// Writes a file that only its owner may read.
fn write_private(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::{io::Write as _, os::unix::fs::OpenOptionsExt as _};
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(file)?
        .write_all(bytes)
}
