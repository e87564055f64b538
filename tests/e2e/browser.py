# SPDX-License-Identifier: BSD-3-Clause
"""A headless Chromium inside a network namespace, driven through its DevTools pipe.

    with Browser(FWD) as browser:
        browser.open("http://127.0.0.1:8953/")
        browser.wait("the page shows it", "document.title.startsWith('Serving')")

.errors has exceptions, console errors and failed requests of the page; .requests has the URLs that it requested."""
import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

from deadline import wait
from topology import SHARED_CORE

PROGRAM = "chromium-headless-shell"
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--no-proxy-server", "--mute-audio",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe",
]  # fmt: skip
KEYS = {"Tab": 9, "Enter": 13, " ": 32, "End": 35, "Home": 36, "ArrowLeft": 37, "ArrowRight": 39, "ArrowDown": 40}


class Browser:
    def __init__(self, namespace, core=SHARED_CORE):
        self.namespace, self.core = namespace, core
        self.serial, self.buffer, self.session = 0, b"", None
        self.errors, self.requests = [], []

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="eph-browser-")
        commands, self.commands = os.pipe()
        self.events, events = os.pipe()
        # Chromium reads commands from descriptor 3 and writes to 4.
        script = f'exec "$@" 3<&{commands} 4>&{events}'
        with open(pathlib.Path(self.home) / "log", "wb") as log:
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{self.namespace}", "taskset", "-c", str(self.core), "bash", "-c", script,
                 "bash", PROGRAM, *OPTIONS, f"--user-data-dir={self.home}/profile"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=(commands, events),
                env={**os.environ, "HOME": self.home}, start_new_session=True,
            )  # fmt: skip
        os.close(commands)
        os.close(events)
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        try:
            self.session = None
            self.call("Browser.close")
            self.process.wait(10)
        except (AssertionError, OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.commands)
        os.close(self.events)
        shutil.rmtree(self.home, ignore_errors=True)

    # --- the protocol ---

    def _message(self, deadline):
        while b"\0" not in self.buffer:
            left = deadline - time.monotonic()
            assert left > 0 and select.select([self.events], [], [], left)[0], "the browser does not answer"
            piece = os.read(self.events, 1 << 20)
            assert piece, f"the browser ended\n{(pathlib.Path(self.home) / 'log').read_text(errors='replace')[-2000:]}"
            self.buffer += piece
        message, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, seconds=30, **parameters):
        self.serial += 1
        request = {"id": self.serial, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.commands, json.dumps(request).encode() + b"\0")
        deadline = time.monotonic() + seconds
        while True:
            message = self._message(deadline)
            if message.get("id") == self.serial:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def _note(self, message):
        parameters = message.get("params", {})
        match message.get("method"):
            case "Runtime.exceptionThrown":
                self.errors.append(parameters["exceptionDetails"])
            case "Runtime.consoleAPICalled" if parameters["type"] in ("error", "warning", "assert"):
                self.errors.append(parameters["args"])
            case "Log.entryAdded" if parameters["entry"]["level"] in ("error", "warning"):
                self.errors.append(parameters["entry"])
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])

    # --- actions of a user ---

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait(f"{url} is loaded", f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def run(self, script):
        """The value of a script's last expression."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, f"{script}: {result['exceptionDetails']}"
        return result["result"].get("value")

    def wait(self, what, script, seconds=10.0):
        return wait(what, lambda: self.run(script), seconds)

    def text(self, name):
        return self.run(f"document.getElementById({json.dumps(name)}).textContent")

    def press(self, key):
        text = {"Enter": "\r", " ": " "}.get(key)
        for kind in ("keyDown", "keyUp"):
            more = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key if key != " " else "Space",
                      windowsVirtualKeyCode=KEYS[key], **more)  # fmt: skip

    def size(self, width, height, mobile=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def prefer(self, **features):
        """prefer(color_scheme="dark"): media features of the user's system."""
        wanted = [{"name": f"prefers-{name.replace('_', '-')}", "value": value} for name, value in features.items()]
        self.call("Emulation.setEmulatedMedia", features=wanted)

    def shoot(self, path):
        """Writes a screenshot of the whole page."""
        box = self.call("Page.getLayoutMetrics")["cssContentSize"]
        picture = self.call("Page.captureScreenshot", captureBeyondViewport=True,
                            clip={"x": 0, "y": 0, "width": box["width"], "height": box["height"], "scale": 1})  # fmt: skip
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))
