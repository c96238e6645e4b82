#!/usr/bin/env python3
"""Checks the recipes of tools/packaging: that they parse, have the fields their package managers
need, and say the version of include/lathe/version.hpp; that README.md says what changed in it.
Neither Spack nor vcpkg is needed."""
import ast
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "tools" / "packaging"


def version():
    text = (ROOT / "include/lathe/version.hpp").read_text()
    return ".".join(re.findall(r"LATHE_VERSION_(?:MAJOR|MINOR|PATCH) (\d+)", text))


def spack_problems(text):
    body = ast.parse(text).body
    classes = [node for node in body if isinstance(node, ast.ClassDef)]
    if [node.name for node in classes] != ["Lathe"]:
        yield "spack: expected one class, Lathe"
        return
    if ast.get_docstring(classes[0]) is None:
        yield "spack: a package has a docstring"
    calls = [node.value for node in classes[0].body
             if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    given = {}
    for call in calls:
        words = [each.value for each in call.args if isinstance(each, ast.Constant)]
        given.setdefault(call.func.id, []).append(words[0] if words else None)
    if given.get("version") != [version()]:
        yield f"spack: version {given.get('version')}, not {version()}"
    if not any(each.startswith("boost@") for each in given.get("depends_on", [])):
        yield "spack: no dependency on boost"
    options = set(re.findall(r"LATHE_BUILD_\w+|LATHE_INSTALL", text))
    yield from unknown_options("spack", options)


def unknown_options(where, options):
    known = set(re.findall(r"^option\((\w+)", (ROOT / "CMakeLists.txt").read_text(), re.M))
    for name in sorted(options - known):
        yield f"{where}: {name} is no option of CMakeLists.txt"


def vcpkg_problems(folder):
    manifest = json.loads((folder / "vcpkg.json").read_text())
    for key in ("name", "version", "description", "license", "dependencies"):
        if key not in manifest:
            yield f"vcpkg.json: no {key}"
    if manifest.get("version") != version():
        yield f"vcpkg.json: version {manifest.get('version')}, not {version()}"
    text = (folder / "portfile.cmake").read_text()
    if text.count("(") != text.count(")"):
        yield "portfile.cmake: parentheses do not match"
    yield from unknown_options("portfile.cmake", set(re.findall(r"-D(LATHE_\w+)", text)))
    up = re.search(r"CURRENT_PORT_DIR}/([./]+)\"", text)
    if not up or not (folder / up.group(1) / "include/lathe/version.hpp").is_file():
        yield "portfile.cmake: SOURCE_PATH is not the root of lathe"
    if not (folder / "usage").is_file():
        yield "vcpkg: no usage"


def main():
    found = [*spack_problems((FOLDER / "spack/package.py").read_text()),
             *vcpkg_problems(FOLDER / "vcpkg")]
    if f"\n**{version()}**" not in (ROOT / "README.md").read_text():
        found.append(f"README.md: nothing about version {version()} under Changes")
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
