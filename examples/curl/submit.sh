#!/bin/sh
# Have a job done with nothing but curl: its result goes to standard output.
#   submit.sh http://localhost:8000 text.statistics '{"text": "to be or not to be"}'
# Where the API is closed, JOBS_TOKEN is sent to it, and to no other host that it leads to.
set -eu
[ $# -eq 3 ] || { echo "Usage: $0 URL TYPE INPUT" >&2; exit 2; }
api=${1%/} body="{\"type\": \"$2\", \"input\": $3}"

answer=$(mktemp -d)
trap 'rm -rf "$answer"' EXIT
trap 'exit 130' INT TERM

# call CURL-OPTION...: the status; $answer has the headers and the body.
# curl itself tries again after a lost connection and after 408, 429, 500, 502, 503 and 504, and
# waits as Retry-After says.
call() {
  curl --silent --show-error --max-time 60 \
    --retry 8 --retry-max-time 120 --retry-connrefused --retry-all-errors \
    --dump-header "$answer/headers" --output "$answer/body" --write-out '%{http_code}' \
    ${JOBS_TOKEN:+--header "Authorization: Bearer $JOBS_TOKEN"} "$@"
}

# header NAME: its value in the answer, the last one if curl tried several times.
header() {
  tr -d '\r' <"$answer/headers" | awk -v name="$1" '
    { colon = index($0, ":") }
    tolower(substr($0, 1, colon - 1)) == tolower(name) { value = substr($0, colon + 1) }
    END { sub(/^ */, "", value); print value }'
}

fail() {
  echo "$1" >&2
  cat "$answer/body" >&2
  exit 1
}

# The same key on every try: however often it is sent, there is one job.
key=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
status=$(printf %s "$body" | call --request POST --data-binary @- \
  --header 'Content-Type: application/json' --header "Idempotency-Key: \"$key\"" "$api/jobs")
[ "$status" = 202 ] || fail "not accepted: $status"

# Location is relative to the URL that answered, so that it is right behind any proxy.
location=$(header Location)
case $location in
  *://*) job=$location ;;
  /*) job=$(expr "$api" : '\([a-z]*://[^/]*\)')$location ;;
  *) job=$api/$location ;;
esac
echo "$job" >&2

# The result is 202 while there is none. A server that cannot hold the request answers at once.
# A large result is elsewhere, so redirects are followed.
while status=$(call --location --header 'Prefer: wait=20' "$job/result"); [ "$status" = 202 ]; do
  seconds=$(header Retry-After)
  sleep "${seconds:-1}"
done
[ "$status" = 200 ] || fail "no result: $status"
cat "$answer/body"
echo
