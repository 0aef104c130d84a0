"""The dialects that there are, by the names of their settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from davgate.rest.gever import operations as gever
from davgate.rest.okd import operations as okd
from davgate.rest.operations import Dialect

DIALECTS: Final[dict[str, Callable[[Mapping[str, Any]], Dialect]]] = {"okd": okd.dialect, "gever": gever.dialect}
"""Each makes its dialect of the settings of the section that has its name, if there is one."""
