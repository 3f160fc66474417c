"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const photos = data.photos, classes = data.classes;
  let answers = {}, place = 0, kept = true;

  const load = () => {
    try {
      const found = JSON.parse(localStorage.getItem(data.store) || "{}");
      for (const [number, choice] of Object.entries(found.answers || {})) {
        if (photos[number] && classes[choice] !== undefined) answers[number] = choice;
      }
      if (Number.isInteger(found.place)) place = Math.min(Math.max(found.place, 0), photos.length);
    } catch { kept = false; }
  };
  const keep = () => {
    try { localStorage.setItem(data.store, JSON.stringify({ answers, place })); kept = true; } catch { kept = false; }
    at("warning").hidden = kept;
    at("warning").textContent = kept ? "" : "This browser keeps nothing for this page: download the answers before you close or reload it.";
  };
  const count = () => Object.keys(answers).length;
  const percent = (chance) => (chance >= 0.995 ? "over 99" : Math.round(chance * 100)) + " %";

  const choices = classes.map((name, number) => {
    const item = document.createElement("li"), button = document.createElement("button"), key = document.createElement("kbd");
    button.type = "button";
    key.textContent = data.keys[number][0];
    button.append(key, document.createTextNode(name));
    button.setAttribute("aria-keyshortcuts", [...data.keys[number]].join(" "));
    button.addEventListener("click", () => answer(number));
    item.append(button);
    at("choices").append(item);
    return button;
  });
  at("choices").classList.toggle("many", classes.length > 7);

  const outline = () => {
    const box = photos[place] && photos[place].box, mark = at("box"), photo = at("photo");
    mark.hidden = !box || !photo.naturalWidth;
    if (mark.hidden) return;
    const shown = photo.getBoundingClientRect(), canvas = at("canvas").getBoundingClientRect();
    const scale = Math.min(shown.width / photo.naturalWidth, shown.height / photo.naturalHeight);
    const width = photo.naturalWidth * scale, height = photo.naturalHeight * scale;
    const left = shown.left - canvas.left + (shown.width - width) / 2, top = shown.top - canvas.top + (shown.height - height) / 2;
    mark.style.left = left + box[0] * width + "px";
    mark.style.top = top + box[1] * height + "px";
    mark.style.width = box[2] * width + "px";
    mark.style.height = box[3] * height + "px";
  };

  const guess = (photo) => {
    const told = at("guess");
    told.replaceChildren();
    const bold = (text) => { const b = document.createElement("b"); b.textContent = text; return b; };
    if (photo.said !== null) told.append("Labelled ", bold(photo.said), photo.predicted === null ? "." : "; ");
    if (photo.predicted !== null) {
      told.append(photo.said === null ? "Predicted: " : "the model says ", bold(photo.predicted));
      if (photo.confidence !== null) told.append(", " + percent(photo.confidence) + " sure");
    }
  };

  const show = (spoken) => {
    const over = place >= photos.length, photo = photos[place];
    at("done").hidden = !over;
    at("figure").hidden = at("question").hidden = at("guess").hidden = at("why").hidden = at("choices").hidden = over;
    at("skip").disabled = over;
    at("back").disabled = place === 0;
    at("clear").disabled = over || answers[place] === undefined;
    at("progress").value = count();
    at("count").textContent = count() + " of " + photos.length + " answered";
    at("csv").disabled = at("jsonl").disabled = count() === 0;
    if (over) {
      const left = photos.length - count();
      at("place").textContent = "";
      at("done-text").textContent = count() + " of " + photos.length + " answered" + (left ? ", " + left + " skipped." : ".");
      at("left").hidden = left === 0;
      at("done-title").focus();
      return;
    }
    at("place").textContent = "Photo " + (place + 1) + " of " + photos.length;
    at("product").textContent = photo.product;
    at("path").textContent = photo.image;
    at("photo").hidden = photo.picture === null;
    at("lost").hidden = photo.picture !== null;
    if (photo.picture === null) at("photo").removeAttribute("src"); else at("photo").src = photo.picture;
    at("photo").alt = "Photo of " + photo.product;
    guess(photo);
    at("why").textContent = photo.why;
    choices.forEach((button, number) => {
      button.setAttribute("aria-pressed", String(answers[place] === number));
      button.classList.toggle("guessed", classes[number] === photo.predicted);
    });
    outline();
    at("said").textContent = (spoken ? spoken + ". " : "") + at("place").textContent + ", " + photo.product + ". " + at("guess").textContent;
  };

  const move = (to, spoken) => { place = Math.min(Math.max(to, 0), photos.length); keep(); show(spoken); };
  const answer = (number) => {
    if (place >= photos.length) return;
    answers[place] = number;
    move(place + 1, "Answered " + classes[number]);
  };
  const clear = () => { if (answers[place] !== undefined) { delete answers[place]; move(place, "Answer taken back"); } };

  const quoted = (text) => (/[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text);
  const rows = () => photos.map((photo, number) => [photo, answers[number]]).filter(([, choice]) => choice !== undefined);
  const csv = () => [["image", "product", data.attribute], ...rows().map(([photo, choice]) => [photo.image, photo.product, classes[choice]])]
    .map((row) => row.map(quoted).join(",") + "\r\n").join("");
  const jsonl = () => rows().map(([photo, choice]) => JSON.stringify({ image: photo.image, product: photo.product, [data.attribute]: classes[choice] }) + "\n").join("");
  const download = (name, type, text) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const keys = {};
  data.keys.forEach((own, number) => [...own].forEach((key) => { keys[key] = number; }));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const pressing = event.target instanceof HTMLButtonElement && (key === "Enter" || key === " ");
    if (pressing) return;
    const act = key in keys ? () => answer(keys[key])
      : key === " " || key === "ArrowRight" ? () => move(place + 1, "Next")
      : key === "Backspace" || key === "ArrowLeft" ? () => move(place - 1, "Back")
      : key === "Delete" ? clear : null;
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act();
  });
  at("back").addEventListener("click", () => move(place - 1, "Back"));
  at("skip").addEventListener("click", () => move(place + 1, "Skipped"));
  at("clear").addEventListener("click", clear);
  at("left").addEventListener("click", () => move(photos.findIndex((_, number) => answers[number] === undefined), ""));
  at("csv").addEventListener("click", () => download("answers.csv", "text/csv", csv()));
  at("jsonl").addEventListener("click", () => download("answers.jsonl", "application/x-ndjson", jsonl()));
  at("photo").addEventListener("load", outline);
  addEventListener("resize", outline);

  load();
  keep();
  show("");
})();
