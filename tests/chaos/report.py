"""What a run found, for people, and one line of JSON for programs."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tests.chaos.orphans import percentile
from tests.chaos.storm import RESUME_SECONDS, SHOWN, Result


def told(result: Result, folder: Path) -> str:
    """The report of one run. The names of everything that was found go into a file of the folder, which stays."""
    file = folder / f"{result.engine}.json"
    file.write_text(json.dumps(asdict(result.findings), indent=1))
    found = result.findings
    lines = [
        f"== {result.engine}: {result.seconds:g} s of faults, seed {result.seed} ==",
        f"deliveries     {found.acknowledged} acknowledged, {found.repeats} of them more than once; answers "
        + ", ".join(f"{status or 'none'}: {count}" for status, count in sorted(result.answers.items())),
        f"               {_named('lost', found.lost)}; {_named('recovered', found.recovered)} (a try failed, kept all "
        "the same)",
        f"answer times   p50 {_ms(result.slowest, 0.5)}, p99 {_ms(result.slowest, 0.99)}, slowest "
        f"{_ms(result.slowest, 1)}",
        f"people         {', '.join(f'{count} {word}' for word, count in result.acts.most_common())}",
        f"mails          {result.mails}; {_named('doubled', found.doubled)}; {_named('untrue', found.unexpected)}",
        f"unknown        {len(found.unknown_messages)} messages (at most {result.kills.total()} kills + "
        f"{result.cut_mails} mails cut off); {len(found.unknown_notes)} notes (at most the kills + {result.cut_notes} "
        "calls to WooCommerce without an answer; any other write is read back, and so never unknown)",
        f"kills          {result.kills.total()}: "
        + ", ".join(f"{name} {count}" for name, count in sorted(result.kills.items())),
        f"disk full      {'SKIPPED: there is none to fill' if result.disk_full is None else result.disk_full}",
        f"orphaned work  {len(result.resumed)} of {len(result.orphans)} taken up again, p50 "
        f"{_s(result.resumed, 0.5)}, p99 {_s(result.resumed, 0.99)}, slowest {_s(result.resumed, 1)}",
        f"at the end     a store left alone for {result.left_alone:.0f} s more, then rest "
        f"{'never' if result.rest is None else f'after {result.rest:.0f} s'}; "
        f"{_named('unlike', found.unlike)}; {_named('left', found.left)}; {_named('put aside', found.aside)}; a second "
        f"look changed {result.changes_after}",
    ]
    for orphan in result.orphans:
        if orphan.seconds is None or orphan.seconds > RESUME_SECONDS:
            became = (
                f"taken up after {orphan.seconds:.1f} s" if orphan.seconds else orphan.ended or "never taken up again"
            )
            lines.append(f"  orphan {orphan.name}, killed at {orphan.killed - result.began:.1f} s: {became}")
    for name, names in (("lost", found.lost), ("doubled", found.doubled), ("unknown", found.unknown)):
        lines += [f"  {name}: {each}" for each in names]
    failures = [each for each in result.failures() if each not in {*found.lost, *found.doubled}]
    lines += [f"  FAULT: {each}" for each in failures[:SHOWN]]
    if len(failures) > SHOWN:
        lines.append(f"  FAULT: and {len(failures) - SHOWN} more")
    lines.append(f"  The names of all that was found, recovered deliveries too, are in {file}.")
    if result.failures():
        lines.append(f"  Everybody's logs stay in {result.folder}.")
    return "\n".join(lines)


def summary(results: Sequence[Result]) -> str:
    """The last line: what all runs found together."""
    resumed = [seconds for result in results for seconds in result.resumed]
    return json.dumps(
        {
            "seconds": round(sum(result.seconds for result in results)),
            "database": "+".join(result.engine for result in results),
            "acknowledged": sum(result.findings.acknowledged for result in results),
            "lost": sum(len(result.findings.lost) for result in results),
            "doubled": sum(len(result.findings.doubled) for result in results),
            "unknown": sum(len(result.findings.unknown) for result in results),
            "recovered": sum(len(result.findings.recovered) for result in results),
            "kills": sum(result.kills.total() for result in results),
            "disk_full": sum(result.disk_full or 0 for result in results),
            "skipped": [f"disk full on {result.engine}" for result in results if result.disk_full is None],
            "orphans": sum(len(result.orphans) for result in results),
            "resume_p50_s": _rounded(percentile(resumed, 0.5)),
            "resume_p99_s": _rounded(percentile(resumed, 0.99)),
        }
    )


def _named(word: str, names: Sequence[str]) -> str:
    return f"{len(names)} {word}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _s(seconds: list[float], share: float) -> str:
    found = percentile(seconds, share)
    return "-" if found is None else f"{found:.1f} s"


def _ms(seconds: list[float], share: float) -> str:
    found = percentile(seconds, share)
    return "-" if found is None else f"{found * 1000:.0f} ms"
