/** What the Spanish dialogues of the evaluation set talk about. */
import { ask, list, me, type Storybook, type Topic, you } from "../storybook.ts";

/** The particulars that threads are told with. */
export const slots: Storybook["slots"] = {
  pet: list("Galleta, Pimienta, Mango, Luna, Zipi, Fideo, Canela, Otis, Churro, Juno"),
  animal: list(
    "el cachorro, la gatita, el loro, la coneja, la tortuga, el hurón, el hámster, el camaleón",
  ),
  swallowed: list(
    "un calcetín, una goma elástica, medio lápiz de cera, una moneda, un trozo de chocolate, una goma del pelo, una púa de guitarra",
  ),
  city: list(
    "Lisboa, Kioto, Montreal, Cracovia, Oporto, Oslo, Valencia, Tallin, Bolonia, Sevilla, Gante",
  ),
  region: list(
    "los Dolomitas, las Tierras Altas, la Patagonia, la Selva Negra, la Toscana, las Azores, la Bretaña",
  ),
  sight: list(
    "el faro viejo, un museo de azulejos, el jardín botánico, un mercado nocturno, la torre de la catedral, una cochera de tranvías, las salinas",
  ),
  mishap: list(
    "perdí el pasaporte, se me escapó el ferri, pinché una rueda, me dejé los billetes en casa, pillé un buen resfriado, cerré la cabaña con las llaves dentro",
  ),
  dish: list(
    "la lasaña, las empanadillas, la paella, el curry de garbanzos, el ramen, el risotto de setas, las croquetas, el estofado de ternera, los tamales, la musaca",
  ),
  secret: list(
    "pimentón ahumado, una cucharada de miso, ralladura de naranja, mantequilla tostada, anchoas, comino tostado, un chorrito de vinagre",
  ),
  source: list(
    "mi abuela, una vecina, una revista antigua, mi compañero de piso, un pódcast, mi tía, la señora del mercado",
  ),
  instrument: list(
    "el violonchelo, el ukelele, el banjo, el clarinete, la batería, el acordeón, el arpa",
  ),
  piece: list(
    "un tango, una nana, una suite de Bach, una vieja canción marinera, el tema de una película, un blues en mi, una marcha nupcial",
  ),
  event: list(
    "el recital de primavera, la boda de mi prima, la fiesta del barrio, una noche de micrófono abierto, la feria del colegio",
  ),
  book: list(
    "El huerto de cristal, Caminos de sal, Un cuaderno de invierno, El hijo del cartógrafo, Nueve puentes, La máquina silenciosa",
  ),
  theme: list(
    "el exilio, el perdón, el mar, la vejez, una panadería familiar, una lengua perdida, dos ajedrecistas rivales",
  ),
  job: list(
    "fisioterapeuta, guía de museo, analista de datos, ebanista, intérprete, guardabosques, electricista",
  ),
  firm: list(
    "un hospital, el ayuntamiento, una empresa emergente diminuta, la compañía de ferrocarriles, una editorial, un teatro, un observatorio",
  ),
  condition: list(
    "una semana de cuatro días, seis meses de prueba, una bicicleta de empresa, un turno de noche al mes, menos reuniones",
  ),
  room: list("la cocina, el baño, el desván, el garaje, el pasillo, el balcón, el sótano"),
  broken: list(
    "la caldera, el lavavajillas, la lavadora, la nevera, la máquina de coser, el cortacésped, el molinillo de café",
  ),
  part: list(
    "una correa gastada, un fusible fundido, una válvula rajada, un filtro atascado, un cable suelto, un condensador quemado",
  ),
  price: list(
    "cuarenta euros, doscientos dólares, una miseria, noventa libras, seiscientas coronas, el sueldo de una semana",
  ),
  plant: list(
    "los tomates, las dalias, las higueras, los guisantes de olor, las calabazas, los rosales trepadores, las lavandas, las guindillas",
  ),
  pest: list(
    "las babosas, los pulgones, un ciervo hambriento, una helada temprana, el mildiu, las gallinas de los vecinos",
  ),
  remedy: list(
    "cinta de cobre, espray de ajo, una sábana vieja, infusión de ortigas, cáscaras de huevo trituradas, una valla más alta",
  ),
  sport: list(
    "la escalada, el remo, la esgrima, el atletismo, la natación, el yudo, el ciclismo, el bádminton",
  ),
  injury: list(
    "un esguince de tobillo, un hombro inflamado, dos costillas fisuradas, una torcedura de rodilla, un pulgar dislocado",
  ),
  cure: list(
    "estiramientos diarios, un baño de hielo, tres semanas de reposo, una férula, fisioterapia, zapatillas más ligeras",
  ),
  craft: list(
    "la cerámica, la encuadernación, la caligrafía, el punto, la talla de madera, la serigrafía, el soplado de vidrio",
  ),
  made: list(
    "una tetera, una bufanda, un juego de cuencos, una tabla de cortar, un diario de cuero, una pantalla de lámpara, una casita para pájaros",
  ),
  receiver: list(
    "mi hermana, un maestro jubilado, los vecinos nuevos, mi ahijado, una vieja amiga del colegio, nuestro casero",
  ),
  relative: list("el hermano, la sobrina, el tío, el abuelo, la madrastra, la prima"),
  news: list(
    "se casa, va a tener gemelos, se muda al extranjero, abre una panadería, vende la granja, se jubila",
  ),
  when: list(
    "en junio, la primavera que viene, el día diez, justo después de Navidad, dentro de dos semanas, a finales de agosto",
  ),
  charity: list(
    "el refugio de animales, un banco de alimentos, la residencia de ancianos, un club de lectura infantil, el servicio de salvamento marítimo, un taller solidario de reparaciones",
  ),
  task: list(
    "clasificar donaciones, pasear a los perros, conducir la furgoneta, atender el teléfono, enseñar fracciones, arreglar bicicletas",
  ),
  service: list(
    "el servicio de facturación, el importador, la página de acceso, el generador de informes, el índice de búsqueda, la aplicación móvil",
  ),
  symptom: list(
    "agotando el tiempo de espera cada mañana, devolviendo páginas vacías, cobrando dos veces a la gente, comiéndose toda la memoria, perdiendo uno de cada diez mensajes",
  ),
  cause: list(
    "un índice que faltaba, un reloj desajustado, un token en caché, un bucle de reintentos, un certificado caducado, una zona horaria equivocada",
  ),
  tool: list(
    "pool_max, retry_budget, cacheTtlSeconds, src/jobs/Nightly.ts, config/limits.yaml, max_batch_rows, parseHeader",
  ),
  value: list("12, 300, 45 segundos, la mitad de lo que era, cero, 2048"),
  release: list("v2.3.1, v0.9.14, v4.0.0, v1.18.2, v3.7.5"),
  vehicle: list(
    "la furgoneta, la moto, el Volvo viejo, la autocaravana, el patinete eléctrico, el coche familiar, el tándem",
  ),
  colour: list("amarillo mostaza, verde botella, azul cielo, rojo ladrillo, gris plata, crema"),
  course: list(
    "portugués, estadística, primeros auxilios, apicultura, lengua de signos, astronomía, soldadura",
  ),
  teacher: list(
    "un marinero jubilado, una antigua bailarina, un catedrático muy estricto, una mujer de Goa, alguien de mi edad, un monje",
  ),
  show: list("El puerto, Cuentas frías, Lunas de papel, Estación Nueve, El largo deshielo"),
  fear: list("las alturas, volar, hablar en público, las arañas, las aguas profundas, el dentista"),
  trick: list(
    "contar hacia atrás, tararear, apretar una piedra lisa, respirar por la nariz, escribirlo todo antes",
  ),
  gift: list(
    "un telescopio, un tocadiscos, entradas para un concierto, una sartén de hierro fundido, una hamaca, una pluma estilográfica, un mapa estelar",
  ),
  occasion: list(
    "el cumpleaños, el aniversario, la graduación, la fiesta de inauguración, el último día de trabajo",
  ),
  weather: list(
    "una granizada, una niebla espesa, una ola de calor, una tormenta, la primera nevada, una tormenta de arena",
  ),
  plan: list(
    "el pícnic, la barbacoa, el maratón, la regata, la fiesta en el jardín, el paseo en globo",
  ),
  refuge: list(
    "un granero viejo, la biblioteca, una parada de autobús, la panadería de la esquina, el salón parroquial, el garaje de un desconocido",
  ),
};

/** The stories. */
export const topics: ReadonlyArray<Topic> = [
  {
    lines: [
      me(
        "[Menudo susto nos hemos llevado con|No te vas a creer la semana que hemos pasado con|No puedo más por culpa de] {pet}, {animal:nuestro}. [Pasé media noche en el veterinario|El veterinario nos atendió a medianoche|Salimos corriendo a la clínica de animales].",
      ),
      you("¡[Ay, no, qué pena|Madre mía|Qué horror]! ¿[Qué fue|Qué demonios pasó|Va todo bien]?"),
      me(
        "[resultó ser|encontraron|en la ecografía se veía] {swallowed}. [Ni nos dimos cuenta de que faltaba algo|Todavía no sé de dónde salió].",
        "[{pet} se había tragado algo|{animal:nuestro} se había comido algo que no debía]:",
      ),
      you("[Cómo me alegro de que acabara bien|Ay, estos animales|Os habrá costado una fortuna]."),
      me(
        "[nueve puntos y un cono de plástico durante diez días|nos tuvieron allí hasta la mañana y nos mandaron a casa con pastillas|solo hay que darle comida blanda una semana], [o sea que podría ser peor|y luego ya veremos].",
        "[El veterinario se portó de maravilla con {pet}|En cuanto al tratamiento de {pet}]:",
      ),
    ],
    questions: [
      ask(
        "¿Qué [se había tragado|se comió] {animal} {pet} antes de [ir al veterinario|la visita al veterinario]?",
        2,
      ),
      ask(
        "¿Qué [tratamiento|cuidados] necesitó {animal} de {me} [después del veterinario|una vez pasada la urgencia]?",
        4,
      ),
      ask("¿[Quién es|Qué clase de mascota es] {pet}?", 0),
    ],
    overall: {
      ask: "¿Qué [mascotas|animales] de {me} tuvieron que [ir|acudir] al veterinario?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Acabo de volver de|Por fin fuimos a|He pasado diez días en] {city}. ¡[Solo por la comida ya valió la pena|Caminé hasta que me dolieron los pies|Todo era cuesta arriba]!",
      ),
      you(
        "¡[Qué envidia|Qué suerte|Siempre he querido ir]! ¿[Qué te gustó más|Qué destacarías|Qué no debería perderme]?",
      ),
      me(
        "[Sin ninguna duda,|De lejos,|Buf,] {sight}. [Me habría quedado todo el día|Volvimos dos veces|Hice demasiadas fotos].",
        "¿[Lo mejor de {city}|Lo que más disfruté de ese viaje]?",
      ),
      you(
        "¿[Y esta vez sin ningún problema|Fue todo sobre ruedas|Conociéndote, algo saldría mal, no]?",
      ),
      me(
        "[Ja, cómo no,|Pues nada,] {mishap} [el segundo día|a la vuelta|la primera noche]. [Un desconocido muy amable nos echó una mano|Nos costó una tarde entera|Ahora me río].",
        "[Siempre sale algo mal cuando viajo|El viaje a {city} no fue perfecto].",
      ),
    ],
    questions: [
      ask(
        "¿Qué fue lo que más [disfrutó|le gustó a] {me} [en|de las vacaciones en|del viaje a] {city}?",
        2,
      ),
      ask(
        "¿[Qué le salió mal a {me}|Qué problema tuvo {me}] [durante|en] [el viaje|la escapada] a {city}?",
        4,
      ),
      ask("¿Cuándo [viajó {me} a|visitó {me}] {city}?", 0),
    ],
    overall: {
      ask: "¿[Qué ciudades ha visitado|A qué ciudades ha viajado|En qué ciudades ha estado] {me}?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[He cocinado|He hecho|Anoche me atreví con] {dish:bare} [para seis personas|por primera vez|desde cero], [y nadie se quedó con hambre|y la cazuela volvió limpia].",
      ),
      you(
        "[Eso tienes que compartirlo|Se me hace la boca agua|Vaya, qué ambición]. ¿[De quién fue la idea|Dónde aprendiste a hacer eso|Sale en algún libro]?",
      ),
      me(
        "[Lo saqué|Eso viene|Fue cosa] {source:de}, [hace años|en una postal llena de garabatos|sin medida ninguna].",
        "¿[La receta {dish:de}|Quién me enseñó a cocinar eso]?",
      ),
      you("¿[Y el truco|A que hay algún truco|Qué tiene de especial]?"),
      me(
        "{secret}, [justo al final|solo un poco|más de lo que te atreverías]. [No se lo digas a nadie|Lo cambia todo|La gente siempre pregunta].",
        "¿[Lo especial de {dish:mi}|El ingrediente secreto]?",
      ),
    ],
    questions: [
      ask(
        "¿[Quién enseñó a {me} a preparar {dish}|Quién le dio a {me} la receta {dish:de}|De dónde viene la receta {dish:de} de {me}]?",
        2,
      ),
      ask("¿Cuál es el ingrediente [secreto|especial] {dish:de} de {me}?", 4),
    ],
    overall: { ask: "¿Qué [platos|comidas] ha cocinado {me}?", line: 0 },
  },
  {
    lines: [
      me(
        "[He empezado a tocar|Me ha dado por|Mi nueva obsesión es] {instrument}. [De momento los vecinos tienen paciencia|Me duelen los dedos|Practico dentro del armario].",
      ),
      you(
        "¡[Bien hecho|Ya era hora|Eso no me lo esperaba]! ¿[Con qué estás ahora|Ya sabes tocar algo|Tienes profesor]?",
      ),
      me(
        "[Solo|Poco a poco,|Sobre todo] {piece}. [A partir de la segunda página se me desmorona|Casi me sale con los ojos cerrados].",
        "¿[Con {instrument}|Lo que practico]?",
      ),
      you("¿[Cuándo podremos escucharte|Habrá público|Por qué no tocas para la gente]?"),
      me(
        "[Pues sí, en|Prometí hacerlo en|Me lo pidieron para] {event}. [Me muero de miedo|Ya no hay vuelta atrás|Deséame suerte].",
        "[Voy a actuar en público|Tocaré {instrument} ante un público].",
      ),
    ],
    questions: [
      ask(
        "¿Qué [pieza musical|canción|melodía] está [aprendiendo|practicando] {me} con {instrument}?",
        2,
      ),
      ask(
        "¿[Dónde|En qué ocasión] va a [actuar {me} con|tocar {me}] {instrument} [en público|ante un público]?",
        4,
      ),
    ],
  },
  {
    lines: [
      me(
        "[No podía soltar|Acabo de terminar|Tienes que leer] {book}. [Me lo leí de una sentada|Me tuvo en vela hasta las tres].",
      ),
      you(
        "[No me suena|Lo tengo en la estantería|Alguien del trabajo lo mencionó]. ¿[De qué trata|Es triste|Merece la pena]?",
      ),
      me(
        "[sobre todo va {theme:de}|parece una historia policíaca, pero en realidad habla {theme:de}|al final todo gira en torno {theme:a}]. [El último capítulo me dejó temblando|Lloré en el tren|Está escrito de maravilla].",
        "[La novela no es fácil de resumir|Te cuento de qué trata {book}]:",
      ),
      you("[Préstamelo cuando puedas|Apuntado en la lista|Suena denso para la playa]."),
    ],
    questions: [
      ask("¿De qué trata [el libro|la novela] {book}[ que leyó {me}|]?", 2),
      ask(
        "¿[Qué novela|Qué libro] [leyó {me} de una sentada|le quitó el sueño a {me} una noche]?",
        0,
      ),
    ],
  },
  {
    lines: [
      me(
        "[Notición:|Bueno, por fin|Que sepas antes que nadie que] [he firmado un contrato|me han hecho la oferta|cambio de trabajo]. [Desde el lunes trabajo como|Me quieren como|Voy a ejercer de] {job}.",
      ),
      you(
        "¡[Enhorabuena|Ya tocaba|Te lo mereces]! ¿[Quién es el afortunado jefe|Dónde es|Con quién]?",
      ),
      me(
        "[Es|Nada menos que|Trabajaré para] {firm}. [A diez minutos de casa|Llevaban meses buscando|La entrevista duró tres horas].",
        "¿[Mi nueva empresa|Quién me contrató como {job}]?",
      ),
      you("¿[Negociaste|Y son buenas las condiciones|Y el horario, mejor]?"),
      me(
        "[Insistí en|Aceptaron|La única pega:] {condition}. [Ya duermo mejor|A ver cuánto dura].",
        "[En cuanto a las condiciones del trabajo, hablamos|Sí que negocié con ellos].",
      ),
    ],
    questions: [
      ask("¿[Quién|Qué tipo de empresa] [contrató|emplea] a {me} como {job}?", 2),
      ask(
        "¿Qué [condición|acuerdo] [negoció|consiguió] {me} en [el nuevo trabajo|la nueva empresa]?",
        4,
      ),
      ask("¿Cuál es [la nueva profesión|el nuevo puesto|la nueva ocupación] de {me}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Ha dicho basta {broken}|Se nos ha muerto {broken}|Había agua por todas partes: {broken}], [otra vez|en domingo, claro|justo antes de que llegaran los invitados].",
      ),
      you(
        "[Espero que llamaras a alguien|Otra vez no|Típico]. ¿[Se puede salvar|Ya no tiene remedio|Qué le pasaba]?",
      ),
      me(
        "[Solo|Tras dos horas en el suelo encontré|El técnico sacó] {part}. [Qué vergüenza pasé|Ahora es un recuerdo en la estantería|Estaba detrás de una placa].",
        "¿[El fallo {broken:de}|Lo que se rompió ahí dentro]?",
      ),
      you("¿[Y cuánto fue la broma|Te salió barato, espero|Cuánto te cobraron]?"),
      me(
        "{price}, [piezas incluidas|en efectivo|y una taza de té]. [Me temía algo peor|Un atraco a mano armada|Me conformo].",
        "[Lo que pagué por reparar {broken}|El arreglo no fue gratis]:",
      ),
    ],
    questions: [
      ask(
        "¿[Qué causó la avería {broken:de}|Qué fallo tenía {broken}|Qué se rompió en {broken}] de {me}?",
        2,
      ),
      ask(
        "¿Cuánto [pagó {me} por reparar {broken}|le costó a {me} arreglar {broken}|gastó {me} en la reparación {broken:de}]?",
        4,
      ),
    ],
    overall: {
      ask: "¿Qué [aparatos|cosas] tuvo que mandar [reparar|arreglar] {me}?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Este año cultivo|He plantado|Tengo todo el bancal lleno de] {plant:bare}. [Tendrías que verlo|Salgo ahí antes de desayunar|Me duele la espalda de tanto cavar].",
      ),
      you("¿[A ti no se te mueren|Cómo tienes tan buena mano|Y no viene ningún bicho]?"),
      me(
        "[Hay visita, sí:|El enemigo:|Lo pasamos fatal con] {pest}. [De la noche a la mañana faltaba la mitad|Estuve a punto de rendirme|Qué rabia me dio].",
        "[Algo atacó {plant:mi}|El daño en {plant} fue grande].",
      ),
      you("¿[Y ahora qué|Y te quedaste mirando|Sirvió algo]?"),
      me(
        "{remedy} [y listo|, aunque no te lo creas|y se salvó lo que quedaba]. [Barato y sin veneno|Mi vecino también lo recomienda].",
        "[Para proteger {plant}|Así salvé el jardín]:",
      ),
    ],
    questions: [
      ask("¿Qué [dañó|atacó|amenazó] {plant} de {me}?", 2),
      ask("¿Cómo [protegió|salvó] {me} {plant} del jardín?", 4),
    ],
    overall: { ask: "¿Qué [cultiva|está cultivando] {me} en el jardín?", line: 0 },
  },
  {
    lines: [
      me(
        "[Se acabó {sport} para mí|He tenido que dejar {sport}|La temporada de {sport:bare} ha terminado para mí] [este mes|por un tiempo]. [Me pasé de la raya|Culpa mía|Fue en el calentamiento, precisamente].",
      ),
      you("¿[Qué has hecho|Qué ha sido|Te has hecho daño]? ¿[Fuiste al médico|Es muy grave]?"),
      me(
        "[Solo|La doctora habla de|En la radiografía se ve:] {injury}. [Podría haber sido peor|Casi no puedo atarme los zapatos|De noche me da punzadas].",
        "¿[La lesión de {sport:bare}|Lo que pasó haciendo {sport:bare}]?",
      ),
      you("[Tómatelo con calma|A ver cómo te libras de eso|Yo también pasé por eso]."),
      me(
        "{cure}[, y funciona|, nada más|, por orden de la doctora]. [Aburrido pero cierto|Cuento los días|Ya noto mejoría].",
        "¿[Para recuperarme|Para volver {sport:a}]?",
      ),
    ],
    questions: [
      ask("¿Qué [lesión|clase de lesión] [apartó|alejó] a {me} {sport:de}?", 2),
      ask("¿Cómo [se recuperó|se curó] {me} [de la lesión|del accidente] de {sport:bare}?", 4),
    ],
  },
  {
    lines: [
      me(
        "[Me he apuntado a clases|Los martes por la tarde tengo taller|Me he enamorado del taller] de {craft:bare}. [Nunca tengo las manos limpias|El estudio huele de maravilla|No hay nada que me calme tanto].",
      ),
      you("¿[Me enseñas algo|Qué ha salido de ahí|Ya has terminado algo]?"),
      me(
        "{made}, [con sus defectos|al tercer intento|y me siento ridículamente feliz]. [Los intentos de los demás eran mejores|Por poco se me cae].",
        "[Lo que hice en clase de {craft:bare}|Del taller de {craft:bare}]:",
      ),
      you("[Te lo quedarás|Irá a tu estantería, supongo|Eso podrías venderlo]."),
      me(
        "[Ya está regalado, para|Se lo ha quedado|Ya tiene lazo y es para] {receiver}. [Hubo lágrimas|Valió la pena cada hora|A cambio me dieron una tarta].",
        "[Lo que hice en clase de {craft:bare} era un regalo|Decidí regalarlo].",
      ),
    ],
    questions: [
      ask("¿Qué [hizo|creó|fabricó] {me} en [las clases|el curso|el taller] de {craft:bare}?", 2),
      ask("¿[Quién recibió|A quién le dieron] lo que hizo {me} en el curso de {craft:bare}?", 4),
    ],
    overall: {
      ask: "¿[Qué oficios artesanos ha empezado|A qué aficiones se ha lanzado] {me}?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Adivina|Noticias de la familia|Ha llamado mi madre]: {relative:mi} {news}. [Tuve que sentarme|Nadie lo veía venir|Estamos en una nube].",
      ),
      you(
        "¡[Qué maravilla|No me digas|Qué rapidez]! ¿[Cuándo es|Para cuándo es todo eso|Ya hay fecha]?",
      ),
      me(
        "{when}, [si todo va bien|así que no queda mucho tiempo|o eso dicen]. [Todavía me faltan los zapatos|Se supone que tengo que dar un discurso|Iremos en coche todos juntos].",
        "¿[Cuándo será lo de {relative:mi}|La fecha]?",
      ),
    ],
    questions: [
      ask("¿[Cuándo será eso de que|Cuándo es que|En qué fecha] {news} {relative} de {me}?", 2),
      ask("¿Qué [noticia|anuncio] [dio|hizo] {me} sobre {relative:su}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Hago voluntariado en|Los sábados ayudo en|He pasado el fin de semana echando una mano en] {charity}. [Me mantiene con los pies en la tierra|Les falta gente|Ojalá hubiera empezado hace años].",
      ),
      you(
        "[Qué buen gesto|Mis respetos|Yo también debería hacer algo]. ¿[Qué te mandan hacer|Es un trabajo duro]?",
      ),
      me(
        "[Sobre todo,|Nada heroico:|Me han puesto a] {task}. [Es más divertido de lo que parece|Vuelvo a casa sin fuerzas y feliz|Se conoce a todo el mundo].",
        "¿[Lo que se hace de voluntario en {charity}|Mi trabajo en {charity}]?",
      ),
    ],
    questions: [
      ask(
        "¿[Qué hace {me} de forma voluntaria en|En qué ayuda {me} en|A qué se dedica {me} en] {charity}?",
        2,
      ),
      ask("¿Dónde [hace voluntariado|colabora por una buena causa|ayuda gratis] {me}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Problemas en producción|Mala noche de guardia|El panel está en rojo]: {service} está {symptom}. [Los clientes lo notaron antes que nosotros|Empezó tras el despliegue|Tengo los registros abiertos en seis ventanas].",
      ),
      you(
        "¿[Sabemos por qué|Alguna sospecha|Qué dicen las trazas]? [Puedo echarle un vistazo|Primero revierte, luego pregunta].",
      ),
      me(
        "[Ya está|Lo tengo|Tras una hora leyendo]: {cause}. [Nadie había tocado eso en años|Los tests nunca lo cubrieron|Da vergüenza, la verdad].",
        "¿[La causa raíz de los problemas con {service}|Por qué fallaba {service}]?",
      ),
      you("¿[Cómo paramos la hemorragia|Y el arreglo|Qué has cambiado]?"),
      me(
        "[He puesto {tool} en {value}|He cambiado {tool} a {value}|Ahora {tool} está en {value}] [y se ha calmado|, revisado y fusionado|, de momento].",
        "[Esto va por {service}|La configuración estaba mal].",
      ),
      me(
        "[Ha salido en|La solución definitiva va en|Está publicado en] {release}, [sin quejas desde entonces|y las gráficas vuelven a estar planas].",
        "[Ya hay arreglo para {service}|Hay versión nueva {service:de}].",
      ),
    ],
    questions: [
      ask("¿Cuál fue [la causa raíz|el motivo|la causa] cuando {service} estaba {symptom}?", 2),
      ask(
        "¿[En qué valor quedó {tool}|A qué valor cambió {me} {tool}] [para {service}|por culpa {service:de}]?",
        4,
      ),
      ask("¿[Qué versión contenía|En qué versión está] el arreglo para {service}?", 5),
      ask("¿Qué [fallaba en|problema tenía] {service}?", 0),
    ],
    overall: {
      ask: "¿[En qué incidentes trabajó|De qué caídas informó|De qué problemas de producción se ocupó] {me}?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[Lo hice, me he comprado|Hay un juguete nuevo en la puerta:|Ya tenemos en casa] {vehicle:un}. [De segunda mano, claro|Suena de maravilla|Hoy han llegado los papeles].",
      ),
      you("¡[Fotos, por favor|Por fin|Cuenta cómo es]! ¿[Cuánto te costó|Fue mucho dinero]?"),
      me(
        "{colour}, [con una abolladura a la izquierda|con acabados de madera|con algo de óxido aquí y allá]. [Ya le he puesto nombre|A los niños les encanta].",
        "¿[El color {vehicle:de}|{vehicle}]?",
      ),
      you("¿[Y la cuenta del banco|No habrás robado un banco|No sería barato, no]?"),
      me(
        "[Pagué|Cerramos el trato en|Al final lo dejamos en] {price}. [Una ganga|El vendedor tenía prisa|Por favor, no se lo digas a mi padre].",
        "¿[El precio {vehicle:de}|Lo que gasté en {vehicle}]?",
      ),
    ],
    questions: [
      ask("¿De qué color es {vehicle} [que compró {me}|de {me}]?", 2),
      ask("¿[Cuánto pagó {me} por|Cuánto gastó {me} en|Qué precio pagó {me} por] {vehicle}?", 4),
    ],
  },
  {
    lines: [
      me(
        "[Me he matriculado en|Me va a estallar la cabeza con|De vuelta al pupitre con] [un curso|unas clases|un curso nocturno] de {course}. [Con deberes y todo|Dos tardes por semana].",
      ),
      you("[Qué valor|Yo no podría|Eso para qué, si se puede saber]. ¿[Quién lo da|Enseñan bien]?"),
      me(
        "{teacher}, [con mil historias|que tira tizas|con una paciencia infinita]. [Aprendo más en los descansos|Seguiría esa voz adonde fuera].",
        "¿[Quién nos da {course}|Quién nos enseña {course}]?",
      ),
    ],
    questions: [
      ask("¿Quién le [enseña|está enseñando] {course} a {me}?", 2),
      ask(
        "¿Qué [materia|asignatura] está [estudiando|aprendiendo] {me} [por las tardes|en la escuela nocturna]?",
        0,
      ),
    ],
    overall: { ask: "¿[Qué ha estudiado|De qué ha tomado clases] {me}?", line: 0 },
  },
  {
    lines: [
      me(
        "[Por fin le he hablado a alguien de mi problema con|Ya sabes lo mal que llevo|Otra vez han podido conmigo los nervios por] {fear}. [Me temblaban las rodillas|Tuve que salir de la sala|Qué tontería, a mi edad].",
      ),
      you(
        "[No es ninguna tontería|Todo el mundo tiene algo|Lo entiendo]. ¿[Hay algo que ayude|Cómo lo llevas]?",
      ),
      me(
        "{trick}, [por raro que parezca|siempre sin falta|al menos un poco]. [Son dos minutos|Me lo enseñó mi hermana|Así se lleva mejor].",
        "[Contra el miedo {fear:a} hay una cosa que ayuda|Cuando me entra el miedo]:",
      ),
    ],
    questions: [
      ask("¿Qué [le sirve a {me}|hace {me}] contra el miedo {fear:a}?", 2),
      ask("¿[A qué le tiene miedo|Qué le da pánico a|Qué asusta a] {me}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Me mimaron muchísimo en|Tendrías que haber estado en|Todavía sonrío al pensar en] {occasion:mi}. [Tarta, globos, de todo|Yo no esperaba nada].",
      ),
      you(
        "¡[Te lo has ganado|Felicidades con retraso|Cuéntamelo todo]! ¿[Qué te dieron|Algún regalo bonito]?",
      ),
      me(
        "¡{gift}! [Me puse a dar saltos|Llevaba meses soltando indirectas|No supe qué decir]. [Ya tiene su propio rincón|No ha pasado un día sin pensar en ello].",
        "[El mejor regalo de mi vida|En {occasion:mi} me cayó algo grande]:",
      ),
    ],
    questions: [ask("¿Qué [regalo|obsequio] [recibió|le hicieron a] {me} por {occasion:su}?", 2)],
    overall: { ask: "¿Qué [regalos|obsequios] ha recibido {me}?", line: 2 },
  },
  {
    lines: [
      me(
        "[{plan:nuestro} fue un desastre|Adiós {plan:a}|Llevábamos semanas esperando {plan}]: {weather}, [de la nada|en cinco minutos|justo al empezar].",
      ),
      you(
        "¡[Vaya por Dios|Ya vi el cielo|No me lo puedo creer]! ¿[Adónde fuisteis|Os calasteis|Qué hicisteis todos]?",
      ),
      me(
        "[acabamos en|los cuarenta nos apretujamos en|nos dejaron entrar en] {refuge}. [Cantamos hasta que pasó|La mejor parte del día|A cubierto, por lo menos].",
        "[Cuando se fue al traste {plan}, hubo que buscar refugio|En mitad {plan:de}]:",
      ),
    ],
    questions: [
      ask(
        "¿Dónde [encontró refugio|se resguardó] {me} cuando se [fue al traste|interrumpió] {plan}?",
        2,
      ),
      ask("¿Qué [clase de tiempo|tiempo] [arruinó|estropeó] {plan} de {me}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Estamos reformando|Tenemos a los albañiles en|Polvo por todas partes, renovamos] {room}. [Ya era hora|Va a durar un mes, dicen|Vivo entre cajas].",
      ),
      you("¿[De qué color será|Ya habéis elegido la pintura|Y las paredes]?"),
      me(
        "{colour}, [contra todos los consejos|después de nueve muestras|y no pienso discutirlo]. [Ya se ve más grande|La luz por la mañana es preciosa].",
        "¿[Las paredes {room:de}|La pintura que elegimos para {room}]?",
      ),
      you(
        "[Qué valentía|Me fío de tu gusto|Llevaré una planta]. ¿[Y el presupuesto|Os llega el dinero]?",
      ),
      me(
        "[De momento|Dijimos que|Va por] {price}, [sin contar las pizzas para todos|y subiendo|que es más que el coche].",
        "¿[El coste {room:de}|Lo que cuesta la reforma]?",
      ),
    ],
    questions: [
      ask(
        "¿[De qué color pintó {me} {room}|Qué color eligió {me} para {room}|De qué color serán las paredes {room:de} de {me}]?",
        2,
      ),
      ask("¿[Cuánto cuesta|Qué coste tiene] [la reforma|la renovación] {room:de} de {me}?", 4),
    ],
  },
  {
    lines: [
      me(
        "[Todo el mundo habla de|Me he enganchado a|He visto cuatro capítulos de] {show}. [Uno más y a dormir, me dije|No me cuentes el final].",
      ),
      you(
        "[Yo la dejé tras el primer capítulo|Creo que es la que va {theme:de}|A mi hermano le encanta]. ¿[Mejora luego|Qué le ves]?",
      ),
      me(
        "¡[Las actuaciones|La música|Esa cámara tan lenta]! [Y está rodada en|La filmaron en|Todo transcurre en] {region}. [Ahora quiero ir|Le di a la pausa solo para mirar].",
        "¿[Lo que me gusta de {show}|La serie {show}]?",
      ),
    ],
    questions: [
      ask("¿Dónde se [filmó|rodó|hizo] la serie {show}?", 2),
      ask("¿[Qué serie está viendo|De qué serie no se despega] {me}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Hemos atravesado a pie|He pasado una semana caminando por|Saludos desde] {region}. [Sin cobertura, sin noticias, la gloria|Mis botas no sobrevivieron|Todos los días en pie a las cinco].",
      ),
      you("[Suena a paraíso|Qué aventura|Yo me perdería]. ¿[Fue peligroso|Aguantó el tiempo]?"),
      me(
        "[Al tercer día tuvimos|Casi todo bien, y de pronto|Me pilló] {weather}. [Nunca he caminado tan deprisa|Rezamos un poco|Repetiría mañana mismo].",
        "¿[El tiempo en {region}|Mientras caminábamos]?",
      ),
      you("¿[Y has vivido para contarlo|Dónde dormisteis|Llevabais tienda]?"),
      me(
        "[Un pastor nos dejó entrar en|Dormimos en|Encontramos] {refuge}, [con paja seca y todo|con estufa|y alguien había dejado sopa].",
        "[Lo de dormir en {region} tuvo su gracia|Había que pasar la noche en algún sitio].",
      ),
    ],
    questions: [
      ask(
        "¿Qué mal tiempo [sorprendió|pilló] a {me} mientras [caminaba|hacía senderismo] por {region}?",
        2,
      ),
      ask("¿Dónde [durmió|pasó la noche] {me} [en|durante la caminata por] {region}?", 4),
    ],
  },
];
