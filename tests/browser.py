#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""report.html in a headless Chromium, as a reader meets it: light, dark, on a phone, on paper, by
keyboard, by mouse, and without scripts. Usage: browser.py REPORT.html [PICTURES]. Prints TAP without
its plan; with a directory PICTURES leaves screenshots and a PDF there."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

DEADLINE = time.monotonic() + 90


class Browser:
    """Chromium at the other end of two pipes, which carry JSON messages that end with a NUL."""

    def __init__(self, profile):
        to_read, self.to = os.pipe()
        self.back, to_write = os.pipe()
        # 3 and 4 are what it reads and writes; high numbers first, so that none is closed too early.
        high = [os.dup2(fd, n) for fd, n in ((to_read, 103), (to_write, 104))]

        def pipes():
            for fd, n in zip(high, (3, 4)):
                os.dup2(fd, n)

        self.child = subprocess.Popen(
            [shutil.which("chromium"), "--headless=new", "--no-sandbox", "--disable-gpu",
             "--remote-debugging-pipe", "--no-first-run", "--disable-extensions",
             "--disable-background-networking", "--disable-component-update",
             "--disable-dev-shm-usage", f"--user-data-dir={profile}"],
            preexec_fn=pipes, close_fds=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (to_read, to_write, *high):
            os.close(fd)
        os.set_blocking(self.back, False)
        self.rest, self.serial, self.session, self.events = b"", 0, None, []

    def receive(self):
        while b"\0" not in self.rest:
            if time.monotonic() > DEADLINE:
                raise TimeoutError("the browser does not answer")
            if self.child.poll() is not None:
                raise ChildProcessError(f"the browser ended with {self.child.returncode}")
            try:
                self.rest += os.read(self.back, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, **params):
        self.serial += 1
        message = {"id": self.serial, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.serial:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def open(self, url, width, height, mobile=False, media="", dark=False, script=True):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=mobile)
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        seen = len(self.events)
        self.call("Page.navigate", url=url)
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events[seen:]):
            self.events.append(self.receive())

    def eval(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in result:
            raise RuntimeError(json.dumps(result["exceptionDetails"])[:400])
        return result["result"].get("value")

    def press(self, key, code=0, text=""):
        extra = {"text": text} if text else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key,
                      windowsVirtualKeyCode=code, **(extra if kind == "keyDown" else {}))

    def tab_to(self, condition):
        """Tab until the focused element `e` meets the condition."""
        for _ in range(60):
            self.press("Tab", 9)
            if self.eval(f"(e => !!({condition}))(document.activeElement)"):
                return True
        return False

    def complaints(self):
        """What the console says, and what was asked of a network."""
        out = []
        for event in self.events:
            method, params = event.get("method"), event.get("params", {})
            if method in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded"):
                out.append(json.dumps(params)[:300])
            elif method == "Network.requestWillBeSent":
                url = params["request"]["url"]
                if not url.startswith(("file:", "data:", "about:")):
                    out.append(f"fetches {url}")
        return out

    def close(self):
        self.session = None
        try:
            self.call("Browser.close")
            self.child.wait(10)
        except (OSError, RuntimeError, TimeoutError, ChildProcessError, subprocess.TimeoutExpired):
            self.child.kill()
            self.child.wait()


def check(good, what, why=""):
    print(("ok" if good else "not ok") + f" - browser: {what}")
    if not good and why:
        print("".join(f"# {line}\n" for line in str(why).splitlines()), end="")


FIGURES = """[...document.querySelectorAll('figure.plot')].filter(f => {
    const svg = f.querySelector('svg'), box = svg && svg.getBoundingClientRect();
    return !(svg && box.width > 250 && box.height > 100 && svg.checkVisibility() &&
        svg.querySelectorAll('path, use').length > 5);
}).map(f => f.id)"""
IDS = """(ids => ids.filter((id, i) => ids.indexOf(id) !== i))
    ([...document.querySelectorAll('[id]')].map(e => e.id))"""
DANGLING = """[...document.querySelectorAll('use')].map(u => u.getAttribute('xlink:href'))
    .filter(h => !document.querySelector(h)).length"""
TOO_WIDE = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, .unseen, svg') &&
    e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '#' + e.id).slice(0, 5)"""
SHOWN = "[...document.querySelectorAll('tr[data-scheme]')].filter(r => !r.hidden).length"
CONTRAST = """(() => {
    const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const back = e => { for (; e; e = e.parentElement) {
        const c = getComputedStyle(e).backgroundColor;
        if (!/, 0\\)$/.test(c)) return light(c); } return 1; };
    return [...document.querySelectorAll('p, li, td, th, h1, h2, h3, a, figcaption, summary, label, button')]
        .filter(e => e.checkVisibility()).map(e => { const a = light(getComputedStyle(e).color), b = back(e);
            return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), e.tagName + ' ' + e.textContent.slice(0, 30)]; })
        .filter(([ratio]) => ratio < 4.5).slice(0, 5);
})()"""


class Checks:
    def __init__(self, browser, page, pictures):
        self.b, self.url, self.pictures = browser, "file://" + os.path.realpath(page), pictures

    def keep(self, name, data):
        if self.pictures:
            with open(os.path.join(self.pictures, name), "wb") as f:
                f.write(base64.b64decode(data))

    def picture(self, name):
        if self.pictures:
            size = self.b.call("Page.getLayoutMetrics")["cssContentSize"]
            shot = self.b.call("Page.captureScreenshot", captureBeyondViewport=True, clip={
                "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1})
            self.keep(name, shot["data"])

    def looks(self, name, figures=True):
        if figures:
            lacking = self.b.eval(FIGURES)
            check(not lacking, f"{name}: every figure is drawn and visible", lacking)
        wide = self.b.eval(TOO_WIDE)
        check(not wide, f"{name}: the page does not scroll sideways", wide)
        pale = self.b.eval(CONTRAST)
        check(not pale, f"{name}: text stands out from what is behind it", pale)
        self.picture(f"{name}.png")

    def light(self):
        self.b.open(self.url, 1280, 900)
        self.looks("light")
        top = self.b.eval("document.querySelector('.believe').innerText")
        check("Validity" in top and "overlapped" in top, "what makes it trustworthy or not stands at the top", top)
        if self.b.eval("document.body.className") == "emulated":
            check("emulated machine" in top, "an emulated machine is named as such at the top", top)
        names = self.b.eval(IDS)
        check(not names, "no two elements share a name", names)
        check(self.b.eval(DANGLING) == 0, "every reference within a figure is met")
        check(self.b.eval("[...document.querySelectorAll('table')].every(t => t.closest('#card') || t.caption"
                          "?.textContent.trim())"), "every table has a caption")

    def mouse(self):
        """Every point of both charts shows its own value, the one in the data."""
        wrong = self.b.eval("""[...document.querySelectorAll('.chart')].flatMap(chart => {
            chart.scrollIntoView();
            return [...chart.querySelectorAll('circle')].map(c => {
                const box = c.getBoundingClientRect();
                chart.dispatchEvent(new PointerEvent('pointermove',
                    { clientX: box.x + box.width / 2, clientY: box.y + box.height / 2 }));
                const card = document.getElementById('card');
                return [c.parentElement.dataset.scheme, card.hidden ? '' : card.innerText,
                    card.querySelectorAll('.this').length];
            }); }).filter(([scheme, text, n]) => !text.includes(' ns') || n < 1)""")
        check(not wrong, "every point of the charts has its values", wrong[:3])
        spot = self.b.eval("""(() => { const c = document.querySelector('#chart-scaling circle');
            c.scrollIntoView({ block: 'center' }); const box = c.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; })()""")
        self.b.call("Input.dispatchMouseEvent", type="mouseMoved", x=spot[0] + 1, y=spot[1])
        text = self.b.eval("document.getElementById('card').innerText")
        value = self.b.eval("document.querySelector('#card .this td').textContent.replace(' ns', '')"
                            ".replace(', oversubscribed', '')")
        name = self.b.eval("document.querySelector('#card code').textContent")
        in_data = self.b.eval(f"JSON.parse(document.getElementById('data').textContent)"
                              f".find(s => s.name === '{name}').getput.map(c => c.text)")
        check(value in in_data, f"the mouse on a point of {name} shows {value}", text)
        self.b.call("Input.dispatchMouseEvent", type="mouseMoved", x=1, y=1)
        check(self.b.eval("document.getElementById('card').hidden"), "away from it the values go")

    def names(self):
        """The names of schemes in a figure show values; in that of events, its own."""
        texts = self.b.eval("""[...document.querySelectorAll('figure.plot')].map(figure => {
            const name = figure.querySelector('text.scheme'), card = document.getElementById('card');
            if (!name)
                return [figure.id];
            name.dispatchEvent(new PointerEvent('pointerenter', { clientX: 9, clientY: 9 }));
            const text = card.innerText;
            name.dispatchEvent(new PointerEvent('pointerleave'));
            return [figure.id, text, card.hidden, name.textContent.trim().split(/\\s/)[0]];
        }).filter(([id, ...shown]) => shown.length)""")
        wrong = [t for t in texts if t[3] not in t[1] or not t[2]]
        check(texts and not wrong, f"a scheme's name shows its values in {len(texts)} figures", wrong[:3])
        for _, text, _, name in (t for t in texts if t[0] == "figure-counters"):
            counts = self.b.eval(f"JSON.parse(document.getElementById('data').textContent)"
                                 f".find(s => s.name === '{name}').counts")
            lacking = [c for c in counts if c["event"] not in text or c["text"] not in text]
            check(counts and not lacking, f"events: the name of {name} shows {len(counts)} counts", text)
            shared = sum(c["shared"] for c in counts)
            check(text.count("multiplexed") == shared, f"events: {shared} of these are marked as multiplexed", text)

    def keyboard(self):
        self.b.open(self.url, 1280, 900)
        all_rows = self.b.eval(SHOWN)
        check(self.b.tab_to("e.type === 'checkbox'"), "Tab reaches the filters")
        outline = self.b.eval("getComputedStyle(document.activeElement).outlineStyle")
        check(outline != "none", "the focus can be seen", outline)
        self.b.press(" ", 32, " ")
        some = self.b.eval(SHOWN)
        check(0 < some < all_rows, f"Space leaves a family out of the tables: {all_rows} rows, {some} rows")
        status = self.b.eval("document.querySelector('#filter [role=status]').textContent")
        check("left out" in status, "and the page says so", status)
        left = self.b.eval("document.querySelectorAll('.chart [data-scheme]').length")
        self.b.press(" ", 32, " ")
        check(self.b.eval(SHOWN) == all_rows, "Space brings it back")
        check(self.b.eval("document.querySelectorAll('.chart [data-scheme]').length") > left,
              "so it does in the charts")
        check(self.b.tab_to("e.className === 'chart'"), "Tab reaches a chart")
        seen = set()
        for _ in range(3):
            self.b.press("ArrowRight", 39)
            seen.add(self.b.eval("document.getElementById('card').innerText"))
        check(len(seen) == 3 and all(" ns" in s for s in seen), "arrow keys go from point to point", seen)
        self.b.press("Escape", 27)
        check(self.b.eval("document.getElementById('card').hidden"), "Escape puts the values away")
        reached = self.b.tab_to("e.closest('figure.plot, section[id] .scroll')")
        check(reached, "Tab reaches what scrolls by itself")

    def others(self):
        self.b.open(self.url, 1280, 900, dark=True)
        self.looks("dark")
        check(self.b.eval("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)",
              "dark: it is dark")
        self.b.open(self.url, 375, 812, mobile=True)
        self.looks("phone")
        # what A4 has between its margins
        self.b.open(self.url, 703, 1000, media="print", dark=True)
        self.looks("print")
        wide = self.b.eval("[...document.querySelectorAll('table, svg')].filter(e => e.checkVisibility() &&"
                           "e.getBoundingClientRect().right > innerWidth + 1).map(e => e.textContent.trim().slice(0, 60))")
        check(not wide, "print: every table and figure fits", wide)
        check(not self.b.eval("document.querySelector('#filter form').checkVisibility()"),
              "print: no controls")
        pdf = self.b.call("Page.printToPDF", preferCSSPageSize=True)["data"]
        check(base64.b64decode(pdf)[:5] == b"%PDF-", "print: it goes on paper")
        self.keep("print.pdf", pdf)
        self.b.open(self.url, 1280, 900, script=False)
        self.looks("plain")
        check(not self.b.eval("document.getElementById('filter').checkVisibility()"),
              "plain: without scripts there are no controls that do nothing")


def main():
    page, pictures = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(profile)
        try:
            browser.attach()
            checks = Checks(browser, page, pictures)
            checks.light()
            checks.mouse()
            checks.names()
            checks.keyboard()
            checks.others()
            complaints = browser.complaints()
            check(not complaints, "nothing on the console, nothing from a network", "\n".join(complaints))
        except (OSError, RuntimeError, TimeoutError) as error:
            check(False, "it can be driven to the end", error)
        finally:
            browser.close()


main()
