#!/usr/bin/env python3
"""Checks the command line tool as a script would use it: check_command_line.py CHECK PROGRAM.

help         every command explains itself, and the pages of the tool list it
usage        wrong usage is exit status 2, a failure 1 with its id, success 0
json         with --json, standard output is one JSON value with the fields that scripts read
unavailable  what this machine lacks is exit status 3
pages        include/lathe/errors.md is what `lathe errors --markdown` writes
completion   bash completes commands, options, their values and operators
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SMALL = ["gemm", "9", "10", "11", "--threads", "1"]


class Tool:
    """The program, run with words; remembers what went wrong."""

    def __init__(self, program):
        self.program = program
        self.problems = []

    def run(self, *words, status=0, **variables):
        done = subprocess.run([self.program, *words], capture_output=True, text=True, timeout=120,
                              env={**os.environ, **variables}, check=False)
        self.expect(done.returncode == status,
                    f"lathe {' '.join(words)}: exit status {done.returncode}, not {status}: "
                    f"{done.stderr.strip()}")
        return done

    def expect(self, good, text):
        if not good:
            self.problems.append(text)

    def json(self, *words, status=0, keys=()):
        text = self.run(*words, status=status).stdout
        try:
            value = json.loads(text)
        except ValueError as problem:
            self.expect(False, f"lathe {' '.join(words)}: no JSON ({problem}): {text[:80]!r}")
            return None
        first = value[0] if isinstance(value, list) and value else value
        for key in keys:
            self.expect(key in first, f"lathe {' '.join(words)}: no '{key}' in its JSON")
        return value

    def commands(self, *path):
        """All commands below `path`, as lists of words."""
        text = self.run(*path, "--help").stdout
        _, _, listed = text.partition("Subcommands:\n")
        for name in re.findall(r"^  ([a-z]+) ", listed, re.M):
            yield [*path, name]
            yield from self.commands(*path, name)


def check_help(tool):
    table = (ROOT / "tools/README.md").read_text().partition("| command |")[2].partition("\n\n")[0]
    listed = [each.split() for cell in re.findall(r"^\|([^|]*)\|", table, re.M)
              for each in re.findall(r"`([^`]+)`", cell)]
    found = list(tool.commands())
    tool.expect(["fpga", "explore"] in found, "commands are not found in --help")
    below = {tuple(each[:-1]) for each in found}
    for each in found:
        text = tool.run(*each, "--help").stdout
        tool.expect("Options:" in text, f"lathe {' '.join(each)} --help says nothing")
        if tuple(each) not in below:  # runs itself
            tool.expect(each in listed, f"tools/README.md has no row for `{' '.join(each)}`")
            if each != ["completion"]:
                tool.expect("--json" in text, f"lathe {' '.join(each)} has no --json")
    for each in listed:
        tool.expect(each in found, f"tools/README.md: there is no `lathe {' '.join(each)}`")
    for wanted in ("0 done", "1 failed", "2 wrong usage", "3 not possible"):
        tool.expect(wanted in tool.run("--help").stdout, f"lathe --help: no '{wanted}'")


def check_usage(tool):
    for words in ([], ["frobnicate"], ["tune"], ["tune", "no-such-operator"], ["tune", "gemm", "1"],
                  ["tune", *SMALL, "--effort", "boundless"], ["tune", "gemm", "0", "1", "1"],
                  ["tune", *SMALL, "--bound", "Z"], ["explain"], ["cache"], ["lab"], ["fpga"],
                  ["fpga", "explore", "gemm", "1", "1", "1", "--type", "u7"], ["errors", "E999"],
                  ["completion", "fish"]):
        done = tool.run(*words, status=2)
        tool.expect(done.stderr != "" and done.stdout == "",
                    f"lathe {' '.join(words)}: its message is not on standard error")
    for words, identity in ((["explain", *SMALL, "--trace", "split(C.i"], "LATHE-E201"),
                            (["explain", *SMALL, "--trace", "vectorize(C.q)"], "LATHE-E203"),
                            (["tune", *SMALL, "--strategy", "magic", "--trials", "1"], "LATHE-E520"),
                            (["fpga", "explore", *SMALL[:4], "--device", "pdp11"], "LATHE-E350"),
                            (["fpga", "validate", "/nowhere", "--json"], ""),
                            (["lab", "--replay", "--tables", "/nowhere"], "")):
        done = tool.run(*words, status=1, LATHE_CACHE_MODE="off")
        tool.expect(identity in done.stderr, f"lathe {' '.join(words)}: no {identity}: {done.stderr}")


def check_json(tool):
    estimated = ["tune", *SMALL, "--effort", "estimate", "--json"]
    tool.json(*estimated, keys=["operator", "trace", "gflops", "trials", "stopped", "notes"])
    tool.json("tune", "--list", "--json", keys=["operator", "extents"])
    explained = tool.json("explain", *SMALL, "--json", keys=["operator", "trace", "schedules", "c"])
    if explained:
        again = tool.json("explain", *SMALL, "--trace", explained["trace"], "--json")
        tool.expect(again and again["loop_nest"] == explained["loop_nest"],
                    "explain --json: its trace gives another loop nest")
    tool.json("cache", "list", "--json")
    tool.json("cache", "verify", "--json", keys=["directory", "clean", "records", "messages"])
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder).chmod(0o700)
        (pathlib.Path(folder) / "records-1.log").write_text("no record at all\n")
        tool.json("cache", "verify", "--dir", folder, "--json", keys=["clean"])
    with tempfile.TemporaryDirectory() as folder:
        wisdom = str(pathlib.Path(folder) / "wisdom")
        tool.json("cache", "export", wisdom, "--json", keys=["exported", "file"])
        tool.json("cache", "import", wisdom, "--dir", folder + "/other", "--json", keys=["imported"])
        tool.json("cache", "merge", wisdom, "--output", wisdom + "2", "--json", keys=["merged"])
        tool.json("cache", "prune", "--dir", folder + "/other", "--json", keys=["trials"])
    with tempfile.TemporaryDirectory() as folder:
        made = tool.json("export", *SMALL, "--form", "source", "--output", folder, "--json",
                         keys=["folder", "schedule", "files"]) or {}
        for name in made.get("files", []):
            tool.expect((pathlib.Path(folder) / name).is_file(), f"export: no file {name}")
    tool.json("lab", "--list", "--json", "-", keys=["strategy", "parameters"])
    tool.json("fpga", "devices", "--json", keys=["device", "has", "mhz"])
    tool.json("fpga", "explore", "gemm", "8", "8", "8", "--trials", "20", "--json",
              keys=["seconds", "takes", "trace", "estimated_by"])
    ids = tool.json("errors", "--json", keys=["id", "cause", "cure"]) or []
    tool.expect(len(ids) > 100, f"errors --json: only {len(ids)} ids")
    for each in ids:
        tool.expect(len(each["cause"]) > 10 and len(each["cure"]) > 4, f"errors: {each}")
    for word in ("E107", "LATHE-E107", "[LATHE-E107]", "107"):
        one = tool.json("errors", word, "--json") or [{}]
        tool.expect(one == [each for each in ids if each["id"] == "LATHE-E107"],
                    f"errors {word}: {one}")


def check_unavailable(tool):
    done = tool.run("tune", *SMALL, "--effort", "estimate", status=3, LATHE_LIBLLVM="/nowhere",
                    LATHE_CACHE_MODE="off")
    tool.expect("LATHE-E301" in done.stderr, f"no LATHE-E301: {done.stderr}")


def check_pages(tool):
    written = tool.run("errors", "--markdown").stdout
    tool.expect(written == (ROOT / "include/lathe/errors.md").read_text(),
                "include/lathe/errors.md is out of date: lathe errors --markdown > "
                "include/lathe/errors.md")


def check_completion(tool):
    bash = shutil.which("bash")
    if bash is None:
        print("[SKIP] no bash here")
        return
    script = tool.run("completion", "bash").stdout
    for typed, wanted, unwanted in (
            ("lathe ", {"tune", "explain", "cache", "fpga"}, {"verify", "gemm"}),
            ("lathe ca", {"cache"}, {"tune"}),
            ("lathe cache ", {"list", "verify"}, {"tune"}),
            ("lathe cache verify --", {"--json", "--dir"}, {"--trials"}),
            ("lathe tune con", {"conv1d", "conv2d"}, {"gemm"}),
            ("lathe tune gemm 1 1 1 --eff", {"--effort"}, {"--json"}),
            ("lathe tune gemm 1 1 1 --effort ", {"estimate", "patient"}, {"--json"}),
            ("lathe fpga explore ge", {"gemm"}, {"tune"})):
        words = typed.split(" ")
        command = (f"{script}\nCOMP_WORDS=({' '.join(repr(each) for each in words)})\n"
                   f"COMP_CWORD={len(words) - 1}\n_lathe\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n")
        done = subprocess.run([bash, "--norc", "-c", command], capture_output=True, text=True,
                              timeout=60, check=False)
        offered = set(done.stdout.split())
        tool.expect(wanted <= offered and not unwanted & offered and not done.stderr,
                    f"'{typed}' is completed to {sorted(offered)} {done.stderr}")


def main():
    checks = {"help": check_help, "usage": check_usage, "json": check_json,
              "unavailable": check_unavailable, "pages": check_pages,
              "completion": check_completion}
    tool = Tool(sys.argv[2])
    checks[sys.argv[1]](tool)
    for line in tool.problems:
        print(line)
    return 1 if tool.problems else 0


if __name__ == "__main__":
    sys.exit(main())
