/** @file Server-sent events out of a stream of bytes (HTML Living Standard, section 9.2.6): fields until an empty line, comments left out. */

/** One event. */
export interface ServerEvent { readonly id: string | undefined; readonly name: string; readonly data: string }

/** The events of a body; one that is cut off is none. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder(), reader = body.getReader();
  let text = '', id: string | undefined, name = 'message', data: string[] = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      for (let match; (match = /\r\n|\n|\r(?!$)/.exec(text)); ) {
        const line = text.slice(0, match.index);
        text = text.slice(match.index + match[0].length);
        if (line === '') {
          if (data.length > 0) yield { id, name, data: data.join('\n') };
          name = 'message';
          data = [];
          continue;
        }
        const colon = line.indexOf(':'), field = colon < 0 ? line : line.slice(0, colon), rest = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'data') data.push(rest); else if (field === 'event') name = rest; else if (field === 'id') id = rest;
      }
    }
  } finally { await reader.cancel().catch(() => undefined); }
}
