"""``python -m benchmarks.loads.receive ours|stock 10 1000``: CPU of a receive at each depth."""

from __future__ import annotations

import statistics
import sys
import time

import msgspec

from benchmarks.loads import clouds

#: Receives measured at each depth, unless they take too long; their median counts.
_RECEIVES_MAX = 301
_CPU_SECONDS_MAX = 3


def receive_cpu_ms(cloud_name: str, waiting: int) -> float:
    """CPU of one receive of ten while ``waiting`` messages wait."""
    sqs, receive_ten = clouds.client("sqs"), clouds.cloud(cloud_name).receive_ten
    name = f"depth-{waiting}"
    url = sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": f"message {n}"} for n in range(10)]
    for _ in range(waiting // 10):
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    samples: list[float] = []
    while len(samples) < _RECEIVES_MAX and sum(samples) < _CPU_SECONDS_MAX * 1000:
        started = time.thread_time()
        received = receive_ten(name)
        samples.append((time.thread_time() - started) * 1000)
        # as many wait again, and none is in flight
        handles = [
            {"Id": str(n), "ReceiptHandle": m.receipt_handle} for n, m in enumerate(received)
        ]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    return round(statistics.median(samples), 4)


if __name__ == "__main__":
    with clouds.answering(sys.argv[1]):
        found = {depth: receive_cpu_ms(sys.argv[1], int(depth)) for depth in sys.argv[2:]}
    print(msgspec.json.encode(found).decode())
