/**
 * @file Noise for captions: one unknown word, rare hanzi or typo that changes nothing about the clip. A model trained on a
 * share of such captions learns to pass over what it does not know.
 */
import { draws, type Draws, type RandomKey } from '../../core/random.ts';

/** Syllables of made-up words: none of their joins is a word of the captions. */
const SYLLABLES = ['zor', 'vek', 'blim', 'qua', 'dru', 'fosk', 'wib', 'nalt', 'gri', 'pho', 'xen', 'ulk', 'tarv', 'osh', 'yim'];
/** Words that exist and that no caption uses. */
const STRAY = [
  'dragon', 'castle', 'banana', 'piano', 'moon', 'umbrella', 'quantum', 'winter', 'robot', 'coffee', 'cinematic', 'epic', 'ocean', 'mysterious', 'teapot',
  'whale', 'galaxy', 'violin', 'thunder', 'cathedral', 'parrot', 'velvet', 'nostalgic', 'lighthouse', 'masterpiece',
];
const STRAY_HANZI = ['龘', '麤', '鱻', '骉', '犇', '饕', '餮', '鹦鹉', '望远镜', '火车', '咖啡', '鲸鱼', '神秘', '钢琴', '月亮', '香蕉', '灯塔', '宇宙'];
/** Letters next to each other on a keyboard. */
const NEIGHBOUR: Record<string, string> = {
  a: 's', b: 'v', c: 'x', d: 'f', e: 'r', g: 'h', h: 'j', i: 'o', k: 'l', l: 'k', m: 'n', n: 'm', o: 'p', p: 'o', r: 't', s: 'd', t: 'y',
  u: 'i', w: 'e', y: 'u',
};
/** Short words decide between members ("left", "red"), so only words of at least six letters are mistyped: they stay legible. */
const MISTYPED = /^[a-z]{6,}$/;

/** The caption with one unknown word, hanzi or typo in it. The same key makes the same noise. */
export function noisyCaption(caption: string, key: RandomKey): string {
  const d = draws({ ...key, stream: `${key.stream}/noise` });
  return /[一-鿿]/.test(caption) ? noisyChinese(caption, d) : noisyEnglish(caption, d);
}

function noisyEnglish(caption: string, d: Draws): string {
  const words = caption.split(' ');
  const candidates = words.flatMap((word, i) => (MISTYPED.test(word) ? [i] : []));
  const kind = d.uniform();
  if (kind < 0.3 && candidates.length > 0) {
    const at = d.pick(candidates);
    words[at] = typo(words[at]!, d);
  } else {
    const word = kind < 0.55 ? d.pick(SYLLABLES) + d.pick(SYLLABLES) + (d.chance(0.4) ? d.pick(SYLLABLES) : '') : kind < 0.85 ? d.pick(STRAY) : d.pick(STRAY_HANZI);
    words.splice(1 + d.int(words.length), 0, word);            // never first: a sentence keeps its capital
  }
  return words.join(' ');
}

function typo(word: string, d: Draws): string {
  const at = 1 + d.int(word.length - 2), letter = word[at]!;
  const kind = d.int(3);
  if (kind === 0 && word[at + 1] !== letter) return word.slice(0, at) + word[at + 1]! + letter + word.slice(at + 2);   // swapped
  if (kind === 1) return word.slice(0, at) + word.slice(at + 1);                                                     // dropped
  return word.slice(0, at) + (NEIGHBOUR[letter] ?? letter + letter) + word.slice(at + 1);
}

function noisyChinese(caption: string, d: Draws): string {
  const word = d.chance(0.7) ? d.pick(STRAY_HANZI) : d.chance(0.5) ? d.pick(STRAY) : d.pick(SYLLABLES) + d.pick(SYLLABLES);
  const joints = [0, ...[...caption.matchAll(/[,、。]/g)].map((match) => match.index + (match[0] === '。' ? 0 : 1))];
  if (!caption.endsWith('。')) joints.push(caption.length);
  const at = d.pick(joints);                                   // between phrases: hanzi inside a phrase could join into another word
  return caption.slice(0, at) + word + caption.slice(at);
}
