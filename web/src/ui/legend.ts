/** The legend: what the colours mean, and a click on one filters by it. */

import { histogram, type Choice, type Colouring } from "../colouring";
import { css, sequence } from "../colours";
import type { Filter } from "../filters";
import { said } from "../payload";
import { el, many } from "./element";

const FIRST_ENTRIES = 40;

export interface LegendCalls {
  choose(key: string): void;
  toggle(entry: number): void;
  range(low: number, high: number): void;
  clear(key: string): void;
}

export class Legend {
  readonly root = el("aside", { class: "legend", "aria-label": "Colours and filters" });
  private readonly body = el("div", { class: "legend-body" });
  private readonly chips = el("div", { class: "active-filters" });
  private readonly count = el("p", { class: "legend-count" });
  private readonly chooser: HTMLSelectElement;
  private all = false;

  constructor(choices: Choice[], private readonly calls: LegendCalls) {
    this.chooser = el("select", { id: "colour-by", onchange: () => calls.choose(this.chooser.value) });
    for (const group of ["Attributes", "Numbers", "Clusters"] as const) {
      const own = choices.filter((choice) => choice.group === group);
      if (own.length) this.chooser.append(el("optgroup", { label: group }, ...own.map((one) => el("option", { value: one.key }, one.label))));
    }
    this.root.append(el("label", { class: "field" }, el("span", {}, "Colour by"), this.chooser), this.chips, this.count, this.body);
  }

  show(colouring: Colouring, filter: Filter | undefined, others: readonly { key: string; text: string }[]): void {
    if (this.chooser.value !== colouring.key) this.all = false;
    this.chooser.value = colouring.key;
    const inside = this.root.contains(document.activeElement);
    this.chips.replaceChildren(
      ...others.map(({ key, text }) =>
        el("button", { type: "button", class: "chip filter-chip", title: "Take this filter away", onclick: () => this.calls.clear(key) }, text, " ×"),
      ),
    );
    const focused = (document.activeElement as HTMLElement | null)?.dataset?.entry;
    this.body.replaceChildren(colouring.numbers ? this.numbers(colouring, filter) : this.entries(colouring, filter));
    if (focused !== undefined) this.body.querySelector<HTMLElement>(`[data-entry="${focused}"]`)?.focus();
    if (inside && !this.root.contains(document.activeElement)) this.chooser.focus(); // the button that was pressed is gone
  }

  tell(shown: number, rows: number): void {
    this.count.textContent = shown === rows ? many(rows, "picture") : `${shown.toLocaleString("en")} of ${many(rows, "picture")} shown`;
  }

  private entries(colouring: Colouring, filter: Filter | undefined): HTMLElement {
    const on = filter && "entries" in filter ? filter.entries : null;
    const largest = Math.max(1, ...colouring.entries.map((entry) => entry.count));
    const list = el("ul", { class: "entries" });
    colouring.entries.forEach((entry, number) => {
      if (!this.all && number >= FIRST_ENTRIES && !on?.has(number)) return;
      const dot = el("i", { class: "dot" });
      dot.style.background = entry.colour;
      const share = el("i", { class: "amount" });
      share.style.width = `${(entry.count / largest) * 100}%`;
      const pressed = on ? on.has(number) : false;
      const button = el(
        "button",
        { type: "button", class: on && !pressed ? "off" : "", "aria-pressed": String(pressed), "data-entry": number, onclick: () => this.calls.toggle(number) },
        dot, el("span", { class: "entry-label" }, entry.label), el("span", { class: "entry-count" }, entry.count.toLocaleString("en")), share,
      );
      list.append(el("li", {}, button));
    });
    const parts: HTMLElement[] = [list];
    if (!this.all && colouring.entries.length > FIRST_ENTRIES) {
      const more = colouring.entries.length - FIRST_ENTRIES;
      parts.push(el("button", { type: "button", class: "link", onclick: () => { this.all = true; this.show(colouring, filter, []); } }, `${more} more`));
    }
    if (on) parts.push(el("button", { type: "button", class: "link", onclick: () => this.calls.clear(colouring.key) }, "Show all"));
    if (colouring.other.some((entry) => entry >= 0)) parts.push(el("p", { class: "note" }, el("i", { class: "dot two", "aria-hidden": "true" }), " Half-and-half dots belong to two, and show with either."));
    return el("div", {}, ...parts);
  }

  private numbers(colouring: Colouring, filter: Filter | undefined): HTMLElement {
    const { values, low, high, from: darkest, to: lightest } = colouring.numbers!;
    const range = filter && "low" in filter ? filter : { low, high };
    const bins = histogram(values, low, high, 28);
    const top = Math.max(1, ...bins);
    const bars = el("div", { class: "histogram", "aria-hidden": "true" });
    bins.forEach((count, bin) => {
      const bar = el("i");
      const from = low + ((high - low) * bin) / bins.length;
      const to = low + ((high - low) * (bin + 1)) / bins.length;
      bar.style.height = `${count ? Math.max(3, (count / top) * 100) : 0}%`;
      bar.style.background = css(sequence(((from + to) / 2 - darkest) / (lightest - darkest || 1)));
      if (to < range.low || from > range.high) bar.className = "off";
      bars.append(bar);
    });
    const step = (high - low) / 100 || 1;
    const slider = (label: string, value: number, changed: (value: number) => void) =>
      el("label", { class: "slider" }, el("span", {}, `${label} ${said(value)}`),
        el("input", { type: "range", min: low, max: high, step: "any", value, "data-entry": label, onchange: (event: Event) => changed(Number((event.target as HTMLInputElement).value)), title: `step ${said(step)}` }));
    return el("div", { class: "numbers" }, bars,
      el("div", { class: "ends" }, el("span", {}, said(low)), el("span", {}, said(high))),
      slider("From", range.low, (value) => this.calls.range(Math.min(value, range.high), range.high)),
      slider("To", range.high, (value) => this.calls.range(range.low, Math.max(value, range.low))),
      filter ? el("button", { type: "button", class: "link", onclick: () => this.calls.clear(colouring.key) }, "Show all") : null);
  }
}
