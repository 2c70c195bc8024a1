#!/bin/sh
# launch.sh PROGRAM ARGS…: does the set-up, then becomes PROGRAM (below the package) under Node 24.
# A shell, because Node 20 cannot exec: signals, exit code and standard streams stay the program's own.
set -u
root=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
command -v node >/dev/null || {
  echo "colony set-up: there is no node on PATH; install Node 20 or newer" >&2
  exit 127
}
settings=$(node "$root/worker/setup/prepare.mjs" </dev/null) || exit $?
eval "$settings"
export COLONY_SHARED COLONY_RUNTIME
umask 022
program=$root/$1
shift
exec "$COLONY_NODE" "$program" "$@"
