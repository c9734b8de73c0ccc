/**
 * @file The closed sets of the sprite world: what a clip may hold, in the words of its labels.
 * Captions, wardrobe, held-out split and judge all speak of these members; nothing else names them.
 */

/** What a character does. `fall` is the sheet's "hurt" row and exists towards the viewer only. */
export const ACTIONS = ['walk', 'spellcast', 'thrust', 'slash', 'shoot', 'fall'] as const;
export type Action = (typeof ACTIONS)[number];

/** Where a character looks, in the order of a sheet's four rows: away from the viewer, left, towards the viewer, right. */
export const FACINGS = ['away', 'left', 'towards', 'right'] as const;
export type Facing = (typeof FACINGS)[number];

/** The two bodies that layers are drawn for. */
export const SEXES = ['male', 'female'] as const;
export type Sex = (typeof SEXES)[number];

/** Kinds of bodies. */
export const FOLK = ['human', 'orc', 'skeleton'] as const;
export type Folk = (typeof FOLK)[number];

/** `green` goes with orcs, `bone` with skeletons. */
export const SKINS = ['light', 'tan', 'dark', 'green', 'bone'] as const;
export type Skin = (typeof SKINS)[number];

/** Hair colours that a person tells apart at 64×64; the sheets' other shades are left out. */
export const HAIR_COLOURS = ['black', 'brown', 'blonde', 'red', 'pink', 'purple', 'blue', 'green', 'white'] as const;
export type HairColour = (typeof HAIR_COLOURS)[number];

/** Shapes of hair that a person tells apart at 64×64; each stands for several of the sheets' (wardrobe.ts). */
export const HAIR_STYLES = ['short', 'messy', 'shoulder', 'long', 'ponytail', 'topknot', 'pigtails', 'mohawk', 'curly'] as const;
export type HairStyle = (typeof HAIR_STYLES)[number];

/** What covers the torso. */
export const GARMENTS = [
  'plate_armor', 'gold_armor', 'chain_mail', 'leather_armor', 'tabard', 'robe', 'shirt', 'sleeveless_shirt', 'dress', 'vest',
] as const;
export type Garment = (typeof GARMENTS)[number];

/** What covers the legs, where the garment does not. */
export const LEGS = ['pants', 'steel_greaves', 'gold_greaves', 'skirt'] as const;
export type Legs = (typeof LEGS)[number];

/** What covers the feet. */
export const FEET = ['shoes', 'steel_boots', 'gold_boots'] as const;
export type Feet = (typeof FEET)[number];

/** Colours of clothes. */
export const COLOURS = ['steel', 'gold', 'grey', 'brown', 'maroon', 'red', 'teal', 'blue', 'green', 'purple', 'white', 'black'] as const;
export type Colour = (typeof COLOURS)[number];

/** The first five hide the hair altogether; under the others it shows. */
export const HEADGEAR = [
  'steel_helmet', 'gold_helmet', 'chain_hood', 'cloth_hood', 'iron_hat', 'leather_hat', 'bandana', 'tiara',
] as const;
export type Headgear = (typeof HEADGEAR)[number];

/** Thrust needs a spear, slash a dagger, shoot a bow; walkers sometimes carry one. */
export const WEAPONS = ['spear', 'dagger', 'bow'] as const;
export type Weapon = (typeof WEAPONS)[number];

/** Patterns of the ground; ground.ts paints them. */
export const GROUND_KINDS = ['plain', 'fade_down', 'fade_across', 'checker', 'brick', 'grass', 'planks'] as const;
export type GroundKind = (typeof GROUND_KINDS)[number];

/** The muted palette of grounds: name → sRGB. */
export const GROUND_PALETTE = {
  grey: [138, 140, 143], dark: [58, 60, 68], blue: [98, 124, 160], green: [104, 138, 92], sand: [198, 178, 134],
  brown: [122, 94, 70], purple: [122, 104, 146], pink: [196, 150, 158], white: [220, 220, 214],
} as const satisfies Record<string, readonly [number, number, number]>;
export type GroundColour = keyof typeof GROUND_PALETTE;
/** The palette's names. */
export const GROUND_COLOURS = Object.keys(GROUND_PALETTE) as readonly GroundColour[];

/** Canvases of training clips, pixels: width, height. */
export const CANVASES = [[64, 64], [96, 64], [128, 64], [64, 96]] as const;

/** `heldout` clips hold only combinations that no `train` clip holds: see split.ts. */
export const SPLITS = ['train', 'heldout'] as const;
export type Split = (typeof SPLITS)[number];

/** How two characters relate: standing apart, or walking past each other and changing places. */
export const RELATIONS = ['apart', 'crossing'] as const;
export type Relation = (typeof RELATIONS)[number];

/** Languages of captions: English and Chinese. */
export const LANGUAGES = ['en', 'zh'] as const;
export type Language = (typeof LANGUAGES)[number];

/**
 * How much a caption tells: `minimal` three to five words; `short` one or two attributes; `sentence` always the hair, the
 * garment, the action and the facing of every character (what the judge reads); `detailed` two or three sentences.
 */
export const CAPTION_STYLES = ['minimal', 'short', 'sentence', 'detailed'] as const;
export type CaptionStyle = (typeof CAPTION_STYLES)[number];
