// Renders /openapi.json: operations by tag, their fields, and a form to try each.
// Text from the document only ever becomes text nodes.

const $ = (id) => document.getElementById(id);

/** An element with attributes and children; strings become text. */
function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0));
  return element;
}

// Markdown as far as comments in contracts use it: `code`.
function prose(text = '') {
  return text.split('`').map((part, index) => index % 2 ? el('code', {}, part) : part);
}

let spec;

function resolve(node) {
  const seen = new Set();
  while (node && node.$ref && !seen.has(node.$ref)) {
    seen.add(node.$ref);
    node = node.$ref.slice(2).split('/').reduce(
      (at, part) => at?.[decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~')], spec);
  }
  return node ?? {};
}

function refName(schema) {
  return schema?.$ref?.split('/').pop().split('.').pop();
}

function kind(schema) {
  const named = refName(schema);
  if (named) return named;
  if (!schema) return 'any';
  if (schema.allOf?.length === 1) return kind(schema.allOf[0]);
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants && !schema.type) return variants.map(kind).join(' or ');
  if (schema.type === 'array') return `${kind(schema.items)}[]`;
  if (schema.type === 'object' && schema.additionalProperties) return `map of ${kind(schema.additionalProperties)}`;
  const type = Array.isArray(schema.type) ? schema.type.join(' or ') : schema.type ?? 'any';
  return schema.format ? `${type} (${schema.format})` : type;
}

function bounds(schema) {
  const said = [];
  const say = (name, text) => schema[name] !== undefined && said.push(text(schema[name]));
  say('minLength', (n) => `at least ${n} characters`);
  say('maxLength', (n) => `at most ${n} characters`);
  say('minimum', (n) => `≥ ${n}`);
  say('exclusiveMinimum', (n) => `> ${n}`);
  say('maximum', (n) => `≤ ${n}`);
  say('exclusiveMaximum', (n) => `< ${n}`);
  say('minItems', (n) => `at least ${n} items`);
  say('maxItems', (n) => `at most ${n} items`);
  say('pattern', (p) => `matches ${p}`);
  say('enum', (values) => values.join(' | '));
  say('const', (value) => `always ${JSON.stringify(value)}`);
  say('default', (value) => `default ${JSON.stringify(value)}`);
  return said.join(', ');
}

/** The properties of an object schema, with those of what it is composed of. */
function properties(schema) {
  const object = resolve(schema);
  const parts = (object.allOf ?? []).map(properties);
  return {
    all: Object.assign({}, ...parts.map((part) => part.all), object.properties),
    required: new Set([...parts.flatMap((part) => [...part.required]), ...(object.required ?? [])]),
  };
}

/** What a reply always has is nothing to take care of: only a request's fields are marked as required. */
function rows(schema, level, path, isReply) {
  const { all, required } = properties(schema);
  return Object.entries(all).flatMap(([name, field]) => {
    const full = { ...resolve(field), ...field };
    const inner = full.type === 'array' ? full.items : field;
    const target = refName(inner) ?? refName(inner?.allOf?.[0]);
    const recurse = level < 4 && !path.includes(target);
    const row = el('tr', {},
      el('td', { class: `name level-${level}` }, name,
        required.has(name) && !isReply && el('span', { class: 'need' }, 'required'),
        full.readOnly && el('span', { class: 'readonly' }, 'read-only')),
      el('td', { class: 'kind' }, kind(field)),
      el('td', { class: 'what' }, prose(full.description), el('span', { class: 'bound' }, bounds(full))));
    return [row, ...(recurse ? rows(inner ?? {}, level + 1, [...path, target], isReply) : [])];
  });
}

function schemaTable(schema, isReply) {
  const fields = resolve(schema).type === 'array' ? resolve(schema).items : schema;
  const found = rows(fields, 0, [refName(schema)], isReply);
  return found.length ? el('table', { class: 'fields' }, el('tbody', {}, found)) : el('p', { class: 'kind' }, kind(schema));
}

function parameterTable(parameters) {
  return el('table', { class: 'fields' }, el('tbody', {}, parameters.map((parameter) => {
    const schema = { ...resolve(parameter.schema), ...parameter.schema };
    return el('tr', {},
      el('td', { class: 'name' }, parameter.name, parameter.required && el('span', { class: 'need' }, 'required')),
      el('td', { class: 'kind' }, `${kind(parameter.schema)} in ${parameter.in}`),
      el('td', { class: 'what' }, prose(parameter.description), el('span', { class: 'bound' }, bounds(schema))));
  })));
}

/** An example of a schema, for the form. */
function sample(schema, depth = 0) {
  const full = { ...resolve(schema), ...schema };
  if (full.example !== undefined) return full.example;
  if (full.examples?.length) return full.examples[0];
  if (full.default !== undefined) return full.default;
  if (full.const !== undefined) return full.const;
  if (full.enum) return full.enum.find((value) => !String(value).endsWith('_UNSPECIFIED')) ?? full.enum[0];
  const variants = full.oneOf ?? full.anyOf;
  if (variants) return sample(variants[0], depth);
  const type = Array.isArray(full.type) ? full.type[0] : full.type;
  if (type === 'array') return depth > 4 ? [] : [sample(full.items ?? {}, depth + 1)];
  if (type === 'object' || full.properties || full.allOf) {
    if (depth > 4) return {};
    const { all } = properties(schema);
    return Object.fromEntries(Object.entries(all)
      .filter(([, field]) => !({ ...resolve(field), ...field }).readOnly)
      .map(([name, field]) => [name, sample(field, depth + 1)]));
  }
  if (type === 'integer' || type === 'number') return Math.max(full.minimum ?? 0, 1);
  if (type === 'boolean') return false;
  if (full.format === 'date-time') return '2030-01-31T12:00:00Z';
  if (full.format === 'email') return 'ada@example.com';
  return '';
}

function content(body) {
  const types = Object.entries(body?.content ?? {});
  return types.find(([type]) => type === 'application/json') ?? types[0];
}

const isStream = (operation) => Object.values(operation.responses ?? {})
  .some((reply) => resolve(reply).content?.['text/event-stream']);

function tryForm(method, path, operation, parameters) {
  const inputs = new Map();
  const lines = parameters.filter((p) => p.in === 'path' || p.in === 'query').map((parameter) => {
    const schema = { ...resolve(parameter.schema), ...parameter.schema };
    const input = schema.enum
      ? el('select', {}, el('option', { value: '' }, ''), schema.enum.map((value) => el('option', {}, String(value))))
      : el('input', { placeholder: kind(parameter.schema), spellcheck: 'false' });
    inputs.set(parameter, input);
    return el('label', { class: 'row' }, el('span', {}, parameter.name), input);
  });
  const body = content(resolve(operation.requestBody ?? {}));
  const text = body && el('textarea', { spellcheck: 'false', 'aria-label': 'Body' });
  if (text) text.value = JSON.stringify(body[1].example ?? sample(body[1].schema ?? {}), null, 2);
  const outcome = el('span', { class: 'outcome' });
  const reply = el('pre', { hidden: true, tabindex: '0' });
  let running;

  async function send(event) {
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    let target = path;
    const query = new URLSearchParams();
    for (const [parameter, input] of inputs) {
      if (parameter.in === 'path') target = target.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (input.value) query.append(parameter.name, input.value);
    }
    if (query.size) target += `?${query}`;
    const headers = {};
    if ($('token').value) headers.authorization = `Bearer ${$('token').value.trim()}`;
    if (text) headers['content-type'] = 'application/json';
    if (isStream(operation)) headers.accept = 'text/event-stream';
    reply.hidden = false;
    reply.textContent = '';
    outcome.textContent = 'waiting …';
    const start = performance.now();
    try {
      const response = await fetch(target, { method: method.toUpperCase(), headers, body: text?.value, signal: running.signal });
      const took = Math.round(performance.now() - start);
      outcome.replaceChildren(
        el('span', { class: `status ${response.ok ? 'good' : 'bad'}` }, String(response.status)),
        ` in ${took} ms, request ${response.headers.get('x-request-id') ?? 'unknown'}`);
      const type = response.headers.get('content-type') ?? '';
      if (/json$/.test(type.split(';')[0]) && !/ndjson/.test(type)) {
        const received = await response.text();
        try {
          const json = JSON.parse(received);
          if (json.accessToken) $('token').value = json.accessToken;
          reply.textContent = JSON.stringify(json, null, 2);
        } catch { reply.textContent = received; }
        return;
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let part = await reader.read(); !part.done; part = await reader.read()) reply.textContent += part.value;
    } catch (error) {
      if (error.name !== 'AbortError') outcome.textContent = String(error);
    }
  }

  return el('form', { class: 'try', onsubmit: send }, lines, text,
    el('div', { class: 'go' }, el('button', { type: 'submit' }, 'Send'),
      isStream(operation) && el('button', { type: 'button', class: 'plain', onclick: () => running?.abort() }, 'Stop'),
      outcome),
    reply);
}

function replies(operation) {
  return Object.entries(operation.responses ?? {}).map(([status, reply]) => {
    const full = resolve(reply);
    const found = content(full);
    const good = status.startsWith('2');
    const title = [el('span', { class: `status ${good ? 'good' : 'bad'}` }, status), ' ', prose(full.description)];
    return found ? el('details', { class: 'reply', open: good }, el('summary', {}, title), schemaTable(found[1].schema ?? {}))
      : el('p', { class: 'reply' }, title);
  });
}

function inside(method, path, operation, shared) {
  const parameters = [...(shared ?? []), ...(operation.parameters ?? [])].map(resolve);
  const body = content(resolve(operation.requestBody ?? {}));
  const section = (title, ...children) => [el('h3', {}, title), ...children];
  return el('div', { class: 'inside' },
    el('p', {}, prose(operation.description)),
    parameters.length ? section('Parameters', parameterTable(parameters)) : [],
    body ? section('Body', schemaTable(body[1].schema ?? {})) : [],
    section('Replies', replies(operation)),
    section('Try it', tryForm(method, path, operation, parameters)));
}

function security(operation) {
  const wanted = operation.security ?? spec.security ?? [];
  if (!wanted.length || wanted.some((one) => !Object.keys(one).length)) return '';
  const roles = [...new Set(wanted.flatMap((one) => Object.values(one).flat()))];
  return el('span', { class: 'lock' }, roles.length ? roles.join(', ') : 'token');
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

function render() {
  document.title = spec.info?.title ?? 'API';
  $('title').textContent = document.title;
  const groups = new Map((spec.tags ?? []).map((tag) => [tag.name, { about: tag.description, operations: [] }]));
  for (const [path, item] of Object.entries(spec.paths ?? {})) {
    for (const method of METHODS.filter((name) => item[name])) {
      const operation = item[method];
      const tag = operation.tags?.[0] ?? 'Operations';
      if (!groups.has(tag)) groups.set(tag, { operations: [] });
      groups.get(tag).operations.push({ method, path, operation, shared: item.parameters });
    }
  }
  const nav = [], main = [
    el('h1', {}, document.title), el('p', { class: 'lead' }, spec.info?.description ?? ''),
    el('p', {}, `Version ${spec.info?.version ?? '?'} · `, el('a', { href: '/openapi.json' }, 'OpenAPI document'))];
  for (const [tag, { about, operations }] of groups) {
    if (!operations.length) continue;
    const links = [], boxes = [];
    for (const { method, path, operation, shared } of operations) {
      const id = operation.operationId ?? `${method}${path}`;
      const words = `${method} ${path} ${operation.summary ?? ''} ${operation.description ?? ''}`.toLowerCase();
      const verb = () => el('span', { class: `verb ${method}` }, method.toUpperCase());
      const box = el('details', { class: 'operation', id, 'data-words': words },
        el('summary', {}, verb(), el('span', { class: 'path' }, path),
          el('span', { class: 'summary' }, prose(operation.summary ?? operation.description?.split('\n')[0])),
          security(operation)));
      box.addEventListener('toggle', () => {
        if (box.open && box.children.length === 1) box.append(inside(method, path, operation, shared));
      });
      boxes.push(box);
      links.push(el('a', { href: `#${encodeURIComponent(id)}`, 'data-words': words,
        onclick: () => { box.open = true; } }, verb(), el('span', {}, operation.operationId ?? path)));
    }
    main.push(el('section', { class: 'group' }, el('h2', {}, tag), about && el('p', { class: 'lead' }, about), boxes));
    nav.push(el('section', {}, el('h2', {}, tag), links));
  }
  $('nav').replaceChildren(...nav);
  $('main').replaceChildren(...main);
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target) { target.open = true; target.scrollIntoView(); }
}

$('filter').addEventListener('input', () => {
  const wanted = $('filter').value.toLowerCase().split(/\s+/);
  for (const element of document.querySelectorAll('[data-words]')) {
    element.hidden = !wanted.every((word) => element.dataset.words.includes(word));
    element.style.display = element.hidden ? 'none' : '';
  }
  for (const group of document.querySelectorAll('.group, nav section')) {
    group.hidden = ![...group.querySelectorAll('[data-words]')].some((element) => !element.hidden);
  }
});

try {
  const response = await fetch('/openapi.json');
  if (!response.ok) throw new Error(`/openapi.json: ${response.status}`);
  spec = await response.json();
  render();
} catch (error) {
  $('main').replaceChildren(el('h1', {}, 'The document could not be read'), el('p', { class: 'lead' }, String(error)));
}
