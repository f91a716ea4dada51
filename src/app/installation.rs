//! Whether database, vault and index key belong together, at every opening to write
//! ([`crate::domain::installation`] has the rule).

use super::AppError;
use crate::{
    archive::Archive,
    config::Config,
    domain::{
        identity::IndexKey,
        installation::{self, Database, Foreign, Installation, Joint, Vault as Side},
        random::fresh_id,
        time::{Span, Time},
    },
    store::{self, Installations},
    vault::{Vault, VaultError},
    worker::clock::within,
};

/// A vault that does not answer for so long is compared later: tokens must be tracked all the same.
const WAIT: Span = Span::seconds(10);
/// How often it is tried again.
const AGAIN: Span = Span::seconds(30);

/// Compares the three; where one side knows nothing yet, it is told. False when the vault could not
/// be asked, and the database knows its installation: then it is to be compared later.
///
/// # Errors
/// [`AppError::Foreign`] when they do not belong together; why database or vault could not be
/// asked.
pub async fn join(
    store: &dyn Installations,
    vault: &Vault,
    key: Option<&IndexKey>,
    now: Time,
) -> Result<bool, AppError> {
    let mut known = store.installation().await?;
    let given = key.map(IndexKey::id);
    let new_key = |known: &Database| {
        installation::index_key(
            known
                .installation
                .as_ref()
                .and_then(|installation| installation.index_key_id.as_deref()),
            given.as_deref(),
        )
    };
    new_key(&known)?;
    let compared = within(WAIT, async {
        let mut joint = installation::join(&known, &look(vault, &known).await?);
        if joint.is_err() && known.installation.is_none() {
            // The row comes before the object: another process may have written both since the row
            // was looked for.
            known = store.installation().await?;
            joint = installation::join(&known, &look(vault, &known).await?);
        }
        let joint = joint?;
        let id = match (joint, &known.installation) {
            (Joint::Joined, _) => return Ok(()),
            (_, Some(known)) => known.installation_id.clone(),
            // Another process that draws at the same time gets what stands first.
            (_, None) => begin(store, fresh_id(now).to_string(), given.clone(), now).await?,
        };
        mark(vault, &known, &id).await
    });
    let compared = compared
        .await
        .unwrap_or_else(|| Err(VaultError::Unavailable(format!("no answer within {WAIT}")).into()));
    let joined = match compared {
        Ok(()) => true,
        Err(AppError::Vault(error)) if is_passing(&error) && known.installation.is_some() => {
            tracing::warn!(%error, "whether database and vault belong together is compared later");
            false
        }
        Err(error) => return Err(error),
    };
    if new_key(&known)?
        && let Some(ours) = known.installation
    {
        begin(store, ours.installation_id, given.clone(), now).await?;
        tracing::info!("the database knows its index key from now on");
    }
    Ok(joined)
}

/// Ends when database and vault, which could not be compared at the opening, turn out not to belong
/// together.
pub async fn compare_later(archive: &Archive) -> AppError {
    loop {
        archive.clock.sleep(AGAIN).await;
        match join(
            archive.store.as_ref(),
            &archive.vault,
            archive.index_key.as_ref(),
            archive.now(),
        )
        .await
        {
            Ok(true) => return std::future::pending().await,
            Err(error @ AppError::Foreign(_)) => return error,
            Ok(false) | Err(_) => {}
        }
    }
}

/// Refuses to make tables for a vault that another database belongs to. A vault that cannot be
/// asked is compared at the opening.
///
/// # Errors
/// [`AppError::Foreign`]; why the database could not be asked.
pub async fn before_tables(config: &Config) -> Result<(), AppError> {
    let is_new = store::check_schema(&config.database.url).await?.found == 0;
    // Looking makes no folder.
    let is_nowhere = config
        .local_folders()
        .iter()
        .any(|(what, folder)| *what == "objects" && !folder.exists());
    if !is_new || is_nowhere {
        return Ok(());
    }
    let vault = super::vault(config)?;
    match within(WAIT, look(&vault, &Database::default())).await {
        Some(Ok(found)) => match installation::join(&Database::default(), &found) {
            // Another process may have made both since.
            Err(foreign) if store::check_schema(&config.database.url).await?.found == 0 => {
                Err(foreign.into())
            }
            _ => Ok(()),
        },
        Some(Err(error)) if !is_passing(&error) => Err(error.into()),
        Some(Err(_)) | None => Ok(()),
    }
}

/// The vault's side.
///
/// # Errors
/// Why it could not be asked.
pub async fn look(vault: &Vault, known: &Database) -> Result<Side, VaultError> {
    let sentinel = match vault.installation().await {
        // Where objects may not be listed, S3 denies one that is not there. Before anything was
        // captured, whether it can be written tells.
        Err(VaultError::Denied(_)) if known.newest_object.is_none() => None,
        read => read?,
    };
    if sentinel.is_some() {
        return Ok(Side {
            sentinel,
            holds_objects: true,
        });
    }
    let holds_objects = match &known.newest_object {
        Some(key) => vault.exists(&crate::vault::ObjectKey::parse(key)?).await?,
        None => match vault.holds_objects().await {
            Err(VaultError::Denied(_)) => false,
            held => held?,
        },
    };
    Ok(Side {
        sentinel: None,
        holds_objects,
    })
}

async fn begin(
    store: &dyn Installations,
    installation_id: String,
    given: Option<String>,
    now: Time,
) -> Result<String, AppError> {
    let stands = store
        .begin_installation(
            &Installation {
                installation_id,
                index_key_id: given.clone(),
            },
            now,
        )
        .await?;
    installation::index_key(stands.index_key_id.as_deref(), given.as_deref())?;
    Ok(stands.installation_id)
}

async fn mark(vault: &Vault, known: &Database, installation_id: &str) -> Result<(), AppError> {
    match vault.mark(installation_id).await {
        Ok(()) => {
            tracing::info!(installation_id, "database and vault are joined");
            Ok(())
        }
        // Somebody else was there first.
        Err(VaultError::Different(_)) => {
            let ours = Installation {
                installation_id: installation_id.to_owned(),
                index_key_id: None,
            };
            let database = Database {
                installation: Some(ours),
                newest_object: known.newest_object.clone(),
            };
            installation::join(&database, &look(vault, &database).await?)
                .map(drop)
                .map_err(AppError::from)
        }
        Err(error) => Err(error.into()),
    }
}

/// What may have gone by itself the next time, or by a person who need not touch the configuration.
const fn is_passing(error: &VaultError) -> bool {
    matches!(
        error,
        VaultError::Unavailable(_) | VaultError::Denied(_) | VaultError::Full(_)
    )
}

impl From<Foreign> for AppError {
    fn from(foreign: Foreign) -> Self {
        Self::Foreign(foreign)
    }
}
