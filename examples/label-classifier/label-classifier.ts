import { Controller } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { LabelModel } from './label-model.js';
import type {
  AddRequest,
  ClassifyRequest,
  ClassifyResponse,
  LabelsResponse,
  RemoveRequest,
  ResetRequest,
} from './messages.js';

const file = new URL('./label-classifier.proto', import.meta.url);

const messages = <Request, Response>(method: string) =>
  protobufSchema<Request, Response>(file, {
    request: `${method}Request`,
    response: `${method}Response`,
  });

/** Four endpoints over one model. */
@Controller()
export class LabelClassifier {
  constructor(private readonly model: LabelModel) {}

  @ModelEndpoint('/add', messages<AddRequest, LabelsResponse>('Add'))
  add({ labels = [] }: AddRequest): LabelsResponse {
    if (labels.length === 0) throw new InvalidRequest('Missing labels');
    this.model.add(
      labels.map(({ name, description }) => ({
        name: required('name', name),
        description: required('description', description),
      })),
    );
    return { labels: this.model.names };
  }

  @ModelEndpoint('/remove', messages<RemoveRequest, LabelsResponse>('Remove'))
  remove({ names = [] }: RemoveRequest): LabelsResponse {
    if (names.length === 0) throw new InvalidRequest('Missing names');
    this.model.remove(names);
    return { labels: this.model.names };
  }

  @ModelEndpoint('/reset', messages<ResetRequest, LabelsResponse>('Reset'))
  reset(): LabelsResponse {
    this.model.reset();
    return { labels: this.model.names };
  }

  @ModelEndpoint('/classify', messages<ClassifyRequest, ClassifyResponse>('Classify'))
  classify({ text, topk = Infinity, threshold = 0 }: ClassifyRequest): ClassifyResponse {
    if (topk < 1) throw new InvalidRequest(`topk: expected 1 or more, got ${topk}`);
    if (!(threshold >= 0 && threshold <= 1)) {
      throw new InvalidRequest(`threshold: expected a number from 0 to 1, got ${threshold}`);
    }
    const scores = this.model.classify(required('text', text));
    return { labels: scores.filter(({ score }) => score >= threshold).slice(0, topk) };
  }
}

function required(field: string, text = ''): string {
  if (text.trim() === '') throw new InvalidRequest(`Missing ${field}`);
  return text;
}
