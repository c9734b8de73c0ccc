/**
 * @file The Chinese words of the reader: those of the caption grammar (captions-zh.ts), and what people say instead. Hanzi are read by the longest phrase,
 * so a character with another meaning in some word needs that word beside it (发 in 出发). What is only sometimes meant so has a small weight.
 */
import type { Facts } from './facts.ts';
import type { Rows, Sense } from './reader-lexicon.ts';
import type { Action, Colour, Facing, Garment, HairColour, HairStyle } from './vocabulary.ts';

const colour = (said: string, hair?: HairColour, cloth?: Colour, alone?: Facts): Sense =>
  ({ kind: 'colour', said, ...(hair ? { hair } : {}), ...(cloth ? { cloth } : {}), ...(alone ? { alone } : {}) });
const hair = (facts: Facts = {}): Sense => ({ kind: 'target', of: 'hair', facts });
const style = (style: HairStyle): Sense => ({ kind: 'style', style });
const worn = (of: 'legs' | 'feet' | 'headgear', facts: Facts): Sense => ({ kind: 'target', of, facts });
const garment = (garment: Garment, weight = 2): Sense => ({ kind: 'target', of: 'garment', facts: { garment }, weight });
const who = (facts: Facts, implies?: Facts): Sense => ({ kind: 'who', facts, ...(implies ? { implies } : {}) });
const facts = (facts: Facts): Sense => ({ kind: 'facts', facts });
const deed = (action: Action | 'strike', weight: number): Sense => ({ kind: 'deed', action, weight });
const facing = (facing: Facing, weight: number): Sense => ({ kind: 'facing', facing, weight });
/** Every join of a first and a second part. */
const joins = (first: string, second: string): string => first.split(' ').flatMap((a) => second.split(' ').map((b) => a + b)).join(',');

const COLOURS: Rows = [
  [colour('黑色', 'black', 'black'), '黑,黑色,乌黑,漆黑,墨黑,墨色,乌,玄色,黝黑色'],
  [colour('棕色', 'brown', 'brown'), '棕,棕色,褐,褐色,栗色,咖啡色,棕褐色,茶色,栗,深棕色,浅棕色,棕黄色'],
  [colour('金色', 'blonde', 'gold'), '金,金色,金黄,金黄色,金灿灿,黄金,淡金色'],
  [colour('黄色', 'blonde', undefined), '黄,黄色,亚麻色'],
  [colour('红色', 'red', 'red'), '红,红色,火红,火红色,大红,大红色,鲜红,鲜红色,赤,赤色,橘红,橘红色,朱红,朱红色,绯红,绯红色,橙色,橘色,火焰般'],
  [colour('暗红色', 'red', 'maroon'), '暗红色,暗红,酒红,酒红色,深红,深红色,枣红,枣红色,绛红色'],
  [colour('粉色', 'pink', undefined), '粉,粉色,粉红,粉红色,桃红,桃红色,樱花色,玫红色,玫瑰色'],
  [colour('紫色', 'purple', 'purple'), '紫,紫色,紫罗兰色,深紫,深紫色,淡紫,淡紫色,紫红色,薰衣草色'],
  [colour('蓝色', 'blue', 'blue'), '蓝,蓝色,天蓝,天蓝色,深蓝,深蓝色,宝蓝,宝蓝色,湛蓝,蔚蓝,海蓝,海蓝色,藏青,藏青色,浅蓝色,蓝莹莹,靛蓝,靛蓝色'],
  [colour('青色', 'blue', 'teal'), '青,青色,蓝绿,蓝绿色,湖蓝色,青绿,青绿色,水绿色'],
  [colour('绿色', 'green', 'green', { skin: 'green' }), '绿,绿色,翠绿,翠绿色,碧绿,碧绿色,墨绿,墨绿色,草绿,草绿色,深绿,深绿色,嫩绿,浅绿色,绿油油,橄榄绿'],
  [colour('白色', 'white', 'white'), '白,白色,雪白,雪白色,洁白,纯白,纯白色,乳白,乳白色,米白色,素白,花白,象牙白,象牙色,奶白色'],
  [colour('银色', 'white', 'steel'), '银,银色,银白,银白色,银灰色'],
  [colour('灰色', 'white', 'grey'), '灰,灰色,灰白,灰白色,深灰色,浅灰色'],
  [colour('米色', undefined, 'brown'), '米色,沙色,卡其色,土黄色,驼色'],
];

const HAIR: Rows = [
  [hair(), '头发,发,秀发,发丝,发色,毛发,鬃毛,头发丝,一头'],
  [hair({ hairStyle: 'short' }), '短发,头发短短,寸头,平头,短短的头发,板寸'],
  [hair({ hairStyle: 'messy' }), '乱发,蓬乱的头发,乱糟糟的头发,鸡窝头,刺猬头,蓬头,头发蓬乱,头发乱糟糟'],
  [hair({ hairStyle: 'shoulder' }), '中长发,齐肩的头发,齐肩发,披肩发,及肩发,头发齐肩,中发,头发及肩'],
  [hair({ hairStyle: 'long' }), '长发,长长的头发,长头发,及腰长发,头发很长,披散的长发,飘逸的长发'],
  [hair({ hairStyle: 'ponytail' }), '马尾,马尾辫,单马尾,高马尾'],
  [hair({ hairStyle: 'topknot' }), '高髻,高高束起的头发,发髻,丸子头,发冠,高高的发髻,束发,道士头,包子头'],
  [hair({ hairStyle: 'pigtails' }), '双马尾,辫子,麻花辫,双辫,羊角辫,两条辫子,两根辫子,双麻花辫,小辫子,小辫'],
  [hair({ hairStyle: 'mohawk' }), '莫西干头,莫霍克发型,莫西干,鸡冠头,莫西干发型,莫霍克'],
  [hair({ hairStyle: 'curly' }), '卷发,爆炸头,卷毛,波浪发,大波浪,卷曲的头发,头发卷卷,小卷,卷卷的头发,自来卷'],
  [style('short'), '短短,短'],
  [style('messy'), '蓬乱,乱糟糟,凌乱,乱蓬蓬,蓬松'],
  [style('shoulder'), '齐肩,及肩,披肩,过肩'],
  [style('long'), '长长,长,及腰,飘逸'],
  [style('topknot'), '高高束起,高高扎起,束起,盘起,高高盘起'],
  [style('curly'), '卷曲,卷卷,微卷,波浪'],
  [facts({ bald: true }), '光头,秃头,秃顶,没有头发,没头发,剃光了头,剃光头,秃子,头发掉光,光着头,光脑袋,不长头发'],
  [facts({ beard: true }), '胡子,胡须,络腮胡,大胡子,留着胡子,长着胡须,一脸胡子,山羊胡,满脸胡子,胡茬,长胡子,大胡'],
  [facts({ skin: 'light' }), '皮肤白皙,浅色皮肤,白皙皮肤,白皙的皮肤,白皮肤,白嫩,肤色白皙,肤白,白净'],
  [facts({ skin: 'tan' }), '小麦色皮肤,皮肤晒成小麦色,小麦色,古铜色,古铜色皮肤,小麦肤色,晒黑'],
  [facts({ skin: 'dark' }), '深色皮肤,皮肤黝黑,黑皮肤,黝黑,肤色黝黑,黝黑的皮肤,黑人,深肤色,肤色很深'],
  [facts({ skin: 'green' }), '绿色皮肤,绿皮,绿皮肤'],
];

const CLOTHES: Rows = [
  [garment('plate_armor'), '板甲,钢甲,钢制板甲,铠甲,盔甲,全身甲,铁甲,胸甲,钢铁胸甲,钢铁铠甲,重甲,战甲,甲胄,钢铁盔甲,钢铁战甲,银甲,全身铠甲,铁铠,钢板甲,全套盔甲,钢制铠甲,钢制盔甲,披甲,铁衣,钢铠,全身板甲,银色铠甲,银色盔甲'],
  [garment('gold_armor'), '金甲,金色盔甲,黄金铠甲,黄金甲,金铠,黄金盔甲,金色铠甲,金铠甲,金色战甲,黄金战甲,金盔甲,金色胸甲,镀金铠甲,镀金盔甲,黄金胸甲,黄金圣衣'],
  [garment('chain_mail'), '锁子甲,锁甲,锁链甲,链甲,锁子铠,环甲,链子甲,锁环甲,锁链铠甲,锁子铠甲,环锁铠,锁链衣,锁铠'],
  [garment('leather_armor'), '皮甲,棕色皮甲,皮革甲,皮铠,皮衣,皮革护甲,皮质护甲,皮革铠甲,皮护甲,皮制护甲,皮夹克,皮外套,皮背心,皮袄,皮革外衣,皮革盔甲,皮质铠甲,皮质盔甲,皮胸甲,皮制铠甲'],
  [garment('tabard', 3), '罩袍,战袍,罩衣,罩衫,纹章罩袍,骑士罩袍'],
  [garment('robe'), '长袍,袍子,袍,法袍,道袍,巫师袍,法师袍,长衫,僧袍,僧衣,法衣,魔法袍,大袍,袈裟,巫袍,袍服,汉服,长袍子'],
  [garment('robe', 1), '斗篷,披风'],
  [garment('shirt'), '长袖衫,衬衫,长袖上衣,长袖,长袖T恤,毛衣,卫衣,衬衣,套头衫,针织衫,长袖衣,长袖衬衫,长袖衣服,毛线衣,线衫'],
  [{ kind: 'target', of: 'garment', facts: { garment: 'shirt' }, weight: 2, bySex: true }, '上衣,小衫,衫,衫子,T恤,恤衫,短衫,布衣,短上衣,上装,汗衫'],
  [garment('sleeveless_shirt'), '无袖衫,无袖上衣,背心,吊带衫,无袖T恤,小背心,吊带,坎肩背心,无袖衣,无袖小衫,无袖背心,没有袖子的上衣'],
  [garment('dress'), '连衣裙,裙装,礼服,晚礼服,婚纱,公主裙,长裙子,裙衫,洋裙,连身裙,礼裙,舞裙,纱裙,洋装'],
  [garment('vest', 3), '马甲,马甲和白衬衫,西装马甲,坎肩,马夹'],
  [{ kind: 'sleeve', garment: 'sleeveless_shirt' }, '无袖,没有袖子'],
  [worn('legs', { legs: 'pants' }), '裤子,长裤,裤,马裤,牛仔裤,紧身裤'],
  [worn('legs', { legs: 'steel_greaves' }), '钢护腿,钢制腿甲,护腿,腿甲,铁护腿,胫甲,护胫'],
  [worn('legs', { legs: 'gold_greaves' }), '金护腿,金色腿甲,金色护腿,黄金护腿,黄金腿甲'],
  [worn('legs', { legs: 'skirt' }), '裙子,长裙,裙,短裙,半身裙'],
  [worn('feet', { feet: 'shoes' }), '鞋子,鞋,靴子,靴,布鞋,皮鞋,皮靴,长靴,凉鞋'],
  [worn('feet', { feet: 'steel_boots' }), '钢靴,铁靴,铁鞋,钢制靴子,战靴'],
  [worn('feet', { feet: 'gold_boots' }), '金靴,金色靴子,黄金靴,金靴子,金鞋'],
  [worn('headgear', { headgear: 'steel_helmet' }), '钢盔,铁头盔,头盔,钢头盔,铁盔,面甲,钢制头盔'],
  [worn('headgear', { headgear: 'gold_helmet' }), '金头盔,金色头盔,金盔,黄金头盔'],
  [worn('headgear', { headgear: 'chain_hood' }), '锁甲兜帽,锁子甲头罩,锁甲头罩,链甲头罩,锁子甲兜帽,锁链头罩'],
  [worn('headgear', { headgear: 'cloth_hood' }), '棕色兜帽,兜帽,风帽,布兜帽'],
  [worn('headgear', { headgear: 'iron_hat' }), '铁帽,宽檐铁盔,铁帽子,宽边铁盔'],
  [worn('headgear', { headgear: 'leather_hat' }), '皮帽,插着红羽毛的棕色帽子,帽子,皮帽子,羽毛帽,插羽毛的帽子'],
  [worn('headgear', { headgear: 'bandana' }), '红头巾,红色头巾,头巾,包头巾,头带,大红头巾'],
  [worn('headgear', { headgear: 'tiara' }), '小皇冠,头冠,皇冠,王冠,冠冕,后冠'],
  [{ kind: 'target', of: 'other', facts: {} }, '眼睛,眼,眼眸,双眸,腰带,手套,盾牌,盾,围巾,丝带,领带,领结,嘴唇,项链,面具,翅膀,尾巴,马,龙,天空,月亮,太阳,箭袋,羽毛,宝石,旗帜,火焰,光芒,光'],
];

const PEOPLE: Rows = [
  [who({ sex: 'male' }), '男人,男子,男,男性,男孩,男生,小伙,小伙子,少年,汉子,大汉,大叔,老头,老汉,老翁,先生,哥哥,小哥,青年男子,国王,王子,男士,壮汉,帅哥,男青年,老爷爷,大爷,公子,爷们'],
  [who({ sex: 'female' }), '女人,女子,女,女性,女孩,女生,姑娘,小姑娘,少女,美女,妇人,老妇,老妪,老太太,女士,小姐,女王,王后,妹子,女郎,大妈,婆婆,妇女,丫头,佳人,奶奶,女的,小女孩,姐姐'],
  [who({}), '人,人物,角色,家伙,孩子,老人,年轻人,青年,某人,身影,村民,旅人,旅行者,冒险者,路人,小孩,人影,勇者,英雄'],
  [who({}, { garment: 'plate_armor' }), '骑士,圣骑士'],
  [who({ sex: 'female' }, { garment: 'plate_armor' }), '女骑士,女圣骑士'],
  [who({}, { garment: 'chain_mail' }), '战士,士兵,卫兵,武士,武者,守卫,老兵,兵,侍卫,勇士,佣兵,将军,武将'],
  [who({ sex: 'female' }, { garment: 'chain_mail' }), '女战士,女武士,女兵,女武神,女侠,女将军,女勇士,女将'],
  [who({}, { garment: 'tabard' }), '十字军,圣殿骑士,十字军骑士'],
  [who({}, { garment: 'chain_mail', action: 'slash' }), '剑客,剑士,刀客,侠客,剑侠'],
  [who({ sex: 'female' }, { garment: 'chain_mail', action: 'slash' }), '女剑客,女剑士,女刀客'],
  [who({}, { garment: 'chain_mail', action: 'thrust' }), '枪兵,长矛手,矛兵,枪手,长枪手,矛手,长枪兵'],
  [who({}, { garment: 'leather_armor', action: 'shoot' }), '弓箭手,射手,猎人,弓手,猎手,弓兵,神射手,游侠'],
  [who({ sex: 'female' }, { garment: 'leather_armor', action: 'shoot' }), '女弓箭手,女射手,女猎人,女弓手,女猎手,女游侠'],
  [who({}, { garment: 'robe', action: 'spellcast' }), '法师,魔法师,术士,巫师,魔导师,施法者,道士,祭司,死灵法师,德鲁伊'],
  [who({ sex: 'male' }, { garment: 'robe', action: 'spellcast' }), '男巫,男法师,男巫师'],
  [who({ sex: 'female' }, { garment: 'robe', action: 'spellcast' }), '女巫,女法师,魔女,女巫师,女魔法师,女术士,女祭司,巫婆'],
  [who({ sex: 'male' }, { garment: 'robe' }), '和尚,僧人,神父,僧侣,修士,牧师'],
  [who({ sex: 'female' }, { garment: 'robe' }), '修女,尼姑'],
  [who({}, { garment: 'leather_armor', action: 'slash' }), '盗贼,刺客,小偷,忍者,强盗,杀手,土匪'],
  [who({ sex: 'female' }, { garment: 'leather_armor', action: 'slash' }), '女刺客,女盗贼,女忍者,女贼'],
  [who({ sex: 'female' }, { garment: 'dress', headgear: 'tiara' }), '公主'],
  [who({ sex: 'female' }, { garment: 'dress' }), '女仆,新娘,舞女'],
  [who({ sex: 'male' }, { garment: 'vest' }), '管家,服务员,侍者,酒保'],
  [who({}, { headgear: 'bandana' }), '海盗,水手'],
  [who({ sex: 'female' }, { headgear: 'bandana' }), '女海盗,女水手'],
  [who({ folk: 'orc' }), '兽人,绿皮兽人,地精,哥布林,食人魔,半兽人'],
  [who({ folk: 'orc', sex: 'male' }), '男兽人,公兽人'],
  [who({ folk: 'orc', sex: 'female' }), '女兽人,绿皮女兽人,母兽人'],
  [who({ folk: 'skeleton' }), '骷髅,骷髅人,骷髅兵,亡灵,白骨,骸骨,骷髅战士,白骨精,骷髅架子,白骨亡灵,骷髅士兵,骨架,不死族'],
  [{ kind: 'who', facts: {}, pair: true }, '一男一女,情侣,夫妻'],
  [{ kind: 'pronoun', sex: 'male' }, '他'],
  [{ kind: 'pronoun', sex: 'female' }, '她'],
];

const DEEDS: Rows = [
  [deed('walk', 1),
    '走,走路,行走,走着,踏步,散步,漫步,迈步,踱步,溜达,前行,前进,行进,走动,闲逛,迈去,迈着步子,走过去,跑,奔跑,跑步,跑去,赶路,跋涉,挪,挪动,蹒跚,大步流星,踱,徘徊,迈开步子,行军,步行,赶,晃悠,漫步走,往前走,走过,走动着,巡逻,信步,移动,游荡,蹦蹦跳跳,蹦跳,大步走,踱去,'
    + '大步,缓步,一步步,慢跑,小跑,冲去,奔去,奔,逛,闲庭信步,徒步,溜,溜走,蹑手蹑脚,迈,步'],
  [deed('spellcast', 3),
    '施法,施放法术,施展魔法,举起双臂施法,施咒,念咒,念动咒语,念咒语,释放法术,释放魔法,释放魔力,施展法术,使用魔法,用魔法,放法术,放魔法,召唤,丢出火球,扔火球,扔出火球,吟唱,吟唱咒语,施展,施放,作法,画符,诵咒,结印,发动魔法,发动法术,施魔法,驱动法力,咏唱,唱咒,变魔法,变戏法'],
  [deed('spellcast', 2.5), '魔法,法术,火球,咒语,魔力,法力,咒,符咒,巫术,闪电,冰霜,法阵'],
  [deed('thrust', 3), '用长矛刺击,挺矛刺出,刺出长矛,刺,刺击,刺出,捅,捅去,戳,突刺,直刺,猛刺,刺去,扎,扎去,挺枪,挺矛,戳去,刺杀,突击'],
  [deed('slash', 3), '挥舞匕首,用匕首挥砍,挥砍匕首,挥砍,砍,劈,斩,挥刀,挥剑,劈砍,切,挥舞,砍去,劈出,舞动,舞刀,舞剑,挥舞着,挥出,削,割,横扫,划,挥动,砍杀,斩击,劈去,乱砍,猛砍,一刀,一剑,拔刀,抡,挥'],
  [deed('shoot', 3), '射箭,拉弓射箭,用弓射箭,射,放箭,拉弓,张弓,开弓,弯弓,搭箭,射出,射去,射出一箭,放了一箭,张弓搭箭,拉满弓弦,弯弓搭箭,射击,放出一箭,弯弓射箭,发箭,射了一箭,一箭,引弓,松开弓弦,拉满弓,拉开弓,放出箭'],
  [deed('shoot', 2.5), '箭,弓弦,箭矢,羽箭,利箭,弓箭'],
  [deed('fall', 4),
    '倒下,摔倒,倒在地上,跌倒在地,倒地,倒在地,栽倒,晕倒,昏倒,晕了过去,昏了过去,扑倒,跌倒,瘫倒,摔了一跤,摔,死去,阵亡,昏过去,晕过去,倒了下去,倒下去,晕厥,昏厥,摔在地上,栽在地上,跪倒,躺倒,倒了,应声倒地,一头栽倒,跌坐,瘫在地上,瘫软,跌,跌落,摔倒在地,倒毙,扑通倒地,牺牲,'
    + '仰面倒下,绊倒,滑倒,栽下,晕倒在地,趴下,倒'],
  [deed('strike', 2), '攻击,进攻,战斗,打,打斗,出击,出招,袭击,击,决斗,打架,猛击,格斗'],
  [{ kind: 'weapon', weapon: 'spear' }, '长矛,矛,长枪,枪,标枪,红缨枪,戟,长戟,三叉戟'],
  [{ kind: 'weapon', weapon: 'dagger' }, '匕首,刀,小刀,短刀,剑,短剑,长剑,利刃,刀子,弯刀,佩剑,宝剑,大刀,刀剑,长刀'],
  [{ kind: 'weapon', weapon: 'bow' }, '弓,长弓,弩,短弓,大弓'],
  [facts({ onTheSpot: true }), '原地,在原地,原地不动'],
];

const LEFT = '左 左边 左侧 左方 左面 左前方 左手边 西 西边 西面 西方 西侧', RIGHT = LEFT.replaceAll('左', '右').replaceAll('西', '东');
const TO = '向 朝 往 朝着 向着 对着 面向 面朝 面对 望向 看向 转向 朝向 冲 望着 看着 瞄向 奔 指向 冲着 往着 面朝着 侧身向 侧脸朝', US = '我们 镜头 观众 屏幕 我 画面外 你 屏幕前 相机 摄像机 正面 前方 看客';
const AWAY = '背对 背对着 背朝 背朝着 背向 背着 背冲 背影朝着 背影对着 背影朝 背冲着';

const FACING: Rows = [
  [facing('left', 2), `${joins(TO, LEFT)},朝左看,左方,左面,西边,西方,西,左,西面,西侧,朝左侧脸,左转`],
  [facing('right', 2), `${joins(TO, RIGHT)},朝右看,右方,右面,东边,东方,东,右,东面,东侧,朝右侧脸,右转`],
  [facing('left', 3), '从右往左,从右向左,自右向左,由右向左,从右边往左边,从右到左,自右而左,从东往西,从东向西,从右走到左'],
  [facing('right', 3), '从左往右,从左向右,自左向右,由左向右,从左边往右边,从左到右,自左而右,从西往东,从西向东,从左走到右'],
  [facing('towards', 2), `${joins(TO, US)},${joins('正对 正对着 面对着 迎着 正面朝向 正面对着 正面朝 脸冲 脸朝 脸朝着 脸对着 直视 直面 盯着', US)},迎面,正面,正对,向南,朝南,往南`],
  [{ kind: 'facing', facing: 'towards', weight: 2, action: 'walk' }, '走来,走过来,跑来,跑过来,走近,奔来,走上前来,迎面走来'],
  [facing('away', 3), `${joins(AWAY, US)},背影,背过身,背过身去,转过身去,背身,转身背对,从背后看,背面,背朝外,背对,头也不回,朝远处,向远处,往远处,朝远方,向远方,往远方,远方,远处,朝北,向北,往北,后背,`
    + '从后面看,背向,背朝,背对着'],
  [{ kind: 'facing', facing: 'away', weight: 3, action: 'walk' }, '走远,远去,走开,离去,离开,渐行渐远,走向远方,走向远处,往里走,朝远处走去,走向天边,远走,走掉'],
  [{ kind: 'filler' }, '左手,右手,左臂,右臂,左脚,右脚,左腿,右腿,东西,从左边,从右边,来自左边,来自右边'],
  [{ kind: 'side', side: 'left', direction: true }, '左边,左侧'],
  [{ kind: 'side', side: 'right', direction: true }, '右边,右侧'],
  [{ kind: 'side', side: 'left', refers: true }, '左边的人,左侧的人,左边那个,左边那位'],
  [{ kind: 'side', side: 'right', refers: true }, '右边的人,右侧的人,右边那个,右边那位'],
  [{ kind: 'relation', relation: 'crossing' }, '擦肩而过,相向而行,走过彼此身边,交换位置,两人擦肩而过,两人交换位置,错身而过,互换位置,擦身而过,交错而过'],
  [{ kind: 'relation', relation: 'facing' }, '面对面,相对,互相面对,彼此面对,对视,相对而立,走向对方,走向彼此,相互对视,朝对方走,朝彼此走'],
];

const SMALL: Rows = [
  [{ kind: 'count', count: 2 }, '两个,两名,两位,二人,一对,两只'],
  [{ kind: 'count', count: 3 }, '三个,四个,五个,六个,七个,八个,九个,十个,三名,四名,五名,三位,四位,许多,很多,一群,一队,几个,几名,成群,众多'],
  [{ kind: 'joint' }, '和,与,同,而,跟,以及,同时,另一个,另一名,另一位,还有,旁边,另外,则,对面'],
  [{ kind: 'link' }, '是,染成,为,呈,染,颜色,色,染了,都是,染着,乃,像,似,如'],
  [{ kind: 'worn' },
    '穿,穿着,身穿,身着,戴,戴着,头戴,披,披着,身披,套着,套,裹着,裹,留着,留,有着,有,下身穿,脚穿,扎着,扎着两条,扎起,梳着,顶着,顶,手持,拿着,手握,握着,握紧,手执,背负,着,一身,一袭,满头,身上是,身上,下身,脚上,脚蹬,脚踩,头上,头顶,手拿,提着,佩戴,身裹,身披着,身穿着,'
    + '举着,扛着,带着,背着弓,蓄着,长着,全身,浑身,盘着,束着,持,梳,配,下穿,上身'],
  [{ kind: 'not' }, '没有,没,不戴,不穿,不带,未戴,未穿,别,不要,不留,没戴,没穿,无'],
  [{ kind: 'skip' }, '的,地,得,一个,一名,一位,个,名,位,一件,一条,一顶,件,条,一双,双,那个,这个,这位,那位,有个,有位,有名,那,这,两条,一副,副,根,两根,只,一只,一支,一根,一把,把,一道,一团'],
  [{ kind: 'filler' },
    '正在,正,在,了,着呢,向,朝,往,从,到,去,来,上,下,里,中,前,后,将,用,被,给,对,就,都,也,又,很,非常,十分,起,出,过,他们,她们,它,两人,二者,们,一,二,两,三,地上,地面,画,一张图,一幅画,像素画,图,画面,一边,边,手,双手,双臂,举起,举,慢慢,慢悠悠,缓缓,悠悠,'
    + '快速,迅速,突然,猛地,嗖,狠狠,轻轻,脸,头,身,身体,身子,站,站着,看,看着,望,望着,地板,其,之,便,忽然,然后,接着,随即,冲,丢出,扔出,丢,扔,抛出,放,放出,发出,发射,出发,发动,释放,念,念动,紧,一起,自己,嘴里,口中,口念,举手,抬手,挥手,一记,一下,乱,猛,扑通,一声,已经,正要,再,还,'
    + '可,会,要,想,以,由,背景,背,面,向前,往前,朝前,前去,走到,人们,那里,这里,独自,年轻,高大,矮小,瘦,胖,老,小,大,我们,镜头,观众'],
];

/** All of it. */
export const CHINESE_WORDS: Rows = [...COLOURS, ...HAIR, ...CLOTHES, ...PEOPLE, ...DEEDS, ...FACING, ...SMALL];
