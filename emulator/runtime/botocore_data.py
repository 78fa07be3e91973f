"""botocore's descriptions of services and endpoints, read once for all that a zygote forks.

Every session reads them anew with its first client, and looks through some nine hundred folders for
them: most of the CPU of a cold start that loads nothing else.
"""

from __future__ import annotations

import botocore.session
from botocore.loaders import Loader, create_loader

#: What is read for any client,
_OF_ALL = ("endpoints", "partitions", "sdk-default-configuration")
#: and for those that most functions make, each with two files.
_SERVICES = ("dynamodb", "sqs")
_FILES = ("service-2", "endpoint-rule-set-1")


def share() -> None:
    """Have every session of this process, and of its children, use what one loader has read."""
    shared = create_loader()
    for name in _OF_ALL:
        shared.load_data_with_path(name)
    for service in _SERVICES:
        for file in _FILES:
            # as botocore asks, who remembers answers by the words of the question
            shared.load_service_model(service, file, api_version=None)

    def loader(search_path: str | None = None) -> Loader:
        return shared if search_path is None else create_loader(search_path)

    botocore.session.create_loader = loader
