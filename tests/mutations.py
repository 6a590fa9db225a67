#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Damaged results directories: whatever is done to one, refcost says in one line what is wrong with it.

mutations.py [--n N] [--seed S] [--jobs J] [--seconds T] [FORKED]: N directories, each damaged in one place or
two, drawn from the seed, given to report, html, compare and a dry run that would go on with it. FORKED runs the
commands, see tests/forked.c. TAP. None may end by a signal or with a code that its man page does not name, take
longer than T seconds of CPU time, say more than one line, or none where it fails, or leave anything but whole files.
"""
import argparse
import csv
import io
import json
import multiprocessing
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SCHEMES = ["empty", "kref", "rwsem"]
BLOCKS = 3
NUMBERS = ["", "0", "-1", "nan", "-nan", "inf", "-inf", "1e308", "-1e308", "1e-320", "18446744073709551616", "0x10", "1,5", "1.5",
           "9" * 400, "99999999999", "4294967296", "2147483648", "word", " 7", "7 ", "\u0661", "%s%n", "'", '"', "|", "NULL"]
VALUES = [None, True, 0, -1, 1e308, 2**53, 2**63 - 1, "", "x" * 5000, "a\nb|c", "<script>", "%n%n", [], {}, [[]], [None], {"a": {"b": []}}]
SHOWN = 10
# The plan of the stored run, less schemes and blocks, on whatever machine this is.
SAME_PLAN = ["run", "--dry-run", "-s", ",".join(SCHEMES), "-b", str(BLOCKS), "-c", "1,2,4", "--mode", "getput,lookup",
             "--window", "120ms", "--warmup", "20ms", "--gaps", "long",
             "--counters=cycles,cache-misses,branches", "-o"]
CODES = {"report": {0, 1}, "compare": {0, 1, 3}, "run": {0, 1}}


def counted(directory):
    """The stored directory, with made-up counts."""
    shutil.copytree(HERE / "data/run", directory)
    subprocess.run(["bash", "-c", '. "$1" && counted "$2"', "-", HERE / "counted.sh", directory], check=True)


def small(sample, directory):
    """A valid directory of three schemes and blocks, out of another."""
    directory.mkdir()
    with open(sample / "run.json", encoding="utf-8") as f:
        run = json.load(f)
    for part in "run", "unload", "instructions":
        plan = run[part]["plan"]
        plan["schemes"] = [s for s in SCHEMES if part != "unload" or s != "empty"]
        plan["cycles" if part == "unload" else "blocks"] = BLOCKS
    with open(directory / "run.json", "w", encoding="utf-8") as f:
        json.dump(run, f, indent=1)
    for path in sample.glob("*.csv"):
        with open(path, newline="", encoding="utf-8") as f:
            rows = list(csv.reader(f))
        head = rows[0]
        keep = [r for r in rows[1:] if "scheme" not in head or r[head.index("scheme")] in SCHEMES]
        for name in "block", "cycle":
            if name in head:
                keep = [r for r in keep if int(r[head.index(name)]) < BLOCKS]
        with open(directory / path.name, "w", newline="", encoding="utf-8") as f:
            csv.writer(f, lineterminator="\n").writerows([head] + keep[:120])


def bytewise(rng, data):
    at, n = rng.randrange(len(data) + 1), rng.choice([1, 2, 8, 100, 5000])
    return rng.choice([
        lambda: data[:at],
        lambda: data[:at] + rng.randbytes(n) + data[at:],
        lambda: data[:at] + data[at + n:],
        lambda: data[:at] + data[at:at + n] + data[at:],
        lambda: data[:at] + b"\0" + data[at + 1:],
        lambda: data.replace(b"\n", b"\r\n"),
        lambda: b"\xef\xbb\xbf" + data,
        lambda: b"",
        lambda: rng.randbytes(n),
        lambda: data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1:] if at < len(data) else data + b"\n",
    ])()


def table(rng, data):
    """A table with one thing wrong that a table can have."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode(errors="replace"), newline="")))
    except csv.Error:  # it is damaged already
        return bytewise(rng, data)
    if len(rows) < 2 or not rows[0]:
        return bytewise(rng, data)
    row, a, b = rng.randrange(1, len(rows)), rng.randrange(len(rows[0])), rng.randrange(len(rows[0]))
    kind = rng.randrange(8)
    if kind < 3 and a < len(rows[row]):
        rows[row][a] = rng.choice(NUMBERS)
    elif kind == 3:
        rows.insert(rng.randrange(1, len(rows)), rows[row])
    elif kind == 4:
        rows = [[r[b] if i == a else r[a] if i == b else v for i, v in enumerate(r)] if len(r) > max(a, b) else r for r in rows]
    elif kind == 5:
        rows = [r[:a] + r[a + 1:] for r in rows]
    elif kind == 6:
        rows[0][a] = rows[0][b]
    else:
        del rows[rng.choice([0, row])]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def document(rng, data):
    """run.json with one value changed, gone, or of another kind."""
    try:
        root = json.loads(data)
    except ValueError:
        return bytewise(rng, data)
    node = root
    while isinstance(node, (dict, list)) and node:
        key = rng.choice(sorted(node)) if isinstance(node, dict) else rng.randrange(len(node))
        if not isinstance(node[key], (dict, list)) or not node[key] or rng.random() < 0.25:
            if rng.random() < 0.3:
                del node[key]
            else:
                node[key] = rng.choice(VALUES)
            break
        node = node[key]
    if rng.random() < 0.05:
        root = rng.choice([[root], None, 7, "run", [[[]]] * 1000, {"schema": 2}])
    return json.dumps(root).encode()


def place(rng, path):
    """Something else than a file in its place."""
    path.unlink()
    kind = rng.randrange(5)
    if kind == 0:
        path.mkdir()
    elif kind == 1:
        path.symlink_to(path)
    elif kind == 2:
        path.symlink_to("/dev/null")
    elif kind == 3:
        os.mkfifo(path)


def mutate(rng, directory):
    for _ in range(rng.choice([1, 1, 1, 2])):
        files = sorted(p for p in directory.iterdir() if p.is_file() and not p.is_symlink())
        path = rng.choice(files + [directory / "run.json"] * 4)
        if not path.is_file() or path.is_symlink():
            continue
        kind = rng.random()
        if kind < 0.1:
            place(rng, path)
            continue
        change = bytewise if kind < 0.4 else document if path.suffix == ".json" else table
        path.write_bytes(change(rng, path.read_bytes()))


class Refcost:
    """The command, run by a process that forks."""

    def __init__(self, forked, work, seconds):
        self.err, self.seconds = work / "err", seconds
        release = subprocess.run([HERE.parent / "tools/kernel-release.sh"], capture_output=True, text=True, check=True)
        modules = HERE.parent / "build/kmod" / release.stdout.strip()
        # Neither an error that a sanitizer found nor a leak is one of refcost's own codes.
        asan = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "exitcode=98"]))
        env = dict(os.environ, ASAN_OPTIONS=asan, UBSAN_OPTIONS="print_stacktrace=1:exitcode=98",
                   REFCOST_MODULES=str(modules), HWLOC_SYNTHETIC="core:4 pu:1")
        self.process = subprocess.Popen([forked, self.err, str(seconds)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env)

    def problems(self, *words):
        """What is wrong with how a command ended; its exit code, or None."""
        self.process.stdin.write("\t".join(str(w) for w in words).encode() + b"\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        said = self.err.read_bytes().decode(errors="replace").split("\n")
        err = [line for line in said if line and ".svg is not there" not in line]
        found, shown = [], " | ".join(err[:8])
        code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
        if code is None:
            ended = signal.Signals(os.WTERMSIG(status)).name
            found.append({"SIGXCPU": f"took longer than {self.seconds} s", "SIGALRM": "hung"}.get(ended, f"ended by {ended}"))
        elif code not in CODES[words[0]]:
            found.append(f"exit code {code}: {shown}")
        if len(err) > 1 or any(not line.startswith("refcost: ") for line in err):
            found.append(f"{len(err)} lines on standard error: {shown}")
        if code == 1 and not err:
            found.append("fails without a word")
        return [f"{words[0]}: {problem}" for problem in found], code


def files(directory):
    return {p.name: p.read_bytes() for p in directory.iterdir() if p.is_file()}


def check(refcost, work):
    """All commands on one damaged directory, beside the whole one; a line a problem."""
    base, bad, out = work / "base", work / "bad", work / "out"
    before = files(out)
    found, code = refcost.problems("report", bad, "-o", out)
    if code and files(out) != before:
        found.append("report failed, and changed what was there")
    if any(name.endswith(".new") for name in files(out)):
        found.append("report left a file that is not whole")
    for words in [
            ["report", "--html", bad, "-o", work / "page.html"],
            ["compare", base, bad],
            ["compare", "--force", bad, base],
            [*SAME_PLAN, bad],
    ]:
        found += refcost.problems(*words)[0]
    return found


def share(args, job):
    """What one of the jobs finds: (damage, problem), damage -1 being the directory before any."""
    work = pathlib.Path(tempfile.mkdtemp())
    found = []
    try:
        counted(work / "counted")
        small(work / "counted", work / "base")
        (work / "out").mkdir()
        refcost = Refcost(os.path.abspath(args.forked), work, args.seconds)
        for words in ["report", work / "base", "-o", work / "out"], [*SAME_PLAN, work / "base"]:
            whole, code = refcost.problems(*words)
            found += [(-1, problem) for problem in whole or ([f"{words[0]}: exit code {code}"] if code else [])]
        for i in range(job, args.n, args.jobs):
            rng = random.Random(f"{args.seed}-{i}")
            shutil.copytree(work / "base", work / "bad")
            mutate(rng, work / "bad")
            found += [(i, problem) for problem in check(refcost, work)]
            shutil.rmtree(work / "bad")
    finally:
        shutil.rmtree(work)
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--n", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("forked", nargs="?", default="build/tests/forked")
    args = parser.parse_args()
    with multiprocessing.Pool(args.jobs) as pool:
        found = sum(pool.starmap(share, [(args, job) for job in range(args.jobs)]), [])
    whole = [problem for i, problem in found if i < 0]
    print("".join(f"# {problem}\n" for problem in whole), end="")
    print(f"{'not ' if whole else ''}ok 1 - the directory before the damage is fine")
    bad = sorted(pair for pair in found if pair[0] >= 0)
    for i, problem in bad[:SHOWN]:
        print(f"# damage {i}: {problem[:400]}")
    print(f"{'not ' if bad else ''}ok 2 - {args.n} damaged directories, seed {args.seed}: "
          f"{len({i for i, _ in bad})} were not taken well")
    print("1..2")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
