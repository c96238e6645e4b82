"""What the checks of this folder share: the command line, and the test that a check can fail."""
import argparse
import pathlib
import sys
import tempfile


def self_test(problems, files, expected):
    """Status 0 if `problems(root)` of a tree of `files` (text by name) finds what contains each of the
    `expected` texts, and nothing else."""
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        found = list(problems(root))
    missed = [text for text in expected if not any(text in line for line in found)]
    surplus = [line for line in found if not any(text in line for text in expected)]
    for line in missed:
        print("not found:", line)
    for line in surplus:
        print("wrong:", line)
    return 1 if missed or surplus else 0


def main(description, problems, own_test):
    """Ends the program: with `--self-test` by own_test(), otherwise by the problems of a tree."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("root", nargs="?", type=pathlib.Path,
                        default=pathlib.Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        sys.exit(own_test())
    found = list(problems(options.root))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)
