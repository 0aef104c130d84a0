"""The dialects that there are, by the names of their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from davgate.rest.dynacase import operations as dynacase
from davgate.rest.gever import operations as gever
from davgate.rest.lora import operations as lora
from davgate.rest.okd import operations as okd
from davgate.rest.operations import Dialect
from davgate.rest.yuuvis import operations as yuuvis

DIALECTS: Final[dict[str, Callable[[Mapping[str, Any]], Dialect]]] = {
    "okd": okd.dialect,
    "gever": gever.dialect,
    "yuuvis": yuuvis.dialect,
    "dynacase": dynacase.dialect,
    "lora": lora.dialect,
}
"""Each makes its dialect of the settings of the section that has its name, if there is one."""
