// The answer: large, with its probability, the reason of a doubt, and a bar for each digit.

import { paintGrey } from "./paint.js";
import { percent, text } from "./texts.js";

const digit = document.getElementById("digit");
const confidence = document.getElementById("confidence");
const reason = document.getElementById("reason");
const bars = document.getElementById("bars");
const seen = document.getElementById("seen");
const spoken = document.getElementById("spoken");
const boxes = document.getElementById("boxes");
const card = document.querySelector(".answer");

/** Show that there is nothing to read. */
export function showNothing(numClasses) {
  show("–", "", "", "empty");
  showBars(Array(numClasses).fill(0), -1);
  paintGrey(seen, new Uint8Array(784), 28, 28);
}

/** Show why a picture cannot be read. */
export function showProblem(message, hints) {
  show("?", text("unreadable"), [message, ...hints].join(". "), "doubtful");
  say(`${text("unreadable")}: ${message}`);
}

/** Show the answer to a picture of one digit. */
export function showDigit(answer) {
  const doubt = answer.uncertain;
  const words = text(doubt ? "unsure" : "sure", { percent: percent(answer.confidence) });
  const why = doubt ? text(`doubts.${doubt}`, { runnerUp: answer.runner_up }) : "";
  show(String(answer.digit), words, why, doubt ? "doubtful" : "");
  showBars(answer.probabilities, answer.digit);
  paintGrey(seen, answer.pixels, 28, 28);
}

/** Show the numbers in a picture, and boxes around their digits. */
export function showNumber(reading, canvas, placement) {
  const isDoubtful = reading.digits.some((each) => each.uncertain || !each.separated);
  const notes = [];
  if (reading.digits.some((each) => !each.separated)) notes.push(text("separate"));
  if (reading.lines_left_out) notes.push(text("leftOut", { count: reading.lines_left_out }));
  show(reading.number, "", notes.join(" "), isDoubtful ? "doubtful" : "");
  card.classList.add("number");
  bars.replaceChildren(
    ...reading.digits.map((each) => bar(each.digit, each.confidence, !each.uncertain)),
  );
  boxes.replaceChildren(...reading.digits.map((each) => box(each, canvas, placement)));
}

/** Say the answer that is shown to those who cannot see it. */
export function speak() {
  const words = [confidence.textContent, reason.textContent].filter(Boolean).join(" ");
  say(card.classList.contains("empty") ? "" : text("spoken", { digit: digit.textContent, words }));
}

function say(words) {
  if (spoken.textContent !== words) spoken.textContent = words;
}

function show(large, words, why, state) {
  digit.textContent = large;
  digit.style.setProperty("--length", Math.max(...large.split("\n").map((line) => line.length)));
  confidence.textContent = words;
  reason.textContent = why;
  card.classList.remove("empty", "doubtful", "number");
  if (state) card.classList.add(state);
  boxes.replaceChildren();
}

function showBars(probabilities, best) {
  // The same elements each time, so that their lengths can move.
  while (bars.children.length > probabilities.length) bars.lastChild.remove();
  probabilities.forEach((probability, i) => {
    const old = bars.children[i];
    const fresh = bar(i, probability, i === best, probability === 0 && best < 0);
    if (!old) bars.append(fresh);
    else {
      old.className = fresh.className;
      old.dataset.probability = probability;
      old.querySelector(".fill").style.transform = fresh.querySelector(".fill").style.transform;
      old.querySelector("b").textContent = i;
      old.querySelector("output").textContent = fresh.querySelector("output").textContent;
    }
  });
}

function bar(label, probability, isBest, isBlank = false) {
  const item = document.createElement("li");
  item.className = isBest ? "best" : "";
  item.dataset.probability = probability;
  item.innerHTML = '<b></b><span class="line"><span class="fill"></span></span><output></output>';
  item.querySelector("b").textContent = label;
  item.querySelector(".fill").style.transform = `scaleX(${probability})`;
  item.querySelector("output").textContent = isBlank ? "" : percent(probability);
  return item;
}

function box(each, canvas, { left, top, scale }) {
  const [x0, y0, x1, y1] = each.box;
  const element = document.createElement("div");
  element.className = each.uncertain || !each.separated ? "box doubtful" : "box";
  element.style.left = `${(100 * (left + x0 * scale)) / canvas.width}%`;
  element.style.top = `${(100 * (top + y0 * scale)) / canvas.height}%`;
  element.style.width = `${(100 * (x1 - x0) * scale) / canvas.width}%`;
  element.style.height = `${(100 * (y1 - y0) * scale) / canvas.height}%`;
  const label = document.createElement("span");
  label.textContent = `${each.digit}${each.uncertain ? "?" : ""}`;
  element.append(label);
  return element;
}
