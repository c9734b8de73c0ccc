/**
 * @file Asks an OpenAI-compatible chat endpoint to write a prompt out, or what pictures show: one POST to /chat/completions, temperature 0. It fails aloud: a film is never made of
 * something else than was asked for because a server was silent.
 */
import { CancelledError, InputError, ResourceError } from '../../core/errors.ts';

/** Where to ask. */
export interface ExpandEndpoint {
  /** As in http://localhost:11434/v1; a name after # is that of the model to ask for. */
  readonly url: string;
  /** Sent as a bearer token. Default: none. */
  readonly key?: string;
  /** Milliseconds to wait. Default 30,000. */
  readonly timeout?: number;
}

const TIMEOUT = 30_000, MAX_LETTERS = 600;

/** The address to post to, and the model to ask for. */
function addressOf(url: string): { address: string; model: string } {
  let parsed: URL;
  try { parsed = new URL(url); } catch { throw new InputError(`"${url}" is no address: wanted one as in http://localhost:11434/v1#model`); }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') throw new InputError(`"${url}" is not possible: wanted an address that begins with http:// or https://`);
  const model = decodeURIComponent(parsed.hash.slice(1)) || 'default';
  parsed.hash = '';
  parsed.pathname = `${parsed.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}/chat/completions`;
  return { address: parsed.href, model };
}

/** Options of {@link askEndpoint}. */
export interface AskOptions extends ExpandEndpoint {
  readonly signal?: AbortSignal;
  /** Pictures that belong to the question, as data URLs, for models that see. Default none. */
  readonly pictures?: readonly string[];
  /** What is asked for, and what is done without an endpoint: the words of the error. Default: of expanding a prompt. */
  readonly task?: readonly [asked: string, without: string];
}

const EXPAND = ['expand the prompt', 'the built-in expansion does it'] as const;

/** The endpoint's text for a prompt. Throws a ResourceError when it does not give one. */
export async function askEndpoint(prompt: string, brief: string, o: AskOptions): Promise<string> {
  const { url, key, timeout = TIMEOUT, signal, pictures = [], task: [asked, without] = EXPAND } = o;
  const { address, model } = addressOf(url), late = AbortSignal.timeout(timeout);
  const failed = (why: string, cause?: unknown): ResourceError =>
    new ResourceError(`${address} did not ${asked}: ${why}; without an endpoint ${without}`, cause === undefined ? {} : { cause });
  const content = pictures.length === 0 ? prompt : [{ type: 'text', text: prompt }, ...pictures.map((picture) => ({ type: 'image_url', image_url: { url: picture } }))];
  let text: string;
  try {
    const response = await fetch(address, {
      method: 'POST', signal: signal ? AbortSignal.any([signal, late]) : late,
      headers: { 'content-type': 'application/json', ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: JSON.stringify({ model, temperature: 0, messages: [{ role: 'system', content: brief }, { role: 'user', content }] }),
    });
    text = await response.text();
    if (!response.ok) throw failed(`it answered ${response.status}: ${text.trim().slice(0, 200)}`);
  } catch (cause) {
    if (signal?.aborted) throw new CancelledError('cancelled', { cause });
    if (cause instanceof ResourceError) throw cause;
    throw failed(late.aborted ? `no answer within ${timeout / 1000} s` : reasonOf(cause), cause);
  }
  const written = contentOf(text);
  if (written === undefined) throw failed('its answer is no chat completion');
  // Thinking and quotes around the sentence are not part of it.
  const sentence = written.replace(/<think>[\s\S]*?<\/think>/g, '').trim().replace(/^["“「](.*)["”」]$/s, '$1').replaceAll(/\s+/g, ' ').trim();
  if (sentence === '' || sentence.length > MAX_LETTERS) throw failed(`its text has ${sentence.length} letters, wanted 1 to ${MAX_LETTERS}`);
  return sentence;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}` : String(error));

function contentOf(text: string): string | undefined {
  try {
    const content: unknown = (JSON.parse(text) as { choices?: { message?: { content?: unknown } }[] }).choices?.[0]?.message?.content;
    return typeof content === 'string' ? content : undefined;
  } catch { return undefined; }
}
