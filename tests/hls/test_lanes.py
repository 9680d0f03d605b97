"""Lanes and numbers by machine words, as our C simulation takes them, are those by ranges and of ap_int."""

from pathlib import Path

from finn_build.hls.design import LIBRARY
from finn_build.hls.process import HLS_DIR
from sim._toolchain import compiler, run_tool
from sim.csim import ap_types

SIZES = ((1, 1), (1, 64), (1, 200), (3, 63), (5, 65), (7, 448), (13, 130), (27, 648), (64, 64), (64, 192), (100, 300))
PROGRAM = """
#include <cstdio>
#include "sf_types.h"

static unsigned long long seed = 88172645463325252ULL;

static unsigned random_bits() {
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed >> 24;
}

template <int WIDTH>
static ap_uint<WIDTH> random_word() {
    ap_uint<WIDTH> word = 0;
    for (int k = 0; k < WIDTH; ++k) word[k] = random_bits() & 1;
    return word;
}

template <int BITS, int WIDTH>
static int differences() {
    int found = 0;
    for (int lane = 0; lane < WIDTH / BITS; ++lane) {
        ap_uint<WIDTH> beat = random_word<WIDTH>(), other = beat;
        const ap_uint<BITS> bits = random_word<BITS>();
        const int high = (lane + 1) * BITS - 1, low = lane * BITS;
        found += sf::lane_bits<BITS>(beat, lane) != ap_uint<BITS>(beat.range(high, low));
        sf::set_lane<BITS>(beat, lane, bits);
        other.range(high, low) = bits;
        found += beat != other;
        int ones = 0;
        for (int k = 0; k < WIDTH; ++k) ones += beat[k];
        found += sf::equal_bits<WIDTH>(beat, ~ap_uint<WIDTH>(0)) != ones;
    }
    return found;
}

/// Numbers are cut to their bits, signs and all, where they are set, added to or counted up.
template <int BITS>
static int numbers() {
    int found = 0;
    for (int i = 0; i < 50; ++i) {
        const int a = int(random_bits()) >> 8, b = int(random_bits()) >> 12;
        sf::Integer<BITS> x = a;
        ap_int<BITS> other = a;
        found += x != (long long)other;
        x += b, other += b, ++x, ++other;
        found += x != (long long)other;
        x -= a, other -= a;
        found += x != (long long)other;
        ap_uint<3 * BITS> beat = random_word<3 * BITS>(), same = beat;
        sf::set_lane<BITS>(beat, 1, x);
        same.range(2 * BITS - 1, BITS) = ap_uint<BITS>(other);
        found += beat != same;
    }
    return found;
}

int main() {
    int found = numbers<2>() + numbers<7>() + numbers<16>() + numbers<31>() + numbers<33>();
    TESTS
    std::printf("%d differences by %s\\n", found, SF_BY_WORDS ? "words" : "ranges");
}
"""


def test_both_forms(tmp_path: Path) -> None:
    tests = "".join(f"found += differences<{bits}, {width}>();" for bits, width in SIZES)
    (tmp_path / "lanes.cpp").write_text(PROGRAM.replace("TESTS", tests))
    for flags, form in ((["-DSF_CSIM"], "words"), ([], "ranges")):
        command = [compiler(), "-std=c++14", "-w", *flags, f"-I{LIBRARY}", f"-I{ap_types()}"]
        run_tool([*command, str(tmp_path / "lanes.cpp"), "-o", str(tmp_path / form)], "compiling lanes.cpp")
        assert run_tool([str(tmp_path / form)], "lanes") == f"0 differences by {form}\n"


def test_ops_of_both_forms(tmp_path: Path) -> None:
    """Steps, signs, pools, products and labels give the same beats by machine words as by synthesis' numbers."""
    found = []
    for form in ([], ["-DSF_STRICT"]):
        command = [
            compiler(),
            "-std=c++14",
            "-w",
            "-DSF_CSIM",
            *form,
            f"-I{HLS_DIR}",
            f"-I{LIBRARY}",
            f"-I{ap_types()}",
        ]
        run_tool(
            [*command, str(Path(__file__).with_name("forms.cpp")), "-o", str(tmp_path / "forms")], "compiling forms"
        )
        found.append(run_tool([str(tmp_path / "forms")], "forms").splitlines())
    words, ranges = found
    assert words == ranges and len(set(words)) > 100
