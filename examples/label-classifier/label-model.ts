import { Injectable } from '@nestjs/common';
import { InvalidRequest } from 'nestjs-model-serving';
import { similarity, textVector, type TextVector } from './text-vector.js';

export interface Label {
  name: string;
  description: string;
}

export interface Score {
  name: string;
  /** From 0 to 1. */
  score: number;
}

/**
 * The model: labels that a text can be compared with, one state for all endpoints. A change is made
 * to a copy that takes the place of the labels at the end, so that it happens whole or not at all.
 */
@Injectable()
export class LabelModel {
  #labels: ReadonlyMap<string, TextVector> = new Map();

  get names(): string[] {
    return [...this.#labels.keys()];
  }

  add(labels: readonly Label[]): void {
    const next = new Map(this.#labels);
    for (const { name, description } of labels) {
      if (next.has(name)) throw new InvalidRequest(`Label ${quoted(name)} exists already`);
      next.set(name, textVector(`${name} ${description}`));
    }
    this.#labels = next;
  }

  remove(names: readonly string[]): void {
    const next = new Map(this.#labels);
    for (const name of names) {
      if (!next.delete(name)) throw new InvalidRequest(`Unknown label ${quoted(name)}`);
    }
    this.#labels = next;
  }

  reset(): void {
    this.#labels = new Map();
  }

  /** Every label with its score, the best first. */
  classify(text: string): Score[] {
    if (this.#labels.size === 0) throw new InvalidRequest('There are no labels yet');
    const vector = textVector(text);
    return Array.from(this.#labels, ([name, label]) => ({
      name,
      score: similarity(vector, label),
    })).sort((a, b) => b.score - a.score);
  }
}

/** Names come from clients: a message shows the beginning of a long one. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 50 ? `${name.slice(0, 50)}…` : name);
}
