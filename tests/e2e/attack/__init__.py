# SPDX-License-Identifier: BSD-3-Clause
"""Attacks on a forwarder's answers, bounded in time and packets, against the lab. README.md says what each does and
what a run showed; run.py is the program; each module beside forger.py and rig.py has the attacks of one kind."""
