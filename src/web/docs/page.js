// What the page says itself, in both languages. Names and shapes of the calls come from the description.
const WORDS = {
  en: {
    intro: "The calls of this server, to be tried. They are real: what is sent is done.",
    key: "Key",
    keyNote: "Of `verikeep key create`. It is kept in this page alone, until it is closed or loaded again, and goes into no address.",
    language: "中文",
    loading: "Loading the description…",
    unloaded: "The description did not come: load the page again.",
    parameters: "Parameters", body: "Body", example: "Example", fields: "Fields of the body", answers: "Answers",
    required: "required", send: "Send", sending: "Sent, waiting…", unsent: "No answer came",
    odd: "Not sent: the key has a character that no key has.",
    any: "any scope", noKey: "no key", scope: "scope",
    verifications: "Verifications", tokens: "Tokens", service: "Service", description: "Description",
  },
  zh: {
    intro: "在此试用本服务的接口。调用是真实的：发送即执行。",
    key: "密钥",
    keyNote: "由 `verikeep key create` 生成。只保存在本页面的内存中，关闭或刷新即消失，不会出现在任何地址里。",
    language: "English",
    loading: "正在加载接口描述…",
    unloaded: "接口描述未能加载，请刷新页面。",
    parameters: "参数", body: "请求体", example: "示例", fields: "请求体字段", answers: "响应",
    required: "必填", send: "发送", sending: "已发送，等待响应…", unsent: "没有收到响应",
    odd: "未发送：密钥中有不可能出现的字符。",
    any: "任意权限", noKey: "无需密钥", scope: "权限",
    verifications: "核验", tokens: "令牌", service: "服务", description: "描述",
  },
};
// The first line of each call in Chinese, by its operationId; in English it is that of the description.
const CALLS_ZH = {
  track: "登记一个 verify_token，或一个数组，或 NDJSON。",
  list: "列出核验，最新的在前，逐页返回。",
  search: "查找某个人的核验，或若干 verify_token 的核验。",
  show: "完整显示一次核验。",
  retry: "唤醒等待人工处理的核验；可先改派给另一个应用。",
  issue: "由云端生成 verify_token，登记之后给出。",
  reconcile: "将业务方自己的清单与已登记的比对，并可补登记遗漏的。",
  own_key: "所用密钥的权限。",
  status: "服务的各项数字。",
  alarms: "当前的告警。",
  acknowledge_alarm: "记下告警已有人看过。",
  losses: "丢失的内容，最新的在前。",
  acknowledge_losses: "记下某一时刻之前的丢失已有人看过。",
  openapi: "供程序读取的接口描述（OpenAPI 3.1）。",
};
// In this order; others come after them.
const GROUPS = ["verifications", "tokens", "service", "description"];
const SHOWN = ["Retry-After", "X-Request-Id", "Content-Type", "Allow"];
const PATIENCE_MS = 30_000;

let language = navigator.language.startsWith("zh") ? "zh" : "en";
// Whatever says something in the language of the page, to be said again in the other.
const spoken = [];
const say = (element, words) => {
  const speak = () => prose(element, typeof words === "function" ? words() : WORDS[language][words] ?? words);
  spoken.push(speak);
  speak();
  return element;
};

const make = (name, attributes = {}, ...inside) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
};

// Text with `code` in it.
const prose = (element, text) => {
  element.replaceChildren(...text.split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part)));
  return element;
};

let whole;
const resolved = (part) => {
  if (!part?.$ref) return part ?? {};
  const found = part.$ref.slice(2).split("/").reduce((at, name) => at[name], whole);
  return { ...resolved(found), ...part, $ref: undefined };
};
const variants = (schema) => (resolved(schema).oneOf ?? [schema]).filter((one) => one.type !== "null");
const kind = (schema) => [resolved(variants(schema)[0]).type].flat().filter((one) => one !== "null")[0] ?? "";

// A value that is as its schema says: what must be there, and no more.
const example = (schema) => {
  const one = resolved(variants(schema)[0]);
  if (one.example !== undefined) return one.example;
  if (one.enum) return one.enum[0];
  switch (kind(one)) {
    case "object": {
      const needed = Object.entries(one.properties ?? {}).filter(([name]) => one.required?.includes(name));
      return Object.fromEntries(needed.map(([name, field]) => [name, example(field)]));
    }
    case "array": return [example(one.items)];
    case "integer": case "number": return one.minimum ?? 1;
    case "boolean": return true;
    default: return "";
  }
};

// The bodies that a call takes: each content type, in each of its shapes.
const bodies = (call) => Object.entries(call.requestBody?.content ?? {}).flatMap(([type, { schema }], _, all) => {
  if (kind(schema) === "string") return [{ type, name: type, text: JSON.stringify(example(all[0][1].schema)), schema: {} }];
  return variants(schema).map((one) => {
    const name = (one.$ref ?? one.items?.$ref ?? "").split("/").pop() + (one.items ? "[]" : "");
    return { type, name: `${type} ${name}`, text: JSON.stringify(example(one), null, 2), schema: resolved(one.items ?? one) };
  });
});

// JSON with its lines broken; every value stays as it was written, also numbers too long for JavaScript.
const laidOut = (text) => {
  let depth = 0;
  const line = () => "\n" + "  ".repeat(depth);
  return text.replace(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/g, (part) => {
    if (part === "{" || part === "[") return depth++, part + line();
    if (part === "}" || part === "]") return depth--, line() + part;
    if (part === ",") return part + line();
    if (part === ":") return ": ";
    return part.trim();
  });
};

const terms = (rows) => {
  const list = make("dl");
  for (const [name, text] of rows) list.append(make("dt", {}, make("code", {}, name)), prose(make("dd"), text));
  return list;
};

const input = (parameter, id) => {
  const schema = resolved(parameter.schema);
  const choices = schema.enum ?? (kind(schema) === "boolean" ? ["true", "false"] : undefined);
  const about = { id, "data-in": parameter.in, "data-name": parameter.name };
  if (parameter.required) about.required = "";
  if (choices) return make("select", about, ...["", ...choices].map((one) => make("option", {}, one)));
  return make("input", { ...about, placeholder: schema.example ?? "", autocomplete: "off", autocapitalize: "off", spellcheck: "false" });
};

const parameterField = (parameter, id) => {
  const label = say(make("label", { for: id }), () => `\`${parameter.name}\`${parameter.required ? ` (${WORDS[language].required})` : ""}`);
  const field = make("div", { class: "field" }, label, input(parameter, id));
  if (parameter.description) field.append(prose(make("small"), parameter.description));
  return field;
};

// The field for the body: its text, the example it begins with, and what may stand in it.
const bodyField = (call, shapes) => {
  const id = `${call.operationId}-body`;
  const text = make("textarea", { id, rows: 8, autocomplete: "off", spellcheck: "false", autocapitalize: "off", class: "body" });
  const choice = make("select", { id: `${id}-shape`, class: "shape" }, ...shapes.map((one) => make("option", {}, one.name)));
  const fields = make("details", {}, say(make("summary"), "fields"), make("div"));
  const tell = () => {
    const { schema } = shapes[choice.selectedIndex];
    fields.lastChild.replaceChildren(terms(Object.entries(schema.properties ?? {}).map(([name, field]) => {
      const needed = schema.required?.includes(name) ? ` · ${WORDS[language].required}` : "";
      const about = resolved(variants(field)[0]).description ?? resolved(field).description;
      return [name, `${kind(field)}${needed}${about ? ` · ${about}` : ""}`];
    })));
    fields.hidden = !schema.properties;
  };
  const show = () => {
    text.value = shapes[choice.selectedIndex].text;
    tell();
  };
  spoken.push(tell);
  choice.addEventListener("change", show);
  show();
  const chosen = make("div", { class: "field" }, say(make("label", { for: choice.id }), "example"), choice);
  chosen.hidden = shapes.length < 2;
  return [say(make("label", { for: id, class: "head" }), "body"), chosen, text, fields];
};

const request = (form, method, path, call, shapes) => {
  const headers = new Headers();
  const query = new URLSearchParams();
  for (const field of form.querySelectorAll("[data-in]")) {
    const { in: place, name } = field.dataset;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(field.value));
    else if (field.value && place === "query") query.append(name, field.value);
    else if (field.value) headers.set(name, field.value);
  }
  const key = document.getElementById("key").value.trim();
  const keyed = call.security?.some((one) => "key" in one);
  if (key && keyed) headers.set("Authorization", `Bearer ${key}`);
  const body = shapes.length ? form.querySelector(".body").value : undefined;
  if (body) headers.set("Content-Type", shapes[form.querySelector(".shape").selectedIndex].type);
  const address = path.slice(1) + (query.size ? `?${query}` : "");
  const signal = AbortSignal.timeout(PATIENCE_MS);
  return [address, { method: method.toUpperCase(), headers, body: body || undefined, signal, cache: "no-store", credentials: "omit", redirect: "error" }];
};

const send = async (form, answer, ...call) => {
  // A browser's own words about it might repeat it.
  if (/[^!-~]/.test(document.getElementById("key").value.trim())) {
    answer.replaceChildren(make("p", { class: "status bad" }, WORDS[language].odd));
    return;
  }
  answer.replaceChildren(prose(make("p", { class: "status" }), WORDS[language].sending));
  try {
    const [address, options] = request(form, ...call);
    const response = await fetch(address, options);
    const text = await response.text();
    const status = `${response.status} ${response.statusText}`;
    const heads = SHOWN.filter((name) => response.headers.has(name)).map((name) => [name, response.headers.get(name)]);
    const shown = /json$/.test(response.headers.get("Content-Type") ?? "") ? laidOut(text) : text;
    answer.replaceChildren(
      make("p", { class: `status ${response.ok ? "good" : "bad"}` }, status),
      make("p", {}, make("code", {}, `${options.method} /${address}`)),
      terms(heads),
      make("pre", { tabindex: 0, role: "group", "aria-label": status }, shown),
    );
  } catch (error) {
    answer.replaceChildren(make("p", { class: "status bad" }, `${WORDS[language].unsent}: ${error.message}`));
  }
};

const scopeOf = (call) => {
  const scopes = new Set(call.security?.flatMap((one) => one.key ?? []));
  const words = WORDS[language];
  if (scopes.size) return `${words.scope}: \`${[...scopes].join("`, `")}\``;
  return call.security?.some((one) => "key" in one) ? words.any : words.noKey;
};

const callPanel = (method, path, call) => {
  const shapes = bodies(call);
  const about = say(make("span", { class: "about" }), () => (language === "zh" && CALLS_ZH[call.operationId]) || call.summary);
  const head = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("span", { class: "path" }, path),
    say(make("span", { class: "scope" }), () => scopeOf(call)), about);
  const form = make("form");
  // A scope alone stands in the head.
  if (call.description && !/^Scope: `\w+`\.$/.test(call.description)) form.append(prose(make("p"), call.description));
  const parameters = call.parameters ?? [];
  if (parameters.length) form.append(say(make("h3"), "parameters"));
  form.append(...parameters.map((one) => parameterField(one, `${call.operationId}-${one.name}`)));
  if (shapes.length) form.append(...bodyField(call, shapes));
  const answers = Object.entries(call.responses).map(([status, answer]) => [status, resolved(answer).description]);
  const answer = make("div", { "aria-live": "polite" });
  form.append(make("details", {}, say(make("summary"), "answers"), terms(answers)), say(make("button", { type: "submit" }), "send"), answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // Once at a time, however often it is pressed.
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    send(form, answer, method, path, call, shapes).finally(() => { form.ariaBusy = "false"; });
  });
  return make("details", { class: "call", id: call.operationId }, head, form);
};

const begin = async () => {
  for (const [id, words] of [["intro", "intro"], ["key-label", "key"], ["key-note", "keyNote"], ["language", "language"]]) say(document.getElementById(id), words);
  const state = document.getElementById("state");
  const set = () => {
    document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
    document.getElementById("language").lang = language === "zh" ? "en" : "zh-CN";
  };
  set();
  document.getElementById("language").addEventListener("click", () => {
    language = language === "zh" ? "en" : "zh";
    set();
    spoken.forEach((speak) => speak());
  });
  prose(state, WORDS[language].loading);
  try {
    whole = await (await fetch("v1/openapi.json", { credentials: "omit" })).json();
    prose(document.getElementById("version"), whole.info.version);
    const groups = new Map(GROUPS.map((group) => [group, []]));
    for (const [path, methods] of Object.entries(whole.paths))
      for (const [method, call] of Object.entries(methods)) {
        const group = call.tags[0];
        groups.set(group, [...(groups.get(group) ?? []), callPanel(method, path, call)]);
      }
    for (const [group, panels] of groups) document.getElementById("calls").append(say(make("h2"), group), ...panels);
    state.replaceChildren();
  } catch {
    say(state, "unloaded");
  }
};

begin();
