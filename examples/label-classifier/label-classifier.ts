import { Controller } from '@nestjs/common';
import { InvalidRequest, ModelEndpoint } from 'nestjs-model-serving';
import {
  addSchema,
  classifySchema,
  removeSchema,
  resetSchema,
  type AddRequestInput,
  type AddResponseOutput,
  type ClassifyRequestInput,
  type ClassifyResponseOutput,
  type RemoveRequestInput,
  type RemoveResponseOutput,
  type ResetResponseOutput,
} from './label-classifier.proto.js';
import { LabelModel } from './label-model.js';

/** Four endpoints over one model. */
@Controller()
export class LabelClassifier {
  constructor(private readonly model: LabelModel) {}

  @ModelEndpoint('/add', addSchema)
  add({ labels = [] }: AddRequestInput): AddResponseOutput {
    if (labels.length === 0) throw new InvalidRequest('Missing labels');
    this.model.add(
      labels.map(({ name, description }) => ({
        name: required('name', name),
        description: required('description', description),
      })),
    );
    return { labels: this.model.names };
  }

  @ModelEndpoint('/remove', removeSchema)
  remove({ names = [] }: RemoveRequestInput): RemoveResponseOutput {
    if (names.length === 0) throw new InvalidRequest('Missing names');
    this.model.remove(names);
    return { labels: this.model.names };
  }

  @ModelEndpoint('/reset', resetSchema)
  reset(): ResetResponseOutput {
    this.model.reset();
    return { labels: this.model.names };
  }

  @ModelEndpoint('/classify', classifySchema)
  classify({ text, topk = Infinity, threshold = 0 }: ClassifyRequestInput): ClassifyResponseOutput {
    const lowest = Number(threshold);
    if (topk < 1) throw new InvalidRequest(`topk: expected 1 or more, got ${topk}`);
    if (!(lowest >= 0 && lowest <= 1)) {
      throw new InvalidRequest(`threshold: expected a number from 0 to 1, got ${threshold}`);
    }
    const scores = this.model.classify(required('text', text));
    return { labels: scores.filter(({ score }) => score >= lowest).slice(0, topk) };
  }
}

function required(field: string, text = ''): string {
  if (text.trim() === '') throw new InvalidRequest(`Missing ${field}`);
  return text;
}
