// The window: says who asks, and lets one choose who one is.

import { BadRequest, delegationFor } from "./canister.js";
import { ABORTED, INVALID_PARAMS, serve } from "./signer.js";
import { closeWhenSilent, listen } from "./transport.js";

const status = document.getElementById("status");
const choice = document.getElementById("choice");
const name = document.getElementById("name");

/** What waits for a decision. */
let pending;

function say(text, isError = false) {
  status.textContent = text;
  status.classList.toggle("error", isError);
}

/** Asks; whoever asks again has no use for an answer to what they asked before. */
function ask(request) {
  pending?.reject(ABORTED, "Another request has come");
  pending = request;
  say(`to sign in to ${request.origin}`);
  enable(true);
  choice.hidden = false;
}

function enable(enabled) {
  for (const control of choice.querySelectorAll("button, input")) {
    control.disabled = !enabled;
  }
}

async function signInAs(person) {
  const request = pending;
  enable(false);
  say(`Signing in as ${person}…`);
  try {
    const delegation = await delegationFor(person, request.origin, request.params);
    if (request === pending) {
      finish(`Signed in as ${person}. You can close this window.`, () => request.resolve(delegation));
    }
  } catch (error) {
    if (request !== pending) {
      return;
    }
    if (error instanceof BadRequest) {
      finish(`Nobody can sign in like this: ${error.message}.`, () => request.reject(INVALID_PARAMS, error.message));
      status.classList.add("error");
    } else {
      say(`That did not work: ${error.message}. Try again.`, true);
      enable(true);
    }
  }
}

function finish(text, answer) {
  pending = undefined;
  choice.hidden = true;
  say(text);
  answer();
  closeWhenSilent();
}

for (const button of document.querySelectorAll("#people button")) {
  button.addEventListener("click", () => signInAs(button.value));
}
document.getElementById("somebody").addEventListener("submit", (event) => {
  event.preventDefault();
  signInAs(name.value.trim());
});
document.getElementById("refuse").addEventListener("click", () => {
  const { reject } = pending;
  finish("Refused. You can close this window.", () => reject(ABORTED, "The sign-in was refused"));
});

say(window.opener ? "Waiting for the page that has opened this window…" : "Pages open this window when somebody signs in. None has opened this one.");
listen((request) => serve(request, ask));
