// All texts of the page, in each of its languages. {name} stands for a value.

import { recall, remember } from "./settings.js";

export const TEXTS = {
  en: {
    run: "Read by",
    language: "Language",
    theme: "Dark or light",
    drawing: "Drawing",
    paper: "Paper to draw a digit on",
    paperHelp:
      "With the keyboard: the arrow keys move the pen, the space bar puts it down and lifts it. " +
      "Ctrl+Z takes a stroke back, Delete clears the paper.",
    hint: "Draw a digit: any size, anywhere",
    undo: "Undo",
    undoKeys: "Undo (Ctrl+Z)",
    clear: "Clear",
    clearKeys: "Clear (Delete)",
    pen: "Width of the pen",
    penKeys: "Width of the pen ([ and ])",
    open: "Picture",
    drop: "Drop the picture: a digit, or a photo of one",
    several: "Several digits",
    answer: "Answer",
    seen: "What the network sees",
    sure: "{percent} sure",
    unsure: "not sure: {percent}",
    doubts: {
      several: "There seem to be several digits. Switch “Several digits” on to read them all.",
      "not a digit": "This is unlike the digits that the network has learned.",
      "close call": "It might also be a {runnerUp}.",
    },
    separate: "Some digits touch: they may be cut at the wrong place.",
    leftOut: "Lines of much smaller digits are left out: {count}.",
    number: "{number}: each digit with its probability",
    spoken: "{digit}, {words}",
    empty: "Nothing is drawn yet.",
    unreadable: "This cannot be read",
    gone: "mnistcli draw has ended. Start it again, and load this page again.",
    stages: "How it was read",
    stagesLead: "From the picture to the 28 × 28 pixels of MNIST, step by step.",
    stageNames: {},
    reasons: "What speaks for it, and what against",
    reasonsLead: "The ink is hidden bit by bit: does the answer become less probable, or more?",
    for: "for {digit}",
    against: "against {digit}",
    reasonsFor: "Compare with",
    reasonsLabel: "What speaks for and against {digit}: blue speaks for it, orange against it",
    layers: "What the layers see",
    layersLead: "The output of each layer, while you draw. Point at a square to see its arithmetic.",
    layersLabel: "Output of {layer}. The arrow keys choose a unit.",
    maps: "{count} maps of {height} × {width}",
    units: "{count} units",
    without: "Without a picture of their own: {layers}.",
    unitOfMap: "Map {channel}, row {row}, column {column}",
    unit: "Unit {channel}",
    unitLooks: "It looks at this part of the image",
    unitInput: "input",
    unitWeights: "weights",
    unitProduct: "sum of products",
    unitRest: "{count} more",
    unitBias: "bias",
    unitTotal: "sum",
    unitOutput: "output of the unit",
    unitLargest: "The largest of its input:",
    unitMean: "The mean of its input:",
    unitTerms: "The sum of the units at its place in the layers before it.",
    unitPixel: "The pixel of the image, on the scale that the network was trained on.",
    unitOther: "How it is computed takes several steps, which are not shown.",
    unitFolded: "Batch normalization is a part of the weights and the bias here.",
    teach: "Teach it",
    teachLead: "Save what you drew with its right answer, and train a network on it.",
    itIs: "It is a",
    itIsLabel: "It is a {digit}: save the picture",
    saved: "Saved as {path}.",
    counts: "Pictures in {folder}: {total}",
    noneYet: "No pictures in {folder} yet.",
    train: "To train on them, beside the images that this run was trained on:",
    copy: "Copy",
    copied: "Copied",
  },
  ko: {
    run: "읽는 모델",
    language: "언어",
    theme: "어둡게 또는 밝게",
    drawing: "그리기",
    paper: "숫자를 그리는 종이",
    paperHelp:
      "키보드로는 화살표 키로 펜을 움직이고, 스페이스 바로 펜을 대거나 뗍니다. " +
      "Ctrl+Z는 한 획을 취소하고, Delete는 종이를 지웁니다.",
    hint: "숫자를 그려 보세요. 크기도 자리도 자유입니다",
    undo: "취소",
    undoKeys: "취소 (Ctrl+Z)",
    clear: "지우기",
    clearKeys: "지우기 (Delete)",
    pen: "펜 굵기",
    penKeys: "펜 굵기 ([ 와 ])",
    open: "사진",
    drop: "숫자 그림이나 사진을 여기에 놓으세요",
    several: "여러 숫자",
    answer: "답",
    seen: "신경망이 보는 모습",
    sure: "{percent} 확신",
    unsure: "확실하지 않음: {percent}",
    doubts: {
      several: "숫자가 여러 개인 것 같습니다. “여러 숫자”를 켜면 모두 읽습니다.",
      "not a digit": "신경망이 배운 숫자들과 닮지 않았습니다.",
      "close call": "{runnerUp}일 수도 있습니다.",
    },
    separate: "붙어 있는 숫자가 있어, 잘못 나누었을 수 있습니다.",
    leftOut: "훨씬 작은 숫자의 줄은 읽지 않았습니다: {count}줄.",
    number: "{number}: 숫자마다 확률을 함께 보입니다",
    spoken: "{digit}, {words}",
    empty: "아직 아무것도 그리지 않았습니다.",
    unreadable: "읽을 수 없습니다",
    gone: "mnistcli draw가 끝났습니다. 다시 시작한 뒤 이 페이지를 새로 고치세요.",
    stages: "어떻게 읽었나",
    stagesLead: "그림에서 MNIST의 28 × 28 픽셀까지, 한 단계씩 보여 줍니다.",
    stageNames: {
      "the picture": "그림",
      "the sheet": "종이",
      "its ink": "잉크",
      "the digit": "숫자",
      "MNIST's pen": "MNIST의 펜",
      "28 x 28 pixels": "28 × 28 픽셀",
    },
    reasons: "무엇이 이 답을 지지하고, 무엇이 반대하나",
    reasonsLead: "잉크를 조금씩 차례로 가려 봅니다. 답의 확률이 내려갈까요, 올라갈까요?",
    for: "{digit} 지지",
    against: "{digit} 반대",
    reasonsFor: "다른 숫자",
    reasonsLabel: "{digit}을(를) 지지하는 곳은 파랑, 반대하는 곳은 주황입니다",
    layers: "층마다 무엇을 보나",
    layersLead: "그리는 동안 각 층의 출력을 보여 줍니다. 칸을 가리키면 계산 과정이 나옵니다.",
    layersLabel: "{layer}의 출력. 화살표 키로 유닛을 고릅니다.",
    maps: "{height} × {width} 맵 {count}개",
    units: "유닛 {count}개",
    without: "따로 그림이 없는 층: {layers}.",
    unitOfMap: "맵 {channel}, {row}행 {column}열",
    unit: "유닛 {channel}",
    unitLooks: "이미지에서 이 유닛이 보는 곳",
    unitInput: "입력",
    unitWeights: "가중치",
    unitProduct: "곱의 합",
    unitRest: "나머지 {count}개",
    unitBias: "편향",
    unitTotal: "합",
    unitOutput: "유닛의 출력",
    unitLargest: "입력에서 가장 큰 값입니다:",
    unitMean: "입력의 평균입니다:",
    unitTerms: "앞선 층들에서 같은 자리에 있는 유닛을 더한 값입니다.",
    unitPixel: "이미지의 픽셀을 신경망이 학습한 눈금으로 옮긴 값입니다.",
    unitOther: "여러 단계로 계산되며, 그 과정은 여기에 나오지 않습니다.",
    unitFolded: "배치 정규화는 여기에서 가중치와 편향에 포함되어 있습니다.",
    teach: "가르치기",
    teachLead: "그린 것을 바른 답과 함께 저장하고, 그것으로 신경망을 학습시킵니다.",
    itIs: "이것은",
    itIsLabel: "이것은 {digit}입니다: 그림 저장",
    saved: "{path}에 저장했습니다.",
    counts: "{folder}에 있는 그림: {total}개",
    noneYet: "{folder}에는 아직 그림이 없습니다.",
    train: "이 모델의 학습 이미지에 더해 학습하려면:",
    copy: "복사",
    copied: "복사했습니다",
  },
};
const STORED = "mnistcli-language";

export let language = chooseLanguage();

function chooseLanguage() {
  const stored = recall(STORED);
  if (stored in TEXTS) return stored;
  const preferred = navigator.languages.map((name) => name.slice(0, 2));
  return preferred.find((name) => name in TEXTS) ?? "en";
}

/** Use another language from now on, and show it. */
export function setLanguage(name) {
  language = name;
  remember(STORED, name);
  showTexts();
}

/** Return a text with its values filled in; `key` may be a path such as "doubts.several". */
export function text(key, values = {}) {
  const found = key.split(".").reduce((texts, part) => texts?.[part], TEXTS[language]);
  return (found ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name]);
}

/** Return the name of a stage of a reading. */
export function stageName(name) {
  return TEXTS[language].stageNames[name] ?? name;
}

/** Return a share as a percentage; nothing but 1 is 100 %. */
export function percent(share, digits = 1) {
  if (share >= 0.9995 && share < 1) return `>${percent(0.999)}`;
  const isWhole = share === 1 || share < 0.0005;
  return new Intl.NumberFormat(language, {
    style: "percent",
    minimumFractionDigits: isWhole ? 0 : digits,
    maximumFractionDigits: isWhole ? 0 : digits,
  }).format(share);
}

/** Fill in the texts of the page's elements. */
export function showTexts() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = text(element.dataset.text);
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", text(element.dataset.label));
  }
  for (const element of document.querySelectorAll("[data-title]")) {
    element.title = text(element.dataset.title);
  }
}
