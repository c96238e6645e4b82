#!/usr/bin/env python3
"""Summarises a CTest run: JUnit file in, failures, skips, time per label and one last line out.

Budgets come from the table in tests/README.md (`| label | what | budget |`). A label over its budget
is reported, not failed: a busy machine is no bug. Called by tools/test.
"""
import argparse
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as xml


def label_of(case):
    """Label of a test: doctest cases are named "label: case", the others "label.name"."""
    return re.split(r"[:.]", case.get("name"), maxsplit=1)[0]


def read_budgets(path):
    """Label -> seconds, from rows like `| lower | ... | 60 s |`."""
    rows = re.findall(r"^\| *`?(\w+)`? *\|.*\| *(\d+) s *\|", path.read_text(), re.M)
    return {label: int(seconds) for label, seconds in rows}


def skip_reason(case):
    found = re.search(r"\[SKIP\] *(.*)", case.findtext("system-out") or "")
    return found.group(1) if found else "no reason given"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("junit", type=pathlib.Path)
    parser.add_argument("--budgets", type=pathlib.Path)
    parser.add_argument("--build-seconds", type=int, default=0)
    parser.add_argument("--total-seconds", type=int, default=0)
    options = parser.parse_args()

    outcomes = collections.Counter()
    seconds = collections.Counter()
    counts = collections.Counter()
    failures, skips = [], collections.defaultdict(int)
    for case in xml.parse(options.junit).getroot().iter("testcase"):
        label = label_of(case)
        status = case.get("status")
        outcome = {"run": "passed", "fail": "failed"}.get(status, "skipped")
        if status == "notrun" and "[SKIP]" not in (case.findtext("system-out") or ""):
            outcome = "failed"  # not found, or a requirement failed: never silently passed over
        outcomes[outcome] += 1
        counts[label] += 1
        seconds[label] += float(case.get("time") or 0)
        if outcome == "failed":
            failures.append(case.get("name"))
        elif outcome == "skipped":
            skips[(label, skip_reason(case))] += 1

    budgets = read_budgets(options.budgets) if options.budgets else {}
    over = []
    print(f"{'label':<14} {'tests':>5} {'time':>8} {'budget':>8}")
    for label in sorted(counts):
        budget = budgets.get(label)
        mark = ""
        if budget is not None and seconds[label] > budget:
            over.append(label)
            mark = "  over"
        text = f"{budget} s" if budget is not None else "none"
        print(f"{label:<14} {counts[label]:>5} {seconds[label]:>6.1f} s {text:>8}{mark}")
    for (label, reason), count in sorted(skips.items()):
        print(f"skipped {count} in {label}: {reason}")
    for name in failures:
        print(f"FAILED {name}")

    verdict = "FAILED" if failures else "ok"
    extra = f", over budget: {' '.join(over)}" if over else ""
    print(
        f"test: {verdict}, {outcomes['passed']} passed, {outcomes['failed']} failed, "
        f"{outcomes['skipped']} skipped, build {options.build_seconds} s, "
        f"total {options.total_seconds} s{extra}"
    )
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
