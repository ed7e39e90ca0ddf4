/** What people say in Spanish between the stories: greetings, reactions, and words of other stories in passing. */

import { lines } from "../storybook.ts";

/** How a day begins. */
export const greetings = lines(`
  ¡[Buenas|Hola|Buenos días|Ey], {you}! [¿Cómo te ha ido?|¡Cuánto tiempo!|¿Qué tal la semana?]
  ¡{you}, [ahí estás|por fin]! [Llevo días queriendo escribirte|Tengo tanto que contarte].
  [Hola|Hola otra vez], ¿[cómo va todo|qué hay de nuevo], {you}?
`);

/** How the other one answers. */
export const replies = lines(`
  ¡[Hola|Buenas], {you}! [Con mucho lío, pero bien|Por aquí todo bien|Con un poco de sueño, la verdad]. ¿[Y tú|Y tú qué tal]?
  [No me puedo quejar|Como siempre|Tirando], {you}. [El trabajo no me deja parar|Los días pasan volando].
  ¡[Qué alegría saber de ti|Llegas en el momento justo], {you}! [Cuéntamelo todo|De todas formas necesitaba un descanso].
`);

/** Said after anything: they make turns longer, and alike. */
export const tails = lines(`
  ¿[Tú cómo lo llevas|Y tú qué tal]?
  [Luego te mando una foto|Hice una foto, mira].
  [Me alegró la semana|Qué feliz me hizo|Para mí significa mucho].
  [En fin, así es la vida|Bueno, qué se le va a hacer].
  [Gracias por escucharme|Gracias por preguntar], {you}.
  [Mi familia cree que he perdido la cabeza|Los niños se rieron de mí].
  [Llevaba meses dándole vueltas|Me costó una eternidad decidirme].
  [Eso hay que celebrarlo|A ver si vienes pronto de visita].
  [La verdad, me hacía falta|Es lo que me da fuerzas estos días].
  [Podría hablar de esto toda la tarde|Pero bueno, ya basta de mí].
  [Eso sí, fue un día largo|Después dormí como un tronco].
  [Te habría encantado|Enseguida pensé en ti], {you}.
  [Siempre se aprende algo|Dicen que la práctica hace al maestro].
  [Intento verle el lado bueno|Hay que ir paso a paso].
  [Mis amigos me ayudaron mucho|Sin ayuda no habría podido].
  Fue [casi|prácticamente] como {occasion:mi}.
  [Como aquella vez en|Me hizo pensar en] {city}, [¿te acuerdas?|ya sabes.]
  [Alguien dijo|Me contaron] que a {relative:mi} le pasó lo mismo.
  [Luego tuvimos|Después hubo] {dish:bare} [en casa|para todos|con los amigos].
  [Mientras tanto|En medio de todo] yo [tarareaba {piece}|leía {book}|veía {show}].
  [Al lado había|Por el camino vimos] {vehicle:un} de color {colour}.
  [Y todo eso con|Ocurrió justo antes de] {weather}.
  [Encima llegué tarde {sport:a}|Esta semana no hay tiempo para {sport}].
  [Casi me olvido {event:de}|Todo el mundo hablaba {event:de}].
  [El jardín también da pena, este año sin {plant:bare}|Por lo menos {plant} van bien].
  [Tengo {room} patas arriba|Me pasé toda la mañana en {room}].
`);

/** What the listener says where nothing else is planned. */
export const reactions = lines(`
  ¡[Qué maravilla|Vaya|Increíble], {you}! [Sigue así|Qué orgullo|Nunca dejas de sorprenderme].
  [Te entiendo perfectamente|Conozco esa sensación|A mí me pasa igual]. [Nunca es fácil|Estas cosas llevan su tiempo].
  [Gracias por contármelo|Te lo agradezco]. [Me da esperanza|Hoy me hacía falta oírlo].
  [Ja, un clásico|Cómo no|Tú y tus historias]. [Yo habría salido corriendo|Vaya día].
  [Eso me recuerda una cosa|Qué curioso que lo digas]: [debería llamar a mi madre|todavía te debo una respuesta|tengo la colada esperando].
  [Suena bien|Me parece justo]. [Ya me dirás cómo va|Tenme al corriente|Avísame cuando haya más].
`);

/** Somebody comes back to a story, and nothing of it is told again. */
export const returns: ReadonlyArray<readonly [ask: string, answer: string]> = [
  [
    "[Por cierto, ¿qué hay|¿Hay novedades|¿En qué quedó lo] {subject:de}?",
    "[Ninguna novedad por ahora|Todo tranquilo|Mucho mejor, gracias]. [Cuando pase algo te lo digo|Nos vamos acostumbrando].",
  ],
  [
    "[Le conté a mi hermana lo|Aquí todos preguntan por lo] {subject:de}. [No se lo podía creer|Les encantan tus historias].",
    "[Ja, dales recuerdos de mi parte|Así llega la fama]. [Parece que fue hace siglos|Me has hecho reír].",
  ],
  [
    "[Entonces, lo {subject:de}|El otro día mencionaste lo {subject:de}]. ¿[Lo volverías a hacer|No te arrepientes]?",
    "[Cuando haga falta|Pregúntame mañana|Sin dudarlo]. [Hay cosas que merecen la pena|Creo que eso me ha cambiado].",
  ],
];
