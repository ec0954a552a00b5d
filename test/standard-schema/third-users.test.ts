import {
  Body,
  Controller,
  HttpCode,
  Post,
  SerializeOptions,
  StandardSchemaSerializerInterceptor,
  StandardSchemaValidationPipe,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import { ApiResponse, DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import SwaggerParser from '@apidevtools/swagger-parser';
import { sValidator } from '@hono/standard-validator';
import { Hono } from 'hono';
import { describe, expect, test } from 'vitest';
import { protobufSchema } from '../../src/index.js';
import { writeSchema } from '../schema/schema-file.js';
import { ADAPTERS, createApp, startApp } from '../serving-app.js';

/** Who takes Standard Schemas takes ours. */

interface Order {
  items?: { itemName?: string; count?: string }[];
}
interface Bill {
  total?: bigint;
  items?: { itemName?: string; count?: string }[];
}

const schema = protobufSchema<Order, Bill>(
  writeSchema(`
    syntax = "proto3";
    package shop;
    message Item { string item_name = 1; int64 count = 2; repeated Item parts = 3; }
    message Order { repeated Item items = 1; oneof pay { string card = 2; bool cash = 3; } }
    message Bill { int64 total = 1; repeated Item items = 2; map<string, double> taxes = 3; bytes seal = 4; }
  `),
  { request: 'Order', response: 'Bill' },
);

@Controller()
@UsePipes(StandardSchemaValidationPipe)
@UseInterceptors(StandardSchemaSerializerInterceptor)
class Shop {
  @Post('/bill')
  @HttpCode(200)
  @SerializeOptions({ schema: schema.response })
  @ApiResponse({ status: 200, standardSchema: schema.response })
  bill(@Body({ schema }) { items = [] }: Order): Bill {
    return { total: BigInt(items.length), items };
  }
}

describe.each(ADAPTERS)("Nest's own pipe and interceptor, on %s", (adapter) => {
  test('canonical in, canonical out, and refused with its place', async () => {
    const { post } = await startApp(adapter, { controllers: [Shop] });
    const json = { 'content-type': 'application/json' };
    const good = await post('/bill', { items: [{ item_name: 'tea', count: 2 }] }, json);
    expect(good.body).toEqual({ total: '1', items: [{ itemName: 'tea', count: '2' }] });
    const bad = await post('/bill', { items: [{ count: 'two' }] }, json);
    expect(bad.status).toBe(400);
    expect(bad.body.message[0]).toMatch(/^items\.0\.count: expected int64 .*, got "two"$/);
  });
});

test("@nestjs/swagger's document has both messages, and is a valid one", async () => {
  const app = await createApp('express', { controllers: [Shop] });
  const document = SwaggerModule.createDocument(app, new DocumentBuilder().build());
  await app.close();

  const post = document.paths['/bill']!.post as any;
  const body = post.requestBody.content['application/json'].schema;
  expect(Object.keys(body.properties)).toEqual(['items', 'card', 'cash']);
  const answer = post.responses['200'].content['application/json'].schema;
  expect(Object.keys(answer.properties)).toEqual(['total', 'items', 'taxes', 'seal']);
  // The form of an item in a request is not that of one in an answer.
  const { schemas = {} } = document.components!;
  expect(Object.keys((schemas['shop.Item-input'] as any).properties)).toContain('item_name');
  expect(Object.keys((schemas['shop.Item'] as any).properties)).not.toContain('item_name');

  await SwaggerParser.validate(structuredClone(document) as never);
});

test("Hono's validator", async () => {
  const app = new Hono().post('/bill', sValidator('json', schema), (context) => {
    const { items = [] } = context.req.valid('json');
    return context.json({ first: items[0]?.itemName, count: items[0]?.count });
  });
  const send = (body: unknown) =>
    app.request('/bill', {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const good = await send({ items: [{ item_name: 'tea', count: 2 }] });
  expect(await good.json()).toEqual({ first: 'tea', count: '2' });
  const bad = await send({ items: [{ count: 'two' }] });
  expect(bad.status).toBe(400);
  expect(await bad.json()).toMatchObject({ error: [{ path: ['items', 0, 'count'] }] });
});
