"""Numbers AWS publishes, each with the page it comes from.

SQS: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html
Lambda: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
Mapping: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html
"""

from __future__ import annotations

#: SQS: most messages one ReceiveMessage returns, and most entries in one batch request.
RECEIVE_MESSAGES_MAX = 10
#: SQS: body and message attributes of one message, and of one batch request.
MESSAGE_BYTES_MAX = 1_048_576
#: SQS: longest WaitTimeSeconds.
RECEIVE_WAIT_SECONDS_MAX = 20
#: SQS: longest DelaySeconds.
DELAY_SECONDS_MAX = 900
#: SQS: longest visibility timeout, counted from the receive.
VISIBILITY_TIMEOUT_SECONDS_MAX = 43_200
#: SQS: messages of a queue that are received and not deleted; a FIFO queue has the same limit.
IN_FLIGHT_MAX = 120_000
#: SQS: the sender's attributes of one message.
MESSAGE_ATTRIBUTES_MAX = 10
#: SQS: how long after a purge the next one is refused.
PURGE_INTERVAL_SECONDS = 60
#: SQS: most messages a second that a move task moves, and most tasks of a queue that are listed.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_StartMessageMoveTask.html
MOVES_PER_SECOND_MAX = 500
MOVES_LISTED_MAX = 10
#: SQS FIFO: how long a deduplication id is remembered.
DEDUPLICATION_SECONDS = 300

#: Lambda: largest event of a synchronous invocation, and largest batch of a mapping.
EVENT_BYTES_MAX = 6 * 1024 * 1024
#: Lambda: largest event of an asynchronous invocation.
ASYNCHRONOUS_EVENT_BYTES_MAX = 1_048_576
#: Lambda: how much of its log an invocation may return.
LOG_TAIL_BYTES_MAX = 4 * 1024
#: Lambda: largest answer, as the service words it in its error.
RESPONSE_BYTES_MAX = 6_291_556
#: Lambda: how long an environment may take to load the function's module.
INIT_SECONDS_MAX = 10
#: Lambda: function timeout when none is set, and the longest.
FUNCTION_TIMEOUT_SECONDS_DEFAULT = 3
FUNCTION_TIMEOUT_SECONDS_MAX = 900
#: Lambda: memory of a function.
MEMORY_MB_MIN = 128
MEMORY_MB_MAX = 10_240
#: Lambda: a function's own environment variables, together.
ENVIRONMENT_BYTES_MAX = 4 * 1024
#: Lambda: a deployment package, unpacked.
PACKAGE_BYTES_MAX = 262_144_000
#: Lambda: concurrent invocations of an account, and how many no function can reserve.
ACCOUNT_CONCURRENCY = 1_000
UNRESERVED_CONCURRENCY_MIN = 100

#: Mapping: defaults and bounds.
BATCH_SIZE_DEFAULT = 10
BATCH_SIZE_MAX = 10_000
BATCH_SIZE_FIFO_MAX = 10
BATCH_SIZE_WITHOUT_WINDOW_MAX = 10
BATCHING_WINDOW_SECONDS_MAX = 300
MAXIMUM_CONCURRENCY_MIN = 2
MAXIMUM_CONCURRENCY_MAX = 1_000
#: Mapping of a stream: tries again of a batch, and the age of its records.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-parameters.html
RETRY_ATTEMPTS_MAX = 10_000
RECORD_AGE_SECONDS_MAX = 604_800
#: Mapping: filters of one, unless AWS raises the quota.
#: https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
FILTERS_MAX = 5
#: Mapping: batches in flight at once before any scaling, how many more a minute, and the most.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
CONCURRENT_BATCHES_START = 5
CONCURRENT_BATCHES_PER_MINUTE = 300
CONCURRENT_BATCHES_MAX = 1_250

#: API Gateway: largest request.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
REQUEST_BYTES_MAX = 10 * 1024 * 1024
#: API Gateway: how long an integration may take.
INTEGRATION_SECONDS_MAX = 29
#: API Gateway: all headers together.
#: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
REQUEST_HEADER_BYTES_MAX = 10_240
#: API Gateway: how long an authorizer's answer is kept if nothing else is said.
#: https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html
AUTHORIZER_TTL_SECONDS_DEFAULT = 300
