import { Injectable } from '@nestjs/common';
import { OnnxModel } from 'nestjs-model-serving/onnx';

/** The model that train.mjs made: `features` [batch, 4] to `probabilities` [batch, 3]. */
@Injectable()
export class IrisModel extends OnnxModel<{ probabilities: 'float32' }> {
  constructor() {
    super(new URL('./iris.onnx', import.meta.url));
  }
}
