"""The service's numbers, each with what binds it."""

from __future__ import annotations

#: Body of a request. SQS takes 1 MiB a message and bills each 64 KiB as a request.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
BODY_BYTES_MAX = 256 * 1024
JSON_DEPTH_MAX = 64
JSON_MEMBERS_MAX = 10_000
#: Longest number in a request: beyond it no client means a number.
NUMBER_CHARACTERS_MAX = 1_000
#: Errors told in one answer.
INPUT_ERRORS_MAX = 20

DEADLINE_SECONDS_DEFAULT = 3_600
#: Seven days, well inside the 14 that SQS keeps a message.
DEADLINE_SECONDS_MAX = 604_800
#: SQS: longest DelaySeconds.
DELAY_SECONDS_MAX = 900
ATTEMPTS_DEFAULT = 3
ATTEMPTS_MAX = 10
TAGS_MAX = 10
TAG_NAME_BYTES_MAX = 64
TAG_VALUE_BYTES_MAX = 256

#: How long a finished job can be read.
RETENTION_SECONDS = 604_800
#: DynamoDB bills a write in units of 1 KB, so a job with its result should stay below one.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html
WRITE_UNIT_BYTES = 1_024
#: Compressed result or input in an item of its own. DynamoDB: 400 KB an item.
#: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
PAYLOAD_ITEM_BYTES_MAX = 350 * 1024
#: Result as JSON text. Lambda: 6 MB an answer.
#: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
RESULT_BYTES_MAX = 5 * 1024 * 1024

#: Compressed result from which S3 costs less than the table: a put there is eight write units.
#: https://aws.amazon.com/s3/pricing/
RESULT_OBJECT_FROM_BYTES = 8 * 1024
#: Result as JSON text in S3: what a worker's memory and the end of its time allow.
RESULT_OBJECT_BYTES_MAX = 32 * 1024 * 1024
#: How long a link to a result in S3 opens it.
RESULT_LINK_SECONDS = 300

#: Between two machines' clocks: how much later than the owner others take a lease for passed.
LEASE_MARGIN_MS = 2_000
#: What a worker keeps of its own time to write down how a task ended.
FINISH_MARGIN_MS = 2_000

#: Wait before the second attempt; each further wait is twice as long.
BACK_OFF_SECONDS = 5
BACK_OFF_SECONDS_MAX = 900

#: The queue's maxReceiveCount in .chalice/resources.json: more than any job has attempts, so that
#: the job's own count decides first.
RECEIVES_MAX = ATTEMPTS_MAX + 5
#: SQS: longest visibility timeout, twelve hours from the receive, less the longest invocation.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-visibility-timeout.html
HIDE_SECONDS_MAX = 43_200 - 900

#: Between the clocks of who issues tokens and of who verifies them.
TOKEN_LEEWAY_SECONDS = 30
#: How long API Gateway keeps an authorizer's answer: so much longer an expired token may pass.
AUTHORIZER_CACHE_SECONDS = 60

#: Messages in the queue from which on tenants with many jobs that wait are told to come later.
BACKLOG_MESSAGES_MAX = 10_000
#: How old a count of them may be: one request to SQS in this time, for each process.
BACKLOG_SECONDS = 5
#: A tenant's newest jobs, one page of the table: where all of them wait, it has too many.
BACKLOG_TENANT_JOBS_MAX = 100

#: Longest Retry-After.
RETRY_AFTER_SECONDS_MAX = 30

#: Beyond it proxies and servers begin to cut URLs off.
CALLBACK_URL_CHARACTERS_MAX = 2_048
#: Body of a callback: what receivers can be expected to take.
#: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#payload-size
CALLBACK_BODY_BYTES_MAX = 20 * 1024
#: What is read of a receiver's answer, at most: its status and headers.
CALLBACK_ANSWER_BYTES_MAX = 16 * 1024
#: For one delivery, from connecting to the answer's headers.
CALLBACK_SECONDS_MAX = 10
#: After its time a callback is taken for lost, and queued again.
CALLBACK_LATE_SECONDS = 900

#: How long a client's key stands for the job it made.
IDEMPOTENCY_KEY_SECONDS = 86_400
IDEMPOTENCY_KEY_CHARACTERS_MAX = 255

#: API Gateway: a function that has not answered after 29 s is given up on, and holding one costs
#: more than a poll for any job that takes longer than about a second.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
WAIT_SECONDS_MAX = 20
#: What a waiting request keeps of its function's time to answer.
ANSWER_MARGIN_MS = 2_000

LIST_JOBS_DEFAULT = 20
LIST_JOBS_MAX = 100
#: Reads for one page, each of up to a hundred records, before the client is sent on to the next.
LIST_READS_MAX = 10

BATCH_JOBS_MAX = 100
BATCH_BYTES_MAX = 900 * 1024
#: SQS: messages in one SendMessageBatch, and their size together.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
SEND_BATCH_MESSAGES_MAX = 10
SEND_BATCH_BYTES_MAX = 1024 * 1024
#: Puts of one batch under way at the same time.
BATCH_THREADS = 8
