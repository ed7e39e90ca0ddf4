/** What people say between the stories: greetings, reactions, and words of other stories in passing. */

import { lines } from "../storybook.ts";

/** How a day begins. */
export const greetings = lines(`
  [Hey|Hi|Guten Morgen|Hallo] {you}! [Wie ist es dir ergangen|Lange nichts gehört, was|Wie war deine Woche]?
  {you}, [da bist du ja|endlich]! [Ich wollte dir schon lange schreiben|Ich habe so viel zu erzählen].
  [Hallo|Da bin ich wieder], [wie läuft es|was gibt es Neues], {you}?
`);

/** How the other one answers. */
export const replies = lines(`
  [Hey|Hi] {you}! [Viel los, aber gut|Hier ist alles in Ordnung|Ehrlich gesagt, etwas müde]. [Und du|Und bei dir]?
  [Ich kann nicht klagen|Alles beim Alten|Es wird langsam], {you}. [Die Arbeit hält mich auf Trab|Die Tage verfliegen nur so].
  [Wie schön, von dir zu hören|Du kommst wie gerufen], {you}! [Erzähl mir alles|Ich brauche sowieso eine Pause].
`);

/** Said after anything: they make turns longer, and alike. */
export const tails = lines(`
  [Wie geht es dir damit|Und wie ist es bei dir]?
  [Ich schicke dir später ein Foto|Ich habe ein Bild gemacht, schau].
  [Das hat mir die ganze Woche gerettet|Ich war so froh darüber|Das bedeutet mir viel].
  [Na ja, so ist das Leben|Tja, was soll man machen].
  [Danke fürs Zuhören|Danke, dass du fragst], {you}.
  [Meine Familie hält mich für verrückt|Die Kinder haben mich ausgelacht].
  [Ich hatte monatelang darüber nachgedacht|Ich habe ewig gebraucht, um mich zu entscheiden].
  [Das sollten wir zusammen feiern|Du musst bald mal zu Besuch kommen].
  [Ehrlich, das habe ich gebraucht|Das hält mich zurzeit über Wasser].
  [Ich könnte den ganzen Abend davon reden|Aber genug von mir].
  [Es war allerdings ein langer Tag|Danach habe ich geschlafen wie ein Stein].
  [Das hätte dir gefallen|Ich musste gleich an dich denken], {you}.
  [Man lernt nie aus|Übung macht den Meister, heißt es].
  [Ich versuche, es positiv zu sehen|Ein Schritt nach dem anderen].
  [Meine Freunde haben sehr geholfen|Allein hätte ich das nicht geschafft].
  Es war [fast|beinahe] wie {occasion}.
  [Wie damals in|Das war wie in] {city}, [erinnerst du dich|weißt du].
  [Jemand meinte|Ich habe gehört], bei {relative:dat} war das genauso.
  [Dann gab es|Später hatten wir] {dish:acc} [zu Hause|für alle|mit Freunden].
  [Die ganze Zeit|Mittendrin] habe ich [{piece:acc} gesummt|{book} gelesen|{show} geschaut].
  [Daneben stand|Unterwegs stand da] {vehicle} in {colour}.
  [Und das alles bei|Und ausgerechnet bei] {weather:dat}.
  [Zum {sport} kam ich auch zu spät|Keine Zeit für {sport} diese Woche].
  [Fast hätte ich {event:acc} vergessen|Alle redeten nur noch über {event:acc}].
  [Der Garten sieht auch traurig aus, keine {plant} in diesem Jahr|Wenigstens geht es den {plant:dat} gut].
  [{room:at} herrscht Chaos bei mir|Den ganzen Vormittag saß ich {room:at} fest].
`);

/** What the listener says where nothing else is planned. */
export const reactions = lines(`
  [Das ist großartig|Wow|Unglaublich], {you}! [Mach weiter so|Ich bin stolz auf dich|Du überraschst mich immer wieder].
  [Das verstehe ich total|Das Gefühl kenne ich|Geht mir genauso]. [Leicht ist es nie|So etwas braucht Zeit].
  [Danke, dass du es mir erzählst|Das weiß ich zu schätzen]. [Das macht mir Hoffnung|Das musste ich heute hören].
  [Ha, typisch|Natürlich|Du und deine Geschichten]. [Ich wäre davongelaufen|Was für ein Tag].
  [Das erinnert mich an etwas|Lustig, dass du das sagst]: [Ich sollte meine Mutter anrufen|Ich schulde dir noch eine Antwort|Hier wartet die Wäsche].
  [Klingt gut|Na schön]. [Sag mir, wie es ausgeht|Halt mich auf dem Laufenden|Melde dich, wenn es mehr gibt].
`);

/** Somebody comes back to a story, and nothing of it is told again. */
export const returns: ReadonlyArray<readonly [ask: string, answer: string]> = [
  [
    "[Übrigens, was ist mit {subject:dat}|Gibt es etwas Neues über {subject:acc}|Darf ich noch mal auf {subject:acc} zurückkommen]?",
    "[Da gibt es nichts Neues|Alles ruhig|Viel besser, danke]. [Ich sage dir, wenn etwas passiert|Wir gewöhnen uns langsam daran].",
  ],
  [
    "[Ich habe meiner Schwester alles über {subject:acc} erzählt|Hier fragen alle nach {subject:dat}]. [Man wollte es gar nicht glauben|Deine Geschichten kommen gut an].",
    "[Ha, grüß alle von mir|Jetzt bin ich berühmt]. [Es kommt mir schon so lange her vor|Du hast mich zum Lachen gebracht].",
  ],
  [
    "[Also, {subject}|Du hast neulich {subject:acc} erwähnt]. [Würdest du es wieder tun|Bereust du nichts]?",
    "[Jederzeit|Frag mich morgen|Ohne zu zögern]. [Manches ist die Mühe wert|Ich glaube, ich habe mich verändert].",
  ],
];
