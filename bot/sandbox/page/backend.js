// The sandbox as this page knows it: one copy of its state, kept fresh by server-sent events; and ways to act on it.

const EMPTY = {
  clock: null,
  number: {},
  people: [],
  catalogue: [],
  conversations: {},
  faults: {},
  fault_table: [],
  window: {},
};
const RETRY_MS = 2000;
const WINDOW_MS = 24 * 3600 * 1000; // Meta: a business may write freely for 24 hours after the person's last message

export class Refused extends Error {}

export class Backend {
  state = EMPTY;
  #waiting = null; // events that arrive while the state is being read: they are applied on top of it
  #clockRead = 0;

  /** `changed(kind, personId?)` after every change; `answering(bool)` when the sandbox comes or goes. */
  constructor(changed, answering) {
    this.changed = changed;
    this.answering = answering;
  }

  connect() {
    const events = new EventSource("control/events");
    events.onopen = () => this.#load();
    events.onmessage = ({ data }) => this.#receive(JSON.parse(data));
    events.onerror = () => {
      this.answering(false);
      if (events.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      setTimeout(() => this.connect(), RETRY_MS);
    };
  }

  /** The sandbox's time, which runs like ours from where it was last read. */
  now() {
    return new Date(Date.parse(this.state.clock.now) + performance.now() - this.#clockRead);
  }

  person(id) {
    return this.state.people.find((person) => person.id === id);
  }

  product(id) {
    return this.state.catalogue.find((product) => product.id === id);
  }

  bubbles(personId) {
    return this.state.conversations[personId] ?? [];
  }

  send(personId, message) {
    return this.#ask("POST", "messages", { person: personId, ...message });
  }

  look(personId) {
    return this.#ask("POST", "look", { person: personId });
  }

  addPerson(person) {
    return this.#ask("POST", "people", person);
  }

  advance(seconds) {
    return this.#ask("POST", "clock", { advance_s: seconds });
  }

  setFault(name, value) {
    return this.#ask("POST", "faults", { [name]: value });
  }

  clearFaults() {
    return this.#ask("DELETE", "faults");
  }

  async #ask(method, path, body) {
    const response = await fetch(`control/${path}`, {
      method,
      headers: body && { "Content-Type": "application/json" },
      body: body && JSON.stringify(body),
    });
    const answer = await response.text();
    if (!response.ok) throw new Refused(reason(answer) ?? `${response.status} ${response.statusText}`);
    return answer ? JSON.parse(answer) : null;
  }

  async #load() {
    this.#waiting = [];
    try {
      this.state = { ...EMPTY, ...(await this.#ask("GET", "state")) };
    } catch {
      this.answering(false);
      setTimeout(() => this.#load(), RETRY_MS);
      return;
    }
    this.#clockRead = performance.now();
    const missed = this.#waiting ?? [];
    this.#waiting = null;
    missed.forEach((event) => this.#apply(event));
    this.answering(true);
    this.changed("state");
  }

  #receive(event) {
    if (this.#waiting) this.#waiting.push(event);
    else {
      this.#apply(event);
      this.changed(event.kind, event.person);
    }
  }

  #apply(event) {
    const { state } = this;
    if (event.kind === "bubble") this.#put(event.person, event.bubble);
    else if (event.kind === "status") {
      const bubble = this.bubbles(event.person).find(({ wamid }) => wamid === event.wamid);
      if (bubble) Object.assign(bubble, { status: event.status, error: event.error });
    } else if (event.kind === "clock") {
      state.clock = { ...state.clock, now: event.now, offset_s: event.offset_s };
      this.#clockRead = performance.now();
    } else if (event.kind === "people") state.people = event.people;
    else if (event.kind === "faults") state.faults = event.faults;
  }

  #put(personId, bubble) {
    const bubbles = (this.state.conversations[personId] ??= []);
    const index = bubbles.findIndex(({ wamid }) => wamid === bubble.wamid);
    if (index >= 0) bubbles[index] = bubble;
    else bubbles.push(bubble);
    if (bubble.from === "person") {
      this.state.window[personId] = new Date(Date.parse(bubble.at) + WINDOW_MS).toISOString();
    }
  }
}

function reason(answer) {
  try {
    const { error } = JSON.parse(answer);
    return error?.message ?? error;
  } catch {
    return answer.slice(0, 200) || null;
  }
}
