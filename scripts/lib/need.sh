# shellcheck shell=bash
# Sourced by the scripts. What the checks need beside Rust: looked for first, installed only when missing, and never done without.
# Programs from Debian packages go where the system puts them; the others lie in target/tools and leave no trace elsewhere.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tools=$root/target/tools
PATH=$PATH:$tools/bin

say() { printf '%s\n' "$*" >&2; }
die() {
  say "error: $*"
  exit 1
}

as_root() {
  if ((EUID == 0)); then "$@"; elif command -v sudo >/dev/null; then sudo "$@"; else die "needs root or sudo: $*"; fi
}

apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >&2; }
renew_lists() { apt update || say "the package lists could not be renewed: going on with those that are here"; }

# install_packages PACKAGE…: from Debian or Ubuntu; fails with the names to install on any other system.
install_packages() {
  command -v apt-get >/dev/null || die "please install: $*"
  say "installing $*"
  renew_lists
  apt install -y --no-install-recommends "$@" || die "could not install: $*"
}

# need PROGRAM PACKAGE…: the program from these packages.
need() {
  local program=$1
  shift
  command -v "$program" >/dev/null || install_packages "$@"
  command -v "$program" >/dev/null || die "$program is still missing after installing: $*"
}

# need_checker PROGRAM…: programs that scripts/requirements.txt pins, from PATH or else in a virtual environment of their own.
need_checker() {
  local program missing=
  for program in "$@"; do command -v "$program" >/dev/null || missing=$program; done
  [[ -n $missing ]] || return 0
  say "installing $missing and what else scripts/requirements.txt names into target/tools"
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then install_packages python3 python3-venv; fi
  python3 -m venv "$tools" || die "could not make a Python environment in target/tools"
  "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement "$root/scripts/requirements.txt" ||
    die "could not install what scripts/requirements.txt names"
  for program in "$@"; do command -v "$program" >/dev/null || die "$program is still missing: please install it"; done
}

# The C compiler builds SQLite and the cryptography; rustfmt and clippy are components of the toolchain.
need_rust() {
  command -v cargo >/dev/null || die "please install Rust: https://rustup.rs"
  need cc gcc libc6-dev
  local component
  for component in rustfmt clippy; do
    cargo "${component/rust/}" --version >/dev/null 2>&1 || rustup component add "$component" || die "please install the Rust component $component"
  done
}

# For docs/clients/track.php. Go and Java are large: their clients are run where they are, and the tests say when they are not.
need_php() {
  need php php-cli php-curl
  php -m | grep -x curl >/dev/null || install_packages php-curl
  php -m | grep -x curl >/dev/null || die "PHP's extension curl is still missing: please install it"
}

# Prints the folder of the newest PostgreSQL server programs; Debian keeps them out of PATH.
postgres_programs() {
  local found
  found=$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)
  [[ -n $found ]] || found=$(command -v initdb) || return 1
  dirname "$found"
}

need_postgres() {
  postgres_programs >/dev/null || install_packages postgresql
  postgres_programs >/dev/null || die "PostgreSQL's initdb is still missing: please install the PostgreSQL server"
}

# `curl` that signs requests as S3 wants them: of 7.75 or newer.
need_s3() {
  need curl curl
  need_checker weed
}

# Debian keeps it out of a user's PATH.
need_pgbouncer() {
  PATH=$PATH:/usr/sbin
  need pgbouncer pgbouncer
}

# `kubectl kustomize` with components, which the package of some Debian releases is too old for.
need_kubectl() {
  local oldest=1.22 offered=
  command -v kubectl >/dev/null && return 0
  if command -v apt-cache >/dev/null; then
    renew_lists
    offered=$(apt-cache policy kubernetes-client | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p')
  fi
  if [[ -n $offered ]] && dpkg --compare-versions "$offered" ge "$oldest"; then
    need kubectl kubernetes-client
  else
    die "please install kubectl $oldest or newer (https://kubernetes.io/docs/tasks/tools/): this system has no package of it"
  fi
}

# Prints the program of Chromium, or of Chrome where that is what there is.
browser() {
  local program
  for program in chromium chromium-browser google-chrome; do command -v "$program" && return 0; done
  return 1
}

# With letters of Chinese, without which a page is measured in boxes.
need_browser() {
  browser >/dev/null || install_packages chromium fonts-wqy-microhei
  browser >/dev/null || die "Chromium is still missing: please install it"
}

# take PROGRAM PACKAGE PATH URL: where the package would start a server, the one program is taken out of it.
take() {
  local program=$1 package=$2 path=$3 url=$4 folder
  command -v "$program" >/dev/null && return 0
  command -v apt-get >/dev/null || die "please install $program: $url"
  say "taking $program out of the package $package into target/tools"
  renew_lists
  folder=$(mktemp -d)
  (cd "$folder" && apt-get -qq download "$package" >&2 && dpkg-deb --fsys-tarfile ./"$package"_*.deb | tar --extract "./$path") ||
    die "could not take $program out of the package $package"
  mkdir -p "$tools/bin"
  mv "$folder/$path" "$tools/bin/"
  rm -r "$folder"
}

need_prometheus() {
  local program
  for program in promtool prometheus; do
    take "$program" prometheus "usr/bin/$program" https://prometheus.io/download/
    "$program" --version >/dev/null 2>&1 || die "$program does not run: please install it (https://prometheus.io/download/)"
  done
}

need_proxies() {
  take nginx nginx usr/sbin/nginx https://nginx.org/en/download.html
  take caddy caddy usr/bin/caddy https://caddyserver.com/download
  nginx -v 2>/dev/null || die "nginx does not run: please install it"
  caddy version >/dev/null 2>&1 || die "caddy does not run: please install it"
}
