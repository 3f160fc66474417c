/** The tray of the selection, and a list of it for those who would rather read than look. */

import { download, products, toCsv, toJson } from "../exports";
import { productAt, type MapData } from "../payload";
import type { Pictures } from "../pictures";
import { el, icon, many } from "./element";
import { facts, nameOf, picture, spoken } from "./facts";

const IN_TRAY = 48;
const A_PAGE = 50;

export interface TrayCalls {
  open(row: number): void;
  clear(): void;
  point(row: number): void;
}

export class Tray {
  readonly root = el("section", { class: "tray", "aria-label": "Selection", hidden: true });
  readonly dialog = el("dialog", { class: "list", "aria-label": "List of pictures" });
  private rows: number[] = [];

  constructor(private readonly data: MapData, private readonly pictures: Pictures, private readonly calls: TrayCalls) {}

  show(rows: number[]): void {
    this.rows = rows;
    this.root.hidden = rows.length === 0;
    if (!rows.length) return;
    const stem = this.data.header.map.name.replace(/[^\w.-]+/g, "-") || "map";
    const count = products(this.data, rows).length;
    this.root.replaceChildren(
      el("div", { class: "tray-head" },
        el("p", {}, el("b", {}, many(count, "product")), count === rows.length ? " selected" : ` selected, ${many(rows.length, "picture")}`),
        el("button", { type: "button", id: "export-csv", onclick: () => download(`${stem}-selection.csv`, "text/csv;charset=utf-8", toCsv(this.data, rows)) }, "Export CSV"),
        el("button", { type: "button", id: "export-json", onclick: () => download(`${stem}-selection.json`, "application/json", toJson(this.data, rows)) }, "Export JSON"),
        el("button", { type: "button", id: "show-list", class: "quiet", onclick: () => this.list(rows, "Selection") }, "List"),
        el("button", { type: "button", class: "quiet", id: "clear-selection", onclick: () => this.calls.clear() }, "Clear")),
      el("ol", { class: "tray-pictures" }, ...rows.slice(0, IN_TRAY).map((row) => this.thumb(row)),
        rows.length > IN_TRAY ? el("li", { class: "note" }, `and ${(rows.length - IN_TRAY).toLocaleString("en")} more`) : null),
    );
  }

  private thumb(row: number): HTMLElement {
    return el("li", {}, el("button",
      { type: "button", title: spoken(this.data, row), "aria-label": spoken(this.data, row), onclick: () => this.calls.open(row), onpointerenter: () => this.calls.point(row), onpointerleave: () => this.calls.point(-1) },
      picture(this.data, this.pictures, row)));
  }

  /** Pictures as a table, a page at a time. */
  list(rows: number[] = this.rows, title = "Selection", start = 0): void {
    const page = rows.slice(start, start + A_PAGE);
    const go = (label: string, to: number) =>
      el("button", { type: "button", class: "quiet", disabled: to < 0 || to >= rows.length, onclick: () => {
        this.list(rows, title, to);
        const turned = [...this.dialog.querySelectorAll<HTMLButtonElement>("footer button")].find((one) => one.textContent === label);
        (turned?.disabled ? this.dialog.querySelector<HTMLElement>(".list-scroll") : turned)?.focus();
      } }, label);
    const body = el("tbody", {}, ...page.map((row) =>
      el("tr", {}, el("td", {}, picture(this.data, this.pictures, row)),
        el("td", {}, el("button", { type: "button", class: "link", onclick: () => { this.dialog.close(); this.calls.open(row); } }, nameOf(this.data, row)),
          nameOf(this.data, row) === productAt(this.data, row) ? null : el("span", { class: "product" }, productAt(this.data, row))),
        el("td", {}, facts(this.data, row).slice(0, 6).map((fact) => `${fact.label} ${fact.text}`).join(", ")))));
    this.dialog.replaceChildren(
      el("header", {}, el("h2", {}, `${title}: ${many(rows.length, "picture")}`),
        el("button", { type: "button", class: "close", "aria-label": "Close the list", onclick: () => this.dialog.close() }, icon("M5 5l10 10M15 5L5 15"))),
      el("div", { class: "list-scroll", tabindex: 0 }, el("table", {}, el("thead", { class: "hidden" }, el("tr", {}, el("th", {}, "Picture"), el("th", {}, "Product"), el("th", {}, "Attributes"))), body)),
      el("footer", {}, go("Earlier", start - A_PAGE), el("span", {}, `${(start + 1).toLocaleString("en")} to ${(start + page.length).toLocaleString("en")} of ${rows.length.toLocaleString("en")}`), go("Later", start + A_PAGE)),
    );
    if (!this.dialog.open) this.dialog.showModal();
  }
}
