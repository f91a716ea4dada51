//! Finding the file, reading it, laying the environment over it, and checking the whole.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    apps, env,
    finding::{Finding, Findings, Level, Place},
    keys, notify, read,
    secrets::{self, Folders},
    section::Section,
    shape::Config,
    tree,
};

/// Where it is looked for when nobody says: here, then there.
pub(crate) const DEFAULT_FILES: [&str; 2] = ["verikeep.toml", "/etc/verikeep/verikeep.toml"];

/// A configuration file longer than this is none.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What a configuration is made of.
#[derive(Clone, Debug)]
pub struct Source {
    /// `--config`.
    pub file: Option<PathBuf>,
    /// The environment.
    pub variables: Vec<(OsString, OsString)>,
    /// The working directory.
    pub here: PathBuf,
}

/// A configuration that can be worked with.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// It.
    pub config: Config,
    /// What somebody should look at all the same.
    pub warnings: Vec<Finding>,
}

impl Source {
    /// That of this process.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        Self {
            file,
            variables: std::env::vars_os().collect(),
            here: std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")),
        }
    }

    fn variable(&self, name: &str) -> Option<PathBuf> {
        self.variables
            .iter()
            .find(|(known, value)| known == name && !value.is_empty())
            .map(|(_, value)| PathBuf::from(value))
    }

    /// The file to read: as it is named to people, and where it lies.
    fn find(&self) -> Option<(PathBuf, PathBuf)> {
        let wholly = |file: &Path| (file.to_owned(), self.here.join(file));
        match &self.file {
            Some(file) => Some(wholly(file)),
            None => DEFAULT_FILES
                .iter()
                .map(|file| wholly(Path::new(file)))
                .find(|(_, whole)| whole.exists()),
        }
    }
}

/// A configuration as far as it could be read.
#[derive(Clone, Debug)]
pub struct Look {
    /// What was read; a value that is wrong counts as its default. None where there is nothing.
    pub config: Option<Config>,
    /// Everything that was found, warnings included, in the order of the file.
    pub findings: Vec<Finding>,
}

/// Loads the configuration.
///
/// # Errors
/// Everything that is wrong with it at once, warnings included, in the order of the file.
pub fn load(source: &Source) -> Result<Loaded, Vec<Finding>> {
    let Look { config, findings } = look(source);
    match config {
        Some(config) if !findings.iter().any(|one| one.level == Level::Fail) => Ok(Loaded {
            config,
            warnings: findings,
        }),
        _ => Err(findings),
    }
}

/// Reads the configuration, whatever is wrong with it.
#[must_use]
pub fn look(source: &Source) -> Look {
    let nothing = |findings: Findings| Look {
        config: None,
        findings: findings.into_sorted(),
    };
    let findings = Findings::default();
    let found = source.find();
    let (mut tree, place) = match &found {
        Some((named, whole)) => {
            let named = Arc::new(named.clone());
            let place = Place::File(Arc::clone(&named));
            match text_of(whole) {
                Ok(text) => (tree::parse(&text, &named, &findings), place),
                Err(why) => {
                    findings.fail(
                        "",
                        &place,
                        why,
                        "check the name given by --config; `verikeep init` writes a first file",
                    );
                    return nothing(findings);
                }
            }
        }
        None => (tree::Table::default(), Place::Nowhere),
    };
    let overrides = env::overlay(&mut tree, source.variables.iter().cloned(), &findings);
    if found.is_none() && overrides == 0 {
        let looked = DEFAULT_FILES.join(" and ");
        findings.fail(
            "",
            &Place::Nowhere,
            format!("there is none: looked for {looked}"),
            "run `verikeep init` for a first file, or name one by --config",
        );
        return nothing(findings);
    }
    let file = found.map(|(_, whole)| whole);
    let base = file
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(&source.here);
    let folders = Folders {
        base: source.here.join(base),
        credentials: source.variable("CREDENTIALS_DIRECTORY"),
    };
    let config = {
        let top = Section::open(Some(&tree), "", place.clone(), keys::TOP, &findings);
        warn_of_open_file(&top, file.as_deref(), &place, &findings);
        read::config(&top, file, &folders, &source.variables)
    };
    Look {
        config: Some(config),
        findings: findings.into_sorted(),
    }
}

/// A file that holds a secret is for its owner alone.
fn warn_of_open_file(top: &Section<'_>, file: Option<&Path>, place: &Place, findings: &Findings) {
    if let Some(mode) = file
        .and_then(secrets::too_open)
        .filter(|_| apps::has_secret_in_file(top) || notify::has_secret_in_file(top))
    {
        let reason = format!("holds a secret and can be read by others (mode {mode:03o})");
        findings.warn(
            "",
            place,
            reason,
            "chmod 600 it, or move the secret to a file of its own (secret_key_file)",
        );
    }
}

/// The data directory that a file names, whatever else is wrong with it; the default when it names
/// none.
#[must_use]
pub(crate) fn data_dir_in(file: &Path) -> PathBuf {
    let tree = text_of(file)
        .map(|text| tree::parse(&text, &Arc::new(file.to_owned()), &Findings::default()))
        .unwrap_or_default();
    let named = match tree.get("data_dir").map(|node| &node.value) {
        Some(tree::Value::Text(text)) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => super::shape::defaults::DATA_DIR.to_owned(),
    };
    super::paths::absolute(file.parent().unwrap_or(Path::new("")), &named)
}

fn text_of(file: &Path) -> Result<String, String> {
    let facts = fs::metadata(file).map_err(|error| secrets::reason(&error))?;
    if facts.is_dir() {
        return Err("is a folder".to_owned());
    }
    if facts.len() > FILE_BYTES_MAX {
        return Err(format!("is longer than {FILE_BYTES_MAX} bytes"));
    }
    let bytes = fs::read(file).map_err(|error| secrets::reason(&error))?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())
}
