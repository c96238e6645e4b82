#!/usr/bin/env python3
"""Checks the pages: every file that a README names exists, and the first README stays short.

In: the root of the repository. Out: one line per violation, exit status 1 if there is any.

- A link [text](path) leads to a file or folder, #section to a heading of the page.
- `path/name.ext` in code spans, with an extension of ours, is a file: from the root, from
  include/lathe/, or from the folder of the page; `name.ext` is one anywhere. Patterns with * match
  something. What lies in build*/ is made by programs.
- README.md has fewer than 300 lines.
"""
import re
import subprocess

import checker

ENDINGS = "hpp|ipp|cpp|inc|py|md|cmake|in|json|jsonl"
LONGEST = 300
TREES = ["include", "tests", "tools", "bench", "examples"]
EXAMPLES = {"x.hpp", "x.ipp"}  # any file


def pages(root):
    """The tracked pages, or all of them where there is no git."""
    listed = subprocess.run(["git", "-C", str(root), "ls-files", "*.md"], capture_output=True,
                            text=True, check=False)
    if listed.returncode == 0 and listed.stdout:
        return [root / line for line in listed.stdout.splitlines()]
    return [path for path in sorted(root.rglob("*.md"))
            if not path.relative_to(root).parts[0].startswith("build")]


def prose_of(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors_of(text):
    """The names by which links reach the headings of a page."""
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)", prose_of(text), re.M)}


def problems(root):
    for page in pages(root):
        name = page.relative_to(root).as_posix()
        text = page.read_text()
        if name == "README.md" and text.count("\n") >= LONGEST:
            yield f"README.md has {text.count(chr(10))} lines, not fewer than {LONGEST}"
        prose = prose_of(text)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, section = target.partition("#")
            there = page.parent / path if path else page
            if not there.exists():
                yield f"{name}: the link {target} leads nowhere"
            elif section and section not in anchors_of(there.read_text()):
                yield f"{name}: {target}: no heading is called so"
        for code in re.findall(r"`([^`\n]+)`", prose):
            if not re.fullmatch(rf"[\w./*-]+\.({ENDINGS})", code) or code in EXAMPLES:
                continue
            homes = (root, root / "include" / "lathe", root / "include", page.parent)
            if "/" not in code:
                there = any(any((root / top).rglob(code)) for top in TREES) or (root / code).exists()
            else:
                there = code.startswith("build") or any(any(home.glob(code)) for home in homes)
            if not there:
                yield f"{name}: there is no file {code}"


def self_test():
    """A tree with one violation of each kind: all must be found, and nothing else."""
    files = {
        "README.md": "# A page\n[a](#a-page) [b](#other) [c](include/lathe) [d](gone.md) [e](b.md#b) [f](b.md#c)\n"
                     "`core/a.hpp` `core/b.hpp` `tests/*.cpp` `x/*.cpp` `a.b` `a.hpp` `b.hpp`\n"
                     "```\n`core/c.hpp`\n```\n" + "\n" * 300,
        "b.md": "# B\n",
        "include/lathe/core/a.hpp": "",
        "tests/a.cpp": "",
    }
    expected = ["README.md has", "#other", "gone.md", "b.md#c", "core/b.hpp", "x/*.cpp", "file b.hpp"]
    return checker.self_test(problems, files, expected)


if __name__ == "__main__":
    checker.main(__doc__, problems, self_test)
