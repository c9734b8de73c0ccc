/**
 * @file Prompts of people who do not know the caption grammar, with what they tell: sentences in other wordings, and prompts of three words. Written by hand.
 * The first half of the sentences is older than the reader's lexicon (paraphrases-blind.ts); these were written beside it.
 */
import type { Facts, Language } from '../data/sprites/world.ts';
import { BLIND_CHINESE, BLIND_ENGLISH, type Told } from './paraphrases-blind.ts';

const ENGLISH: readonly Told[] = [
  ['Crimson-maned and clad in plate, he storms off toward the left.', { sex: 'male', hairColour: 'red', garment: 'plate_armor', action: 'walk', facing: 'left' }],
  ['An enchantress whose tresses are pure white summons arcane fire, her eyes on the viewer; she wears a deep blue robe.',
    { sex: 'female', hairColour: 'white', garment: 'robe', garmentColour: 'blue', action: 'spellcast', facing: 'towards' }],
  ['Lad with messy blond locks, leather armour, letting an arrow fly to the left.',
    { sex: 'male', hairColour: 'blonde', hairStyle: 'messy', garment: 'leather_armor', action: 'shoot', facing: 'left' }],
  ['The pink-tressed girl in the emerald frock tumbles to the floor.', { sex: 'female', hairColour: 'pink', garment: 'dress', garmentColour: 'green', action: 'fall' }],
  ['Hair black as coal, ring mail on his shoulders, the guardsman pokes his lance at the camera.',
    { sex: 'male', hairColour: 'black', garment: 'chain_mail', action: 'thrust', facing: 'towards' }],
  ['A lass in a turquoise singlet swipes a blade toward the east, her purple ponytail flying.',
    { sex: 'female', hairColour: 'purple', hairStyle: 'ponytail', garment: 'sleeveless_shirt', garmentColour: 'teal', action: 'slash', facing: 'right' }],
  ['A gent wearing a green waistcoat meanders westwards; his hair is brown and curly.',
    { sex: 'male', hairColour: 'brown', hairStyle: 'curly', garment: 'vest', garmentColour: 'green', action: 'walk', facing: 'left' }],
  ['Back to the audience, a woman with cobalt hair works magic in gilded armour.',
    { sex: 'female', hairColour: 'blue', garment: 'gold_armor', action: 'spellcast', facing: 'away' }],
  ['The orc brute in a mail hauberk lunges to the right, spiky green hair on his skull.',
    { sex: 'male', folk: 'orc', hairColour: 'green', hairStyle: 'messy', garment: 'chain_mail', action: 'thrust', facing: 'right' }],
  ['A skeleton in a burgundy pullover ambles in our direction.', { folk: 'skeleton', garment: 'shirt', garmentColour: 'maroon', action: 'walk', facing: 'towards' }],
  ['She of the golden ringlets swoons in an ivory ballgown.',
    { sex: 'female', hairColour: 'blonde', hairStyle: 'curly', garment: 'dress', garmentColour: 'white', action: 'fall' }],
  ['A violet-haired crusader, surcoat over his mail, marches out of here with his back turned.',
    { sex: 'male', hairColour: 'purple', garment: 'tabard', action: 'walk', facing: 'away' }],
  ['Snow-white mane, jerkin of leather: the huntress fires off an arrow rightwards.',
    { sex: 'female', hairColour: 'white', garment: 'leather_armor', action: 'shoot', facing: 'right' }],
  ['A fellow whose scalp is shaved mumbles a spell in his brown habit, turned toward the left.',
    { sex: 'male', bald: true, garment: 'robe', garmentColour: 'brown', action: 'spellcast', facing: 'left' }],
  ['The chap with the flaming mohawk and steel cuirass collapses in front of us.',
    { sex: 'male', hairColour: 'red', hairStyle: 'mohawk', garment: 'plate_armor', action: 'fall', facing: 'towards' }],
  ['Teal jersey, ginger hair, beard: he hacks at the air to the left with a cutlass.',
    { sex: 'male', hairColour: 'red', beard: true, garment: 'shirt', garmentColour: 'teal', action: 'slash', facing: 'left' }],
  ['A maiden sporting a jet-black bun saunters along in a robe as purple as plums, heading east.',
    { sex: 'female', hairColour: 'black', hairStyle: 'topknot', garment: 'robe', garmentColour: 'purple', action: 'walk', facing: 'right' }],
  ['With twin tails of bubblegum pink, the gal in the white blouse without sleeves strides up to the camera.',
    { sex: 'female', hairColour: 'pink', hairStyle: 'pigtails', garment: 'sleeveless_shirt', garmentColour: 'white', action: 'walk', facing: 'towards' }],
  ['The knightly lady in shining armour runs her foe through with a lance, facing west, blonde hair loose.',
    { sex: 'female', hairColour: 'blonde', garment: 'plate_armor', action: 'thrust', facing: 'left' }],
  ['A man in golden breastplate aims his longbow and looses at something on the left; his hair is chestnut.',
    { sex: 'male', hairColour: 'brown', garment: 'gold_armor', action: 'shoot', facing: 'left' }],
  ['Somebody in chainmaille with hair the shade of grass slits the air with a dirk, back to us.',
    { hairColour: 'green', garment: 'chain_mail', action: 'slash', facing: 'away' }],
  ['A raven-haired conjurer in a shirt of rings raises both arms in sorcery, seen head-on.',
    { hairColour: 'black', garment: 'chain_mail', action: 'spellcast', facing: 'towards' }],
  ['A red-headed bartender in a vest trips and goes down.', { hairColour: 'red', garment: 'vest', action: 'fall' }],
  ['A blue-tressed dame promenades leftward in a gown of green.', { sex: 'female', hairColour: 'blue', garment: 'dress', garmentColour: 'green', action: 'walk', facing: 'left' }],
  ['White-haired gentleman, maroon sweater, on a stroll to the east.',
    { sex: 'male', hairColour: 'white', garment: 'shirt', garmentColour: 'maroon', action: 'walk', facing: 'right' }],
  ['The outlaw in hide armour, pink hair cropped short, sneaks away from the camera.',
    { hairColour: 'pink', hairStyle: 'short', garment: 'leather_armor', action: 'walk', facing: 'away' }],
  ['A green-haired valkyrie in gold plate stabs at the viewer with her javelin.',
    { sex: 'female', hairColour: 'green', garment: 'gold_armor', action: 'thrust', facing: 'towards' }],
  ['Wavy brown hair and a purple heraldic tabard, and a sabre that cuts to the right: such is our man.',
    { sex: 'male', hairColour: 'brown', hairStyle: 'curly', garment: 'tabard', garmentColour: 'purple', action: 'slash', facing: 'right' }],
  ['A dusky sorceress with lavender locks and a sable robe lifts her hands and chants, looking away from us.',
    { sex: 'female', skin: 'dark', hairColour: 'purple', garment: 'robe', garmentColour: 'black', action: 'spellcast', facing: 'away' }],
  ['A blond bowman in steel plate takes a shot at the audience.', { hairColour: 'blonde', garment: 'plate_armor', action: 'shoot', facing: 'towards' }],
  ['Tall guy, jumper of white wool, hair of silver, spear jabbing westward.',
    { sex: 'male', hairColour: 'white', garment: 'shirt', garmentColour: 'white', action: 'thrust', facing: 'left' }],
  ['In a brown sleeveless tunic, a scarlet-haired woman keels over backwards.',
    { sex: 'female', hairColour: 'red', garment: 'sleeveless_shirt', garmentColour: 'brown', action: 'fall' }],
  ['A purple-headed ranger in leather sends an arrow off to the west.', { hairColour: 'purple', garment: 'leather_armor', action: 'shoot', facing: 'left' }],
  ['A long-haired brunette in azure evening wear tiptoes away with her back to the lens.',
    { sex: 'female', hairColour: 'brown', hairStyle: 'long', garment: 'dress', garmentColour: 'blue', action: 'walk', facing: 'away' }],
  ['The monk with blue hair, brown cassock, skewers something to the right using a pike.',
    { sex: 'male', hairColour: 'blue', garment: 'robe', garmentColour: 'brown', action: 'thrust', facing: 'right' }],
  ['Yellow-haired and mail-clad, she conjures lightning toward the right.', { sex: 'female', hairColour: 'blonde', garment: 'chain_mail', action: 'spellcast', facing: 'right' }],
  ['One swordsman, hair dyed pink, armour of gold, brandishing a knife at us.', { hairColour: 'pink', garment: 'gold_armor', action: 'slash', facing: 'towards' }],
  ['A black-haired youngster in a tabard over mail passes out.', { sex: 'male', hairColour: 'black', garment: 'tabard', action: 'fall' }],
  ['The lime-haired damsel drifts toward the viewer, dressed in a robe of ivory.',
    { sex: 'female', hairColour: 'green', garment: 'robe', garmentColour: 'white', action: 'walk', facing: 'towards' }],
  ['Footman in full plate, white whiskers and white hair, shuffling along to the right.',
    { hairColour: 'white', beard: true, garment: 'plate_armor', action: 'walk', facing: 'right' }],
];

const CHINESE: readonly Told[] = [
  ['骑士一身铁甲,火红的头发,朝右边走去。', { hairColour: 'red', garment: 'plate_armor', action: 'walk', facing: 'right' }],
  ['蓝发女法师穿着雪白的法袍,对着镜头吟唱咒语。', { sex: 'female', hairColour: 'blue', garment: 'robe', garmentColour: 'white', action: 'spellcast', facing: 'towards' }],
  ['一位粉发少女穿着湛蓝的礼服,身子一软昏倒了。', { sex: 'female', hairColour: 'pink', garment: 'dress', garmentColour: 'blue', action: 'fall' }],
  ['绿头发的猎人套着皮甲,弯弓搭箭,射向左边。', { hairColour: 'green', garment: 'leather_armor', action: 'shoot', facing: 'left' }],
  ['黑发武士,锁链甲在身,背对着我们挥刀劈砍。', { hairColour: 'black', garment: 'chain_mail', action: 'slash', facing: 'away' }],
  ['金发小哥穿着枣红色针织衫,大步走向西边。', { sex: 'male', hairColour: 'blonde', garment: 'shirt', garmentColour: 'maroon', action: 'walk', facing: 'left' }],
  ['紫色丸子头的姑娘,白色无袖衫,冲着镜头跑来。',
    { sex: 'female', hairColour: 'purple', hairStyle: 'topknot', garment: 'sleeveless_shirt', garmentColour: 'white', action: 'walk', facing: 'towards' }],
  ['银发老翁披着褐色道袍,面朝东方画符念咒。', { sex: 'male', hairColour: 'white', garment: 'robe', garmentColour: 'brown', action: 'spellcast', facing: 'right' }],
  ['穿黄金铠甲的棕发女将挺枪向左猛刺。', { sex: 'female', hairColour: 'brown', garment: 'gold_armor', action: 'thrust', facing: 'left' }],
  ['红色莫西干的壮汉,绿色马甲,一跤摔倒在地。', { sex: 'male', hairColour: 'red', hairStyle: 'mohawk', garment: 'vest', garmentColour: 'green', action: 'fall' }],
  ['骷髅架子穿着青色毛衣,晃悠着往右去。', { folk: 'skeleton', garment: 'shirt', garmentColour: 'teal', action: 'walk', facing: 'right' }],
  ['白发女郎身着绿裙,背着身子渐行渐远。', { sex: 'female', hairColour: 'white', garment: 'dress', garmentColour: 'green', action: 'walk', facing: 'away' }],
  ['秃头和尚一袭棕色僧袍,对着观众踱步。', { sex: 'male', bald: true, garment: 'robe', garmentColour: 'brown', action: 'walk', facing: 'towards' }],
  ['扎紫色马尾的女射手身披板甲,放箭射向右方。',
    { sex: 'female', hairColour: 'purple', hairStyle: 'ponytail', garment: 'plate_armor', action: 'shoot', facing: 'right' }],
  ['蓝色短发的少年,白衬衣,持矛戳向镜头。',
    { sex: 'male', hairColour: 'blue', hairStyle: 'short', garment: 'shirt', garmentColour: 'white', action: 'thrust', facing: 'towards' }],
  ['身着紫色战袍的金发剑客背过身去舞剑。', { hairColour: 'blonde', garment: 'tabard', garmentColour: 'purple', action: 'slash', facing: 'away' }],
  ['粉色双马尾的小姐,棕色背心,手握短剑向右斩击。',
    { sex: 'female', hairColour: 'pink', hairStyle: 'pigtails', garment: 'sleeveless_shirt', garmentColour: 'brown', action: 'slash', facing: 'right' }],
  ['绿皮兽人顶着黑色乱发,裹着皮衣,举矛往左刺。', { folk: 'orc', hairColour: 'black', hairStyle: 'messy', garment: 'leather_armor', action: 'thrust', facing: 'left' }],
  ['红发巫婆的斗篷漆黑,召唤闪电,脸朝左。', { sex: 'female', hairColour: 'red', garment: 'robe', garmentColour: 'black', action: 'spellcast', facing: 'left' }],
  ['棕色卷毛的大叔穿着锁甲,倒地不起。', { sex: 'male', hairColour: 'brown', hairStyle: 'curly', garment: 'chain_mail', action: 'fall' }],
  ['黑色长发的女侠一身金甲,弯弓射箭,正对我们。',
    { sex: 'female', hairColour: 'black', hairStyle: 'long', garment: 'gold_armor', action: 'shoot', facing: 'towards' }],
  ['翠绿头发的盗贼披着皮革护甲,蹑手蹑脚往西边溜。', { hairColour: 'green', garment: 'leather_armor', action: 'walk', facing: 'left' }],
];

/** Three words, or as little in Chinese. */
const SHORT_ENGLISH: readonly Told[] = [
  ['knight walks right', { action: 'walk', facing: 'right' }], ['archer shoots left', { action: 'shoot', facing: 'left' }], ['wizard casting spell', { action: 'spellcast' }],
  ['red-haired woman walking', { hairColour: 'red', sex: 'female', action: 'walk' }], ['man falls down', { sex: 'male', action: 'fall' }],
  ['skeleton slashes left', { folk: 'skeleton', action: 'slash', facing: 'left' }],
  ['orc thrusts right', { folk: 'orc', action: 'thrust', facing: 'right' }], ['princess walks away', { sex: 'female', action: 'walk', facing: 'away' }],
  ['blue-haired man shooting', { hairColour: 'blue', sex: 'male', action: 'shoot' }], ['woman in robe', { sex: 'female', garment: 'robe' }],
  ['blonde woman collapses', { hairColour: 'blonde', sex: 'female', action: 'fall' }], ['man in chainmail', { sex: 'male', garment: 'chain_mail' }],
  ['soldier stabs left', { action: 'thrust', facing: 'left' }], ['witch facing us', { sex: 'female', facing: 'towards' }],
  ['golden armor walking', { garment: 'gold_armor', action: 'walk' }],
  ['pink-haired lady slashing', { hairColour: 'pink', sex: 'female', action: 'slash' }],
  ['green-haired woman casting', { hairColour: 'green', sex: 'female', action: 'spellcast' }],
  ['man strolls left', { sex: 'male', action: 'walk', facing: 'left' }], ['girl in dress', { sex: 'female', garment: 'dress' }], ['hunter facing right', { facing: 'right' }],
  ['purple-haired man falls', { hairColour: 'purple', sex: 'male', action: 'fall' }], ['man wearing vest', { sex: 'male', garment: 'vest' }],
  ['white-haired knight walks', { hairColour: 'white', action: 'walk' }], ['warrior swings right', { action: 'slash', facing: 'right' }],
];
const SHORT_CHINESE: readonly Told[] = [
  ['骑士向右走', { action: 'walk', facing: 'right' }], ['红发女人走路', { hairColour: 'red', sex: 'female', action: 'walk' }],
  ['法师施法', { action: 'spellcast' }], ['弓箭手向左射箭', { action: 'shoot', facing: 'left' }],
  ['蓝发男人倒下', { hairColour: 'blue', sex: 'male', action: 'fall' }], ['穿长袍的女人', { garment: 'robe', sex: 'female' }], ['骷髅走开', { folk: 'skeleton', action: 'walk', facing: 'away' }],
  ['兽人挥砍', { folk: 'orc', action: 'slash' }], ['金甲战士刺击', { garment: 'gold_armor', action: 'thrust' }], ['粉发姑娘射箭', { hairColour: 'pink', sex: 'female', action: 'shoot' }],
  ['公主面向我们', { sex: 'female', facing: 'towards' }], ['穿皮甲的男人', { garment: 'leather_armor', sex: 'male' }],
];

/** A prompt with what it tells. */
export interface Paraphrase {
  readonly text: string;
  readonly facts: Facts;
  readonly language: Language;
  /** Written before the reader's lexicon. */
  readonly blind: boolean;
}

const rows = (list: readonly Told[], language: Language, blind: boolean): Paraphrase[] => list.map(([text, facts]) => ({ text, facts, language, blind }));

/** Sentences in wordings that the caption grammar does not produce. */
export const PARAPHRASES: readonly Paraphrase[] = [
  ...rows(BLIND_ENGLISH, 'en', true), ...rows(ENGLISH, 'en', false), ...rows(BLIND_CHINESE, 'zh', true), ...rows(CHINESE, 'zh', false),
];

/** Prompts of about three words; what they tell beyond the judge's attributes does not count. */
export const SHORT_PROMPTS: readonly Paraphrase[] = [...rows(SHORT_ENGLISH, 'en', false), ...rows(SHORT_CHINESE, 'zh', false)];
