import { Injectable, Module } from '@nestjs/common';
import { ModelEndpoint, ModelServingModule, serve } from 'nestjs-model-serving';
import { OnnxModel } from 'nestjs-model-serving/onnx';

@Injectable()
class IrisModel extends OnnxModel<{ probabilities: 'float32' }> {
  constructor() {
    super(new URL('./iris.onnx', import.meta.url), { clientInput: true });
  }
}

@ModelEndpoint('/iris', undefined, { batch: { maxSize: 64 } })
class IrisClassifier {
  constructor(private readonly model: IrisModel) {}

  predict(flowers: { features: number[] }[]) {
    return this.model.runBatch(flowers);
  }
}

@Module({
  imports: [ModelServingModule.forRoot()],
  controllers: [IrisClassifier],
  providers: [IrisModel],
})
class AppModule {}

await serve(AppModule);
