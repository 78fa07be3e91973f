"""Every rule, with the page of AWS that it comes from."""

from __future__ import annotations

_LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg"
_SQS = "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide"
_ATTRIBUTES = (
    "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/"
    "API_SetQueueAttributes.html"
)

PAGES = {
    "blind-filter": f"{_LAMBDA}/with-sqs-filtering.html",
    "bundle-size": f"{_LAMBDA}/gettingstarted-limits.html",
    "dead-letter-retention": f"{_SQS}/setting-up-dead-letter-queue-retention.html",
    "dead-letter-type": f"{_SQS}/sqs-dead-letter-queues.html",
    "deploy-refused": f"{_LAMBDA}/invocation-eventsourcemapping.html",
    "environment-size": f"{_LAMBDA}/configuration-envvars.html",
    "environment-variable": f"{_LAMBDA}/configuration-envvars.html",
    "function-refused": "https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html",
    "log-retention": (
        "https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-"
        "streams.html"
    ),
    "mapping-refused": f"{_LAMBDA}/services-sqs-parameters.html",
    "maximum-concurrency": f"{_LAMBDA}/services-sqs-scaling.html",
    "message-size": _ATTRIBUTES,
    "missing-permission": f"{_LAMBDA}/lambda-intro-execution-role.html",
    "missing-policy": "https://aws.github.io/chalice/topics/configfile.html",
    "missing-queue-policy": f"{_SQS}/sqs-basic-examples-of-sqs-policies.html",
    "no-dead-letter-queue": f"{_LAMBDA}/services-sqs-errorhandling.html",
    "no-partial-batches": f"{_LAMBDA}/services-sqs-errorhandling.html",
    "no-recovery": (
        "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery"
        ".html"
    ),
    "not-in-template": "https://aws.github.io/chalice/topics/cfn.html",
    "not-merged": "https://aws.github.io/chalice/topics/cfn.html",
    "plain-secret": f"{_LAMBDA}/configuration-envvars.html",
    "queue-refused": _ATTRIBUTES,
    "receive-count": f"{_LAMBDA}/services-sqs-configure.html",
    "reserved-concurrency": f"{_LAMBDA}/configuration-concurrency.html",
    "resource-refused": (
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
        "aws-template-resource-type-ref.html"
    ),
    "route-timeout": (
        "https://docs.aws.amazon.com/apigateway/latest/developerguide/"
        "api-gateway-execution-service-limits-table.html"
    ),
    "time-to-live": "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html",
    "visibility-timeout": f"{_LAMBDA}/services-sqs-configure.html",
}
