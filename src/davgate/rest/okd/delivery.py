"""The metadata of a new document as the OpenAPI document describes it; what is really taken is said in ``metadata``."""

from __future__ import annotations

from typing import Annotated, Any, Final, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from davgate.rest.okd.metadata import CONSUMER, DOCUMENT_TYPES, DUTCH_TYPES
from davgate.rest.okd.wire import Wire

_Type = Annotated[str, Meta(extra_json_schema={"enum": [*DOCUMENT_TYPES, *DUTCH_TYPES]})]
_Period = Annotated[str, Meta(pattern="^[0-9]+[YMD]$")]
_Date = Annotated[str, Meta(extra_json_schema={"format": "date"})]
_Key = Annotated[str, Meta(extra_json_schema={"enum": [CONSUMER]})]


class Fields(Wire, kw_only=True):
    """What may be said of a document beside its type; more may be added."""

    document_subtype: str | None = None
    document_id: str | None = None
    document_name: str | None = None
    description: str | None = None
    retention_period_suggestion: _Period | None = None
    received_date: _Date | None = None
    registration_date: _Date | None = None
    student_number: str | None = None
    person_id: str | None = None
    sequence_code: str | None = None


class Consumer(Fields, kw_only=True):
    """The entry for OKD among the consumers of an association of the OOAPI."""

    consumer_key: _Key
    document_type: _Type | UnsetType = UNSET


class Metadata(Fields, kw_only=True):
    """Metadata, flat, or in the entry for OKD of an association."""

    document_type: _Type | UnsetType = UNSET
    association_id: str | None = None
    person: str | dict[str, Any] | None = None
    offering: str | dict[str, Any] | None = None
    consumers: Annotated[list[Consumer], Meta(min_length=1)] | Consumer | UnsetType = UNSET


_HAS_TYPE: Final = {"type": "object", "required": ["documentType"]}
_CONSUMERS_HAVE_TYPE: Final = {"anyOf": [_HAS_TYPE, {"type": "array", "items": _HAS_TYPE}]}
_EITHER_HAS_TYPE: Final = [_HAS_TYPE, {"required": ["consumers"], "properties": {"consumers": _CONSUMERS_HAVE_TYPE}}]

Delivery: TypeAlias = Annotated[Metadata, Meta(extra_json_schema={"anyOf": _EITHER_HAS_TYPE})]
"""Metadata of a new document: in either shape it has a type."""
