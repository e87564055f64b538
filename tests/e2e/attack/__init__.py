# SPDX-License-Identifier: BSD-3-Clause
"""Spoofing attacks, bounded in time and packets, against the lab. README.md describes each and shows a run; run.py is
the program; guess.py and bypass.py have the attacks; forger.py and rig.py are what they use."""
