"""AWS's list prices in us-east-1, without the free tier.

In dollars a million (requests, units, GB seconds) or a GB.
"""

from __future__ import annotations

#: When they were last compared with what is published.
PRICES_DATE = "2026-03"

#: REST APIs. https://aws.amazon.com/api-gateway/pricing/
API_GATEWAY_REQUEST = 3.50
#: Functions on arm64. https://aws.amazon.com/lambda/pricing/
LAMBDA_REQUEST = 0.20
LAMBDA_GB_SECOND = 13.3334
#: Of a standard queue and of a FIFO one; each 64 KB are one more. A send with a message group to a
#: standard queue, which makes it a fair one, costs more. https://aws.amazon.com/sqs/pricing/
SQS_REQUEST = 0.40
SQS_FIFO_REQUEST = 0.50
SQS_GROUPED_SEND = 0.10
SQS_REQUEST_BYTES = 64 * 1024
#: On demand. https://aws.amazon.com/dynamodb/pricing/on-demand/
DYNAMODB_WRITE_UNIT = 0.625
DYNAMODB_READ_UNIT = 0.125
#: PUT, COPY, POST and LIST; GET and all others; deleting is free. https://aws.amazon.com/s3/pricing/
S3_PUT = 5.00
S3_GET = 0.40
#: https://aws.amazon.com/sns/pricing/
SNS_PUBLISH = 0.50
#: Custom events, each 64 KB one more. https://aws.amazon.com/eventbridge/pricing/
EVENTBRIDGE_EVENT = 1.00
#: https://aws.amazon.com/cloudwatch/pricing/
LOGS_GB = 0.50
#: A custom metric, for each month or part of it in which it has values.
METRIC_A_MONTH = 0.30
#: To the internet. https://aws.amazon.com/ec2/pricing/on-demand/
EGRESS_GB = 0.09

#: Lambda keeps five long polls of 20 seconds open at each queue that has nothing.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
IDLE_RECEIVES_A_MONTH = 5 * 3 * 60 * 24 * 30
