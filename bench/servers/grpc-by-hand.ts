import {
  loadPackageDefinition,
  Server,
  ServerCredentials,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { classify, type ClassifyRequest, type ClassifyResponse } from './answer.js';

/** What is left without any framework: grpc-js, with messages of proto-loader; nothing is validated or counted. */
const { bench } = loadPackageDefinition(loadSync('bench/workload/classify.proto')) as any;
const answer: handleUnaryCall<ClassifyRequest, ClassifyResponse> = ({ request }, respond) =>
  respond(null, classify(request));

const server = new Server();
server.addService(bench.Classifier.service, { classify: answer });
server.bindAsync(
  `127.0.0.1:${process.env.PORT}`,
  ServerCredentials.createInsecure(),
  // What tells the bench that a server listens.
  (error) => {
    if (error) throw error;
  },
);
