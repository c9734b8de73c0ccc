/** @file The policy at the door: what a request may not ask for is answered before it is queued. */
import { ApiError } from '../contract/errors.ts';
import type { Metrics } from '../watch/metrics.ts';
import { askedWords, type FilmSpec } from '../contract/spec.ts';
import type { Policy } from '../policy/policy.ts';

/** Throws the ApiError for a film whose words the policy refuses. */
export async function allow(spec: FilmSpec, { policy, metrics }: { readonly policy: Pick<Policy, 'prompt'>; readonly metrics: Metrics }): Promise<void> {
  const why = await policy.prompt(askedWords(spec));
  if (why === null) return;
  metrics.add('kinora_rejected_total', { reason: 'policy' });
  throw new ApiError(400, `the prompt is refused by this server's policy: ${why}`, { code: 'moderation_blocked', param: 'prompt' });
}
