/**
 * @file Who drew which layer: the AUTHORS.txt of the Liberated Pixel Cup collection as rules over file names.
 * AUTHORS.txt names layers of a drawing file, not PNG files, so each rule below quotes the line that it rests on. Recolours
 * belong to the artist of the shape (the file's last line says that recolouring is the collector's). A layer that no rule
 * matches has no listed author and is dropped. The first matching rule wins.
 */

/** One artist, and how many of the layers in use rest on their work. */
export interface Credit { readonly artist: string; readonly layers: number }

const LUKE = 'Luke Mehl', JOHANNES = 'Johannes Sjölund', MARCEL = 'Marcel van de Steeg', MANUEL = 'Manuel Riecke', THANE = 'Thane Brimhall';
const MATTHEW = 'Matthew Krohn', LORI = 'Lori Angela Nagel', LANEA = 'Lanea Zimmerman (Sharm)', STEPHEN = 'Stephen Challener (Redshrike)';
const DANIEL = 'Daniel Eddeland', SHAUN = 'Shaun Williams', JOE = 'Joe White', BARBARA = 'Barbara Rivera', CONWAY = 'JRConway3';
const JAIDYN = 'JaidynReiman', NILA = 'Nila122', NEO = 'neo4cat6';

/** Pattern over the layer's name (path without `.png`), and its artists. */
const RULES: readonly (readonly [RegExp, readonly string[]])[] = [
  // Bodies. "base animations" of Challener, Sjölund (thrust, shoot, male), Krohn (thrust, shoot, female); skins by van de Steeg.
  [/^body\/male\/skeleton$/, [JOHANNES, STEPHEN]],             // "Walkcycle (skeleton) … Spellcast (skeleton)"
  [/^body\/\w+\/(red_)?orc$/, [MARCEL, STEPHEN, JOHANNES]],    // "orc", "Orc heads adapted by Marcel van de Steeg"
  [/^body\/\w+\/darkelf2?$/, [NILA, STEPHEN]],                 // "darkelf (male and female)", "darkelf2 (male and female)"
  [/^body\/male\/dark2$/, [JOHANNES, STEPHEN]],                // "dark2 skinned color tones"
  [/^body\/female\/dark2$/, [JOHANNES, STEPHEN, MATTHEW]],
  [/^body\/male\/(tanned2?|dark)$/, [MARCEL, STEPHEN, JOHANNES]], // "Tanned and dark skinned color tones"
  [/^body\/female\/(tanned2?|dark)$/, [MARCEL, STEPHEN, MATTHEW]],
  [/^body\/male\/light$/, [STEPHEN, JOHANNES]],
  [/^body\/female\/light$/, [STEPHEN, MATTHEW]],
  [/^body\/\w+\/eyes\/gray$/, [JOHANNES]],                     // "grey eyes (male and female)"
  [/^body\/male\/eyes\/casting_eyeglow_skeleton$/, [JOHANNES]], // "Casting Eyeglow"
  // Hair. Recolours by Joe White's script; "red2, black2, purple, brown2, gold hair recolors" by Nila122.
  [/^hair\/\w+\/[^/]+\/shadows-/, []],                         // skin shadows, no author listed
  [/^hair\/\w+\/(ponytail|loose|swoop|pixie|bangsshort|bangslong|unkempt|messy[12]|longhawk|bedhead|shorthawk|bangs|mohawk|long)(\/|$)/, [MANUEL]],
  [/^hair\/\w+\/(page)(\/|$)/, [JOHANNES, MATTHEW]],           // "page (color removed by Matthew Krohn)"
  [/^hair\/\w+\/(page2)(\/|$)/, [JOHANNES, JOE]],              // "page2 (adapted from page by Joe White)"
  [/^hair\/\w+\/(ponytail2|plain)(\/|$)/, [JOE]],
  [/^hair\/\w+\/princess(\/|$)/, [LANEA, MATTHEW]],            // "princess (color removed by Matthew Krohn)"
  [/^hair\/\w+\/(bangslong2|bunches)(\/|$)/, [BARBARA, MANUEL]], // "based on bangsshort", "based on unkempt"
  [/^hair\/\w+\/(shoulderl|shoulderr)(\/|$)/, [CONWAY, JAIDYN]], // "Curly Shoulder Hair", "Shoulder Hair [based on princess/unkempt]"
  [/^hair\/\w+\/(jewfro|shortknot|longknot|xlongknot)(\/|$)/, [JAIDYN]],
  [/^hair\/\w+\/xlong(\/|$)/, [NILA]],                         // "extra long hairstyle"
  [/^facial\/\w+\/(beard|mustache)(\/|$)/, [NEO, JAIDYN]],     // "Beard and Mustache", "Facial Hair Autoposition"
  // Clothes and armour.
  [/^torso\/plate\/\w+_male$/, [JOHANNES]], [/^torso\/plate\/\w+_female$/, [JOHANNES, MATTHEW]],
  [/^torso\/leather\/\w+_male$/, [JOHANNES]], [/^torso\/leather\/\w+_female$/, [JOHANNES, MATTHEW]],
  [/^torso\/chain\//, [JOHANNES, MATTHEW]],                    // "torso (chain)", "jacket purple (chain)"
  [/^(torso|legs|feet|hands|head)\/.*(gold|golden).*_male$/, [SHAUN, MATTHEW]], // "Golden Armor (male) layers"
  [/^(torso|legs|feet|hands|head)\/.*(gold|golden).*_female$/, [SHAUN, MATTHEW]], // "golden armor layers (f)"
  [/^torso\/shirts\/longsleeve\/male\//, [JOHANNES]],          // "shirt brown (robes)", "shirt white (leather)"
  [/^torso\/shirts\/sleeveless\/female\/\w+_pirate$/, [MARCEL]], // "pirateshirtlady"
  [/^torso\/shirts\/sleeveless\/female\//, [CONWAY, JAIDYN]],  // "Sleveless shirt (f)"
  [/^torso\/tunics\/female\//, [JAIDYN]],                      // "Tunic (f)"
  [/^torso\/robes_female_no_th-sh\//, [LUKE, LORI]],           // "All layers in the robes group", "robe"
  [/^torso\/dress_female\/dress_w_sash_female$/, [THANE]],     // "dress with sash"
  [/^torso\/dress_female\/(overskirt|blue_vest|underdress)$/, [LANEA]],
  [/^torso\/back\/cape\//, [JAIDYN]], [/^behind_body\/cape\//, [JAIDYN]], [/^accessories\/neck\/cape/, [JAIDYN]],
  [/^torso\/back\/wings\//, [LORI]],
  [/^formal_male_no_th-sh\//, [THANE]],                        // "All layers in the Formal Male Attire group"
  [/^legs\/armor\/male\/metal_pants_male$/, [JOHANNES]], [/^legs\/armor\/female\/metal_pants_female$/, [JOHANNES, MATTHEW]],
  [/^legs\/pants\/male\//, [JOHANNES]],                        // "pants greenish (leather, chain)" and recolours
  [/^legs\/pants\/female\/magenta_/, [CONWAY, JOE]],           // "Maroon/Magenta pants (female)"
  [/^legs\/pants\/female\//, [JOE]],                           // "green pants (f)" and recolours
  [/^legs\/skirt\/male\//, [JOHANNES]], [/^legs\/skirt\/female\//, [JOHANNES, MATTHEW]],
  [/^feet\/armor\/male\//, [JOHANNES]], [/^feet\/armor\/female\//, [JOHANNES, MATTHEW]],
  [/^feet\/shoes\/male\//, [JOHANNES]], [/^feet\/shoes\/female\//, [JOE]],
  [/^feet\/slippers_female\//, [LUKE, JOE]], [/^feet\/ghillies/, [THANE]],
  [/^belt\/leather\/male\//, [JOHANNES]], [/^belt\/leather\/female\//, [JOHANNES, MATTHEW]],
  [/^belt\/(buckles|metal|cloth\/female\/(black|brown)_)/, [LUKE]], // "All layers in the buckles group", "silver belt" …
  [/^hands\/bracers\/male\//, [JOHANNES]], [/^hands\/bracers\/female\/leather/, [JOHANNES, MATTHEW]],
  [/^hands\/bracers\/female\/(cloth_bracers|white_cloth_bracers)/, [CONWAY, JAIDYN]],
  [/^hands\/gloves\/male\/metal/, [JOHANNES]], [/^hands\/gloves\/female\/metal/, [JOHANNES, MATTHEW]],
  [/^hands\/bracelets\//, [MARCEL]], [/^head\/bandanas\//, [MARCEL]],
  [/^head\/tiaras_female\//, [LUKE]], [/^accessories\/necklaces_female/, [LUKE]],
  [/^head\/(caps|hoods)\//, [JOHANNES, MATTHEW]],              // "hat (leather)", "hood (chain)", "hood (robe)"
  [/^head\/helms\/\w+\/(metal_helm|chainhat)/, [JOHANNES]],    // "helmet metal (plate)", "hat (chain)"
  // Weapons. The wands have no listed author.
  [/^weapons\/(both hand|right hand\/\w+)\/spear/, [JOHANNES]],
  [/^weapons\/right hand\/male\/dagger/, [JOHANNES]], [/^weapons\/right hand\/female\/dagger/, [JOHANNES, MATTHEW]],
  [/^weapons\/right hand\/either\/bow/, [JOHANNES]], [/^weapons\/left hand\/either\/arrow/, [JOHANNES]],
  [/^weapons\/right hand\/either\/(greatbow|recurvebow)$/, [DANIEL]],
  [/^weapons\/left hand\/male\/shield/, [JOHANNES]], [/^behind_body\/equipment\/quiver$/, [JOHANNES]],
  [/^weapons\/oversize\/.*\/(mace_male|saber_male|trident|dragonspear)$/, [DANIEL]],
  [/^weapons\/oversize\/.*_female$/, [MATTHEW]], [/^weapons\/oversize\//, [JOHANNES]],
];

/** The listed artists of a layer (its path without `.png`); empty when nobody is listed. */
export function artistsOf(layer: string): readonly string[] {
  const artists = RULES.find(([pattern]) => pattern.test(layer))?.[1] ?? [];
  return /^hair\/.*\/(purple|brown2|gold)$/.test(layer) && artists.length > 0 && !artists.includes(NILA) ? [...artists, NILA] : artists;
}

/** The artists of these layers, those with the most layers first. */
export function creditsOf(layers: Iterable<string>): Credit[] {
  const counts = new Map<string, number>();
  for (const layer of layers) for (const artist of artistsOf(layer)) counts.set(artist, (counts.get(artist) ?? 0) + 1);
  return [...counts].map(([artist, count]) => ({ artist, layers: count })).sort((a, b) => b.layers - a.layers || (a.artist < b.artist ? -1 : 1));
}
