#!/usr/bin/env python3
"""Checks how the headers of lathe depend on each other, and a few rules of their form.

In: the root of the repository (default: the one this script lies in). Out: one line per violation,
exit status 1 if there is any. Run by CTest (label hygiene); `--self-test` proves that it can fail.
"""
import argparse
import pathlib
import re
import sys
import tempfile

# A folder may include itself and what stands here: a folder, or one file of a folder.
# This table is the architecture (the arrows of the README's picture), not a description of it.
MAY_INCLUDE = {
    "core": [],
    "dsl": ["core"],
    "analysis": ["core"],
    "schedule": ["core", "analysis"],
    "lower": ["core", "analysis", "schedule", "target/plan.hpp"],
    "model": ["core"],
    "space": ["core", "analysis", "schedule", "lower", "target/cuda/device.hpp",
              "target/cuda/occupancy.hpp"],
    "target": ["core", "analysis/desc.hpp", "analysis/stats.hpp", "schedule", "lower"],
    "measure": ["core", "schedule/trace.hpp", "target"],
    "search": ["core", "analysis", "schedule", "lower", "space", "model", "measure/record.hpp",
               "measure/timer.hpp"],
    "store": ["core", "schedule/trace.hpp", "target/plan.hpp", "measure/record.hpp"],
    "report": ["core"],
    "ops": ["core", "dsl", "analysis/describe.hpp"],
    "api": ["core", "dsl", "analysis", "schedule", "lower", "space", "target", "measure", "search",
            "store", "report"],
}

# Files that list the bodies of others, each an object of lathe::compiled.
BODIES = ("impl.ipp", "lab.ipp", "extras.ipp")

# Single files that may do more (or, for describe, that alone may be included by fewer).
EXTRA = {"analysis/describe.hpp": ["dsl"]}
ONLY_FOR = {"analysis/describe.hpp": {"analysis", "api", "ops"}, "core/hana.hpp": {"core", "dsl"}}

# Targets of different kinds never include each other, but share the printer of C expressions.
SHARED_TARGET_FILES = {"target/c/c_text.hpp", "target/c/c_statements.hpp"}

BANNED_ANYWHERE = re.compile(r"(llvm|llvm-c|clang|cuda|cuda_runtime|nvrtc|cublas|cudnn)\b")
BANNED_IN_HEADERS = {"iostream", "fstream", "regex", "ranges", "functional", "filesystem", "thread",
                     "random", "mutex", "condition_variable", "future"}
MAY_LOAD_LIBRARIES = re.compile(r"target/.*_api\.ipp|api/functions\.ipp")  # <dlfcn.h>
BOOST_FILE = "core/hana.hpp"

MOST_LINES = 600
BAD_NAMES = re.compile(r"(utils?|helpers?|manager|common|misc)\b")
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def folder_of(name):
    return name.split("/")[0] if "/" in name else ""


def kind_of_target(name):
    parts = name.split("/")
    return parts[1] if parts[0] == "target" and len(parts) == 3 else None


def include_problem(name, included):
    """Why the file `name` may not include <lathe/`included`>, or None."""
    here, there = folder_of(name), folder_of(included)
    if here == "" or there == "":
        return None  # the umbrella and impl.ipp include all; config and version are for all
    if here not in MAY_INCLUDE:
        return f"folder {here}/ is not in the include table of tools/check_includes.py"
    if here not in ONLY_FOR.get(included, {here}):
        return f"{included} is only for {', '.join(sorted(ONLY_FOR[included]))}"
    if here == there:
        kinds = kind_of_target(name), kind_of_target(included)
        if None not in kinds and kinds[0] != kinds[1] and included not in SHARED_TARGET_FILES:
            return f"target/{kinds[0]} may not include target/{kinds[1]}"
        return None
    if there in MAY_INCLUDE[here] or included in MAY_INCLUDE[here]:
        return None
    if there in EXTRA.get(name, []):
        return None
    return f"{here}/ may not include {included}"


def system_problem(name, included):
    """Why the file `name` may not include the system or third-party header `included`, or None."""
    if BANNED_ANYWHERE.match(included):
        return f"<{included}>: third-party headers stay out of include/"
    if included.startswith("boost/") and name != BOOST_FILE:
        return f"<{included}>: Boost is included in {BOOST_FILE} alone"
    if included == "dlfcn.h" and not MAY_LOAD_LIBRARIES.fullmatch(name):
        return "<dlfcn.h>: libraries are loaded in target/*/*_api.ipp alone"
    if name.endswith(".hpp") and included in BANNED_IN_HEADERS:
        return f"<{included}> is slow to parse: it belongs into the .ipp"
    return None


def form_problems(name, text):
    if not text.startswith("/// @file\n"):
        yield "does not begin with a head comment (/// @file)"
    if not re.search(r"^#pragma once$", text, re.M):
        yield "has no #pragma once"
    if text.count("\n") > MOST_LINES:
        yield f"has {text.count(chr(10))} lines, more than {MOST_LINES}: split it"
    if not re.fullmatch(r"[a-z0-9_/]+\.(hpp|ipp)", name):
        yield "is not named in snake_case"
    if BAD_NAMES.search(pathlib.PurePath(name).stem):
        yield "is named after no noun (utils, helpers, manager, common)"
    if re.search(r"\b(TODO|FIXME|XXX)\b", text):
        yield "contains a TODO"
    if re.search(r"^\s*using namespace std\b", text, re.M):
        yield "has `using namespace std`"
    for macro in re.findall(r"^\s*#\s*define\s+(\w+)", text, re.M):
        if not macro.startswith("LATHE_"):
            yield f"defines the macro {macro}: macros begin with LATHE_"


def problems(root):
    """(file, problem) pairs of all headers under root/include/lathe."""
    base = root / "include" / "lathe"
    files = {path.relative_to(base).as_posix(): path.read_text()
             for path in sorted(base.rglob("*")) if path.suffix in (".hpp", ".ipp")}
    listed = set(re.findall(r"#include <lathe/([^>]+)>",
                            "".join(files.get(name, "") for name in BODIES)))
    for name, text in files.items():
        for quote, included in INCLUDE.findall(text):
            if quote == '"':
                yield name, f'"{included}": write <lathe/...>'
            elif included.startswith("lathe/"):
                included = included.removeprefix("lathe/")
                if included not in files:
                    yield name, f"<lathe/{included}> does not exist"
                problem = include_problem(name, included)
                if problem:
                    yield name, problem
            else:
                problem = system_problem(name, included)
                if problem:
                    yield name, problem
        for problem in form_problems(name, text):
            yield name, problem
        if name.endswith(".ipp") and name not in BODIES:
            header = name.removesuffix(".ipp") + ".hpp"
            if name not in listed:
                yield name, "is not listed in impl.ipp, lab.ipp or extras.ipp: lathe::compiled would lack its functions"
            guarded = rf"#if LATHE_HEADER_ONLY\n# *include <lathe/{name}>\n#endif"
            if not re.search(guarded, files.get(header, "")):
                yield name, f"is not included by {header} under #if LATHE_HEADER_ONLY"


def self_test():
    """Every rule must catch its violation."""
    head = "/// @file\n/// x\n#pragma once\n"
    cases = {
        "core/a.hpp": (head + "#include <lathe/dsl/b.hpp>\n", "core/ may not include"),
        "dsl/b.hpp": (head + "#include <iostream>\n", "slow to parse"),
        "search/c.hpp": (head + "#include <lathe/target/cpu/d.hpp>\n", "search/ may not include"),
        "store/e.hpp": (head + "#include <lathe/search/c.hpp>\n", "store/ may not include"),
        "target/cpu/d.hpp": (head + "#include <lathe/target/cuda/f.hpp>\n", "target/cpu may not"),
        "target/cuda/f.hpp": (head + "#include <cuda.h>\n", "third-party"),
        "schedule/g.hpp": (head + "#include <lathe/analysis/describe.hpp>\n", "is only for"),
        "analysis/describe.hpp": (head + "#include <dlfcn.h>\n", "libraries are loaded"),
        "lower/h.hpp": ("#pragma once\n", "head comment"),
        "lower/i.hpp": ("/// @file\n", "no #pragma once"),
        "lower/j.hpp": (head + "//\n" * MOST_LINES, "more than"),
        "lower/k_utils.hpp": (head, "named after no noun"),
        "lower/l.ipp": (head, "not listed in impl.ipp, lab.ipp or extras.ipp"),
        "lower/m.hpp": (head + "#define N 7\n", "defines the macro N"),
        "lower/n.hpp": (head + "#include <boost/hana.hpp>\n", "Boost is included in"),
        "lower/o.hpp": (head + '#include "h.hpp"\n', "write <lathe/...>"),
        "lower/p.hpp": (head + "#include <lathe/core/gone.hpp>\n", "does not exist"),
        "api/q.hpp": (head + "#include <lathe/dsl/b.hpp>\n", None),
    }
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, (text, _) in cases.items():
            path = root / "include" / "lathe" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        found = list(problems(root))
    missed = []
    for name, (_, expected) in cases.items():
        hit = any(where == name and (expected or "") in problem for where, problem in found)
        if hit == (expected is None):
            missed.append(f"{name}: expected {expected}, found {found}")
    for line in missed:
        print(line)
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parent.parent)
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        return self_test()
    found = list(problems(options.root))
    for name, problem in found:
        print(f"include/lathe/{name}: {problem}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
