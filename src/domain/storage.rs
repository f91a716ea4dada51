//! The options of object stores: which there are, what each may say, and which of them the
//! environment may give.
//!
//! The library that speaks to the stores takes an option as it comes and panics over some of them
//! at the first request, so each is read here before. What is not in the table is refused: an
//! option that nobody has thought about may open what should stay shut.

mod values;

use values::{Says, is_near};

use super::address::Wrong;

/// The kinds of store that take options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `s3://`
    S3,
    /// `gs://`
    Gs,
    /// `az://`
    Az,
}

/// One option.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Its name in `vault.options`, and for the library.
    pub name: &'static str,
    /// Variables of the environment that may give it, the first that is set; none for what only a
    /// configuration may say.
    pub variables: &'static [&'static str],
    /// Whether it is part of the credentials, which are taken from the configuration or from the
    /// environment, never from both.
    pub is_credential: bool,
    also: &'static [&'static str],
    says: Says,
}

const fn option(name: &'static str, says: Says) -> Setting {
    Setting {
        name,
        variables: &[],
        is_credential: false,
        also: &[],
        says,
    }
}

const fn credential(name: &'static str, says: Says, variables: &'static [&'static str]) -> Setting {
    Setting {
        name,
        variables,
        is_credential: true,
        also: &[],
        says,
    }
}

const fn place(name: &'static str, says: Says, variables: &'static [&'static str]) -> Setting {
    Setting {
        name,
        variables,
        is_credential: false,
        also: &[],
        says,
    }
}

impl Setting {
    const fn also(mut self, also: &'static [&'static str]) -> Self {
        self.also = also;
        self
    }

    /// Reads what was written: spaces at its ends are dropped, and what comes out is in the one
    /// form that the library takes.
    ///
    /// # Errors
    /// What is wrong, without the value.
    pub(crate) fn read(&self, text: &str) -> Result<String, Wrong> {
        self.says.read(text)
    }

    /// Whether it names a file.
    #[must_use]
    pub(crate) const fn is_file(&self) -> bool {
        matches!(self.says, Says::File)
    }
}

/// Options of the connection, the same for every kind of store.
static CONNECTION: &[Setting] = &[
    option("allow_http", Says::Flag),
    option("allow_invalid_certificates", Says::Flag),
    option("connect_timeout", Says::Span),
    option("read_timeout", Says::Span),
    option("timeout", Says::Span),
    option("pool_idle_timeout", Says::Span),
    option("pool_max_idle_per_host", Says::Count),
    option("http1_only", Says::Flag),
    option("proxy_url", Says::Proxy),
    option("proxy_ca_certificate", Says::Pem),
    option("proxy_excludes", Says::Text),
    option("randomize_addresses", Says::Flag),
    option("user_agent", Says::Text),
    option("skip_signature", Says::Flag),
];

static S3: &[Setting] = &[
    option("endpoint", Says::Address).also(&["endpoint_url", "endpoint_url_s3"]),
    place("region", Says::Label, &["AWS_REGION", "AWS_DEFAULT_REGION"]).also(&["default_region"]),
    credential("access_key_id", Says::Key, &["AWS_ACCESS_KEY_ID"]),
    credential("secret_access_key", Says::Key, &["AWS_SECRET_ACCESS_KEY"]),
    credential("session_token", Says::Key, &["AWS_SESSION_TOKEN"]).also(&["token"]),
    credential("role_arn", Says::Key, &["AWS_ROLE_ARN"]),
    credential("role_session_name", Says::Key, &["AWS_ROLE_SESSION_NAME"]),
    credential(
        "web_identity_token_file",
        Says::File,
        &["AWS_WEB_IDENTITY_TOKEN_FILE"],
    ),
    credential(
        "container_credentials_relative_uri",
        Says::Path,
        &["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"],
    ),
    credential(
        "container_credentials_full_uri",
        Says::Metadata,
        &["AWS_CONTAINER_CREDENTIALS_FULL_URI"],
    ),
    credential(
        "container_authorization_token_file",
        Says::File,
        &["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"],
    ),
    option("imdsv1_fallback", Says::Flag),
    option("virtual_hosted_style_request", Says::Flag),
    option("unsigned_payload", Says::Flag),
    option("checksum_algorithm", Says::Word(&["sha256", "crc64nvme"])),
    option(
        "server_side_encryption",
        Says::Word(&["AES256", "aws:kms", "aws:kms:dsse", "sse-c"]),
    ),
    option("sse_kms_key_id", Says::Key),
    option("sse_bucket_key_enabled", Says::Flag),
    option("sse_customer_key_base64", Says::Base64),
    option("request_payer", Says::Flag),
    option("s3_express", Says::Flag),
    option("disable_tagging", Says::Flag),
    option("disable_bulk_delete", Says::Flag),
];

static GS: &[Setting] = &[
    option("base_url", Says::Address).also(&["endpoint"]),
    credential(
        "service_account",
        Says::File,
        &[
            "GOOGLE_SERVICE_ACCOUNT",
            "GOOGLE_SERVICE_ACCOUNT_PATH",
            "SERVICE_ACCOUNT",
        ],
    )
    .also(&["service_account_path"]),
    credential(
        "service_account_key",
        Says::Json,
        &["GOOGLE_SERVICE_ACCOUNT_KEY"],
    ),
    credential(
        "application_credentials",
        Says::File,
        &["GOOGLE_APPLICATION_CREDENTIALS"],
    ),
    credential("bearer_token", Says::Key, &["GOOGLE_BEARER_TOKEN"]),
];

static AZ: &[Setting] = &[
    option("endpoint", Says::Address),
    place("account_name", Says::Label, &["AZURE_STORAGE_ACCOUNT_NAME"]),
    credential(
        "account_key",
        Says::Base64,
        &[
            "AZURE_STORAGE_ACCOUNT_KEY",
            "AZURE_STORAGE_ACCESS_KEY",
            "AZURE_STORAGE_MASTER_KEY",
        ],
    )
    .also(&["access_key", "master_key", "account_access_key"]),
    credential(
        "client_id",
        Says::Key,
        &["AZURE_CLIENT_ID", "AZURE_STORAGE_CLIENT_ID"],
    ),
    credential(
        "client_secret",
        Says::Key,
        &["AZURE_CLIENT_SECRET", "AZURE_STORAGE_CLIENT_SECRET"],
    ),
    credential(
        "tenant_id",
        Says::Key,
        &["AZURE_TENANT_ID", "AZURE_STORAGE_TENANT_ID"],
    )
    .also(&["authority_id"]),
    credential(
        "federated_token_file",
        Says::File,
        &["AZURE_FEDERATED_TOKEN_FILE"],
    ),
    credential(
        "sas_token",
        Says::Key,
        &["AZURE_STORAGE_SAS_TOKEN", "AZURE_STORAGE_SAS_KEY"],
    )
    .also(&["sas_key"]),
    credential("bearer_token", Says::Key, &["AZURE_STORAGE_TOKEN"]).also(&["token"]),
    option("authority_host", Says::Guarded),
    option("msi_endpoint", Says::Metadata).also(&["identity_endpoint"]),
    option("object_id", Says::Key),
    option("msi_resource_id", Says::Key),
    option("encryption_key", Says::Base64),
    option("disable_tagging", Says::Flag),
];

impl Kind {
    /// That of a scheme; none for folders, and for what is no store.
    #[must_use]
    pub(crate) fn of(scheme: &str) -> Option<Self> {
        match scheme {
            "s3" => Some(Self::S3),
            "gs" => Some(Self::Gs),
            "az" => Some(Self::Az),
            _ => None,
        }
    }

    /// How its URLs begin, without `://`.
    #[must_use]
    pub(crate) const fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gs => "gs",
            Self::Az => "az",
        }
    }

    /// How the variables begin by which others tell programs of such a store.
    #[must_use]
    pub(crate) const fn variables_begin(self) -> &'static str {
        match self {
            Self::S3 => "AWS_",
            Self::Gs => "GOOGLE_",
            Self::Az => "AZURE_",
        }
    }

    /// Every option there is.
    pub(crate) fn settings(self) -> impl Iterator<Item = &'static Setting> {
        self.own().iter().chain(CONNECTION)
    }

    const fn own(self) -> &'static [Setting] {
        match self {
            Self::S3 => S3,
            Self::Gs => GS,
            Self::Az => AZ,
        }
    }

    /// The option of that name, in small letters or large, with or without the store's prefix
    /// (`aws_`, `google_`, `azure_storage_`).
    #[must_use]
    pub(crate) fn setting(self, name: &str) -> Option<&'static Setting> {
        let name = name.to_ascii_lowercase();
        let prefix = self.variables_begin().to_ascii_lowercase();
        let name = name.strip_prefix(&prefix).unwrap_or(&name);
        let name = if self == Self::Az {
            name.strip_prefix("storage_").unwrap_or(name)
        } else {
            name
        };
        self.settings()
            .find(|setting| setting.name == name || setting.also.contains(&name))
    }

    /// The name of the option that says where the store is.
    #[must_use]
    pub(crate) const fn address(self) -> &'static str {
        if matches!(self, Self::Gs) {
            "base_url"
        } else {
            "endpoint"
        }
    }

    /// What is wrong with options that are each right: (the option, what).
    #[must_use]
    pub(crate) fn together(
        self,
        options: &[(&'static str, String)],
    ) -> Option<(&'static str, Wrong)> {
        let given = |name: &str| {
            options
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.as_str())
        };
        let is_plain = given(self.address()).is_some_and(|address| address.starts_with("http://"));
        // Google's library takes plain http without being told.
        if is_plain && self != Self::Gs && given("allow_http") != Some("true") {
            let todo = "write https://, or add allow_http = true if this store speaks no TLS";
            return Some((
                self.address(),
                Wrong {
                    reason: "is plain http, and allow_http is not set",
                    todo,
                },
            ));
        }
        let lacking = |has: &'static str, lacks: &str, reason, todo| {
            (given(has).is_some() && given(lacks).is_none())
                .then_some((has, Wrong { reason, todo }))
        };
        match self {
            Self::S3 => lacking(
                "access_key_id",
                "secret_access_key",
                "stands without secret_access_key",
                "give both, in one place: options or environment",
            )
            .or_else(|| {
                lacking(
                    "secret_access_key",
                    "access_key_id",
                    "stands without access_key_id",
                    "give both, in one place: options or environment",
                )
            })
            .or_else(|| {
                lacking(
                    "session_token",
                    "access_key_id",
                    "stands without access_key_id",
                    "give the keys it belongs to, or take it out",
                )
            }),
            Self::Gs => None,
            Self::Az if given("account_name").is_none() => Some((
                "account_name",
                Wrong {
                    reason: "is missing",
                    todo: "add it: the name of the storage account that holds the container",
                },
            )),
            Self::Az => None,
        }
    }

    /// What of the way to the store could be listened to or pretended: (the option, in words). A
    /// store on loopback is near enough.
    #[must_use]
    pub(crate) fn insecure(
        self,
        options: &[(&'static str, String)],
    ) -> Option<(&'static str, &'static str)> {
        let given = |name: &str| {
            options
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.as_str())
        };
        let on = |name: &str| given(name) == Some("true");
        let address = given(self.address());
        if address.is_some_and(is_near) && given("proxy_url").is_none_or(is_near) {
            return None;
        }
        if address.is_some_and(|address| address.starts_with("http://")) {
            return Some((
                self.address(),
                "is plain http: credentials, identities and images cross the network in the open",
            ));
        }
        if on("allow_invalid_certificates") {
            return Some((
                "allow_invalid_certificates",
                "takes any certificate: whoever stands in between can read and answer everything",
            ));
        }
        on("allow_http").then_some((
            "allow_http",
            "lets an answer of the store lead on to plain http",
        ))
    }
}

#[cfg(test)]
#[path = "storage/tests.rs"]
mod tests;
