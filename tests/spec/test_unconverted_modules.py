"""`modules_to_not_convert`, as transformers 5.23.0 (`should_convert_module`) matches the names."""

import pytest

from bitsim.spec.unconverted import HEAD, unconverted_fault

Q, DOWN = "model.layers.0.self_attn.q_proj", "model.layers.1.mlp.down_proj"
GATE = "model.layers.11.mlp.gate_proj"
LEFT_IN_FLOATS = {  # recorded from transformers: of Q, DOWN, GATE and the head
    "lm_head": {HEAD},
    "head": {HEAD},
    "lm": set(),
    "model": {Q, DOWN, GATE},
    "model.layers": {Q, DOWN, GATE},
    "model.layers.1": {DOWN},
    "model.layers.1.": {DOWN, GATE},
    "model.layers..": {Q, DOWN},
    "layers.0": set(),
    "proj": {Q, DOWN, GATE},
    "down_proj": {DOWN},
    "gate_proj": {GATE},
    "mlp.gate": set(),
    ".self_attn.q_proj": {Q},
    "model.layers.1.mlp.down": set(),
    "model.layers.1.mlp.down_proj.weight": set(),
    "": {Q, DOWN, GATE, HEAD},
}


@pytest.mark.parametrize("name", LEFT_IN_FLOATS)
def test_a_name_leaves_out_what_transformers_leaves_out(name):
    left = LEFT_IN_FLOATS[name]
    for module in (Q, DOWN, GATE):
        fault = unconverted_fault([name, HEAD], [module])
        assert (fault is not None) == (module in left)
        assert fault is None or f"leaves {module} in floats" in fault
    fault = unconverted_fault([name], [])
    assert (fault is None) == (HEAD in left)
    assert fault is None or f"leaves out no {HEAD}" in fault


@pytest.mark.parametrize("names", [None, [HEAD], [HEAD, "vision_tower"]])
def test_lists_that_change_nothing_are_taken(names):
    assert unconverted_fault(names, [Q, DOWN, GATE]) is None


def test_a_list_of_its_own_makes_the_head_ternary():
    assert "leaves out no lm_head" in unconverted_fault([], [Q])
