"""The page at /ui/ in a real browser: each screen from a running cluster, the levers by clicks, a node that is killed while it
is open, narrow and dark, by the keyboard, without an error, and without a request to anywhere else.

Usage: page_test.py MILLRACE
"""

import json
import pathlib
import re
import subprocess
import sys
import time
import unittest
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "serve"))

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import grow_shrink_test
from dev_cluster import DEADLINE_S, get, until
from grow_shrink_test import Cluster

MILLRACE = ""
NODES = ["a", "b"]
SCREENS = {"#/": "Overview", "#/pipelines": "Pipelines", "#/queues": "Queues", "#/queues/orders.placed": "orders.placed",
           "#/dead": "Dead letters", "#/dead/orders.placed.dead": "orders.placed.dead", "#/cluster": "Cluster",
           "#/why/u1": "Why does u1 wait?"}
BYTES_MAX = 200_000


def browser():
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1280,900"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(NODES).__enter__()
        cls.addClassCleanup(cls.cluster.__exit__, None, None, None)
        cls.cluster.configure(NODES)
        for name in NODES:
            cls.cluster.start(name)
        cls.cluster.await_ready(NODES)
        for name in NODES:
            until(lambda name=name: "missing_nodes" not in get(cls.cluster.url(name) + "/api/v1/pauses"), "all are linked")
        cls.millrace("queue", "define", "clicks", "--key", "/user", "--attempts", "1")
        for number in range(6):
            cls.millrace("queue", "publish", "clicks", json.dumps({"user": f"u{number % 2}", "n": number}))
        cls.driver = browser()
        cls.addClassCleanup(cls.driver.quit)

    @classmethod
    def millrace(cls, *arguments):
        return subprocess.run([MILLRACE, *arguments, "--server", cls.cluster.url("a")], capture_output=True, text=True,
                              timeout=DEADLINE_S, check=True).stdout

    def show(self, fragment):
        url = f"{self.cluster.url('a')}/ui/{fragment}"
        if self.driver.current_url.startswith(self.cluster.url("a") + "/ui/"):
            self.driver.execute_script("location.hash = arguments[0]", fragment)
        else:
            self.driver.get(url)
        until(lambda: self.text("h1").startswith(SCREENS.get(fragment, fragment.split("/")[-1])), f"{fragment} is shown")

    def text(self, selector):
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return self.driver.execute_script("return arguments[0]?.innerText ?? ''", found[0]) if found else ""

    def main(self):
        return self.text("main")

    def press(self, text, inside="main"):
        """Clicks a button by its text, which may be drawn anew meanwhile."""
        def pressed():
            return self.driver.execute_script(
                "const b = [...document.querySelectorAll(arguments[0] + ' button')].find((b) => b.innerText === arguments[1]);"
                "if (b) b.click(); return Boolean(b);", inside, text)
        until(pressed, f"there is a button {text}")

    def fill(self, name, text):
        field = until(lambda: self.driver.find_elements(By.CSS_SELECTOR, f"dialog[open] [name={name}]"), f"field {name}")[0]
        field.clear()
        field.send_keys(text)

    def test_each_screen_is_shown_wide_narrow_and_dark(self):
        for is_dark in (False, True):
            scheme = "dark" if is_dark else "light"
            self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia",
                                        {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            backgrounds = set()
            for width in (1280, 400):
                self.driver.set_window_size(width, 900)
                for fragment in SCREENS:
                    self.show(fragment)
                    wide, inner = self.driver.execute_script("return [document.documentElement.scrollWidth, innerWidth]")
                    self.assertLessEqual(wide, inner, f"{fragment} at {width}")
                    backgrounds.add(self.driver.execute_script("return getComputedStyle(document.body).backgroundColor"))
            self.assertEqual(len(backgrounds), 1)
            level = sum(int(part) for part in re.findall(r"\d+", backgrounds.pop())[:3])
            self.assertTrue(level < 200 if is_dark else level > 600, level)
        self.driver.set_window_size(1280, 900)

    def test_it_is_small_and_asks_nobody_else(self):
        self.driver.get_log("performance")
        self.driver.get(f"{self.cluster.url('a')}/ui/")
        until(lambda: "accepted" in self.main(), "the overview")
        bytes_of_page = 0
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                url = message["params"]["request"]["url"]
                self.assertTrue(url.startswith(self.cluster.url("a") + "/"), url)
        for file in ("", "page.css", "icon.svg", "api.js", "dom.js", "levers.js", "model.js", "page.js", "screens.js"):
            with urllib.request.urlopen(f"{self.cluster.url('a')}/ui/{file}", timeout=DEADLINE_S) as answer:
                self.assertIn("default-src 'self'", answer.headers["Content-Security-Policy"])
                bytes_of_page += len(answer.read())
        self.assertLess(bytes_of_page, BYTES_MAX)
        self.assertEqual([entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"], [])

    def test_a_stage_is_paused_and_resumed(self):
        self.show("#/pipelines")
        self.press("Pause validate")
        self.fill("reason", "the provider is down")
        self.press("Pause", "dialog[open]")
        until(lambda: get(self.cluster.url("b") + "/api/v1/pauses")["pauses"], "the pause is on the other node as well")
        self.assertEqual({each["reason"] for each in get(self.cluster.url("a") + "/api/v1/pauses")["pauses"]},
                         {"the provider is down"})
        self.show("#/")
        until(lambda: "Queue orders.placed is paused" in self.main(), "the alarm")
        self.show("#/pipelines")
        self.press("Resume validate")
        until(lambda: not get(self.cluster.url("a") + "/api/v1/pauses")["pauses"], "it is resumed")

    def test_a_cancelled_pause_does_nothing(self):
        self.show("#/pipelines")
        self.press("Pause saga")
        self.press("Cancel", "dialog[open]")
        until(lambda: not self.driver.find_elements(By.CSS_SELECTOR, "dialog[open]"), "the dialog is closed")
        self.assertEqual(get(self.cluster.url("a") + "/api/v1/pauses")["pauses"], [])

    def test_a_message_is_published_shown_and_explained(self):
        self.show("#/queues/clicks")
        self.press("Publish a message")
        self.fill("message", '{"user": "u1", "n": "<b>bold</b>"}')
        self.press("Publish", "dialog[open]")
        until(lambda: "under the key u1" in self.text("#trouble"), "it is durable")
        self.press("Show the first messages")
        until(lambda: "<b>bold</b>" in self.main(), "the message is shown, as text")
        self.press("Publish a message")
        self.fill("message", "no json")
        self.press("Publish", "dialog[open]")
        until(lambda: "The message is no JSON" in self.text("#trouble"), "what is wrong is said")
        field = self.driver.find_element(By.ID, "wanted")
        self.driver.find_element(By.TAG_NAME, "body").send_keys("/")
        self.assertEqual(self.driver.switch_to.active_element, field)
        field.send_keys("u1", Keys.ENTER)
        until(lambda: "nobody asks" in self.main() and "behind" in self.main(), "why the messages of u1 wait")

    def test_dead_letters_are_redriven_and_dropped(self):
        def die():
            lease = until(lambda: next((each for name in NODES for each in self.lease(name)), None), "a lease")
            self.assertEqual(self.complete(*lease)["result"], "done")

        die()
        die()
        self.show("#/dead")
        until(lambda: "clicks.dead" in self.main(), "the queue is shown")
        self.show("#/dead/clicks.dead")
        until(lambda: "an empty click" in self.main(), "the reason is shown")
        self.press("Redrive all rejected")
        until(lambda: "2 dead letters with the code rejected" in self.text("dialog[open]"), "the count comes first")
        self.press("Redrive", "dialog[open]")
        until(lambda: "2 dead letters are back in clicks" in self.text("#trouble"), "they are back")
        die()
        self.show("#/dead")
        self.show("#/dead/clicks.dead")
        self.press("Drop all rejected")
        until(lambda: "are removed for good" in self.text("dialog[open]"), "the question")
        self.press("Drop", "dialog[open]")
        until(lambda: "1 dead letters are gone" in self.text("#trouble"), "it is gone")

    def call(self, node, path, body):
        request = urllib.request.Request(self.cluster.url(node) + path, data=json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
            return json.loads(answer.read() or b"{}")

    def lease(self, node):
        return [(node, each) for each in self.call(node, "/api/v1/queues/clicks/leases", {"max": 1, "wait": "0s"}).get("leases", [])]

    def complete(self, node, lease):
        outcomes = [{"reject": {"reason": "an empty click"}}] + [{"release": True}] * (len(lease["messages"]) - 1)
        return self.call(node, "/api/v1/leases/complete", {"leases": [{"lease": lease["lease"], "outcomes": outcomes}]})["leases"][0]

    def test_every_field_and_button_has_a_name(self):
        for fragment in SCREENS:
            self.show(fragment)
            nameless = self.driver.execute_script("""
                const named = (e) => e.innerText?.trim() || e.ariaLabel || e.labels?.length;
                return [...document.querySelectorAll('a, button, input, textarea, [role=region]')]
                  .filter((e) => !named(e)).map((e) => e.outerHTML.slice(0, 100));""")
            self.assertEqual(nameless, [], fragment)
            self.assertEqual(len(self.driver.find_elements(By.TAG_NAME, "h1")), 1)

    # Last, by its name: it leaves one node.
    def test_z_a_node_is_killed_while_it_is_open(self):
        self.show("#/")
        self.cluster.nodes["b"].process.kill()
        self.cluster.nodes["b"].process.wait()
        until(lambda: "b does not answer" in self.main() or "b is unreachable" in self.main(), "the alarm")
        self.show("#/queues/clicks")
        self.assertIn("waiting", self.main())
        self.show("#/cluster")
        until(lambda: "unreachable" in self.main(), "the list of nodes says so")
        self.cluster.nodes["a"].process.kill()
        self.cluster.nodes["a"].process.wait()
        until(lambda: "does not answer" in self.text("#trouble"), "the page says that its own node is gone")
        self.assertIn("unreachable", self.main(), "and shows what it knew")


if __name__ == "__main__":
    MILLRACE = grow_shrink_test.MILLRACE = sys.argv.pop(1)
    unittest.main(verbosity=2)
