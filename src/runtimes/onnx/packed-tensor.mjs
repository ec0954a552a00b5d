// How tensors cross threads: as their parts, from which the other side makes a tensor again. Plain
// JavaScript, because both sides load it and one of them without any build or test tool around it.
import { Tensor } from 'onnxruntime-node';

/**
 * @typedef {object} PackedTensor
 * @property {Tensor.Type} type
 * @property {Tensor.DataType} data
 * @property {readonly number[]} dims
 */

/**
 * @param {Readonly<Record<string, Tensor>>} tensors
 * @param {(tensor: Tensor) => boolean} mayMove  Whether nobody needs the tensor on this side any more.
 * @returns {{ packed: [name: string, tensor: PackedTensor][], transferList: ArrayBuffer[] }}
 */
export function pack(tensors, mayMove) {
  /** @type {Set<ArrayBuffer>} */
  const buffers = new Set();
  /** @type {[string, PackedTensor][]} */
  const packed = Object.entries(tensors).map(([name, tensor]) => {
    const { type, dims } = tensor;
    const data = mayMove(tensor) ? tensor.data : copy(tensor.data);
    if (!Array.isArray(data)) buffers.add(/** @type {ArrayBuffer} */ (data.buffer));
    return [name, { type, data, dims }];
  });
  return { packed, transferList: [...buffers] };
}

/**
 * @param {readonly [name: string, tensor: PackedTensor][]} packed
 * @returns {Record<string, Tensor>}
 */
export function unpack(packed) {
  return Object.fromEntries(
    packed.map(([name, { type, data, dims }]) => {
      const tensor = new Tensor(type, data, dims);
      // Of the bits of float16 it makes a Float16Array, where there is one, which ONNX Runtime's
      // binding reads as empty.
      if (tensor.data !== data) Object.defineProperty(tensor, 'data', { value: data });
      return [name, tensor];
    }),
  );
}

/**
 * Of the elements alone: a message would copy the whole memory they are a view of.
 *
 * @param {Tensor.DataType} data
 * @returns {Tensor.DataType}
 */
function copy(data) {
  // Buffer's slice is a view.
  return Buffer.isBuffer(data) ? new Uint8Array(data) : data.slice();
}
