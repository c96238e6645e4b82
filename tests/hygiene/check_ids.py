#!/usr/bin/env python3
"""Checks that every error id in include/ is listed and tested.

In: the root of the repository. Out: one line per violation, exit status 1 if there is any.

- A compile-time id (E0nn) is a macro LATHE_E0nn of core/diagnose.hpp that begins with its own id,
  is used, and has one file tests/compile_fail/E0nn_*.cpp that expects it. Its text stands nowhere
  else: no header writes "[LATHE-E0nn]" itself. (E001 is for compilers that cannot read the macros.)
- A run-time id is written LATHE-Ennn in some test.
- tools/lathe/error_catalogue.inc has every id once, and no id that is not raised. It names the files
  that raise a run-time id: an id that some other file raises may mean two things. Docstrings and
  pages mention no other ids.
"""
import re

import checker

LIST = "core/diagnose.hpp"
CATALOGUE = "tools/lathe/error_catalogue.inc"
WITHOUT_MACRO = {"001": "config.hpp"}
UNTESTED = {"303": "LLVM takes a processor it does not know for a generic one",
            "509": "it becomes a failed trial: tests/cuda/cuda_worker.cpp"}


def problems(root):
    """One text per violation."""
    base = root / "include" / "lathe"
    sources = {path.relative_to(base).as_posix(): path.read_text()
               for path in sorted(base.rglob("*.?pp"))}
    listing = sources.get(LIST, "")
    used, literal, raised = set(), {}, {}
    for name, text in sources.items():
        text = re.sub(r"^#define (LATHE_E\d{3})", "", text, flags=re.M)
        used.update(re.findall(r"LATHE_E(\d{3})", text))
        for number in re.findall(r"LATHE-E(\d{3})", text):
            if name != LIST:
                literal.setdefault(number, set()).add(name)
        code = re.sub(r"^\s*//.*$", "", text, flags=re.M)
        if name != LIST:  # a string that is not compared with
            for number in re.findall(r'(?<![=!]= )"\[?LATHE-E(\d{3})', code):
                raised.setdefault(number, set()).add(name.rsplit(".", 1)[0])
    defined = dict(re.findall(r"^#define LATHE_E(\d{3})[\s\\]*\"\[LATHE-E(\d{3})\] ", listing, re.M))
    for number in re.findall(r"^#define LATHE_E(\d{3})", listing, re.M):
        if defined.get(number) != number:
            yield f"{LIST}: the text of LATHE_E{number} does not begin with [LATHE-E{number}]"
        if number not in used:
            yield f"{LIST}: LATHE_E{number} is used nowhere"
    for number in sorted(used - set(defined)):
        yield f"LATHE_E{number} is not in {LIST}"
    compile_time = set(defined) | {number for number in literal if number < "100"}
    for number in sorted(literal):
        for name in sorted(literal[number]):
            if number < "100" and WITHOUT_MACRO.get(number) != name:
                yield f"{name}: writes [LATHE-E{number}] itself; list it as LATHE_E{number} in {LIST}"

    folder = root / "tests" / "compile_fail"
    files = {}
    for path in sorted(folder.glob("E*.cpp")):
        files.setdefault(path.name[1:4], []).append(path)
    for number in sorted(compile_time | set(files)):
        found = files.get(number, [])
        if number not in compile_time:
            yield f"tests/compile_fail/{found[0].name}: no header has E{number}"
        elif len(found) != 1:
            yield f"E{number} has {len(found)} files tests/compile_fail/E{number}_*.cpp, not 1"
        elif f"LATHE-E{number}" not in found[0].read_text().split("\n")[0]:
            yield f"tests/compile_fail/{found[0].name}: the first line does not expect E{number}"

    tests = "\n".join(path.read_text() for path in sorted((root / "tests").rglob("*.?pp")))
    for number in sorted(number for number in literal if number >= "100"):
        tested = f"LATHE-E{number}" in tests
        if tested == (number in UNTESTED):
            yield (f"E{number} has a test: take it out of UNTESTED" if tested else
                   f"no test mentions LATHE-E{number} of {', '.join(sorted(literal[number]))}")

    yield from catalogue_problems(root, set(defined), raised)
    listed = set(re.findall(r"^LATHE_\w+\((\d{3})", (root / CATALOGUE).read_text(), re.M))
    for path in sorted([*base.rglob("*.*"), *root.glob("*.md")]):
        for number in sorted(set(re.findall(r"\bE(\d{3})\b", path.read_text())) - listed):
            if number not in raised and number not in used:
                yield f"{path.relative_to(root).as_posix()}: there is no E{number}"


def catalogue_problems(root, defined, raised):
    """What is wrong with the catalogue. `raised`: run-time id -> files without their endings."""
    text = re.sub(r"^//.*$", "", (root / CATALOGUE).read_text(), flags=re.M)
    rows = re.findall(r'^LATHE_(DIAGNOSTIC|ERROR)\((\d{3})(?:, "([^"]*)")?', text, re.M)
    numbers = [number for _, number, _ in rows]
    for number in sorted(set(numbers)):
        if numbers.count(number) > 1:
            yield f"{CATALOGUE}: E{number} is listed twice"
    if numbers != sorted(numbers):
        yield f"{CATALOGUE}: the ids are not in order"
    for kind, number, sources in rows:
        if kind == "DIAGNOSTIC":
            if number not in defined:
                yield f"{CATALOGUE}: no header defines LATHE_E{number}"
            continue
        listed, found = set(sources.split()), raised.get(number, set())
        for name in sorted(found - listed):
            yield (f"{CATALOGUE}: {name} raises E{number}, which is listed for {sources}: "
                   "take a free id, or list it too if it means the same")
        for name in sorted(listed - found):
            yield f"{CATALOGUE}: {name} does not raise E{number}"
    for number in sorted((defined | set(raised)) - set(numbers)):
        yield f"{CATALOGUE}: E{number} is missing"


def self_test():
    """A tree with one violation of each kind: all must be found, and nothing else."""
    files = {
        "include/lathe/core/diagnose.hpp":
            '#define LATHE_E010 "[LATHE-E010] good"\n#define LATHE_E011 \\\n  "[LATHE-E011] good"\n'
            '#define LATHE_E012 "[LATHE-E013] other number"\n#define LATHE_E014 "[LATHE-E014] x"\n'
            '#define LATHE_E015 "[LATHE-E015] no file"\n#define LATHE_E016 "[LATHE-E016] x"\n',
        "include/lathe/config.hpp": '#error "[LATHE-E001] old"\n',
        "include/lathe/api/a.hpp":
            'LATHE_E010 LATHE_E011 LATHE_E012 LATHE_E015 LATHE_E016 LATHE_E099 "[LATHE-E098] x"\n',
        "include/lathe/api/a.ipp": 'error("LATHE-E101") error("LATHE-E102") error("LATHE-E303")\n',
        "tests/compile_fail/E001_a.cpp": "// expect-error: LATHE-E001\n",
        "tests/compile_fail/E010_a.cpp": "// expect-error: LATHE-E010\n",
        "tests/compile_fail/E011_a.cpp": "// expect-error: LATHE-E011\n",
        "tests/compile_fail/E012_a.cpp": "// expect-error: LATHE-E012\n",
        "tests/compile_fail/E014_a.cpp": "// expect-error: LATHE-E014\n",
        "tests/compile_fail/E016_a.cpp": "// expect-error: LATHE-E010\n",
        "tests/compile_fail/E097_a.cpp": "// expect-error: LATHE-E097\n",
        "tests/api/a.cpp": '"LATHE-E101"\n',
        "include/lathe/store/b.ipp": 'x.say("[LATHE-E101] other"); if (id == "LATHE-E102") {}\n',
        "include/lathe/store/README.md": "E404 is for nothing\n",
        CATALOGUE:
            'LATHE_ERROR(001, "config",\nLATHE_DIAGNOSTIC(010)\nLATHE_DIAGNOSTIC(011)\n'
            'LATHE_DIAGNOSTIC(012)\nLATHE_DIAGNOSTIC(014)\nLATHE_DIAGNOSTIC(015)\n'
            'LATHE_DIAGNOSTIC(017)\nLATHE_ERROR(101, "api/a",\nLATHE_ERROR(102, "api/a store/b",\n'
            'LATHE_ERROR(098, "api/a",\nLATHE_ERROR(102, "api/a store/b",\n',
    }
    expected = ["the text of LATHE_E012", "LATHE_E014 is used nowhere", "LATHE_E099 is not in",
                "writes [LATHE-E098] itself", "E015 has 0 files",
                "E098 has 0 files", "E016_a.cpp: the first line", "E097_a.cpp: no header",
                "no test mentions LATHE-E102", "E102 is listed twice", "not in order",
                "no header defines LATHE_E017", "store/b raises E101", "store/b does not raise E102",
                "E016 is missing", "E303 is missing", "there is no E404",
                "there is no E013"]
    return checker.self_test(problems, files, expected)


if __name__ == "__main__":
    checker.main(__doc__, problems, self_test)
