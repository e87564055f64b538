# SPDX-License-Identifier: BSD-3-Clause
"""Raises the lab once for the whole run, and asks the oracle after every test that uses it.

EPHEMERA_BUILD names the build directory (build). A lab that is up is taken down first; a demo or another run of the
tests that has it is waited for."""
import os

import pytest

from lab import standing
from counter_checks import check_invariants
from topology import ROOT

MEASURED = []  # what tests measured, for the end of the run


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
        standing_lab.restart()  # a test before this one failed half-way
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
