"""The page of a build: whole, readable without a network, and a browser's where there is one."""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from finn_build.report import page
from tests.report.conftest import CLASSES

SECTIONS = ("about", "dataflow", "timeline", "area", "samples", "accuracy", "gate", "notrun", "made")
VOID = {"meta", "img", "br"}
WIDTHS = (1280, 390)
ROUTED = {
    **{"lut": 1100, "ff": 1300, "bram36": 0.5, "dsp": 4, "uram": 0},
    **{"wns_ns": -0.25, "clk_period_ns": 10, "power_w": 1.5},
}
PATH = {"ns": 11.5, "start": "a", "end": "b", "ops": ["MVAU_0"], "logic": "LUT6 x3", "fan_out": 9}
TIMING = {
    **{"path": "post-synthesis estimate", "engine": "own", "worst_ns": 11.5, "mhz": 86.96, "clk_mhz": 100},
    **{"slack_ns": -1.5, "paths": [PATH]},
}


class Page(HTMLParser):
    """Text by section; raises where a tag is left open."""

    def __init__(self, path: Path):
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.texts: dict[str, str] = {}
        self._section = ""
        self.feed(path.read_text())
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        known = dict(attributes)
        self.links += [known[name] or "" for name in ("href", "src") if name in known]
        if tag in ("header", "section"):
            self._section = known["id"] or ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts[self._section] = self.texts.get(self._section, "") + data


def _drawn(classified: Path, folder: Path, **changes: object) -> Page:
    """The page of that build with some of its sheet changed."""
    report = json.loads((classified / "report.json").read_text())
    shutil.copy(classified / "frames.npz", folder)
    (folder / "report.json").write_text(json.dumps(report | changes))
    return Page(page.redraw(folder))


def test_every_section_says_something_and_nothing_is_fetched(classified: Path) -> None:
    made = Page(classified / page.PAGE)
    assert all(made.texts[name].strip() for name in SECTIONS)
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in made.links)
    assert {link[1:] for link in made.links if link.startswith("#")} <= set(SECTIONS)
    assert not re.search(r"\b(None|nan|Undefined|inf)\b", " ".join(made.texts[name] for name in SECTIONS))


def test_it_has_the_builds_figures(classified: Path) -> None:
    made, report = Page(classified / page.PAGE), json.loads((classified / "report.json").read_text())
    assert f"Verified: {report['gate']['values']:,} integers equal" in made.texts["about"]
    assert f"{report['cycles']['predicted_ii']:,} cycles" in made.texts["dataflow"]
    for row in report["layers"]:
        assert row["name"] in made.texts["dataflow"] and row["name"] in made.texts["area"]
    assert all(reason in made.texts["notrun"] for reason in report["not_run"])
    assert all(name in made.texts["accuracy"] for name in CLASSES)  # with & and <, as they are called
    assert sum(link.startswith("data:") for link in made.links) == report["gate"]["frames"] == 4


def test_counts_of_the_confusion_are_the_accuracy(classified: Path) -> None:
    found = json.loads((classified / "report.json").read_text())["accuracy"]
    right = sum(row[i] for i, row in enumerate(found["confusion"]))
    assert sum(map(sum, found["confusion"])) == found["images"] == 10 and right / 10 == found["value"]
    assert sorted(found["classes"]) == sorted(CLASSES)


def test_times_of_the_stitched_simulation(classified: Path) -> None:
    report = json.loads((classified / "report.json").read_text())
    rows = report["layers"]
    assert rows[0]["reads"] == [""] and all(set(row["reads"]) <= {r["name"] for r in rows} for row in rows[1:])
    last = rows[-1]["frame_ends"]
    assert last[0] + 1 == report["cycles"]["latency"] and len(last) == 4 and last == sorted(last)
    assert all(row["first_beat"] <= row["frame_ends"][0] for row in rows)


def test_highest_fills_of_fifos(classified: Path) -> None:
    rows = json.loads((classified / "report.json").read_text())["layers"]
    fills = [row for row in rows if row["highest_fill"] is not None]
    assert fills and all((row["op"] == "StreamFIFO") == (row in fills) for row in rows)
    assert all(max(1, row["least_depth"]) <= row["highest_fill"] <= row["depth"] for row in fills)
    said = Page(classified / page.PAGE).texts["dataflow"]
    assert "the most beats that it held" in said and "full for" in said
    assert ("what a skip has to hold" in said) == any(row["least_depth"] for row in fills)


def test_what_else_a_build_may_have_found(classified: Path, tmp_path: Path) -> None:
    report = json.loads((classified / "report.json").read_text())
    resources = report["resources"] | {"vivado": ROUTED, "yosys": report["resources"]["estimate"]}
    made = _drawn(classified, tmp_path, timing=TIMING, resources=resources)
    assert "slack -0.25 ns of 10 ns" in made.texts["area"] and "11.5 ns: a to b" in made.texts["area"]
    assert "87 MHz" in made.texts["about"]


def test_a_failed_gate_is_the_first_thing_said(classified: Path, tmp_path: Path) -> None:
    place = {"layer": "second", "op": "MVAU_1", "tensor": "t", "level": 4, "reference_level": 1}
    place |= {"frame": 2, "channel": 3, "row": 5, "column": 7, "expected": 1, "got": 0}
    gate = json.loads((classified / "report.json").read_text())["gate"]
    made = _drawn(classified, tmp_path, gate=gate | {"passed": False, "first_difference": place})
    assert "Failed: the levels differ" in made.texts["about"] and "Verified" not in made.texts["about"]
    assert "channel 3, row 5, column 7" in made.texts["gate"]


def test_an_estimate_says_that_nothing_was_run(classified: Path, tmp_path: Path) -> None:
    rows = json.loads((classified / "report.json").read_text())["layers"]
    rows = [
        row | dict.fromkeys(("first_beat", "frame_ends", "held_cycles", "highest_fill", "cycles_rtlsim"))
        for row in rows
    ]
    none = dict.fromkeys(("gate", "accuracy", "latency_ms", "ii_ms", "throughput_fps"))
    cycles = {"ii": None, "latency": None, "slowest_layer": "MVAU_0", "predicted_ii": 891, "predicted_latency": 1300}
    made = _drawn(classified, tmp_path, **none, layers=rows, cycles=cycles, frames=[], not_run=[])
    assert "nothing is verified" in made.texts["about"] and "predicted" in made.texts["about"]
    assert all("Not run" in made.texts[name] for name in ("timeline", "accuracy", "gate"))
    told = _drawn(classified, tmp_path, accuracy=None, not_run=["accuracy: its classes are others"])
    assert "Not run: its classes are others." in told.texts["accuracy"] and "not measured: why" in told.texts["about"]


def test_a_folder_without_a_sheet_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert page.main([str(tmp_path)]) == 1
    assert capsys.readouterr().err == (
        f"error: {tmp_path}: holds no report.json or estimate.json; give the output folder of a build\n"
    )


@pytest.mark.parametrize("width", WIDTHS)
def test_a_browser_shows_it_without_a_complaint(classified: Path, tmp_path: Path, width: int) -> None:
    """Chromium, where it is installed (.ci/run installs it): no error, no scrolling sideways, tables sort."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        return  # all that can be told without one was told above
    probe = (
        "<script>const heads = document.querySelectorAll('.sortable th button'); heads[3].click();"
        "document.title = [document.documentElement.scrollWidth,"
        "document.querySelector('.sortable tbody tr').cells[3].dataset.value,"
        "document.querySelector('.graph').offsetWidth - document.querySelector('#dataflow .scroll').clientWidth,"
        "['.axis', '.times div'].map((of) => Math.round(document.querySelector(of).getBoundingClientRect().right))"
        "].flat().join(' ')</script>"
    )
    probed = tmp_path / "probed.html"
    probed.write_text((classified / page.PAGE).read_text().replace("</body>", f"{probe}</body>"))
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--dump-dom"]
    command += [
        f"--screenshot={tmp_path / 'shot.png'}",
        f"--window-size={width},1000",
        f"--user-data-dir={tmp_path / 'profile'}",
        probed.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"<title>(\d+) (\d+) (\d+) (\d+) (\d+)</title>", done.stdout)
    largest = max(row["lut"] for row in json.loads((classified / "report.json").read_text())["layers"])
    assert found and int(found[1]) <= max(width, 500) and int(found[2]) == largest
    assert width < max(WIDTHS) or found[3] == "0", "a table of dataflow that has to be scrolled"
    assert found[4] == found[5], "the axis ends where the bars end"
    assert "CONSOLE" not in done.stderr
    with Image.open(tmp_path / "shot.png") as shot:
        assert shot.width == width and len(shot.getcolors(1 << 20)) > 100, "blank"


def _schemes() -> dict[str, dict[str, str]]:
    """Colours by name of the light and of the dark page."""
    css = (page._TEMPLATES / "style.css").read_text()
    light, dark = (dict(re.findall(r"--(\w+): (#[0-9a-f]{3,6})", css[m.start() : css.index("}", m.start())]))
                   for m in re.finditer(r":root \{", css))  # fmt: skip
    return {"light": light, "dark": light | dark}


def _luminance(colour: str) -> float:
    """Relative luminance, WCAG 2.1."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = (int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4))
    red, green, blue = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(scheme: str) -> None:
    """By WCAG's 4.5 to 1, on cards and between them."""
    colours = _schemes()[scheme]
    for text in ("ink", "soft", "good", "bad", "note", "bar"):
        for ground in ("paper", "back"):
            low, high = sorted(_luminance(colours[name]) for name in (text, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)
