// Sends the one-time token of a link, with what the page's form asks for, to the call that the form names.
// The token comes after `#`, which browsers send to no server, and leaves the address bar and the history
// at once. What opens links ahead of their reader does nothing by it: that takes the button.

const $ = (id) => document.getElementById(id);

const form = $('form');
const { call, done } = form.dataset;
const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);

function say(text) {
  $('outcome').textContent = text;
}

function close(text) {
  form.remove();
  $('lead').textContent = text;
}

// What the call refuses: a field that was filled in, or all of it.
function refusal(error, body) {
  const mistakes = (error.details ?? []).flatMap((detail) => detail.fieldViolations ?? []);
  const own = mistakes.filter((mistake) => mistake.field !== 'token' && mistake.field in body);
  const said = own.map((mistake) => `${$(mistake.field).dataset.subject} ${mistake.description}.`);
  return said.join(' ') || `${error.message}.`;
}

async function send(event) {
  event.preventDefault();
  const inputs = [...form.querySelectorAll('input')];
  const differs = inputs.some((input) => input.dataset.same && input.value !== $(input.dataset.same).value);
  if (differs) return say('The two are not the same.');
  const fields = inputs.filter((input) => !input.dataset.same);
  const body = { token, ...Object.fromEntries(fields.map((input) => [input.id, input.value])) };
  const button = form.querySelector('button');
  button.disabled = true;
  say('');
  try {
    const reply = await fetch(call, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (reply.ok) return close(done);
    const { error } = await reply.json();
    say(refusal(error, body));
  } catch {
    say('There was no answer. Try again.');
  } finally {
    button.disabled = false;
  }
}

if (token) form.addEventListener('submit', send);
else close('This link has no token. Open it as it was printed or sent, to its end.');
