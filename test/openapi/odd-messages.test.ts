import SwaggerParser from '@apidevtools/swagger-parser';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Controller } from '@nestjs/common';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { OpenApiModule } from 'nestjs-model-serving/openapi';
import { expect, it } from 'vitest';
import { startApp } from '../serving-app.js';

const schemaOf = (text: string) =>
  protobufSchema<any, any>({ file: 'a.proto', files: { 'a.proto': text } });

const OLD = schemaOf(`
  syntax = "proto2";
  message Request {
    required string a = 1;
    optional int32 b = 2 [default = 5];
    optional group G = 3 { optional int32 x = 1; }
    extensions 100 to 200;
    enum E { X = 1; }
    repeated E es = 4;
  }
  extend Request { optional string more = 100; }
  message Response { required int32 z = 1; }
`);

const WELL_KNOWN = schemaOf(`
  syntax = "proto3";
  import "google/protobuf/any.proto";
  import "google/protobuf/duration.proto";
  import "google/protobuf/empty.proto";
  import "google/protobuf/field_mask.proto";
  import "google/protobuf/struct.proto";
  import "google/protobuf/timestamp.proto";
  import "google/protobuf/wrappers.proto";
  message Request {
    google.protobuf.Struct struct = 1;
    google.protobuf.Value value = 2;
    google.protobuf.ListValue list = 3;
    google.protobuf.NullValue null = 4;
    google.protobuf.Any any = 5;
    google.protobuf.Int64Value wrapped = 6;
    google.protobuf.BytesValue bytes = 7;
    google.protobuf.Timestamp time = 8;
    google.protobuf.Duration duration = 9;
    google.protobuf.FieldMask mask = 10;
    google.protobuf.Empty empty = 11;
    map<int64, google.protobuf.Value> values = 12;
    map<bool, Request> inside = 13;
    oneof either { string text = 14; bytes image = 15; }
  }
  message Response { Request request = 1; string constructor = 2; string __proto__ = 3; }
`);

const STRUCT = schemaOf(`
  syntax = "proto3";
  package a.b;
  import "google/protobuf/struct.proto";
  message Request {}
  message Response { google.protobuf.Struct struct = 1; }
`);

@Controller()
class Odd {
  @ModelEndpoint('/old', OLD)
  old() {
    return { z: 1 };
  }

  @ModelEndpoint('/well-known', WELL_KNOWN)
  wellKnown(request: object) {
    return { request };
  }

  @ModelEndpoint('/stream', WELL_KNOWN, { stream: true })
  *stream(request: object) {
    yield { request };
  }

  @ModelEndpoint('/empty', STRUCT)
  empty(request: object) {
    return { struct: request };
  }
}

it.each(['3.0.0', '3.1.0'])(
  'Messages of every kind make a valid document of OpenAPI %s, whose examples are taken',
  async (version) => {
    const { app, post } = await startApp('express', {
      controllers: [Odd],
      imports: [OpenApiModule],
    });
    const config = new DocumentBuilder().setTitle('Odd').setOpenAPIVersion(version).build();
    const document: any = SwaggerModule.createDocument(app, config);
    await SwaggerParser.validate(structuredClone(document));
    for (const [path, { post: operation }] of Object.entries<any>(document.paths)) {
      const { example } = operation.requestBody.content['application/json'];
      const { status, body } = await post(path, example, { accept: 'application/json' });
      expect(status, `${path}: ${JSON.stringify([example, body])}`).toBe(200);
    }
  },
);
