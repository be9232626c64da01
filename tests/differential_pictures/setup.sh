#!/usr/bin/env bash
# Installs what decodes pictures in the differential test into the folder named, at the versions pinned beside this
# script. Does nothing when it is there already. Prints on stderr what is missing and fails where it cannot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)/machine
folder=${1:?folder to install into}

command -v python3 >/dev/null || { echo "no python3: run deploy/install-deps.sh --differential" >&2; exit 1; }
mkdir -p "$folder"
exec 9>"$folder/lock"
flock 9

key=$({ cat "$0" "$here/requirements.txt"; command -v python3; python3 --version; } | sha256sum)
[ "$(cat "$folder/installed" 2>/dev/null)" = "$key" ] && exit 0

rm -rf "$folder/installed" "$folder/venv"
python3 -m venv "$folder/venv" >&2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
echo "$key" >"$folder/installed"
