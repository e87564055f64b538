#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the dashboard's files as a C source file: embed.py OUTPUT FILE..."""
import pathlib
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def main(output, *names):
    arrays, rows = [], []
    for i, file in enumerate(map(pathlib.Path, names)):
        content = file.read_bytes()
        lines = (", ".join(map(str, content[at : at + 24])) for at in range(0, len(content), 24))
        arrays.append(f"static const unsigned char file_{i}[] = {{\n" + ",\n".join(lines) + "};\n")
        path = "/" if file.name == "index.html" else f"/{file.name}"
        rows.append(f'\t{{"{path}", "{TYPES[file.suffix]}", file_{i}, sizeof(file_{i})}},\n')
    text = '#include "control/web/web_files.h"\n\n' + "\n".join(arrays) + "\nconst struct web_file web_files[] = {\n"
    text += "".join(rows) + "};\n\n"
    text += "const unsigned web_file_count = sizeof(web_files) / sizeof(web_files[0]);\n"
    pathlib.Path(output).write_text(text)


main(*sys.argv[1:])
