#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks what the pipeline can call.

Reads the relocations of the workers' library, follows the calls from pipeline_run() on, and fails if that leads to a
symbol outside the library that is not on the list below: an allocator, a lock, a log or a system call.

usage: hot_path.py LIBRARY.a
"""

import collections
import os
import re
import subprocess
import sys

ENTRY = "pipeline_run"

ALLOWED = {
    "memcpy", "memmove", "memset", "memcmp",
    "crypto_stream_chacha20", "sodium_memzero",  # the random stream's block; libsodium makes no system call for it
    "per_lcore__lcore_id", "__tls_get_addr", "_GLOBAL_OFFSET_TABLE_",
    "rte_mempool_ops_table",  # a mempool's own ring, when a core's cache is empty or full
    "rte_eth_fp_ops", "rte_eth_call_rx_callbacks", "rte_eth_call_tx_callbacks",  # the drivers
    "__rte_panic",  # an assertion that failed
    "__stack_chk_fail",
}


def relocations(library):
    """Yields (function, symbol) for each relocation in a function's section."""
    text = subprocess.run(
        ["objdump", "-r", library], check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"},
    ).stdout  # fmt: skip
    function = None
    for line in text.splitlines():
        head = re.match(r"RELOCATION RECORDS FOR \[(.*)\]:", line)
        if head:
            part = re.fullmatch(r"\.text(?:\.unlikely|\.hot)?\.([A-Za-z_]\w*)(?:\.\w+)*", head.group(1))
            if head.group(1).startswith(".text") and not part and head.group(1) not in (".text", ".text.unlikely"):
                raise SystemExit(f"{head.group(1)}: a section that this check does not know")
            function = part.group(1) if part else None
            continue
        entry = re.match(r"[0-9a-f]+ R_\S+\s+(\S+?)(?:[+-]0x[0-9a-f]+)?$", line)
        if entry and function:
            yield function, entry.group(1)


def main():
    calls = collections.defaultdict(set)
    for function, symbol in relocations(sys.argv[1]):
        symbol = re.sub(r"^\.text(\.unlikely|\.hot)?\.", "", symbol)
        calls[function].add(symbol.split(".")[0] if not symbol.startswith(".") else symbol)
    defined = set(re.findall(r" [Tt] ([A-Za-z_]\w*)", subprocess.run(
        ["nm", sys.argv[1]], check=True, capture_output=True, text=True).stdout))
    if ENTRY not in calls:
        raise SystemExit(f"{ENTRY}() is not in {sys.argv[1]}: built without -ffunction-sections?")

    pending, seen, bad = [ENTRY], {ENTRY: None}, []
    while pending:
        function = pending.pop()
        for symbol in sorted(calls[function]):
            if symbol in defined:
                if symbol not in seen:
                    seen[symbol] = function
                    pending.append(symbol)
            elif not symbol.startswith(".") and symbol not in ALLOWED:
                bad.append((symbol, function))
    for symbol, function in bad:
        chain = [function]
        while seen[chain[-1]]:
            chain.append(seen[chain[-1]])
        print(f"{symbol}() is called from the pipeline: {' <- '.join(chain)}")
    print(f"{len(seen)} functions in the pipeline, {len(bad)} forbidden calls")
    sys.exit(1 if bad or len(seen) < 15 else 0)


if __name__ == "__main__":
    main()
