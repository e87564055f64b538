# SPDX-License-Identifier: BSD-3-Clause
"""The smallest dataplane.memory_mb that `config check` accepts is enough for a dataplane to start and forward."""
import copy
import re

import pytest

from topology import DEFAULT, SHARED_CORE, WORKER_CORE


BOTH_CORES = [SHARED_CORE, WORKER_CORE]


@pytest.mark.parametrize("cores, flows", [(BOTH_CORES[1:], 131072), (BOTH_CORES[1:], 1048576), (BOTH_CORES, 65536)])
def test_smallest_memory_that_the_check_accepts(lab, cores, flows):
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["dataplane"].update(worker_cores=cores, flows_per_worker=flows, memory_mb=64)
    lab.write_config()
    try:
        done = lab.ctl_run_local("config", "check", lab.config_path)
        least = int(re.search(r"memory_mb: 64 MiB is not enough for .* at least (\d+)", done.stderr)[1])
        lab.config["dataplane"]["memory_mb"] = least - 1
        lab.write_config()
        assert lab.ctl_run_local("config", "check", lab.config_path).returncode == 1
        lab.config["dataplane"]["memory_mb"] = least
        lab.restart()
        for version in (4, 6):
            lab.ask(version=version)
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()
