//! One pass in a process of its own: so many media, sixteen at once.

use std::{
    fs::{self, File},
    io::Write as _,
    path::PathBuf,
    process::{Command, Stdio},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use tokio::task::JoinSet;
use verikeep::{
    domain::{
        address::VaultUrl,
        id::{ObjectId, VerificationId},
        secret::Secret,
        time::Clock as _,
    },
    provider::{Downloader, MediaRules, http},
    vault::{CreateOnly, Ingested, ObjectKey, Vault},
    worker::clock::SystemClock,
};

use crate::{Outcome, gauge, server};

/// Media under way at once.
const AT_ONCE: usize = 16;
/// Media of one verification.
const TOGETHER: usize = 8;

/// What a pass is to do.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) url: String,
    pub(crate) count: usize,
    pub(crate) folder: PathBuf,
}

/// What it took.
#[derive(Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) cpu_ms: f64,
    pub(crate) peak_bytes: u64,
}

/// Plays the part of that name.
pub(crate) fn play(name: &str, text: &str) -> Outcome<()> {
    if name == "serve" {
        return server::serve(text);
    }
    let task: Task = serde_json::from_str(text)?;
    if name == "curl" {
        return tell(curl(&task)?);
    }
    http::install_crypto();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let before = gauge::cpu_ms()?;
    match name {
        "verikeep" => runtime.block_on(verikeep(task))?,
        "plain" => runtime.block_on(plain(task))?,
        _ => return Err(format!("there is no pass {name}").into()),
    }
    tell(gauge::cpu_ms()? - before)
}

fn tell(cpu_ms: f64) -> Outcome<()> {
    let found = Found {
        cpu_ms,
        peak_bytes: gauge::peak_bytes()?,
    };
    println!("{}", serde_json::to_string(&found)?);
    Ok(())
}

async fn verikeep(task: Task) -> Outcome<()> {
    let host = task.url.split('/').nth(2).ok_or("the URL has no host")?;
    let rules = MediaRules {
        hosts: vec![host.to_owned()],
        allow_private: true,
        ..MediaRules::default()
    };
    let no_options: [(&str, &str); 0] = [];
    let url = VaultUrl::of_folder(&task.folder);
    let vault = Arc::new(Vault::open(&url, no_options, CreateOnly::Probe)?);
    let downloader = Arc::new(Downloader::new(&Downloader::limits())?);
    let url = Secret::new(task.url);
    let mut workers = JoinSet::new();
    for nth in 0..AT_ONCE {
        let (vault, downloader) = (Arc::clone(&vault), Arc::clone(&downloader));
        let (url, rules) = (url.clone(), rules.clone());
        workers.spawn(async move {
            let mut of = VerificationId::fresh(SystemClock.now());
            for medium in (nth..task.count).step_by(AT_ONCE) {
                if (medium / AT_ONCE).is_multiple_of(TOGETHER) {
                    of = VerificationId::fresh(SystemClock.now());
                }
                let key = ObjectKey::media(of, ObjectId::fresh(SystemClock.now()));
                let download = downloader.open(&url, &rules).await?;
                match vault.ingest(&key, download, u64::MAX, &[]).await {
                    Ok(Ingested::Stored(_)) => {}
                    other => return Err(format!("{other:?}").into()),
                }
            }
            Ok(())
        });
    }
    all(workers).await
}

async fn plain(task: Task) -> Outcome<()> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut workers = JoinSet::new();
    for nth in 0..AT_ONCE {
        let (client, task) = (client.clone(), task.clone());
        workers.spawn(async move {
            for medium in (nth..task.count).step_by(AT_ONCE) {
                let mut file = File::create(task.folder.join(medium.to_string()))?;
                let mut response = client.get(&task.url).send().await?;
                let mut sha256 = sha2::Sha256::new();
                while let Some(chunk) = response.chunk().await? {
                    sha256.update(&chunk);
                    file.write_all(&chunk)?;
                }
                file.sync_all()?;
                std::hint::black_box(sha256.finalize());
            }
            Ok(())
        });
    }
    all(workers).await
}

async fn all(mut workers: JoinSet<Outcome<()>>) -> Outcome<()> {
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

/// Whether it is installed.
pub(crate) fn has_curl() -> bool {
    let asked = Command::new("curl").arg("--version").output();
    asked.is_ok_and(|output| output.status.success())
}

/// CPU time of the one process that fetches everything.
fn curl(task: &Task) -> Outcome<f64> {
    let wishes: String = (0..task.count)
        .map(|nth| {
            let file = task.folder.join(nth.to_string());
            format!("url = \"{}\"\noutput = \"{}\"\n", task.url, file.display())
        })
        .collect();
    let list = task.folder.join("wishes");
    fs::write(&list, wishes)?;
    let ran = Command::new("curl")
        .args(["--silent", "--fail", "--noproxy", "*"])
        .args(["--parallel", "--parallel-max", "16", "--config"])
        .arg(&list)
        // It draws its progress there whatever it is told.
        .stderr(Stdio::null())
        .status()?;
    if !ran.success() {
        return Err(format!("curl failed: {ran}").into());
    }
    gauge::children_cpu_ms()
}
