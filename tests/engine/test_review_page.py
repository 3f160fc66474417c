"""The review page: whole, self-contained, and driven by its keys in a real browser."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from builders import thumbnail

from engine.errors import InputError
from engine.pages.review import KEYS, ReviewPhoto, review_page

HOSTILE = "</script><script>alert(1)</script>\"'<img src=x onerror=alert(1)>,\n"
CLASSES = ("bag", "coat, long", "dress")


def some_photos(count: int = 4) -> list[ReviewPhoto]:
    return [
        ReviewPhoto(f"/photos/{number}.jpg", f"p{number}", thumbnail(number), "The model is unsure here.",
                    (0.1, 0.2, 0.5, 0.6) if number == 1 else None, "bag", 0.61)
        for number in range(count)
    ]  # fmt: skip


def test_it_runs_one_script_that_its_policy_names() -> None:
    html = review_page("kind", CLASSES, some_photos())
    policy = unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1])  # type: ignore[index]
    assert policy.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(scripts) == 1
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    outside = set(re.findall(r"(?:https?:)?//[\w.]+", re.sub(r"base64,[\w+/=]+", "", html)))
    assert outside <= {"http://www.w3.org", "//www.w3.org"}
    assert not re.search(r"<[^>]*\son\w+=", html.split("<script")[0])


def test_nothing_that_a_person_named_reaches_the_markup() -> None:
    hostile = ReviewPhoto(HOSTILE, HOSTILE, None, HOSTILE, None, HOSTILE, 0.5, HOSTILE)
    html = review_page(HOSTILE, ("a", HOSTILE), [hostile], HOSTILE)
    assert html.count("<script") == 2 and html.count("</script>") == 2
    assert "<img src=x" not in html
    told = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
    assert told["photos"][0]["image"] == HOSTILE and told["classes"][1] == HOSTILE


def test_keys_and_where_answers_are_kept() -> None:
    def told(classes: tuple[str, ...], photos: list[ReviewPhoto], name: str = "kind") -> dict[str, object]:
        html = review_page(name, classes, photos)
        found: dict[str, object] = json.loads(re.search(r'id="data">(.*?)</script>', html, re.DOTALL)[1])  # type: ignore[index]
        return found

    assert told(("no", "yes"), some_photos())["keys"] == ["1n", "2y"]
    many = tuple(f"c{number}" for number in range(35))
    assert told(many, some_photos())["keys"] == list(KEYS)
    with pytest.raises(InputError, match="36 classes: a page has keys for 35"):
        told((*many, "more"), some_photos())
    stores = {
        str(told(CLASSES, some_photos(4))["store"]),
        str(told(CLASSES, some_photos(3))["store"]),
        str(told(CLASSES[:2], some_photos(4))["store"]),
        str(told(CLASSES, some_photos(4), "sort")["store"]),
    }
    assert len(stores) == 4
    assert told(CLASSES, some_photos())["store"] in stores


DRIVER = """
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const text = (id) => document.getElementById(id).textContent;
const buttons = [...document.querySelectorAll("#choices button")].map((one) => one.textContent);
const told = { first: text("guess"), buttons };
press("2"); told.second = text("place");
press("1"); press("Backspace"); press("3"); press(" "); told.fourth = text("place");
press("ArrowLeft"); press("ArrowRight"); press("1"); told.done = !document.getElementById("done").hidden;
told.left = text("done-text"); press("Backspace"); press("Delete");
told.after = text("count"); told.spoken = text("said");
press("9"); press("x"); told.same = text("count");
const files = [];
URL.createObjectURL = (blob) => { files.push(blob); return "data:,"; };
HTMLAnchorElement.prototype.click = function () { told.names = [...(told.names || []), this.download]; };
document.getElementById("csv").click(); document.getElementById("jsonl").click();
Promise.all(files.map((blob) => blob.text())).then((texts) => {
  const out = document.createElement("pre"); out.id = "told"; out.textContent = JSON.stringify({ ...told, texts });
  document.body.append(out);
});
"""


def browse(page: Path, profile: Path) -> str:
    """What the page is after its script ran, in a browser with this profile."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no chromium to open the page in")
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}",
         "--virtual-time-budget=3000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    return done.stdout


def test_keys_answer_and_a_reload_loses_nothing(tmp_path: Path) -> None:
    """Two visits in one browser profile: the first answers by keys, the second sees the page as it is delivered."""
    html = review_page("kind", CLASSES, some_photos(), "houndstooth review kind --answers answers.csv")
    page = tmp_path / "review.html"
    # Only the test's copy lets another script run, to press the keys.
    driven = re.sub(r"script-src '[^']*'|script-src &#39;.*?&#39;", "script-src 'unsafe-inline'", html)
    page.write_text(driven.replace("</body>", f"<script>{DRIVER}</script></body>"), encoding="utf-8")
    shown = browse(page, tmp_path / "profile")
    told = json.loads(unescape(re.search(r'<pre id="told">(.*?)</pre>', shown, re.DOTALL)[1]))  # type: ignore[index]
    assert told["first"] == "Predicted: bag, 61 % sure"
    assert told["buttons"] == ["1bag", "2coat, long", "3dress"]
    assert (told["second"], told["fourth"]) == ("Photo 2 of 4", "Photo 4 of 4")
    assert told["done"] and told["left"] == "3 of 4 answered, 1 skipped."
    assert told["after"] == told["same"] == "2 of 4 answered"
    assert told["spoken"].startswith("Answer taken back. Photo 4 of 4, p3.")
    assert told["names"] == ["answers.csv", "answers.jsonl"]
    assert told["texts"][0] == 'image,product,kind\r\n/photos/0.jpg,p0,"coat, long"\r\n/photos/1.jpg,p1,dress\r\n'
    assert [json.loads(line) for line in told["texts"][1].splitlines()] == [
        {"image": "/photos/0.jpg", "product": "p0", "kind": "coat, long"},
        {"image": "/photos/1.jpg", "product": "p1", "kind": "dress"},
    ]
    page.write_text(html, encoding="utf-8")
    again = browse(page, tmp_path / "profile")
    assert "2 of 4 answered" in again and "Photo 4 of 4" in again
