/** Words of other languages in many forms, which stemmers have to agree on: the language, a word that only it has, and the words. */
import { dialogues } from "../../../bench/search-quality/dialogues.ts";
import { german } from "../../../bench/search-quality/german/storybook.ts";
import { russian } from "../../../bench/search-quality/russian/storybook.ts";
import { spanish } from "../../../bench/search-quality/spanish/storybook.ts";
import type { Storybook } from "../../../bench/search-quality/storybook.ts";

const wordsOf = (book: Storybook): ReadonlyArray<string> => {
  const told = dialogues(book, 4, 1).flatMap(({ turns }) => turns.map(({ text }) => text));
  return [
    ...new Set(
      told
        .join(" ")
        .toLowerCase()
        .match(/\p{L}{3,}/gu),
    ),
  ];
};

const formsOf = (stems: string, endings: string): ReadonlyArray<string> =>
  stems.split(" ").flatMap((stem) => ["", ...endings.split(" ")].map((ending) => stem + ending));

export const vocabulary: ReadonlyArray<
  readonly [name: string, ownWord: string, words: ReadonlyArray<string>]
> = [
  ["german", "nicht", wordsOf(german)],
  ["russian", "что", wordsOf(russian)],
  ["spanish", "pero", wordsOf(spanish)],
  [
    "dutch",
    "niet",
    formsOf(
      "kat lop huis nation gelukk kop repar krant paard oud snel sociaal waarhe",
      "s en e er est heid heden lijk lijke ing ingen eren eerde ige ig baar ster te t d de",
    ),
  ],
  [
    "french",
    "avec",
    formsOf(
      "maison mang parl fin nation heur continu achet répar journ cheva ancien rapid social vérit",
      "s es er ez ons ent ait aient erai ation ations ement ements ité ités eux euse if ive iste ance ence able aux ique",
    ),
  ],
  [
    "italian",
    "perché",
    formsOf(
      "gatt mangi parl fin nazion felic continu compr ripar giorn caval antic rapid social verit",
      "o a i e are ere ire ato ata iamo ando azione azioni amente mente ità oso osa ivo iva ista anza enza abile ico",
    ),
  ],
  [
    "portuguese",
    "não",
    formsOf(
      "gat com fal fin naç feliz continu compr repar jorn caval antig rapid social verdad",
      "o a os as ar er ir ado ada amos ando ação ações amente mente idade oso osa ivo iva ista ância ência ável ico",
    ),
  ],
  [
    "danish",
    "af",
    formsOf(
      "kat løb hus nation lykke køb reparer avis hest gammel hurtig sandhed venskab bevægelse",
      "en et er erne ens ets s e ede ende este hed heder lig lige ig ige ning ninger skab løs t",
    ),
  ],
  [
    "norwegian",
    "ikkje",
    formsOf(
      "katt løp hus nasjon lykke kjøp reparer avis hest gammel hurtig sannhet vennskap bevegelse",
      "en et ene er s e ede ende este het heter lig lige ig ige ning ninger skap løs t a ane hetenes",
    ),
  ],
  [
    "swedish",
    "och",
    formsOf(
      "katt löp hus nation lycka köp reparer tidning häst gammal snabb sanning vänskap rörelse",
      "en et er arna ens ets s e ade ande aste het heten lig liga ig iga ning ningar skap lös t ar or orna",
    ),
  ],
];
