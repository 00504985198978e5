"""A browser that a test can click in: Debian's chromium, driven by chromium-driver through the WebDriver protocol
(https://www.w3.org/TR/webdriver2/). Standard library only."""

import json
import os
import re
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the protocol's name for a reference to an element
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "End": "\ue010", "Home": "\ue011", "Left": "\ue012",
        "Up": "\ue013", "Right": "\ue014", "Down": "\ue015", "Space": " "}


class Browser:
    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="attn-browser-")
        # Both write to the home folder, which need not be there in a continuous integration.
        environment = dict(os.environ, HOME=self.folder.name, TMPDIR=self.folder.name)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True, env=environment)
        self.session = None
        try:
            self.address = self._address()
            arguments = ["--headless=new", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                         "--window-size=1100,1000", "--user-data-dir=" + self.folder.name + "/profile"]
            if os.getuid() == 0:
                arguments.append("--no-sandbox")  # chromium's sandbox refuses to work for root
            options = {"args": arguments}
            logs = {"browser": "ALL", "performance": "ALL"}
            wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": logs}
            self.session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]
        except BaseException:
            self.close()
            raise

    def _address(self):
        for line in self.driver.stdout:
            port = re.search(r"started successfully on port (\d+)", line)
            if port:
                return "http://127.0.0.1:" + port.group(1)
        raise RuntimeError("chromedriver ended at once")

    def close(self):
        try:
            if self.session:
                self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()
            self.folder.cleanup()

    def call(self, method, path, body=None):
        address = self.address + ("/session/" + self.session if self.session else "") + path
        data = json.dumps(body or {}).encode() if method == "POST" else None
        request = urllib.request.Request(address, data=data, method=method)
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never through a proxy
        try:
            with direct.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as problem:
            raise RuntimeError(method + " " + path + ": " + json.load(problem)["value"]["message"]) from None

    def open(self, address):
        """A new document, even where only the part behind # differs. What was logged before is forgotten."""
        self.call("POST", "/url", {"url": "about:blank"})
        self.call("POST", "/se/log", {"type": "browser"})
        self.call("POST", "/se/log", {"type": "performance"})
        self.call("POST", "/url", {"url": address})

    def run(self, script, *arguments):
        """The value that the script returns; it sees its arguments as arguments[0], ..."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def find(self, selector, text=None):
        """The one visible element that fits, and whose text is `text`."""
        found = [e for e in self.find_all(selector) if text is None or self.text(e) == text]
        assert len(found) == 1, f"{len(found)} elements fit {selector!r} with the text {text!r}"
        return found[0]

    def wait_for(self, selector, seconds=10):
        """The one element that fits, as soon as there is one."""
        end = time.monotonic() + seconds
        while len(self.find_all(selector)) != 1 and time.monotonic() < end:
            time.sleep(0.02)
        return self.find(selector)

    def find_all(self, selector):
        return self.call("POST", "/elements", {"using": "css selector", "value": selector})

    def text(self, element):
        return self.call("GET", f"/element/{element[ELEMENT]}/text")

    def label(self, element):
        """What a screen reader calls it."""
        return self.call("GET", f"/element/{element[ELEMENT]}/computedlabel")

    def role(self, element):
        return self.call("GET", f"/element/{element[ELEMENT]}/computedrole")

    def displayed(self, element):
        return self.call("GET", f"/element/{element[ELEMENT]}/displayed")

    def click(self, element):
        """A click of the mouse in its middle; an error if something else lies over it."""
        self.call("POST", f"/element/{element[ELEMENT]}/click")

    def hover(self, element):
        """The mouse over its middle; None: in the page's corner."""
        place = {"origin": element} if element else {"origin": "viewport"}
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, **place}
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})

    def press(self, *names):
        """Keys one after the other, to whatever has the focus."""
        keys = [{"type": kind, "value": KEYS[name]} for name in names for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": keys}]})

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def console(self):
        """What the page wrote to the console since it was opened: errors, and what its policy refused."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def requests(self):
        """The addresses that were asked for since the page was opened."""
        events = [json.loads(entry["message"])["message"]
                  for entry in self.call("POST", "/se/log", {"type": "performance"})]
        return [event["params"]["request"]["url"] for event in events
                if event["method"] == "Network.requestWillBeSent"]
