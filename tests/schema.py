#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Is a results directory what docs/results-schema.json says?

schema.py DIR...: a line a problem, exit code 1 where there is one.
schema.py --as NAME FILE: a table, or objects a line each, that definitions/NAME describes. Columns that a table has and the schema
has not are problems, and so are tables that it does not know.
"""
import csv
import json
import pathlib
import sys

import jsonschema

MOST = 5  # problems shown of a file
SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "docs/results-schema.json"


def validator(schema):
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


def undescribed(schema, name=""):
    """Members without a description, all the way down."""
    for key, value in schema.get("properties", {}).items():
        if "description" not in value:
            yield f"{name}{key}"
        yield from undescribed(value, f"{name}{key}.")
    for key, value in schema.get("definitions", {}).items():
        yield from undescribed(value, f"{key}: ")


def number(text):
    """A field as JSON has it: 1, 1.5 or a word."""
    for kind in int, float:
        try:
            return kind(text)
        except ValueError:
            pass
    return text


def json_problems(schema, path):
    try:
        with open(path, encoding="utf-8") as f:
            document = json.load(f)
    except (OSError, ValueError) as error:
        yield f"{error}"
        return
    for error in validator(schema).iter_errors(document):
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def csv_problems(schema, path):
    if not schema:
        yield "a table that the schema does not know"
        return
    check = validator(schema)
    words = {name for name, value in schema["properties"].items() if value.get("type") == "string"}
    with open(path, newline="", encoding="utf-8") as f:
        table = csv.DictReader(f)
        order = [name for name in schema["properties"] if name in table.fieldnames]
        if order != table.fieldnames:
            yield f"columns {table.fieldnames} are not, in this order, columns of the schema"
            return
        key, seen = [name for name in schema.get("key", []) if name in order], {}
        for row in table:
            cell = tuple(row[name] for name in key)
            if key and seen.setdefault(cell, table.line_num) != table.line_num:
                yield f"line {table.line_num}: it is of the same cell as line {seen[cell]}"
            fields = {k: v if k in words else number(v) for k, v in row.items() if v != ""}
            for error in check.iter_errors(fields):
                yield f"line {table.line_num}: {'.'.join(map(str, error.path))}: {error.message[:200]}"


def problems(schema, directory):
    tables = schema["definitions"]
    for name, table in tables.items():
        if "$ref" in table:  # has those columns, and any number of rows of a cell
            tables[name] = {k: v for k, v in tables[table["$ref"].rpartition("/")[2]].items() if k != "key"}
    files = [(directory / "run.json", json_problems(schema, directory / "run.json"))]
    for path in sorted(directory.glob("*.csv")):
        files.append((path, csv_problems(tables.get(path.name), path)))
    for path, found in files:
        for n, problem in enumerate(found):
            if n == MOST:
                yield f"{path}: and more"
                break
            yield f"{path}: {problem}"


def lines_problems(schema, name, path):
    """Objects, one a line."""
    check = validator({"$ref": f"#/definitions/{name}", "definitions": schema["definitions"]})
    with open(path, encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            for error in check.iter_errors(json.loads(line)):
                yield f"line {n}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def main():
    with open(SCHEMA, encoding="utf-8") as f:
        schema = json.load(f)
    found = [f"{SCHEMA.name}: {name} has no description" for name in undescribed(schema)]
    if sys.argv[1:2] == ["--as"]:
        name, path = sys.argv[2:4]
        if name.endswith(".csv"):
            found += csv_problems(schema["definitions"][name], path)
        else:
            found += lines_problems(schema, name, path)
        del sys.argv[1:4]
    for directory in sys.argv[1:]:
        found += problems(schema, pathlib.Path(directory))
    print("\n".join(found), end="\n" if found else "")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
