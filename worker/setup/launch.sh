#!/bin/sh
# launch.sh PROGRAM ARGS…: does the set-up, then becomes PROGRAM under Node 24. Our own program
# runs from the copy that the set-up made, types stripped; tests and tools from the clone.
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
case $1 in
test/* | node_modules/*) program=$root/$1 ;;
*)
  program=$COLONY_RUNTIME/$1
  # Unprivileged processes start it too, and cannot read below a private folder.
  COLONY_NODE=$COLONY_RUNTIME/bin/node
  export NODE_COMPILE_CACHE="$COLONY_SHARED/compile-cache"
  ;;
esac
shift
exec "$COLONY_NODE" "$program" "$@"
