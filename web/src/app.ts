/** The page: its parts, what is chosen, and how one tells the others. */

import { choices, colouring, type Choice, type Colouring } from "./colouring";
import { search, shown, toggled, type Filter } from "./filters";
import { said, type MapData } from "./payload";
import { Pictures } from "./pictures";
import { Stage, type Tool } from "./stage";
import { Drawer, neighbours } from "./ui/drawer";
import { el, icon, many } from "./ui/element";
import { spoken } from "./ui/facts";
import { HoverCard } from "./ui/hover";
import { Legend } from "./ui/legend";
import { Tray } from "./ui/tray";

const METHODS: Record<string, string> = { pca: "PCA", tsne: "t-SNE", umap: "UMAP", grid: "picture grid" };
const ICONS: Record<Tool, string> = {
  pan: "M10 2v16M2 10h16M10 2L8 4M10 2l2 2M10 18l-2-2M10 18l2-2M2 10l2-2M2 10l2 2M18 10l-2-2M18 10l-2 2",
  box: "M3 3h3M9 3h3M15 3h2v3M17 9v3M17 15v2h-3M11 17H8M5 17H3v-3M3 11V8M3 5V3",
  lasso: "M10 3c5 0 7.5 2.5 7.5 5S14 13 10 13 2.500 10.800 2.500 8 5 3 10 3M6 12.500c-1 1-1 2.500.5 2.500S9 17 6 18",
};
const TOOLS: Record<Tool, string> = { pan: "Move (V)", box: "Select in a box (B)", lasso: "Select with a lasso (L)" };

export class App {
  private readonly stage: Stage;
  private readonly legend: Legend;
  private readonly hover: HoverCard;
  private readonly drawer: Drawer;
  private readonly tray: Tray;
  private readonly choices: Choice[];
  private readonly colourings = new Map<string, Colouring>();
  private readonly filters = new Map<string, Filter>();
  private readonly live = el("p", { id: "live", class: "hidden", "aria-live": "polite" });
  private readonly tools = new Map<Tool, HTMLButtonElement>();
  private readonly searchBox: HTMLInputElement;
  private key: string;
  private found: Uint8Array | null = null;
  private mask: Uint8Array;
  private readonly selected: Uint8Array;

  constructor(private readonly data: MapData, root: HTMLElement) {
    const pictures = new Pictures(data.header, (folder) => this.warn(`The pictures are in the folder ${folder}, which is not beside this page. Keep the two together.`));
    this.mask = new Uint8Array(data.rows).fill(1);
    this.selected = new Uint8Array(data.rows);
    this.choices = choices(data);
    const wanted = data.header.colour_by ?? "";
    this.key = wanted && (data.column.has(wanted) || wanted.startsWith("run:")) ? wanted : (this.choices[0]?.key ?? "");
    if (this.key && !this.choices.some((choice) => choice.key === this.key)) {
      this.choices.unshift({ key: this.key, label: this.key.replaceAll("_", " "), group: "Attributes" });
    }
    this.hover = new HoverCard(data, pictures);
    this.stage = new Stage(data, pictures, {
      hover: (row, x, y) => this.hovered(row, x, y),
      open: (row, keyed) => this.open(row, keyed),
      select: (rows, add) => this.select(rows, add),
      tool: (tool) => this.use(tool),
    });
    this.legend = new Legend(this.choices, {
      choose: (key) => this.choose(key),
      toggle: (entry) => this.setFilter(this.key, toggled(this.filters.get(this.key), entry, this.colouring().entries.length)),
      range: (low, high) => this.setFilter(this.key, { low, high }),
      clear: (key) => this.setFilter(key, undefined),
    });
    this.drawer = new Drawer(data, pictures, {
      open: (row) => this.open(row, true),
      close: () => this.open(-1),
      point: (row) => this.stage.point(row),
      select: (rows) => this.select(rows, true),
      find: (row) => this.stage.find(row),
    });
    this.tray = new Tray(data, pictures, { open: (row) => this.open(row, true), clear: () => { this.select([], false); this.stage.canvas.focus(); }, point: (row) => this.stage.point(row) });
    this.searchBox = el("input", { type: "search", id: "search", placeholder: "Search products and attributes", "aria-label": "Search products and attributes", oninput: () => this.searched() });
    this.build(root);
    this.take();
    document.addEventListener("keydown", (event) => this.shortcut(event));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.take());
  }

  /** For tests and benchmarks. */
  get inside(): { stage: Stage; data: MapData; mask: Uint8Array; selected: number[] } {
    return { stage: this.stage, data: this.data, mask: this.mask, selected: this.selection() };
  }

  private build(root: HTMLElement): void {
    const { map, title } = this.data.header;
    const how = [METHODS[map.method] ?? map.method, map.where && `where ${map.where}`, ...this.quality()].filter(Boolean).join(" · ");
    const header = el("header", { class: "top" },
      el("div", { class: "weave", "aria-hidden": "true" }),
      el("div", { class: "top-row" },
        el("div", { class: "titles" }, el("p", { class: "eyebrow" }, `Houndstooth · map by ${map.space}`), el("h1", {}, title), el("p", { class: "how", title: how }, how)),
        this.searchBox,
        el("button", { type: "button", class: "quiet", id: "list-shown", onclick: () => this.listShown() }, "List"),
        el("button", { type: "button", class: "quiet icon-button", "aria-label": "Light or dark", title: "Light or dark", onclick: () => this.flip() }, icon("M10 3a7 7 0 1 0 0 14V3M10 3a7 7 0 0 1 0 14"))));
    const middle = el("main", { class: "middle" }, this.legend.root, el("div", { class: "well" }, this.stage.root, this.toolbar(), this.hover.root, this.tray.root, this.drawer.root));
    root.className = "app";
    root.replaceChildren(el("a", { class: "skip", href: "#search" }, "Skip to the search"), header, middle, this.tray.dialog, this.live);
  }

  private quality(): string[] {
    const { trustworthiness } = this.data.header.map.quality;
    return trustworthiness === undefined ? [] : [`trustworthiness ${trustworthiness.toFixed(3)}`];
  }

  private toolbar(): HTMLElement {
    const bar = el("div", { class: "toolbar", role: "group", "aria-label": "Map tools" });
    for (const tool of ["pan", "box", "lasso"] as const) {
      const button = el("button", { type: "button", id: `tool-${tool}`, title: TOOLS[tool], "aria-label": TOOLS[tool], "aria-pressed": String(tool === "pan"), onclick: () => this.use(tool) }, icon(ICONS[tool]));
      this.tools.set(tool, button);
      bar.append(button);
    }
    const { camera } = this.stage;
    const act = (label: string, path: string, done: () => void) => el("button", { type: "button", "aria-label": label, title: label, onclick: done }, icon(path));
    const size = el("input", { type: "range", min: 0, max: 2, step: 0.1, value: 1, "aria-label": "Size of the pictures", title: "Size of the pictures",
      oninput: () => { this.stage.scene.pictureSize = Number(size.value) < 0.35 ? 0 : Number(size.value); this.stage.redraw(); } });
    bar.append(el("span", { class: "rule" }), act("Zoom in (+)", "M10 4v12M4 10h12", () => camera.zoomBy(1.6)), act("Zoom out (−)", "M4 10h12", () => camera.zoomBy(1 / 1.6)),
      act("Show the whole map (0)", "M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4", () => camera.reset()));
    if (!this.data.header.grid) bar.append(el("span", { class: "rule" }), el("label", { class: "size" }, icon("M4 6h4v5H4zM11 4h6v9h-6z"), size));
    return bar;
  }

  private colouring(key = this.key): Colouring {
    let made = this.colourings.get(key);
    if (!made) this.colourings.set(key, (made = colouring(this.data, key)));
    return made;
  }

  private choose(key: string): void {
    this.key = key;
    this.update();
    this.say(`Coloured by ${this.colouring().label}`);
  }

  private setFilter(key: string, filter: Filter | undefined): void {
    if (filter) this.filters.set(key, filter);
    else this.filters.delete(key);
    this.update();
    this.sayShown();
  }

  private searched(): void {
    this.found = search(this.data, this.searchBox.value);
    this.update();
    this.sayShown();
  }

  private update(): void {
    const filters = [...this.filters].map(([key, filter]) => [this.colouring(key), filter] as const);
    const { mask, count } = shown(this.data.rows, filters, this.found);
    this.mask = mask;
    const others = [...this.filters].filter(([key]) => key !== this.key).map(([key, filter]) => ({ key, text: this.filterText(key, filter) }));
    this.legend.show(this.colouring(), this.filters.get(this.key), others);
    this.legend.tell(count, this.data.rows);
    this.stage.scene.show(this.colouring(), mask, this.selected);
    this.stage.show(mask);
  }

  private filterText(key: string, filter: Filter): string {
    const { label, entries } = this.colouring(key);
    if ("low" in filter) return `${label} ${said(filter.low)} to ${said(filter.high)}`;
    const names = [...filter.entries].map((entry) => entries[entry]?.label);
    return `${label}: ${names.slice(0, 2).join(", ")}${names.length > 2 ? ` and ${names.length - 2} more` : ""}`;
  }

  private select(rows: number[], add: boolean): void {
    if (add && rows.length === 1 && this.selected[rows[0]]) this.selected[rows[0]] = 0;
    else {
      if (!add) this.selected.fill(0);
      for (const row of rows) this.selected[row] = 1;
    }
    const chosen = this.selection();
    this.tray.show(chosen);
    this.stage.scene.show(this.colouring(), this.mask, this.selected);
    this.stage.redraw();
    this.say(chosen.length ? `${many(chosen.length, "picture")} selected` : "Nothing selected");
  }

  private selection(): number[] {
    const rows: number[] = [];
    this.selected.forEach((chosen, row) => chosen && rows.push(row));
    return rows;
  }

  private hovered(row: number, x: number, y: number): void {
    if (row < 0) return this.hover.hide();
    const { width, height } = this.stage.camera;
    this.hover.show(row, x, y, width, height);
    if (document.activeElement === this.stage.canvas) this.say(spoken(this.data, row));
  }

  /** `into`: the keyboard goes on in the drawer. */
  private open(row: number, into = false): void {
    this.stage.point(-1);
    if (row < 0) {
      const inside = this.drawer.root.contains(document.activeElement);
      this.drawer.close();
      this.stage.camera.covered = 0;
      this.stage.mark(-1, []);
      if (inside) this.stage.canvas.focus();
      return;
    }
    this.hover.hide();
    this.drawer.open(row);
    if (into) this.drawer.root.focus();
    const { camera } = this.stage;
    const wide = this.drawer.root.offsetWidth;
    camera.covered = wide < camera.width * 0.7 ? wide : 0;
    const near = this.data.near.find((one) => one.space === this.data.header.map.space) ?? this.data.near[0];
    this.stage.mark(row, near ? neighbours(near.rows, near.k, row) : []);
    if (!this.stage.isOnScreen(row)) this.stage.bring(row);
    this.say(`${spoken(this.data, row)}: neighbours beside the map`);
  }

  private use(tool: Tool): void {
    this.stage.tool = tool;
    this.stage.canvas.dataset.tool = tool;
    for (const [name, button] of this.tools) button.setAttribute("aria-pressed", String(name === tool));
  }

  private listShown(): void {
    const rows = this.selection();
    if (rows.length) return this.tray.list(rows, "Selection");
    const visible: number[] = [];
    this.mask.forEach((here, row) => here && visible.push(row));
    if (visible.length) this.tray.list(visible, "Shown");
  }

  private shortcut(event: KeyboardEvent): void {
    const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement;
    if (this.tray.dialog.open) return; // the list closes itself
    if (event.key === "Escape") {
      if (!this.drawer.root.hidden) this.open(-1);
      else if (typing && this.searchBox.value) { this.searchBox.value = ""; this.searched(); }
      else if (this.selection().length) this.select([], false);
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const tools: Record<string, Tool> = { v: "pan", b: "box", l: "lasso" };
    if (tools[event.key]) this.use(tools[event.key]);
    else if (event.key === "/") this.searchBox.focus();
    else return;
    event.preventDefault();
  }

  private flip(): void {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    this.take();
  }

  /** Colours of the style sheet for what WebGL draws. */
  private take(): void {
    const probe = el("i", { class: "probe" });
    document.body.append(probe);
    const style = getComputedStyle(probe);
    const numbers = (colour: string) => (colour.match(/[\d.]+/g) ?? ["0", "0", "0"]).slice(0, 3).map((part) => Number(part) / 255);
    this.stage.scene.look = { ink: numbers(style.color), accent: numbers(style.backgroundColor) };
    probe.remove();
    this.update();
  }

  private sayShown(): void {
    let count = 0;
    for (const one of this.mask) count += one;
    this.say(`${many(count, "picture")} shown`);
  }

  private say(text: string): void {
    this.live.textContent = text;
  }

  private warn(text: string): void {
    document.body.append(el("p", { class: "warning", role: "alert" }, text));
  }
}
