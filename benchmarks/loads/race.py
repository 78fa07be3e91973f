"""``python -m benchmarks.loads.race ours|stock|endpoint``: prints what the races found, as JSON."""

from __future__ import annotations

import sys

import msgspec

from benchmarks.loads import clouds, dynamodb_race, sqs_race

if __name__ == "__main__":
    with clouds.answering(sys.argv[1]):
        print(msgspec.json.encode({**dynamodb_race.run(), **sqs_race.run()}).decode())
