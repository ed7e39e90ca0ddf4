/** The languages other than English in which the search brings words to their stems, and the words without meaning of each. */
import { stemmer as danish } from "@orama/stemmers/danish";
import { stemmer as dutch } from "@orama/stemmers/dutch";
import { stemmer as french } from "@orama/stemmers/french";
import { stemmer as german } from "@orama/stemmers/german";
import { stemmer as italian } from "@orama/stemmers/italian";
import { stemmer as norwegian } from "@orama/stemmers/norwegian";
import { stemmer as portuguese } from "@orama/stemmers/portuguese";
import { stemmer as russian } from "@orama/stemmers/russian";
import { stemmer as spanish } from "@orama/stemmers/spanish";
import { stemmer as swedish } from "@orama/stemmers/swedish";
import { stopwords as danishWords } from "@orama/stopwords/danish";
import { stopwords as dutchWords } from "@orama/stopwords/dutch";
import { stopwords as frenchWords } from "@orama/stopwords/french";
import { stopwords as germanWords } from "@orama/stopwords/german";
import { stopwords as italianWords } from "@orama/stopwords/italian";
import { stopwords as norwegianWords } from "@orama/stopwords/norwegian";
import { stopwords as portugueseWords } from "@orama/stopwords/portuguese";
import { stopwords as russianWords } from "@orama/stopwords/russian";
import { stopwords as swedishWords } from "@orama/stopwords/swedish";

/** A language in which words are brought to their stem. */
export interface Language {
  /** What a search document is marked with that is in the language, and what its stems end in: no word of a text does. */
  readonly mark: string;
  /** The stem of a word, which is written as `spelled` gives it. */
  readonly stem: (word: string) => string;
  /** Words that carry no meaning of their own, written so. */
  readonly stopWords: ReadonlySet<string>;
  /** The letters that it has and English has not, in either case. */
  readonly letters: ReadonlySet<number>;
}

/** A word as stems and lists of words are made for it: in lower case, its accents as they are written, ё as е. */
export const spelled = (word: string): string =>
  word.normalize("NFKC").toLowerCase().replaceAll("ё", "е");

const units = (text: string): ReadonlyArray<number> =>
  [...text].map((letter) => letter.charCodeAt(0));

const language = (
  code: string,
  letters: string,
  stem: (word: string) => string,
  stopWords: ReadonlyArray<string>,
  meaningful: ReadonlyArray<string> = [],
): Language => {
  const left = new Set(meaningful);
  return {
    mark: `~${code}`,
    stem,
    stopWords: new Set(stopWords.filter((word) => word !== "" && !left.has(word))),
    letters: new Set(units(letters + letters.toUpperCase())),
  };
};

/** What a German question begins with, of which the list has but a few. */
const germanQuestionWords =
  "hast habt seid wäre wären wann warum weshalb wem wen wer weswegen wessen wieso wobei wodurch wofür wogegen woher wohin womit wonach woran worauf woraus worin worüber worum wovon wovor wozu".split(
    " ",
  );

/** What there is of it elsewhere has a word for time and one for work among the words without meaning. */
const spanishWords = `
  a acá además ahí ahora al algo alguien algún alguna algunas alguno algunos allá allí ambas ambos ante antes apenas
  aquel aquella aquellas aquello aquellos aquí así aun aún aunque cada casi como cómo con conmigo consigo
  contigo contra cual cuál cuales cuáles cualquier cualquiera cuando cuándo cuanta cuánta cuantas cuántas cuanto cuánto
  cuantos cuántos de debe deben debería debo del demás demasiado desde después donde dónde durante e el él ella ellas
  ello ellos en entonces entre era éramos eran eras eres es esa esas ese eso esos esta está estaba estábamos estaban
  estabas estamos están estar estaré estará estarán estas estás este esté esto estos estoy estuve estuvieron estuvimos
  estuvo fue fuera fueron fui fuimos ha haber había habíamos habían habías habrá habrán habría hace hacen hacer haces
  hacia hacía hago han has hasta hay haya hayan he hemos hice hicieron hizo hubo iba iban incluso ir jamás la las
  le les lo los luego más me mi mí mía mías mientras mío míos mis misma mismas mismo mismos mucha muchas mucho muchos
  muy nada nadie ni ningún ninguna ninguno no nos nosotras nosotros nuestra nuestras nuestro nuestros nunca o os otra
  otras otro otros para pero poca pocas poco pocos podemos podía podían podría podrían por porque pude pudo puede
  pueden puedes puedo pues que qué quien quién quienes quiénes quizá quizás se sea sean según ser será serán sería si sí
  sido siempre siendo sin sino sobre sois solo sólo somos son soy su sus suya suyas suyo suyos tal también tampoco tan
  tanta tantas tanto tantos te tendrá tenemos tener tenga tengo tenía tenían ti tiene tienen tienes toda todas todavía
  todo todos tras tu tú tus tuya tuyo tuvo u un una unas uno unos usted ustedes va vais vamos van vas vaya vosotras
  vosotros voy vuestra vuestras vuestro vuestros y ya yo
`
  .trim()
  .split(/\s+/);

/** What the lists have, and people search for: roads and hair, the sound and the spring, human beings and their life. */
const meaningful = {
  french: ["avions", "été", "son"],
  german: ["weg"],
  italian: ["faccia", "sei"],
  dutch: ["haar", "weg"],
  norwegian: ["siden", "vår"],
  portuguese: ["nós"],
  russian: "говорил два жизнь лучше сегодня сказал сказала сказать три хорошо человек".split(" "),
  swedish: ["sitta", "vår"],
};

/**
 * All of them. Danish and Norwegian are written nearly alike and have nearly the same stems: a short text may be in either,
 * and so they have one mark.
 */
export const languages: ReadonlyArray<Language> = [
  language("da", "æøåé", danish, danishWords),
  language("da", "æøåéèêóòâô", norwegian, norwegianWords, meaningful.norwegian),
  language("de", "äöüß", german, [...germanWords, ...germanQuestionWords], meaningful.german),
  language("es", "áéíóúüñ", spanish, spanishWords),
  language("fr", "àâæçéèêëîïôœùûüÿ", french, frenchWords, meaningful.french),
  language("it", "àèéìíîòóùú", italian, italianWords, meaningful.italian),
  language("nl", "éèëïóöü", dutch, dutchWords, meaningful.dutch),
  language("pt", "áâãàçéêíóôõúü", portuguese, portugueseWords, meaningful.portuguese),
  language("ru", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", russian, russianWords, meaningful.russian),
  language("sv", "åäöé", swedish, swedishWords, meaningful.swedish),
];
