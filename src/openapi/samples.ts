import type { EndpointPlan } from '../endpoint/endpoint.js';
import type { FieldModel, MessageModel, ValueModel } from '../schema/model.js';
import type { Example, MediaType } from './document.js';

/** Characters of a sample; a picture would make a document that nobody reads. */
const LONGEST = 16 * 1024;

/** What the endpoint runs at its start, as examples of its bodies; else one that is made up. */
export function samplesOf(
  plan: EndpointPlan,
  message: MessageModel | undefined,
): Pick<MediaType, 'example' | 'examples'> {
  const samples = plan.options.warmup.flatMap((input) => asJson(plan, input) ?? []);
  if (samples.length > 0) {
    const named = samples.map((value, index): [string, Example] => [
      `warm-up-${index + 1}`,
      { summary: `Warm-up ${index + 1}`, value },
    ]);
    return { examples: Object.fromEntries(named) };
  }
  const example = message && asJson(plan, madeUp(message, []));
  return example === undefined ? {} : { example };
}

/** `undefined` for what is no request, or a long one. */
function asJson(plan: EndpointPlan, input: unknown): unknown {
  try {
    const { request } = plan.schema ?? {};
    const text = JSON.stringify(request === undefined ? input : request.read(input), withBase64);
    return text.length > LONGEST ? undefined : (JSON.parse(text) as unknown);
  } catch {
    // An app that is started says what is wrong with it.
    return undefined;
  }
}

function withBase64(this: Record<string, unknown>, key: string, value: unknown): unknown {
  const original = this[key];
  return original instanceof Uint8Array ? Buffer.from(original).toString('base64') : value;
}

/** Each field in its first spelling, as tools would not do it: they fill in all that a schema names. */
function madeUp(message: MessageModel, holders: readonly MessageModel[]): object {
  const said = new Set<string>();
  const inside = [...holders, message];
  const members = message.fields.flatMap((field): [string, unknown][] => {
    if (field.oneof !== undefined && said.has(field.oneof)) return [];
    const value = fieldValue(field, inside);
    if (value === undefined) return [];
    if (field.oneof !== undefined) said.add(field.oneof);
    return [[field.key, value]];
  });
  return Object.fromEntries(members);
}

function fieldValue(
  { rule, value, mapKey }: FieldModel,
  holders: readonly MessageModel[],
): unknown {
  const one = valueOf(value, holders);
  if (one === undefined || rule === 'single') return one;
  if (rule === 'repeated') return [one];
  return { [mapKey === 'string' ? 'key' : mapKey === 'bool' ? 'true' : '1']: one };
}

const SCALARS: Readonly<Record<string, unknown>> = { string: 'text', bool: true, bytes: '' };
/** Messages in one another, at most: some hold themselves. */
const DEEPEST = 4;

function valueOf(model: ValueModel, holders: readonly MessageModel[]): unknown {
  switch (model.kind) {
    case 'scalar':
      return SCALARS[model.type] ?? 1;
    case 'enum':
      return [...model.enum.spellings.values()][0];
    case 'message':
      if (holders.length >= DEEPEST || holders.includes(model.message)) return undefined;
      return madeUp(model.message, holders);
    case 'wrapper':
      return valueOf(model.value, holders);
    case 'timestamp':
      return '2026-01-31T12:00:00Z';
    case 'duration':
      return '1.5s';
    case 'fieldMask':
      return '';
    case 'value':
      return 'any JSON';
    case 'struct':
      return {};
    case 'list':
      return [];
    case 'any':
      return undefined;
  }
}
