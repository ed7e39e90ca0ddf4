/**
 * Messages as people and agents write them, the same for the same seed: words by their rank after Zipf, a message in
 * thirty-two in Chinese, identifiers, and phrases and identifiers planted where searches look for them.
 */
import { searchDocument } from "../../src/services/search/vector.ts";

/** A message with what its row holds besides. */
export interface Message {
  readonly content: string;
  readonly vector: string;
  readonly length: number;
}

/** How many turns a conversation has, and how many conversations a session. */
export const turnsOfConversation = 50;
export const conversationsOfSession = 10;

type Random = () => number;

/** A generator of numbers from 0 to 1: the same for the same seed, and unlike for neighbouring ones. */
const randomOf = (seed: number): Random => {
  let state = Math.imul(seed + 1, 0x9e3779b1) | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The commonest words in their order; from then on words are made up. */
const commonest =
  `the of and to a in is it that we you for on with as this be at have not time are but from people they or by an work
  can what day there when all if will project do about which up out so one team would their who week get make than like
  no just problem know into some could server them see other now look only come question over think also back after use
  two how our first well even new want because any these give most us morning letter garden meeting budget kitchen
  colour travel money number house school river market window summer answer report doctor dinner coffee station ticket
  machine memory button editor review branch commit deploy metric latency cluster schema backup session client request
  response header cookie token password network socket thread process signal kernel module package library compiler
  parser syntax function variable constant integer string boolean array object record index query table column cursor
  transaction lock replica shard partition cache queue worker batch stream buffer packet router gateway proxy firewall
  certificate domain hostname address port protocol version release changelog migration rollback incident alert
  dashboard graph chart legend axis scale margin border layout theme font icon banner footer sidebar menu dialog form
  field label checkbox slider toggle tooltip modal page article paragraph sentence chapter author editorial magazine
  newspaper journal diary novel poem song melody rhythm concert theatre actor scene camera picture painting sculpture
  museum gallery exhibition artist brush canvas pencil paper notebook folder drawer shelf cupboard lamp candle mirror
  carpet curtain blanket pillow mattress ladder hammer nail screw wrench bucket shovel rake hose fence gate path bridge
  tunnel harbour lighthouse ferry sailor captain anchor compass voyage island beach lagoon coral reef mountain valley
  glacier forest meadow orchard vineyard farm barn tractor harvest wheat barley oats honey butter cheese yoghurt pepper
  cinnamon ginger saffron vanilla chocolate biscuit pancake omelette sandwich salad soup stew noodle dumpling lantern`
    .trim()
    .split(/\s+/);

const onsets = "b c ch d f g h j k l m n p pl pr qu r s sh st t tr v w br cl dr fl gr".split(" ");
const vowels = "a e i o u ai ea ou".split(" ");
const codas = ["", "", "", "n", "r", "s", "t", "l", "ck", "nd", "st", "m"];
const endings = ["", "", "", "", "o", "a", "ing", "ed", "s", "er", "ly", "tion"];
const vocabularySize = 200_000;

const makeVocabulary = (): ReadonlyArray<string> => {
  const random = randomOf(20_261_120);
  const pick = (from: ReadonlyArray<string>) => from[Math.floor(random() * from.length)] ?? "";
  const words = new Set(commonest);
  while (words.size < vocabularySize) {
    const syllables = 2 + Math.floor(random() * 2);
    let word = "";
    for (let each = 0; each < syllables; each++) word += pick(onsets) + pick(vowels) + pick(codas);
    words.add(word + pick(endings));
  }
  return [...words];
};

const vocabulary = makeVocabulary();
/** Common characters; two of them make a word. */
const characters = [
  ...`
    的一是在不了有和人这中大为上个国我以要他时来用们生到作地于出就分对成会可主发年动同工也能下过子说
    产种面而方后多定行学法所民得经十三之进着等部度家电力里如水化高自二理起小物现实加量都两体制机当使
    点从业本去把性好应开它合还因由其些然前外天政四日那社义事平形相全表间样与关各重新线内数正心反你明
    看原又么利比或但质气第向道命此变条只没结解问意建月公无系军很情者最立代想已通并提直题党程展五果料
    象员革位入常文总次品式活设及管特件长求老头基资边流路级少图山统接知较将组见计别她手角期根论运农指
    几九区强放决西被干做必战先回则任取据处队南给色光门即保治北造百规热领七海口东导器压志世金增争济阶
    油思术极交受联什认六共权收证改清己美再采转更单风切打白教速花带安场身车例真务具万每目至达走积示议
    声报斗完类八离华名确才科张信马节话米整空元况今集温传土许步群广石记需段研界拉林律叫且究观越织装影
    算低持音众书布复容儿须际商非验连断深难近矿千周委素技备半办青省列习响约支般史感劳便团往酸历市克何
    除消构府称太准精值号率族维划选标写存候毛亲快效斯院查江型眼王按格养易置派层片始却专状育厂京识适属
    圆包火住调满县局照参红细引听该铁价严首底液官德调随病苏失尔死讲配女黄推显谈罪神艺呢席含企望密批营
    项防举球英氧势告李台落木帮轮破亚师围注远字材排供河态封另施减树溶怎止案言士均武固叶鱼波视仅费紧爱
    左章早朝害续轻服试食充兵源判护司足某练差致板田降黑犯负击范继兴似余坚曲输修故城夫够送笔船占右财吃
    富春职觉汉画功巴跟虽杂飞检吸助升阳互初创抗考投坏策古径换未跑留钢曾端责站简述钱副尽帝射草冲承独令
    限阿宣环双请超微让控州良轴找否纪益依优顶础载倒房突坐粉敌略客袁冷胜绝析块剂测丝协诉念陈仍罗盐友洋
    错苦夜刑移频逐靠混母短皮终聚汽村云哪既距卫停烈央察烧迅境若印洲刻括激孔搞甚室待核校散侵吧甲游久菜
    味旧模湖货损预阻毫普稳乙妈植息扩银语挥酒守拿序纸医缺雨吗针刘啊急唱误训愿审附获茶鲜粮斤孩脱硫肥善
    龙演父渐血欢械掌歌沙刚攻谓盾讨晚粒乱燃矛乎杀药宁鲁贵钟煤读班伯香介迫句丰培握兰担弦蛋沉假穿执答乐
    谁顺烟缩征脸喜松脚困异免背星福买染井概慢怕磁倍祖皇促静补评翻肉践尼衣宽扬棉希伤操垂秋宜氢套督振架
    亮末宪庆编牛触映雷销诗座居抓裂胞呼娘景威绿晶厚盟衡鸡孙延危胶屋乡临陆顾掉呀灯岁措束耐剧玉赵跳哥季
    课凯胡额款绍卷齐伟蒸殖永宗苗川炉岩弱零杨奏沿露杆探滑镇饭浓航怀赶库夺伊灵税途灭赛归召鼓播盘裁险康
    唯录菌纯借糖盖横符私努堂域枪润幅哈竟熟虫泽脑壤碳欧遍侧寨敢彻虑斜薄庭纳弹饲伸折麦湿暗荷瓦塞床筑恶
    户访塔奇透梁刀旋迹卡氯遇份毒泥退洗摆灰彩卖耗夏择忙铜献硬予繁圈雪函亦抽篇阵阴丁尺追堆雄迎泛爸楼避
    谋吨野猪旗累偏典馆索秦脂潮爷豆忽托惊塑遗愈朱替纤粗倾尚痛楚谢奋购磨君池旁碎骨监捕弟暴割贯殊释词亡
    壁顿宝午尘闻揭炮残冬桥妇警综招吴付浮遭徐您摇谷赞箱隔订男吹园纷唐败宋玻巨耕坦荣闭湾键凡驻锅救恩剥
    凝碱齿截炼麻纺禁废盛版缓净睛昌婚涉筒嘴插岸朗庄街藏姑贸腐奴啦惯乘恢尼绪
  `.replaceAll(/\s/g, ""),
];

const identifierParts =
  "user order pool index cache token frame batch event queue limit retry budget state count total size max min last next id key map list node tree page".split(
    " ",
  );

/** What a search asks for, planted in one message of so many; its words stand elsewhere too. */
const planted = [
  { every: 5000, texts: ["harbour lantern", "saffron voyage", "glacier orchard", "copper meadow"] },
  {
    every: 5000,
    texts: ["retry_budget_ms", "pool_size_limit", "src/queue/frameCount.ts", "maxTokenPages"],
  },
  { every: 5000, texts: ["量子计算", "潮汐灯塔", "冰川果园", "铜质望远镜"] },
] as const;

const range = (from: number, count: number, step: number) =>
  Array.from({ length: count }, (_, index) => vocabulary[from + index * step] ?? "");

const subjects = ["project", "week", "problem", "server", "question", "letter", "garden", "doctor"];

/** What is searched for, some alike of each kind: how often their words occur does not depend on which one it is. */
export const queries = {
  "a rare word": range(100_000, 8, 1000),
  "a word in 1 %": range(420, 8, 10),
  "a word in 7 %": ["problem", "server", "question"],
  "a frequent word": ["time", "people", "work"],
  "three words": subjects.map(
    (subject, index) =>
      `what did the ${subject} say of ${vocabulary[1200 + 40 * index]} and the ${vocabulary[12_000 + 400 * index]}?`,
  ),
  "a phrase": planted[0].texts.map((text) => `"${text}"`),
  "an identifier": planted[1].texts,
  Chinese: planted[2].texts,
} as const satisfies Readonly<Record<string, ReadonlyArray<string>>>;

const messageOf = (random: Random): string => {
  const zipf = (from: ReadonlyArray<string>) => from[Math.floor(from.length ** random()) - 1] ?? "";
  const identifier = () => {
    const parts = Array.from({ length: 2 + Math.floor(random() * 2) }, () => zipf(identifierParts));
    return parts.join(random() < 0.5 ? "_" : ".");
  };
  const isChinese = random() < 1 / 32;
  const sentences: Array<string> = [];
  for (let left = 20 + Math.floor(random() * 80); left > 0; ) {
    const size = Math.min(left, 6 + Math.floor(random() * 12));
    left -= size;
    if (isChinese) {
      const words = Array.from({ length: size }, () => zipf(characters) + zipf(characters));
      sentences.push(`${words.join("")}。`);
      continue;
    }
    const words = Array.from({ length: size }, () =>
      random() < 0.003 ? identifier() : zipf(vocabulary),
    );
    const sentence = words.join(" ");
    sentences.push(`${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`);
  }
  for (const { every, texts } of planted) {
    for (const text of texts) {
      if (random() * every < 1) sentences.splice(Math.floor(random() * sentences.length), 0, text);
    }
  }
  return sentences.join(" ");
};

/** The messages of a conversation, by its number. */
export const conversationOf = (number: number): ReadonlyArray<Message> => {
  const random = randomOf(number);
  return Array.from({ length: turnsOfConversation }, () => {
    const content = messageOf(random);
    return { content, ...searchDocument(content) };
  });
};

/** The session that a conversation belongs to. */
export const sessionOf = (number: number): string =>
  `session ${Math.floor(number / conversationsOfSession)}`;
