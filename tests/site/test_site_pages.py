"""The whole real site: every page is there, says as of when, and links to nothing that does not exist."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter

from generator.charts.registry import default_environment
from generator.render import address
from site_checks import broken_links, external_assets, faults

from catalog.vocabulary import OTHER_NETWORK

CONTRACT = (
    "",
    "leaderboard/",
    "families/",
    "models/",
    "charts/",
    "implementations/",
    "papers/",
    "whats-new/",
    "methodology/",
    "data/",
)


def test_every_address_of_the_contract_exists(real_site):
    for path in CONTRACT:
        assert f"{path}index.html" in real_site.pages
    for path in (
        "feed.xml",
        "api/v1/index.json",
        "data/backbone_performance.csv",
        "charts/params-accuracy.svg",
        "404.html",
        "sitemap.xml",
    ):
        assert (real_site.public / path).is_file(), path


def test_every_family_and_model_has_a_page(real_site):
    expected = {f"families/{address(key)}/index.html" for key in real_site.catalog.families["family"]}
    expected |= {f"models/{address(key)}/index.html" for key in real_site.catalog.models["model"]}
    assert expected <= set(real_site.pages)


def test_keys_are_addresses_as_they_are(real_site):
    keys = [*real_site.catalog.families["family"], *real_site.catalog.models["model"]]
    assert [key for key in keys if address(key) != key] == []


def test_no_link_is_broken(real_site):
    assert broken_links(real_site.public, real_site.pages)[:20] == []


def test_no_page_loads_anything_from_another_host(real_site):
    assert {name: found for name, text in real_site.pages.items() if (found := external_assets(text))} == {}


def test_every_page_is_sound(real_site):
    assert {name: found for name, text in real_site.pages.items() if (found := faults(text))} == {}


def test_no_two_pages_share_a_title(real_site):
    titles = Counter(re.search(r"<title>(.*?)</title>", text)[1] for text in real_site.pages.values())
    assert [title for title, count in titles.items() if count > 1] == []


def test_a_model_timed_as_another_network_says_so_beside_its_speed(real_site):
    c = real_site.catalog
    board = c.leaderboard("imagenet", default_environment(c)).drop_duplicates("model")
    models = board.loc[board["speed_note"] == OTHER_NETWORK, "model"]
    assert len(models) > 30 and "mobileone_s0.apple_in1k" in set(models)
    for model in models:
        text = real_site.pages[f"models/{address(model)}/index.html"]
        speed = re.search(r"<dt>Speed</dt>(.*?)</dd>", text, re.DOTALL)[1]
        assert OTHER_NETWORK in speed and "M parameters" in speed, model
        assert "² Other network" in text, model


def test_weights_without_a_trained_head_say_so(real_site):
    assert "its head was never trained" in real_site.pages["models/resmlp_24_224.fb_dino/index.html"]


def test_whats_new_and_the_methodology_say_where_the_speeds_come_from(real_site):
    measurements, environments = real_site.catalog.measurements, real_site.catalog.environments
    here = set(environments.loc[environments["origin"] == "here", "environment"])
    counts = [len(measurements), int(measurements["environment"].isin(here).sum())]
    for page in ("whats-new/index.html", "methodology/index.html"):
        for count in (*counts, counts[0] - counts[1]):
            assert f"{count:,}" in real_site.pages[page]


def test_a_model_page_shows_every_figure_with_its_source(real_site):
    model = "convnext_tiny.fb_in1k"
    text = real_site.pages[f"models/{model}/index.html"]
    rows = real_site.catalog.evaluations.query("model == @model and kind == 'measured upstream'")
    assert len(rows) >= 8
    sources = real_site.catalog.sources.set_index("source")
    for row in rows.itertuples():
        revision = sources.at[row.source, "revision"]
        file = sources.at[row.source, "url"].rsplit("/", 1)[1]
        assert f"/pytorch-image-models/blob/{revision}/results/{file}#L{row.line}" in text
        assert f"<b>{row.top1:g}</b>" in text
    assert "timm.create_model" in text
    assert "Report a mistake" in text


def test_a_model_page_names_the_teacher_and_what_it_saw(real_site):
    taught = real_site.pages["models/edgenext_base.usi_in1k/index.html"]
    assert "ImageNet-1K, teacher saw more" in taught
    assert "TResNet-L" in taught and "which saw ImageNet-21K-P besides ImageNet-1K" in taught
    within = real_site.pages["models/flexivit_base.1200ep_in1k/index.html"]
    assert "DeiT III of the same size, at 384 pixels." in within and "besides ImageNet-1K" not in within


def test_home_says_what_imagenet_1k_only_means_and_leads_to_the_others(real_site):
    home = real_site.pages["index.html"]
    assert "no teacher saw more either" in home
    assert "leaderboard/?train=imagenet-1k-teacher-saw-more" in home


def test_a_corrected_row_shows_both_values(real_site):
    applied = real_site.catalog.corrections.query("state == 'applied'")
    rows = real_site.catalog.survey_rows.set_index("line")["model"]
    checked = 0
    for fix in applied.itertuples():
        text = real_site.pages[f"models/{address(rows[fix.line])}/index.html"]
        assert f"line {fix.line}, {fix.column}" in text
        checked += 1
    assert checked > 10


def test_the_search_finds_models_and_families_by_name_and_stays_small(real_site):
    content = (real_site.public / "search" / "search_index.json").read_bytes()
    assert len(gzip.compress(content)) < 40_000  # every page loads it, and the leaderboard has a budget
    found = {entry["location"] for entry in json.loads(content)["docs"]}
    assert {f"models/{address(key)}/" for key in real_site.catalog.models["model"]} <= found
    assert {f"families/{address(key)}/" for key in real_site.catalog.families["family"]} <= found


def test_pages_are_light(real_site):
    weights = {
        name: len(gzip.compress(text.encode(), 5))
        for name, text in real_site.pages.items()
        if name
        in (
            "index.html",
            "families/index.html",
            "families/resnet/index.html",
            "models/convnext_tiny.fb_in1k/index.html",
            "papers/index.html",
        )
    }
    assert max(weights.values()) < 120_000, weights
    assert weights["index.html"] < 30_000
    assert weights["models/convnext_tiny.fb_in1k/index.html"] < 30_000


def test_the_methodology_counts_from_the_tables(real_site):
    text = real_site.pages["methodology/index.html"]
    assert f"{len(real_site.catalog.models):,} sets of weights" in text
    assert f"{len(real_site.catalog.measurements):,} speed measurements" in text
    assert "{{" not in text
