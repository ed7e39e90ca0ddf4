/** What people say between the stories: greetings, reactions, and words of other stories in passing. */

import { lines } from "../storybook.ts";

/** How a day begins. */
export const greetings = lines(`
  [Hey|Hi|Good morning|Hello] {you}! [How have you been|Long time no see|How was your week]?
  {you}, [there you are|finally]! [I have been meaning to write|So much to tell].
  [Hi there|Hello again], [how are things|what's new], {you}?
`);

/** How the other one answers. */
export const replies = lines(`
  [Hey|Hi] {you}! [Busy but fine|All good here|A bit tired, to be honest]. [And you|What about yourself]?
  [Can't complain|Same as ever|Getting there], {you}. [Work keeps me on my toes|The days just fly by].
  [So good to hear from you|Perfect timing], {you}! [Tell me everything|I need a break anyway].
`);

/** Said after anything: they make turns longer, and alike. */
export const tails = lines(`
  [How are you holding up|How about you]?
  [I will send you a photo later|I took a picture, look].
  [It made my whole week|I was so happy about that|It means a lot to me].
  [Anyway, that is life|Well, what can you do].
  [Thanks for listening|Thanks for asking], {you}.
  [My family thinks I am mad|The kids laughed at me].
  [I had been thinking about it for months|It took me forever to decide].
  [We should celebrate that together|You have to come and visit soon].
  [Honestly, I needed that|It keeps me going these days].
  [I could talk about it all evening|But enough about me].
  [It was a long day, though|I slept like a stone afterwards].
  [You would have loved it|I thought of you right away], {you}.
  [There is always something to learn|Practice makes perfect, they say].
  [I am trying to stay positive|One step at a time].
  [My friends helped a lot|I could not have done it alone].
  It [almost|nearly] felt like {occasion}.
  [Like that time in|It reminded me of] {city}, [remember|you know].
  [Somebody said|I was told] {relative} had the same.
  [Then we had|Later there was] {dish} [at home|for everybody|with friends].
  [All this while|In the middle of it] I was [humming {piece}|reading {book}|watching {show}].
  [Next to it stood|On the way we saw] a {colour} {vehicle}.
  [And all that in|It happened right before] {weather}.
  [I was late for {sport}, too|No time for {sport} this week].
  [I nearly forgot about {event}|Everyone was talking about {event}].
  [The garden looks sad as well, no {plant} this year|At least the {plant} are doing well].
  [My {room} is a mess|I was stuck in the {room} all morning].
`);

/** What the listener says where nothing else is planned. */
export const reactions = lines(`
  [That is amazing|Wow|Incredible], {you}! [Keep going|I am proud of you|You never stop surprising me].
  [I totally get that|I know the feeling|Same here]. [It is never easy|These things take time].
  [Thanks for telling me|I appreciate that]. [It gives me hope|I needed to hear that today].
  [Ha, classic|Of course|You and your stories]. [I would have run away|What a day].
  [That reminds me|Funny you say that]: [I should call my mother|I still owe you an answer|there is laundry waiting].
  [Sounds good|Fair enough]. [Let me know how it goes|Keep me posted|Tell me when there is more].
`);

/** Somebody comes back to a story, and nothing of it is told again. */
export const returns: ReadonlyArray<readonly [ask: string, answer: string]> = [
  [
    "[By the way, what about|Any news about|I keep thinking about] {subject}?",
    "[Nothing new there|All quiet|Much better, thanks]. [I will tell you when something happens|We are getting used to it].",
  ],
  [
    "[I told my sister about|Everyone here asks about] {subject}. [She could not believe it|They love your stories].",
    "[Ha, say hello from me|Now I am famous]. [It feels so long ago already|You made me laugh].",
  ],
  [
    "[So, {subject}|You mentioned {subject} the other day]. [Would you do it again|No regrets]?",
    "[Any time|Ask me tomorrow|Without hesitation]. [Some things are worth the trouble|I have changed, I think].",
  ],
];
