/** What the English dialogues of the evaluation set talk about. */
import { ask, list, me, type Storybook, type Topic, you } from "../storybook.ts";

/** The particulars that threads are told with. */
export const slots: Storybook["slots"] = {
  pet: list("Biscuit, Pepper, Mango, Luna, Ziggy, Noodle, Hazel, Otis, Waffles, Juno"),
  animal: list("puppy, kitten, parrot, rabbit, tortoise, ferret, hamster, gecko"),
  swallowed: list(
    "a sock, a rubber band, half a crayon, a coin, some chocolate, a hair tie, a guitar pick",
  ),
  city: list(
    "Lisbon, Kyoto, Montreal, Krakow, Porto, Oslo, Valencia, Tallinn, Bologna, Seville, Ghent",
  ),
  region: list(
    "the Dolomites, the Highlands, Patagonia, the Black Forest, Tuscany, the Azores, Brittany",
  ),
  sight: list(
    "the old lighthouse, a tile museum, the botanical garden, a night market, the cathedral tower, a tram depot, the salt flats",
  ),
  mishap: list(
    "lost my passport, missed the ferry, got a flat tyre, left the tickets at home, caught a nasty cold, locked us out of the cabin",
  ),
  dish: list(
    "lasagna, dumplings, paella, a chickpea curry, ramen, a mushroom risotto, pierogi, a beef stew, tamales, moussaka",
  ),
  secret: list(
    "smoked paprika, a spoon of miso, orange zest, brown butter, anchovies, toasted cumin, a splash of vinegar",
  ),
  source: list(
    "my grandmother, a neighbour, an old magazine, my flatmate, a podcast, my aunt, the woman at the market",
  ),
  instrument: list(
    "the cello, the ukulele, the banjo, the clarinet, drums, the accordion, the harp",
  ),
  piece: list(
    "a tango, a lullaby, a Bach suite, an old sea shanty, a film theme, a blues in E, a wedding march",
  ),
  event: list(
    "the spring recital, my cousin's wedding, the street festival, an open mic night, the school fair",
  ),
  book: list(
    "The Glass Orchard, Salt Roads, A Winter Ledger, The Cartographer's Son, Nine Bridges, The Quiet Engine",
  ),
  theme: list(
    "exile, forgiveness, the sea, growing old, a family bakery, a lost language, two rival chess players",
  ),
  job: list(
    "a nurse, a surveyor, a data analyst, a carpenter, a translator, a park ranger, a sound engineer",
  ),
  firm: list(
    "a hospital, the city council, a tiny startup, the railway, a publishing house, a theatre, an observatory",
  ),
  condition: list(
    "a four-day week, a six-month trial, a company bike, a night shift every month, fewer meetings",
  ),
  room: list("kitchen, bathroom, attic, garage, hallway, balcony, basement"),
  broken: list(
    "boiler, dishwasher, washing machine, fridge, sewing machine, lawn mower, coffee grinder",
  ),
  part: list(
    "a worn belt, a blown fuse, a cracked valve, a clogged filter, a loose wire, a dead capacitor",
  ),
  price: list(
    "forty euros, two hundred dollars, almost nothing, ninety pounds, six hundred kronor, a week's pay",
  ),
  plant: list(
    "tomatoes, dahlias, fig trees, sweet peas, pumpkins, climbing roses, lavender, chillies",
  ),
  pest: list("slugs, aphids, a hungry deer, early frost, mildew, the neighbour's chickens"),
  remedy: list(
    "copper tape, garlic spray, an old bedsheet, nettle tea, crushed eggshells, a taller fence",
  ),
  sport: list("climbing, rowing, fencing, trail running, swimming, judo, cycling, badminton"),
  injury: list(
    "a sprained ankle, a sore shoulder, two cracked ribs, a twisted knee, a jammed thumb",
  ),
  cure: list(
    "daily stretching, an ice bath, three weeks of rest, a brace, physiotherapy, lighter shoes",
  ),
  craft: list(
    "pottery, bookbinding, calligraphy, knitting, woodcarving, screen printing, glass blowing",
  ),
  made: list(
    "a teapot, a scarf, a set of bowls, a cutting board, a leather journal, a lampshade, a birdhouse",
  ),
  receiver: list(
    "my sister, a retired teacher, the new neighbours, my godson, an old friend from school, our landlord",
  ),
  relative: list("my brother, my niece, my uncle, my grandfather, my stepmother, my cousin"),
  news: list(
    "is getting married, had twins, is moving abroad, opened a bakery, sold the farm, passed the bar exam",
  ),
  when: list(
    "in June, next spring, on the tenth, right after Christmas, in two weeks, at the end of August",
  ),
  charity: list(
    "the animal shelter, a food bank, the hospice, a reading club for children, the coast guard, a repair café",
  ),
  task: list(
    "sorting donations, walking the dogs, driving the van, answering the phone, teaching fractions, mending bikes",
  ),
  service: list(
    "the billing service, the importer, the login page, the report job, the search index, the mobile app",
  ),
  symptom: list(
    "timing out every morning, returning empty pages, charging people twice, eating all the memory, dropping every tenth message",
  ),
  cause: list(
    "a missing index, a clock that drifted, a cached token, a retry loop, an expired certificate, a wrong time zone",
  ),
  tool: list(
    "pool_max, retry_budget, cacheTtlSeconds, src/jobs/Nightly.ts, config/limits.yaml, max_batch_rows, parseHeader",
  ),
  value: list("12, 300, 45 seconds, half of what it was, zero, 2048"),
  release: list("v2.3.1, v0.9.14, v4.0.0, v1.18.2, v3.7.5"),
  vehicle: list("van, motorbike, old Volvo, camper, scooter, estate car, tandem"),
  colour: list("mustard yellow, bottle green, sky blue, brick red, silver, cream"),
  course: list("Portuguese, statistics, first aid, beekeeping, sign language, astronomy, welding"),
  teacher: list(
    "a retired sailor, a former dancer, a very strict professor, a woman from Goa, someone my age, a monk",
  ),
  show: list("The Harbour, Cold Ledger, Paper Moons, Station Nine, The Long Thaw"),
  fear: list("heights, flying, public speaking, spiders, deep water, the dentist"),
  trick: list(
    "counting backwards, humming, holding a smooth stone, breathing through the nose, writing it all down first",
  ),
  gift: list(
    "a telescope, a record player, concert tickets, a cast iron pan, a hammock, a fountain pen, a star map",
  ),
  occasion: list(
    "my birthday, our anniversary, my graduation, the housewarming, my last day at work",
  ),
  weather: list("hail, thick fog, a heat wave, a thunderstorm, the first snow, a dust storm"),
  plan: list("picnic, barbecue, marathon, regatta, garden party, balloon ride"),
  refuge: list(
    "an old barn, the library, a bus shelter, the bakery on the corner, a church hall, somebody's garage",
  ),
};

/** The stories. */
export const topics: ReadonlyArray<Topic> = [
  {
    lines: [
      me(
        "[We had such a scare with|You won't believe the week we had with|I am worn out because of] {pet}, our {animal}. [I spent half the night at the vet|The vet saw us at midnight|We rushed to the animal clinic].",
      ),
      you(
        "[Oh no, poor thing|Goodness|That sounds awful]! [What was it|What on earth happened|Is everything all right]?",
      ),
      me(
        "[It turned out to be|They found|The scan showed] {swallowed}. [We never noticed it was gone|I still have no idea where it came from].",
        "[{pet} had swallowed something|Our {animal} had eaten something it should not]:",
      ),
      you("[I am so glad it ended well|Animals, honestly|That must have cost a fortune]."),
      me(
        "[Nine stitches and a plastic cone for ten days|They kept us there until morning and sent us home with pills|We only have to give soft food for a week], [so it could be worse|and then we will see].",
        "[The vet was great with {pet}|About {pet}'s treatment]:",
      ),
    ],
    questions: [
      ask(
        "What [had|did] {pet} the {animal} [swallow|eat] before the [vet visit|trip to the vet]?",
        2,
      ),
      ask(
        "What [treatment|care] did {me}'s {animal} need [after the vet|once the emergency was over]?",
        4,
      ),
      ask("[Who is {pet}|What kind of pet is {pet}]?", 0),
    ],
    overall: { ask: "Which [pets|animals] of {me} had to [go to the vet|see a vet]?", line: 0 },
  },
  {
    lines: [
      me(
        "[I am just back from|We finally went to|I spent ten days in] {city}. [The food alone was worth it|I walked until my feet hurt|Everything was uphill]!",
      ),
      you(
        "[Jealous|Lucky you|I have always wanted to go]! [What did you like best|Any highlights|What should I not miss]?",
      ),
      me(
        "[Without any doubt|Hands down|Oh,] {sight}. [I could have stayed there all day|We went back twice|I took far too many photos].",
        "[The best thing in {city}|What I enjoyed most on that trip]?",
      ),
      you(
        "[And no trouble at all this time|Did everything go smoothly|Knowing you, something went wrong]?",
      ),
      me(
        "[Ha, of course|Well,] I {mishap} [on the second day|on the way back|the very first evening]. [A kind stranger helped us out|It cost us a whole afternoon|I laugh about it now].",
        "[Something always goes wrong when I travel|The trip to {city} was not perfect].",
      ),
    ],
    questions: [
      ask("What did {me} [enjoy|like] most [in|about the holiday in|on the trip to] {city}?", 2),
      ask(
        "What [went wrong|trouble did {me} have] [during|on] the [trip|journey|vacation] to {city}?",
        4,
      ),
      ask("When did {me} [travel to|visit] {city}?", 0),
    ],
    overall: { ask: "Which cities has {me} [visited|travelled to|been to]?", line: 0 },
  },
  {
    lines: [
      me(
        "[I cooked|I made|Last night I tried] {dish} [for six people|for the first time|from scratch], [and nobody left hungry|and the pan came back clean].",
      ),
      you(
        "[You have to share that|My mouth is watering|Wow, ambitious]. [Whose idea was it|Where did you learn that|Is that in a book]?",
      ),
      me(
        "[I got it from|It comes from|That was] {source}, [years ago|scribbled on a postcard|who never measures anything].",
        "[The recipe for {dish}|Who taught me to cook that]?",
      ),
      you("[And the trick|There must be a trick|What makes it special]?"),
      me(
        "{secret}, [right at the end|just a little|more than you would dare]. [Do not tell anyone|It changes everything|People always ask].",
        "[What makes my {dish} special|The secret ingredient]?",
      ),
    ],
    questions: [
      ask(
        "[Who taught {me} to make|Who gave {me} the recipe for|Where does {me}'s recipe for] {dish}?",
        2,
      ),
      ask("What is the [secret ingredient|special ingredient] of {me}'s {dish}?", 4),
    ],
    overall: { ask: "What [dishes|meals] has {me} cooked?", line: 0 },
  },
  {
    lines: [
      me(
        "[I have started playing|I took up|My new obsession is] {instrument}. [The neighbours are patient so far|My fingers hurt|I practise in the wardrobe].",
      ),
      you(
        "[Good for you|At last|I did not expect that]! [What are you working on|Can you play anything yet|Do you have a teacher]?",
      ),
      me(
        "[Only|Slowly learning|Mostly] {piece}. [It falls apart after the second page|I can nearly do it with my eyes closed].",
        "[On {instrument}|What I practise]?",
      ),
      you("[When do we get to listen|Will there be an audience|You should play for people]."),
      me(
        "[Actually yes, at|I promised to do it at|They asked me for] {event}. [I am terrified|No way back now|Wish me luck].",
        "[I will perform in public|Playing {instrument} for an audience].",
      ),
    ],
    questions: [
      ask(
        "[Which|What] [piece of music|song|tune] is {me} [learning|practising] on {instrument}?",
        2,
      ),
      ask(
        "[Where|On what occasion] will {me} [perform|play] {instrument} [in public|for an audience]?",
        4,
      ),
    ],
  },
  {
    lines: [
      me(
        "[I could not put down|I just finished|Have you read] {book}? [I read it in one sitting|It kept me up until three].",
      ),
      you(
        "[Never heard of it|It is on my shelf|Somebody at work mentioned it]. [What is it about|Is it sad|Worth it]?",
      ),
      me(
        "[Mostly|On the surface a crime story, but really|In the end it is all about] {theme}. [The last chapter broke me|I cried on the train|Beautifully written].",
        "[The novel is not easy to sum up|What {book} is about]:",
      ),
      you("[Lend it to me when you can|Added to the list|Sounds heavy for the beach]."),
    ],
    questions: [
      ask("What is [the book|the novel] {book} [that {me} read|] about?", 2),
      ask("[Which|What] [novel|book] did {me} [read in one sitting|stay up all night for]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Big news: I|So, I finally|You are the first to hear that I] [signed a contract|got the offer|am changing jobs]. [From Monday I work as|They want me as|I will be] {job}.",
      ),
      you(
        "[Congratulations|About time|You deserve it]! [Who is the lucky employer|Where is it|With whom]?",
      ),
      me(
        "[It is with|At|For] {firm}. [Ten minutes from home|They were looking for months|The interview took three hours].",
        "[My new employer|Who hired me as {job}]?",
      ),
      you("[Did you negotiate|And are the terms good|Better hours, I hope]?"),
      me(
        "[I insisted on|They agreed to|The only catch is] {condition}. [I sleep better already|We shall see how long that lasts].",
        "[About the conditions of the job|I did negotiate with them].",
      ),
    ],
    questions: [
      ask("[Who|What kind of company] [hired|employs] {me} as {job}?", 2),
      ask("What [condition|arrangement] did {me} [negotiate|get] with the new [job|employer]?", 4),
      ask("What is {me}'s new [profession|position|occupation]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[The {broken} gave up|Our {broken} died|There was water everywhere: the {broken}] [again|on Sunday, of course|just before the guests came].",
      ),
      you(
        "[Did you call someone|Not again|Typical]. [Can it be saved|Is it beyond repair|What was wrong with it]?",
      ),
      me(
        "[Just|After two hours on the floor I found|The man pulled out] {part}. [I felt silly|I kept it as a souvenir|It was hidden behind a plate].",
        "[The fault in the {broken}|What broke in there]?",
      ),
      you("[And the damage|I hope that was cheap|What did they charge]?"),
      me(
        "{price}, [parts included|in cash|and a cup of tea]. [I had feared worse|Daylight robbery|I can live with that].",
        "[What I paid to repair the {broken}|Fixing it was not free]:",
      ),
    ],
    questions: [
      ask("What [caused the failure of|was the fault with|broke in] {me}'s {broken}?", 2),
      ask(
        "How much did {me} [pay to repair|pay for fixing|spend on the repair of] the {broken}?",
        4,
      ),
    ],
    overall: { ask: "What [appliances|things] did {me} have to get [repaired|fixed]?", line: 0 },
  },
  {
    lines: [
      me(
        "[This year I am growing|I planted|The whole bed is full of] {plant}. [You should see it|I go out there before breakfast|My back hurts from digging].",
      ),
      you("[Mine never survive|I envy your green thumb|And nothing eats them]?"),
      me(
        "[Something does:|The enemy is|We had a terrible time with] {pest}. [Half was gone overnight|I nearly gave up|I was furious].",
        "[My {plant} were attacked|The damage to the {plant} was bad].",
      ),
      you("[So what now|And you let it happen|Did anything help]?"),
      me(
        "{remedy} [did it|, believe it or not|saved what was left]. [Cheap and no poison|My neighbour swears by it too].",
        "[To protect the {plant}|How I saved the garden]:",
      ),
    ],
    questions: [
      ask("What [damaged|attacked|threatened] {me}'s {plant}?", 2),
      ask("How did {me} [protect|save] the {plant} in the garden?", 4),
    ],
    overall: { ask: "What does {me} [grow|have growing] in the garden?", line: 0 },
  },
  {
    lines: [
      me(
        "[No {sport} for me|I had to stop {sport}|The {sport} season is over for me] [this month|for a while]. [I overdid it|My own fault|It happened at the warm-up, of all times].",
      ),
      you("[What have you done|Ouch|Are you hurt]? [Did you see a doctor|How bad is it]?"),
      me(
        "[Only|The doctor says it is|An X-ray later:] {injury}. [It could have been worse|I can hardly tie my shoes|It throbs at night].",
        "[The injury from {sport}|What happened at {sport}]?",
      ),
      you("[Take it slowly|How do you get rid of it|I had that once]."),
      me(
        "{cure} [works for me|, nothing else|is what she prescribed]. [Boring but true|I count the days|Already a bit better].",
        "[To recover|To get back to {sport}]?",
      ),
    ],
    questions: [
      ask("What [injury|kind of injury] [stopped|kept] {me} from {sport}?", 2),
      ask("How did {me} [recover from|treat] the {sport} [injury|accident]?", 4),
    ],
  },
  {
    lines: [
      me(
        "[I signed up for|Tuesday evenings are for|I fell in love with] {craft}. [My hands are never clean|The studio smells wonderful|It calms me down like nothing else].",
      ),
      you("[Show me something|What came out of it|Anything finished yet]?"),
      me(
        "{made}, [a bit crooked|my third attempt|and I am absurdly proud]. [The others were better|I nearly dropped it].",
        "[What I made in the {craft} class|From the {craft} studio]:",
      ),
      you("[Will you keep it|On your shelf, I suppose|You could sell that]."),
      me(
        "[Already given away, to|It went to|No, I wrapped it up for] {receiver}. [There were tears|Worth every hour|I got a cake in return].",
        "[What I made in the {craft} class was a gift|I gave it away].",
      ),
    ],
    questions: [
      ask("What did {me} [make|create|produce] in the {craft} [class|course|studio]?", 2),
      ask("Who [received|was given] what {me} made in {craft}?", 4),
    ],
    overall: { ask: "What [crafts|hobbies] has {me} taken up?", line: 0 },
  },
  {
    lines: [
      me(
        "[Guess what|Family news|My mother called]: {relative} {news}. [I had to sit down|Nobody saw that coming|We are all over the moon].",
      ),
      you(
        "[How wonderful|Really|That is quick]! [When is it|When does it all happen|Have they set a date]?",
      ),
      me(
        "{when}, [if all goes well|so not much time left|or so they say]. [I still need shoes|I am supposed to hold a speech|We are driving up together].",
        "[When it happens with {relative}|The date]?",
      ),
    ],
    questions: [
      ask(
        "When [will it be that|does it happen that|is it that] {me}'s {relative:bare} {news}?",
        2,
      ),
      ask("What [news|announcement] did {me} [share|tell] about {relative:their}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[I have been volunteering at|On Saturdays I help at|I gave my weekend to] {charity}. [It grounds me|They are short of people|I wish I had started years ago].",
      ),
      you(
        "[That is kind of you|Respect|I should do something too]. [What do they have you do|Is it hard work]?",
      ),
      me(
        "[Mainly|Nothing heroic,|They put me on] {task}. [It is more fun than it sounds|I come home exhausted and happy|You meet everybody].",
        "[What volunteers do at {charity}|My work at {charity}]?",
      ),
    ],
    questions: [
      ask("What does {me} [do as a volunteer at|help with at|do for] {charity}?", 2),
      ask("Where does {me} [volunteer|do charity work|help out for free]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[Production trouble|Bad night on call|The dashboard is red]: {service} is {symptom}. [Customers noticed before we did|It began after the deploy|I have logs open in six windows].",
      ),
      you(
        "[Do we know why|Any suspect|What do the traces say]? [I can take a look|Roll back first, ask later].",
      ),
      me(
        "[Found it|Got it|After an hour of reading]: {cause}. [Nobody had touched that in years|The test never covered it|Embarrassing, really].",
        "[The root cause of the trouble with {service}|Why {service} was failing]:",
      ),
      you("[How do we stop the bleeding|And the fix|What did you change]?"),
      me(
        "[I set {tool} to {value}|Changed {tool} to {value}|{tool} is now {value}] [and it calmed down|, reviewed and merged|for the time being].",
        "[For {service}|The configuration was wrong].",
      ),
      me(
        "[Shipped in|The proper fix went out with|Tagged] {release}, [no complaints since|and the graphs are flat again].",
        "[The fix for {service}|{service} has a new version].",
      ),
    ],
    questions: [
      ask("What was the [root cause|reason|cause] when {service} was {symptom}?", 2),
      ask("[What was {tool} set to|To what did {me} change {tool}] [for|because of] {service}?", 4),
      ask("[Which|What] version [contained|has] the fix for {service}?", 5),
      ask("What was [wrong with|the problem of] {service}?", 0),
    ],
    overall: {
      ask: "[Which|What] [incidents|outages|problems in production] did {me} [work on|report]?",
      line: 0,
    },
  },
  {
    lines: [
      me(
        "[I did it, I bought|There is a new toy outside:|We are the owners of] a {vehicle}. [Second hand, of course|It purrs|The papers came today].",
      ),
      you("[Pictures, please|Finally|What does it look like]! [How much was it|Was it expensive]?"),
      me(
        "{colour}, [with a dent on the left|with wooden trim|a little rust here and there]. [I named it already|The children adore it].",
        "[What colour the {vehicle} is|The {vehicle}]?",
      ),
      you("[And the bank account|You robbed a bank, I assume|That can't have been cheap]."),
      me(
        "[I paid|We shook hands at|In the end] {price}. [A bargain|The seller was in a hurry|Please do not tell my father].",
        "[The price of the {vehicle}|What I spent on the {vehicle}]?",
      ),
    ],
    questions: [
      ask("What colour is the {vehicle} [that {me} bought|of {me}]?", 2),
      ask("[How much|What] did {me} [pay|spend] for the {vehicle}?", 4),
    ],
  },
  {
    lines: [
      me(
        "[I enrolled in|My head is full, I am taking|Back to school for me:] [a course in {course}|{course} lessons|an evening class in {course}]. [Homework and all|Two evenings a week].",
      ),
      you("[Brave|I could never|What for]? [Who runs it|Is the teacher any good]?"),
      me(
        "{teacher}, [full of stories|who throws chalk|with endless patience]. [I learn more in the breaks|I would follow that voice anywhere].",
        "[Our teacher in {course}|Who teaches us {course}]?",
      ),
    ],
    questions: [
      ask("Who [teaches|is teaching] {me} {course}?", 2),
      ask(
        "What [subject|course] is {me} [studying|learning] [in the evenings|at evening school]?",
        0,
      ),
    ],
    overall: { ask: "What has {me} [studied|taken classes in]?", line: 0 },
  },
  {
    lines: [
      me(
        "[I finally told somebody about|You know about my problem with|It caught me again,] {fear}. [My knees went soft|I had to leave the room|Silly, at my age].",
      ),
      you(
        "[Not silly at all|Everyone has something|I get that]. [Is there anything that helps|How do you cope]?",
      ),
      me(
        "{trick}, [strangely enough|every single time|at least a little]. [It takes two minutes|My sister showed me|I feel less alone with it].",
        "[Against {fear} there is one thing that helps|When I am afraid of it]:",
      ),
    ],
    questions: [
      ask("What [helps {me} with|does {me} do against] the fear of {fear}?", 2),
      ask("What is {me} [afraid|scared|frightened] of?", 0),
    ],
  },
  {
    lines: [
      me(
        "[They spoiled me for|You should have been there for|I am still smiling about] {occasion}. [Cake, balloons, the lot|I had expected nothing].",
      ),
      you(
        "[You earned it|Happy belated wishes|Tell me everything]! [What did they give you|Any nice presents]?",
      ),
      me(
        "{gift}! [I jumped up and down|I had hinted for months|I did not know what to say]. [It has its own corner already|I have used it every day].",
        "[The best present I ever got|For {occasion} I got something big]:",
      ),
    ],
    questions: [ask("[What|Which] [present|gift] did {me} [get|receive] for {occasion:their}?", 2)],
    overall: { ask: "What [presents|gifts] has {me} received?", line: 2 },
  },
  {
    lines: [
      me(
        "[Our {plan} was a disaster|So much for the {plan}|We had been looking forward to the {plan} for weeks]: {weather}, [out of nowhere|within five minutes|just as we began].",
      ),
      you(
        "[Oh dear|I saw the sky|You are kidding]! [Where did you go|Did you get soaked|What did you all do]?",
      ),
      me(
        "[We ended up in|All forty of us squeezed into|Somebody unlocked] {refuge}. [We sang until it was over|Best part of the day|Dry, at least].",
        "[When the {plan} was ruined we had to find shelter|During the {plan}]:",
      ),
    ],
    questions: [
      ask("Where did {me} [find shelter|take cover] when the {plan} was [ruined|interrupted]?", 2),
      ask("What [kind of weather|weather] [ruined|spoiled] {me}'s {plan}?", 0),
    ],
  },
  {
    lines: [
      me(
        "[We are redoing|The builders are in|Dust everywhere, we renovate] the {room}. [It was about time|It will take a month, they say|I live out of boxes].",
      ),
      you("[Which colour will it be|Have you decided on the paint|And the walls]?"),
      me(
        "{colour}, [against all advice|after nine samples|and I will not discuss it]. [It looks bigger already|The light is lovely in the morning].",
        "[The walls of the {room}|We chose the paint for the {room}]:",
      ),
      you("[Bold|I trust your taste|I will bring a plant]. [And the budget|Still on budget]?"),
      me(
        "[So far|We said|It stands at] {price}, [not counting the pizza for everyone|and rising|which is more than the car cost].",
        "[The cost of the {room}|What the renovation costs]?",
      ),
    ],
    questions: [
      ask("What colour [did {me} paint|was chosen for|will be on the walls of] the {room}?", 2),
      ask("[How much|What] does the [renovation|remodelling] of {me}'s {room} cost?", 4),
    ],
  },
  {
    lines: [
      me(
        "[Everybody talks about|I am hooked on|I watched four episodes of] {show}. [One more and then I sleep, I said|Do not spoil it for me].",
      ),
      you(
        "[I gave up after the pilot|Isn't that the one about {theme}|My brother loves it]. [Does it get better|What do you see in it]?",
      ),
      me(
        "[The acting|The music|That slow camera]! [And it is filmed in|They shot it in|It all takes place in] {region}. [I want to go there now|I paused it just to look].",
        "[What I like in {show}|The series {show}]?",
      ),
    ],
    questions: [
      ask("Where was the series {show} [filmed|shot|made]?", 2),
      ask("[Which|What] [series|TV show] is {me} [watching|addicted to]?", 0),
    ],
  },
  {
    lines: [
      me(
        "[We hiked through|I spent a week walking in|Greetings from] {region}. [No signal, no news, bliss|My boots did not survive|Up at five every day].",
      ),
      you(
        "[That sounds like paradise|Alone|I would get lost]. [Was it dangerous|Did the weather hold]?",
      ),
      me(
        "[On the third day we had|Mostly fine, then|I was caught in] {weather}. [I have never walked so fast|We prayed a little|I would do it again tomorrow].",
        "[The weather in {region}|While we were walking]?",
      ),
      you("[And you lived to tell|Where did you sleep|Did you have a tent]?"),
      me(
        "[A shepherd let us into|We slept in|There was] {refuge}, [dry straw and all|with a stove|and someone had left soup].",
        "[Where we slept in {region}|We had to spend the night somewhere].",
      ),
    ],
    questions: [
      ask("What weather [surprised|hit] {me} while [hiking|walking] in {region}?", 2),
      ask("Where did {me} [sleep|spend the night] [in|during the hike through] {region}?", 4),
    ],
  },
];
