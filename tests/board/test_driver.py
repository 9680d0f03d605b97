"""The driver on the simulated board: equal to the integer model whatever the memory does, plain about what is wrong."""

import json
import shutil
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from signflow_driver import (
    Accelerator,
    BusError,
    DriverError,
    InputError,
    Inspection,
    MismatchError,
    StallError,
    load_description,
)
from signflow_driver import registers as reg
from signflow_driver.description import bound_hash
from signflow_driver.inspection import cut, judge
from signflow_driver.jobs import _Clock

from sim.board import BoardTraffic, SimulatedBoard, simulated_board
from tests.board.deployments import Deployment, colour_map_and_scores, deploy, grey_scores, square_masks
from tests.builds.networks import PlainBrevitas

ON_BOARD = BoardTraffic()


@pytest.fixture(scope="session")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return grey_scores(tmp_path_factory.mktemp("grey"))


@pytest.fixture(scope="session")
def colour(tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return colour_map_and_scores(tmp_path_factory.mktemp("colour"))


@pytest.fixture
def running(grey: Deployment) -> Iterator[tuple[SimulatedBoard, Accelerator]]:
    with simulated_board(grey.folder, cycles_per_access=50) as board, Accelerator(grey.bitfile) as accelerator:
        yield board, accelerator


def _same(found: dict[str, np.ndarray], wanted: dict[str, np.ndarray]) -> bool:
    return found.keys() == wanted.keys() and all(np.array_equal(found[n], wanted[n]) for n in wanted)


@pytest.mark.parametrize("traffic", [ON_BOARD, *(BoardTraffic(seed, 0.12 * seed, 10 * seed) for seed in (1, 3, 5))])
@pytest.mark.parametrize("name", ["grey", "colour"])
def test_equal_to_the_integer_model(name: str, traffic: BoardTraffic, request: pytest.FixtureRequest) -> None:
    deployment = request.getfixturevalue(name)
    images = deployment.images(70, seed=traffic.seed)  # more than one job's: two are under way
    with simulated_board(deployment.folder, traffic), Accelerator(deployment.bitfile) as accelerator:
        assert _same(accelerator.infer(images), deployment.expected(images)), traffic


def test_images_come_in_any_layout(
    colour: Deployment, running: tuple[SimulatedBoard, Accelerator], grey: Deployment
) -> None:
    _, accelerator = running
    images = grey.images(5)
    wanted = accelerator.infer(images)
    for same in (
        images[:, 0],
        np.moveaxis(images, 1, -1),
        np.asfortranarray(images),
        np.repeat(images, 2, -1)[..., ::2],
    ):
        assert _same(accelerator.infer(same), wanted)
    assert _same(accelerator.infer(images[0]), {n: v[:1] for n, v in wanted.items()})
    with simulated_board(colour.folder), Accelerator(colour.bitfile) as other:
        pictures = colour.images(3)
        mask = other.segment(pictures)
        assert np.array_equal(other.segment(np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))), mask)
        wanted = next(iter(colour.expected(pictures).values()))
        assert np.array_equal(mask, wanted[:, 0] > 0) and 0 < mask.mean() < 1


def test_inspection_of_an_image_of_any_size(tmp_path: Path) -> None:
    """Windows and threshold of the description; what the windows say is the integer model's."""
    masks = square_masks(tmp_path)
    path = masks.folder / "accelerator.json"
    image = np.random.default_rng(5).integers(0, 256, (19, 27), dtype=np.uint8)
    how = Inspection(8, 5, threshold=3.0)
    windows = cut(image[None], how, 8)
    expected = judge(next(iter(masks.expected(windows).values())), (19, 27), how, ())
    assert 0 < expected.mask.sum() < expected.mask.size
    with simulated_board(masks.folder), Accelerator(masks.bitfile) as accelerator:
        with pytest.raises(InputError, match="has no windows and no threshold; pass an Inspection"):
            accelerator.inspect(image)
        with pytest.raises(InputError, match=r"inspect: float64 \(19, 27\); legal: uint8 \(1, H, W\)"):
            accelerator.inspect(image.astype(float), how)
    replace(load_description(path), inspection=how).save(path)
    with simulated_board(masks.folder), Accelerator(masks.bitfile) as accelerator:
        assert accelerator.description.inspection == how
        for same in (image, image[None], image[..., None]):
            verdict = accelerator.inspect(same)
            assert (verdict.label, verdict.score) == (expected.label, expected.score)
            assert np.array_equal(verdict.mask, expected.mask) and np.array_equal(verdict.scores, expected.scores)


def test_pixels_are_looked_up_and_labels_leave(tmp_path: Path) -> None:
    """2x - 1, quantized to signed integers on the host; the label found on the chip."""
    torch.manual_seed(11)
    labelled = deploy(PlainBrevitas(label=True).eval(), (1, 3, 8, 8), tmp_path)
    images = labelled.images(9) // np.arange(1, 10, dtype=np.uint8)[:, None, None, None]
    with simulated_board(tmp_path), Accelerator(labelled.bitfile) as accelerator:
        found, (wanted,) = accelerator.infer(images), labelled.expected(images).values()
        assert np.array_equal(next(iter(found.values())), wanted) and len(np.unique(wanted)) > 1
        assert accelerator.classify(images) == [str(int(label)) for label in wanted.ravel()]


def test_a_stream_of_batches_keeps_two_jobs_under_way(grey: Deployment) -> None:
    images, sizes = grey.images(24), [5, 1, 8, 3, 7]
    batches = [images[begin : begin + size] for begin, size in zip(np.cumsum([0, *sizes[:-1]]), sizes, strict=True)]
    with simulated_board(grey.folder, cycles_per_access=5), Accelerator(grey.bitfile) as accelerator:
        results = accelerator.stream(iter(batches))
        first = next(results)
        assert not accelerator.registers.read(reg.STATUS) & reg.IDLE  # the next job runs already
        parts = [first, *results]
        assert [len(p["logits"]) for p in parts] == sizes
        assert np.array_equal(np.concatenate([p["logits"] for p in parts]), grey.expected(images)["logits"])
        frames = list(accelerator.stream(images[:4]))  # a camera: one frame at a time
        assert [f["logits"].shape for f in frames] == [(1, 5)] * 4


def test_frames_follow_each_other_without_a_bubble(grey: Deployment) -> None:
    """The interval between frames is that of the slowest op, in the hardware's own count."""
    cycles = {}
    with simulated_board(grey.folder), Accelerator(grey.bitfile) as accelerator:
        for frames in (16, 48):
            accelerator.infer(grey.images(frames))
            cycles[frames] = accelerator.performance().job_cycles
        accelerator.clear_counters()
        accelerator.infer(grey.images(10))
        found = accelerator.performance()
    slowest = grey.build.design.longest_cycles
    assert slowest <= (cycles[48] - cycles[16]) / 32 <= 1.01 * slowest
    assert found.frames == 10 and found.cycles >= found.job_cycles > found.latency_cycles > slowest
    assert found.fps == pytest.approx(10e6 * grey.build.board.clk_mhz / found.cycles)
    assert [s.beats for s in found.streams] == [990, 50]
    assert all(s.beats + s.stalled + s.starved <= found.cycles for s in found.streams)


def test_a_third_job_waits_for_its_turn(running: tuple[SimulatedBoard, Accelerator], grey: Deployment) -> None:
    """One runs, one is queued, and the shell would refuse another."""
    _, accelerator = running
    images = grey.images(12)
    jobs = [accelerator._submit(np.moveaxis(images[3 * i : 3 * i + 3], 1, -1)) for i in range(4)]
    found = [next(iter(accelerator._collect(deque([job])).values())) for job in jobs]
    wanted = accelerator.infer_integers(images)
    assert np.array_equal(np.concatenate(found), next(iter(wanted.values())))


def test_results_stay_with_their_images(running: tuple[SimulatedBoard, Accelerator], grey: Deployment) -> None:
    """Whether a stream is left early, interrupted by other images, or cut by a reset."""
    _, accelerator = running
    images = grey.images(12)
    wanted = grey.expected(images)["logits"]
    for first in accelerator.stream(images[i : i + 2] for i in range(0, 12, 2)):
        assert np.array_equal(first["logits"], wanted[:2])
        break
    assert np.array_equal(accelerator.infer(images[7:9])["logits"], wanted[7:9])
    for index, found in enumerate(accelerator.stream(images[i : i + 2] for i in range(0, 12, 2))):
        assert np.array_equal(found["logits"], wanted[2 * index :][:2])
        assert np.array_equal(accelerator.infer(images[3:4])["logits"], wanted[3:4])
    stream = accelerator.stream([images] * 3)
    next(stream)
    accelerator.reset()
    with pytest.raises(DriverError, match="a reset dropped this job"):
        next(stream)
    assert not any(job.busy for job in accelerator._jobs._jobs)
    assert np.array_equal(accelerator.infer(images)["logits"], wanted)


@pytest.mark.parametrize("seed", range(5))
def test_reset_in_mid_transfer_then_a_correct_job(grey: Deployment, seed: int) -> None:
    rng = np.random.default_rng(seed)
    images, traffic = grey.images(6, seed), BoardTraffic(seed, 0.3, 30)
    with simulated_board(grey.folder, traffic, cycles_per_access=20) as board, Accelerator(grey.bitfile) as accelerator:
        for _ in range(3):
            list(zip(range(1), accelerator.stream([images, images, images]), strict=False))  # two jobs are left behind
            board.run(int(rng.integers(0, 3000)))
            accelerator.reset()
            assert _same(accelerator.infer(images), grey.expected(images)), f"seed {seed}"


@pytest.mark.parametrize(
    ("images", "text"),
    [
        (np.zeros((2, 1, 11, 8), np.uint8), "images of net: shape (2, 1, 11, 8); legal: (N, 1, 11, 9), N > 0"),
        (np.zeros((0, 1, 11, 9), np.uint8), "images of net: shape (0, 1, 11, 9); legal: (N, 1, 11, 9), N > 0"),
        (np.zeros((2, 1, 11, 9)), "images of net: float64; legal: uint8 pixels"),
        ([[0]], "images of net: list; legal: uint8 pixels"),
        (np.array(7, np.uint8), "images of net: shape (); legal: (N, 1, 11, 9), N > 0"),
    ],
)
def test_wrong_images_are_refused(running: tuple[SimulatedBoard, Accelerator], images: np.ndarray, text: str) -> None:
    with pytest.raises(InputError) as error:
        running[1].infer(images)
    assert str(error.value) == text


def test_a_job_with_too_little_input_names_what_waits(
    running: tuple[SimulatedBoard, Accelerator], grey: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, accelerator = running
    images, set_job = grey.images(3), accelerator.registers.set_job
    accelerator.registers.write(reg.TIMEOUT, 5000)
    with monkeypatch.context() as patched:
        patched.setattr(accelerator.registers, "set_job", lambda i, a, count: set_job(i, a, count - 99 * (i == 0)))
        with pytest.raises(StallError) as error:
            accelerator.infer(images)
    pixels = accelerator.streams[0].name
    assert str(error.value) == (
        "no beat on any stream for 5,000 cycles; stalled at output m_axis_0 (logits_product): the accelerator sends "
        f"nothing; input s_axis_0 ({pixels}): all was sent, and the accelerator waits for more"
    )
    assert _same(accelerator.infer(images), grey.expected(images))


@pytest.mark.parametrize(("channel", "index", "what"), [("r", 0, "read"), ("w", 1, "write")])
def test_an_error_of_the_memory_is_told_and_survived(
    running: tuple[SimulatedBoard, Accelerator], grey: Deployment, channel: str, index: int, what: str
) -> None:
    board, accelerator = running
    images = grey.images(3)
    board.fault(channel, 0)
    with pytest.raises(BusError) as error:
        accelerator.infer(images)
    assert str(error.value) == f"memory answered a {what} of stream {accelerator.streams[index].name} with SLVERR"
    board.fault(channel, 1 << 62)
    assert _same(accelerator.infer(images), grey.expected(images))


def test_a_memory_that_hangs_is_named_and_needs_the_bitstream_again(
    running: tuple[SimulatedBoard, Accelerator], grey: Deployment
) -> None:
    board, accelerator = running
    accelerator.registers.write(reg.TIMEOUT, 5000)
    board.hang("r")
    with pytest.raises(StallError, match=r"stalled at input s_axis_0 \(\S+\): the memory delivers nothing") as error:
        accelerator.infer(grey.images(3))
    assert "load the bitstream again" in str(error.value.__cause__)
    board.hang("r", False)
    with Accelerator(grey.bitfile) as again:
        assert _same(again.infer(grey.images(3)), grey.expected(grey.images(3)))


def test_another_bitstream_is_refused(grey: Deployment, tmp_path: Path) -> None:
    for suffix in (".json", ".npz"):
        shutil.copyfile(grey.folder / f"accelerator{suffix}", tmp_path / f"accelerator{suffix}")
    path = tmp_path / "accelerator.json"
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"build_hash": "0" * 32}))
    with simulated_board(grey.folder):
        with pytest.raises(
            MismatchError, match=f"hash is {content['build_hash']}, the description of net is for 000000"
        ):
            Accelerator(grey.bitfile, path)
        path.write_text(json.dumps(content | {"format": 0}))
        with pytest.raises(DriverError, match="not of format 5"):
            Accelerator(grey.bitfile, path)
        with pytest.raises(DriverError, match="not readable"):
            Accelerator(grey.bitfile, tmp_path / "missing.json")


def test_new_weights_change_the_hash(grey: Deployment) -> None:
    from finn_build.board.shell import hash_of

    design = grey.build.design
    assert design is not None
    before, description = hash_of(design), load_description(grey.folder / "accelerator.json")
    assert description.design_hash == before
    assert description.build_hash == bound_hash(before, description.content_hash) != before
    for file in (*sorted(design.mem_dir.glob("*.mem")), *design.sources):
        if file.name == "build_hash.mem":  # follows from it
            continue
        text = file.read_text()
        for place in (0, len(text) // 2, len(text) - 2):  # each part of each file counts
            file.write_text(text[:place] + ("1" if text[place] == "0" else "0") + text[place + 1 :])
            assert hash_of(design) != before, (file, place)
        file.write_text(text)
    assert hash_of(design) == before


def test_the_description_of_another_build_of_the_same_design_is_refused(grey: Deployment, tmp_path: Path) -> None:
    description = load_description(grey.folder / "accelerator.json")
    stream = replace(description.inputs[0], lanes=10**12)
    with simulated_board(grey.folder):
        for other in ({"classes": tuple("edcba")}, {"inputs": ()}, {"inputs": (stream,), "design_hash": ""}):
            replace(description, **other).save(tmp_path / "accelerator.json")
            with pytest.raises(MismatchError, match="built for another description of net"):
                Accelerator(grey.bitfile, tmp_path / "accelerator.json")


@pytest.mark.parametrize("download", [True, False])
def test_of_two_accelerators_the_later_one_works(grey: Deployment, download: bool) -> None:
    """The first is told, whatever it was doing, and disturbs the other no more."""
    images = grey.images(3)
    with simulated_board(grey.folder) as board:
        free = list(board._free)
        first = Accelerator(grey.bitfile)
        stream = first.stream([images] * 3)
        next(stream)
        with Accelerator(grey.bitfile, download=download) as second:
            wanted = second.infer(images)
            for use in (lambda: next(stream), lambda: first.infer(images), first.reset):
                with pytest.raises(DriverError, match="has loaded or taken the accelerator since"):
                    use()
            first.close()
            assert _same(second.infer(images), wanted) and _same(wanted, grey.expected(images))
        assert board._free == free


@pytest.mark.parametrize("deed", ["loads", "takes", "resets"])
def test_what_another_program_does_ends_every_wait(
    running: tuple[SimulatedBoard, Accelerator], grey: Deployment, deed: str
) -> None:
    board, accelerator = running
    stream = accelerator.stream([grey.images(8)] * 3)
    next(stream)
    if deed == "loads":
        board.power_up()
    else:
        board.write(reg.CONTROL, reg.RESET)
    if deed == "takes":
        board.write(reg.TIMEOUT, 1_000_000)
    with pytest.raises(DriverError, match="the job is lost" if deed == "resets" else "has loaded or taken"):
        next(stream)
    if deed == "resets":
        assert _same(accelerator.infer(grey.images(2)), grey.expected(grey.images(2)))


def test_a_wait_ends_without_the_hardwares_timeout(
    running: tuple[SimulatedBoard, Accelerator], grey: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, accelerator = running
    accelerator.registers.write(reg.TIMEOUT, 0)
    with monkeypatch.context() as patched:
        patched.setattr(accelerator._jobs, "_timeout_cycles", 3000)
        board.hang("w")
        with pytest.raises(StallError, match="no beat on any stream for 12,000 cycles; stalled at"):
            accelerator.infer(grey.images(3))
        board.hang("w", False)
    with Accelerator(grey.bitfile) as again, monkeypatch.context() as patched:
        patched.setattr("signflow_driver.jobs._DEAD_SECONDS", 0.2)
        patched.setattr(again.registers, "read", lambda at: again.registers.timeout if at == reg.TIMEOUT else 0)
        with pytest.raises(DriverError, match=r"no clock: the shell has counted no cycle for 0\.2 s"):
            again.infer(grey.images(3))
        patched.undo()
        assert _same(again.infer(grey.images(3)), grey.expected(grey.images(3)))


def test_a_wait_counts_on_where_the_count_begins_anew() -> None:
    readings = iter([100, 100, 160, 30, 50])
    clock = _Clock(SimpleNamespace(read=lambda _: next(readings)))  # type: ignore[arg-type]
    assert [clock.passed() for _ in range(4)] == [0, 60, 90, 110]


def test_leaving_after_a_hang_tells_of_the_hang(grey: Deployment) -> None:
    with simulated_board(grey.folder, cycles_per_access=50) as board:
        with pytest.raises(StallError, match="the memory delivers nothing"), Accelerator(grey.bitfile) as accelerator:
            accelerator.registers.write(reg.TIMEOUT, 5000)
            board.hang("r")
            accelerator.infer(grey.images(3))
        with pytest.raises(DriverError, match="load the bitstream again"):
            accelerator.close()


def test_buffers_that_have_become_too_small_are_given_back(grey: Deployment) -> None:
    with simulated_board(grey.folder), Accelerator(grey.bitfile) as accelerator:
        for count in (1, 2, 3, 5, 8, 13):
            accelerator.infer(grey.images(count))
        assert len(accelerator._jobs._jobs) == 1
        with pytest.raises(MemoryError):
            accelerator._jobs.claim(1 << 20)
        assert not accelerator._jobs._jobs
        assert _same(accelerator.infer(grey.images(4)), grey.expected(grey.images(4)))


def test_buffers_are_given_back(grey: Deployment) -> None:
    with simulated_board(grey.folder) as board:
        free = list(board._free)
        with Accelerator(grey.bitfile) as accelerator:
            for count in (1, 70, 3):
                accelerator.infer(grey.images(count))
            assert board._free != free
        assert board._free == free
