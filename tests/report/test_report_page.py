"""The page of a run: valid, offline, escaped, true to the result, small."""

import base64
import dataclasses
import hashlib
import re
from html.parser import HTMLParser

import pytest

from bitsim.report import write_report
from bitsim.report.numbers import count, percent, significant
from bitsim.report.timeline import chart as timeline_chart
from bitsim.spec import base
from bitsim.spec.accelerator import AcceleratorSpec

VOID = {"meta", "br", "link", "img", "input", "hr"}
HOSTILE = "</script><script>alert(1)</script>\"'><img src=x onerror=alert(2)> & {{ 7*7 }} \0 \u202e"


class Document(HTMLParser):
    """Tags that open and close in order, attributes once each, texts by tag."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.tags, self.texts = [], [], []
        self.ids, self.links = [], []
        self.feed(text)
        self.close()
        assert self.open == [], self.open

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, attrs)
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id"]
        self.links += [value for name, value in attrs if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> without a start"
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def render(path, result, generation=None, command="bitsim run"):
    write_report(result, generation, path, command)
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("name", ["small", "large", "single"])
def test_a_page_is_balanced_its_links_lead_somewhere_and_it_is_small(results, name, page, answer):
    text = render(page, results[name], answer(results[name]))
    document = Document(text)
    assert len(document.ids) == len(set(document.ids))
    assert {link.removeprefix("#") for link in document.links} <= set(document.ids)
    assert all(link.startswith("#") for link in document.links)
    assert page.stat().st_size < 2_000_000


def test_nothing_is_loaded_and_only_this_style_and_script_may_run(small, page, answer):
    text = render(page, small, answer(small))
    document = Document(text)
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text
    assert not re.search(r"@import|url\(|\bsrc=|<link|<iframe|<object|<embed|<base", text)
    for tag, attributes in document.tags:
        # Both would be refused by the policy below.
        assert not [name for name in attributes if name.startswith("on") or name == "style"], tag
    [policy] = [a["content"] for t, a in document.tags if a.get("http-equiv")]
    assert policy.startswith("default-src 'none';")
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        [body] = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(body.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy


def test_hostile_texts_stay_texts(small, page, answer):
    hostile = dataclasses.replace(
        small,
        network=small.network.model_copy(update={"name": HOSTILE}),
        technology=small.technology.model_copy(update={"name": HOSTILE, "note": HOSTILE}),
        phases=tuple(dataclasses.replace(p, name=p.name + HOSTILE) for p in small.phases),
        work=tuple(dataclasses.replace(w, name=HOSTILE, work=HOSTILE) for w in small.work),
        energy=tuple(
            dataclasses.replace(p, name=f"{HOSTILE}{i}", how=HOSTILE, sources=(HOSTILE,))
            for i, p in enumerate(small.energy)
        ),
    )
    text = render(page, hostile, answer(small, HOSTILE, HOSTILE + "\ud800"), HOSTILE)
    document = Document(text)
    assert [tag for tag, _ in document.tags].count("script") == 1
    assert not [tag for tag, _ in document.tags if tag == "img"]
    assert "<script>alert" not in text
    assert "alert(1)" in document.text  # it is shown
    assert "{{ 7*7 }}" in document.text  # and not evaluated
    assert "\\ud800" in document.text


def test_headline_numbers_are_those_of_the_result(small, page, answer):
    text = Document(render(page, small, answer(small))).text
    assert "prompt 734+589=" in text
    assert "answer 1323" in text
    sums = sum(p.n * p.m for p in small.phases)
    assert f"bit-exact with the reference: yes ({count(sums)} sums compared)" in text
    assert f"speed {significant(small.tokens_per_s)} tokens/s" in text
    assert f"{count(small.cycles)} cycles" in text
    percentage = percent(small.utilization).removesuffix(" %")
    assert f"utilisation {percentage} %" in text
    assert f"area {significant(small.area_mm2)} mm²" in text
    for part in small.area:
        assert part.how in text
    for cause, cycles in small.stall_cycles.items():
        assert count(cycles) in text, cause
    assert count(small.counts.busy) in text
    assert "bitsim run" in text


def test_a_difference_from_the_reference_cannot_be_overlooked(small, page, answer):
    text = render(page, small, answer(small, mismatches=3))
    assert 'class="check bad">bit-exact with the reference: NO: 3 of' in text


def test_without_a_generation_nothing_is_claimed_about_values(small, page):
    text = Document(render(page, small)).text
    assert "bit-exact" not in text
    assert "answer" not in text


def test_synthetic_weights_are_said_to_be(small, page, answer):
    made = dataclasses.replace(answer(small), synthetic=True)
    text = Document(render(page, small, made)).text
    assert text.count("the text means nothing") == 2  # at the top and in the notes


def test_the_same_result_gives_the_same_bytes(small, tmp_path, answer, new_result):
    first = render(tmp_path / "a.html", small, answer(small))
    assert render(tmp_path / "b.html", new_result(), answer(small)) == first
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.html", "b.html"]


def test_every_parameter_of_the_machine_is_there(small, page, accelerator_table):
    text = Document(render(page, small)).text
    for table in ("array", "memory", "dma"):
        for key, value in accelerator_table[table].items():
            shown = f'"{value}"' if isinstance(value, str) else str(value)
            assert f"{key} {shown}" in text
    for work in accelerator_table["work"]:
        assert f'{work} "vector"' in text


@pytest.mark.parametrize("units", [1, 5])
@pytest.mark.parametrize("array", [{"columns": 1, "lanes": 1}, {"columns": 256, "lanes": 256}])
def test_any_machine_can_be_drawn(page, array, units, new_result, accelerator_table):
    unit = accelerator_table["units"]["vector"]
    table = accelerator_table | {
        "array": accelerator_table["array"]
        | array
        | {"tree_stages": 0, "activation_buffer_beats": 1 << 16, "slices": 3}
        | {"accumulator_bits": 40},
        "units": {f"unit_{'x' * 50}_{i}": unit for i in range(units)} | {"vector": unit},
        "dma": dict.fromkeys(accelerator_table["dma"], 1 << 20),
    }
    machine = base.check(AcceleratorSpec, table, "test")
    result = new_result(layers=1, hidden=64, ffn=64, tokens=2, accelerator=machine)
    document = Document(render(page, result))
    [figure] = [a for t, a in document.tags if t == "svg" and "Block diagram" in str(a)]
    width, height = map(float, figure["viewbox"].split()[2:])
    inside = False
    for tag, attributes in document.tags:
        if tag == "svg":
            inside = attributes is figure
        if inside and tag == "rect":
            assert float(attributes["x"]) + float(attributes["width"]) <= width
            assert float(attributes["y"]) + float(attributes["height"]) <= height


def test_unpriced_results_say_so(small, page):
    bare = dataclasses.replace(small, energy=(), area=())
    assert Document(render(page, bare)).text.count("Not priced.") == 2


def test_a_run_of_many_records_is_joined_and_says_so(large, page, monkeypatch):
    monkeypatch.setattr(timeline_chart, "MOST_BLOCKS", 2000)
    text = render(page, large)
    assert "are drawn as one block of the same area" in Document(text).text
