#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Who may need whom in userspace/: the table of folders in CONTRIBUTING.md, held against includes and calls.

TAP. A folder may include what it stands on, and what that stands on. Files may not need each other in a circle,
neither by includes, where a .c and its .h count as one, nor by calls. Then each mistake is planted in a copy and
has to be found.
"""
import pathlib
import re
import shutil
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parent.parent
# What is made or lies elsewhere: the kernel's header, the build's version, what clang compiles and its skeletons.
OUTSIDE = re.compile(r"refcost_uapi\.h|version\.h|bpf/\w+(\.skel)?\.h")
NOT_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|^#[^\n]*|\"(?:\\.|[^\"\\\n])*\"|goto \w+;|^\w+:$", re.S | re.M)
DEFINITION = re.compile(r"^(?:[a-z]\w*[ *]+)+(\w+)\([^;{}]*\)\n\{", re.M)
GLOBAL = re.compile(r"^(?!static\b)(?:[a-z]\w*[ *]+)+(\w+)\([^;{}]*\)\n\{", re.M)


def read_order(text):
    """Each folder of the table, with the folders it stands on."""
    rows = re.findall(r"^\| ((?:`[\w/]+/`(?:, )?)+) \|([^|]*)\|", text, re.M)
    names = re.compile(r"`([\w/]+)/`")
    return {folder: names.findall(below) for first, below in rows for folder in names.findall(first)}


def circle(graph):
    """The nodes of a circle, or none."""
    done, path = set(), []

    def walk(node):
        if node in path:
            return path[path.index(node):] + [node]
        if node in done:
            return []
        path.append(node)
        found = next(filter(None, (walk(n) for n in sorted(graph.get(node, ())))), [])
        path.pop()
        done.add(node)
        return found

    return next(filter(None, map(walk, sorted(graph))), [])


def below(order, folder):
    """All that a folder stands on, itself included."""
    found, new = set(), [folder]
    while new:
        folder = new.pop()
        if folder not in found:
            found.add(folder)
            new += order.get(folder, [])
    return found


def calls(files):
    """For each .c file: the .c files that define the functions it names, each with one such name."""
    code = {f: NOT_CODE.sub("", text) for f, text in files.items() if f.endswith(".c")}
    home = {}
    for f, text in code.items():
        for name in GLOBAL.findall(text):
            home.setdefault(name, set()).add(f)
    needs = {}
    for f, text in code.items():
        names = set(re.findall(r"(?<![\w.>])\w+", text)) - set(DEFINITION.findall(text))
        needs[f] = {other: name for name in sorted(names & home.keys()) for other in home[name]}
    return needs


def problems(root, order):
    """What is wrong, a line each."""
    files = {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*.[ch]"))}
    folder = lambda f: str(pathlib.PurePath(f).parent)
    may = {d: below(order, d) for d in order}
    may["."] = {".", *order}
    found, includes = [], {}
    folders = {folder(f) for f in files} - {"."}
    found += [f"{d}/ is not in the table" for d in sorted(folders - order.keys())]
    found += [f"{d}/ is in the table and not there" for d in sorted({d for row in order.items() for d in (row[0], *row[1])} - folders)]
    way = circle(order)
    if way:
        found.append(f"circle of folders: {' -> '.join(way)}")

    def need(f, other, how):
        if folder(other) not in may.get(folder(f), set()):
            found.append(f"{f} {how}: {folder(f)} does not stand on {folder(other)}")

    for f, text in files.items():
        includes[f[:-2]] = includes.get(f[:-2], set())
        for name in re.findall(r"^\s*#\s*include\s+\"([^\"]*)\"", text, re.M):
            if OUTSIDE.fullmatch(name):
                continue
            if name not in files or folder(name) == ".":
                found.append(f'{f} includes "{name}", which names no folder and file below userspace/')
                continue
            need(f, name, f"includes {name}")
            if name[:-2] != f[:-2]:
                includes[f[:-2]].add(name[:-2])
    called = calls(files)
    for f, others in called.items():
        for other, name in others.items():
            need(f, other, f"names {name}() of {other}")
    for what, graph in ("includes", includes), ("calls", called):
        way = circle(graph)
        if way:
            found.append(f"circle by {what}: {' -> '.join(way)}")
    return found


# What has to be found, in which words, where it is planted, and what is.
PLANTS = [
    ("an include that points upward", "base/csv.c includes model/model.h", "base/csv.c", '#include "model/model.h"\n'),
    ("an include that points sideways", "trace/sum.c includes refs/refs.h", "trace/sum.c", '#include "refs/refs.h"\n'),
    ("an include without a folder", 'results/rows.c includes "rows.h"', "results/rows.c", '#include "rows.h"\n'),
    ("a call that points upward", "base/text.c names model_free()", "base/text.c", "void plant(void)\n{\n\tmodel_free(0);\n}\n"),
    ("a circle of files by includes", "circle by includes: stats/", "stats/summary.h",
     '#include "stats/series.h"\n'),
    ("a circle of files by calls", "circle by calls: base/progress.c -> base/refcost.c -> base/progress.c", "base/refcost.c",
     "void plant(void)\n{\n\tprogress(0, 0, 0, 0);\n}\n"),
    ("a folder that is not in the table", "more/ is not in the table", "more/text.c", ""),
    ("a circle of folders", "circle of folders: base -> stats -> base", None, ("base", "stats")),
]


def planted(order, path, plant):
    """What is found where one thing is wrong."""
    with tempfile.TemporaryDirectory() as work:
        root = pathlib.Path(work) / "userspace"
        shutil.copytree(TOP / "userspace", root)
        if path is None:
            return problems(root, {**order, plant[0]: [plant[1]]})
        (root / path).parent.mkdir(exist_ok=True)
        with open(root / path, "a", encoding="utf-8") as f:
            f.write(plant)
        return problems(root, order)


def main():
    order = read_order((TOP / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    found = problems(TOP / "userspace", order)
    results = [("what each folder needs is below it, and no files are in a circle", bool(order) and not found, found)]
    for what, words, path, plant in PLANTS:
        found = planted(order, path, plant)
        results.append((f"{what} is found", any(words in line for line in found), found))
    for n, (what, fine, lines) in enumerate(results, 1):
        print(f"{'' if fine else 'not '}ok {n} - {what}")
        if not fine:
            print("".join(f"# {line}\n" for line in lines), end="")
    print(f"1..{len(results)}")
    return not all(fine for _, fine, _ in results)


if __name__ == "__main__":
    sys.exit(main())
