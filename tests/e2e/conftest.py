# SPDX-License-Identifier: BSD-3-Clause
"""Sets the lab up once for the whole run, and checks the invariants after every test that uses it.

EPHEMERA_BUILD names the build directory (default: build). A lab that is up is taken down first. If a demo or another
test run holds the lab, this run waits for it."""
import os

import pytest

from lab import standing
from counter_checks import check_invariants
from topology import ROOT

MEASURED = []  # lines of measurements, printed at the end of the run


@pytest.fixture(scope="session")
def standing_lab():
    with standing(os.environ.get("EPHEMERA_BUILD", ROOT / "build")) as lab:
        try:
            yield lab
        finally:
            MEASURED.extend(lab.measured)


@pytest.fixture
def lab(standing_lab):
    if not standing_lab.lives():
        standing_lab.restart()  # an earlier test failed and left a daemon stopped
    return standing_lab


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem):
    lab_used = pyfuncitem.funcargs.get("lab")
    if lab_used is None:
        return None
    pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in pyfuncitem._fixtureinfo.argnames})
    check_invariants(lab_used)
    return True


def pytest_terminal_summary(terminalreporter):
    for line in MEASURED:
        terminalreporter.write_line(f"measured: {line}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    funcargs = getattr(item, "funcargs", {})
    used = funcargs.get("lab") or funcargs.get("rig")
    if report.failed and used is not None:
        report.sections.append(("daemons", used.logs()))
