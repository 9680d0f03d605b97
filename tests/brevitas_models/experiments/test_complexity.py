import pytest
import torch
from brevitas.nn import QuantConv2d, QuantLinear
from torch import Tensor, nn

from brevitas_models.experiments.complexity import main, ours
from brevitas_models.experiments.operations import Account, by_unit, count, count_network, total
from brevitas_models.experiments.paper_tables import DECIMALS, TABLES
from brevitas_models.layers.activations import BatchNorm2d, RPReLU, RSign, RSiLU
from brevitas_models.layers.quantizers import act_quantizer, weight_quantizer
from brevitas_models.networks.zoo import build_model
from finn_build.errors import UnsupportedModelError

ROWS = [pytest.param(table, row, id=f"{table.title}: {row.label}") for table in TABLES for row in table.rows]
TOLERANCES = {"bops": 0.20, "flops": 0.20, "ops": 0.05}
MISPRINT = ("Table 6, NEU", "VI")


def conv(bits: int, groups: int = 1) -> QuantConv2d:
    """From 2 to 4 channels on maps of 6 x 5, whose size it keeps."""
    return QuantConv2d(2, 4, 3, padding=1, groups=groups, bias=False, **weight_quantizer(bits))


def count_chain(*layers: nn.Module, shape: tuple[int, int, int] = (2, 6, 5)) -> Account:
    return total(count(nn.Sequential(*layers), shape))


@pytest.mark.parametrize(("table", "row"), ROWS)
def test_rows_of_the_paper(table, row) -> None:  # type: ignore[no-untyped-def]
    """OPs within 5%, BOPs and FLOPs within 20%, beyond the rounding of the printed figure."""
    mine = ours(table, row)
    for quantity, paper in row.figures.items():
        slack = TOLERANCES[quantity] * paper + 0.5 * 10**-DECIMALS
        agrees = abs(mine[quantity] - paper) <= slack
        assert agrees != ((table.title, row.label) == MISPRINT), (quantity, paper, mine[quantity])


def test_the_row_that_contradicts_the_others() -> None:
    """Table 6, V to VI: a stem of 9 x 9 instead of 5 x 5 on one channel, 24 filters on maps of 112 x 112."""
    rows = {row.label: row for row in TABLES[3].rows}
    step = (9 * 9 - 5 * 5) * 24 * 112 * 112 / 1e7
    assert ours(TABLES[3], rows["VI"])["ops"] - ours(TABLES[3], rows["V"])["ops"] == pytest.approx(step)
    assert rows["V"].figures["ops"] + step == pytest.approx(4.11, abs=0.01)


def test_final_network_by_hand() -> None:
    accounts = by_unit(model := build_model("bi_shufflenet"), count_network(model))
    stem, pixels = 81 * 24 * 112**2, 24 * 112**2
    assert accounts["stem"] == Account(flops=stem + 3 * pixels)
    channels, basic = 24, (1 + 9 + 9 + 1) * 24**2 * 28**2
    assert accounts["units.1"] == Account(basic, 4 * 3 * channels * 28**2)
    left = 25 * 24**2 * 28**2 + 24**2 * 28**2
    right = (1 + 9) * 24**2 * 56**2 + (9 + 1) * 24**2 * 28**2
    assert accounts["units.0"] == Account(left + right, 3 * 24 * (2 * 28**2 + 2 * 56**2 + 2 * 28**2))
    assert accounts["head"] == Account(flops=(192 + 3) * 1024 * 49)
    assert accounts["classifier"] == Account(flops=1024 * 6)
    assert total(accounts) == total(count_network(model))


@pytest.mark.parametrize(
    "fields",
    [
        {"head_weight_bits": 1},
        {"shortcut_bits": 8, "edge_weight_bits": 4},
        {"shortcut_bits": 32, "edge_weight_bits": 32, "head_weight_bits": 32, "head_act_bits": 32},
    ],
)
def test_every_form_of_the_network_has_one_account(fields: dict[str, int]) -> None:
    whole = total(count_network(build_model("bi_shufflenet", image_size=64, **fields)))
    assert whole == total(count_network(build_model("bi_shufflenet", image_size=64)))


def test_real_weights_are_floating_point() -> None:
    accounts = [total(count_network(build_model("bi_shufflenet", image_size=64, weight_bits=w))) for w in (1, 32)]
    assert accounts[1] == Account(0, accounts[0].bops + accounts[0].flops)


def test_ops() -> None:
    assert Account(128, 3).ops == 5
    assert Account(1, 2) + Account(3, 4) == Account(4, 6)


def test_a_unit_by_hand() -> None:
    accounts = count(nn.Sequential(RSign(2), conv(1), BatchNorm2d(4), RPReLU(4)), (2, 6, 5))
    assert accounts == {"1": Account(bops=4 * 30 * 2 * 9), "2": Account(flops=2 * 120), "3": Account(flops=120)}


def test_products_are_binary_where_weights_and_inputs_are() -> None:
    macs = 4 * 30 * 2 * 9
    assert count_chain(RSign(2), conv(1)) == Account(bops=macs)
    assert count_chain(act_quantizer(1), conv(1)) == Account(bops=macs)
    assert count_chain(conv(1)) == Account(flops=macs)
    assert count_chain(RSign(2, bits=2), conv(1)) == Account(flops=macs)
    assert count_chain(RSign(2), conv(8)) == Account(flops=macs)
    assert count_chain(RSign(2), conv(32)) == Account(flops=macs)
    assert count_chain(RSign(2), nn.Conv2d(2, 4, 3, padding=1)) == Account(flops=macs)
    assert count_chain(RSign(2), BatchNorm2d(2), conv(1)) == Account(flops=macs + 2 * 60)


def test_signs_pass_through_pools_and_views() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.sign, self.pool = RSign(2), nn.MaxPool2d(2)
            self.dense = QuantLinear(12, 5, bias=False, **weight_quantizer(1))

        def forward(self, x: Tensor) -> Tensor:
            return self.dense(self.pool(self.sign(x)).flatten(1))

    assert count(Net(), (2, 6, 5)) == {"dense": Account(bops=60)}
    assert count_chain(RSign(2), nn.AvgPool2d(2), conv(1)).bops == 0


def test_shapes_of_products() -> None:
    assert count_chain(conv(32, groups=2)) == Account(flops=4 * 30 * 1 * 9)
    assert count_chain(nn.Conv2d(2, 4, 3, stride=2)) == Account(flops=4 * (2 * 2) * 2 * 9)
    assert count_chain(nn.ConvTranspose2d(2, 4, 2, stride=2)) == Account(flops=60 * 4 * 4)
    assert count_chain(nn.Flatten(), nn.Linear(60, 7)) == Account(flops=420)
    assert count_chain(RSiLU(2), nn.ReLU(), nn.Sequential()) == Account(flops=120)


def test_a_module_called_twice_counts_twice() -> None:
    relu = nn.ReLU()

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu = relu

        def forward(self, x: Tensor) -> Tensor:
            return self.relu(self.relu(x))

    assert count(Net(), (2, 6, 5)) == {"relu": Account(flops=120)}


def test_what_has_no_rule_is_an_error_and_leaves_no_hooks() -> None:
    class Scale(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight, self.relu = nn.Parameter(torch.ones(1)), nn.ReLU()

    for module in (nn.GELU(), Scale()):
        model = nn.Sequential(nn.ReLU(), nn.Sequential(module)).train()
        with pytest.raises(UnsupportedModelError) as caught:
            count(model, (2, 6, 5))
        assert str(caught.value) == f"complexity: 1.0: no counting rule for {type(module).__name__}"
        assert model.training and not model[0]._forward_hooks


def test_counting_changes_nothing() -> None:
    model = build_model("binary_rescnn_w1a1").train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    assert count_network(model) == count_network(model)
    assert model.training and not any(module._forward_hooks for module in model.modules())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


@pytest.mark.parametrize("name", ["cnv_w1a1", "cnv_w1a2", "binary_rescnn_w1a1", "birealnet18", "shufflenet_v2_x0_5"])
def test_units_add_up(name: str) -> None:
    model = build_model(name)
    accounts = count_network(model)
    assert total(by_unit(model, accounts)) == total(accounts)
    assert bool(total(accounts).bops) == (name in ("cnv_w1a1", "binary_rescnn_w1a1", "birealnet18"))


def test_command_prints_one_network(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "cnv_w1a1", "--set", "in_channels=1"]) == 0
    text = capsys.readouterr().out
    assert "cnv_w1a1, one image of 32 x 32 x 1" in text and "57,507,840" in text and "total" in text


def test_command_prints_the_paper(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("the sign differs" in line for line in lines) == 2
    assert sum("The paper against itself" in line for line in lines) == 3
    row = next(line for line in lines if line.startswith("│ X "))
    assert row.replace("│", " ").split() == ["X", "bi_shufflenet_x", "8.99", "9.012", "+0.2%", "-0.02", "-0.02"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "in_channels=3"], "error: --set changes a field of a network: name one with --model"),
        (["--model", "cnv_w1a1", "--set", "width"], "error: --set width: write it as KEY=VALUE, for example"),
        (["--model", "resnet_18"], "error: model 'resnet_18' is unknown; did you mean 'resnet18'?"),
        (["--model", "cnv_w1a1", "--set", "widht=3"], "error: cnv_w1a1: no option 'widht'; did you mean 'width'?"),
    ],
)
def test_bad_options_are_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.startswith(message) and captured.err.count("\n") == 1
