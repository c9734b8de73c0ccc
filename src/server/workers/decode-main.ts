/**
 * @file The process that decodes one upload: the request as JSON on stdin, the result as JSON on stdout. Without the server's environment, and ended by it when it
 * takes too long.
 */
import { decode, type DecodeRequest } from './decode.ts';

let text = '';
for await (const chunk of process.stdin.setEncoding('utf8')) text += chunk;
process.stdout.write(JSON.stringify(await decode(JSON.parse(text) as DecodeRequest)));
