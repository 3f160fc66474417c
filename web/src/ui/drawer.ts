/** The drawer: one picture, and what lies nearest to it in each space, side by side. */

import type { MapData } from "../payload";
import { productAt } from "../payload";
import type { Pictures } from "../pictures";
import { el, icon } from "./element";
import { factList, nameOf, picture, spoken, strip } from "./facts";

export interface DrawerCalls {
  open(row: number): void;
  close(): void;
  point(row: number): void;
  select(rows: number[]): void;
  find(row: number): void;
}

export class Drawer {
  readonly root = el("aside", { class: "drawer", "aria-label": "The picture and its neighbours", hidden: true, tabindex: -1 });

  constructor(private readonly data: MapData, private readonly pictures: Pictures, private readonly calls: DrawerCalls) {}

  open(row: number): void {
    const { data } = this;
    const name = nameOf(data, row);
    const product = productAt(data, row);
    const near = data.near.map((one) => ({ space: one.space, rows: neighbours(one.rows, one.k, row), at: row * one.k, scores: one.scores }));
    this.root.replaceChildren(
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: () => this.calls.close() }, icon("M5 5l10 10M15 5L5 15")),
      el("div", { class: "drawer-head" },
        picture(data, this.pictures, row, name),
        el("div", {}, el("h2", {}, name), name === product ? null : el("p", { class: "product" }, product),
          el("div", { class: "drawer-actions" },
            el("button", { type: "button", class: "quiet", onclick: () => this.calls.find(row) }, "Show on the map"),
            el("button", { type: "button", class: "quiet", onclick: () => this.calls.select([row, ...near.flatMap((one) => one.rows)]) }, "Select with its neighbours")))),
      strip(data, row) ?? "",
      factList(data, row),
      el("h3", {}, "Nearest products in each space"),
      el("div", { class: "near" }, ...near.map((one) => this.column(one))),
    );
    this.root.setAttribute("aria-label", `${name} and its neighbours`);
    this.root.hidden = false;
    this.root.scrollTop = 0;
  }

  close(): void {
    this.root.hidden = true;
  }

  private column(one: { space: string; rows: number[]; at: number; scores: Float32Array }): HTMLElement {
    const list = el("ol", { "data-space": one.space, "aria-label": `Nearest by ${one.space}` });
    one.rows.forEach((row, place) => {
      const score = one.scores[one.at + place];
      list.append(el("li", {}, el("button",
        { type: "button", "data-row": row, "data-product": productAt(this.data, row), title: spoken(this.data, row), "aria-label": `${spoken(this.data, row)}, ${score.toFixed(2)} by ${one.space}`,
          onclick: () => this.calls.open(row), onpointerenter: () => this.calls.point(row), onfocus: () => this.calls.point(row), onpointerleave: () => this.calls.point(-1) },
        picture(this.data, this.pictures, row), el("span", { class: "near-score" }, score.toFixed(2)))));
    });
    if (!one.rows.length) list.append(el("li", { class: "note" }, "not compared here"));
    return el("section", {}, el("h4", {}, one.space), list);
  }
}

export function neighbours(rows: Int32Array, k: number, row: number): number[] {
  return Array.from(rows.subarray(row * k, row * k + k)).filter((one) => one >= 0);
}
