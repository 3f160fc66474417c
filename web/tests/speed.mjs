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
  // Panning: forty steps of the camera, each drawn and read back, so that the drawing itself is in the time.
  const pan = (k) => tab.evaluate(async (k) => {
    const { stage } = globalThis.houndstooth.inside;
    const { camera, scene } = stage;
    if (k > 1) camera.show([scene.world[0], scene.world[1]], k);
    await new Promise((done) => setTimeout(done, 1500));
    const gl = document.querySelector("canvas").getContext("webgl2");
    const pixel = new Uint8Array(4);
    const times = [];
    for (let step = 0; step < 40; step++) {
      const start = performance.now();
      camera.panBy(step % 8 < 4 ? 12 : -12, 5 - (step % 3) * 5);
      scene.draw(camera);
      gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
      times.push(performance.now() - start);
      await new Promise((done) => requestAnimationFrame(done));
    }
    return times;
  }, k);
  await pan(1);
  const usedBefore = await used();
  const whole = await pan(1);
  const panUsed = ((await used()) - usedBefore) / whole.length;
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
  process.stdout.write(JSON.stringify({
    dots_used: dotsUsed, open_used: openUsed, started: marks["map-started"], dots: marks["map-dots"], pictures: marks["map-pictures"],
    pan_used: 1000 * panUsed,
    pan_worst: Math.max(...whole), pan_median: middle(whole), close_median: middle(close), hover,
  }));
} finally {
  await browser.close();
}
