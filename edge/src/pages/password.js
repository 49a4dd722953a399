// Sends a new password with the one-time token of the link. The token comes after `#`, which
// browsers send to no server, and leaves the address bar and the history at once.

const $ = (id) => document.getElementById(id);

const token = new URLSearchParams(location.hash.slice(1)).get('token');
history.replaceState(null, '', location.pathname);

function say(text) {
  $('outcome').textContent = text;
}

function close(text) {
  $('form').remove();
  $('lead').textContent = text;
}

async function send(event) {
  event.preventDefault();
  const newPassword = $('password').value;
  if (newPassword !== $('again').value) return say('The two are not the same.');
  const button = $('form').querySelector('button');
  button.disabled = true;
  say('');
  try {
    const reply = await fetch('/v1/auth/password:reset', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, newPassword }),
    });
    if (reply.ok) return close('The password is set. You can sign in with it, and close this page.');
    const { error } = await reply.json();
    const mistakes = (error.details ?? []).flatMap((detail) => detail.fieldViolations ?? []);
    say(mistakes.map((mistake) => `The password ${mistake.description}.`).join(' ') || `${error.message}.`);
  } catch {
    say('There was no answer. Try again.');
  } finally {
    button.disabled = false;
  }
}

if (token) $('form').addEventListener('submit', send);
else close('This link has no token. Open it as it was printed or sent, to its end.');
