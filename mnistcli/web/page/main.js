// What connects the parts of the page.

import { showDigit, showNothing, showNumber, showProblem, speak } from "./answer.js";
import { Gone, Refusal, get, post } from "./api.js";
import { Paper } from "./paper.js";
import { makePanels } from "./panels.js";
import { recall, remember } from "./settings.js";
import { language, percent, setLanguage, showTexts, text } from "./texts.js";

const byId = (id) => document.getElementById(id);
const several = byId("several");
const chooser = byId("run");
let run = 0; // the number of the run that reads
let numBars = 10;
let state = { run, content: null, answer: null }; // of what was read last

const paper = new Paper(byId("paper"), byId("pen-mark"), (isDrawing) => {
  byId("hint").hidden = !paper.isEmpty;
  byId("undo").disabled = !paper.canUndo;
  byId("clear").disabled = paper.isEmpty;
  void refresh(isDrawing);
});
const panels = makePanels(paper);

// One request at a time: what changes meanwhile is read after it, once.
let isBusy = false;
let isStale = false;
let isPenDown = false;

async function refresh(isDrawing = false) {
  isPenDown = isDrawing;
  isStale = true;
  if (isBusy) return;
  isBusy = true;
  setBusy(true);
  try {
    while (isStale) {
      isStale = false;
      await readPaper();
    }
  } finally {
    setBusy(false);
    isBusy = false;
  }
}

function setBusy(value) {
  document.querySelector(".answer").setAttribute("aria-busy", value);
}

async function readPaper() {
  const content = await paper.content();
  let answer = null;
  try {
    if (!content) showNothing(numBars);
    else if (several.checked) {
      const reading = await post("lines", { run }, content);
      showNumber(reading, paper.canvas, paper.placement());
    } else {
      answer = await post("read", { run }, content);
      numBars = answer.probabilities.length;
      showDigit(answer);
    }
  } catch (error) {
    report(error);
  }
  state = { run, content, answer };
  if (!isPenDown && !isStale) speak();
  for (const panel of panels) {
    if (isStale) return; // the answer comes first
    await update(panel);
  }
}

async function update(panel) {
  if (panel.details.open) await panel.update(state).catch(report);
}

function report(error) {
  if (error instanceof Refusal) showProblem(error.message, error.hints);
  else if (error instanceof Gone) showProblem(text("gone"), []);
  else throw error;
}

async function listRuns() {
  const { runs } = await get("runs");
  chooser.replaceChildren(
    ...runs.map((each) => {
      const accuracy = each.test_accuracy === null ? "" : ` · ${percent(each.test_accuracy, 2)}`;
      return new Option(`${each.run.replace(/^runs\//, "")}${accuracy}`, each.number);
    }),
  );
  chooser.value = run;
}

function listen() {
  byId("undo").onclick = () => paper.undo();
  byId("clear").onclick = () => paper.clear();
  byId("pen").oninput = showPen;
  byId("file").onchange = (event) => {
    void open(event.target.files);
    event.target.value = "";
  };
  several.onchange = () => {
    byId("closer").hidden = several.checked; // what it shows is of one digit
    void refresh();
  };
  chooser.onchange = () => {
    run = Number(chooser.value);
    void refresh();
  };
  byId("language").onchange = (event) => {
    setLanguage(event.target.value);
    void refresh();
  };
  byId("theme").onclick = () => setTheme(isDark() ? "light" : "dark");
  for (const panel of panels) panel.details.ontoggle = () => update(panel);
  document.onkeydown = press;
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report(event.reason);
  });
  document.onpaste = (event) => open(event.clipboardData.files);
  document.ondragover = (event) => {
    event.preventDefault();
    byId("drop").hidden = false;
  };
  document.ondragleave = (event) => {
    if (!event.relatedTarget) byId("drop").hidden = true;
  };
  document.ondrop = (event) => {
    event.preventDefault();
    byId("drop").hidden = true;
    void open(event.dataTransfer.files);
  };
}

async function open(files) {
  if (files.length) await paper.show(files[0]);
}

function press(event) {
  const isTyping = event.target.matches("select, input:not([type=checkbox], [type=file])");
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "z") paper.undo();
  else if (isTyping || isCommand || event.altKey) return;
  else if (event.key === "Delete" || event.key === "Backspace") paper.clear();
  else if (event.key === "[" || event.key === "]") {
    byId("pen")[event.key === "[" ? "stepDown" : "stepUp"]();
    showPen();
  } else return;
  event.preventDefault();
}

function showPen() {
  paper.width = Number(byId("pen").value);
  byId("pen-dot").style.setProperty("--width", paper.width);
}

const THEME = "mnistcli-theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => (recall(THEME) ?? (prefersDark.matches ? "dark" : "light")) === "dark";

function setTheme(name) {
  if (name) remember(THEME, name);
  document.documentElement.dataset.theme = isDark() ? "dark" : "light";
}

prefersDark.onchange = () => setTheme();
setTheme();
showTexts();
byId("language").value = language;
listen();
showPen();
showNothing(numBars);
await listRuns().catch(report);
paper.onChange(false);
