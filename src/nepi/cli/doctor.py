# SPDX-License-Identifier: BSD-3-Clause
"""`nepi doctor`: prints what this machine can do, what is missing, and how to get it."""

from attrs import asdict

from nepi.cli import output
from nepi.cli.finding import Finding
from nepi.cli.machine import look


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
    rows = [(one.verdict, one.name, one.found, one.needed_for) for one in findings]
    output.show(columns, rows)
    wanting = [finding for finding in findings if finding.verdict != "ok"]
    output.say()
    if not wanting:
        output.say("Nothing is missing.")
        return
    remedies = [(one.verdict, one.name, one.remedy) for one in wanting]
    output.show(("", "", "how to get it"), remedies)
