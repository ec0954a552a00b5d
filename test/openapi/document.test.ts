import SwaggerParser from '@apidevtools/swagger-parser';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  UseGuards,
  ValidationPipe,
  VersioningType,
  type Type,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiExcludeEndpoint,
  ApiHeader,
  ApiOkResponse,
  ApiOperation,
  ApiProperty,
  ApiResponse,
  ApiTags,
  DocumentBuilder,
  SwaggerModule,
} from '@nestjs/swagger';
import { ModelEndpoint, protobufSchema } from 'nestjs-model-serving';
import { JobsModule } from 'nestjs-model-serving/jobs';
import { OpenApiModule } from 'nestjs-model-serving/openapi';
import { onTestFinished, describe, expect, it } from 'vitest';
import { CapturedLog } from '../http/captured-log.js';
import { ADAPTERS, createApp, startApp, type Adapter, type AppUnderTest } from '../serving-app.js';
import { Documented } from './documented.js';

const schemaOf = (text: string) =>
  protobufSchema<any, any>({ file: 'a.proto', files: { 'a.proto': `syntax = "proto3"; ${text}` } });

const PHOTOS = schemaOf(`
  // A photo to look at.
  message Request {
    // As the camera gave it.
    bytes image = 1;
    string title = 2;
    repeated string tags = 3;
    Place place = 4;
    int64 taken_at = 5;
    Kind kind = 6;
  }
  message Place { double lat = 1; Place inside = 2; }
  enum Kind { UNKNOWN = 0; PORTRAIT = 1; }
  // What is seen.
  message Response { string title = 1; int64 size = 2; Place place = 3; bytes head = 4; Kind kind = 5; }
`);
const OTHERS = schemaOf('message Request { int32 x = 1; } message Response { int32 x = 1; }');

const allow = { canActivate: () => true };

@ModelEndpoint('/photos/:album', PHOTOS, {
  version: '1.2',
  warmup: [{ image: Buffer.from('abc'), title: 'Tom', takenAt: '5' }],
})
class Photos {
  predict({ title, image, place, kind }: any) {
    return { title, size: image?.length ?? 0, place, head: image?.subarray(0, 2), kind };
  }
}

@UseGuards(allow)
@ApiBearerAuth()
@ModelEndpoint('/others', OTHERS, { cache: { shared: true } })
class Others {
  predict({ x }: { x?: number }) {
    return { x: (x ?? 0) * 2 };
  }
}

@ModelEndpoint('/words', OTHERS, { stream: true })
class Words {
  *predict({ x }: { x?: number }) {
    for (let i = 0; i < (x ?? 0); i++) yield { x: i };
  }
}

class Dto {
  @ApiProperty() name!: string;
}

@ApiTags('of the host')
@Controller('host')
class Host {
  @ApiOperation({ summary: 'Own words', operationId: 'own' })
  @ApiBody({ description: 'An own body', schema: { type: 'object', properties: { a: {} } } })
  @ApiResponse({ status: 400, description: 'Own refusal' })
  @ApiOkResponse({ schema: { type: 'string' } })
  @ApiHeader({ name: 'x-request-id', description: 'Own id' })
  @ModelEndpoint('/decorated', OTHERS)
  decorated() {
    return { x: 1 };
  }

  @ApiExcludeEndpoint()
  @ModelEndpoint('/hidden')
  hidden() {
    return {};
  }

  @ModelEndpoint('/dto')
  dto(@Body() { name }: Dto) {
    return { name };
  }

  @ModelEndpoint('/bare')
  bare(input: object) {
    return input;
  }

  @Get('/plain')
  plain() {
    return '';
  }
}

const PARTS: AppUnderTest = {
  controllers: [Photos, Others, Words, Host],
  imports: [OpenApiModule],
};

async function documentOf(
  adapter: Adapter,
  version = '3.0.0',
  parts: AppUnderTest = PARTS,
  options = {},
): Promise<any> {
  const app = await createApp(adapter, parts);
  onTestFinished(() => app.close());
  parts.setUp?.(app);
  const config = new DocumentBuilder().setTitle('Test').setOpenAPIVersion(version).addBearerAuth();
  return SwaggerModule.createDocument(app, config.build(), options);
}

/** As it is written: validators bring their own order into what they read. */
async function validate(document: object): Promise<void> {
  await SwaggerParser.validate(structuredClone(document) as never);
}

describe.each(['3.0.0', '3.1.0'])('A document of OpenAPI %s', (version) => {
  it.each(ADAPTERS)('is valid on %s', async (adapter) => {
    const document = await documentOf(adapter, version);
    expect(JSON.stringify(document)).not.toContain('x-nestjs-model-serving');
    await validate(document);
    const { paths } = document;
    expect(Object.keys(paths['/photos/{album}'].post.requestBody.content)).toEqual([
      'multipart/form-data',
      'application/x-www-form-urlencoded',
      'application/json',
      'application/x-protobuf',
      'application/protobuf',
      'application/vnd.google.protobuf',
      'image/*',
      'audio/*',
      'video/*',
      'application/octet-stream',
    ]);
    expect(Object.keys(paths['/words'].post.responses['200'].content)).toEqual([
      'text/event-stream',
      'application/x-ndjson',
      'application/jsonl',
      'application/json',
    ]);
    const statuses = (path: string) => Object.keys(paths[path].post.responses);
    const always = ['200', '400', '413', '415', '429', '500', '503', '504'];
    expect(statuses('/photos/{album}')).toEqual(always);
    expect(statuses('/others')).toEqual([...always, '401', '403'].sort());
    expect(statuses('/words')).toEqual([...always, '406'].sort());
    expect(Object.keys(paths['/others'].post.responses['200'].headers)).toEqual([
      'X-Request-Id',
      'X-Cache',
      'Age',
    ]);
    expect(paths['/others'].post.security).toEqual([{ bearer: [] }]);
  });

  it('keeps messages of one name apart, and says what comments say', async () => {
    const { components, paths } = await documentOf('express', version);
    const refOf = (path: string) =>
      paths[path].post.requestBody.content['application/json'].schema.$ref.split('/').at(-1);
    expect(refOf('/photos/{album}')).toBe('Request-input');
    expect(refOf('/others')).toBe('Others.Request-input');
    expect(refOf('/words')).toBe('Others.Request-input');
    const photo = components.schemas['Request-input'];
    expect(photo.description).toBe('A photo to look at.');
    expect(photo.properties.image.description).toBe('As the camera gave it.');
  });
});

it('shows warm-up samples as they are in JSON', async () => {
  const { paths } = await documentOf('express');
  const { examples } = paths['/photos/{album}'].post.requestBody.content['application/json'];
  expect(examples['warm-up-1'].value).toEqual({ image: 'YWJj', title: 'Tom', takenAt: '5' });
});

it('keeps what decorators of the app say', async () => {
  const { paths } = await documentOf('express');
  expect(paths['/host/hidden']).toBeUndefined();
  const { post } = paths['/host/decorated'];
  expect(post).toMatchObject({
    summary: 'Own words',
    operationId: 'own',
    tags: ['of the host'],
    requestBody: { description: 'An own body' },
  });
  expect(Object.keys(post.requestBody.content)).toEqual(['application/json']);
  expect(post.requestBody.content['application/json'].schema.properties).toEqual({ a: {} });
  expect(post.responses['200'].content['application/json'].schema).toEqual({ type: 'string' });
  expect(post.responses['400'].description).toBe('Own refusal');
  expect(post.responses['400'].content['application/json'].examples).toHaveProperty(
    'InvalidRequest',
  );
  const ids = post.parameters.filter(({ name }: any) => /request-id/i.test(name));
  expect(ids).toHaveLength(1);
  expect(ids[0].description).toBe('Own id');
  expect(paths['/host/dto'].post.requestBody.content['application/json'].schema).toEqual({
    $ref: '#/components/schemas/Dto',
  });
  expect(paths['/host/plain'].get.parameters).toEqual([]);
});

it('picks among the types of bodies, and adds words to them, as decorators of the app say', async () => {
  @ApiConsumes('multipart/form-data')
  @Controller()
  class Uploads {
    @ModelEndpoint('/form', PHOTOS)
    form() {
      return {};
    }

    @ApiConsumes('image/png')
    @ApiBody({ description: 'A photo, or a form that has one' })
    @ModelEndpoint('/photo', PHOTOS)
    photo() {
      return {};
    }

    @ApiConsumes('application/json', 'text/csv')
    @ModelEndpoint('/own', PHOTOS)
    own() {
      return {};
    }
  }
  const { paths } = await documentOf('express', '3.1.0', {
    ...PARTS,
    controllers: [Uploads, Photos],
  });
  const of = (path: string) => paths[path].post.requestBody;
  const { content, ...rest } = of('/photos/{album}');
  expect(of('/form').content).toEqual({ 'multipart/form-data': content['multipart/form-data'] });
  expect(of('/photo')).toEqual({
    ...rest,
    description: 'A photo, or a form that has one',
    content: { 'image/png': content['image/*'] },
  });
  expect(Object.keys(of('/own').content)).toEqual(['application/json', 'text/csv']);
});

it('says once what there is to say of an endpoint, made before the start or not', async () => {
  @ModelEndpoint('/typed')
  class Typed {
    predict(input: Dto) {
      return input;
    }
  }
  const log = new CapturedLog();
  await startApp('express', {
    controllers: [Typed],
    imports: [OpenApiModule],
    setUp(app) {
      app.useLogger(log);
      app.useGlobalPipes(new ValidationPipe({ transform: true }));
      SwaggerModule.createDocument(app, new DocumentBuilder().build());
    },
  });
  expect(log.lines.filter(({ text }) => text.includes('write @Body()'))).toHaveLength(1);
});

it('leaves operations their ids where the app names them', async () => {
  const operationIdFactory = (_: string, method: string) => method;
  const { paths } = await documentOf('express', '3.0.0', PARTS, { operationIdFactory });
  expect(paths['/others'].post.operationId).toBe('predict');
  expect(paths['/words'].post.operationId).toBe('predict');
});

it('is bare where the module is not imported, also beside an app that imports it', async () => {
  await documentOf('express');
  const { paths } = await documentOf('express', '3.0.0', { controllers: [Others] });
  expect(paths['/others'].post.responses).toEqual({ 200: { description: '' } });
  expect(paths['/others'].post).not.toHaveProperty('requestBody');
});

it('is the same before and after the start, with prefix and versions', async () => {
  const parts: AppUnderTest = {
    ...PARTS,
    setUp(app) {
      app.setGlobalPrefix('api');
      app.enableVersioning({ type: VersioningType.URI, defaultVersion: ['1', '2'] });
    },
  };
  const before = await documentOf('express', '3.1.0', parts);
  const { app } = await startApp('express', parts);
  const config = new DocumentBuilder().setTitle('Test').setOpenAPIVersion('3.1.0').addBearerAuth();
  const after = SwaggerModule.createDocument(app, config.build());
  expect(after).toEqual(before);
  expect(Object.keys(after.paths)).toContain('/api/v2/photos/{album}');
  await validate(after);
});

describe.each(ADAPTERS)('What is answered on %s', (adapter) => {
  it('is what the document says', async () => {
    const { app, post } = await startApp(adapter, PARTS);
    const documented = new Documented(app);
    const calls: [path: string, url: string, body: any, headers?: Record<string, string>][] = [
      ['/photos/{album}', '/photos/1', { title: 'a', place: { lat: 'NaN', inside: {} } }],
      ['/photos/{album}', '/photos/1', { image: 'YWJj', taken_at: '9', kind: 1 }],
      ['/photos/{album}', '/photos/1', { nme: 1 }],
      ['/photos/{album}', '/photos/1', { title: 1 }],
      ['/photos/{album}', '/photos/1', { title: 'a' }, { 'x-request-timeout-ms': 'x' }],
      ['/photos/{album}', '/photos/1', { title: 'a' }, { 'content-encoding': 'zstd' }],
      ['/photos/{album}', '/photos/1', { title: 'a' }, { 'x-request-timeout-ms': '0' }],
      ['/others', '/others', { x: 21 }],
      ['/others', '/others', { x: 'one' }],
      ['/words', '/words', { x: 3 }, { accept: 'application/json' }],
      ['/words', '/words', { x: 3 }, { accept: 'image/png' }],
      ['/host/bare', '/host/bare', { any: [1, null] }],
    ];
    for (const [path, url, body, headers] of calls) {
      const answer = await post(url, body, headers);
      const status = String(answer.status);
      expect(documented.paths[path].post.responses, path).toHaveProperty(status);
      const content = ['responses', status, 'content', 'application/json'];
      const complaints = documented.complaints(answer.body, path, 'post', ...content);
      expect(complaints, JSON.stringify(answer.body)).toBeUndefined();
      if (headers !== undefined) continue;
      const accepted = ['requestBody', 'content', 'application/json'];
      const refused = documented.complaints(body, path, 'post', ...accepted);
      expect(refused === undefined, `${JSON.stringify(body)}: ${refused}`).toBe(status === '200');
    }
  });

  it('comes to bodies of every type, and in every type, that it shows', async () => {
    const { app, url } = await startApp(adapter, PARTS);
    const document: any = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    const send = (path: string, body: string, headers: Record<string, string>) =>
      fetch(url + path, { method: 'POST', body, headers: { connection: 'close', ...headers } });
    const form = new Response(new URLSearchParams({ title: 'a', kind: 'PORTRAIT' }));
    const bodies: Record<string, string> = {
      'application/json': '{"title": "a"}',
      'application/x-www-form-urlencoded': await form.text(),
      'multipart/form-data; boundary=b':
        '--b\r\ncontent-disposition: form-data; name="title"\r\n\r\na\r\n--b--\r\n',
    };
    const { requestBody, responses } = document.paths['/photos/{album}'].post;
    for (const shown of Object.keys(requestBody.content)) {
      const type = Object.keys(bodies).find((one) => one.startsWith(shown)) ?? shown;
      const contentType = type.replace('/*', '/x');
      const { status } = await send('/photos/1', bodies[type] ?? '', {
        'content-type': contentType,
      });
      expect([shown, status]).toEqual([shown, 200]);
    }
    const accepted = async (path: string, body: string, accept: string) => {
      const headers = { 'content-type': 'application/json', accept };
      return (await send(path, body, headers)).headers.get('content-type')?.split(';')[0];
    };
    for (const type of Object.keys(responses['200'].content)) {
      expect(await accepted('/photos/1', '{}', type)).toBe(type);
    }
    for (const type of Object.keys(responses['400'].content)) {
      expect(await accepted('/photos/1', '[]', type)).toBe(type);
    }
    const words = document.paths['/words'].post.responses['200'].content;
    for (const type of Object.keys(words)) {
      expect(await accepted('/words', '{"x": 2}', type)).toBe(type);
    }
    expect(Object.keys(document.paths['/host/bare'].post.requestBody.content)).toEqual([
      'application/json',
    ]);
  });

  it('fails in the words of the examples', async () => {
    const { app, post } = await startApp(adapter, PARTS);
    const document: any = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    const failing: [name: string, path: string, body: unknown, headers?: Record<string, string>][] =
      [
        ['InvalidRequest', '/others', { unknown: 1 }],
        ['InvalidRequest', '/host/bare', []],
        ['UnsupportedEncoding', '/others', {}, { 'content-encoding': 'zstd' }],
        ['NotAcceptable', '/words', {}, { accept: 'image/png' }],
        ['DeadlineExceeded', '/others', {}, { 'x-request-timeout-ms': '0' }],
      ];
    for (const [name, path, sent, headers] of failing) {
      const { status, body } = await post(path, sent, headers);
      const { content } = document.paths[path].post.responses[String(status)];
      const { value } = content['application/json'].examples[name];
      expect(body).toEqual({ ...value, requestId: expect.any(String) });
    }
  });

  it('is what the examples of requests are sent', async () => {
    const { app, post } = await startApp(adapter, PARTS);
    const document: any = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    for (const path of ['/photos/{album}', '/others', '/words']) {
      const { example, examples } =
        document.paths[path].post.requestBody.content['application/json'];
      const { status } = await post(
        path.replace('{album}', 'x'),
        example ?? examples['warm-up-1'].value,
      );
      expect(status).toBe(200);
    }
  });
});

describe('An endpoint whose calls may become jobs', () => {
  @UseGuards(allow)
  @ApiBearerAuth()
  @ApiTags('slow')
  @ApiHeader({ name: 'x-tenant' })
  @ModelEndpoint('/sums/:id', OTHERS, { jobs: true })
  class Sums {
    predict({ x = 0 }: { x?: number }) {
      if (x === 13) throw new RangeError('No');
      return { x: 2 * x };
    }
  }

  @Controller()
  class Items {
    @HttpCode(202)
    @ModelEndpoint('/', OTHERS, { jobs: true, stream: true })
    *items() {
      yield { x: 1 };
    }
  }

  const parts = {
    controllers: [Sums, Items],
    imports: [OpenApiModule, JobsModule.forRoot({ connection: 'memory' })],
  };

  it.each(['3.0.0', '3.1.0'])(
    'has routes of its jobs in a valid document of %s',
    async (version) => {
      const document = await documentOf('express', version, parts);
      await validate(document);
      const { paths } = document;
      expect(Object.keys(paths)).toEqual([
        '/sums/{id}',
        '/',
        '/sums/{id}/jobs/{jobId}',
        '/sums/{id}/jobs/{jobId}/result',
        '/jobs/{id}',
        '/jobs/{id}/result',
      ]);
      const { post } = paths['/sums/{id}'];
      expect(post.parameters.map(({ name }: any) => name)).toEqual(
        expect.arrayContaining(['Prefer', 'Idempotency-Key']),
      );
      expect(Object.keys(post.responses['202'].headers)).toEqual(
        expect.arrayContaining(['Location', 'Retry-After', 'Preference-Applied']),
      );
      expect(post.responses).toHaveProperty('422');
      const { get, delete: remove } = paths['/sums/{id}/jobs/{jobId}'];
      const result = paths['/sums/{id}/jobs/{jobId}/result'].get;
      for (const [operation, id, ...statuses] of [
        [get, 'job', '200', '401', '403', '404', '503'],
        [remove, 'cancel', '202', '204', '401', '403', '404', '503'],
        [
          result,
          'result',
          '200',
          '202',
          '400',
          '401',
          '403',
          '404',
          '409',
          '413',
          '500',
          '503',
          '504',
        ],
      ]) {
        expect(Object.keys(operation.responses)).toEqual(statuses);
        expect(operation.operationId).toBe(`Sums_predict_${id}`);
        expect(operation.tags).toEqual(['slow']);
        expect(operation.security).toEqual([{ bearer: [] }]);
        const names = operation.parameters.map(({ name }: any) => name);
        expect(names).toEqual(expect.arrayContaining(['id', 'jobId', 'x-tenant']));
        expect(names.includes('Prefer')).toBe(id !== 'cancel');
        expect(operation).not.toHaveProperty('requestBody');
      }
      // Its answers have the status that those of jobs have.
      for (const operation of [paths['/'].post, paths['/jobs/{id}/result'].get]) {
        const { content } = operation.responses['202'];
        expect(content['application/json'].schema.anyOf).toMatchObject([
          { type: 'array' },
          { $ref: '#/components/schemas/ServingJob' },
        ]);
        expect('application/x-ndjson' in content).toBe(operation === paths['/'].post);
      }
    },
  );

  it('says nothing of jobs where there are none', async () => {
    const { paths, components } = await documentOf('express');
    const { parameters, responses } = paths['/others'].post;
    expect(parameters.map(({ name }: any) => name)).not.toContain('Prefer');
    expect(responses).not.toHaveProperty('202');
    expect(components.schemas).not.toHaveProperty('ServingJob');
  });

  it.each(ADAPTERS)('answers on %s what the document says', async (adapter) => {
    const { app, url } = await startApp(adapter, parts);
    const documented = new Documented(app);
    const ask = async (method: string, path: string, to: string, body?: object) => {
      const headers = { connection: 'close', prefer: body ? 'respond-async' : 'wait=60' };
      const response = await fetch(url + to, {
        method,
        headers,
        body: body && JSON.stringify(body),
      });
      const place = [path, method.toLowerCase(), 'responses', String(response.status)];
      const text = await response.text();
      if (response.status === 204) return response;
      const json = documented.complaints(JSON.parse(text), ...place, 'content', 'application/json');
      expect(json, text).toBeUndefined();
      return response;
    };
    const base = '/sums/{id}/jobs/{jobId}';
    for (const [x, status] of [
      [21, 200],
      [13, 500],
    ] as const) {
      const taken = await ask('POST', '/sums/{id}', '/sums/1', { x });
      expect(taken.status).toBe(202);
      const location = taken.headers.get('location')!;
      expect((await ask('GET', base, location)).status).toBe(200);
      expect((await ask('GET', `${base}/result`, `${location}/result`)).status).toBe(status);
      expect((await ask('DELETE', base, location)).status).toBe(204);
      expect((await ask('GET', base, location)).status).toBe(404);
      expect((await ask('GET', `${base}/result`, `${location}/result`)).status).toBe(404);
    }
  });
});

it('shows a small operation as this', async () => {
  @ModelEndpoint('/double', OTHERS)
  class Doubler {
    predict({ x }: { x?: number }) {
      return { x };
    }
  }
  const document = await documentOf('express', '3.1.0', {
    controllers: [Doubler as Type],
    imports: [OpenApiModule],
  });
  expect(document.paths['/double'].post).toMatchSnapshot();
  expect(document.components.schemas).toMatchSnapshot();
});

it('gives two classes of one name ids and schemas of their own', async () => {
  const twin = (path: string, field: string) => {
    const inside = `message Inside { repeated Inside more = 1; map<string, int64> ${field} = 2; }`;
    @ModelEndpoint(
      path,
      schemaOf(`${inside} message Request { Inside a = 1; } message Response {}`),
    )
    class Twin {
      predict() {
        return {};
      }
    }
    return Twin;
  };
  for (const version of ['3.0.0', '3.1.0']) {
    const controllers = [twin('/a', 'one'), twin('/b', 'two'), twin('/c', 'three')];
    const document = await documentOf('express', version, {
      controllers,
      imports: [OpenApiModule],
    });
    await validate(document);
    const operations = Object.values(document.paths).map(({ post }: any) => post);
    expect(operations.map(({ operationId }) => operationId)).toEqual([
      'Twin_predict',
      'Twin_predict_2',
      'Twin_predict_3',
    ]);
    const { schemas } = document.components;
    const fieldsOf = (operation: any) => {
      const at = (ref: string) => schemas[ref.split('/').at(-1)!];
      const request = at(operation.requestBody.content['application/json'].schema.$ref);
      const [, ref] = /"\$ref":"([^"]+)"/.exec(JSON.stringify(request.properties.a))!;
      return Object.keys(at(ref!).properties)[1];
    };
    expect(operations.map(fieldsOf)).toEqual(['one', 'two', 'three']);
  }
});
