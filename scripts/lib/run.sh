# shellcheck shell=bash
# Sourced by the scripts. Running a command so that Ctrl-C, a closed terminal or a `kill` of the script ends the command first and
# the script's own EXIT trap still tidies up afterwards.

child=

# run COMMAND…: runs it in a process group of its own and returns its status. Bash handles a signal only between two foreground
# commands, so the command runs in the background and is waited for; job control keeps its SIGINT from being ignored there.
run() {
  local status=0
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  wait "$child" || status=$?
  child=
  return "$status"
}

# Hands a signal on to the running command, waits until it has ended, and leaves. The same signal once more is handed on too.
pass_on() {
  local signal=$1 number=$2
  if [[ -n $child ]]; then
    kill -s "$signal" -- "-$child" 2>/dev/null || true
    while kill -0 "$child" 2>/dev/null; do wait "$child" || true; done
  fi
  exit $((128 + number))
}

trap 'pass_on HUP 1' HUP
trap 'pass_on INT 2' INT
trap 'pass_on TERM 15' TERM
