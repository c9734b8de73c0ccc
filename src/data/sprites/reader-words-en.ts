/**
 * @file The English words of the reader: those of the caption grammar (captions-en.ts), and what people say instead. Words stand in their plain form
 * ("walk", "robe"); endings are found (reader-lexicon.ts). What is only sometimes meant so has a small weight.
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

const COLOURS: Rows = [
  [colour('black', 'black', 'black'),
    'black, jet black, coal black, pitch black, midnight black, raven, raven black, jet, ebony, sable, inky, ink, onyx, obsidian, dark-as-night'],
  [colour('brown', 'brown', 'brown'), 'brown, chestnut, brunette, chocolate, hazel, mahogany, umber, walnut, mousy, coffee colored, coffee coloured, dark brown, light brown'],
  [colour('tan', undefined, 'brown', { skin: 'tan' }), 'tan, tanned, beige, khaki, bronzed, sun-kissed, sunburnt, olive-skinned'],
  [colour('blonde', 'blonde', undefined, { hairColour: 'blonde' }),
    'blonde, blond, flaxen, platinum blond, platinum blonde, straw colored, straw coloured, fair-haired, honey blonde, sandy-haired'],
  [colour('golden', 'blonde', 'gold'), 'gold, golden, gilded, gilt, gold plated'],
  [colour('yellow', 'blonde', undefined), 'yellow, wheat colored, wheat coloured, sunny, lemon, straw'],
  [colour('red', 'red', 'red'),
    'red, bright red, scarlet, cherry, cherry red, ruby, ruby red, vermilion, fire red, fiery red, fiery, flaming, flaming red, flame red, flame colored, '
    + 'blood red, copper, coppery, crimson'],
  [colour('ginger', 'red', undefined, { hairColour: 'red' }), 'ginger, redheaded, red-headed, titian, flame-haired, fire-haired, carrot, orange, carroty'],
  [colour('maroon', 'red', 'maroon'), 'maroon, burgundy, wine red, wine colored, wine coloured, dark red, deep red, claret, oxblood'],
  [colour('pink', 'pink', undefined), 'pink, rose, rosy, rose pink, rose colored, bubblegum, bubblegum pink, fuchsia, magenta, salmon, hot pink, pastel pink, candy pink'],
  [colour('purple', 'purple', 'purple'), 'purple, violet, lavender, lilac, plum, amethyst, mauve, grape, dark purple, deep purple, royal purple'],
  [colour('blue', 'blue', 'blue'),
    'blue, bright blue, dark blue, azure, cobalt, navy, navy blue, sapphire, sky blue, royal blue, cerulean, indigo, ultramarine, ocean blue, deep blue, '
    + 'light blue, electric blue'],
  [colour('teal', 'blue', 'teal'), 'teal, turquoise, cyan, aqua, aquamarine, blue green, sea green'],
  [colour('green', 'green', 'green', { skin: 'green' }),
    'green, emerald, emerald green, jade, jade green, lime, lime green, forest green, dark green, mossy, moss green, olive, olive green, leaf green, '
    + 'grass green, grass, mint, mint green, bottle green, viridian, deep green'],
  [colour('white', 'white', 'white'),
    'white, snow white, snowy, ivory, lily white, pearl, pearly, alabaster, milk white, all white, chalk white, color of snow, colour of snow, snow, '
    + 'cream, creamy'],
  [colour('silver', 'white', 'steel'), 'silver, silvery, platinum, steely, steel colored, steel coloured'],
  [colour('grey', 'white', 'grey'), 'grey, gray, ash, ashen, charcoal, slate'],
];

const HAIR: Rows = [
  [hair(), 'hair, hair cut, hair loose, haired, mane, maned, lock, tress, tressed, hairdo, hairstyle, mop, mop of hair, head of hair, thatch, coiffure, topped, headed'],
  [hair({ hairStyle: 'ponytail' }), 'ponytail, ponytailed, pony tail, hair in ponytail, hair tied in ponytail, hair tied back'],
  [hair({ hairStyle: 'topknot' }), 'topknot, top knot, bun, hair bun, hair tied up high, hair tied up, hair in topknot, hair up in bun, chignon'],
  [hair({ hairStyle: 'pigtails' }), 'pigtail, pigtailed, pig tail, twin tail, twintail, bunches, two braids, hair in pigtails, twin braids'],
  [hair({ hairStyle: 'mohawk' }), 'mohawk, mohawk haircut, mohican, mohawked'],
  [hair({ hairStyle: 'curly' }), 'curl, ringlet, afro, curled locks'],
  [hair({ hairStyle: 'short' }), 'hair cut short, hair cropped short, crew cut, buzz cut, hair cropped, cut short, pixie cut, short crop, bob of hair'],
  [hair({ hairStyle: 'long' }), 'hair down to waist, waist length hair, hair to waist, hair long'],
  [style('short'), 'short, cropped, close cropped, shorn'],
  [style('messy'), 'messy, spiky, tousled, unkempt, dishevelled, disheveled, wild, untidy, scruffy, tangled, bed head, spiked, shaggy'],
  [style('shoulder'), 'shoulder length, medium length, chin length, fall to shoulder, reach shoulder, to shoulder, down to shoulder, shoulder long'],
  [style('long'), 'long, long flowing, flowing, waist length, very long, past shoulder, down to waist, down back, long straight'],
  [style('curly'), 'curly, wavy, frizzy, curled'],
  [facts({ bald: true }),
    'bald, balding, hairless, shaven headed, shaved head, head shaved, no hair, without hair, without any hair, not a hair on head, bald headed, '
    + 'bald pate, head is shaved, scalp is shaved, scalp shaved, shaven, shaven scalp, bare headed'],
  [facts({ beard: true }), 'beard, bearded, whiskers, full beard, goatee, with whiskers, moustache, facial hair'],
  [facts({ skin: 'light' }), 'pale, fair skinned, light skinned, light skin, fair skin, pale skin, pale skinned, white skin, porcelain skin, white skinned'],
  [facts({ skin: 'tan' }), 'tan skin, tanned skin, tan skinned, bronze skin, olive skin'],
  [facts({ skin: 'dark' }), 'dark skinned, brown skinned, dark skin, brown skin, black skinned, black skin, ebony skin, dusky'],
  [facts({ skin: 'green' }), 'green skinned, green skin'],
];

const CLOTHES: Rows = [
  [garment('plate_armor'),
    'plate armor, plate armour, steel armor, steel armour, steel plate armor, steel plate armour, steel plate, suit of armor, suit of armour, full plate, '
    + 'armor, armour, plate mail, breastplate, breast plate, cuirass, steel cuirass, steel breastplate, shining armor, shining armour, full armor, full armour, plate, '
    + 'in steel, in shining steel, armor plate, suit of steel, metal armor, metal armour, iron armor, iron armour, knight armor, harness, armor clad, armour clad, '
    + 'iron clad, steel clad, armored, armoured, platemail, suit of plate'],
  [garment('plate_armor', 1), 'steel, iron, metal'],
  [garment('gold_armor'),
    'gold armor, golden armor, gold armour, golden armour, golden plate armor, golden plate armour, gilded armor, gilded armour, gilded plate, '
    + 'golden plate, gold plate, gold plate armor, gold plate armour, golden breastplate, gilt armor, in gold, armor of gold, armour of gold, golden cuirass, '
    + 'gold plated armor, gold plated armour'],
  [garment('chain_mail'),
    'chain mail, chainmail, chain mail shirt, mail, mail shirt, ring mail, ringmail, coat of mail, hauberk, mail hauberk, chain mail hauberk, chain armor, '
    + 'chain armour, chainmaille, maille, shirt of mail, mail coat, byrnie, chain shirt, chains of mail, iron rings, linked rings, chainmail armor, chainmail armour, '
    + 'chain mail armor, shirt of rings, coat of rings'],
  [garment('leather_armor'),
    'leather armor, leather armour, brown leather armor, brown leather armour, leather jerkin, leather, hide armor, hide armour, hide jerkin, '
    + 'studded leather, jerkin, leather cuirass, leather vest, leather tunic, leather jacket, hard leather, boiled leather, leather coat, leather gear, leather suit, '
    + 'hides, leathern armor, leather breastplate, leather doublet'],
  [garment('tabard', 3),
    'tabard, tabard over chain mail, surcoat, heraldic coat, surcoat over chain mail, surcoat over mail, tabard over mail, tabard over hauberk, '
    + 'heraldic surcoat'],
  [garment('robe'), 'robe, robed, habit, cassock, wizard robe, mage robe, vestment, frock coat, kimono, toga, hooded robe, long robe'],
  [garment('robe', 1), 'cloak, cloaked, mantle'],
  [garment('shirt'), 'shirt, long sleeve shirt, longsleeve, long sleeve, pullover, jumper, sweater, jersey, sweatshirt, long sleeves, dress shirt, button-up, '
    + 'long sleeve top, hoodie'],
  [{ kind: 'target', of: 'garment', facts: { garment: 'shirt' }, weight: 2, bySex: true }, 'tunic, top, blouse, tee, tee shirt, t shirt, tshirt, undershirt'],
  [garment('sleeveless_shirt'),
    'tank top, sleeveless shirt, sleeveless top, singlet, sleeveless blouse, sleeveless tunic, camisole, halter top, muscle shirt, cami, '
    + 'shirt without sleeves, top without sleeves'],
  [garment('dress'), 'dress, gown, frock, sundress, ballgown, ball gown, evening gown, evening dress, wedding dress, sun dress, nightgown, maxi dress, pinafore, evening wear'],
  [garment('vest', 3), 'vest, waistcoat, vest over white shirt, gilet, vest over shirt'],
  [{ kind: 'sleeve', garment: 'sleeveless_shirt' }, 'sleeveless, bare armed, armless'],
  [{ kind: 'sleeve', garment: 'shirt' }, 'long sleeved'],
  [worn('legs', { legs: 'pants' }), 'pants, trouser, legging, breech, slacks, jeans, pantaloons, pant'],
  [worn('legs', { legs: 'steel_greaves' }), 'greave, steel greave, steel leg armor, leg armor, leg armour, steel leggings, steel leg armour'],
  [worn('legs', { legs: 'gold_greaves' }), 'golden greave, gold greave, golden leg armor, golden leg armour, gold leg armor'],
  [worn('legs', { legs: 'skirt' }), 'skirt, long skirt, kilt'],
  [worn('feet', { feet: 'shoes' }), 'shoe, boot, slipper, loafer, sandal, clog, sneaker'],
  [worn('feet', { feet: 'steel_boots' }), 'steel boot, metal boot, iron boot, sabaton'],
  [worn('feet', { feet: 'gold_boots' }), 'golden boot, gold boot, gilded boot'],
  [worn('headgear', { headgear: 'steel_helmet' }), 'helmet, steel helmet, closed helmet, helm, steel helm, iron helmet, visor, great helm, visored helmet, metal helmet'],
  [worn('headgear', { headgear: 'gold_helmet' }), 'golden helmet, gold helmet, golden helm, gold helm, gilded helmet'],
  [worn('headgear', { headgear: 'chain_hood' }), 'chain mail hood, mail coif, coif, chain hood, mail hood, chainmail hood, chainmail coif'],
  [worn('headgear', { headgear: 'cloth_hood' }), 'hood, brown hood, cloth hood, cowl, hooded'],
  [worn('headgear', { headgear: 'iron_hat' }), 'iron hat, kettle hat, kettle helmet, kettle helm, iron cap'],
  [worn('headgear', { headgear: 'leather_hat' }),
    'hat, leather hat, brown hat with red feather, cap, leather cap, feathered hat, feathered cap, hat with feather, hat with red feather'],
  [worn('headgear', { headgear: 'bandana' }), 'bandana, red bandana, headscarf, red headscarf, bandanna, kerchief, headband, head scarf, headcloth'],
  [worn('headgear', { headgear: 'tiara' }), 'tiara, crown, diadem, circlet, coronet'],
  [{ kind: 'target', of: 'other', facts: {} },
    'eye, eyed, cape, belt, glove, sash, shield, gem, flame, scarf, ribbon, bow tie, tie, lips, nose, cheek, necklace, earring, mask, wing, tail, horse, '
    + 'dragon, sky, moon, sun, light, quiver, feather, steed, pony, banner, flag, glow, sparks, smoke, plume, nails, gauntlet, gauntlets'],
];

const PEOPLE: Rows = [
  [who({ sex: 'male' }),
    'man, guy, lad, fellow, chap, dude, bloke, gentleman, boy, male, sir, gent, youngster, king, prince, father, brother, uncle, husband, grandfather, '
    + 'old man, young man, hunk, mister, hero, lord'],
  [who({ sex: 'female' }),
    'woman, girl, lady, gal, lass, lassie, maiden, female, dame, damsel, queen, mother, sister, aunt, wife, grandmother, old woman, young woman, '
    + 'young lady, miss, madam, heroine, bombshell, old lady, chick, gentlewoman, beauty, mistress'],
  [who({}), 'person, someone, somebody, figure, human, character, youth, adventurer, traveller, traveler, individual, villager, peasant, child, kid, teenager, '
    + 'teen, adult, elder, stranger, people, folk'],
  [who({}, { garment: 'plate_armor' }), 'knight, paladin, cavalier'],
  [who({ sex: 'female' }, { garment: 'plate_armor' }), 'lady knight, female knight, dame knight'],
  [who({}, { garment: 'chain_mail' }),
    'soldier, guard, warrior, fighter, guardsman, mercenary, man at arms, sentry, footman, barbarian, viking, gladiator, champion, brawler, veteran'],
  [who({}, { garment: 'tabard' }), 'crusader, templar'],
  [who({}, { garment: 'chain_mail', action: 'slash' }), 'swordsman, swashbuckler, duelist, duellist, fencer, blademaster, knife fighter'],
  [who({ sex: 'female' }, { garment: 'chain_mail', action: 'slash' }), 'swordswoman, shieldmaiden, amazon, valkyrie'],
  [who({}, { garment: 'chain_mail', action: 'thrust' }), 'spearman, lancer, pikeman, halberdier, spear bearer'],
  [who({ sex: 'female' }, { garment: 'chain_mail', action: 'thrust' }), 'spearwoman'],
  [who({}, { garment: 'leather_armor', action: 'shoot' }), 'archer, bowman, hunter, ranger, huntsman, marksman, sharpshooter'],
  [who({ sex: 'female' }, { garment: 'leather_armor', action: 'shoot' }), 'archeress, huntress, bowwoman'],
  [who({}, { garment: 'robe', action: 'spellcast' }),
    'mage, spellcaster, magician, spellslinger, magic user, cleric, shaman, necromancer, druid, wizard, enchanter, conjurer, spell caster, illusionist'],
  [who({ sex: 'male' }, { garment: 'robe', action: 'spellcast' }), 'sorcerer, warlock'],
  [who({ sex: 'female' }, { garment: 'robe', action: 'spellcast' }), 'witch, sorceress, enchantress, priestess'],
  [who({ sex: 'male' }, { garment: 'robe' }), 'monk, priest, friar, abbot'],
  [who({ sex: 'female' }, { garment: 'robe' }), 'nun'],
  [who({}, { garment: 'leather_armor', action: 'slash' }), 'rogue, thief, assassin, bandit, ninja, scoundrel, cutthroat, brigand, highwayman, scout, outlaw'],
  [who({ sex: 'female' }, { garment: 'dress', headgear: 'tiara' }), 'princess'],
  [who({ sex: 'female' }, { garment: 'dress' }), 'maid, ballerina, bride, duchess'],
  [who({}, { garment: 'vest' }), 'butler, waiter, bartender, barkeep'],
  [who({}, { headgear: 'bandana' }), 'pirate, corsair, buccaneer, sailor'],
  [who({ folk: 'orc' }), 'orc, ork, greenskin, goblin, ogre, troll, half orc'],
  [who({ folk: 'orc', sex: 'male' }), 'male orc, orc man'],
  [who({ folk: 'orc', sex: 'female' }), 'female orc, orc woman, she orc, orc girl, orc lady'],
  [who({ folk: 'skeleton' }),
    'skeleton, bag of bones, undead, skeletal warrior, bony figure, living bones, undead warrior, skeletal figure, pile of bones, skeleton warrior, bones'],
  [{ kind: 'who', facts: {}, pair: true }, 'couple'],
  [{ kind: 'pronoun', sex: 'male' }, 'he, him, his, himself'],
  [{ kind: 'pronoun', sex: 'female' }, 'she, her, hers, herself'],
];

const DEEDS: Rows = [
  [deed('walk', 1),
    'walk, stroll, stride, saunter, march, wander, amble, trudge, roam, hike, pace, tiptoe, step, plod, tramp, shuffle, lumber, sashay, strut, mosey, '
    + 'stalk, creep, sneak, limp, jog, run, sprint, dash, trot, travel, move, go, come, heads, heading, head off, head for, head toward, head towards, head to, '
    + 'advance, proceed, parade, prowl, swagger, traipse, trek, promenade, meander, hurry, rush, race, skip, take walk, go for walk, on foot, wade, waddle, drift, '
    + 'stomp, glide, storm, prance, dart, flee, hasten, barge, approach, make way, stagger along, set off, on way, on the move, leave, depart, pad'],
  [deed('spellcast', 3),
    'cast, cast spell, do magic, conjure, chant, enchant, raise arm to cast spell, incant, summon, hex, invoke, perform magic, use magic, work magic, '
    + 'weave spell, throw fireball, hurl fireball, bewitch, cast magic, channel magic, wave wand, jinx, curse, practice magic, practise magic, hurl spell, '
    + 'sling spell, spell casting, spellcasting, casting'],
  [deed('spellcast', 2.5), 'spell, magic, incantation, fireball, sorcery, arcane, wizardry, lightning bolt, ritual, magic missile, mana, witchcraft, enchantment, '
    + 'bolt of lightning, arms raised in magic, fire ball'],
  [deed('thrust', 3), 'thrust, thrust spear, stab, stab with spear, jab, jab with spear, poke, lunge, skewer, impale, pierce, spear thrust, prod, run through, '
    + 'charge with spear, ram, gore'],
  [deed('slash', 3), 'slash, slash with dagger, swing, swing dagger, slash with knife, hack, slice, cut, chop, swipe, carve, cleave, slit, hack away at, hack away with, '
    + 'stab with dagger, stab with knife, wave knife, brandish, flourish, hew, scythe, lacerate, knife attack'],
  [deed('shoot', 3), 'shoot, shoot arrow, shoot bow, fire arrow, shoot with bow, loose, let fly, take shot, loose arrow, let arrow fly, let loose, draw bow, '
    + 'draw bowstring, fire bow, archery, send arrow fly, release arrow, aim bow, snipe, bowstring drawn, draw back string, pull back bowstring, nock'],
  [deed('shoot', 2.5), 'arrow, bowstring, quarrel, fire, shaft'],
  [deed('fall', 4),
    'fall, fall down, fall to ground, fall over, collapse, crumple, keel over, topple, topple over, tumble, faint, drop dead, die, pass out, slump, '
    + 'black out, drop to ground, sink to ground, swoon, knocked out, drop down dead, hit the floor, hit ground, hit dirt, bite dust, trip, trip over, go down, '
    + 'drop to knees, stumble and fall, perish, lose consciousness, tip over, flop down, sprawl, crash to ground, sink to floor, drop to floor, fall flat, flop over, '
    + 'give up ghost, breathe last, is slain, is struck down, struck down, drop like stone, buckle'],
  [deed('strike', 2), 'attack, strike, hit, fight, lash out, wield, duel, battle, whip, drive, assault, lash, spar, flick'],
  [{ kind: 'weapon', weapon: 'spear' }, 'spear, lance, pike, javelin, halberd, polearm, trident, pole arm, staff of war'],
  [{ kind: 'weapon', weapon: 'dagger' },
    'dagger, knife, blade, sword, dirk, short sword, shortsword, cutlass, rapier, sabre, saber, scimitar, stiletto, machete, short blade, katana'],
  [{ kind: 'weapon', weapon: 'bow' }, 'bow, longbow, crossbow, shortbow, recurve bow, long bow, bow and arrow'],
  [facts({ onTheSpot: true }), 'on spot, in place, on same spot, without moving forward, on treadmill, without getting anywhere'],
];

const PLACES = 'viewer, camera, us, lens, audience, screen, me, spectator, onlooker, observer, you, watcher'.split(', ');
const each = (patterns: string): string => patterns.split(', ').flatMap((p) => PLACES.map((place) => p.replace('*', place))).join(', ');

const FACING: Rows = [
  [facing('left', 2), 'left, leftward, leftwards, to left, west, westward, westwards, westerly, to west, left hand edge, left hand side, left edge, left side'],
  [facing('right', 2), 'right, rightward, rightwards, to right, east, eastward, eastwards, easterly, to east, right hand edge, right hand side, right edge, right side'],
  [facing('towards', 2), `south, southward, southwards, to south, ${PLACES.join(', ')}, facing forward, facing front, front view, head on, frontal, from front, our way, `
    + 'our direction, face on, front facing, this way, closer'],
  [facing('away', 3), `${each('away from *, back to *, back toward *, back towards *, back on *, back turned to *, turn away from *, face away from *, back facing *')}, `
    + 'facing away, turned away, from behind, seen from behind, from rear, seen from rear, from back, back turned, turn back, rear view, back view, behind, into distance, '
    + 'away into distance, face away, turn away, back is turned, north, northward, northwards, to north, toward horizon, towards horizon, into background, viewed from behind, '
    + 'seen from back, shown from behind'],
  [facing('away', 1), 'away, off, off into, depart from'],
  [facing('right', 3), 'from left to right, from left toward right, left to right, from west to east'],
  [facing('left', 3), 'from right to left, from right toward left, right to left, from east to west'],
  [{ kind: 'filler' },
    'right at, right up, right towards, right toward, right into, right in front, right now, right before, all right, left hand, right hand, left arm, '
    + 'right arm, left foot, right foot, from left, from right, from west, from east, left leg, right leg, straight, hack off, show off, straight up, straight at, '
    + 'come what may'],
  [{ kind: 'side', side: 'left' }, 'on left, at left, on our left, at far left, on left side, left one'],
  [{ kind: 'side', side: 'right' }, 'on right, at right, on our right, at far right, on right side, right one'],
  [{ kind: 'side', side: 'left', refers: true }, 'one on left, one at left'],
  [{ kind: 'side', side: 'right', refers: true }, 'one on right, one at right'],
  [{ kind: 'relation', relation: 'crossing' },
    'past each other, pass each other, change places, swap places, trade places, past one another, pass one another, cross paths, they pass each other, '
    + 'cross each other, switch places, they change places, pass by each other, walk by each other'],
  [{ kind: 'relation', relation: 'facing' },
    'each other, one another, towards each other, toward each other, face each other, facing each other, face to face, towards one another, '
    + 'toward one another'],
];

const SMALL: Rows = [
  [{ kind: 'count', count: 2 }, 'two, pair of, 2, couple of, twin'],
  [{ kind: 'count', count: 3 }, 'three, four, five, six, seven, eight, nine, ten, group of, crowd of, army of, dozen, many, several, 3, 4, 5, 6, 7, 8, 9, 10'],
  [{ kind: 'joint' }, 'and, while, whilst, as, beside, next to, versus, vs, alongside, together with, another, other, meanwhile, whereas, opposite'],
  [{ kind: 'link' }, 'is, are, was, be, being, of, dyed, like, color, colour, shade, that is, which is, tied, tied up, tied back, dye, hue, whose, worn, done up'],
  [{ kind: 'worn' },
    'in, wearing, wear, dressed in, clad in, dressed, clad, draped in, draped, sheathed in, garbed in, garbed, wrapped in, decked out in, with, sport, '
    + 'sporting, don, donning, attired in, has, have, having, clothed in, dressed all in, carry, carrying, hold, holding, all in, under, over, grip, clutch, bear, '
    + 'swathed in, dressed up in'],
  [{ kind: 'not' }, 'without, no, not, never, minus, isn, doesn, lacking, lack, except, sans, neither, nor'],
  [{ kind: 'skip' }, 'a, an, the, colored, coloured, hued, tinted, toned, its, their, some, both, very, all, really, quite, own, one, this, that, these, those'],
  [{ kind: 'filler' },
    'to, toward, towards, at, on, into, from, with both hands, there, here, up, down, out, by, for, it, they, we, our, my, i, then, so, just, too, also, '
    + 'who, which, s, t, but, or, if, when, where, at top, at bottom, bottom, set, see, seen, happen, scene, we see this, scene is set, this happens, '
    + 'picture, picture of, image, image of, pixel art, pixel art of, a picture of, film, film of, video, video of, clip, animation, sprite, arms, arm, hand, '
    + 'both hands, raise, bright, ground, floor, through, across, along, around, about, upon, onto, hand aloft, aloft, frame, forward, ahead, do, does, doing, get, '
    + 'gets, make, makes, look, gaze, stare, watch, turn around, face, facing, turned, looking, direction, side, edge, way, old, young, big, small, tall, slim, '
    + 'short of, little, slowly, quickly, suddenly, body, head, air, home, same, pixel, animated, looks, end, against, background, backdrop, once more, again, still, '
    + 'now, neck, toe, head to toe, neck to toe, clean shaven, profile, in profile, pose, stand, stands, ready, in front of, front, near, send, throw, hurl, launch, '
    + 'fling, weave, unleash, toss, lob, mutter, energy, channel, release, off of, back, shoulders, shoulder, have on, be seen, of hair'],
];

/** All of it. */
export const ENGLISH_WORDS: Rows = [...COLOURS, ...HAIR, ...CLOTHES, ...PEOPLE, ...DEEDS, ...FACING, ...SMALL];
