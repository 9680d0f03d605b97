"""Jobs one after another in this process, or spread over a Dask cluster of processes, machines or GPUs."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import dask
import torch
from distributed import Client, LocalCluster, as_completed, get_worker

from brevitas_models.experiments.jobs import Job, Place, run
from finn_build.errors import SignflowError

TOPIC = "signflow-epoch"
# Dask has its processes give freed memory back at once; a training, which takes it again in each step, is slower so
_KEEP_MEMORY = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None}
Outcome = tuple[Job, dict[str, Any] | Exception]
Tick = Callable[[Job], None]


@dataclass(frozen=True)
class Runner:
    """How jobs are run.

    Attributes:
        out: the folder of all runs; every machine of a cluster must see it under this path, and the images too.
        workers: processes on this machine; 1 runs them here.
        scheduler: address of a Dask scheduler to use instead, e.g. tcp://host:8786.
        accelerator: of Lightning Fabric: cpu, gpu, auto. Workers take the GPUs of their machine in turn.
        threads: of PyTorch in each job.
        kernels: that networks train with.
    """

    out: Path
    workers: int = 1
    scheduler: str = ""
    accelerator: str = "auto"
    threads: int = 1
    kernels: str = "fused"

    def run(self, jobs: Sequence[tuple[Job, Path]], tick: Tick) -> Iterator[Outcome]:
        """Each job with its images' folder; gives its result, or the error that ended it, as soon as it ends.

        Args:
            jobs: in order of importance.
            tick: called after every epoch of a job.
        """
        places = [(job, self._place(images)) for job, images in jobs]
        if self.workers == 1 and not self.scheduler:
            for job, place in places:
                yield job, _attempt(job, place, partial(tick, job))
            return
        with self.client() as client:
            client.subscribe_topic(TOPIC, lambda event: tick(Job(*event[1])))
            waiting = {client.submit(_on_worker, job, place, pure=False): job for job, place in places}
            for future in as_completed(list(waiting)):
                lost = None if future.status == "finished" else future.exception()
                yield waiting[future], future.result() if lost is None else lost

    def _place(self, images: Path) -> Place:
        return Place(images.resolve(), self.out.resolve(), self.accelerator, 0, self.threads, self.kernels)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Of the scheduler, or of processes that end with it."""
        if self.scheduler:
            with Client(self.scheduler) as client:
                yield client
            return
        with dask.config.set(_KEEP_MEMORY):
            local = LocalCluster(
                n_workers=self.workers,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=None,
                silence_logs=logging.ERROR,  # it warns of workers that take more than four seconds to end
            )
        with local, Client(local) as client:
            yield client


def _attempt(job: Job, place: Place, tick: Callable[[], None]) -> dict[str, Any] | SignflowError:
    """One failing job, say of images that cannot be split, does not stop the others."""
    try:
        return run(job, place, tick)
    except SignflowError as error:
        return error


def _on_worker(job: Job, place: Place) -> dict[str, Any] | SignflowError:
    """Local workers have numbers for names; those of a scheduler see the GPU that their machine gives them."""
    worker, gpus = get_worker(), torch.cuda.device_count()
    device = worker.name % gpus if gpus and isinstance(worker.name, int) else 0
    return _attempt(job, replace(place, device=device), lambda: worker.log_event(TOPIC, astuple(job)))
