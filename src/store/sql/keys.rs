//! Keys of the API, a row each.

use async_trait::async_trait;
use futures::FutureExt as _;
use ipnet::IpNet;

use super::SqlStore;
use crate::{
    domain::{
        digest::Sha256,
        id::KeyId,
        key::{ApiKey, Apps, KeptKey, KeyDigest, Scope, Spent, USE_NOTED_EVERY},
        time::Time,
    },
    store::{
        Keys, Result, Revocation, StoreError,
        dialect::Dialect,
        rows::{
            Bind, Cells, Json, binds, digest, id, insert, instant, instant_or_null, known, rows,
        },
    },
};

#[async_trait]
impl<DB: Dialect> Keys for SqlStore<DB> {
    async fn create_key(&self, new: &KeptKey) -> Result<bool> {
        let new = new.clone();
        self.writing(move |connection| async move { create::<DB>(connection, &new).await }.boxed())
            .await
    }

    async fn keys(&self, with_revoked: bool) -> Result<Vec<KeptKey>> {
        let which = if with_revoked {
            "order by key_id"
        } else {
            "where revoked_at is null order by key_id"
        };
        self.reading(move |connection| read::<DB>(connection, which, Vec::new()).boxed())
            .await
    }

    async fn find_key(&self, key_id: KeyId) -> Result<Option<KeptKey>> {
        self.reading(move |connection| find::<DB>(connection, key_id).boxed())
            .await
    }

    async fn revoke_key(&self, handle: &str, by: &str, now: Time) -> Result<Option<Revocation>> {
        let (handle, by) = (handle.to_owned(), by.to_owned());
        self.writing(move |connection| {
            async move { revoke::<DB>(connection, &handle, &by, now).await }.boxed()
        })
        .await
    }

    async fn spend(&self, key_id: KeyId, spent: Spent) -> Result<()> {
        self.writing(move |connection| {
            async move {
                let sql = "update api_keys set spent_day = $2,
                    spent_tokens = $3 + case when spent_day = $2 then spent_tokens else 0 end,
                    spent_issues = $4 + case when spent_day = $2 then spent_issues else 0 end
                    where key_id = $1 and (spent_day is null or spent_day <= $2)";
                let binds = binds![key_id, spent.day, spent.tokens, spent.issues];
                DB::execute(connection, sql.to_owned(), binds)
                    .await
                    .map(drop)
            }
            .boxed()
        })
        .await
    }

    async fn note_key_used(&self, key_id: KeyId, at: Time) -> Result<bool> {
        self.writing(move |connection| {
            async move {
                let sql = "update api_keys set last_used_at = $2 where key_id = $1 and (last_used_at is null or last_used_at <= $3)";
                let binds = binds![key_id, at, at.minus(USE_NOTED_EVERY)];
                Ok(DB::execute(connection, sql.to_owned(), binds).await? > 0)
            }
            .boxed()
        })
        .await
    }
}

rows! {
    struct KeyIn<'a> {
        key_id: KeyId,
        name: &'a str,
        digest: Sha256,
        scopes: String,
        apps: Option<String>,
        networks: String,
        rate: i64,
        tokens_a_day: i64,
        issues_a_day: i64,
        created_at: i64,
        created_by: &'a str,
        expires_at: i64,
        revoked_at: Option<i64>,
        revoked_by: Option<&'a str>,
        last_used_at: Option<i64>,
    }
}

async fn create<DB: Dialect>(connection: &mut DB::Connection, new: &KeptKey) -> Result<bool> {
    let key = &new.key;
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.name()).collect();
    let networks: Vec<String> = key.networks.iter().map(IpNet::to_string).collect();
    let apps = match &key.apps {
        Apps::All => None,
        Apps::Only(apps) => Some(Json::of(apps)?.into_text()),
    };
    let row = KeyIn {
        key_id: key.key_id,
        name: &key.name,
        digest: new.digest.to_keep(),
        scopes: Json::of(&scopes)?.into_text(),
        apps,
        networks: Json::of(&networks)?.into_text(),
        rate: i64::from(key.rate),
        tokens_a_day: i64::from(key.tokens_a_day),
        issues_a_day: i64::from(key.issues_a_day),
        created_at: key.created_at.0,
        created_by: &key.created_by,
        expires_at: key.expires_at.0,
        revoked_at: key.revoked_at.map(|at| at.0),
        revoked_by: key.revoked_by.as_deref(),
        last_used_at: key.last_used_at.map(|at| at.0),
    };
    let tail = "on conflict (name) where revoked_at is null do nothing";
    let sql = insert::<KeyIn>("api_keys", tail);
    let kept = DB::execute_over(connection, &[row], &sql).await?;
    Ok(kept > 0)
}

/// Those that a clause behind `from` names.
async fn read<DB: Dialect>(
    connection: &mut DB::Connection,
    which: &str,
    binds: Vec<Bind>,
) -> Result<Vec<KeptKey>> {
    let sql = format!(
        "select key_id, name, digest, scopes, apps, networks, rate, tokens_a_day, issues_a_day, spent_day, spent_tokens, spent_issues, created_at, created_by, expires_at, revoked_at, revoked_by, last_used_at
        from api_keys {which}"
    );
    let rows = DB::fetch(connection, sql, binds).await?;
    rows.iter().map(kept).collect()
}

async fn find<DB: Dialect>(
    connection: &mut DB::Connection,
    key_id: KeyId,
) -> Result<Option<KeptKey>> {
    let found = read::<DB>(connection, "where key_id = $1", binds![key_id]).await?;
    Ok(found.into_iter().next())
}

async fn revoke<DB: Dialect>(
    connection: &mut DB::Connection,
    handle: &str,
    by: &str,
    now: Time,
) -> Result<Option<Revocation>> {
    let key_id = match handle.parse::<KeyId>() {
        Ok(key_id) => key_id,
        Err(_) => match named::<DB>(connection, handle).await? {
            Some(key_id) => key_id,
            None => return Ok(None),
        },
    };
    let sql = "update api_keys set revoked_at = $2, revoked_by = $3 where key_id = $1 and revoked_at is null";
    let revoked = DB::execute(connection, sql.to_owned(), binds![key_id, now, by]).await?;
    let found = find::<DB>(connection, key_id).await?;
    Ok(found.map(|kept| Revocation {
        key: kept.key,
        is_new: revoked > 0,
    }))
}

/// The one of this name that is good, or else the one that was revoked last.
async fn named<DB: Dialect>(connection: &mut DB::Connection, name: &str) -> Result<Option<KeyId>> {
    let sql = "select key_id from api_keys where name = $1
        order by coalesce(revoked_at, 9223372036854775807) desc, key_id desc limit 1";
    let rows = DB::fetch(connection, sql.to_owned(), binds![name]).await?;
    rows.first().map(|row| id(row, "key_id")).transpose()
}

fn kept(row: &impl Cells) -> Result<KeptKey> {
    let scopes: Vec<String> = list(&row.text("scopes")?, "api_keys.scopes")?;
    let scopes = scopes
        .iter()
        .map(|name| known(Scope::named(name), "api_keys.scopes"));
    let apps = match row.text_or_null("apps")? {
        None => Apps::All,
        Some(apps) => Apps::Only(list(&apps, "api_keys.apps")?),
    };
    let networks: Vec<String> = list(&row.text("networks")?, "api_keys.networks")?;
    let networks = networks
        .iter()
        .map(|net| known(net.parse().ok(), "api_keys.networks"));
    let spent = match instant_or_null(row, "spent_day")? {
        None => None,
        Some(day) => Some(Spent {
            day,
            tokens: row.int("spent_tokens")?,
            issues: row.int("spent_issues")?,
        }),
    };
    let key = ApiKey {
        key_id: id(row, "key_id")?,
        name: row.text("name")?,
        scopes: scopes.collect::<Result<_>>()?,
        apps,
        networks: networks.collect::<Result<_>>()?,
        rate: whole(row, "rate", "api_keys.rate")?,
        tokens_a_day: whole(row, "tokens_a_day", "api_keys.tokens_a_day")?,
        issues_a_day: whole(row, "issues_a_day", "api_keys.issues_a_day")?,
        spent,
        created_at: instant(row, "created_at")?,
        created_by: row.text("created_by")?,
        expires_at: instant(row, "expires_at")?,
        revoked_at: instant_or_null(row, "revoked_at")?,
        revoked_by: row.text_or_null("revoked_by")?,
        last_used_at: instant_or_null(row, "last_used_at")?,
    };
    let digest = KeyDigest::kept(digest(row, "digest")?);
    Ok(KeptKey { key, digest })
}

fn whole(row: &impl Cells, name: &str, column: &'static str) -> Result<u32> {
    known(u32::try_from(row.int(name)?).ok(), column)
}

fn list(text: &str, column: &str) -> Result<Vec<String>> {
    serde_json::from_str(text)
        .map_err(|_| StoreError::Corrupt(format!("`{column}` holds no JSON array of texts")))
}
