"""What moto works out anew in every request, done once: same answers for a fraction of the CPU.

moto is the slowest part of a local AWS call by far. Each change here keeps something that depends
on nothing but its key (a name in snake case, under which names a model finds an attribute), or
takes fewer steps to the same answer. Made for moto 5.2; requests are answered under one lock.
"""

from __future__ import annotations

import functools
import string
from typing import Any

import moto.core.responses
import moto.core.serialize
import moto.core.utils
import moto.sqs.models
from moto.core.base_backend import AccountSpecificBackend, BackendDict
from moto.core.common_models import BaseModel
from moto.core.serialize import AttributePickerContext
from moto.moto_api._internal.moto_random import MotoRandom
from moto.s3.models import FakeKey

from emulator.cloud import expression_caches, expression_errors

#: The kinds of DynamoDB's values that are the same text on the wire.
_TEXTS = {"S", "N"}


def install(account_id: str) -> None:
    """Put the caches into moto; doing so twice changes nothing. There is one account."""
    if moto.core.responses.camelcase_to_underscores is _snake_case:
        return
    expression_caches.install()
    expression_errors.install()
    moto.core.serialize.ResponseSerializer.get_value = _value
    moto.core.serialize.BaseJSONSerializer._serialize_type_structure = _structure  # noqa: SLF001
    for module in (moto.core.responses, moto.core.utils, moto.sqs.models):
        module.camelcase_to_underscores = _snake_case
    moto.core.responses.method_names_from_class = functools.lru_cache(None)(
        moto.core.utils.method_names_from_class
    )
    MotoRandom.get_random_string = _random_string
    BackendDict.__getitem__ = _account
    AccountSpecificBackend._generate_regions = _regions  # noqa: SLF001
    BaseModel.__new__ = _untracked
    # an object closes its file when it goes; moto warns, and goes by its list instead
    FakeKey.__del__ = FakeKey.dispose
    # moto looks through the access keys of every partition for the account
    moto.core.responses.BaseResponse.get_current_account = lambda _response: account_id


_make_account = BackendDict.__getitem__


def _account(self: Any, account_id: str) -> Any:
    """What is there is there: moto lists all accounts under a lock to find out."""
    return (
        dict.__getitem__(self, account_id)
        if account_id in self
        else _make_account(self, account_id)
    )


_generate_regions = AccountSpecificBackend._generate_regions.__wrapped__  # noqa: SLF001


def _regions(_self: Any, service_name: str) -> Any:
    """moto keeps them together with whoever asked, and so every backend for ever."""
    return _regions_of(service_name)


@functools.lru_cache(None)
def _regions_of(service_name: str) -> Any:
    return _generate_regions(AccountSpecificBackend, service_name)


def _untracked(cls: Any, *_: Any, **__: Any) -> Any:
    """moto lists every object it has ever made, rows that are long gone too, for its dashboard."""
    return object.__new__(cls)


_snake_case = functools.lru_cache(None)(moto.core.utils.camelcase_to_underscores)


_get_value = moto.core.serialize.ResponseSerializer.get_value


def _value(self: Any, value: Any, key: str, shape: Any) -> Any:
    """A member of a dict, by the first of its possible names: they depend on the shape alone."""
    picker = self._value_picker
    if type(value) is not dict or picker.response_transformers:
        return _get_value(self, value, key, shape)
    names = shape.__dict__.get("names_in_a_dict")
    if names is None:
        context = AttributePickerContext(obj={}, key=key, shape=shape)
        names = shape.names_in_a_dict = tuple(dict.fromkeys(picker.get_possible_keys(context)))
    for name in names:
        if name in value:
            return value[name]
    return None


_serialize_structure = moto.core.serialize.BaseJSONSerializer._serialize_type_structure  # noqa: SLF001


def _structure(self: Any, *arguments: Any) -> None:
    """A value of DynamoDB says which one of its eleven members it has."""
    serialized, value, shape, key = arguments
    if shape.name != "AttributeValue" or type(value) is not dict:
        _serialize_structure(self, *arguments)
        return
    wrapper: dict[str, Any] = {}
    for kind, content in value.items():
        if kind in _TEXTS and type(content) is str:
            wrapper[kind] = content
        else:
            self._serialize(wrapper, content, shape.members[kind], kind)
    serialized[self.get_serialized_name(shape, key)] = wrapper


def _random_string(
    self: MotoRandom,
    length: int = 20,
    include_digits: bool = True,  # noqa: FBT001, FBT002 - as moto calls it
    lower_case: bool = False,  # noqa: FBT001, FBT002
) -> str:
    """A request id, drawn at once instead of letter by letter."""
    pool = string.ascii_letters + (string.digits if include_digits else "")
    drawn = "".join(self.choices(pool, k=length))
    return drawn.lower() if lower_case else drawn
