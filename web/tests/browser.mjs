// Drives a map page in a headless Chromium and prints what it saw as JSON: node browser.mjs CHROMIUM PAGE FOLDER ROW [PAGE ...]
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, page, folder, rowText, ...others] = process.argv.slice(2);
const row = Number(rowText);
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const args = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"];
const browser = await chromium.launch({ executablePath, args, timeout: 120_000 });
try {
  const context = await browser.newContext({ viewport: { width: 1000, height: 640 }, acceptDownloads: true });
  context.setDefaultTimeout(120_000);
  const tab = await context.newPage();
  const errors = [];
  const fetched = [];
  tab.on("pageerror", (error) => errors.push(error.message));
  tab.on("console", (line) => line.type() === "error" && errors.push(line.text()));
  tab.on("request", (request) => /^(data|blob):/.test(request.url()) || fetched.push(request.url()));
  await tab.goto(pathToFileURL(page).href, { waitUntil: "commit" });
  await tab.waitForFunction(() => performance.getEntriesByName("map-pictures").length > 0);
  const box = await tab.locator("canvas").boundingBox();
  const at = async (number) => {
    const [x, y] = await tab.evaluate((one) => [...globalThis.houndstooth.inside.stage.screenOf(one)], number);
    return [box.x + x, box.y + y];
  };
  const told = { errors, fetched, title: await tab.title(), barriers: [] };
  // What axe-core finds wrong for those who do not see or point, in this state of the page.
  await tab.evaluate(axe);
  const judge = async (state) => {
    const found = await tab.evaluate(async () => (await globalThis.axe.run({ resultTypes: ["violations"] })).violations);
    told.barriers.push(...found.map((one) => `${state}: ${one.id}: ${one.nodes[0].html}`));
  };
  const focus = () => tab.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? "");
  await judge("open");

  // Close enough that the picture asked for lies alone, then the pointer over it.
  await tab.evaluate((one) => globalThis.houndstooth.inside.stage.camera.show(globalThis.houndstooth.inside.stage.world.slice(2 * one, 2 * one + 2), 30), row);
  await tab.waitForTimeout(300);
  await tab.mouse.move(...(await at(row)));
  await tab.waitForSelector(".hover-card:not([hidden])");
  await tab.waitForFunction(() => document.querySelector(".hover-card img")?.naturalWidth > 0);
  told.hover = await tab.locator(".hover-card").innerText();
  told.strip = await tab.locator(".hover-card .strip").getAttribute("aria-label");

  // Its neighbours in each space.
  await tab.mouse.click(...(await at(row)));
  await tab.waitForSelector(".drawer:not([hidden])");
  told.near = await tab.evaluate(() =>
    Object.fromEntries([...document.querySelectorAll(".near ol")].map((list) => [
      list.dataset.space,
      [...list.querySelectorAll("button")].map((one) => [one.dataset.product, Number(one.querySelector(".near-score").textContent)]),
    ])));
  told.inSight = await tab.evaluate((one) => globalThis.houndstooth.inside.stage.isOnScreen(one), row);
  await judge("drawer");
  await tab.keyboard.press("Escape");
  told.closed = await tab.locator(".drawer").isHidden();

  // A click in the legend filters; a second colouring keeps the filter; a search narrows it.
  await tab.locator(".stage canvas").press("0");
  await tab.selectOption("#colour-by", "category");
  const first = tab.locator(".entries button").first();
  told.category = await first.locator(".entry-label").innerText();
  told.categoryCount = await first.locator(".entry-count").innerText();
  await first.click();
  told.filtered = await tab.locator(".legend-count").innerText();
  await judge("filtered");
  told.maskRows = await tab.evaluate(() => [...globalThis.houndstooth.inside.mask].flatMap((one, place) => (one ? [place] : [])));

  // A lasso around everything takes what shows, and only that.
  await tab.click("#tool-lasso");
  const corners = [[0.995, 0.995], [0.005, 0.995], [0.005, 0.15], [0.995, 0.15]];
  const point = ([x, y]) => [box.x + x * box.width, box.y + y * box.height];
  await tab.mouse.move(...point([0.995, 0.15]));
  await tab.mouse.down();
  for (const corner of corners) await tab.mouse.move(...point(corner), { steps: 4 });
  await tab.mouse.up();
  await tab.waitForSelector(".tray:not([hidden])");
  told.inLasso = await tab.evaluate(([top]) => {
    const { stage, mask } = globalThis.houndstooth.inside;
    const inside = (one) => stage.screenOf(one)[1] > top;
    return [...mask].flatMap((shown, place) => (shown && inside(place) ? [place] : []));
  }, [0.15 * box.height]);
  for (const kind of ["csv", "json"]) {
    const waiting = tab.waitForEvent("download");
    await tab.click(`#export-${kind}`);
    const path = `${folder}/selection.${kind}`;
    await (await waiting).saveAs(path);
    told[kind] = readFileSync(path, "utf8");
  }
  told.live = await tab.locator("#live").innerText();
  await tab.click("#show-list");
  told.listed = await tab.locator("dialog.list tbody tr").count();
  told.listTitle = await tab.locator("dialog.list h2").innerText();
  await judge("list");
  await tab.keyboard.press("Escape");

  // The same by keyboard alone: from picture to picture, and one opened.
  await tab.click("#clear-selection");
  await tab.locator(".stage canvas").focus();
  await tab.keyboard.press("Shift+ArrowRight");
  await tab.keyboard.press("Space");
  told.byKeyboard = await tab.evaluate(() => globalThis.houndstooth.inside.selected);
  await tab.keyboard.press("Enter");
  told.openedByKeyboard = await tab.locator(".drawer").isVisible();
  told.focusInside = await focus();
  await tab.keyboard.press("Escape");
  told.focusBack = await focus();
  await tab.fill("#search", "no such thing at all");
  told.nothing = await tab.locator(".legend-count").innerText();

  // On a telephone every tool is in sight.
  await tab.setViewportSize({ width: 360, height: 740 });
  await tab.waitForTimeout(100);
  told.outOfSight = await tab.evaluate(() =>
    [...document.querySelectorAll(".toolbar, .toolbar > *, .top-row > *")]
      .filter((one) => one.checkVisibility())
      .filter((one) => ((at) => at.left < 0 || at.right > globalThis.innerWidth)(one.getBoundingClientRect()))
      .map((one) => one.id || one.className));
  told.wider = await tab.evaluate(() => document.documentElement.scrollWidth);
  await tab.setViewportSize({ width: 1000, height: 640 });

  // The pages that share its look, by day and by night.
  for (const other of others) {
    await tab.goto(pathToFileURL(other).href);
    await tab.evaluate(axe);
    for (const colorScheme of ["light", "dark"]) {
      await tab.emulateMedia({ colorScheme });
      await judge(`${other.split("/").pop()}, ${colorScheme}`);
    }
  }
  process.stdout.write(JSON.stringify(told));
} finally {
  await browser.close();
}
