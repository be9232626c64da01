#!/usr/bin/env bash
# Installs the parsers and routers of the differential tests into the folder named, at the versions pinned beside this
# script; routers of Go are built from what the system has, or left out.
# Does nothing when they are there already. Prints on stderr what is missing and fails where it cannot.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)/origins
folder=${1:?folder to install into}

for tool in python3 node npm php; do
    command -v "$tool" >/dev/null || { echo "no $tool: run deploy/install-deps.sh --differential" >&2; exit 1; }
done
if [ "$(node -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    echo "node $(node --version) is too old, 20 is needed" >&2
    exit 1
fi

# Where Debian puts what Go programs are built with.
gocode=/usr/share/gocode/src

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
exec 9>"$folder/lock"
flock 9

key=$(
    {
        cat "$0" "$here/serve.go" "$here/requirements.txt" "$here/package.json" "$here/package-lock.json"
        cat "$here/paths/routers.go"
        command -v python3 node
        command -v go || true
        ls "$gocode/github.com" 2>&1 || true
        python3 --version
        node --version
        go version 2>/dev/null || true
    } | sha256sum
)
[ "$(cat "$folder/installed" 2>/dev/null)" = "$key" ] && exit 0

rm -rf "$folder/installed" "$folder/venv" "$folder/node_modules" "$folder/routers" "$folder/serve-go"
python3 -m venv "$folder/venv" >&2
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$here/requirements.txt" >&2
cp "$here/package.json" "$here/package-lock.json" "$folder"
(cd "$folder" && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --silent) >&2
mkdir "$folder/routers"
if command -v go >/dev/null && [ -d "$gocode/github.com/go-chi/chi" ] && [ -d "$gocode/github.com/gorilla/mux" ]; then
    GO111MODULE=off GOPATH=$(dirname "$gocode") GOCACHE=$folder/routers/cache GOFLAGS= \
        go build -o "$folder/routers/go" "$here/paths/routers.go" >&2
    rm -rf "$folder/routers/cache"
fi
# Go, Ruby with Rack, and Perl with CGI.pm and Plack are used where they are.
if command -v go >/dev/null; then
    (cd "$here" && GO111MODULE=off go build -o "$folder/serve-go" serve.go) >&2 || echo "serve.go does not build" >&2
fi
echo "$key" >"$folder/installed"
