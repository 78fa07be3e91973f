"""Have a job done with requests: its result goes to standard output.

python submit.py http://localhost:8000 text.statistics '{"text": "to be or not to be"}'

Where the API is closed, JOBS_TOKEN is sent to it, and to no other host that it leads to.
"""

from __future__ import annotations

import json
import os
import sys
import time
import uuid
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

#: Longer than the wait that is asked for.
TIMEOUT_SECONDS = 60
WAIT_SECONDS = 20


def session() -> requests.Session:
    """Tries again after lost connections and "later", as Retry-After says.

    POST too, which urllib3 would not: the key makes it safe.
    """
    retry = Retry(
        total=8, backoff_factor=0.2, status_forcelist=[429, 502, 503, 504], allowed_methods=None
    )
    made = requests.Session()
    for scheme in ("http://", "https://"):
        made.mount(scheme, HTTPAdapter(max_retries=retry))
    if token := os.environ.get("JOBS_TOKEN"):
        made.headers["Authorization"] = f"Bearer {token}"
    return made


def main(api: str, job_type: str, job_input: str) -> str:
    """The result as JSON text.

    Raises ValueError if the input is not JSON, requests.RequestException, which is an OSError, if
    there is no answer in the end, and SystemExit if the answer is no.
    """
    http = session()
    answer = http.post(
        f"{api.rstrip('/')}/jobs",
        json={"type": job_type, "input": json.loads(job_input)},
        headers={"Idempotency-Key": f'"{uuid.uuid4()}"'},
        timeout=TIMEOUT_SECONDS,
    )
    if answer.status_code != requests.codes.accepted:
        sys.exit(f"not accepted: {answer.status_code} {answer.text}")
    url = urljoin(answer.url, answer.headers["Location"])
    print("accepted:", url, file=sys.stderr)

    while "finished_at" not in (job := look(http, url)):
        pass
    answer = http.get(urljoin(url, job["links"]["result"]), timeout=TIMEOUT_SECONDS)
    if answer.status_code != requests.codes.ok:
        sys.exit(f"no result: {answer.status_code} {answer.text}")
    return answer.text


def look(http: requests.Session, url: str) -> Any:
    """The job; if it has no end yet, returns no sooner than it makes sense to look again.

    A server that cannot hold the request answers at once.
    """
    asked_at = time.monotonic()
    answer = http.get(url, headers={"Prefer": f"wait={WAIT_SECONDS}"}, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
    if pause := answer.headers.get("Retry-After"):
        time.sleep(max(0.0, asked_at + int(pause) - time.monotonic()))
    return answer.json()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("Usage: python submit.py URL TYPE INPUT")
    try:
        print(main(*sys.argv[1:]))
    except (OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
