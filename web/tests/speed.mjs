// Times a map page in a headless Chromium and prints JSON: node speed.mjs CHROMIUM PAGE
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, page] = process.argv.slice(2);
const args = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const browser = await chromium.launch({ executablePath, args, timeout: 120_000 });
const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
try {
  const system = await browser.newBrowserCDPSession();
  const used = async () => (await system.send("SystemInfo.getProcessInfo")).processInfo.reduce((sum, one) => sum + one.cpuTime, 0);
  const tab = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const before = await used();
  tab.setDefaultTimeout(300_000);
  await tab.goto(pathToFileURL(page).href, { waitUntil: "commit", timeout: 300_000 });
  await tab.waitForFunction(() => performance.getEntriesByName("map-dots").length > 0);
  const dotsUsed = (await used()) - before;
  await tab.waitForFunction(() => document.readyState === "complete");
  await tab.waitForTimeout(2000);
  const openUsed = (await used()) - before;
  // One drawing of all points, read back so that the drawing itself is in the time.
  const still = await tab.evaluate(() => {
    const { stage } = globalThis.houndstooth.inside;
    const gl = document.querySelector("canvas").getContext("webgl2");
    return Array.from({ length: 9 }, () => {
      const start = performance.now();
      stage.scene.draw(stage.camera);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
      return performance.now() - start;
    });
  });
  // Panning as a hand does, a step a frame: milliseconds from frame to frame.
  const pan = (k) => tab.evaluate(async (k) => {
    const { camera, scene } = globalThis.houndstooth.inside.stage;
    if (k > 1) {
      performance.mark("zoomed");
      camera.show([scene.world[0], scene.world[1]], k);
    }
    await new Promise((done) => setTimeout(done, 1500));
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    let last = await frame();
    const times = [];
    for (let step = 0; step < 60; step++) {
      camera.panBy(step % 8 < 4 ? 12 : -12, 5 - (step % 3) * 5);
      const now = await frame();
      times.push(now - last);
      last = now;
    }
    return times;
  }, k);
  const first = await pan(1);
  const usedBefore = await used();
  const whole = await pan(1);
  const panUsed = ((await used()) - usedBefore) / whole.length;
  const every = await tab.evaluate(() => globalThis.houndstooth.inside.stage.pace.every);
  const close = await pan(20);
  await tab.waitForFunction(() => performance.getEntriesByName("map-pictures").length > 0);
  const hover = await tab.evaluate(() => {
    const { stage } = globalThis.houndstooth.inside;
    stage.at(400, 300);
    const times = Array.from({ length: 200 }, (_, one) => {
      const start = performance.now();
      stage.at(100 + one * 4, 100 + one * 2);
      return performance.now() - start;
    });
    return Math.max(...times);
  });
  const marks = await tab.evaluate(() => Object.fromEntries(performance.getEntriesByType("mark").map((mark) => [mark.name, mark.startTime / 1000])));
  // Where none has room on the whole map, pictures come on zooming in.
  const asked = marks["map-pictures"] > marks.zoomed ? marks.zoomed : 0;
  process.stdout.write(JSON.stringify({
    dots_used: dotsUsed, open_used: openUsed, started: marks["map-started"], dots: marks["map-dots"], pictures: marks["map-pictures"] - asked,
    still: middle(still), pan_used: 1000 * panUsed, every,
    pan_first: middle(first.slice(0, 8)), pan_worst: Math.max(...whole), pan_median: middle(whole), close_median: middle(close), hover,
  }));
} finally {
  await browser.close();
}
