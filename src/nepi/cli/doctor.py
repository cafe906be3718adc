# SPDX-License-Identifier: BSD-3-Clause
"""`nepi doctor`: prints what this machine can do, what is missing, and how to get it."""

from itertools import groupby

from attrs import asdict

from nepi.cli import output
from nepi.cli.machine import Finding, look


def doctor(*, as_json: bool = False) -> bool:
    """Print the report; True if nothing is missing that NEPI cannot do without."""
    findings = list(look())
    if as_json:
        output.answer([asdict(finding) for finding in findings])
    else:
        report(findings)
    return not any(finding.required and finding.verdict == "missing" for finding in findings)


def report(findings: list[Finding]) -> None:
    """One line a finding, the troubles and their remedies below."""
    columns = ("", "", "what is here", "needed for")
    for topic, members in groupby(findings, key=lambda finding: finding.topic):
        rows = [(one.verdict, one.name, one.found, one.needed_for) for one in members]
        output.show(columns, rows, title=topic)
        output.say()
    wanting = [finding for finding in findings if finding.verdict != "ok"]
    if not wanting:
        output.say("Nothing is missing.")
        return
    remedies = [(one.verdict, one.name, one.remedy) for one in wanting]
    output.show(("", "", ""), remedies, title="How to get what is missing")
