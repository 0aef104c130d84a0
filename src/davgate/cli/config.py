"""``davgate config``: the example file of the settings, made from their declarations."""

from __future__ import annotations

import argparse
import json

from davgate.config import sections, settings

HEADING = """\
# Settings of davgate, as `davgate config example` writes them: every line shows a default.
# A setting is looked up in this file (given by --config FILE), then in the environment (DAVGATE_SERVER_LISTEN is listen
# in [server]), then among the flags of the command; the last one found counts.
# Sizes: bytes, or a text such as "64 KiB" (units of 1,024) or "64 kB" (units of 1,000).
# Times: seconds, or a text such as "500ms", "10s", "5m", "24h" or "7d".
"""


def example() -> str:
    """Return the text of a file that names every setting and sets none."""
    lines = [HEADING]
    headings = {name: str(kind.__doc__).partition("\n")[0] for name, kind in sections().items()}
    previous = ""
    for name, known in settings().items():
        section, _, key = name.rpartition(".")
        if section != previous:
            lines.append(f"\n# {headings[section]}\n[{section}]\n")
            previous = section
        bounds = f" Range: {known.bounds}." if known.bounds else ""
        # Text, numbers and booleans look the same in TOML and in JSON.
        shown = json.dumps("DIR" if known.default is None else known.default)
        lines.append(f"# {known.help}{bounds}\n# {key} = {shown}\n")
    return "\n".join(lines)


def run(args: argparse.Namespace) -> int:
    """Print the example file."""
    print(example(), end="")
    return 0
