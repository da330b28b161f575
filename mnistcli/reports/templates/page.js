"use strict";
// Shows the values of a chart at the epoch under the pointer, or at that of the arrow keys.
for (const plot of document.querySelectorAll(".plot")) {
  const data = JSON.parse(plot.querySelector("script").textContent);
  const svg = plot.querySelector("svg");
  const cross = svg.querySelector(".cross");
  const tip = plot.querySelector(".tip");
  const last = data.epochs.length - 1;
  let at = data.best === null ? last : data.epochs.indexOf(data.best);

  const describe = () => data.lines.map((line) => `${line.name} ${line.text[at]}`);

  function announce() {
    plot.setAttribute("aria-valuenow", data.epochs[at]);
    plot.setAttribute("aria-valuetext", [`epoch ${data.epochs[at]}`, ...describe()].join(", "));
  }

  function show(index) {
    at = Math.min(Math.max(index, 0), last);
    cross.setAttribute("x1", data.x[at]);
    cross.setAttribute("x2", data.x[at]);
    cross.removeAttribute("hidden");
    tip.replaceChildren();
    for (const text of [`epoch ${data.epochs[at]}`, ...describe()]) {
      tip.appendChild(document.createElement("span")).textContent = text;
    }
    tip.hidden = false;
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    const x = data.x[at] * scale;
    const isRight = x > plot.clientWidth / 2;
    tip.style.left = isRight ? "auto" : `${x + 10}px`;
    tip.style.right = isRight ? `${plot.clientWidth - x + 10}px` : "auto";
    announce();
  }

  function hide() {
    cross.setAttribute("hidden", "");
    tip.hidden = true;
  }

  function nearest(event) {
    const box = svg.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * svg.viewBox.baseVal.width;
    let best = 0;
    data.x.forEach((place, i) => {
      if (Math.abs(place - x) < Math.abs(data.x[best] - x)) best = i;
    });
    return best;
  }

  const page = Math.max(1, Math.round(data.epochs.length / 10));
  const keys = {
    ArrowLeft: () => at - 1, ArrowDown: () => at - 1, ArrowRight: () => at + 1, ArrowUp: () => at + 1,
    PageDown: () => at - page, PageUp: () => at + page, Home: () => 0, End: () => last,
  };
  plot.tabIndex = 0;
  plot.setAttribute("role", "slider");
  plot.setAttribute("aria-label", `${plot.dataset.alt} Arrow keys choose an epoch.`);
  plot.setAttribute("aria-valuemin", data.epochs[0]);
  plot.setAttribute("aria-valuemax", data.epochs[last]);
  announce();
  svg.addEventListener("pointermove", (event) => show(nearest(event)));
  svg.addEventListener("pointerdown", (event) => show(nearest(event)));
  svg.addEventListener("pointerleave", hide);
  plot.addEventListener("focus", () => show(at));
  plot.addEventListener("blur", hide);
  plot.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
    if (!(event.key in keys) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    show(keys[event.key]());
  });
}

// Paper has no button that opens the tables of values.
const opened = [];
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.open = true;
    opened.push(details);
  }
});
addEventListener("afterprint", () => {
  for (const details of opened.splice(0)) details.open = false;
});
