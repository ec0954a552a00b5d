import type { ModelMetadata } from './models.js';
import type { Datatype } from './tensors/index.js';

/**
 * A model as Triton's configuration has it. Dimensions are all there: a model says itself which of them is
 * its batch.
 */
export function configOf({ name, platform, inputs, outputs }: ModelMetadata) {
  const tensors = (list: ModelMetadata['inputs']) =>
    list.map(({ name: tensor, datatype, shape }) => ({
      name: tensor,
      data_type: typeOf(datatype),
      dims: shape,
    }));
  return { name, platform, max_batch_size: 0, input: tensors(inputs), output: tensors(outputs) };
}

function typeOf(datatype: Datatype): string {
  return datatype === 'BYTES' ? 'TYPE_STRING' : `TYPE_${datatype}`;
}
