//! How an app proves who it is: the scheme, and its keys.

use super::{
    secrets::{self, Folders},
    section::Section,
    shape::Auth,
};
use crate::domain::secret::Secret;

#[derive(Clone, Copy)]
enum Scheme {
    AccessToken,
    BceAuthV1,
    ApiKey,
}

/// The scheme that `auth` names, and the keys it takes.
pub(super) fn auth(section: &Section<'_>, folders: &Folders) -> Auth {
    let words = [
        ("access_token", Scheme::AccessToken),
        ("bce-auth-v1", Scheme::BceAuthV1),
        ("api-key", Scheme::ApiKey),
    ];
    let scheme = section
        .choice("auth", &words)
        .map_or(Scheme::AccessToken, |word| word.value);
    let (key_whence, secret_whence) = match scheme {
        Scheme::AccessToken => (
            "the API Key of the app, from the provider's console",
            "the Secret Key of the app, from the provider's console",
        ),
        Scheme::BceAuthV1 => (
            "the Access Key (AK) of the account",
            "the Secret Key (SK) of the account",
        ),
        Scheme::ApiKey => ("the API key that begins with bce-v3/", ""),
    };
    let api_key = secrets::secret(section, "api_key", folders, key_whence).unwrap_or_default();
    warn_of_odd_key(section, scheme, &api_key);
    if matches!(scheme, Scheme::ApiKey) {
        for key in ["secret_key", "secret_key_file"] {
            if section.has(key) {
                section.warn(key, "is not used with auth = \"api-key\"", "take it out");
            }
        }
        return Auth::ApiKey { api_key };
    }
    let secret_key =
        secrets::secret(section, "secret_key", folders, secret_whence).unwrap_or_default();
    if matches!(scheme, Scheme::AccessToken) {
        Auth::AccessToken {
            api_key,
            secret_key,
        }
    } else {
        Auth::BceAuthV1 {
            api_key,
            secret_key,
        }
    }
}

/// The three schemes look alike in the console and are easily mixed up.
fn warn_of_odd_key(section: &Section<'_>, scheme: Scheme, api_key: &Secret) {
    let bearer = api_key.reveal().starts_with("bce-v3/");
    let key = if section.has("api_key") {
        "api_key"
    } else {
        "api_key_file"
    };
    match scheme {
        Scheme::AccessToken | Scheme::BceAuthV1 if bearer => section.warn(
            key,
            "looks like a key for auth = \"api-key\"",
            "set auth = \"api-key\", or put the app's API Key here",
        ),
        Scheme::ApiKey if !bearer && !api_key.is_empty() => section.warn(
            key,
            "does not begin with bce-v3/",
            "check that this is the key made for API-key access",
        ),
        _ => {}
    }
}
