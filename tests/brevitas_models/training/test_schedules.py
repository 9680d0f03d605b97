import pytest
import torch
from torch.optim.lr_scheduler import OneCycleLR

from brevitas_models.training.schedules import SCHEDULES, cosine, one_cycle


def test_cosine_warms_up_then_falls_to_zero() -> None:
    rates = [cosine(epoch, 100) for epoch in range(101)]
    assert rates.index(max(rates)) == 5 and max(rates) == 1.0
    assert rates[:6] == sorted(rates[:6]) and rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] == pytest.approx(0.0)


def test_one_cycle_is_that_of_torch() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = OneCycleLR(optimizer, max_lr=1.0, total_steps=10_001, cycle_momentum=False)
    for step in range(10_000):
        if step % 100 == 0:  # torch's rise ends one step earlier
            assert theirs.get_last_lr()[0] == pytest.approx(one_cycle(step / 100, 100), abs=2e-3)
        optimizer.step()
        theirs.step()


@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_shares_of_the_peak(name: str) -> None:
    assert all(0 <= SCHEDULES[name](epoch / 10, 20) <= 1 for epoch in range(201))
