import { Injectable } from '@nestjs/common';
import { OnnxModel } from 'nestjs-model-serving/onnx';

/** The model that train.mjs made: `pixels` [batch, 256] to `probabilities` [batch, 3]. */
@Injectable()
export class PictureModel extends OnnxModel<{ probabilities: 'float32' }> {
  constructor() {
    super(new URL('./picture.onnx', import.meta.url));
  }
}
