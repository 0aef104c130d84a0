"""``davgate config``: the example file of the settings, made from their declarations."""

from __future__ import annotations

import argparse
import json

from davgate.config import Setting, named_sections, named_settings, sections, settings

HEADING = """\
# Settings of davgate, as `davgate config example` writes them: every line shows a default, but for the sections at the end
# that have a name of their own (#[issuers.company]): of such there are as many as you write, and none at first
# (DAVGATE_ISSUERS__COMPANY__ISSUER in the environment).
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
        lines.append(f"# {meaning(known)}\n# {key} = {shown('DIR' if known.default is None else known.default)}\n")
    for kind_name, kind in named_sections().items():
        lines.append(f"\n# {str(kind.__doc__).partition(chr(10))[0]}\n#[{kind_name}.company]\n")
        for name, known in named_settings().items():
            if name.startswith(kind_name + "."):
                value = known.default if known.example is None else known.example
                lines.append(f"# {meaning(known)}\n#{name.rpartition('.')[2]} = {shown(value)}\n")
    return "\n".join(lines)


def meaning(known: Setting) -> str:
    """Return what a setting does and which values it takes."""
    return f"{known.help} Range: {known.bounds}." if known.bounds else known.help


def shown(value: object) -> str:
    """Return a value in TOML, where text, numbers, booleans and lists of them look as in JSON."""
    return json.dumps(value)


def run(args: argparse.Namespace) -> int:
    """Print the example file."""
    print(example(), end="")
    return 0
