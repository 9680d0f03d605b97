"""Results: one line of JSON per run, appended when it ends; and the splits that they are of."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from brevitas_models.experiments.jobs import Job
from finn_build.errors import DataError

Result = Mapping[str, Any]
FILE = "results.jsonl"


class Results:
    """The results below a folder.

    Raises:
        DataError: a line of the file is not a result.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lines: dict[Job, Result] = dict(_read(self.path))

    def get(self, job: Job) -> Result | None:
        """The result of a job, if it has run."""
        return self._lines.get(job)

    def of(self, jobs: Iterable[Job]) -> list[Result]:
        """The results that there are of some jobs."""
        return [self._lines[job] for job in jobs if job in self._lines]

    def trainings(self, job: Job) -> list[Result]:
        """The results that differ from that of a job in their seed alone, in order of their seeds."""
        found = (other for other in self._lines if replace(other, seed=job.seed) == job)
        return self.of(sorted(found, key=lambda other: other.seed))

    def add(self, result: Result) -> None:
        """Append a result, at once."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        self._lines[job_of(result)] = result


def kernels_of(result: Result) -> str:
    """What a result's networks were trained with; those that do not say it are from before there were fused kernels."""
    return result.get("kernels", "plain")


def job_of(result: Result) -> Job:
    """The job that a result is of."""
    job = Job(*(result[name] for name in ("dataset", "system", "protocol", "split", "preset")))
    return replace(job, seed=result.get("seed", 0))


def _read(path: Path) -> Iterator[tuple[Job, Result]]:
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            result = json.loads(line)
            yield job_of(result), result
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise DataError(f"{path}:{number}: not a result ({error}); remove the line to run it again") from error
