"""Clicks, points and types in pages that attn wrote, and compares what a reader sees with the numbers of --json.

    python3 tests/browser/test_pages.py build/release/attn [-v] [Pages.test_...]"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

from webdriver import Browser

PROGRAM = None
HOSTILE = "</script><img src=x onerror=document.title=1> <script>document.title=1</script> ]]> \u202e <!-- \" ' &"

# Of each line that can be seen: row, column, thickness over that of weight 1.
LINES = """return [...document.querySelectorAll('.lines line')]
  .filter(line => getComputedStyle(line).visibility === 'visible' && line.getBoundingClientRect().width > 20)
  .map(line => [line.y1.baseVal.value - .5, line.y2.baseVal.value - .5,
                parseFloat(getComputedStyle(line).strokeWidth) / 10])"""
WORDS = "return [...document.querySelectorAll('.side')].map(side => [...side.querySelectorAll('bdi')].map(w => w.innerText))"
NUMBERS = """return [...document.querySelectorAll('.side')]
  .map(side => [...side.querySelectorAll('.number')].map(number => number.innerText))"""
FOCUS = "return document.activeElement.getAttribute('aria-label') || document.activeElement.innerText"
SECTION = "return [...document.querySelectorAll('section')].filter(page => page.offsetHeight > 0).map(page => page.id)"


class Page:
    """What one run of attn wrote, and said."""

    def __init__(self, folder, name, *words):
        self.file = folder / (name + ".html")
        done = subprocess.run([PROGRAM, *words, "--json", "--out", self.file], stdout=subprocess.PIPE, check=True)
        self.address = self.file.as_uri()
        self.steps = {step["path"]: step for step in json.loads(done.stdout)["steps"]}

    def weights(self, path, head=None):
        """Rows of weights of a head; of all heads: their mean."""
        heads = self.steps[path]["values"]
        if head is not None:
            return heads[head]
        return [[sum(h[i][j] for h in heads) / len(heads) for j in range(len(heads[0][0]))]
                for i in range(len(heads[0]))]


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="attn-pages-")
        cls.addClassCleanup(cls.folder.cleanup)
        folder = pathlib.Path(cls.folder.name)
        cls.heads = Page(folder, "heads", "heads", "the animal was too tired", "--heads", "4")
        cls.it = Page(folder, "it", "translate", "--model", "it")
        cls.hostile = Page(folder, "hostile", "heads", HOSTILE)
        cls.picture = Page(folder, "picture", "heads", "--input", "cat.png", "--patch", "4", "--at", "0,2")
        cls.plain = Page(folder, "plain", "softmax", "1 2 3; 4 5 6")
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)

    def open(self, page):
        self.browser.open(page.address)
        self.page = page

    def tearDown(self):
        """Whatever was done to a page: it wrote no error, and asked nobody for anything."""
        self.assertEqual(self.browser.console(), [])
        asked = {address for address in self.browser.requests() if not address.startswith("data:")}
        self.assertEqual(asked, {self.page.address})

    def assert_lines(self, weights, row=None, column=None):
        """The lines that can be seen are these weights; those of one row or column, if it is given."""
        seen = {(i, j): thickness for i, j, thickness in self.browser.run(LINES)}
        self.assertGreater(len(seen), 0)
        for i, numbers in enumerate(weights):
            for j, weight in enumerate(numbers):
                here = row in (None, i) and column in (None, j)
                self.assertAlmostEqual(seen.pop((i, j), 0), weight if here else 0, delta=6e-5, msg=f"line {i},{j}")
        self.assertEqual(seen, {})

    def assert_numbers(self, side, weights):
        """Beside the words of this side stand these numbers, and none beside the others."""
        shown = self.browser.run(NUMBERS)
        self.assertEqual(len(shown[side]), len(weights))
        for text, weight in zip(shown[side], weights):
            self.assertAlmostEqual(float(text), weight, delta=6e-5)
        self.assertEqual(set(shown[1 - side]), {""})

    def word(self, side, i):
        return self.browser.find_all(f".lines > div:nth-of-type({side + 1}) li:nth-child({i + 1}) button")[0]

    def choose(self, name):
        self.browser.click(self.browser.find("select option", name))

    # What the reader chooses.

    def test_a_click_on_a_head_draws_the_weights_of_that_head(self):
        self.open(self.heads)
        self.assert_lines(self.heads.weights("weights"))
        for head in (2, 0, 3):
            button = self.browser.find(".heads button", f"head {head}")
            self.browser.click(button)
            self.assert_lines(self.heads.weights("weights", head))
            pressed = self.browser.find(".heads button[aria-pressed=true]")
            self.assertEqual(self.browser.text(pressed), f"head {head}")
        self.browser.click(self.browser.find(".heads button", "all heads (mean)"))
        self.assert_lines(self.heads.weights("weights"))

    def test_another_layer_brings_its_own_words_and_weights(self):
        self.open(self.it)
        paths = [path for path in self.it.steps if path.endswith(".weights")]
        names = [self.browser.text(option) for option in self.browser.find_all("select option")]
        self.assertEqual(names, [path[:-len(".weights")].replace(".", " ") for path in paths])
        self.assert_lines(self.it.weights(paths[0]))
        self.browser.click(self.browser.find(".heads button", "head 1"))
        for name in ("encoder layer 1 attention", "decoder layer 1 cross", "decoder layer 0 self"):
            self.choose(name)
            path = name.replace(" ", ".") + ".weights"
            self.assert_lines(self.it.weights(path, 1))  # the head stays
            rows, columns = self.browser.run(WORDS)
            shape = self.it.steps[path]["shape"]
            self.assertEqual([len(rows), len(columns)], shape[1:])
            read = [row.split(" → ")[0] for row in rows]  # a decoder's row: what it read → what it wrote
            self.assertEqual(read == columns, "cross" not in name)
        tables = self.browser.find_all(".table-of a")
        self.assertEqual(tables, [])  # the page has no table of a hidden step
        self.choose("decoder layer 1 cross")
        self.browser.click(self.browser.find(".table-of a"))
        # The page turns when the browser tells it of the link, which may be a moment later.
        step = self.browser.wait_for("section.on h2 code")
        self.assertEqual(self.browser.text(step), "decoder.layer.1.cross.weights")

    # One word.

    def test_pointing_at_a_word_shows_its_lines_alone_with_numbers(self):
        self.open(self.heads)
        self.browser.click(self.browser.find(".heads button", "head 1"))
        weights = self.heads.weights("weights", 1)
        self.browser.hover(self.word(0, 1))
        self.assert_lines(weights, row=1)
        self.assert_numbers(1, weights[1])
        said = self.browser.text(self.browser.find(".said"))
        best = max(range(5), key=lambda j: weights[1][j])
        words = ["the", "animal", "was", "too", "tired"]
        self.assertTrue(said.startswith(f"animal looks at {words[best]} {weights[1][best]:.4f} · "), said)
        self.browser.hover(self.word(1, 4))
        self.assert_lines(weights, column=4)
        self.assert_numbers(0, [row[4] for row in weights])
        said = self.browser.text(self.browser.find(".said"))
        self.assertTrue(said.startswith("tired is looked at by "), said)
        self.assertAlmostEqual(float(said.split("together ")[1].rstrip(".")), sum(row[4] for row in weights), delta=5e-4)
        self.browser.hover(None)
        self.assert_lines(weights)
        self.assertEqual(set(sum(self.browser.run(NUMBERS), [])), {""})

    def test_a_click_keeps_a_word_while_heads_change(self):
        self.open(self.heads)
        self.browser.click(self.word(0, 2))
        self.browser.hover(None)
        self.browser.click(self.browser.find(".heads button", "head 3"))
        weights = self.heads.weights("weights", 3)
        self.assert_lines(weights, row=2)
        self.assert_numbers(1, weights[2])
        self.assertEqual(len(self.browser.find_all(".side button[aria-pressed=true]")), 1)
        self.browser.click(self.word(0, 2))
        self.browser.click(self.browser.find(".heads button", "head 0"))
        self.assert_lines(self.heads.weights("weights", 0))

    # A patch of a picture.

    def assert_lit(self, at, weights):
        """The patch `at` has the red edge, and each patch is as light as its weight beside the largest."""
        shown = self.browser.run("return [...document.querySelectorAll('.scene rect:not(.at)')].map("
                                 "square => parseFloat(getComputedStyle(square).fillOpacity))")
        largest = max(weights[at])
        for dark, weight in zip(shown, weights[at], strict=True):
            self.assertAlmostEqual(dark, 0.92 * (1 - weight / largest), delta=2e-3)
        edge = self.browser.run("const {x, y} = document.querySelector('.scene .at');"
                                "return [x.baseVal.value, y.baseVal.value]")
        self.assertEqual(edge, [at % 4 * 4, at // 4 * 4])

    def test_the_patch_under_the_pointer_is_the_query(self):
        self.open(self.picture)
        self.assert_lit(2, self.picture.weights("weights"))
        self.browser.hover(self.browser.find_all(".scene rect")[9])
        self.assert_lit(9, self.picture.weights("weights"))
        said = self.browser.text(self.browser.find(".scene .said"))
        best = max(range(16), key=lambda j: self.picture.weights("weights")[9][j])
        self.assertTrue(said.startswith(f"Patch 2,1 looks most at {best // 4},{best % 4} ("), said)
        self.choose("head 1")
        self.assert_lit(9, self.picture.weights("weights", 1))
        self.browser.run("document.querySelector('.scene svg').focus()")
        self.browser.press("Down", "Left")
        self.assert_lit(12, self.picture.weights("weights", 1))

    def test_keys_do_all_that_the_mouse_does(self):
        self.open(self.it)
        self.browser.run("document.querySelector('select').focus()")
        self.browser.press("Down")
        path = "encoder.layer.1.attention.weights"
        self.assert_lines(self.it.weights(path))
        self.browser.press("Tab", "Tab", "Space")
        self.assertEqual(self.browser.run(FOCUS), "head 0")
        weights = self.it.weights(path, 0)
        self.assert_lines(weights)
        self.browser.press("Tab", "Tab")  # past head 1, to the words that look
        words = self.browser.run(WORDS)[0]
        self.assertEqual(self.browser.run(FOCUS), "query 0: " + words[0])
        self.assert_lines(weights, row=0)
        self.browser.press("Down", "Down")
        self.assertEqual(self.browser.run(FOCUS), "query 2: " + words[2])
        self.assert_lines(weights, row=2)
        self.assert_numbers(1, weights[2])
        self.browser.press("Up", "Right")
        self.assertEqual(self.browser.run(FOCUS), "key 1: " + words[1])
        self.assert_lines(weights, column=1)
        self.browser.press("End")
        self.assert_lines(weights, column=len(words) - 1)
        self.browser.press("Home", "Left")
        self.assertEqual(self.browser.run(FOCUS), "query 0: " + words[0])
        self.browser.press("Down", "Enter", "Tab", "Tab")  # keeps the word, and goes on behind the lists
        self.assertNotIn(":", self.browser.run(FOCUS))
        self.assert_lines(weights, row=1)
        self.assertEqual(self.browser.run(SECTION), ["s0"])  # the keys turned no page
        self.browser.run("document.activeElement.blur()")
        self.browser.press("Right")
        self.assertEqual(self.browser.run(SECTION), ["s1"])  # elsewhere they do
        self.browser.press("Left")
        self.browser.run("document.querySelector('.side button').focus()")
        self.browser.press("Escape")
        self.browser.run("document.activeElement.blur()")
        self.assert_lines(weights)

    def test_everything_has_a_name_to_be_read_aloud(self):
        self.open(self.it)
        select = self.browser.find("select")
        self.assertEqual((self.browser.role(select), self.browser.label(select)), ("combobox", "Matrix"))
        heads = self.browser.find(".heads")
        self.assertEqual((self.browser.role(heads), self.browser.label(heads)), ("group", "Head"))
        self.assertEqual(self.browser.role(self.browser.find(".said")), "status")
        word = self.word(1, 3)
        self.assertEqual((self.browser.role(word), self.browser.label(word)), ("button", "key 3: too"))
        for element in self.browser.find_all(".who button, .who select, .who svg, .who a"):
            self.assertNotEqual(self.browser.label(element), "")

    # Readers of all kinds.

    def test_without_scripts_the_first_picture_and_every_table_are_there(self):
        self.browser.devtools("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.devtools, "Emulation.setScriptExecutionDisabled", value=False)
        self.open(self.heads)
        self.assertFalse(self.browser.run("return document.documentElement.classList.contains('js')"))
        self.assert_lines(self.heads.weights("weights"))
        words = ["the", "animal", "was", "too", "tired"]
        self.assertEqual(self.browser.run(WORDS), [words, words])
        self.assertEqual([b for b in self.browser.find_all("button, select") if self.browser.displayed(b)], [])
        self.assertEqual(len(self.browser.run(SECTION)), len(self.heads.steps) + 1)
        tables = self.browser.run("""return [...document.querySelectorAll('section')]
          .find(page => page.querySelector('h2 code') && page.querySelector('h2 code').innerText === 'weights')
          .querySelectorAll('table.m').length""")
        self.assertEqual(tables, 4)
        self.assertEqual(self.browser.text(self.browser.find(".said")), "Drawn: weights, the mean of its 4 heads.")
        self.open(self.it)
        select = self.browser.find("select")
        self.assertFalse(self.browser.displayed(select))  # it could not do anything

    def test_a_narrow_window_cuts_nothing_off(self):
        for page in (self.heads, self.it, self.hostile):
            self.browser.devtools("Emulation.setDeviceMetricsOverride", width=360, height=800, deviceScaleFactor=1,
                                  mobile=False)
            self.addCleanup(self.browser.devtools, "Emulation.clearDeviceMetricsOverride")
            self.open(page)
            wide, room = self.browser.run("""const root = document.documentElement;
              return [root.scrollWidth, root.clientWidth]""")
            self.assertLessEqual(room, 360)
            self.assertEqual(wide, room)
            room = self.browser.run("return document.querySelector('.lines svg').getBoundingClientRect().width")
            self.assertGreater(room, 70)

    def test_the_dark_and_the_calm_are_respected(self):
        def look(scheme, motion):
            features = [{"name": "prefers-color-scheme", "value": scheme},
                        {"name": "prefers-reduced-motion", "value": motion}]
            self.browser.devtools("Emulation.setEmulatedMedia", features=features)
            return self.browser.run("""const page = getComputedStyle(document.body);
              return [page.backgroundColor, getComputedStyle(document.querySelector('.lines line')).stroke,
                      getComputedStyle(document.documentElement).scrollBehavior]""")

        self.addCleanup(self.browser.devtools, "Emulation.setEmulatedMedia", features=[])
        self.open(self.heads)
        light, dark = look("light", "no-preference"), look("dark", "reduce")
        self.assertEqual(light, ["rgb(255, 255, 255)", "rgb(11, 92, 173)", "smooth"])
        self.assertEqual(dark, ["rgb(20, 23, 27)", "rgb(124, 184, 245)", "auto"])

    # What must not happen.

    def test_hostile_tokens_are_words(self):
        self.open(self.hostile)
        words = self.browser.run(WORDS)[0]
        for word in ("<", ">", "script", "img", "onerror"):
            self.assertIn(word, words)
        self.assertEqual(self.browser.run("return document.title").count("1"), 0)
        self.assertEqual(self.browser.run("return document.querySelectorAll('img').length"), 0)
        self.assertEqual(self.browser.run("return document.scripts.length"), 2)
        self.assertIn(HOSTILE[:40], self.browser.text(self.browser.find("header .meta")))
        self.assertNotIn("\u202e", self.browser.run("return document.documentElement.textContent"))
        self.browser.click(self.browser.find(".heads button", "head 1"))
        self.assert_lines(self.hostile.weights("weights", 1))

    def test_the_policy_refuses_what_a_page_would_ask_for(self):
        """The other tests see no request because there is none, not because they cannot see it."""
        self.open(self.heads)
        picture = "https://127.0.0.1:1/x.png"
        self.browser.run("""return new Promise(done => {
          const image = new Image();
          image.onerror = () => done();
          image.src = arguments[0];
        })""", picture)
        refused = self.browser.console()
        self.assertTrue(any("Content Security Policy" in line for line in refused), refused)
        self.assertIn(picture, self.browser.requests())
        self.open(self.heads)

    def test_a_page_without_attention_has_no_lines_and_works(self):
        self.open(self.plain)
        self.assertEqual(self.browser.find_all(".who"), [])
        self.browser.press("Right")
        self.assertEqual(self.browser.run(SECTION), ["s1"])


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    PROGRAM = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main()
