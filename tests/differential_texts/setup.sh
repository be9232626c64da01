#!/usr/bin/env bash
# Installs what writes and shows documents in the differential test into the folder named, at the versions pinned beside
# this script. Does nothing when it is there already. Prints on stderr what is missing and fails where it cannot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)/machine
folder=${1:?folder to install into}

for tool in python3 node npm; do
    command -v "$tool" >/dev/null || { echo "no $tool: run deploy/install-deps.sh --differential" >&2; exit 1; }
done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"
flock 9

key=$({
    cat "$0" "$here/requirements.txt" "$here/package.json" "$here/package-lock.json"
    command -v python3 node
    python3 --version
    node --version
} | sha256sum)
[ "$(cat "$folder/installed" 2>/dev/null)" = "$key" ] && exit 0

rm -rf "$folder/installed" "$folder/venv" "$folder/node_modules"
python3 -m venv "$folder/venv" >&2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
cp "$here/package.json" "$here/package-lock.json" "$folder"
(cd "$folder" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent) >&2
echo "$key" >"$folder/installed"
