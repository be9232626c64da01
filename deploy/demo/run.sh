#!/usr/bin/env bash
# Starts a small site and Penstock in front of it, uploads five samples with curl, and shows what became of each.
# Keeps serving until Ctrl-C, unless DEMO_ONCE=1.
#
# Environment: PENSTOCK and ORIGIN (the two binaries), DATA (where the site stores), and LISTEN, ADMIN and SITE
# (addresses, when those of config/penstock.toml are taken).
set -euo pipefail
cd "$(dirname "$0")/../.."

penstock=${PENSTOCK:-target/release/penstock}
origin=${ORIGIN:-target/release/examples/demo-origin}
data=${DATA:-demo-data}
listen=${LISTEN:-127.0.0.1:8080}
admin=${ADMIN:-127.0.0.1:9180}
site=${SITE:-127.0.0.1:8081}
samples=deploy/demo/samples

rm -rf "$data"
mkdir -p "$data/site"
config=config/penstock.toml
if [ "$listen $admin $site" != "127.0.0.1:8080 127.0.0.1:9180 127.0.0.1:8081" ]; then
    cp -r config rules "$data"
    config=$data/config/penstock.toml
    sed -i "s/127.0.0.1:8080/$listen/; s/127.0.0.1:9180/$admin/; s/127.0.0.1:8081/$site/" "$config"
fi

trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
trap 'exit 0' INT TERM
"$origin" "$site" "$data/site" &
behind=$!
"$penstock" run --config "$config" 2>"$data/penstock.log" &
server=$!

# Waits until an address answers, or says why it never will.
until curl -fs -o /dev/null "http://$admin/readyz" && curl -fs -o /dev/null "http://$listen/"; do
    if ! kill -0 "$server" 2>/dev/null || ! kill -0 "$behind" 2>/dev/null; then
        echo "the demo did not start; set LISTEN, ADMIN or SITE if one of $listen, $admin and $site is taken" >&2
        cat "$data/penstock.log" >&2
        exit 1
    fi
    sleep 0.1
done

# Uploads file $2 as a form field named $3, and prints a line about it under the name $1.
upload() {
    local before after status stored
    before=$(ls "$data/site")
    status=$(curl -s -o "$data/answer" -w '%{http_code}' -H 'Accept: application/json' -F "$3" "http://$listen/upload/form")
    after=$(ls "$data/site")
    stored=$(comm -13 <(echo "$before") <(echo "$after") | tr '\n' ' ')
    printf '%-42s %-10s %-12s %s\n' "$1" "$status" "$2" "${stored:-nothing}"
}

echo
printf '%-42s %-10s %-12s %s\n' "upload" "status" "expected" "on the site's disk"
printf '%-42s %-10s %-12s %s\n' "------" "------" "--------" "------------------"
upload "a clean photo" 200 "file=@$samples/meadow.jpg"
upload "a listed photo, resized and re-encoded" 451 "file=@$samples/harbour-resized.jpg"
upload "an exact copy of a listed file" 451 "file=@$samples/leaflet.pdf"
upload "a clean text" 200 "text=<$samples/greeting.txt"
upload "a text that breaks a rule" 451 "text=<$samples/invitation.txt"
echo
echo "The last answer, as its sender sees it:"
cat "$data/answer"
echo
if [ "${DEMO_ONCE:-}" = 1 ]; then
    exit 0
fi
cat <<END

Now try your own file:
  in a browser:   http://$listen/
  with curl:      curl -F file=@photo.jpg http://$listen/upload/form
  without sending: $penstock scan photo.jpg
To block it, add the line that this prints to config/sets/sample.csv; the change is picked up at once:
  $penstock hash photo.jpg
What happened to each upload: $data/penstock.log    What is loaded: http://$admin/snapshot
Ctrl-C ends it.
END
wait "$server"
