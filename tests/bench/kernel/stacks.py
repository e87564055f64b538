# SPDX-License-Identifier: BSD-3-Clause
"""Assigns perf's samples to groups. A sample in the kernel belongs to the first rule with a function on its stack."""

OURS, DRIVER, LIBRARY = "ours: the packet pipeline", "DPDK and its AF_XDP driver", "libc, libsodium"
KERNEL = [  # function on the stack: group
    ("handle_softirqs", "kernel: the other end's receive, in the softirq of our sending"),
    ("sock_alloc_send_pskb", "kernel: transmit, a buffer for each packet"),
    ("skb_store_bits", "kernel: transmit, the copy"),
    ("veth_xmit", "kernel: transmit, the veth"),
    ("__xsk_generic_xmit", "kernel: transmit, the rest"),
    ("__x64_sys_sendto", "kernel: calls to transmit"),
    ("__x64_sys_recvfrom", "kernel: calls to receive (busy polling)"),
    ("do_syscall_64", "kernel: calls, the rest"),
    ("entry_SYSCALL_64_after_hwframe", "kernel: calls, the rest"),
]
REST = "kernel: all else"


def rule_of(frames):
    """frames: (function, object), innermost first."""
    name = frames[0][1].strip("()").rpartition("/")[2]
    if not name.startswith(("[", "bpf_prog_")):
        if name.startswith("ephemera-dataplane"):
            return OURS
        return DRIVER if name.startswith(("librte_", "libxdp", "libbpf")) else LIBRARY
    functions = {function for function, _ in frames}
    return next((what for function, what in KERNEL if function in functions), REST)


def stacks(text):
    """The stacks in what `perf script -F ip,sym,dso` printed, each a list of (function, object), innermost first."""
    for block in text.split("\n\n"):
        frames = []
        for line in block.strip().splitlines():
            _, _, rest = line.strip().partition(" ")
            function, _, where = rest.rpartition(" ")
            frames.append((function.strip(), where))
        if frames:
            yield frames
