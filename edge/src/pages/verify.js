// Proves an e-mail address with the one-time token of the link. The token comes after `#`, which
// browsers send to no server, and leaves the address bar and the history at once. What opens links
// ahead of their reader proves nothing by it: that takes the button.

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
  const button = $('form').querySelector('button');
  button.disabled = true;
  say('');
  try {
    const reply = await fetch('/v1/auth/email:verify', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token }),
    });
    if (reply.ok) return close('The address is confirmed. You can close this page.');
    const { error } = await reply.json();
    say(`${error.message}.`);
  } catch {
    say('There was no answer. Try again.');
  } finally {
    button.disabled = false;
  }
}

if (token) $('form').addEventListener('submit', send);
else close('This link has no token. Open it as it was sent, to its end.');
