/** The English that the search knows by heart: words too common to find by, irregular forms. */

const list = (words: string): ReadonlyArray<string> => words.trim().split(/\s+/);

/** Words that carry no meaning of their own. They are not indexed; they keep their position. */
export const stopWords: ReadonlySet<string> = new Set(
  list(`
    a about above after again against ain all also although am an and any are aren arent as at
    be because been before being below between both but by can cannot cant could couldn couldnt
    did didn didnt do does doesn doesnt doing don dont down during each either else
    for from further had hadn hadnt has hasn hasnt have haven havent having he her here hers herself
    him himself his how i if in into is isn isnt it its itself just ll let me might mightn mine more
    most must mustn my myself needn neither no nor not of off on once only onto or other our ours
    ourselves out over own re shall shan she should shouldn shouldnt since so some such than
    that the their theirs them themselves then there these they this those though through thus to
    too under until unto up upon us ve very via was wasn wasnt we were weren werent what whatever
    when whenever where wherever whether which while who whoever whom whose why will with within
    without won wont would wouldn wouldnt yet you your yours yourself yourselves
  `),
);

const irregularVerbs = `
  arise arose arisen
  awake awoke awoken
  bear bore borne
  beat beaten
  become became
  begin began begun
  bend bent
  bite bit bitten
  bleed bled
  blow blew blown
  break broke broken
  breed bred
  bring brought
  build built
  burn burnt
  buy bought
  catch caught
  choose chose chosen
  cling clung
  come came
  creep crept
  deal dealt
  dig dug
  dive dove
  draw drew drawn
  dream dreamt
  drink drank drunk
  drive drove driven
  eat ate eaten
  fall fell fallen
  feed fed
  feel felt
  fight fought
  find found
  flee fled
  fling flung
  fly flew flown
  forbid forbade forbidden
  forget forgot forgotten
  forgive forgave forgiven
  freeze froze frozen
  get got gotten
  give gave given
  go goes went gone
  grow grew grown
  hang hung
  hear heard
  hide hid hidden
  hold held
  keep kept
  kneel knelt
  know knew known
  lay laid
  lead led
  leap leapt
  learn learnt
  leave left
  lend lent
  lose lost
  make made
  mean meant
  meet met
  mistake mistook mistaken
  overcome overcame
  pay paid
  prove proven
  ride rode ridden
  ring rang rung
  rise risen
  run ran
  say said
  see saw seen
  seek sought
  sell sold
  send sent
  sew sewn
  shake shook shaken
  shine shone
  shoot shot
  show shown
  shrink shrank shrunk
  sing sang sung
  sink sank sunk
  sit sat
  sleep slept
  slide slid
  sow sown
  speak spoke spoken
  spend spent
  spill spilt
  spin spun
  spoil spoilt
  spring sprang sprung
  stand stood
  steal stole stolen
  stick stuck
  sting stung
  strike struck stricken
  strive strove striven
  swear swore sworn
  sweep swept
  swell swollen
  swim swam swum
  swing swung
  take took taken
  teach taught
  tear tore torn
  tell told
  think thought
  throw threw thrown
  understand understood
  undergo underwent undergone
  undertake undertook undertaken
  undo undid undone
  wake woke woken
  wear wore worn
  weave wove woven
  weep wept
  win
  withdraw withdrew withdrawn
  write wrote written rewrote rewritten
`;

const irregularPlurals = `
  child children
  foot feet
  goose geese
  half halves
  knife knives
  leaf leaves
  life lives
  loaf loaves
  man men
  mouse mice
  person people
  shelf shelves
  tooth teeth
  wife wives
  wolf wolves
  woman women
  index indices
  matrix matrices
  vertex vertices
  analysis analyses
  hypothesis hypotheses
  criterion criteria
  datum data
`;

/** Irregular forms of verbs and nouns, each with its base form. */
export const irregularForms: ReadonlyMap<string, string> = new Map(
  `${irregularVerbs}\n${irregularPlurals}`.split("\n").flatMap((line) => {
    const [base, ...forms] = list(line);
    return base === undefined ? [] : forms.map((form): [string, string] => [form, base]);
  }),
);
