"""Makes models/sprites-64/tokenizer.json and words.json from tools/tokenizer/corpus.ts's captions (PyPI tokenizers 0.23):
python tools/tokenizer/train.py <corpus.jsonl> models/sprites-64

The tokenizer is byte-level BPE over normalised (NFKC, lower case) text without spaces. Every word of the captions is one token: a
run of letters, or a word of hanzi.txt by the longest match. Every other word falls into pieces of at most two bytes, and no piece
is a known word: "redwood" never holds the token "red". So what the tokenizer reports as unknown is what the model sees in pieces.
"""
import json
import pathlib
import re
import sys

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

VOCABULARY = 1008
LENGTH = 96                        # tokens of a caption; the least multiple of 16 that 99.5 % fit into
SPECIAL = ['<pad>', '<bos>', '<eos>']
HANZI = '[㐀-鿿豈-﫿]'

corpus, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
lines = [json.loads(line) for line in corpus.read_text(encoding='utf8').splitlines()]
normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
clean = [normalizer.normalize_str(line['caption']) for line in lines if not line.get('noisy')]
noisy = [normalizer.normalize_str(line['caption']) for line in lines if line.get('noisy')]

listed = (pathlib.Path(__file__).parent / 'hanzi.txt').read_text(encoding='utf8').split()
longest_first = sorted(set(listed), key=lambda word: (-len(word), word))
letters = f'(?:(?!{HANZI})[\\p{{L}}\\p{{M}}])+'
pattern = '|'.join([*longest_first, HANZI, letters, '\\p{N}', '[^\\s]'])
pattern_of_hanzi = re.compile('|'.join([*longest_first, HANZI]))

english = sorted({word for text in clean for word in re.findall('[a-z]+', text)})
hanzi = sorted({word for text in set(clean) for word in pattern_of_hanzi.findall(text)})
for word in sorted(set(listed) - set(hanzi)):
    print(f'hanzi.txt lists {word}, which no caption holds')
marks = sorted({mark for text in clean for mark in text if not mark.isascii() and not pattern_of_hanzi.fullmatch(mark)})    # 、。

byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
spell = lambda word: byte_level.pre_tokenize_str(word)[0][0]
alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
known = [word for word in map(spell, english + hanzi + marks) if len(word) > 1]

# Pieces: pairs of letters, by how often the types of words (known, mistyped, made up) hold them.
room = VOCABULARY - len(SPECIAL) - len(alphabet) - len(known)
pieces = Tokenizer(models.BPE())
types = sorted({word for text in clean + noisy for word in re.findall('[a-z]+', text)})
pieces.train_from_iterator(types, trainers.BpeTrainer(vocab_size=26 + room + 200, max_token_length=2, show_progress=False))
merges = [pair for pair in json.loads(pieces.to_str())['model']['merges'] if ''.join(pair) not in english][:room]

tokens = [*SPECIAL, *alphabet, *(''.join(pair) for pair in merges), *known]
assert len(tokens) == len(set(tokens)) == VOCABULARY, (len(tokens), len(set(tokens)))
tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(tokens)}, merges=[tuple(pair) for pair in merges], ignore_merges=True))
tokenizer.normalizer = normalizer
tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), 'removed', invert=True), byte_level])
tokenizer.decoder = decoders.ByteLevel()
# Nothing is an added token: those would be read out of a prompt that holds their names.
folder.mkdir(parents=True, exist_ok=True)
(folder / 'tokenizer.json').write_text(json.dumps(json.loads(tokenizer.to_str()), ensure_ascii=False, separators=(',', ':')) + '\n', encoding='utf8')
(folder / 'words.json').write_text(json.dumps({'length': LENGTH, 'english': english, 'hanzi': hanzi}, ensure_ascii=False) + '\n', encoding='utf8')

for text in clean[:2000]:
    assert len(tokenizer.encode(text).ids) == len(re.findall(f'{pattern_of_hanzi.pattern}|[a-z]+|[^\\s]', text)), text
lengths = sorted(len(tokenizer.encode(text).ids) + 2 for text in clean + noisy)
assert sum(n <= LENGTH for n in lengths) >= 0.995 * len(lengths)
at = lambda share: lengths[min(len(lengths) - 1, int(share * len(lengths)))]
print(f'{len(english)} English words, {len(hanzi)} of hanzi, {len(merges)} pieces, vocabulary {len(tokens)}')
print('single hanzi:', ' '.join(word for word in hanzi if len(word) == 1))
print('tokens with <bos> and <eos>: ' + ', '.join(f'{share:.1%} ≤ {at(share)}' for share in (.5, .9, .95, .99, .995, .999)) + f', most {lengths[-1]}')
