/** What the German dialogues of the evaluation set talk about. */
import { ask, list, me, type Storybook, type Topic, you } from "../storybook.ts";

/** The particulars that threads are told with. */
export const slots: Storybook["slots"] = {
  pet: list("Biscuit, Pepper, Mango, Luna, Ziggy, Nudel, Hazel, Otis, Krümel, Juno"),
  animal: list(
    `unser Welpe / unseren Welpen / unserem Welpen / der Welpe,
    unser Kätzchen / unser Kätzchen / unserem Kätzchen / das Kätzchen,
    unser Papagei / unseren Papagei / unserem Papagei / der Papagei,
    unser Kaninchen / unser Kaninchen / unserem Kaninchen / das Kaninchen,
    unsere Schildkröte / unsere Schildkröte / unserer Schildkröte / die Schildkröte,
    unser Frettchen / unser Frettchen / unserem Frettchen / das Frettchen,
    unser Hamster / unseren Hamster / unserem Hamster / der Hamster,
    unser Gecko / unseren Gecko / unserem Gecko / der Gecko`,
  ),
  swallowed: list(
    "eine Socke, ein Gummiband, ein halber Buntstift / einen halben Buntstift, eine Münze, ein Stück Schokolade, ein Haargummi, ein Plektrum",
  ),
  city: list(
    "Lissabon, Kyoto, Montreal, Krakau, Porto, Oslo, Valencia, Tallinn, Bologna, Sevilla, Gent",
  ),
  region: list(
    `die Dolomiten / die Dolomiten / den Dolomiten / in den Dolomiten,
    die Highlands / die Highlands / den Highlands / in den Highlands,
    Patagonien / Patagonien / Patagonien / in Patagonien,
    der Schwarzwald / den Schwarzwald / dem Schwarzwald / im Schwarzwald,
    die Toskana / die Toskana / der Toskana / in der Toskana,
    die Azoren / die Azoren / den Azoren / auf den Azoren,
    die Bretagne / die Bretagne / der Bretagne / in der Bretagne`,
  ),
  sight: list(
    "der alte Leuchtturm, ein Kachelmuseum, der botanische Garten, ein Nachtmarkt, der Turm der Kathedrale, ein Straßenbahndepot, die Salzfelder",
  ),
  mishap: list(
    "meinen Pass verloren, die Fähre verpasst, eine Reifenpanne gehabt, die Fahrkarten zu Hause gelassen, mir eine üble Erkältung geholt, uns aus der Hütte ausgesperrt",
  ),
  dish: list(
    `Lasagne, Maultaschen, Paella, ein Kichererbsencurry / ein Kichererbsencurry / einem Kichererbsencurry, Ramen,
    ein Pilzrisotto / ein Pilzrisotto / einem Pilzrisotto, Piroggen,
    ein Rindergulasch / ein Rindergulasch / einem Rindergulasch, Tamales, Moussaka`,
  ),
  secret: list(
    "geräuchertes Paprikapulver, ein Löffel Miso, Orangenschale, braune Butter, Sardellen, gerösteter Kreuzkümmel, ein Schuss Essig",
  ),
  source: list(
    "von meiner Großmutter, von einem Nachbarn, aus einer alten Zeitschrift, von meiner Mitbewohnerin, aus einem Podcast, von meiner Tante, von der Frau auf dem Markt",
  ),
  instrument: list(
    `das Cello / das Cello / dem Cello / Cello, die Ukulele / die Ukulele / der Ukulele / Ukulele,
    das Banjo / das Banjo / dem Banjo / Banjo, die Klarinette / die Klarinette / der Klarinette / Klarinette,
    das Schlagzeug / das Schlagzeug / dem Schlagzeug / Schlagzeug,
    das Akkordeon / das Akkordeon / dem Akkordeon / Akkordeon, die Harfe / die Harfe / der Harfe / Harfe`,
  ),
  piece: list(
    "ein Tango / einen Tango, ein Schlaflied, eine Suite von Bach, ein altes Seemannslied, eine Filmmusik, ein Blues in E / einen Blues in E, ein Hochzeitsmarsch / einen Hochzeitsmarsch",
  ),
  event: list(
    `das Frühlingskonzert / das Frühlingskonzert / dem Frühlingskonzert / beim Frühlingskonzert,
    die Hochzeit meiner Cousine / die Hochzeit meiner Cousine / der Hochzeit meiner Cousine / auf der Hochzeit meiner Cousine,
    das Straßenfest / das Straßenfest / dem Straßenfest / beim Straßenfest,
    ein offener Musikabend / einen offenen Musikabend / einem offenen Musikabend / bei einem offenen Musikabend,
    das Schulfest / das Schulfest / dem Schulfest / auf dem Schulfest`,
  ),
  book: list(
    "„Der gläserne Garten“, „Salzstraßen“, „Ein Winterbuch“, „Der Sohn des Kartografen“, „Neun Brücken“, „Die stille Maschine“",
  ),
  theme: list(
    "das Exil, Vergebung, das Meer, das Älterwerden, eine Familienbäckerei, eine verlorene Sprache, zwei rivalisierende Schachspieler",
  ),
  job: list(
    "in der Krankenpflege, in der Landvermessung, in der Datenanalyse, in der Tischlerei, in der Übersetzung, in der Parkaufsicht, in der Tontechnik",
  ),
  firm: list(
    `ein Krankenhaus / ein Krankenhaus / einem Krankenhaus, die Stadtverwaltung / die Stadtverwaltung / der Stadtverwaltung,
    ein winziges Start-up / ein winziges Start-up / einem winzigen Start-up, die Bahn / die Bahn / der Bahn,
    ein Verlag / einen Verlag / einem Verlag, ein Theater / ein Theater / einem Theater,
    eine Sternwarte / eine Sternwarte / einer Sternwarte`,
  ),
  condition: list(
    "eine Viertagewoche, eine Probezeit von sechs Monaten, ein Dienstrad, eine Nachtschicht im Monat, weniger Besprechungen",
  ),
  room: list(
    `die Küche / die Küche / der Küche / in der Küche, das Bad / das Bad / dem Bad / im Bad,
    der Dachboden / den Dachboden / dem Dachboden / auf dem Dachboden,
    die Garage / die Garage / der Garage / in der Garage, der Flur / den Flur / dem Flur / im Flur,
    der Balkon / den Balkon / dem Balkon / auf dem Balkon, der Keller / den Keller / dem Keller / im Keller`,
  ),
  broken: list(
    `der Boiler / den Boiler / dem Boiler, die Spülmaschine / die Spülmaschine / der Spülmaschine,
    die Waschmaschine / die Waschmaschine / der Waschmaschine, der Kühlschrank / den Kühlschrank / dem Kühlschrank,
    die Nähmaschine / die Nähmaschine / der Nähmaschine, der Rasenmäher / den Rasenmäher / dem Rasenmäher,
    die Kaffeemühle / die Kaffeemühle / der Kaffeemühle`,
  ),
  part: list(
    `ein abgenutzter Riemen / einen abgenutzten Riemen, eine durchgebrannte Sicherung, ein gerissenes Ventil,
    ein verstopfter Filter / einen verstopften Filter, ein lockeres Kabel,
    ein kaputter Kondensator / einen kaputten Kondensator`,
  ),
  price: list(
    "vierzig Euro, zweihundert Dollar, fast nichts, neunzig Pfund, sechshundert Kronen, einen Wochenlohn",
  ),
  plant: list(
    `Tomaten, Dahlien, Feigenbäume / Feigenbäume / Feigenbäumen, Wicken, Kürbisse / Kürbisse / Kürbissen, Kletterrosen,
    Lavendelbüsche / Lavendelbüsche / Lavendelbüschen, Chilis`,
  ),
  pest: list(
    `Schnecken, Blattläuse / Blattläuse / Blattläusen, ein hungriges Reh / ein hungriges Reh / einem hungrigen Reh,
    früher Frost / frühen Frost / frühem Frost, Mehltau, die Hühner von nebenan / die Hühner von nebenan / den Hühnern von nebenan`,
  ),
  remedy: list(
    "Kupferband, Knoblauchspray, ein altes Bettlaken, Brennnesselsud, zerdrückte Eierschalen, ein höherer Zaun",
  ),
  sport: list("Klettern, Rudern, Fechten, Trailrunning, Schwimmen, Judo, Radfahren, Badminton"),
  injury: list(
    "ein verstauchter Knöchel, eine gezerrte Schulter, zwei angebrochene Rippen, ein verdrehtes Knie, ein gestauchter Daumen",
  ),
  cure: list(
    "tägliches Dehnen, ein Eisbad, drei Wochen Ruhe, eine Bandage, Physiotherapie, leichtere Schuhe",
  ),
  craft: list(
    `das Töpfern / das Töpfern / dem Töpfern / beim Töpfern / Töpferkurs,
    das Buchbinden / das Buchbinden / dem Buchbinden / beim Buchbinden / Buchbindekurs,
    die Kalligrafie / die Kalligrafie / der Kalligrafie / bei der Kalligrafie / Kalligrafiekurs,
    das Stricken / das Stricken / dem Stricken / beim Stricken / Strickkurs,
    das Schnitzen / das Schnitzen / dem Schnitzen / beim Schnitzen / Schnitzkurs,
    der Siebdruck / den Siebdruck / dem Siebdruck / beim Siebdruck / Siebdruckkurs,
    das Glasblasen / das Glasblasen / dem Glasblasen / beim Glasblasen / Glasbläserkurs`,
  ),
  made: list(
    "eine Teekanne, ein Schal, ein Satz Schüsseln, ein Schneidebrett, ein Notizbuch aus Leder, ein Lampenschirm, ein Vogelhaus",
  ),
  receiver: list(
    `meine Schwester / meine Schwester / meiner Schwester, eine pensionierte Lehrerin / eine pensionierte Lehrerin / einer pensionierten Lehrerin,
    die neuen Nachbarn / die neuen Nachbarn / den neuen Nachbarn, mein Patenkind / mein Patenkind / meinem Patenkind,
    eine alte Schulfreundin / eine alte Schulfreundin / einer alten Schulfreundin,
    unser Vermieter / unseren Vermieter / unserem Vermieter`,
  ),
  relative: list(
    `mein Bruder / meinen Bruder / meinem Bruder / der Bruder / den Bruder,
    meine Nichte / meine Nichte / meiner Nichte / die Nichte / die Nichte,
    mein Onkel / meinen Onkel / meinem Onkel / der Onkel / den Onkel,
    mein Großvater / meinen Großvater / meinem Großvater / der Großvater / den Großvater,
    meine Stiefmutter / meine Stiefmutter / meiner Stiefmutter / die Stiefmutter / die Stiefmutter,
    meine Cousine / meine Cousine / meiner Cousine / die Cousine / die Cousine`,
  ),
  news: list(
    `heiratet / heiratet, bekommt Zwillinge / Zwillinge bekommt, zieht ins Ausland / ins Ausland zieht,
    eröffnet eine Bäckerei / eine Bäckerei eröffnet, verkauft den Hof / den Hof verkauft,
    macht das Staatsexamen / das Staatsexamen macht`,
  ),
  when: list(
    "im Juni, nächstes Frühjahr, am Zehnten, gleich nach Weihnachten, in zwei Wochen, Ende August",
  ),
  charity: list(
    `das Tierheim / das Tierheim / dem Tierheim / im Tierheim, die Tafel / die Tafel / der Tafel / bei der Tafel,
    das Hospiz / das Hospiz / dem Hospiz / im Hospiz,
    ein Leseclub für Kinder / einen Leseclub für Kinder / einem Leseclub für Kinder / in einem Leseclub für Kinder,
    die Seenotrettung / die Seenotrettung / der Seenotrettung / bei der Seenotrettung,
    ein Repair-Café / ein Repair-Café / einem Repair-Café / in einem Repair-Café`,
  ),
  task: list(
    "Spenden sortieren, die Hunde ausführen, den Transporter fahren, ans Telefon gehen, Bruchrechnen erklären, Fahrräder flicken",
  ),
  service: list(
    `der Abrechnungsdienst / den Abrechnungsdienst / dem Abrechnungsdienst, der Datenimport / den Datenimport / dem Datenimport,
    die Anmeldeseite / die Anmeldeseite / der Anmeldeseite, der Berichtsjob / den Berichtsjob / dem Berichtsjob,
    der Suchindex / den Suchindex / dem Suchindex, die mobile App / die mobile App / der mobilen App`,
  ),
  symptom: list(
    `läuft jeden Morgen in ein Timeout / jeden Morgen in ein Timeout lief, liefert leere Seiten / leere Seiten lieferte,
    bucht alles doppelt ab / alles doppelt abbuchte, frisst den ganzen Speicher / den ganzen Speicher fraß,
    verliert jede zehnte Nachricht / jede zehnte Nachricht verlor`,
  ),
  cause: list(
    "ein fehlender Index, eine falsch gehende Uhr, ein zwischengespeichertes Token, eine Endlosschleife beim Wiederholen, ein abgelaufenes Zertifikat, eine falsche Zeitzone",
  ),
  tool: list(
    "pool_max, retry_budget, cacheTtlSeconds, src/jobs/Nightly.ts, config/limits.yaml, max_batch_rows, parseHeader",
  ),
  value: list("12, 300, 45 Sekunden, die Hälfte, null, 2048"),
  release: list("v2.3.1, v0.9.14, v4.0.0, v1.18.2, v3.7.5"),
  vehicle: list(
    `ein Lieferwagen / einen Lieferwagen / einem Lieferwagen / der Lieferwagen / den Lieferwagen,
    ein Motorrad / ein Motorrad / einem Motorrad / das Motorrad / das Motorrad,
    ein alter Volvo / einen alten Volvo / einem alten Volvo / der alte Volvo / den alten Volvo,
    ein Wohnmobil / ein Wohnmobil / einem Wohnmobil / das Wohnmobil / das Wohnmobil,
    ein Motorroller / einen Motorroller / einem Motorroller / der Motorroller / den Motorroller,
    ein Kombi / einen Kombi / einem Kombi / der Kombi / den Kombi,
    ein Tandem / ein Tandem / einem Tandem / das Tandem / das Tandem`,
  ),
  colour: list("Senfgelb, Flaschengrün, Himmelblau, Ziegelrot, Silber, Creme"),
  course: list(
    "Portugiesisch, Statistik, Erste Hilfe / Erste Hilfe / Erster Hilfe, Imkerei, Gebärdensprache, Astronomie, Metallbau",
  ),
  teacher: list(
    "ein Seemann im Ruhestand, eine ehemalige Tänzerin, ein sehr strenger Professor, eine Frau aus Goa, jemand in meinem Alter, ein Mönch",
  ),
  show: list("„Der Hafen“, „Kalte Konten“, „Papiermonde“, „Station Neun“, „Das lange Tauwetter“"),
  fear: list(
    `große Höhen / große Höhen / großen Höhen, das Fliegen / das Fliegen / dem Fliegen,
    das Reden vor Publikum / das Reden vor Publikum / dem Reden vor Publikum, Spinnen,
    tiefes Wasser / tiefes Wasser / tiefem Wasser, der Zahnarzt / den Zahnarzt / dem Zahnarzt`,
  ),
  trick: list(
    "rückwärts zählen, summen, einen glatten Stein festhalten, durch die Nase atmen, vorher alles aufschreiben",
  ),
  gift: list(
    "ein Teleskop, ein Plattenspieler, Konzertkarten, eine gusseiserne Pfanne, eine Hängematte, ein Füller, eine Sternkarte",
  ),
  occasion: list(
    `mein Geburtstag / meinen Geburtstag / meinem Geburtstag / zum Geburtstag,
    unser Jahrestag / unseren Jahrestag / unserem Jahrestag / zum Jahrestag,
    mein Abschluss / meinen Abschluss / meinem Abschluss / zum Abschluss,
    die Einweihungsfeier / die Einweihungsfeier / der Einweihungsfeier / zur Einweihungsfeier,
    mein letzter Arbeitstag / meinen letzten Arbeitstag / meinem letzten Arbeitstag / zum letzten Arbeitstag`,
  ),
  weather: list(
    `Hagel, dichter Nebel / dichten Nebel / dichtem Nebel, eine Hitzewelle / eine Hitzewelle / einer Hitzewelle,
    ein Gewitter / ein Gewitter / einem Gewitter, Neuschnee, ein Sandsturm / einen Sandsturm / einem Sandsturm`,
  ),
  plan: list(
    `das Picknick / das Picknick / dem Picknick / beim Picknick, das Grillfest / das Grillfest / dem Grillfest / beim Grillfest,
    der Marathon / den Marathon / dem Marathon / beim Marathon, die Regatta / die Regatta / der Regatta / bei der Regatta,
    das Gartenfest / das Gartenfest / dem Gartenfest / beim Gartenfest,
    die Ballonfahrt / die Ballonfahrt / der Ballonfahrt / bei der Ballonfahrt`,
  ),
  refuge: list(
    `eine alte Scheune / eine alte Scheune / einer alten Scheune, die Bibliothek / die Bibliothek / der Bibliothek,
    ein Bushäuschen / ein Bushäuschen / einem Bushäuschen,
    die Bäckerei an der Ecke / die Bäckerei an der Ecke / der Bäckerei an der Ecke,
    ein Gemeindesaal / einen Gemeindesaal / einem Gemeindesaal,
    irgendeine Garage / irgendeine Garage / irgendeiner Garage`,
  ),
};

/** The stories. */
export const topics: ReadonlyArray<Topic> = [
  {
    lines: [
      me(
        "[Wir hatten solche Angst um {pet}, {animal:acc}|Du glaubst nicht, was für eine Woche das war mit {pet}, {animal:dat}|Ich bin völlig erledigt wegen {pet}, {animal:dat}]. [Ich saß die halbe Nacht beim Tierarzt|Um Mitternacht kamen wir beim Tierarzt dran|Wir sind sofort in die Tierklinik gerast].",
      ),
      you(
        "[O nein, das arme Tier|Du meine Güte|Das klingt ja furchtbar]! [Was war es denn|Was um alles in der Welt ist passiert|Ist jetzt alles in Ordnung]?",
      ),
      me(
        "[Am Ende war es {swallowed}|Gefunden haben sie {swallowed:acc}|Auf dem Bild sah man {swallowed:acc}]. [Uns war gar nicht aufgefallen, dass etwas fehlte|Ich weiß bis heute nicht, woher das kam].",
        "[{pet} hatte etwas verschluckt|{animal} hatte etwas gefressen, was da nicht hineingehört].",
      ),
      you(
        "[Ich bin so froh, dass es gut ausgegangen ist|Ach, diese Tiere|Das hat bestimmt ein Vermögen gekostet].",
      ),
      me(
        "[Neun Stiche und zehn Tage mit Plastiktrichter|Sie haben uns bis zum Morgen dabehalten und mit Tabletten nach Hause geschickt|Wir dürfen eine Woche lang nur Schonkost geben], [es hätte also schlimmer kommen können|und dann sehen wir weiter].",
        "[In der Praxis waren sie toll mit {pet}|Zur Behandlung von {pet}, weil du fragst].",
      ),
    ],
    questions: [
      ask(
        "Was [hatte {pet}, {animal:the} von {me}, verschluckt|hatte {pet}, {animal:the} von {me}, gefressen], bevor es [zum Tierarzt|in die Tierklinik] ging?",
        2,
      ),
      ask(
        "Welche [Behandlung|Pflege] brauchte {animal:the} von {me} [nach dem Tierarztbesuch|nach dem überstandenen Notfall]?",
        4,
      ),
      ask("[Wer ist {pet}|Was für ein Haustier ist {pet}]?", 0),
    ],
    overall: {
      ask: "Welche [Haustiere|Tiere] von {me} mussten [zum Tierarzt|tierärztlich behandelt werden]?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Ich bin gerade zurück aus|Endlich waren wir mal in|Ich war zehn Tage in] {city}. [Allein das Essen war die Reise wert|Ich bin gelaufen, bis mir die Füße wehtaten|Es ging ständig bergauf]!",
      ),
      you(
        "[Ich platze vor Neid|Hast du es gut|Da wollte ich schon immer mal hin]! [Was hat dir am besten gefallen|Was waren die Höhepunkte|Was darf ich nicht verpassen]?",
      ),
      me(
        "[Ohne jeden Zweifel|Ganz klar|Oh,] {sight}. [Ich hätte den ganzen Tag dort bleiben können|Wir waren gleich zweimal da|Ich habe viel zu viele Fotos gemacht].",
        "[Das Beste in {city}|Was ich auf der Reise am meisten genossen habe]?",
      ),
      you(
        "[Und diesmal gar kein Ärger|Hat denn alles geklappt|Wie ich dich kenne, ging etwas schief]?",
      ),
      me(
        "[Ha, natürlich nicht, ich|Na ja, ich] habe [am zweiten Tag|auf dem Rückweg|gleich am ersten Abend] {mishap}. [Ein netter Mensch hat uns weitergeholfen|Das hat uns einen ganzen Nachmittag gekostet|Heute lache ich darüber].",
        "[Irgendetwas geht immer schief, wenn ich verreise|Die Reise nach {city} war nicht perfekt].",
      ),
    ],
    questions: [
      ask(
        "Was hat {me} [in {city}|im Urlaub in {city}|auf der Reise nach {city}] am [besten gefallen|meisten gefallen]?",
        2,
      ),
      ask(
        "[Was ging bei {me} schief|Welchen Ärger hatte {me}] auf [der Reise|der Fahrt|dem Ausflug] nach {city}?",
        4,
      ),
      ask("Wann [ist {me} nach {city} gereist|hat {me} {city} besucht]?", 0),
    ],
    overall: { ask: "Welche Städte hat {me} [besucht|bereist|gesehen]?", line: 0 },
  },
  {
    lines: [
      me(
        "[Ich habe {dish:acc} gekocht|Bei mir gab es {dish:acc}|Gestern Abend habe ich mich an {dish:acc} gewagt], [für sechs Leute|zum ersten Mal|alles selbst gemacht], [und niemand ging hungrig nach Hause|und am Ende war der Topf leer].",
      ),
      you(
        "[Das musst du mir verraten|Mir läuft das Wasser im Mund zusammen|Wow, mutig]. [Wessen Idee war das|Wo hast du das gelernt|Steht das in einem Buch]?",
      ),
      me(
        "[Das habe ich|Das kommt|Das ist] {source}, [schon vor Jahren|auf eine Postkarte gekritzelt|ganz ohne Mengenangaben].",
        "[Das Rezept für {dish:acc}|Von wem ich das Kochen gelernt habe]?",
      ),
      you("[Und der Trick|Da muss doch ein Trick dabei sein|Was macht es so besonders]?"),
      me(
        "{secret}, [ganz am Schluss|nur ein wenig|mehr, als man sich traut]. [Sag es nicht weiter|Das verändert alles|Danach fragen sie immer].",
        "[Was in {dish:acc} unbedingt hineingehört|Die geheime Zutat]?",
      ),
    ],
    questions: [
      ask(
        "[Wer hat {me} beigebracht, {dish:acc} zu kochen|Von wem hat {me} das Rezept für {dish:acc} bekommen|Woher stammt das Rezept von {me} für {dish:acc}]?",
        2,
      ),
      ask("Welche [geheime Zutat|besondere Zutat] kommt bei {me} in {dish:acc}?", 4),
    ],
    overall: { ask: "Welche [Gerichte|Speisen] hat {me} gekocht?", line: 0 },
  },
  {
    lines: [
      me(
        "[Ich habe mit {instrument:dat} angefangen|Ich lerne jetzt {instrument:bare} spielen|Meine neue Leidenschaft ist {instrument}]. [Die Nachbarn haben noch Geduld|Mir tun die Finger weh|Ich übe im Kleiderschrank].",
      ),
      you(
        "[Gut so|Na endlich|Das hätte ich nicht gedacht]! [Woran arbeitest du gerade|Kannst du schon etwas spielen|Hast du Unterricht]?",
      ),
      me(
        "[Nur|Langsam lerne ich|Meistens] {piece:acc}. [Nach der zweiten Seite fällt alles auseinander|Ich kann es fast mit geschlossenen Augen].",
        "[Auf {instrument:dat}|Was ich übe]?",
      ),
      you(
        "[Wann dürfen wir zuhören|Wird es Publikum geben|Willst du nicht mal vor Leuten spielen]?",
      ),
      me(
        "[Ja, tatsächlich,|Ich habe es versprochen, ich spiele|Sie wollen mich hören,] {event:at}. [Ich habe solchen Bammel|Jetzt gibt es kein Zurück|Drück mir die Daumen].",
        "[Ich trete öffentlich auf|Mit {instrument:dat} vor Publikum].",
      ),
    ],
    questions: [
      ask(
        "[Welches|Was für ein] [Musikstück|Lied|Stück] [lernt|übt] {me} auf {instrument:dat}?",
        2,
      ),
      ask(
        "[Wo|Bei welcher Gelegenheit] wird {me} [öffentlich|vor Publikum] {instrument:bare} spielen?",
        4,
      ),
    ],
  },
  {
    lines: [
      me(
        "[Ich konnte {book} nicht weglegen!|Ich bin gerade fertig mit {book}.|Hast du {book} gelesen?] [Ich habe es in einem Zug gelesen|Es hat mich bis drei Uhr wach gehalten].",
      ),
      you(
        "[Nie davon gehört|Das steht bei mir im Regal|Jemand bei der Arbeit sprach davon]. [Worum geht es|Ist es traurig|Lohnt es sich]?",
      ),
      me(
        "[Vor allem um|Scheinbar ist es ein Krimi, aber in Wirklichkeit geht es um|Am Ende dreht sich alles um] {theme}. [Das letzte Kapitel hat mir das Herz gebrochen|Ich habe im Zug geweint|Wunderschön geschrieben].",
        "[Der Roman lässt sich nicht leicht zusammenfassen|Du willst wissen, wovon {book} handelt].",
      ),
      you(
        "[Leih es mir, wenn du kannst|Schon auf meiner Liste|Klingt etwas schwer für den Strand].",
      ),
    ],
    questions: [
      ask(
        "Worum geht es in [dem Buch {book}, das {me} gelesen hat|dem Roman {book}, den {me} gelesen hat|dem Roman {book}]?",
        2,
      ),
      ask(
        "[Welchen Roman|Welches Buch] hat {me} [in einem Zug gelesen|die halbe Nacht lang gelesen]?",
        0,
      ),
    ],
  },
  {
    lines: [
      me(
        "[Große Neuigkeiten: Ich habe einen Vertrag unterschrieben|Also, ich habe endlich die Zusage|Du erfährst es zuerst, ich wechsle die Stelle]. [Ab Montag arbeite ich|Sie wollen mich|Ich bin künftig] {job}.",
      ),
      you(
        "[Herzlichen Glückwunsch|Wurde auch Zeit|Du hast es verdient]! [Wer ist der Glückliche|Wo denn|Bei wem]?",
      ),
      me(
        "[Es ist bei|Das ist bei|Bei] {firm:dat}. [Zehn Minuten von zu Hause|Sie haben monatelang gesucht|Das Gespräch hat drei Stunden gedauert].",
        "[Mein neuer Arbeitgeber|Wer mich für die Stelle {job} genommen hat]?",
      ),
      you("[Hast du verhandelt|Und sind die Bedingungen gut|Hoffentlich bessere Zeiten, oder]?"),
      me(
        "[Herausgeholt habe ich|Sie geben mir|Der einzige Haken:] {condition}. [Ich schlafe jetzt schon besser|Mal sehen, wie lange das hält].",
        "[Was die Bedingungen bei der neuen Stelle angeht|Ich habe tatsächlich mit ihnen verhandelt].",
      ),
    ],
    questions: [
      ask(
        "[Wer|Was für ein Betrieb] [hat {me} für die Stelle {job} eingestellt|beschäftigt {me} {job}]?",
        2,
      ),
      ask(
        "Welche [Bedingung|Vereinbarung] hat {me} [bei der neuen Stelle|mit dem neuen Arbeitgeber] ausgehandelt?",
        4,
      ),
      ask("Was ist [der neue Beruf|die neue Tätigkeit|das neue Arbeitsgebiet] von {me}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[{broken} hat den Geist aufgegeben|{broken} ist hinüber|So ein Ärger mit {broken:dat}], [schon wieder|natürlich an einem Sonntag|kurz bevor die Gäste kamen].",
      ),
      you(
        "[Hast du jemanden angerufen?|Nicht schon wieder.|Typisch.] [Ist da noch etwas zu retten|Ist das noch zu reparieren|Was war denn kaputt]?",
      ),
      me(
        "[Es war bloß {part}|Nach zwei Stunden auf dem Boden fand ich {part:acc}|Der Monteur zog {part:acc} heraus]. [Ich kam mir dumm vor|Das habe ich als Andenken behalten|Das saß hinter einer Abdeckung].",
        "[Was {broken:dat} fehlte|Was da drin kaputtgegangen ist]?",
      ),
      you("[Und der Schaden|Das war hoffentlich billig, oder|Was haben sie verlangt]?"),
      me(
        "{price}, [Ersatzteile inklusive|bar auf die Hand|dazu eine Tasse Tee]. [Ich hatte Schlimmeres befürchtet|Der reinste Wucher|Damit kann ich leben].",
        "[Was ich bezahlt habe, um {broken:acc} reparieren zu lassen|Ob die Reparatur teuer war]?",
      ),
    ],
    questions: [
      ask(
        "Was war [an {broken:dat} von {me} defekt|bei {me} die Ursache, als {broken} ausfiel]?",
        2,
      ),
      ask(
        "Wie viel hat {me} [dafür bezahlt, {broken:acc} reparieren zu lassen|gezahlt, damit {broken} wieder läuft|für die Reparatur ausgegeben, als {broken} kaputt war]?",
        4,
      ),
    ],
    overall: {
      ask: "Welche [Geräte|Sachen] musste {me} [reparieren lassen|richten lassen]?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Dieses Jahr ziehe ich {plant}|Ich habe {plant} gepflanzt|Das ganze Beet ist voller {plant}]. [Das müsstest du sehen|Ich bin schon vor dem Frühstück draußen|Mir tut vom Graben der Rücken weh].",
      ),
      you(
        "[Meine gehen immer ein|Ich beneide dich um deinen grünen Daumen|Und niemand frisst sie dir weg].",
      ),
      me(
        "[Leider doch: {pest}|Der Feind: {pest}|Wir hatten furchtbaren Ärger mit {pest:dat}]. [Über Nacht war die Hälfte weg|Ich hätte fast aufgegeben|Ich war außer mir].",
        "[Meine {plant} wurden angegriffen|Der Schaden an den {plant:dat} war groß].",
      ),
      you("[Und was jetzt|Und du lässt das einfach zu|Hat etwas geholfen]?"),
      me(
        "{remedy}[, ob du es glaubst oder nicht|, nichts sonst|, und der Rest war gerettet]. [Billig und ganz ohne Gift|Nebenan schwört man auch darauf].",
        "[Zum Schutz der {plant}|Wie ich den Garten gerettet habe]:",
      ),
    ],
    questions: [
      ask("Was hat die {plant} von {me} [beschädigt|angegriffen|bedroht]?", 2),
      ask("Wie hat {me} die {plant} im Garten [geschützt|gerettet]?", 4),
    ],
    overall: { ask: "Was [zieht|pflanzt] {me} im Garten?", line: 0 },
  },
  {
    lines: [
      me(
        "[Kein {sport} mehr für mich|Ich musste mit dem {sport} aufhören|Schluss mit {sport}], [diesen Monat jedenfalls|für eine Weile]. [Ich habe es übertrieben|Selbst schuld|Ausgerechnet beim Aufwärmen ist es passiert].",
      ),
      you(
        "[Was hast du denn angestellt|Autsch|Hast du dich verletzt]? [Warst du beim Arzt|Wie schlimm ist es]?",
      ),
      me(
        "[Nur|In der Praxis hieß es:|Nach dem Röntgen war klar:] {injury}. [Es hätte schlimmer kommen können|Ich kann mir kaum die Schuhe binden|Nachts pocht es].",
        "[Die Verletzung vom {sport}|Was beim {sport} passiert ist]?",
      ),
      you("[Lass es langsam angehen.|Und wie wirst du das wieder los?|Das hatte ich auch mal.]"),
      me(
        "{cure}[, das wirkt bei mir|, sonst nichts|, so wurde es mir verordnet]. [Langweilig, aber wahr|Ich zähle die Tage|Es ist schon etwas besser].",
        "[Um gesund zu werden|Um wieder zum {sport} zu können]?",
      ),
    ],
    questions: [
      ask(
        "[Welche Verletzung|Was für eine Verletzung] [hinderte {me} am {sport}|hielt {me} vom {sport} ab]?",
        2,
      ),
      ask(
        "[Wie hat sich {me} von der Verletzung beim {sport} erholt|Wie hat {me} die Verletzung vom {sport} behandelt|Wie wurde {me} nach dem Unfall beim {sport} wieder gesund]?",
        4,
      ),
    ],
  },
  {
    lines: [
      me(
        "[Ich habe mich zum {craft:course} angemeldet|Dienstagabends gehe ich zum {craft:course}|Mein Herz schlägt jetzt für {craft:acc}]. [Meine Hände werden nie mehr sauber|In der Werkstatt riecht es wunderbar|Nichts beruhigt mich so sehr].",
      ),
      you("[Zeigst du mir etwas|Was ist dabei herausgekommen|Ist schon etwas fertig]?"),
      me(
        "{made}, [ein bisschen schief|mein dritter Versuch|und ich bin albern stolz darauf]. [Bei den anderen wurde es schöner|Fast wäre mir alles heruntergefallen].",
        "[Was ich im {craft:course} gemacht habe|Was {craft:at} entstanden ist]:",
      ),
      you("[Behältst du es?|Das kommt wohl bei dir ins Regal.|Das könntest du verkaufen.]"),
      me(
        "[Schon weg, das war für|Das ging an|Nein, verpackt ist es schon, für] {receiver:acc}. [Da flossen Tränen|Jede Stunde hat sich gelohnt|Ich habe dafür einen Kuchen bekommen].",
        "[Was ich im {craft:course} gemacht habe, war ein Geschenk|Ich habe es verschenkt].",
      ),
    ],
    questions: [
      ask("Was hat {me} [im {craft:course}|{craft:at}] [gemacht|hergestellt|geschaffen]?", 2),
      ask("Wer [erhielt|bekam], was {me} [im {craft:course}|{craft:at}] gemacht hat?", 4),
    ],
    overall: {
      ask: "Mit [welchem Handwerk|welchen Hobbys] hat {me} angefangen?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Rate mal|Neues aus der Familie|Meine Mutter hat angerufen]! {relative} {news}. [Ich musste mich setzen|Damit hatte niemand gerechnet|Wir sind alle ganz aus dem Häuschen].",
      ),
      you(
        "[Wie schön|Wirklich|Das geht aber schnell]! [Wann ist es denn|Wann soll das alles sein|Steht der Termin schon fest]?",
      ),
      me(
        "{when}, [wenn alles gut geht|es bleibt also nicht viel Zeit|so heißt es zumindest]. [Ich brauche noch Schuhe|Ich soll eine Rede halten|Wir fahren alle zusammen hin].",
        "[Wann es bei {relative:dat} so weit ist|Der Termin]?",
      ),
    ],
    questions: [
      ask(
        "Wann [ist es so weit|soll es so weit sein|ist geplant], dass {relative:the} von {me} {news:end}?",
        2,
      ),
      ask("Welche [Neuigkeit|Nachricht] hat {me} über {relative:theAcc} [erzählt|verkündet]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Ich arbeite jetzt ehrenamtlich|Samstags helfe ich|Mein Wochenende verbrachte ich] {charity:at}. [Das erdet mich|Dort fehlen Leute|Hätte ich das bloß schon vor Jahren gemacht].",
      ),
      you(
        "[Das ist lieb von dir|Respekt|Ich sollte auch etwas tun]. [Was lassen sie dich machen|Ist die Arbeit schwer]?",
      ),
      me(
        "[Vor allem|Nichts Heldenhaftes,|Sie haben mich eingeteilt:] {task}. [Das macht mehr Spaß, als es klingt|Abends bin ich müde und glücklich|Man lernt alle kennen].",
        "[Was Freiwillige {charity:at} tun|Meine Arbeit {charity:at}]?",
      ),
    ],
    questions: [
      ask("[Welche freiwillige Arbeit macht {me}|Was tut {me}|Wobei hilft {me}] {charity:at}?", 2),
      ask(
        "Wo [engagiert sich {me} freiwillig|arbeitet {me} für einen guten Zweck|hilft {me} ohne Bezahlung]?",
        0,
      ),
    ],
  },
  {
    lines: [
      me(
        "[Ärger in Produktion|Üble Nacht im Bereitschaftsdienst|Das Dashboard ist rot]! {service} {symptom}. [Die Kunden haben es vor uns gemerkt|Es fing nach dem Deployment an|Ich habe in sechs Fenstern Logs offen].",
      ),
      you(
        "[Wissen wir, warum|Gibt es einen Verdacht|Was sagen die Traces]? [Ich kann mal reinschauen|Erst zurückrollen, dann fragen].",
      ),
      me(
        "[Gefunden|Ich hab es|Nach einer Stunde Lesen]: {cause}. [Das hatte seit Jahren niemand angefasst|Kein Test hat das je abgedeckt|Eigentlich peinlich].",
        "[Die eigentliche Ursache für den Ärger mit {service:dat}|Warum {service} nicht lief]?",
      ),
      you("[Wie stoppen wir die Blutung|Und die Lösung|Was hast du geändert]?"),
      me(
        "[Ich habe {tool} auf {value} gesetzt|Geändert, {tool} auf {value}|{tool} habe ich auf {value} gestellt][, seitdem ist Ruhe|, geprüft und gemergt|, fürs Erste].",
        "[Für {service:acc}|Die Konfiguration war falsch].",
      ),
      me(
        "[Ausgeliefert mit|Die richtige Lösung kam mit|Getaggt als] {release}, [seitdem keine Beschwerden|und die Kurven sind wieder flach].",
        "[Die Korrektur für {service:acc}|Für {service:acc} gibt es eine neue Version].",
      ),
    ],
    questions: [
      ask(
        "Was war [die eigentliche Ursache|der Grund|die Ursache], als {service} {symptom:end}?",
        2,
      ),
      ask(
        "[Worauf wurde {tool} gesetzt|Auf welchen Wert hat {me} {tool} geändert], [damit {service} wieder lief|als {service} nicht lief]?",
        4,
      ),
      ask("[Welche|Was für eine] Version [enthielt|hat] die Korrektur für {service:acc}?", 5),
      ask("[Was war los mit {service:dat}|Welches Problem gab es mit {service:dat}]?", 0),
    ],
    overall: {
      ask: "[Welche|Was für] [Störungen|Ausfälle|Probleme in Produktion] hat {me} [bearbeitet|gemeldet]?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Ich habe es getan und {vehicle:acc} gekauft|Draußen steht ein neues Spielzeug: {vehicle}|Wir haben jetzt {vehicle:acc}]. [Gebraucht natürlich|Alles schnurrt|Heute kamen die Papiere].",
      ),
      you("[Fotos, bitte|Endlich|Wie sieht das gute Stück aus]! [Wie viel war es|War es teuer]?"),
      me(
        "{colour}, [mit einer Beule links|mit Holzverkleidung|hier und da etwas Rost]. [Einen Namen gibt es auch schon|Die Kinder sind begeistert].",
        "[Welche Farbe {vehicle:the} hat|{vehicle:the}]?",
      ),
      you("[Und das Konto|Hast du eine Bank ausgeraubt|Das war bestimmt nicht billig, oder]?"),
      me(
        "[Bezahlt habe ich|Handschlag drauf,|Am Ende] {price}. [Ein Schnäppchen|Der Verkäufer hatte es eilig|Bitte sag es nicht meinem Vater].",
        "[Der Preis für {vehicle:theAcc}|Was ich für {vehicle:theAcc} ausgegeben habe]?",
      ),
    ],
    questions: [
      ask("Welche Farbe hat {vehicle:the} von {me}?", 2),
      ask("[Wie viel|Was] hat {me} für {vehicle:theAcc} [bezahlt|ausgegeben]?", 4),
    ],
  },
  {
    lines: [
      me(
        "[Ich habe mich für einen Kurs in {course:dat} eingeschrieben|Mir raucht der Kopf, ich lerne jetzt {course:acc}|Zurück auf die Schulbank: ein Abendkurs in {course:dat}]. [Mit Hausaufgaben und allem|Zwei Abende die Woche].",
      ),
      you("[Mutig|Ich könnte das nicht|Wozu das denn]? [Wer leitet das|Ist der Unterricht gut]?"),
      me(
        "{teacher}, [voller Geschichten|immer mit Kreide in der Hand|mit endloser Geduld]. [In den Pausen lerne ich mehr|Dieser Stimme würde ich überallhin folgen].",
        "[Wer in {course:dat} vorne steht|Wer uns {course:acc} beibringt]?",
      ),
    ],
    questions: [
      ask(
        "[Wer unterrichtet {me} in {course:dat}|Bei wem hat {me} Unterricht in {course:dat}]?",
        2,
      ),
      ask("[Welches Fach|Was] [lernt|studiert] {me} [abends|an der Abendschule]?", 0),
    ],
    overall: { ask: "[Was hat {me} gelernt|Welche Kurse hat {me} besucht]?", line: 0 },
  },
  {
    lines: [
      me(
        "[Ich habe endlich jemandem davon erzählt, du weißt schon:|Du kennst ja mein Problem:|Es hat mich wieder gepackt:] {fear}. [Mir wurden die Knie weich|Ich musste aus dem Zimmer gehen|Albern, in meinem Alter].",
      ),
      you(
        "[Gar nicht albern|Jeder hat so etwas|Das verstehe ich]. [Gibt es etwas, das hilft|Wie kommst du damit zurecht]?",
      ),
      me(
        "{trick}, [seltsamerweise|jedes einzelne Mal|wenigstens ein bisschen]. [Es dauert zwei Minuten|Meine Schwester hat es mir gezeigt|Damit fühle ich mich weniger allein].",
        "[Gegen die Angst vor {fear:dat} hilft nur eins|Wenn ich Angst davor habe]:",
      ),
    ],
    questions: [
      ask("Was [hilft {me} gegen|tut {me} gegen] die Angst vor {fear:dat}?", 2),
      ask("Wovor [hat {me} Angst|fürchtet sich {me}|graut es {me}]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[{occasion:at} hat man mich so verwöhnt|{occasion} war so schön, du hättest dabei sein sollen|Ich strahle immer noch, wenn ich an {occasion:acc} denke]. [Kuchen, Luftballons, das volle Programm|Ich hatte gar nichts erwartet].",
      ),
      you(
        "[Das hast du verdient|Nachträglich alles Gute|Erzähl mir alles]! [Was hast du bekommen|Gab es schöne Geschenke]?",
      ),
      me(
        "{gift}! [Ich bin auf und ab gehüpft|Monatelang hatte ich Andeutungen gemacht|Ich wusste gar nicht, was ich sagen soll]. [Dafür gibt es schon einen Ehrenplatz|Das benutze ich seitdem jeden Tag].",
        "[Das schönste Geschenk, das ich je bekommen habe|{occasion:at} gab es etwas Großes]:",
      ),
    ],
    questions: [ask("[Was|Welches Geschenk] hat {me} {occasion:at} [bekommen|erhalten]?", 2)],
    overall: { ask: "Welche [Geschenke|Gaben] hat {me} bekommen?", line: 2 },
  },
  {
    lines: [
      me(
        "[{plan} war eine Katastrophe|So viel zu unserem Plan, {plan} fiel ins Wasser|Wir hatten uns seit Wochen auf {plan:acc} gefreut]: {weather}, [aus heiterem Himmel|innerhalb von fünf Minuten|gerade als wir anfingen].",
      ),
      you(
        "[O je|Ich habe den Himmel gesehen|Du machst Witze]! [Wohin seid ihr gegangen|Seid ihr nass geworden|Was habt ihr alle gemacht]?",
      ),
      me(
        "[Wir landeten in {refuge:dat}|Zu vierzig drängten wir uns in {refuge:acc}|Jemand schloss uns {refuge:acc} auf]. [Wir haben gesungen, bis es vorbei war|Das Schönste am ganzen Tag|Immerhin trocken].",
        "[Als {plan} ruiniert war, mussten wir irgendwo unterkommen|So war das {plan:at}].",
      ),
    ],
    questions: [
      ask(
        "Wo hat {me} [Unterschlupf gefunden|Schutz gesucht], als {plan} [ruiniert war|unterbrochen wurde]?",
        2,
      ),
      ask("[Was für ein Wetter|Welches Wetter] hat {me} {plan:acc} [ruiniert|verdorben]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Wir machen {room:acc} neu|Die Handwerker sind {room:at}|Überall Staub, wir renovieren {room:acc}]. [Es wurde auch Zeit|Es soll einen Monat dauern|Ich lebe aus Kartons].",
      ),
      you("[Welche Farbe soll es werden|Habt ihr euch für eine Farbe entschieden|Und die Wände]?"),
      me(
        "{colour}, [gegen jeden Rat|nach neun Mustern|und ich diskutiere nicht darüber]. [Es wirkt jetzt schon größer|Morgens ist das Licht herrlich].",
        "[Die Wände {room:at}|Wir haben den Anstrich ausgesucht, {room:at} wird es so]:",
      ),
      you(
        "[Mutig|Ich vertraue deinem Geschmack|Ich bringe eine Pflanze mit]. [Und das Budget|Reicht das Geld noch]?",
      ),
      me(
        "[Bis jetzt|Abgemacht haben wir|Ausgegeben haben wir] {price}, [ohne die Pizza für alle|Tendenz steigend|das ist mehr, als das Auto gekostet hat].",
        "[Wie teuer {room} wird|Was die Renovierung kostet]?",
      ),
    ],
    questions: [
      ask(
        "[In welcher Farbe hat {me} {room:acc} gestrichen|Welche Farbe wurde für {room:acc} von {me} ausgesucht|Welche Farbe bekommen bei {me} die Wände {room:at}]?",
        2,
      ),
      ask("[Wie viel|Was] kostet es {me}, {room:acc} [zu renovieren|umzubauen]?", 4),
    ],
  },
  {
    lines: [
      me(
        "[Alle reden von {show}|Ich komme nicht mehr los von {show}|Ich habe vier Folgen von {show} gesehen]. [Noch eine, dann schlafe ich, habe ich gesagt|Verrate mir bloß nicht das Ende].",
      ),
      you(
        "[Ich habe nach der ersten Folge aufgehört.|Ist das nicht die Geschichte über {theme}?|Mein Bruder ist ganz begeistert.] [Wird es noch besser|Was findest du daran]?",
      ),
      me(
        "[Das Schauspiel|Die Musik|Diese langsame Kamera]! [Und gedreht wurde das|Sie haben es gedreht, und zwar|Das Ganze spielt] {region:at}. [Jetzt will ich dorthin|Ich habe angehalten, nur um zu schauen].",
        "[Was mir an {show} gefällt|Die Serie {show}]?",
      ),
    ],
    questions: [
      ask("Wo wurde die Serie {show} [gedreht|gefilmt|produziert]?", 2),
      ask(
        "[Welche|Was für eine] [Serie|Fernsehserie] [schaut {me} gerade|lässt {me} nicht mehr los]?",
        0,
      ),
    ],
  },
  {
    lines: [
      me(
        "[Wir sind durch {region:acc} gewandert|Ich war eine Woche {region:at} zu Fuß unterwegs|Grüße von der Wanderung {region:at}]. [Kein Empfang, keine Nachrichten, herrlich|Meine Stiefel haben es nicht überlebt|Jeden Tag um fünf auf den Beinen].",
      ),
      you(
        "[Das klingt wie im Paradies|Ganz allein|Ich würde mich verlaufen]. [War es gefährlich|Hat das Wetter gehalten]?",
      ),
      me(
        "[Am dritten Tag hatten wir|Meist war es schön, dann gab es|Unterwegs gerieten wir in] {weather:acc}. [So schnell bin ich noch nie gelaufen|Wir haben ein wenig gebetet|Ich würde es morgen wieder tun].",
        "[Das Wetter {region:at}|Während wir gewandert sind]?",
      ),
      you("[Und du hast es überlebt|Wo habt ihr geschlafen|Hattet ihr ein Zelt]?"),
      me(
        "[Ein Schäfer ließ uns in {refuge:acc}|Geschlafen haben wir in {refuge:dat}|Da gab es {refuge:acc}], [mit trockenem Stroh und allem|mit einem Ofen|und jemand hatte Suppe dagelassen].",
        "[Wo wir {region:at} geschlafen haben|Irgendwo mussten wir ja übernachten].",
      ),
    ],
    questions: [
      ask(
        "Welches Wetter [überraschte|erwischte] {me} [beim Wandern|auf der Wanderung] {region:at}?",
        2,
      ),
      ask(
        "Wo hat {me} [{region:at}|bei der Wanderung durch {region:acc}] [geschlafen|die Nacht verbracht]?",
        4,
      ),
    ],
  },
];
