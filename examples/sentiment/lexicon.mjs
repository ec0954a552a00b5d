// What words and phrases say of the one who uses them, from -3 to 3.
const SCORES = {
  3: `adore adored amazing amazingly astonishing awesome beautiful beautifully best blissful
    breathtaking brilliant brilliantly delightful ecstatic excellent excellently exceptional
    exceptionally exquisite extraordinary fabulous fantastic fantastically flawless flawlessly
    gorgeous heavenly incredible loved love loves magnificent marvellous marvelous masterpiece
    outstanding overjoyed perfect perfection perfectly phenomenal spectacular splendid stellar
    stunning sublime superb superbly terrific thrilled triumph unforgettable wonderful
    wonderfully`,
  2: `admire admirable appealing appreciate appreciated attractive bargain better bright captivating caring
    charming cheerful comfortable compelling congratulations convenient cosy courteous creative
    delicious delighted dependable durable eager easily easy effective efficient effortless elegant
    engaging enjoy enjoyable enjoyed enjoying enjoys entertaining enthusiastic excited exciting
    fascinating faster favourite favorite fresh friendly fun funny generous gem glad good grateful
    great greatest happier happiest happily happy helpful hilarious honest impressed impressive
    improved improvement innovative inspired inspiring intuitive joy joyful kind kindness likeable
    lovely loving lucky memorable nice nicely original pleasant pleasantly pleased pleasure
    polite powerful praise pretty professional proud reassuring recommend recommended refreshing
    reliable relieved responsive rewarding robust satisfied satisfying smile smiling smooth
    smoothly success successful superior sweet talented tasty thoughtful thoughtfully treasure
    trustworthy useful valuable warm welcoming win winner wise witty worth worthwhile yummy`,
  1: `accurate adequate affordable calm clean clear clever cool correct cute decent fair fast fine
    fits fresher generously handy hope hopeful interesting like liked likes neat okay positive
    practical quick quickly quiet ready recover safe secure sharp simple solid stable sturdy
    support supportive sure tidy thank thankful thanks trust welcome well works`,
  '-1': `average bland boring basic bother busy cheap cold complicated confused confusing cramped
    delay delayed difficult dull expensive flimsy forgettable greasy hard hesitant issue issues
    lack lacking lacks late limited lonely loud mediocre messy mistake missing noisy odd old
    outdated overpriced plain predictable problem problems repetitive salty sad shaky silly slow
    slowly stale sticky strange tired tough uneven unclear unfinished unsure weak weird worn
    worried wrong`,
  '-2': `afraid alarming angry annoyed annoying anxious ashamed avoid bad badly bitter blame
    broke broken buggy careless clumsy complain complained complaint complaints crash crashed
    crashes cry dangerous damaged deceived defective depressed depressing dirty disappoint
    disappointed disappointing disappointment dishonest disorganised disorganized dissatisfied
    distressing fail failed failing fails failure fake fault faulty fear flawed forgot fraud
    frustrated frustrating frustration grim hopeless hurt ignored impolite inaccurate incompetent
    inedible inferior insulting irritated irritating lies lied lose losing loses loss lost lousy
    mess misleading miserable nasty negative neglected nonsense overcooked pain painful pathetic
    pointless poor poorly regret regretted rejected rotten rude ruin ruined scam shame shoddy
    sick stolen stressful stupid suffer suffered suffering terrified tasteless ugly unacceptable
    uncomfortable unfair unfortunate unfortunately unfriendly unhappy unhelpful unpleasant
    unprofessional unreliable unusable unwatchable upset upsetting useless waste wasted worse
    worthless`,
  '-3': `abysmal appalled appalling atrocious awful catastrophe catastrophic catastrophically
    despicable despise despised detest devastated devastating disaster disastrous disgrace
    disgraceful disgusted disgusting dreadful dreadfully evil furious garbage ghastly hate hated
    hateful hates heartbreaking heartbroken hideous horrendous horrible horribly horrid horrific
    horrified infuriating insufferable intolerable junk loathe nightmare outrageous outraged
    repulsive revolting rubbish sickening terrible terribly tragic trash unbearable vile vomit
    worst`,
};

/** @type {ReadonlyMap<string, number>} */
export const WORDS = new Map(
  Object.entries(SCORES).flatMap(([score, words]) =>
    words.split(/\s+/).map((word) => [word, Number(score)]),
  ),
);

/**
 * Phrases that mean something else than their words.
 * @type {ReadonlyMap<string, number>}
 */
export const PHRASES = new Map(
  Object.entries({
    'can not recommend enough': 3,
    'can not wait': 2,
    'could not ask for more': 3,
    'could not be better': 3,
    'could not be happier': 3,
    'could not be more pleased': 3,
    'could not be worse': -3,
    'could not wait': 2,
    'do not miss': 2,
    'exceeded my expectations': 3,
    'fall apart': -2,
    'fed up': -2,
    'fell apart': -2,
    'got worse': -2,
    'hard to beat': 3,
    'highly recommend': 3,
    'highly recommended': 3,
    'let down': -2,
    'like a charm': 3,
    'never again': -3,
    'no complaints': 2,
    'no problem': 1,
    'no problems': 1,
    'not worth': -2,
    'nothing special': -1,
    'on time': 1,
    'rip off': -3,
    'ripped off': -3,
    'second to none': 3,
    'sick of': -2,
    'stay away': -3,
    'stopped working': -2,
    'thumbs down': -2,
    'thumbs up': 2,
    'too good to be true': -1,
    'waste of money': -3,
    'waste of time': -3,
    'waste your time': -3,
    'well done': 2,
  }),
);

export const NEGATIONS = new Set(
  'not no never none nobody nothing neither nor without hardly barely scarcely cannot'.split(' '),
);

/**
 * By how much a word makes the next one stronger or weaker.
 * @type {ReadonlyMap<string, number>}
 */
export const DEGREES = new Map([
  ...'absolutely amazingly awfully completely deeply entirely especially extremely highly hugely incredibly insanely particularly really remarkably so super terribly thoroughly too totally truly utterly very'
    .split(' ')
    .map((word) => /** @type {const} */ ([word, 1.5])),
  ...'almost fairly kinda mildly moderately partly pretty quite rather slightly somewhat sort'
    .split(' ')
    .map((word) => /** @type {const} */ ([word, 0.6])),
]);

/**
 * Correct words that are a slip away from one of the above.
 * @type {ReadonlySet<string>}
 */
export const NO_SLIPS = new Set(
  `appearing averaged averages broker brother compliant corrected correctly corrects descent
   detective exception exited exiting extensive issued issuer linked please practicable
   practically realizable recovery regarding simplex successor though`.split(/\s+/),
);
