# SPDX-License-Identifier: BSD-3-Clause
"""A reload that the dataplane refuses for lack of memory is rolled back and reported."""
import contextlib
import copy
import resource

from deadline import wait
from topology import DEFAULT, DIR

LIST = DIR / "refused.txt"
DOMAINS = 100000  # a snapshot of megabytes, for which the dataplane must allocate memory


@contextlib.contextmanager
def without_memory(pid):
    """Limits a process to the memory that it already uses."""
    with open(f"/proc/{pid}/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (now, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)


def test_reload_that_the_dataplane_refuses_is_rolled_back(lab):
    lab.restart()  # no free memory remains from an earlier snapshot of that size
    pid, status = lab.status()["dataplane"]["pid"], lab.status()
    try:
        LIST.write_text("".join(f"d{i:06}.example\n" for i in range(DOMAINS)))
        lab.config = copy.deepcopy(DEFAULT)
        lab.config["pools"] = [{"name": "listed", "servers": ["knot"]}]
        lab.config["routes"] = [{"pool": "listed", "domains_file": LIST.name}]
        lab.config["upstreams"]["servers"] = [s for s in DEFAULT["upstreams"]["servers"] if s["name"] != "nsd"]
        lab.write_config()
        with lab.load("--rate", 1500, "--timeout", 3) as load:
            growth, logged = lab.growth(), len(lab.logs_of("ephemerad.log"))
            with without_memory(pid):
                done = lab.ctl_run("reload")
            assert (done.returncode, done.stdout) == (1, ""), done
            said = "the dataplane refuses it: out of memory\nreload failed: the old configuration stays in force\n"
            assert done.stderr.endswith(said), done
            log = lab.logs_of("ephemerad.log")[logged:]
            assert log.count("the dataplane refuses it: out of memory") == 1, log
            now = lab.status()
            assert now["dataplane"]["generation"] == status["dataplane"]["generation"], now
            assert now["config_loaded_at"] == status["config_loaded_at"] and now["ready"], now
            asked = lab.upstreams()["nsd"]["queries"]
            wait(
                "nsd, which the new configuration lacks, is still used",
                lambda: lab.upstreams()["nsd"]["queries"] >= asked + 300,
            )
            lab.reload()  # with memory it is adopted
            assert "nsd" not in lab.upstreams()
            result = load.finish()
            growth.expect({}, {"timeouts": 0, "own_servfail": 0})
        assert result["answered"] == result["sent"] and (result["lost"], result["refused"]) == (0, 0), result
    finally:
        LIST.unlink(missing_ok=True)
        lab.config = copy.deepcopy(DEFAULT)
        if lab.lives():
            lab.reload()
            lab.ready()
