#!/bin/sh
# The command `colony`, in the clone and installed.
set -u
here=$(dirname "$(readlink -f "$0")")
# npm runs scripts at the package's root; relative paths are meant from where the person stands.
if [ -n "${npm_lifecycle_event-}" ] && [ -d "${INIT_CWD-}" ]; then cd "$INIT_CWD" || exit 1; fi
exec sh "$here/launch.sh" worker/cli/main.js "$@"
