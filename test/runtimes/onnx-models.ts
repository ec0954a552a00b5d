import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { OnnxModel, type OnnxModelOptions } from '../../src/runtimes/onnx/index.js';
import { writeGraph, type Graph } from './onnx-graph.js';

/** Models of a test file, and the bare runtime beside them. */
export class Models {
  readonly #directory = mkdtempSync(join(tmpdir(), 'onnx-test-'));
  readonly #held: { release(): Promise<void> }[] = [];

  async load(graph: Graph, options?: OnnxModelOptions): Promise<OnnxModel> {
    const model = new OnnxModel(writeGraph(this.#directory, graph), options);
    this.#held.push(model);
    await model.load();
    return model;
  }

  async bare(graph: Graph): Promise<InferenceSession> {
    const session = await InferenceSession.create(writeGraph(this.#directory, graph));
    this.#held.push(session);
    return session;
  }

  async release(): Promise<void> {
    await Promise.all(this.#held.splice(0).map((model) => model.release()));
    rmSync(this.#directory, { recursive: true });
  }
}
