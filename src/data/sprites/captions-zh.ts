/**
 * @file Chinese captions: the words for each member of the vocabulary, and the sentences around them.
 */
import type { Draws } from '../../core/random.ts';
import type { CaptionPlan, CharacterPlan } from './caption-plan.ts';
import type { Facts } from './facts.ts';
import type { CharacterLabels, GroundSpec } from './spec.ts';
import type { Action, Colour, Facing, Feet, Garment, GroundColour, HairColour, HairStyle, Headgear, Legs, Skin, Weapon } from './vocabulary.ts';

type Words = readonly string[];
const HAIR_COLOUR: Record<HairColour, Words> = {
  black: ['黑色', '黑'], brown: ['棕色', '褐色', '棕'], blonde: ['金色', '金'], red: ['红色', '红'], pink: ['粉色', '粉红色'], purple: ['紫色', '紫'],
  blue: ['蓝色', '蓝'], green: ['绿色', '绿'], white: ['白色', '白'],
};
/** `*` stands for the colour, in full ("红色") or its one character ("红"). */
const HAIR: Record<HairStyle, Words> = {
  short: ['*短发'], messy: ['*乱发', '蓬乱的*头发'], shoulder: ['*中长发', '齐肩的*头发'], long: ['*长发', '*长发', '长长的*头发'],
  ponytail: ['*马尾', '*马尾辫'], topknot: ['*高髻', '高高束起的*头发'], pigtails: ['*双马尾', '两条*辫子'], mohawk: ['*莫西干头', '*莫霍克发型'], curly: ['*卷发', '*爆炸头'],
};
const SKIN: Record<Skin, Words> = { light: ['皮肤白皙', '浅色皮肤'], tan: ['小麦色皮肤', '皮肤晒成小麦色'], dark: ['深色皮肤', '皮肤黝黑'], green: ['绿色皮肤'], bone: ['白骨'] };
const COLOUR: Record<Colour, Words> = {
  steel: ['钢制'], gold: ['金色'], grey: ['灰色'], brown: ['棕色', '褐色'], maroon: ['暗红色', '酒红色'], red: ['红色'], teal: ['青色', '蓝绿色'], blue: ['蓝色'],
  green: ['绿色'], purple: ['紫色'], white: ['白色'], black: ['黑色'],
};
/** The robes' blue, green and purple are deep. */
const ROBE_COLOUR: Partial<Record<Colour, Words>> = { blue: ['蓝色', '深蓝色'], green: ['绿色', '深绿色'], purple: ['紫色', '深紫色'] };
const garmentColours = ({ garment, garmentColour }: CharacterLabels): Words => (garment === 'robe' ? ROBE_COLOUR[garmentColour] : undefined) ?? COLOUR[garmentColour];
const GARMENT: Record<Garment, Words> = {
  plate_armor: ['板甲', '板甲', '钢甲', '钢制板甲'], gold_armor: ['金甲', '金色盔甲', '黄金铠甲'], chain_mail: ['锁子甲', '锁甲'], leather_armor: ['皮甲', '棕色皮甲'],
  tabard: ['*罩袍', '*战袍'], robe: ['*长袍', '*袍子'], shirt: ['*长袖衫', '*衬衫', '*长袖上衣'], sleeveless_shirt: ['*无袖衫', '*无袖上衣'],
  dress: ['*连衣裙', '*裙装'], vest: ['*马甲', '*马甲和白衬衫'],
};
const LEGS: Record<Legs, Words> = { pants: ['*裤子', '*长裤'], steel_greaves: ['钢护腿', '钢制腿甲'], gold_greaves: ['金护腿', '金色腿甲'], skirt: ['*长裙', '*裙子'] };
const FEET: Record<Feet, Words> = { shoes: ['*鞋子', '*鞋'], steel_boots: ['钢靴', '铁靴'], gold_boots: ['金靴', '金色靴子'] };
const HEADGEAR: Record<Headgear, Words> = {
  steel_helmet: ['钢盔', '铁头盔'], gold_helmet: ['金头盔', '金色头盔'], chain_hood: ['锁甲兜帽', '锁子甲头罩'], cloth_hood: ['棕色兜帽', '兜帽'],
  iron_hat: ['铁帽', '宽檐铁盔'], leather_hat: ['皮帽', '插着红羽毛的棕色帽子'], bandana: ['红头巾', '红色头巾'], tiara: ['小皇冠', '头冠'],
};
const WEAPON: Record<Weapon, string> = { spear: '长矛', dagger: '匕首', bow: '弓' };
const GROUND_COLOUR: Record<GroundColour, Words> = {
  grey: ['灰色'], dark: ['深灰色'], blue: ['蓝色'], green: ['绿色'], sand: ['沙色', '米色'], brown: ['棕色', '褐色'], purple: ['紫色'], pink: ['粉色'], white: ['白色'],
};
const DEED: Record<Exclude<Action, 'walk'>, Words> = {
  spellcast: ['施法', '施放法术', '施展魔法', '举起双臂施法'], thrust: ['用长矛刺击', '挺矛刺出', '刺出长矛'], slash: ['挥舞匕首', '用匕首挥砍', '挥砍匕首'],
  shoot: ['射箭', '拉弓射箭', '用弓射箭'], fall: ['倒下', '摔倒', '倒在地上', '跌倒在地'],
};
const WALK: Record<Facing, Words> = {
  left: ['向左走', '朝左走', '往左走', '向左行走'], right: ['向右走', '朝右走', '往右走', '向右行走'],
  towards: ['向观众走来', '朝镜头走来', '迎面走来'], away: ['背对观众走开', '背对镜头走远', '朝远处走去'],
};
const LOOK: Record<Facing, Words> = {
  left: ['面朝左', '面向左边', '朝左'], right: ['面朝右', '面向右边', '朝右'], towards: ['面向观众', '面对镜头', '正面朝向我们'], away: ['背对观众', '背对镜头', '背向我们'],
};

const inColour = (template: string, said: string): string => (template.includes('*') ? template.replace('*', said) : said + template);
const fill = (d: Draws, words: Words, colours: Words): string => d.pick(words).replace('*', d.pick(colours));

/** What a person is called. */
function noun(d: Draws, who: CharacterLabels): string {
  if (who.folk === 'skeleton') return d.pick(['骷髅', '骷髅人']);
  if (who.folk === 'orc') return who.sex === 'male' ? d.pick(['兽人', '男兽人', '绿皮兽人']) : d.pick(['女兽人', '绿皮女兽人']);
  const knight = (who.garment === 'plate_armor' || who.garment === 'gold_armor') && d.chance(0.25);
  if (knight) return who.sex === 'male' ? '骑士' : '女骑士';
  return who.sex === 'male' ? d.pick(['男人', '男子', '男人']) : d.pick(['女人', '女子', '女人']);
}

/** "留着红色长发、身穿板甲的女人", without a measure word. */
function nounPhrase(d: Draws, c: CharacterPlan, brief: boolean): string {
  const { who, told, garmentSaid } = c;
  const parts: string[] = [];
  let front = '';
  if (told.skin && !brief) parts.push(d.pick(SKIN[who.skin]));
  if (told.bald) front = '光头';
  if (told.hairColour) {
    const colours = HAIR_COLOUR[who.hairColour!];
    if (told.hairStyle) parts.push(`${d.pick(['留着', '留着', '有着'])}${fill(d, HAIR[who.hairStyle!], colours.filter((w) => w.length > 1))}`);
    else if (d.chance(0.5)) front = `${colours.at(-1)!.slice(0, 1)}发`;                                    // 红发女人
    else parts.push(`${colours[0]}头发`);
  }
  if (told.beard) parts.push(d.pick(['留着胡子', '长着胡须']));
  const dressed = (): string => (garmentSaid === undefined ? fill(d, GARMENT[who.garment], garmentColours(who)) : inColour(d.pick(GARMENT[who.garment]), garmentSaid));
  if (told.garment) parts.push(`${d.pick(['身穿', '穿着', '穿'])}${dressed()}`);
  if (told.headgear) parts.push(`${d.pick(['头戴', '戴着'])}${d.pick(HEADGEAR[who.headgear!])}`);
  if (told.legs && !brief) parts.push(`下身穿${fill(d, LEGS[who.legs!], COLOUR[who.legsColour!])}`);
  if (told.feet && !brief) parts.push(`脚穿${fill(d, FEET[who.feet], COLOUR[who.feetColour])}`);
  if (told.weapon) parts.push(`${d.pick(['手持', '拿着'])}${WEAPON[who.weapon!]}`);
  return `${parts.join('、')}${parts.length > 0 ? '的' : ''}${front}${noun(d, who)}`;
}

function verbPhrase(d: Draws, { who, told }: CharacterPlan): string {
  if (who.action === 'walk') {
    if (told.onTheSpot) return `${told.facing ? d.pick(LOOK[who.facing]) : ''}原地${d.pick(['走路', '踏步', '行走'])}`;
    return told.facing ? d.pick(WALK[who.facing]) : d.pick(['走路', '行走', '走着']);
  }
  const deed = d.pick(DEED[who.action]);
  if (!told.facing) return deed;
  const look = d.pick(LOOK[who.facing]);
  if ((who.facing === 'left' || who.facing === 'right') && who.action !== 'spellcast' && d.chance(0.4)) return `${d.pick(['向', '朝'])}${who.facing === 'left' ? '左' : '右'}${deed}`;
  return d.chance(0.5) ? `${look}${deed}` : `${look},${deed}`;
}

function groundPhrase(d: Draws, ground: GroundSpec): string {
  const [first, second] = ground.colours.map((colour) => d.pick(GROUND_COLOUR[colour]));
  switch (ground.kind) {
    case 'plain': return d.pick([`在${first}背景前`, `背景是纯${first}`, `在${first}的背景上`]);
    case 'fade_down': return d.pick([`背景从上到下由${first}渐变为${second}`, `背景上方${first}、下方${second}`]);
    case 'fade_across': return d.pick([`背景从左到右由${first}渐变为${second}`, `背景左边${first}、右边${second}`]);
    case 'checker': return d.pick([`在${first}和${second}相间的方格地面上`, `在${first}与${second}的棋盘格地板上`]);
    case 'brick': return d.pick([`在${first}砖墙前`, `背景是${first}的砖墙`]);
    case 'grass': return d.pick(['在草地上', '在绿色的草地上']);
    case 'planks': return d.pick([`在${first}木板地上`, `在${first}的木地板上`]);
    default: return ground.kind satisfies never;
  }
}

/** The Chinese caption of a plan. */
export function composeChinese(plan: CaptionPlan, d: Draws): string {
  const detailed = plan.style === 'detailed';
  const one = plan.style === 'minimal' && d.chance(0.5) ? '' : d.pick(['一个', '一个', '一名']);
  const subjects = plan.characters.map((c) => `${c.who.folk === 'skeleton' && one !== '' ? '一个' : one}${nounPhrase(d, c, detailed)}`);
  const aspect = plan.style !== 'minimal' && !plan.still && d.chance(0.25) ? '正在' : '';
  const deed = (c: CharacterPlan): string => `${c.who.action === 'fall' ? '' : aspect}${verbPhrase(d, c)}`;
  let main: string;
  if (plan.relation === 'crossing') {
    const [a, b] = subjects;
    main = plan.style === 'minimal' || plan.style === 'short' ? `${a}和${b}${d.pick(['擦肩而过', '相向而行', '走过彼此身边'])}`
      : d.pick([`${a}向右走,${b}向左走,两人擦肩而过`, `左边的${subjects[0]}向右走,右边的${subjects[1]}向左走,两人交换位置`]);
  } else if (plan.characters.length === 2) {
    const [left, right] = plan.characters as readonly [CharacterPlan, CharacterPlan];
    main = plan.style === 'minimal' ? `${subjects[0]}${deed(left)},${subjects[1]}${deed(right)}`
      : `${d.pick(['左边', '左侧'])}${subjects[0]}${deed(left)},${d.pick(['右边', '右侧'])}${subjects[1]}${deed(right)}`;
  } else main = `${subjects[0]}${deed(plan.characters[0]!)}`;
  if (plan.still && d.chance(0.4)) main = `${d.pick(['一张图', '一幅画', '像素画'])}:${main}`;
  if (!detailed) {
    if (plan.ground) { const ground = groundPhrase(d, plan.ground); main = ground.startsWith('在') && d.chance(0.5) && !plan.still ? `${ground},${main}` : `${main},${ground}`; }
    return d.chance(0.5) ? `${main}。` : main;
  }
  const pair = plan.characters.length === 2;
  const pronoun = (c: CharacterPlan): string => (c.who.folk === 'skeleton' ? '它' : c.who.sex === 'male' ? '他' : '她');
  const more = plan.characters.map((c, i) => details(d, c, pair ? ['左边的人', '右边的人'][i]! : pronoun(c))).filter((text) => text !== '');
  return [
    main,
    ...(more.length > 0 && plan.relation === 'apart' ? [more.join(',')] : []),
    ...(plan.ground ? [groundPhrase(d, plan.ground)] : []),
  ].map((text) => `${text}。`).join('');
}

/** "她小麦色皮肤,穿红色裤子和棕色鞋子", or nothing. */
function details(d: Draws, { who, told }: CharacterPlan, name: string): string {
  const worn = [
    ...(told.legs ? [fill(d, LEGS[who.legs!], COLOUR[who.legsColour!])] : []),
    ...(told.feet ? [fill(d, FEET[who.feet], COLOUR[who.feetColour])] : []),
  ];
  const says = [...(told.skin ? [d.pick(SKIN[who.skin])] : []), ...(worn.length > 0 ? [`穿${worn.join('和')}`] : [])];
  return says.length === 0 ? '' : `${name}${says.join(',')}`;
}

/** What a character does, without who: 向左走. */
export const chineseDeed = (character: CharacterPlan, d: Draws): string => verbPhrase(d, character);

/** Each fact in the words of the captions, by itself: 红色头发, 头盔. */
export function chineseNames(f: Facts): string[] {
  const colour = f.hairColour ? HAIR_COLOUR[f.hairColour][0]! : '', first = (words: Words, said: string | undefined = ''): string => words[0]!.replace('*', said);
  return [
    ...(f.hairStyle ? [first(HAIR[f.hairStyle], colour)] : f.hairColour ? [`${colour}头发`] : []), ...(f.bald ? ['光头'] : []), ...(f.beard ? ['胡子'] : []),
    ...(f.skin ? [SKIN[f.skin][0]!] : []), ...(f.garment ? [first(GARMENT[f.garment], f.garmentColour && COLOUR[f.garmentColour][0])] : []),
    ...(f.headgear ? [HEADGEAR[f.headgear][0]!] : []), ...(f.legs ? [first(LEGS[f.legs], f.legsColour && COLOUR[f.legsColour][0])] : []),
    ...(f.feet ? [first(FEET[f.feet], f.feetColour && COLOUR[f.feetColour][0])] : []), ...(f.weapon ? [WEAPON[f.weapon]] : []),
    ...(f.folk && f.folk !== 'human' ? [f.folk === 'orc' ? '兽人' : '骷髅'] : f.sex ? [f.sex === 'male' ? '男人' : '女人'] : []),
    ...(f.action ? [f.action === 'walk' ? '走路' : DEED[f.action][0]!] : []), ...(f.facing ? [LOOK[f.facing][0]!] : []),
  ];
}
