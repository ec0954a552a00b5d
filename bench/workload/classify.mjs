/** The work of cases 1 to 3: the example request, 1.2 KB, and the answer every peer must give. */

const request = {
  title: 'The lighthouse keeper who counted ships for forty years',
  body:
    'Every evening, a little before the lamp was lit, he opened the ledger on the table by the ' +
    'window and wrote down what had passed that day: the coasters with their brown sails, the mail ' +
    'steamer that was never late, the fishing boats that came home in a row like ducks. He noted the ' +
    'weather in one word and the wind in two. When the new light was built on the other side of the ' +
    'bay and his own was put out, the harbour office asked for the ledgers, and found that in forty ' +
    'years he had missed nine days, all of them in one January, when the stairs were under ice. The ' +
    'books are kept in the town library now, and pilots still come to read how the sandbanks moved ' +
    'from one winter to the next, because nobody else had thought of writing it down at the time. ' +
    'His daughter gave the last one away herself, and asked only that it lie open at the page with ' +
    'the whale, which he had drawn twice, since the first had come out too small.',
  enrichments: [
    'The old light from the harbour wall, about 1931',
    'One of the ledgers, open at the second winter',
    'local history',
    'lighthouses',
    'archives of the harbour office',
    'pilots',
    'sandbanks',
  ],
};

export const body = JSON.stringify(request);

export const answer = {
  language: 'en',
  confidence: request.title.length / (request.title.length + request.body.length),
  version: '1',
};

/** Breaks the schema: every peer that validates must refuse it. */
export const invalidBody = JSON.stringify({ ...request, title: 5 });
