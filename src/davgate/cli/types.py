"""``davgate types``: the object types with the files that they come from, and whether they go with what is stored."""

from __future__ import annotations

import argparse
import sys

from davgate.cli.main import Exit
from davgate.cli.output import count, write_json, write_table
from davgate.config import Config, ConfigError
from davgate.configured import open_store, types_of
from davgate.core.types_in_use import orphans
from davgate.model.object_types import ObjectType, ObjectTypes
from davgate.storage import schema


def run(args: argparse.Namespace, config: Config) -> int:
    """List the types, or check them, and return the exit code: of a check 1 if they cannot be used."""
    if args.check:
        return _check(config, is_for_programs=args.json)
    types = types_of(config)
    if args.json:
        write_json([_told(types, of) for of in types])
    else:
        rows = [(of.name, of.base, of.extends, str(_fields(of)), ", ".join(types.files[of.name])) for of in types]
        write_table(("TYPE", "BASE", "EXTENDS", "PROPERTIES", "FILES"), rows, numbers=(3,))
    return 0


def _check(config: Config, *, is_for_programs: bool) -> int:
    mistakes, known = _mistakes(config)
    if is_for_programs:
        write_json({"types": known, "mistakes": mistakes})
    elif mistakes:
        for mistake in mistakes:
            print(mistake)
        print(count(len(mistakes), "mistake"), "found.", file=sys.stderr)
    else:
        print(f"{count(known, 'type')}, and nothing stored is of another.")
    return Exit.DAMAGED if mistakes else Exit.DONE


def _mistakes(config: Config) -> tuple[list[str], int]:
    """Return what is wrong, and how many types could be read."""
    try:
        types = types_of(config)
    except ConfigError as error:
        return [*error.mistakes], 0
    store = open_store(config, types=types)
    try:
        schema.check(store.database)
        return [f"types: {sentence}" for sentence in orphans(store, types)], sum(1 for _ in types)
    finally:
        store.database.close()


def _told(types: ObjectTypes, of: ObjectType) -> dict[str, object]:
    groups = {} if of.temporal is None else of.temporal.groups
    return {
        "type": of.name,
        "label": of.label,
        "base": of.base,
        "extends": of.extends or None,
        "properties": [one.name for one in of.properties] if of.temporal is None else [],
        "groups": {key: [one.name for one in fields] for key, fields in groups.items()},
        "files": list(types.files[of.name]),
    }


def _fields(of: ObjectType) -> int:
    """Return the number of properties, of a class of OIO of the fields in all its groups."""
    return len(of.properties) if of.temporal is None else sum(map(len, of.temporal.groups.values()))
