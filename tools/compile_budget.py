#!/usr/bin/env python3
"""Guards the compile time of lathe's users, on the programs of bench/compile_time/corpus.

Gate: the template instantiations that clang counts (-ftime-trace), which no busy machine changes,
against bench/compile_time/baseline.json. Programs are charged what they add to the bare include,
which is a program of its own. More than 3 % on one program or 2 % in the median fails, and the
templates that grew are listed; so does a cost per operator that is not linear.
Report: seconds and memory of g++ against the budgets (--seconds), which fails nothing.

  tools/compile_budget.py              compare with the baseline (run by CTest, label compile_time)
  tools/compile_budget.py --record     write the baseline: a reviewed change
  tools/compile_budget.py --seconds    measure seconds and peak memory
"""
import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
CORPUS = ROOT / "bench" / "compile_time" / "corpus"
BASELINE = ROOT / "bench" / "compile_time" / "baseline.json"
COMPILER = "clang++-19"
FLAGS = ["-std=c++20", f"-I{ROOT / 'include'}"]
ONE_PROGRAM = 0.03
MEDIAN = 0.02

# What a program of n operators may cost beyond n times the cost of one.
LINEAR = 0.10


def template_name(text):
    """`lathe::dsl::access<...>::value` -> lathe::dsl::access::value, arguments and places dropped."""
    text = re.sub(r" at [^ ()]+:\d+:\d+\)", ")", text)  # (lambda at file:line:column)
    out, depth = [], 0
    for at, character in enumerate(text):
        if character == "<" and not text.startswith("operator<", max(0, at - 8)):
            depth += 1
        elif character == ">" and depth:
            depth -= 1
        elif depth == 0:
            out.append(character)
    return "".join(out)


def count_instantiations(source, folder):
    """Template name -> number of instantiations of classes and functions in one program."""
    object_file = pathlib.Path(folder) / (source.stem + ".o")
    subprocess.run([COMPILER, *FLAGS, "-DLATHE_COMPILED", "-c", "-ftime-trace",
                    "-ftime-trace-granularity=0", str(source), "-o", str(object_file)], check=True)
    events = json.loads(object_file.with_suffix(".json").read_text())["traceEvents"]
    return collections.Counter(template_name(event["args"]["detail"]) for event in events
                               if event["name"] in ("InstantiateClass", "InstantiateFunction"))


def measure_all():
    with tempfile.TemporaryDirectory() as folder:
        return {source.stem: count_instantiations(source, folder)
                for source in sorted(CORPUS.glob("*.cpp"))}


def summaries(measured):
    """What the baseline keeps of each program: its cost, and our own templates by name."""
    bare = measured["include"]
    out = {}
    for program, counts in measured.items():
        own = counts if program == "include" else counts - bare
        ours = {name: count for name, count in sorted(own.items()) if name.startswith("lathe::")}
        out[program] = {"instantiations": sum(own.values()), "ours": ours}
    return out


def linearity_problem(measured):
    """The cost of 10 more operators must be the same after 10 and after 20 of them."""
    totals = {n: measured[f"operators_{n}"]["instantiations"] for n in (10, 20, 30)}
    first, second = totals[20] - totals[10], totals[30] - totals[20]
    print(f"each operator more: {first / 10:.0f} instantiations, later {second / 10:.0f}")
    if second > first * (1 + LINEAR):
        return "the cost of an operator grows with the number of operators before it"
    return None


def print_growth(before, now):
    """The ten templates of lathe that grew most."""
    grown = sorted(((count - before["ours"].get(name, 0), name)
                    for name, count in now["ours"].items()), reverse=True)
    for difference, name in grown[:10]:
        if difference > 0:
            print(f"    +{difference:<5} {name}")


def compare(measured, baseline):
    problems, changes = [], []
    print(f"{'program':<16} {'instantiations':>14} {'baseline':>9} {'change':>8}")
    for program, now in measured.items():
        total = now["instantiations"]
        known = baseline.get(program)
        if known is None:
            print(f"{program:<16} {total:>14} {'-':>9}")
            problems.append(f"{program} is not in the baseline: run tools/compile_budget.py --record")
            continue
        change = total / known["instantiations"] - 1
        changes.append(change)
        print(f"{program:<16} {total:>14} {known['instantiations']:>9} {100 * change:>+7.1f}%")
        if change > ONE_PROGRAM:
            problems.append(f"{program} needs {100 * change:.1f} % more instantiations")
            print_growth(known, now)
    for program in baseline.keys() - measured.keys():
        problems.append(f"{program} is in the baseline but not in the corpus")
    if changes and statistics.median(changes) > MEDIAN:
        problems.append(f"the median grew by {100 * statistics.median(changes):.1f} %")
    return problems


def timed(command):
    """Best of three: (CPU seconds, peak memory in MiB) of one compiler run."""
    best = (float("inf"), 0.0)
    for _ in range(3):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status != 0:
            sys.exit(f"failed: {' '.join(command)}")
        best = min(best, (usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024))
    return best


def report_seconds(compiler):
    """The table of budgets; CPU seconds, so that other load on the machine counts less."""
    compiled = ["-DLATHE_COMPILED"]
    syntax = ["-fsyntax-only"]
    optimised = ["-O2", "-c", "-o", os.devnull]
    rows = [
        ("include, header-only", 2.0, syntax, "include"),
        ("include, compiled mode", 1.0, syntax + compiled, "include"),
        ("tune -O2 -c, header-only", 15.0, optimised, "tune"),
        ("tune -O2 -c, compiled mode", 2.0, optimised + compiled, "tune"),
    ]
    print(f"{compiler:<28} {'seconds':>8} {'budget':>8} {'MiB':>6}")
    for what, budget, flags, program in rows:
        seconds, memory = timed([compiler, *FLAGS, *flags, str(CORPUS / f"{program}.cpp")])
        mark = "" if seconds <= budget else "  over"
        print(f"{what:<28} {seconds:>8.2f} {budget:>8.2f} {memory:>6.0f}{mark}")
    many, _ = timed([compiler, *FLAGS, *syntax, *compiled, str(CORPUS / "operators_30.cpp")])
    few, _ = timed([compiler, *FLAGS, *syntax, *compiled, str(CORPUS / "operators_10.cpp")])
    each = (many - few) / 20
    print(f"{'each further operator':<28} {each:>8.3f} {0.06:>8.2f}{'  over' if each > 0.06 else ''}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--record", action="store_true", help="write the baseline")
    parser.add_argument("--seconds", action="store_true", help="report seconds and memory")
    parser.add_argument("--compiler", default="g++", help="for --seconds")
    options = parser.parse_args()

    if options.seconds:
        report_seconds(options.compiler)
        return 0
    if shutil.which(COMPILER) is None:
        print(f"[SKIP] {COMPILER} is not installed: the counts of other compilers differ")
        return 0
    measured = summaries(measure_all())
    baselines = json.loads(BASELINE.read_text()) if BASELINE.exists() else {}
    if options.record:
        baselines[COMPILER] = measured
        BASELINE.write_text(json.dumps(baselines, indent=1, sort_keys=True) + "\n")
        print(f"recorded {len(measured)} programs")
        return 0
    problems = compare(measured, baselines.get(COMPILER, {}))
    problems.append(linearity_problem(measured))
    problems = [problem for problem in problems if problem]
    for problem in problems:
        print(f"compile_budget: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
