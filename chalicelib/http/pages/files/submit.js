// Sends the form of the first page as JSON, and goes to the new job's page.
"use strict";

const form = document.getElementById("submit");
const type = document.getElementById("type");
const input = document.getElementById("input");
const answer = document.getElementById("answer");
const NUMBERS = ["deadline_seconds", "delay_seconds", "max_attempts"];

let example = input.value;
// the same form sent twice, because an answer was lost, makes one job
let key = crypto.getRandomValues(new Uint32Array(4)).join("-");

function showExample() {
  if (input.value !== example) return;
  example = type.selectedOptions[0].dataset.example;
  input.value = example;
}

function body() {
  JSON.parse(input.value); // raises what is wrong with it
  const others = NUMBERS.map((name) => [name, form.elements.namedItem(name).valueAsNumber]);
  const members = JSON.stringify(Object.fromEntries([["type", type.value], ...others]));
  // the input as it was typed, since numbers would lose digits
  return `${members.slice(0, -1)},"input":${input.value}}`;
}

function explain(problem) {
  const places = (problem.errors || []).map((error) => `${error.pointer}: ${error.detail}`);
  return [problem.title, problem.detail, ...places].join("\n");
}

async function submit() {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
  const response = await fetch(form.action, {
    method: "POST",
    headers: { ...headers, Accept: "application/json" },
    body: body(),
  });
  if (!response.ok) throw new Error(explain(await response.json()));
  location.assign(new URL(response.headers.get("Location"), response.url));
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  answer.textContent = "";
  submit().catch((error) => {
    answer.textContent = error.message;
  });
});
form.addEventListener("input", () => {
  key = crypto.getRandomValues(new Uint32Array(4)).join("-");
});
type.addEventListener("change", showExample);
