from math import log2

import pytest

from finn_build.errors import SimulationError
from finn_build.evaluate.timing.paths import port_depths, worst_paths
from tests.evaluate.timing.cells import graph

_NET, _Q, _SETUP, _LUT = 0.45, 0.52, 0.06, 0.124
_A, _B = "FDRE a C=1 CE=c1 D=9 R=c0 Q=2", "FDRE b C=1 CE=c1 D=3 R=c0 Q=9"


def _worst(*lines: str, **ports: dict[str, int]) -> float:
    return worst_paths(graph(*lines, **ports), 1)[0].ns


def test_register_lut_register() -> None:
    assert _worst(_A, "LUT2 l I0=2 I1=c0 O=3", _B) == pytest.approx(_Q + _NET + _LUT + _NET + _SETUP)


def test_fan_out_slows_a_net() -> None:
    sinks = [f"FDRE s{i} C=1 CE=c1 D=2 R=c0 Q={20 + i}" for i in range(7)]
    fan_out = _NET + 0.1 * log2(8)
    assert _worst(_A, "LUT1 l I0=2 O=3", _B, *sinks) == pytest.approx(_Q + fan_out + _LUT + _NET + _SETUP)


@pytest.mark.parametrize(("pin", "setup"), [("CE", 0.109), ("R", 0.404)])
def test_enables_and_resets_are_ends(pin: str, setup: float) -> None:
    other = {"CE": "R=c0", "R": "CE=c1"}[pin]
    assert _worst(_A, f"FDRE b C=1 {pin}=2 {other} D=c0 Q=9") == pytest.approx(_Q + _NET + setup)


def test_a_carry_chain_has_no_routed_net_inside() -> None:
    lines = (
        _A,
        "LUT1 l I0=2 O=3",
        "CARRY4 c0 CI=c0 CYINIT=c0 DI=c0,c0,c0,c0 S=3,c0,c0,c0 CO=10,11,12,13 O=14,15,16,17",
        "CARRY4 c1 CI=13 CYINIT=c0 DI=c0,c0,c0,c0 S=c0,c0,c0,c0 CO=20,21,22,23 O=24,25,26,27",
        "FDRE b C=1 CE=c1 D=25 R=c0 Q=9",
    )
    assert _worst(*lines) == pytest.approx(_Q + _NET + _LUT + 0.508 + 0.334 + _NET + _SETUP)


def test_a_register_straight_into_a_carry_passes_a_lut() -> None:
    carry = "CARRY4 c CI=c0 CYINIT=c0 DI=c0,c0,c0,c0 S=2,c0,c0,c0 CO=10,11,12,13 O=3,15,16,17"
    assert _worst(_A, carry, _B) == pytest.approx(_Q + _NET + _LUT + 0.223 + _NET + _SETUP)


def test_shift_registers_and_lut_memories_start_late() -> None:
    shift = "SRL16E s CLK=1 CE=c1 A0=c0 A1=c0 A2=c0 A3=c0 D=c0 Q=3"
    assert _worst(shift, _B) == pytest.approx(1.476 + _NET + _SETUP)


@pytest.mark.parametrize(("register", "clock_to_data"), [(0, 2.454), (1, 0.882)])
def test_block_ram_with_and_without_its_output_register(register: int, clock_to_data: float) -> None:
    ram = f"RAMB18E1 m DOA_REG:{register} DOB_REG:0 CLKARDCLK=1 ADDRARDADDR=c0,c0 DOADO=3"
    assert _worst(ram, _B) == pytest.approx(clock_to_data + _NET + _SETUP)


@pytest.mark.parametrize(("register", "clock_to_data"), [(0, 2.454), (1, 0.882)])
def test_two_block_rams_as_one_have_a_wire_of_their_own(register: int, clock_to_data: float) -> None:
    low, high = (
        f"RAMB36E1 {name} DOA_REG:{register} DOB_REG:0 CLKARDCLK=1 ADDRARDADDR=c0,c0" for name in ("low", "high")
    )
    assert _worst(f"{low} CASCADEOUTA=2", f"{high} CASCADEINA=2 DOADO=3", _B) == pytest.approx(
        clock_to_data + 0.882 + _NET + _SETUP
    )


_DSP = "USE_MULT:MULTIPLY USE_DPORT:FALSE A_INPUT:DIRECT B_INPUT:DIRECT CREG:0 DREG:0 ADREG:0 CLK=1 B=c0,c0 A=2 P=3"


@pytest.mark.parametrize(
    ("a", "m", "p", "worst"),
    [
        (0, 0, 0, _Q + _NET + 3.841 + _NET + _SETUP),  # through multiplier and adder
        (0, 1, 1, _Q + _NET + 1.928),  # to the register in the multiplier
        (1, 1, 1, 2.186),  # from there to P, inside
        (1, 0, 1, 3.890),  # without it
        (1, 0, 0, 4.009 + _NET + _SETUP),
    ],
)
def test_a_dsp_slice_by_its_registers(a: int, m: int, p: int, worst: float) -> None:
    lines = (_A, f"DSP48E1 d AREG:{a} BREG:{a} ACASCREG:{a} MREG:{m} PREG:{p} {_DSP}", _B)
    assert _worst(*lines) == pytest.approx(worst)


def test_ports_of_a_design_count_as_registers() -> None:
    assert _worst("LUT1 l I0=2 O=3", inputs={"x": 2}, outputs={"y": 3}) == pytest.approx(
        _Q + _NET + _LUT + _NET + _SETUP
    )


def test_depths_by_port() -> None:
    g = graph(
        "LUT2 l I0=2 I1=9 O=3", _B, "FDRE c C=1 CE=c1 D=3 R=c0 Q=8", inputs={"x": 2}, outputs={"y": 3, "z": 8}
    )  # fmt: skip
    depths, lut_net = port_depths(g), _NET + 0.1 * log2(3)
    assert depths.through == {("x", "y"): pytest.approx(_NET + _LUT)}
    assert depths.from_inputs == {"x": pytest.approx(_NET + _LUT + lut_net + _SETUP)}
    assert depths.to_outputs == {"y": pytest.approx(_Q + _NET + _LUT), "z": pytest.approx(_Q)}
    assert depths.inside == pytest.approx(_Q + _NET + _LUT + lut_net + _SETUP)


def test_the_second_family_is_the_first_scaled() -> None:
    lines = (_A, "LUT2 l I0=2 I1=c0 O=3", _B)
    cells = 0.6 * (_Q + _LUT + _SETUP)
    assert worst_paths(graph(*lines, family="xcup"), 1)[0].ns == pytest.approx(cells + 2 * _NET)


def test_a_combinational_loop_is_an_error() -> None:
    with pytest.raises(SimulationError, match="combinational loop through "):
        graph("LUT1 a I0=3 O=4", "LUT1 b I0=4 O=3")


def test_a_cell_without_figures_is_an_error() -> None:
    with pytest.raises(SimulationError, match="no delays for cell x of type GTXE2"):
        graph("GTXE2 x C=1 Q=2")


def test_a_pin_without_figures_is_an_error() -> None:
    with pytest.raises(SimulationError, match="no delay for pin X of LUT1 l"):
        graph("LUT1 l I0=2 X=2 O=3")
