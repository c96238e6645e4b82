#!/usr/bin/env python3
"""`lathe cache` from end to end: tunes, then lists, shows, carries, cleans and checks.

In: the path of the tool. Out: exit status 0, or the first thing that was not as expected.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

TOOL = sys.argv[1]


def lathe(*words, status=0, **variables):
    """Runs the tool; its standard output and error."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("LATHE_")}
    done = subprocess.run([TOOL, *map(str, words)], capture_output=True, text=True,
                          env=env | variables)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def parsed(*words, **more):
    return json.loads(lathe(*words, "--json", **more)[0])


def main(root):
    own, other, wisdom = root / "own", root / "other", root / "site.wisdom"
    for extents in ((24, 25, 26), (8, 9, 10)):
        lathe("tune", "gemm", *extents, "--threads", 1, "--trials", 2, LATHE_CACHE_DIR=str(own))

    found = parsed("cache", "list", "--dir", own)
    assert [each["operator"] for each in found] == ["gemm", "gemm"], found
    assert found[0]["origin"] in ("searched", "estimate") and found[0]["median_seconds"] > 0
    key = found[0]["key"]
    assert parsed("cache", "list", key[:12], "--dir", own) == found[:1]
    shown = parsed("cache", "show", key[:12], "--dir", own)
    assert len(shown) == 1 and shown[0]["trace"] == found[0]["trace"]
    assert shown[0]["trials"] == 2 and len(shown[0]["object"]) == 64, shown
    assert shown[0]["searches"][0]["stopped"] == "trials", shown
    assert "searched" in lathe("cache", "show", "gemm", "--dir", own)[0]
    assert "list" in lathe("cache", "show", "conv2d", "--dir", own, status=1)[1]
    lathe("cache", "show", status=2)
    lathe("cache", "nonsense", status=2)

    # Export, import elsewhere, and use: the winner is checked there, not searched for again.
    assert parsed("cache", "export", wisdom, "--dir", own) == {"exported": 2, "file": str(wisdom)}
    assert lathe("cache", "export", "-", "--dir", own)[0] == wisdom.read_text()
    lathe("cache", "export", wisdom, "no_such_operator", "--dir", own, status=1)
    assert parsed("cache", "import", wisdom, "--dir", other)["imported"] == 2
    assert {each["origin"] for each in parsed("cache", "list", "--dir", other)} == {"imported"}
    out = lathe("tune", "gemm", 24, 25, 26, "--threads", 1, "--effort", "wisdom_only",
                LATHE_CACHE_DIR=str(other))[0]
    assert "cache" in out, out

    # A site's wisdom, a file or another cache, is read below the own cache and never written.
    for site in (wisdom, own):
        empty = root / ("empty-" + site.name)
        seen = parsed("cache", "list", "--dir", empty, LATHE_WISDOM_PATH=str(site))
        assert {each["key"] for each in seen} == {each["key"] for each in found}, seen
        assert {each["origin"] for each in seen} == {"imported"}
        assert not empty.exists()

    # One wrong byte, or a cut: nothing is taken, of the other files neither.
    good = wisdom.read_bytes()
    third = root / "third"
    for wrong in (good.replace(b"split(", b"splat(", 1), good[:-40], good + b"rubbish\n"):
        bad = root / "bad.wisdom"
        bad.write_bytes(wrong)
        text = lathe("cache", "import", wisdom, bad, "--dir", third, status=1)[1]
        assert "LATHE-E408" in text and "bad.wisdom" in text, text
        assert parsed("cache", "list", "--dir", third) == []
    assert "LATHE-E405" in lathe("cache", "import", root / "none", "--dir", third, status=1)[1]
    lathe("cache", "import", wisdom, "--dir", third, status=1, LATHE_CACHE_MODE="ro")

    # Several into one.
    one, two = root / "one.wisdom", root / "two.wisdom"
    lathe("cache", "export", one, found[0]["key"], "--dir", own)
    lathe("cache", "export", two, found[1]["key"], "--dir", own)
    joined = root / "joined.wisdom"
    assert parsed("cache", "merge", one, two, wisdom, "-o", joined)["merged"] == 2

    # Pruning forgets trials and code, no kernel.
    done = parsed("cache", "prune", "--trials", 0, "--objects", 0, "--dir", own)
    assert done["trials"] == 4 and done["objects"] >= 1 and done["segments"] >= 4, done
    assert parsed("cache", "list", "--dir", own) == found
    assert parsed("cache", "show", key, "--dir", own)[0]["trials"] == 0

    assert parsed("cache", "verify", "--dir", own)["clean"] is True
    segment = next(own.glob("seg-*.log"))
    content = bytearray(segment.read_bytes())
    content[len(content) // 3] ^= 1
    segment.write_bytes(content)
    checked = parsed("cache", "verify", "--dir", own, status=1)
    assert checked["damaged"] == 1 and checked["records"] == 1, checked

    # Misspelt variables are named, once.
    said = lathe("cache", "list", "--dir", own, LATHE_CACHE_DRI="x")[1]
    assert said.count("LATHE-E112") == 1 and "LATHE_CACHE_DIR" in said, said


with tempfile.TemporaryDirectory() as folder:
    main(pathlib.Path(folder))
