# shellcheck shell=bash
# Sourced by the scripts that run a command beside a server of its own, after need.sh and run.sh. The server is gone with its folder when
# the script ends, also after Ctrl-C.

home=
server=
# How the server is ended; a script whose server wants another signal says so.
stop_signal=KILL

# begin COMMAND…: starts the server, its words in $home/log, and waits until the script's own is_ready says that it answers.
begin() {
  # A process group of its own keeps Ctrl-C away from it.
  set -m
  "$@" </dev/null >"$home/log" 2>&1 &
  server=$!
  set +m
  for ((tries = 0; tries < 600; tries++)); do
    if is_ready; then return 0; fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.05
  done
  stop_server
  return 1
}

# begin_on_a_port NAME LOWEST STEP COUNT: has the script's own `start_server PORT` try ports until one is free, and leaves it in $port.
begin_on_a_port() {
  local name=$1 lowest=$2 step=$3 count=$4 attempt
  for ((attempt = 0; attempt < 20; attempt++)); do
    port=$((lowest + step * (RANDOM % count)))
    if start_server "$port"; then return 0; fi
    grep -qiE 'address already in use|port [0-9]+ .*not available' "$home/log" || break
  done
  tail -n 20 "$home/log" >&2
  die "$name did not start"
}

stop_server() {
  [[ -n $server ]] || return 0
  kill -s "$stop_signal" "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  server=
}

tidy_up() {
  trap '' HUP INT TERM
  stop_server
  if [[ -n $home ]]; then rm -rf -- "$home"; fi
}
trap tidy_up EXIT
