import { quote } from '../json/index.js';
import type { EnumModel } from './model.js';
import type { Reader } from './report.js';

/** Names cost the reader of an error more than they help, beyond this many. */
const NAMES_SHOWN = 8;

export function enumReader(model: EnumModel): Reader {
  const expected = expectation(model);
  const { numbers, spellings, closed, isNull } = model;
  return (value, report, at) => {
    let number: number | undefined;
    if (typeof value === 'string') number = numbers.get(value);
    // Adding zero makes -0 the number 0.
    else if (typeof value === 'number') number = (value | 0) === value ? value + 0 : undefined;
    else if (value === null && isNull) number = 0;

    if (number === undefined) return report.fail(at, expected, value);
    const spelling = spellings.get(number);
    if (spelling !== undefined) return spelling;
    return closed ? report.fail(at, expected, value) : number;
  };
}

function expectation({ name, numbers, closed }: EnumModel): string {
  const names = [...numbers.keys()];
  const shown = names.slice(0, NAMES_SHOWN).map(quote).join(', ');
  const more = names.length > NAMES_SHOWN ? ', …' : '';
  return `a value of ${name} (${shown}${more}${closed ? '' : ' or an int32'})`;
}
