#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that what the Markdown files link to is there: files of the tree, and headings of those files.

usage: links.py [TOP]    TOP: the top of the source tree
"""

import pathlib
import re
import sys

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SKIPPED = ("build", ".git")  # folders that hold no source, wherever they are


def without_code(text: str) -> str:
    """The text without code blocks and spans."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(?: {4}|\t).*$", "", text, flags=re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "code", text)


def anchors(file: pathlib.Path) -> set[str]:
    """The anchors that its headings get."""
    headings = re.findall(r"^#+ +(.*?) *$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def findings(top: pathlib.Path, file: pathlib.Path) -> list[str]:
    """A line for each link of the file that leads nowhere."""
    lines = []
    for target in LINK.findall(without_code(file.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = file.parent / name if name else file
        if not place.resolve().is_relative_to(top) or not place.exists():
            lines.append(f"{file.relative_to(top)}: {target}: no such file")
        elif anchor and anchor not in anchors(place):
            lines.append(f"{file.relative_to(top)}: {target}: no such heading")
    return lines


def main(top: str = ".") -> int:
    root = pathlib.Path(top).resolve()
    files = [file for file in sorted(root.rglob("*.md"))
             if not any(part.startswith(SKIPPED) for part in file.relative_to(root).parts)]
    lines = [line for file in files for line in findings(root, file)]
    print("\n".join(lines) if lines else f"{len(files)} files: all links lead somewhere")
    return 1 if lines or not files else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
